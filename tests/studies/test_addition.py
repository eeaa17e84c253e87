"""The toolkit on a network built by hand from known frequencies, on random networks, and its operators against plain code."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from src.lens.fourier import block_directions, project, sum_directions
from src.lens.interventions import neuron_logit_map
from src.lens.progress import gini, load_steps, phases, progress
from src.network.model import Transformer, predict
from src.network.presets import preset
from src.network.runs import Run
from src.network.tasks import make_dataset
from src.studies.addition import analyse, cosine_cube, distance_irrelevance, gradient_symmetricity, key_frequencies, loss, removal_losses

P, KEYS, PHASES = 23, (2, 5, 9), 12


def as_run(config, model, data, step=0):
    return Run(config, model, data, step, (step,), {}, {}, "")


@pytest.fixture(scope="module")
def built():
    """A pizza by hand: '=' attends evenly, neuron (k, phi) has relu(cos(w x0 - phi) + cos(w x1 - phi)), read out at cos(w c - 2 phi)."""
    config = replace(preset("addition"), p=P, d_model=2 * len(KEYS), n_heads=1, d_mlp=PHASES * len(KEYS))
    data = make_dataset(config)
    model = Transformer(config, data, key=jax.random.key(0))
    w = 2 * np.pi * np.asarray(KEYS) / P
    x = np.arange(P)
    E = np.zeros((P + 1, 2 * len(KEYS)))
    E[:P, 0::2], E[:P, 1::2] = np.cos(np.outer(x, w)), np.sin(np.outer(x, w))
    W_in, W_L = np.zeros((2 * len(KEYS), PHASES * len(KEYS))), np.zeros((PHASES * len(KEYS), P))
    for i, wk in enumerate(w):
        for j in range(PHASES):
            phi, n = 2 * np.pi * j / PHASES + 0.1, i * PHASES + j
            W_in[2 * i : 2 * i + 2, n] = 3 * np.cos(phi), 3 * np.sin(phi)  # attention divides by the three positions
            W_L[n] = 20 * np.cos(wk * x - 2 * phi)
    U, s, Vt = np.linalg.svd(W_L, full_matrices=False)
    d = 2 * len(KEYS)
    attn, mlp = model.blocks[0].attn, model.blocks[0].mlp
    eye = np.eye(d)[None]
    new = (E, np.zeros((3, d)), np.zeros((1, d, d)), np.zeros((1, d, d)), eye, eye, W_in, U[:, :d] * s[:d], Vt[:d])
    old = (model.W_E, model.W_pos, attn.W_Q, attn.W_K, attn.W_V, attn.W_O, mlp.W_in, mlp.W_out, model.W_U)
    leaves, tree = jax.tree.flatten(model)
    swap = {id(a): jnp.asarray(b, jnp.float32) for a, b in zip(old, new, strict=True)}
    model = jax.tree.unflatten(tree, [swap[id(leaf)] for leaf in leaves])
    np.testing.assert_allclose(neuron_logit_map(model), W_L, atol=1e-4)
    return as_run(config, model, data)


def test_a_hand_built_network_is_read_back_exactly(built):
    a = analyse(built)
    assert a["cells_wrong"] == 0
    assert a["key"].tolist() == list(KEYS) and a["W_E_above_noise"].tolist() == list(KEYS)
    assert a["neuron_frequency"].tolist() == [k for k in KEYS for _ in range(PHASES)]
    assert a["W_L_residual"] < 1e-5 and not a["neuron_dead"].any()
    assert (a["neuron_pre_fve"] > 0.9999).all() and (a["neuron_fve_degree_two"] > 0.85).all()
    assert a["gradient_symmetricity"] > 0.999  # the two digits enter alike: a pizza
    amplitudes = a["amplitudes"]
    np.testing.assert_allclose(amplitudes, amplitudes[0], rtol=1e-3)  # every frequency was given the same strength


def test_random_and_untrained_networks_are_reported_without_a_crash():
    config = replace(preset("addition"), p=13, d_model=16, n_heads=2, d_mlp=32)
    data = make_dataset(config)
    a = analyse(as_run(config, Transformer(config, data, key=jax.random.key(1)), data))
    assert a["cells_wrong"] > 100 and abs(a["logit_fve"]) < 0.3 and len(a["key"]) >= 1
    silent = jax.tree.map(jnp.zeros_like, Transformer(config, data, key=jax.random.key(1)))
    assert gradient_symmetricity(silent, 13) == 0 and distance_irrelevance(np.zeros((169, 13)), 13) == 0


def test_other_tasks_and_frequencies_are_refused():
    config = preset("smoke")
    data = make_dataset(config)
    run = as_run(config, Transformer(config, data, key=jax.random.key(0)), data)
    with pytest.raises(ValueError, match="residues"):
        progress([run], np.asarray([1]))
    with pytest.raises(ValueError, match="addition"):
        key_frequencies(run)
    config = replace(preset("addition"), p=13, d_model=16, n_heads=2, d_mlp=32)
    data = make_dataset(config)
    run = as_run(config, Transformer(config, data, key=jax.random.key(0)), data)
    for bad in ([], [7], [0]):
        with pytest.raises(ValueError, match="between 1 and 6"):
            progress([run], np.asarray(bad))


def test_runs_of_different_p_are_refused(built):
    config = replace(built.config, p=13)
    data = make_dataset(config)
    with pytest.raises(ValueError, match=r"p = \[13, 23\]"):
        progress([built, as_run(config, Transformer(config, data, key=jax.random.key(0)), data)], np.asarray([1]))


def test_a_run_with_one_step_has_no_course():
    with pytest.raises(ValueError, match="keeps step 1750 only"):
        load_steps("paper")


def test_progress_is_the_operators_one_by_one(built):
    measured = progress([built, built], np.asarray(KEYS))
    L, labels = np.asarray(predict(built.model, jnp.asarray(built.dataset.tokens)), np.float64), built.dataset.labels[:, 0]
    S, B = sum_directions(P, np.asarray(KEYS)), block_directions(P, np.asarray(KEYS))
    train, valid = built.dataset.train_idx, built.dataset.valid_idx
    for rows, split in ((slice(None), "all"), (train, "train"), (valid, "valid")):
        readings = {
            "loss": L,
            "restricted": L.mean(axis=0) + project(S, L),
            "restricted_blocks": L.mean(axis=0) + project(B, L),
            "excluded": L - project(S, L),
            "excluded_blocks": L - project(B, L),
        }
        for name, x in readings.items():
            np.testing.assert_allclose(measured[f"{name}_{split}"], loss(x[rows], labels[rows]), rtol=2e-3, atol=1e-6)
    one = L - project(sum_directions(P, np.asarray([KEYS[1]])), L)
    np.testing.assert_allclose(measured["excluded_one_train"][:, 1], loss(one[train], labels[train]), rtol=2e-3)
    np.testing.assert_allclose(removal_losses(L, labels, P)[KEYS[1] - 1], loss(one, labels), rtol=2e-3)
    squares = sum(float((np.asarray(leaf, np.float64) ** 2).sum()) for leaf in jax.tree.leaves(built.model))
    np.testing.assert_allclose(measured["sum_squares"], squares, rtol=1e-5)
    assert (measured["active"] == 3).all()


def test_the_cosine_cube_is_a_projection():
    p, ks = 11, np.asarray([1, 4])
    a, b, c = np.tile(np.arange(p), p), np.repeat(np.arange(p), p), np.arange(p)
    angle = 2 * np.pi * np.multiply.outer(a[:, None] + b[:, None] - c[None, :], ks) / p
    made = np.cos(angle) @ np.asarray([3.0, -2.0])
    noise = np.random.default_rng(0).normal(size=made.shape)
    amplitudes, cube = cosine_cube(made, p, ks)
    np.testing.assert_allclose(amplitudes, [3, -2])
    np.testing.assert_allclose(cube, made)
    amplitudes, cube = cosine_cube(noise, p, ks)
    np.testing.assert_allclose((cube * (noise - cube)).sum(), 0, atol=1e-9)
    expected = np.linalg.lstsq(np.cos(angle).reshape(-1, 2), noise.ravel(), rcond=None)[0]
    np.testing.assert_allclose(amplitudes, expected)


def test_gini_of_equal_and_of_one():
    assert np.isclose(gini(jnp.ones(10)), 0, atol=1e-6)
    assert np.isclose(gini(jnp.zeros(10).at[3].set(2.0)), 0.9, atol=1e-6)
    x = np.random.default_rng(0).random(20)
    pairs = np.abs(x[:, None] - x[None, :]).sum() / (2 * 20 * x.sum())
    assert np.isclose(gini(jnp.asarray(x, jnp.float32)), pairs, rtol=1e-4)


def test_phases_of_a_made_up_course():
    step = np.arange(0, 1000, 100)
    valid = np.asarray([4, 10, 20, 20, 15, 9, 1, 0.1, 0.1, 0.1])
    excluded = np.asarray([4, 1, 0.5, 2, 5, 8, 9, 9, 9, 0.1])
    assert phases(step, valid, excluded) == {"memorisation": 200, "formation": 500, "clean_up": 700}
    never = phases(step, np.linspace(4, 20, 10), excluded)
    assert np.isnan(never["formation"]) and np.isnan(never["clean_up"])


def test_distance_irrelevance_tells_the_two_apart():
    p = 13
    a, b = np.tile(np.arange(p), p), np.repeat(np.arange(p), p)
    by_distance, by_sum = np.zeros((p * p, p)), np.zeros((p * p, p))
    by_distance[np.arange(p * p), (a + b) % p] = np.cos(2 * np.pi * (a - b) / p)
    by_sum[np.arange(p * p), (a + b) % p] = np.cos(2 * np.pi * (a + b) / p)
    assert distance_irrelevance(by_distance, p) < 1e-9 and np.isclose(distance_irrelevance(by_sum, p), 1)
