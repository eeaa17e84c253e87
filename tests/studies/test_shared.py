"""What is shared between primes, digits and seeds: by arithmetic, by inner products, and on cases with a known answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.lens.fourier import rational_dictionary
from src.network.runs import load_run
from src.numbers.integers import primes_below
from src.studies.shared import (
    best_match,
    coincidence,
    coinciding_primes,
    compare,
    frequency_agreement,
    harmed_pairs,
    subspace_overlap,
    usage,
    wave_overlap,
)


@given(st.integers(5, 113), st.floats(0, 1), st.floats(0, 1))
def test_overlap_is_the_inner_product(p, one, other):
    x = np.arange(p)
    product = abs(np.exp(2j * np.pi * (one - other) * x).sum() / p) ** 2
    np.testing.assert_allclose(wave_overlap(one - other, p), product, atol=1e-6)


def test_a_wave_coincides_with_itself_and_opposite_waves_are_found():
    p = 113
    d, same, opposite = rational_dictionary(p), coincidence(p, opposite=False), coincidence(p)
    np.testing.assert_allclose(np.diagonal(same), 1)
    np.testing.assert_allclose(opposite, opposite.T, atol=1e-9)
    i, j = (int(np.flatnonzero((d.q == q) & (d.k == k))[0]) for q, k in ((73, 23), (83, 26)))
    x = np.arange(p)
    one, other = ([np.exp(2j * np.pi * t[m] * x) for t in (d.theta0, d.theta1)] for m in (i, j))
    direct = abs(np.vdot(one[0], other[0]) * np.vdot(one[1], other[1].conj())) ** 2 / p**4
    np.testing.assert_allclose(opposite[i, j], direct)
    assert opposite[i, j] > 0.8 and same[i, j] < 0.01


def test_usage_and_agreement():
    p, rng = 53, np.random.default_rng(0)
    d = rational_dictionary(p)
    waves = rng.integers(0, len(d.q), 300)
    one = usage(d.q[waves], d.k[waves], p)
    np.testing.assert_allclose([one[d.q == q].sum() for q in np.unique(d.q[waves])], 1)
    assert frequency_agreement(one, one, p) == pytest.approx(1)
    assert abs(np.mean([frequency_agreement(one, one, p, seed=s) for s in range(50)])) < 0.1


def test_coinciding_primes_need_the_waves_in_use():
    p = 113
    d, primes = rational_dictionary(p), list(primes_below(113))
    used = ((d.q == 73) & (d.k == 23)) | ((d.q == 83) & (d.k == 26))
    found = coinciding_primes(used.astype(float), p)
    assert found[primes.index(73), primes.index(83)] > 0.8 and (found > 0).sum() == 2


def test_harmed_pairs_are_counted():
    p = 113
    d, primes = rational_dictionary(p), list(primes_below(113))
    used = (((d.q == 73) & (d.k == 23)) | ((d.q == 83) & (d.k == 26))).astype(float)
    ablated = np.ones((3, len(primes), len(primes)))
    ablated[:, range(len(primes)), range(len(primes))] = 0.1  # a prime's own accuracy is no pair
    ablated[1:, primes.index(73), primes.index(83)] = 0.9
    ablated[2, primes.index(3), primes.index(5)] = 0.98
    harmed, both, everywhere = harmed_pairs({"ablated": ablated}, np.stack([used] * 3), p)
    assert harmed.tolist() == [0, 1, 2] and both.tolist() == [0, 1, 1]
    np.testing.assert_allclose(everywhere, 1 / 406)


def test_matches_and_overlaps():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 4))
    np.testing.assert_allclose(best_match(x, -2 * x[:, ::-1] + 3), 1)
    a = np.linalg.qr(rng.normal(size=(20, 10)))[0]
    assert subspace_overlap(a[:, :5], a[:, :5]) == pytest.approx(1) and subspace_overlap(a[:, :5], a[:, 5:]) == pytest.approx(0, abs=1e-12)


def test_seeds_agree_beyond_the_null():
    found = compare([load_run("laptop", seed) for seed in (0, 1)])
    assert found["match"].min() > 2 * found["match_null"].max() and found["usage"].shape[0] == 2
    assert (found["digits"] > found["digits_null"]).all()
