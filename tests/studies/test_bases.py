"""Greedy budgets of waves and families find what was planted, and shares of variance are what projections say."""

import jax
import numpy as np
import pytest

from src.lens.fourier import family_basis, rational_dictionary, variance_explained
from src.network.model import Transformer
from src.network.tasks import make_dataset
from src.studies.bases import best_families, best_waves, from_list, from_zp, principal
from src.studies.by_hand import P113, decay_cost

P = 31


def test_planted_waves_are_found_by_their_own_dictionary_only():
    d, x = rational_dictionary(P), np.arange(P)
    table = np.stack([np.cos(2 * np.pi * 3 / 7 * x), np.sin(2 * np.pi * 3 / 7 * x), np.cos(2 * np.pi * 4 / 11 * x)], axis=1)
    assert best_waves(table, d.theta0, 2) == pytest.approx(1, abs=1e-9)
    assert best_waves(table, np.arange(1, (P + 1) // 2) / P, 2) < 0.9
    assert best_waves(table, d.theta0, 1) < best_waves(table, d.theta0, 2)


def test_planted_families_are_found():
    d, rng = rational_dictionary(P), np.random.default_rng(0)
    planted = [4, 17]
    basis = np.concatenate([family_basis(P, d.theta0[i], d.theta1[i]) for i in planted], axis=1)
    y = basis @ rng.standard_normal((basis.shape[1], 5))
    assert best_families(y, P, from_list(P, d.theta0, d.theta1), 2) == pytest.approx(1, abs=1e-6)
    pair = family_basis(P, 5 / P, 9 / P)
    y = pair @ rng.standard_normal((8, 3))
    k0, k1 = from_zp(P)(y)
    assert (round(k0 * P), round(k1 * P)) == (5, 9) and best_families(y, P, from_zp(P), 1) == pytest.approx(1)


def test_principal_axes_keep_shares_of_variance():
    d, rng = rational_dictionary(P), np.random.default_rng(1)
    y = rng.standard_normal((P * P, 4)) @ rng.standard_normal((4, 9))
    basis = family_basis(P, d.theta0[3], d.theta1[3])
    assert principal(y).shape[1] == 9 and variance_explained(basis, principal(y)) == pytest.approx(variance_explained(basis, y))


def test_the_cost_of_decay_does_not_depend_on_how_the_scales_are_spread():
    config = P113["standard"]
    model = Transformer(config, make_dataset(config), key=jax.random.key(0))
    mlp = model.blocks[0].mlp
    spread = jax.tree.map(lambda x: x, model)
    object.__setattr__(spread.blocks[0].mlp, "W_in", 4 * mlp.W_in)
    object.__setattr__(spread.blocks[0].mlp, "W_out", mlp.W_out / 4)
    assert decay_cost(spread, 2.0) == pytest.approx(decay_cost(model, 2.0), rel=1e-5)
    assert decay_cost(model, 0.5) == pytest.approx(2 * decay_cost(model, 2.0), rel=1e-5)
