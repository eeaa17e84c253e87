"""Cancellation: what theory says of one digit against the algorithm executed, and a network whose neurons clear each other's terms."""

import numpy as np
import pytest

from src.circuits.by_hand import Neurons, join, lattice_neurons, wave_neurons
from src.lens.fourier import rational_dictionary
from src.network.runs import load_run
from src.numbers.integers import primes_below
from src.studies.algorithm import execute
from src.studies.alphabet import letters
from src.studies.cancellation import NEAR, borrowed, cancel, class_centred, coincident, letter_of, one_digit_terms, powers
from src.studies.ladder import Anatomy, on_both_digits, on_one_digit

P, WIDTHS = 11, (2, 3, 5, 7)


def scattered(q, k, M=12, seed=0):
    """Neurons of one wave with amplitudes and phases of no order."""
    rng = np.random.default_rng(seed)
    phases, one = rng.uniform(0, 2 * np.pi, (3, M)), np.ones(M, int)
    a0, a1 = rng.uniform(0.3, 2, (2, M))
    return Neurons(q * one, k * one, a0, phases[0], a1, phases[1], rng.normal(size=M), rng.uniform(0, 1, M), phases[2])


def executed(neurons, p, q):
    """Task q's class-centred parts on x0 alone and on x1 alone, of the algorithm run."""
    end = sum(int(w) for w in primes_below(p) if w <= q)
    return on_one_digit(class_centred(execute(neurons, p)[:, end - q : end]), p)[1:]


def distance(one, other):
    """Of two functions of a digit, their means taken off: |one - other| / |other|."""
    one, other = (x - x.mean(axis=0) for x in (one, other))
    return np.linalg.norm(one - other) / np.linalg.norm(other)


# --- what theory says


@pytest.mark.parametrize(("p", "q", "k"), [(23, 19, 7), (31, 13, 4), (53, 19, 1), (53, 43, 10)])
def test_one_digit_terms_are_those_of_the_algorithm(p, q, k):
    """But for harmonics above the third, and for what p points hold of the other digit's mean."""
    neurons = scattered(q, k)
    others = join([neurons, scattered(5, 1, seed=1)])  # they write to another task
    done = executed(others, p, q)
    theory = [one_digit_terms(others, p, q, digit) for digit in (0, 1)]
    shuffled = neurons._replace(psi=np.random.default_rng(1).permutation(neurons.psi))
    for digit in (0, 1):
        assert theory[digit].shape == (p, q) and np.abs(theory[digit].sum(axis=1)).max() < 1e-9  # no class bias
        assert distance(theory[digit], done[digit]) < 0.1
        assert distance(theory[1 - digit], done[digit]) > 0.8
        assert distance(one_digit_terms(shuffled, p, q, digit), done[digit]) > 0.8


def test_one_digit_terms_of_two_are_exact():
    neurons = scattered(2, 1)
    done = executed(neurons, 53, 2)
    for digit in (0, 1):
        theory = one_digit_terms(neurons, 53, 2, digit)
        assert distance(theory, done[digit]) < 0.05 and np.abs(theory.sum(axis=1)).max() < 1e-9  # 53 points are not quite even


def test_tiled_neurons_write_nothing_of_one_digit_and_tied_ones_a_second_harmonic():
    p, q, k, strength = 53, 13, 4, 3.0
    for digit, turns in enumerate((k / q, k * p / q)):
        assert np.abs(one_digit_terms(lattice_neurons(q, k, 89, 34), p, q, digit)).max() < 1e-9
        expected = np.cos(2 * np.pi * (2 * turns * np.arange(p)[:, None] - k / q * np.arange(q)[None, :]))
        tied = one_digit_terms(wave_neurons(q, k, 9, strength), p, q, digit)
        np.testing.assert_allclose(tied, strength * 4 / (9 * np.pi**2) * expected, atol=1e-9)


