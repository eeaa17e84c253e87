"""What training can be kept from: one table for both digits, and a frequency of the embedding."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from src.network.config import ConfigError
from src.network.optimizers import withheld
from src.network.presets import preset
from src.network.tasks import make_dataset
from src.network.trainer import init_state, make_chunk

SMALL = replace(preset("smoke"), p=13, dropout=0.0)


def power(W_E, p, bins):
    """The largest inner product of unit waves near `bins` with the digits' rows."""
    x = np.arange(p)[:, None] * 2 * np.pi * np.asarray([bins - 0.5, bins, bins + 0.5, bins - 0.25]) / p
    waves = np.concatenate([np.cos(x), np.sin(x)], axis=1)
    return np.abs((waves / np.linalg.norm(waves, axis=0)).T @ np.asarray(W_E)[:p]).max()


def trained(config, steps=5):
    dataset = make_dataset(config)
    tokens, labels = (jnp.asarray(x[dataset.train_idx]) for x in (dataset.tokens, dataset.labels))
    states = jax.vmap(lambda seed: init_state(config, dataset, seed))(jnp.zeros(1, jnp.int32))
    return jax.tree.map(lambda x: x[0], make_chunk(config, dataset.widths)(states, tokens, labels, steps)[0].model)


@pytest.mark.usefixtures("optax_promotes")
@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_a_frequency_that_is_withheld_stays_away_and_others_do_not(optimizer):
    free = replace(SMALL, withhold=4.0, optimizer=optimizer)
    kept, plain = trained(free).W_E, trained(replace(SMALL, optimizer=optimizer)).W_E
    assert power(kept, 13, 4.0) < 0.05 * power(plain, 13, 4.0)  # a quarter of a bin off, a little is left
    assert power(kept, 13, 1.5) > 0.3 * power(plain, 13, 1.5)
    assert np.abs(np.asarray(kept)[13] - np.asarray(plain)[13]).max() < 0.5  # '=' is no digit


def test_withholding_is_a_projection_and_leaves_the_last_token():
    W_E = jax.random.normal(jax.random.key(0), (27, 8))
    once = withheld(replace(SMALL, withhold=3.0), W_E)
    np.testing.assert_allclose(withheld(replace(SMALL, withhold=3.0), once), once, atol=1e-5)
    np.testing.assert_array_equal(once[26], W_E[26])
    np.testing.assert_array_equal(withheld(SMALL, W_E), W_E)


def test_untied_digits_say_the_same_in_tokens_of_their_own():
    tied, untied = make_dataset(SMALL), make_dataset(replace(SMALL, untied=True))
    np.testing.assert_array_equal(tied.labels, untied.labels)
    np.testing.assert_array_equal(tied.train_idx, untied.train_idx)
    np.testing.assert_array_equal(untied.tokens - tied.tokens, np.tile([0, 13, 13], (169, 1)))
    assert untied.d_vocab == 27 and untied.tokens.max() == 26


@pytest.mark.parametrize(("changes", "named"), [
    ({"withhold": 7.0}, "withhold=7.0"), ({"withhold": -1.0}, "withhold=-1.0"), ({"task": "addition", "untied": True}, "untied=True"),
])  # fmt: skip
def test_bad_values_are_named(changes, named):
    with pytest.raises(ConfigError, match=named):
        replace(SMALL, **changes)
