"""Torus tiling: harmonics against brute force, tiled populations against the algorithm executed, and populations that do not tile."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.circuits.by_hand import Neurons, join, parity_neurons, wave_neurons
from src.results.evidence import tilings
from src.studies.algorithm import execute
from src.studies.ladder import on_both_digits, reference, share
from src.studies.torus import HARMONICS, balance, formula, harmonic, resultants, tied_factor, wave_strengths

P = 23
WAVES = {3: 1, 5: 2, 7: 3, 11: 2, 13: 4, 17: 5, 19: 7}  # a frequency k for every odd prime below P
WIDTHS = (2, *WAVES)
AMPLITUDE, CONSTANT, ORDER = st.floats(0, 3, allow_subnormal=False), st.floats(-4, 4, allow_subnormal=False), st.integers(-4, 4)
GRID = (np.arange(256) + 0.5) * 2 * np.pi / 256


def tiled(q, k, n=9, a0=1.0, a1=1.0, c=0.0, strength=1.0):
    """Neurons of one wave whose phases are an n x n grid of the torus."""
    phi0, phi1 = (2 * np.pi * x.reshape(-1) / n for x in np.mgrid[:n, :n])
    one = np.ones(n * n)
    return Neurons(q * one.astype(int), k * one.astype(int), a0 * one, phi0, a1 * one, phi1, c * one, strength * one / n**2, phi0 + phi1)


def population(write):
    """Neurons of all primes below P."""
    return join([parity_neurons(), *(write(q, k) for q, k in WAVES.items())])


def columns(x, q):
    """The logits of one task."""
    end = sum(w for w in WIDTHS if w <= q)
    return x[:, end - q : end]


def formula_share(neurons):
    """Of the executed algorithm's logits, how much the formula has."""
    logits, labels = execute(neurons, P), np.arange(P * P)[:, None] % np.asarray(WIDTHS)
    return share(formula(*wave_strengths(neurons), P), reference(logits, labels, WIDTHS))


def one(a0, a1, c, m, n, **given):
    return float(harmonic(np.asarray([a0]), np.asarray([a1]), np.asarray([c]), m, n, **given)[0])


# --- harmonics


@settings(max_examples=30, deadline=None)
@given(AMPLITUDE, AMPLITUDE, CONSTANT, ORDER, ORDER, st.floats(0.01, 100))
def test_a_harmonic_is_the_mean_over_the_torus(a0, a1, c, m, n, scale):
    z = np.maximum(a0 * np.cos(GRID)[:, None] + a1 * np.cos(GRID)[None, :] + c, 0)
    brute, found = np.cos(m * GRID) @ z @ np.cos(n * GRID) / GRID.size**2, one(a0, a1, c, m, n)
    assert found == pytest.approx(brute, abs=1e-4)
    assert found == pytest.approx(one(a1, a0, c, n, m), abs=1e-10) and found == one(a0, a1, c, -m, -n)
    assert found == pytest.approx(one(a0, a1, c, m, n, nodes=80), abs=1e-10)
    assert one(scale * a0, scale * a1, scale * c, m, n) == pytest.approx(scale * found, abs=1e-10 * scale)
    assert one(a0, a1, c, 1, 1) >= -1e-12  # what is kept never changes its sign


def test_harmonics_in_closed_form():
    assert one(1, 1, 0, 1, 1) == pytest.approx(4 / (3 * np.pi**2)) and one(1, 1, 0, 2, 0) == pytest.approx(4 / (9 * np.pi**2))
    assert one(2, 0, 0, 2, 0) == pytest.approx(2 / (3 * np.pi))  # one wave, rectified
    always = [one(0.7, 1.2, 2.5, m, n) for m, n in ((0, 0), (1, 0), (0, 1), (1, 1), (2, 0))]
    assert always == pytest.approx([2.5, 0.35, 0.6, 0, 0], abs=1e-12)  # without a kink there is no product
    assert [one(0.7, 1.2, -2.5, m, n) for m, n in HARMONICS] == pytest.approx([0] * len(HARMONICS), abs=1e-12)