def test_class_centred():
    x = np.random.default_rng(0).normal(size=(4, 5))
    np.testing.assert_allclose(class_centred(x).mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(class_centred(x + np.arange(4)[:, None]), class_centred(x), atol=1e-12)


# --- who coincides


def test_letters_are_those_of_the_alphabet():
    d = rational_dictionary(P)
    found = letter_of(d.q, d.k, P)
    np.testing.assert_allclose(found, np.stack(letters(P)), atol=1e-9)


def test_coincident_neurons_are_other_primes_with_a_letter_of_ones_own():
    p = 53
    d = rational_dictionary(p)
    every = Neurons(d.q, d.k, *np.zeros((7, len(d.q))))
    chosen = np.flatnonzero((d.q == 41) & np.isin(d.k, (3, 12)))
    use = Neurons(*(np.concatenate([field[d.q != 41], field[chosen]]) for field in every))
    for digit in (0, 1):
        near, x = coincident(use, p, 41, digit), letters(p)[digit]
        there = letter_of(use.q, use.k, p)[digit]
        expected = [q != 41 and min(abs(one - x[i]) for i in chosen) <= NEAR for q, one in zip(use.q, there, strict=True)]
        assert near.tolist() == expected and 0 < near.sum() < len(near) / 4 and not near[use.q == 41].any()
    assert (coincident(use, p, 41, 0) != coincident(use, p, 41, 1)).any()
    assert not coincident(Neurons(*(field[d.q != 41] for field in every)), p, 41, 0).any()  # a prime without neurons has no letters


# --- who writes and who clears


def part(y, kind):
    """One part of functions y (P * P, C)."""
    mean, x0, x1 = on_one_digit(y, P)
    n = np.arange(P * P)
    return {"bias": np.broadcast_to(mean, y.shape), "x0": x0[n % P], "x1": x1[n // P], "both": on_both_digits(y, P)}[kind]


def test_powers_of_a_sum_add_up():
    rng, M = np.random.default_rng(0), 12
    pre, W_L, skip = (rng.normal(size=shape) for shape in ((P * P, M), (M, 17), (P * P, 17)))
    own = np.repeat(np.eye(4, dtype=bool), 3, axis=1)
    found = powers(Anatomy(P, WIDTHS, pre, W_L, skip), own)
    assert found.shape == (3, 4, 4) and (found >= 0).all()
    np.testing.assert_allclose(found[2, 1:].sum(axis=0), 1, rtol=1e-9)  # variance: the class bias is beside it
    all_own = powers(Anatomy(P, WIDTHS, pre, W_L, 0 * skip), np.ones((4, M), bool))
    np.testing.assert_allclose(all_own[1], 0, atol=1e-20)
    np.testing.assert_allclose(all_own[0], all_own[2])
    silent = powers(Anatomy(P, WIDTHS, pre, W_L, skip), np.zeros((4, M), bool))
    assert (silent[0] == 0).all()
    np.testing.assert_allclose(silent[1], silent[2])


def test_powers_see_who_clears_what():
    """Two neurons, one a prime: what the first writes of x0, the second takes away, and of x1 the skip does."""
    post = np.random.default_rng(1).random((P * P, 1)) + 0.1
    clears = part(post, "x0") - part(post, "x0").min() + 0.1  # activations are not negative
    pre, row = np.concatenate([post, clears], axis=1), np.random.default_rng(2).normal(size=(1, 17))
    own = np.asarray([[True, False]] * 4)
    skip = -part(post, "x1") @ row
    found = powers(Anatomy(P, WIDTHS, pre, np.concatenate([row, -row]), skip), own)
    np.testing.assert_allclose(found[2, 1:3], 0, atol=1e-20)
    np.testing.assert_allclose(found[0, 1:3], found[1, 1:3])
    np.testing.assert_allclose(found[2, 3], 1)
    assert (found[0, 1:3] > 0.01).all() and (found[1, 3] < 1e-20).all() and found[0, 3] == pytest.approx(1)


@pytest.fixture(scope="module")
def found():
    return cancel(load_run("laptop"))


def test_a_trained_networks_neurons_clear_each_others_terms(found):
    T = 15
    assert found["clears"].shape == (2, T, T + 1) and (found["clears"][:, range(T), range(T)] == 0).all()
    total = found["clears"].sum(axis=2)
    assert np.abs(total[:, 1:] - 1).max() < 0.15  # task 2 has hardly a term of one digit to clear
    own, rest, both = found["powers"]
    np.testing.assert_allclose(both[1:].sum(axis=0), 1, rtol=1e-3)
    assert (both[:3] < 0.03).all() and (own[1:3].mean(axis=1) > 0.08).all() and (rest[1:3].mean(axis=1) > 0.08).all()
    assert (both[1:3].mean(axis=1) < own[1:3].mean(axis=1) / 10).all() and rest[3].mean() < 0.1 * own[3].mean()


def test_those_that_coincide_clear_more_than_as_many_others(found):
    share, neurons = found["coincident"].mean(axis=1), found["coincident_neurons"].mean(axis=1)
    assert (share > 1.5 * neurons).all()
    assert found["coincident right"].mean() < found["control right"].mean() and found["control right"].min() > 0.99
    assert found["all right"].mean() < found["coincident right"].mean()
    wrong = found["all right"] < 1
    assert (np.isnan(found["all named"]) == ~wrong).all() and wrong.sum() > 8
    assert np.nanmean(found["all named"]) > 5 * np.nanmean(found["all named null"])


def test_circuits_that_borrow_what_clears_are_told_and_permuted_ones_are_not():
    rng = np.random.default_rng(0)
    clears = np.abs(rng.normal(size=(2, 12, 13)))
    size = clears[:, :, :-1].sum(axis=0)
    uses = size > np.quantile(size, 0.8)
    assert borrowed(uses, clears) == 1.0
    assert abs(np.mean([borrowed(uses, clears, seed=s) for s in range(20)]) - 0.5) < 0.1
    assert np.isnan(borrowed(np.eye(12, dtype=bool), clears))
