"""What is said of the residue networks: measures on networks whose algorithm is known, nulls, and a recomputed sample."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from src.circuits.by_hand import phase_network, phase_neurons
from src.lens.fourier import family_variance
from src.lens.interventions import run_with_cache
from src.network.model import Transformer
from src.network.presets import preset
from src.network.runs import Run, load_run
from src.network.tasks import make_dataset
from src.numbers.integers import primes_below
from src.results.registry import arrays
from src.studies.algorithm import label_neurons
from src.studies.order import first_steps, overtaken, overtaking_test
from src.studies.residues import analyse, best_zp_pair, labelled, labelled_over_neurons, random_dictionary_share, random_groups
from src.studies.spike import counts, digit_functions, power, spike


@pytest.fixture(scope="module")
def built():
    """A network written by hand at p = 41, seven phases a prime."""
    config = replace(preset("laptop"), p=41)
    return Run(config, phase_network(config, 7), make_dataset(config), 0, (0,), {}, {}, "")


def test_the_best_pair_of_zp_is_the_best_of_all_pairs():
    p = 11
    y = np.random.default_rng(0).normal(size=(p * p, 4))
    k = np.arange(1, 6)
    pairs = [(a, b) for a in k for b in k]
    every = family_variance(y, p, np.asarray([a for a, _ in pairs]) / p, np.asarray([b for _, b in pairs]) / p)
    np.testing.assert_allclose(best_zp_pair(y, p), every.max(axis=0), rtol=1e-9)


def test_labels_of_a_hand_written_network_are_its_own(built):
    _, cache = run_with_cache(built.model, jnp.asarray(built.dataset.tokens))
    pre = np.asarray(cache["blocks.0.mlp.hook_pre"][:, -1], np.float64)
    true = phase_neurons(41, 7)
    waves = np.flatnonzero(true.a0 > 0)
    q, k, share = label_neurons(pre[:, waves], 41)
    assert (q == true.q[waves]).all() and (k == true.k[waves]).all() and (share > 0.9999).all()
    assert best_zp_pair(pre[:, waves[5:]], 41).mean() < 0.95  # the wrong basis sees less


def test_noise_has_no_label():
    y = np.random.default_rng(0).normal(size=(23 * 23, 50))
    assert label_neurons(y, 23)[2].max() < 0.2 and random_dictionary_share(y, 23).max() < 0.2


def test_the_analysis_of_a_hand_written_network(built):
    a = analyse(built)
    assert a["wrong"] == 0 and a["additive"] > 0.9999
    assert a["attention_spread"] < 1e-6
    own = np.diagonal(a["ablated"])
    assert (own[1:] <= a["chance"][1:] + 0.02).all()
    assert (a["ablated"][1:, 1:][~np.eye(11, dtype=bool)] == 1).all()  # silent neurons all carry the label 2
    with pytest.raises(ValueError, match="addition"):
        analyse(load_run("addition"))


def test_a_label_beats_the_null_of_its_own_neuron():
    a = {
        "rational": np.asarray([[0.9, 0.9, 0.8, 0.9, 0.99]]), "random": np.asarray([[0.5, 0.95, 0.1, 0.5, 0.6]]),
        "hurts": np.asarray([[3, 3, 3, 5, 3]]), "q": np.full((1, 5), 3),
    }  # fmt: skip
    assert labelled(a).tolist() == [[True, False, False, False, True]]
    assert labelled_over_neurons(a).tolist() == [[False, False, False, False, True]]  # one level for all, here about .94


def test_random_groups_have_the_sizes_asked_for():
    groups = random_groups(np.asarray([3, 0, 10]), 20, seed=0)
    assert groups.sum(axis=1).tolist() == [3, 0, 10]


def test_first_steps():
    run = load_run("laptop")
    steps = first_steps(run)
    for t, step in enumerate(steps):
        row = run.metrics["step"].tolist().index(step)
        assert run.metrics["valid_accuracy"][row, t] >= 0.99 and (run.metrics["valid_accuracy"][:row, t] < 0.99).all()


def test_overtaking():
    assert np.allclose(overtaken(np.asarray([10.0, 20.0, 30.0, np.nan]))[1:], 0)
    assert np.allclose(overtaken(np.asarray([30.0, 20.0, 30.0, 10.0, np.nan]))[1:], [1, 1 / 4, 1, 0])


def test_a_planted_order_is_found_and_a_random_one_is_not():
    primes, rng = [41, 53, 71, 113], np.random.default_rng(1)
    sizes = [np.asarray(primes_below(p), float) for p in primes]
    planted = [np.where((p - 1) % q == 0, 1.0, 50 * q) for p, q in zip(primes, sizes, strict=True)]
    share, others, chance = overtaking_test(planted, primes, 1)
    # At p = 71, q = 7 comes before 3 and with 5.
    assert share == pytest.approx(np.mean([1, 1, 1, 3 / 4, 1])) and others == 0 and chance < 0.001
    shuffled = [overtaking_test([rng.permutation(q) for q in sizes], primes, 1)[2] for _ in range(40)]
    assert 0.3 < np.mean(shuffled) < 0.7


def test_a_random_seed_recomputed_agrees_with_the_measurement():
    stored = arrays("laptop-analysis")
    i = int(np.random.default_rng().integers(3))
    fresh = analyse(load_run("laptop", i))
    for name in ("rational", "zp", "random", "ablated", "phase_error", "frequencies", "additive"):
        np.testing.assert_allclose(stored[name][i], fresh[name], rtol=1e-3, atol=2e-3, err_msg=f"seed {i}: {name}")
    assert (stored["q"][i] == fresh["q"]).all()


def test_spike_counts():
    powers = np.ones((3, 40))
    powers[1, :3] = 400.0
    found = counts(powers, ceiling=0.1)
    assert found["text"].tolist() == [0, 3, 0] and found["share"].tolist() == [0, 3, 0]
    assert found["code"].tolist() == [0, 0, 0]  # all stand at their own peak at step 1: by this rule none stands out
    louder = counts(powers * np.asarray([[1.0], [1.0], [100.0]]), ceiling=0.1)
    assert (louder["share"] == found["share"]).all() and (louder["text"] == found["text"]).all()  # loudness alone moves neither


def test_power_is_found_where_it_was_put(built):
    functions = digit_functions(built)
    d = power(functions, 41, "rational")
    assert d.argmax() >= 0 and power(functions, 41, "Z/p").shape == (20,)
    config = replace(built.config, d_model=32, n_heads=2, d_mlp=16)
    data = make_dataset(config)
    metrics = {"step": np.asarray([0, 5]), "valid_loss": np.ones((2, 12)), "valid_accuracy": np.zeros((2, 12))}
    runs = [Run(config, Transformer(config, data, key=jax.random.key(s)), data, s, (0, 5), metrics, {}, "") for s in (0, 5)]
    out = spike(runs)
    assert out["step"].tolist() == [0, 5] and out["rational_gini"].shape == (2,)