def test_the_series_is_the_relu():
    """Over all whole m and n: with those from 0 on only, each wave is counted too rarely."""
    most, a0, a1, c = 16, np.asarray([1, 1.3, 0.5]), np.asarray([1, 0.7, 1.1]), np.asarray([0, 0.2, -0.4])
    R = np.stack([[harmonic(a0, a1, c, m, n) for n in range(most + 1)] for m in range(most + 1)])  # [m, n, neuron]
    u = np.linspace(0, 2 * np.pi, 60)
    z = np.maximum(a0 * np.cos(u)[:, None, None] + a1 * np.cos(u)[:, None] + c, 0)
    waves = np.cos(np.outer(u, np.arange(most + 1)))
    twice = waves * np.where(np.arange(most + 1), 2, 1)  # m and -m
    assert np.abs(np.einsum("um,vn,mnj->uvj", twice, twice, R) - z).max() < 0.03
    assert np.abs(np.einsum("um,vn,mnj->uvj", waves, waves, R) - z).max() > 0.5


# --- the formula


def test_a_tiled_population_computes_the_formula():
    """What is left is the aliasing of an n x n grid of phases, and falls with n."""
    shapes = {3: (1.0, 1.0, 0.0), 5: (1.3, 0.7, 0.2), 13: (1.0, 1.0, 0.0), 19: (0.5, 1.1, -0.4)}
    left = []
    for n, most in ((8, 0.05), (17, 0.01)):
        neurons = join([tiled(q, WAVES[q], n, *shape, strength=10 / q) for q, shape in shapes.items()])
        said, done = formula(*wave_strengths(neurons), P), execute(neurons, P)
        for q in shapes:
            left.append(np.abs(columns(said - done, q)).max() / np.abs(columns(done, q)).max())
            assert left[-1] < most, (n, q)
        for q in set(WIDTHS) - set(shapes):
            assert (columns(said, q) == 0).all()
    assert sum(left[4:]) < sum(left[:4]) / 3


def test_several_waves_add_up_and_each_has_its_own_strength():
    parts = [tiled(13, 4, 12), tiled(13, 2, 12, 1.4, 0.6, -0.3, 2.0), tiled(7, 3, 12, 0.5, 0.5, 0.1)]
    neurons = join(parts)
    order = np.random.default_rng(0).permutation(len(neurons.q))
    q, k, strength = wave_strengths(Neurons(*(field[order] for field in neurons)))
    assert q.tolist() == [7, 13, 13] and k.tolist() == [3, 2, 4]
    np.testing.assert_allclose(strength, [one(0.5, 0.5, 0.1, 1, 1), 2 * one(1.4, 0.6, -0.3, 1, 1), one(1, 1, 0, 1, 1)])
    np.testing.assert_allclose(formula(q, k, strength, P), sum(formula(*wave_strengths(part), P) for part in parts), atol=1e-12)
    np.testing.assert_allclose(formula(q, k, strength, P), execute(neurons, P), atol=0.03 * strength.sum())


def test_the_formula_is_a_wave_of_n_minus_c():
    logits = formula(np.asarray([5, 5]), np.asarray([1, 2]), np.asarray([2.0, 0.5]), 11)
    assert logits.shape == (121, 17)
    for n, c in ((0, 0), (7, 3), (120, 4)):
        assert logits[n, 5 + c] == pytest.approx(2 * np.cos(2 * np.pi * (n - c) / 5) + 0.5 * np.cos(4 * np.pi * (n - c) / 5))
    assert (logits[:, 5:10].argmax(axis=1) == np.arange(121) % 5).all()


def test_parity_is_exact():
    assert [field.item() for field in wave_strengths(parity_neurons(1.7))] == [2, 1, pytest.approx(1.7)]
    np.testing.assert_allclose(execute(parity_neurons(1.7), P), formula(*wave_strengths(parity_neurons(1.7)), P), atol=1e-12)
    rng, M = np.random.default_rng(1), 7
    a0, a1, b = rng.uniform(0.2, 2, (3, M))
    phi0, phi1, psi = np.pi * rng.integers(0, 2, (3, M))
    neurons = Neurons(np.full(M, 2), np.ones(M, int), a0, phi0, a1, phi1, rng.normal(size=M), b, psi)
    done, said = execute(neurons, P), formula(*wave_strengths(neurons), P)
    np.testing.assert_allclose(on_both_digits(done, P), on_both_digits(said, P), atol=1e-12)
    assert np.abs(done - said).max() > 1  # any neurons have parts on one digit too
    torus = (b * harmonic(a0, a1, neurons.c, 1, 1) * np.cos(psi - phi0 - phi1)).sum()
    assert abs(torus - wave_strengths(neurons)[2].item()) > 0.1  # the mean over all angles is not that over two signs


# --- populations that do not tile


