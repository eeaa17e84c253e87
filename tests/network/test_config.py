"""Configs are data: they survive a round trip, and a bad value is one line that names it."""

import pytest

from src.network.config import Config, ConfigError
from src.network.presets import PRESETS, preset


@pytest.mark.parametrize("name", PRESETS)
def test_presets_round_trip_and_explain_themselves(name):
    config = preset(name)
    assert config.run == name
    assert Config.from_dict(config.to_dict()) == config
    assert len(PRESETS[name].__doc__ or "") > 60


@pytest.mark.parametrize(
    ("assignment", "named"),
    [
        ("p=9", "p=9"),
        ("p=3", "p=3"),
        ("p=x", "p='x'"),
        ("nonsense=1", "nonsense"),
        ("train_fraction=0", "train_fraction=0"),
        ("train_fraction=1.0", "train_fraction=1"),
        ("d_model=31", "n_heads"),
        ("block=round", "block='round'"),
        ("lr=nan", "lr"),
        ("dropout=1", "dropout"),
        ("steps=0", "steps"),
        ("steps", "key=value"),
        ("run=../x", "run"),
        ("shuffle_labels=maybe", "shuffle_labels='maybe'"),
        ("q_min=11", "q_min=11"),
        ("q_max=1", "q_max=1"),
    ],
)
def test_bad_overrides_name_the_value(assignment, named):
    with pytest.raises(ConfigError, match=named) as error:
        preset("smoke").override([assignment])
    assert "\n" not in str(error.value)


def test_overrides_take_the_type_of_their_field():
    config = preset("smoke").override(["p=13", "lr=1", "block=sas", "shuffle_labels=true"])
    assert (config.p, config.lr, config.block, config.shuffle_labels) == (13, 1.0, "sas", True)
    assert isinstance(config.lr, float)


def test_unknown_preset_lists_the_known_ones():
    with pytest.raises(ConfigError, match="laptop"):
        preset("desktop")


def test_ill_typed_value():
    with pytest.raises(ConfigError, match="seed"):
        Config(seed=1.5)  # pyright: ignore[reportArgumentType]
