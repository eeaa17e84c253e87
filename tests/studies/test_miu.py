"""The hinges read out of a network: of one that was built with known hinges, and of one that was trained."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.network.config import Config
from src.network.model import Transformer, predict
from src.network.runs import Run, load_run
from src.network.tasks import make_dataset
from src.network.tasks.miu import miu_words
from src.studies.arrays import stack
from src.studies.miu import Hinges, affine, counts, exchange, read_out, study

LENGTH = 6


def zigzag(count: np.ndarray) -> np.ndarray:
    return np.where(count % 3 == 0, -1.0, 1.0)


def through(values: np.ndarray) -> Hinges:
    """The hinges of the broken line through the values at 0, 1, 2, ...: its changes of slope."""
    inner = np.arange(1, len(values) - 1)
    return Hinges(np.ones(len(inner)), -inner.astype(float), np.diff(values, 2), float(values[0]), float(values[1] - values[0]))


def known() -> Hinges:
    """The zigzag up to LENGTH, and a last neuron that is always on and says nothing about the word."""
    gain, offset, write, bias, slope = through(zigzag(np.arange(LENGTH + 1)))
    return Hinges(np.append(gain, 0), np.append(offset, 1), np.append(write, 3), bias - 3, slope)


@pytest.fixture(scope="module")
def built() -> Run:
    """A network by hand. The stream: how many I's, as a share of the line; one at '='; the answer."""
    config = Config(run="built", task="miu", length=LENGTH, d_model=3, n_heads=1, d_mlp=LENGTH, dropout=0.0)
    data = make_dataset(config)
    hinges, n = known(), LENGTH + 1
    eye = np.eye(3)
    share, one, answer = eye
    weights = {
        "W_E": np.stack([share, 0 * share, 0 * share, one]), "W_pos": np.zeros((n, 3)),
        "W_U": np.column_stack([np.zeros(3), hinges.slope * n * share + hinges.bias * one + answer]),
    }  # fmt: skip
    attention = {"W_Q": np.zeros((1, 3, 3)), "W_K": eye[None], "W_V": np.diag(share)[None], "W_O": eye[None]}
    mlp = {"W_in": np.outer(share, n * hinges.gain) + np.outer(one, hinges.offset), "W_out": np.outer(hinges.write, answer)}
    model = Transformer(config, data, key=jax.random.key(0))
    for where, values in ((lambda m: m, weights), (lambda m: m.blocks[0].attn, attention), (lambda m: m.blocks[0].mlp, mlp)):
        for name, value in values.items():
            old = getattr(where(model), name)
            assert old.shape == value.shape
            model = eqx.tree_at(lambda m, w=where, name=name: getattr(w(m), name), model, jnp.asarray(value, old.dtype))
    return Run(config, model, data, 0, (0,), {}, {}, "")


@pytest.fixture(scope="module")
def trained() -> Run:
    return load_run("miu", 0)


@pytest.fixture(scope="module")
def studied(trained):
    return study(trained)


@settings(deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=3, max_size=15))
def test_hinges_make_any_broken_line(values):
    line = np.asarray(values, dtype=float)
    np.testing.assert_allclose(through(line).difference(np.arange(len(line), dtype=float)), line, atol=1e-9)
    half = np.arange(len(line) - 1) + 0.5
    np.testing.assert_allclose(through(line).difference(half), (line[1:] + line[:-1]) / 2, atol=1e-9)


@settings(deadline=None)
@given(st.integers(2, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, 2**32 - 1))))
def test_affine_is_polyfit(drawn):
    n, seed = drawn
    rng = np.random.default_rng(seed)
    x = np.arange(n) + rng.normal(0, 0.2, n)
    y = np.column_stack([rng.normal(size=(n, 2)), 3 * x - 2, np.full(n, 7.0)])
    gain, offset, explained = affine(x, y)
    np.testing.assert_allclose(np.stack([gain, offset]), np.polyfit(x, y, 1), atol=1e-8)
    np.testing.assert_allclose(explained[:2], [np.corrcoef(x, column)[0, 1] ** 2 for column in y.T[:2]], atol=1e-8)
    np.testing.assert_allclose(explained[2:], 1)


