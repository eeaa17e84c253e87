"""Causal tests of networks whose account is known: tiled, tied, and with groups and networks that mean nothing."""

from dataclasses import replace

import numpy as np
import pytest

from src.circuits.by_hand import join, lattice_neurons, parity_neurons, phase_network, wave_neurons
from src.lens.fourier import rational_dictionary
from src.network.presets import preset
from src.network.runs import Run
from src.network.tasks import make_dataset
from src.studies.algorithm import label_neurons
from src.studies.ladder import Anatomy
from src.studies.scrubbing import CONTROLS, Cut, donors, groups_of, losses, outcome, random_labels, scrub, shuffled_groups
from src.studies.scrubbing import tests as causal_tests

P, WIDTHS = 23, (2, 3, 5, 7, 11, 13, 17, 19)
K = {3: 1, 5: 2, 7: 1, 11: 3, 13: 3, 17: 5, 19: 6}  # far from 0 and 1/2 on both digits, so that 23 points hold no part of a wave's mean
LABELS = np.arange(P * P)[:, None] % np.asarray(WIDTHS)
NAMES = ("scrubbed", "same residue", "interchange")


def network(neurons):
    """The network that these neurons are: each writes to its own prime alone, and nothing goes around them."""
    n, s = np.arange(P * P)[:, None], neurons
    pre = s.a0 * np.cos(2 * np.pi * s.k / s.q * (n % P) - s.phi0) + s.a1 * np.cos(2 * np.pi * s.k * P / s.q * (n // P) - s.phi1) + s.c
    rows = [
        (s.q == q)[:, None] * s.b[:, None] * np.cos(2 * np.pi * np.outer(s.k / q, np.arange(q)) - s.psi[:, None]) for q in WIDTHS
    ]  # (M, q) each
    skip = np.zeros((P * P, sum(WIDTHS)), np.float32)
    return Anatomy(P, WIDTHS, pre.astype(np.float32), np.concatenate(rows, axis=1).astype(np.float32), skip)


@pytest.fixture(scope="module")
def tiled():
    """The neurons of one wave a prime whose phases tile the torus, and their network cut in parts."""
    neurons = join([parity_neurons(), *(lattice_neurons(q, k, 89, 34) for q, k in K.items())])
    return neurons, Cut(network(neurons), LABELS)


@pytest.fixture(scope="module")
def built():
    """A network written by hand, in weights: seven equal phases a prime, and more than four hundred neurons that are silent."""
    config = replace(preset("laptop"), p=P)
    return Run(config, phase_network(config, 7), make_dataset(config), 0, (0,), {}, {}, "")


def cells(found):
    """Shares of cells as expected, by test."""
    return {name: found[name][0] for name in NAMES}


# --- groups and donors


def test_groups_are_a_primes_own_neurons_and_those_whose_waves_coincide():
    q, k = np.asarray([73, 83, 83, 5, 73]), np.asarray([23, 26, 1, 1, 2])  # 23/73 and 26/83 coincide at p = 113
    widths = (5, 73, 83)
    own, named = (groups_of(q, k, 113, widths, coinciding=flag) for flag in (False, True))
    assert own.tolist() == [[False, False, False, True, False], [True, False, False, False, True], [False, True, True, False, False]]
    assert (named & ~own).tolist() == [[False] * 5, [False, True, False, False, False], [True, False, False, False, False]]
    unused = groups_of(q[1:], k[1:], 113, widths)  # without 23/73 in use, 26/83 has nothing to coincide with
    assert unused.sum(axis=1).tolist() == [1, 1, 2]


def test_shuffled_groups_keep_sizes_and_overlaps(tiled):
    neurons, _ = tiled
    groups = groups_of(neurons.q, neurons.k, P, WIDTHS)
    groups[3, :5] = True  # an overlap
    found = shuffled_groups(groups)
    assert (found.sum(axis=1) == groups.sum(axis=1)).all() and (found @ found.T == groups @ groups.T).all()
    assert (shuffled_groups(groups) == found).all() and (shuffled_groups(groups, 1) != found).any()
    kept = (found & groups).sum(axis=1) / groups.sum(axis=1)
    assert kept[1:].max() < 0.3


def test_donors_are_inputs_of_the_same_residue():
    found = donors(LABELS)
    for t in range(len(WIDTHS)):
        assert sorted(found[:, t]) == list(range(P * P)) and (LABELS[found[:, t], t] == LABELS[:, t]).all()
    assert (found != np.arange(P * P)[:, None]).mean() > 0.95 and (donors(LABELS) == found).all() and (donors(LABELS, 1) != found).any()
    assert [(LABELS[found[:, 0], t] == LABELS[:, t]).mean() < 0.7 for t in range(1, 4)] == [True] * 3  # and else at random


def test_labels_by_random_waves_are_others(tiled):
    neurons, cut = tiled
    waves = neurons.a0 > 0
    q, k, _ = label_neurons(cut.a.pre, P)
    assert (q[waves] == neurons.q[waves]).all() and (k[waves] == neurons.k[waves]).all()
    d = rational_dictionary(P)
    q, k = random_labels(cut.a.pre, P)
    assert {*zip(q, k, strict=True)} <= {*zip(d.q, d.k, strict=True)} and (q == neurons.q).mean() < 0.4


# --- moving parts


def random_cut(p=11, M=9, seed=0):
    rng, widths = np.random.default_rng(seed), (2, 3, 5, 7)
    pre, W_L, skip = (rng.normal(size=shape).astype(np.float32) for shape in ((p * p, M), (M, 17), (p * p, 17)))
    return Cut(Anatomy(p, widths, pre, W_L, skip), np.arange(p * p)[:, None] % np.asarray(widths))


def test_moving_everything_is_the_other_inputs_mlp():
    cut, every = random_cut(), np.ones((4, 9), bool)
    np.testing.assert_allclose(
        cut.logits + cut.moved(cut.a.post, every, cut.other), cut.a.post[cut.other] @ cut.a.W_L + cut.a.skip, atol=1e-5
    )
    by_task = cut.logits + cut.moved(cut.a.post, every, cut.same)
    for t in range(4):
        expected = cut.a.post[cut.same[:, t]] @ cut.a.W_L + cut.a.skip
        np.testing.assert_allclose(by_task[:, cut.columns(t)], expected[:, cut.columns(t)], atol=1e-5)
    n = np.arange(121)
    assert (cut.moved(cut.a.post, every, n) == 0).all() and (cut.moved(cut.a.post, ~every, cut.other) == 0).all()


def test_parts_that_are_moved_add_up():
    cut, groups = random_cut(), np.random.default_rng(1).random((4, 9)) < 0.5
    move = lambda part, group: cut.moved(part, group, cut.other)  # noqa: E731
    np.testing.assert_allclose(move(cut.both, groups) + move(cut.both, ~groups), move(cut.both, np.ones((4, 9), bool)), atol=1e-5)
    rest = cut.a.post - cut.both
    np.testing.assert_allclose(move(cut.both, groups) + move(rest, groups), move(cut.a.post, groups), atol=1e-5)


@pytest.mark.slow
def test_losses_are_cross_entropies(tiled):
    _, cut = tiled
    found, loss = outcome(cut.logits, cut, LABELS)
    assert (found == 1).all()
    for t, _q in enumerate(WIDTHS):
        x = cut.logits[:, cut.columns(t)].astype(np.float64)
        direct = np.log(np.exp(x).sum(axis=1)) - x[np.arange(P * P), LABELS[:, t]]
        assert loss[t] == pytest.approx(direct.mean(), rel=1e-4)
    np.testing.assert_allclose(losses(0 * cut.logits, cut), np.log(WIDTHS), rtol=1e-5)


# --- the three tests


def test_a_tiled_network_passes_all_three_with_its_own_groups_alone(tiled):
    neurons, cut = tiled
    named = groups_of(neurons.q, neurons.k, P, WIDTHS)
    for found in cells(causal_tests(cut, named)).values():
        assert found.min() > 0.99 and found.mean() > 0.999
    chance = np.asarray([1 / q for q in WIDTHS])
    for found in cells(causal_tests(cut, shuffled_groups(named))).values():
        assert np.abs(found - chance).max() < 0.06
    others = np.roll(named[1:], 1, axis=0)  # each odd prime is given the group of another
    for found in cells(causal_tests(cut, np.concatenate([named[:1], others]))).values():
        assert found[0] > 0.99 and (found[1:] < chance[1:] + 0.06).all()


def test_half_of_a_group_is_not_enough(tiled):
    """With every second neuron of a group away, what is resampled answers too."""
    neurons, cut = tiled
    named = groups_of(neurons.q, neurons.k, P, WIDTHS)
    half = named & (np.random.default_rng(0).random(named.shape) < 0.5)
    found, full = (cells(causal_tests(cut, groups)) for groups in (half, named))
    assert (found["scrubbed"][1:] < full["scrubbed"][1:] - 0.1).all()


def test_a_tied_network_fails_the_tests_of_meaning():
    """phi0 = phi1 leaves a factor and parts on one digit: the parts on both digits of its groups decide, but do not say n mod q alone."""
    neurons = join([parity_neurons(), *(wave_neurons(q, k, 9) for q, k in K.items())])
    found = cells(causal_tests(Cut(network(neurons), LABELS), groups_of(neurons.q, neurons.k, P, WIDTHS)))
    assert (found["scrubbed"] == 1).all() and found["interchange"][3:].max() < 0.9 and found["interchange"].mean() < 0.8


@pytest.mark.slow
def test_the_study_of_a_network_written_in_weights(built):
    found = scrub(built)
    chance = np.asarray([1 / q for q in WIDTHS])
    for name in ("scrubbed", "own only", "one digit", "remainder"):  # its neurons write to their own prime, and are one pair of waves
        assert (found[name] == 1).all()
        np.testing.assert_allclose(found[f"{name} recovered"], 1, atol=1e-4)
    assert (found["same residue recovered"] < 1).any() and found["interchange"].mean() < 0.8  # its phases are tied
    assert np.abs(found["chance"] - chance).max() < 0.06 and found["named"] == 512 / 8  # the silent ones are labelled 2
    assert {name for name in found if ", " in name} == {f"{test}, {control}" for test in NAMES for control in CONTROLS}
    for control in ("untrained", "permuted"):
        for name in NAMES:
            assert np.abs(found[f"{name}, {control}"] - chance).max() < 0.06, (name, control)
    for name in NAMES:
        assert np.abs(found[f"{name}, random groups"] - chance)[1:].max() < 0.06, name
        assert np.median(found[f"{name}, random frequencies"] - chance) < 0.06, name