def test_tied_phases_leave_a_factor_that_the_formula_lacks():
    neurons, amplitude = wave_neurons(13, 4, 9, 3.0), 2 / (3 * np.pi) * 3  # of the second harmonic of a rectified wave
    wave = columns(formula(np.asarray([13]), np.asarray([4]), np.asarray([amplitude]), P), 13)
    done = columns(execute(neurons, P), 13)
    assert np.abs(done - wave * tied_factor(P, 13, 4)[:, None]).max() < 0.03 * amplitude  # nine phases alias a little
    assert np.abs(done - wave).max() > 0.5 * amplitude
    assert wave_strengths(neurons)[2].item() == pytest.approx(2 / np.pi * amplitude)  # the factor's mean over the torus
    assert 0.75 < formula_share(population(lambda q, k: wave_neurons(q, k, 9))) < 0.9
    assert formula_share(population(tiled)) > 0.999


def test_the_factor_is_that_of_half_the_difference():
    n = np.asarray([0, 24, 100, 528])
    alpha, beta = 2 * np.pi * 4 * (n % P) / 13, 2 * np.pi * 4 * P * (n // P) / 13
    np.testing.assert_allclose(tied_factor(P, 13, 4)[n], np.abs(np.cos((alpha - beta) / 2)), atol=1e-12)
    assert tied_factor(P, 13, 4).min() < 0.13


def test_the_formula_needs_the_phase_that_is_read_to_be_the_sum():
    good, rng = population(tiled), np.random.default_rng(0)
    assert formula_share(good._replace(psi=rng.uniform(0, 2 * np.pi, len(good.q)))) < 0
    assert formula_share(good._replace(psi=good.phi0 - good.phi1)) < 0
    shifted = formula_share(good._replace(psi=good.psi + np.where(good.q > 2, 0.5, 0)))  # as well as a phase off by half a radian is
    assert 0.5 < shifted < 0.9


def test_balance_of_tiled_and_of_tied_phases():
    two = Neurons(*(field[:2] for field in tiled(7, 2)))
    left_out = (parity_neurons(), tiled(5, 1, 1), two)  # the prime 2 and waves of one or two neurons
    found = balance(join([*left_out, tiled(13, 4, 9, 1.3, 0.7, 0.2), tiled(19, 7)]))
    assert found["left"].shape == (len(HARMONICS), 2) and all(found[name].shape == (2,) for name in ("one", "two", "random_phases"))
    np.testing.assert_allclose(found["left"][0], 1)
    assert max(found["left"][1:].max(), found["one"].max(), found["two"].max()) < 1e-12
    np.testing.assert_allclose(found["random_phases"], 1 / 9)  # 81 neurons alike
    tied = dict(zip(HARMONICS, balance(wave_neurons(13, 4, 9))["left"][:, 0], strict=True))
    for (m, n), left in tied.items():  # m + n = 2 stands, (2, 0) and (0, 2) with a third of what is kept
        assert left == pytest.approx({(1, 1): 1, (2, 0): 1 / 3, (0, 2): 1 / 3}.get((m, n), 0), abs=1e-12)
    spread = tiled(13, 4)
    on_x0 = balance(spread._replace(phi1=0 * spread.phi1, psi=spread.phi0))["left"][:, 0]  # phases of x0 alone: all with m = 1 stand
    assert [(m, n) for (m, n), left in zip(HARMONICS, on_x0, strict=True) if left > 1e-9] == [(1, 1), (1, 0), (1, -1), (1, 3)]


def test_random_phases_leave_what_is_said():
    neurons = join([tiled(211, k, 4, 1.2, 0.8, 0.3) for k in range(1, 101)])
    assert balance(neurons)["left"][1:].max() < 1e-12
    found = balance(neurons, seed=0)
    for name, null in (("left", "random"), ("one", "random_phases"), ("two", "random_phases")):
        np.testing.assert_allclose(np.sqrt((found[name] ** 2).mean(axis=-1)), found[null].mean(axis=-1), rtol=0.25, err_msg=name)


def test_resultants():
    assert resultants(population(tiled)) == (pytest.approx(1), pytest.approx(0, abs=1e-12))
    assert resultants(population(lambda q, k: wave_neurons(q, k, 9))) == (pytest.approx(1), pytest.approx(1))
    rng, good = np.random.default_rng(0), population(tiled)
    assert max(resultants(good._replace(**{name: rng.uniform(0, 2 * np.pi, len(good.q)) for name in ("phi0", "phi1", "psi")}))) < 0.1


def test_the_neurons_of_trained_networks_tile():
    for found in tilings("laptop"):
        assert found["sum"] > 0.99 and found["difference"] < 0.1
        left, random = np.median(found["left"], axis=1), np.median(found["random"], axis=1)
        assert left[0] > 0.99 and (left[1:] < 0.6 * random[1:]).all()