def test_counts_are_of_the_words(built):
    assert counts(built).tolist() == [word.count("I") for word in miu_words(LENGTH)]


def test_the_hinges_of_a_network_built_by_hand_are_read_back(built):
    expected, found = known(), read_out(built)
    for name in Hinges._fields:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-4, err_msg=name)


def test_the_study_of_a_network_built_by_hand(built):
    found = study(built)
    line = zigzag(np.arange(LENGTH + 1))
    for name, value in {"curve": line, "hinge_curve": line, "spread": 0 * line, "attention": 1 / (LENGTH + 1)}.items():
        np.testing.assert_allclose(found[name], value, atol=1e-4, err_msg=name)
    for name in ("by_count", "affine", "agreement", "same", "other"):
        np.testing.assert_allclose(found[name], 1, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(found["hinge"], [*range(1, LENGTH), np.inf], atol=1e-4)
    np.testing.assert_allclose(found["bend"], [*np.diff(line, 2), 0], atol=1e-4)  # the changes of slope
    assert found["network_wrong"] == found["hinges_wrong"] == 0 and 1 < found["hinges_used"] <= LENGTH - 1
    assert np.isclose(found["share"].sum(), 1) and found["share"][-1] == 0 and found["random"] < 1


def test_a_trained_network_and_its_hinges_say_the_same(trained, studied):
    hinges, count = read_out(trained), counts(trained).astype(float)
    logits = np.asarray(predict(trained.model, jnp.asarray(trained.dataset.tokens)))
    says = logits[:, 1] > logits[:, 0]
    assert ((hinges.difference(count) > 0) == says).mean() == studied["agreement"] > 0.99
    assert np.corrcoef(hinges.difference(count), logits[:, 1] - logits[:, 0])[0, 1] > 0.95
    assert (says != trained.dataset.labels[:, 0]).sum() == studied["network_wrong"] == trained.manifest["wrong_cells"]


def test_no_fewer_hinges_do_as_well_when_the_others_are_held_at_their_mean(trained, studied):
    hinges, count, labels = read_out(trained), counts(trained)[:, None].astype(float), trained.dataset.labels[:, 0] == 1
    neurons, order = np.maximum(hinges.gain * count + hinges.offset, 0), np.argsort(-studied["share"])

    def wrong(n: int) -> int:
        kept = np.where(np.isin(np.arange(len(order)), order[:n]), neurons, neurons.mean(axis=0))
        return ((hinges.bias + hinges.slope * count[:, 0] + kept @ hinges.write > 0) != labels).sum()

    used = int(studied["hinges_used"])
    assert wrong(len(order)) == studied["hinges_wrong"] >= wrong(used) and 1 < used < len(order)
    assert all(wrong(n) > studied["hinges_wrong"] for n in range(1, used))


def test_the_zigzag_of_a_trained_network_is_low_where_3_divides_the_count(studied):
    for name in ("curve", "hinge_curve"):
        assert ((studied[name][:10] > 0) == (np.arange(10) % 3 != 0)).all()
    assert studied["by_count"] > 0.99 and (studied["spread"] < 1).all()
    assert np.isclose(studied["share"].sum(), 1) and len(studied["hinge"]) == len(studied["share"]) == 32


def test_the_count_carries_the_answer_between_words(trained):
    found = exchange(trained)
    assert found["same"] > 0.99 and found["other"] > 0.9 and found["random"] < found["other"] - 0.2
    again, another = exchange(trained), exchange(trained, seed=1)
    assert again == found and another["random"] != found["random"]


@pytest.mark.parametrize("change", [{"task": "addition"}, {"block": "sas"}, {"n_layers": 2}])
def test_only_one_standard_layer_on_miu_can_be_read(built, change):
    with pytest.raises(ValueError, match=r"built.*can be read as hinges"):
        read_out(replace(built, config=replace(built.config, **change)))


def test_a_committed_run_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"'laptop' \(residues, standard, 1 layers\)"):
        read_out(load_run("laptop"))


def test_studies_are_stacked(built):
    found, one = stack([study(built), study(built)]), study(built)
    assert set(found) == set(one)
    for name, value in one.items():
        np.testing.assert_array_equal(found[name], np.stack([value, value]))
