"""The DFT basis over Z/p, against numpy's FFT and pure cosines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.lens.fourier import (
    block_directions,
    degree_two_basis,
    family_basis,
    family_variance,
    fourier_basis,
    noise_ceiling,
    peak_frequency,
    power_by_frequency,
    project,
    rational_dictionary,
    sum_directions,
    variance_explained,
    waves,
)


@pytest.mark.parametrize("p", [3, 7, 53, 113])
def test_basis_is_orthonormal(p):
    basis = fourier_basis(p)
    np.testing.assert_allclose(basis @ basis.T, np.eye(p), atol=1e-12)


def test_power_is_the_ffts_and_finds_a_pure_cosine():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(53, 5))
    fft = (np.abs(np.fft.rfft(x, axis=0)[1:]) ** 2).sum(axis=1)
    np.testing.assert_allclose(power_by_frequency(x), fft / fft.sum(), rtol=1e-9)
    wave = 3 + np.cos(2 * np.pi * 7 * np.arange(53) / 53 + 0.3)
    assert power_by_frequency(wave).argmax() == 6 and np.isclose(power_by_frequency(wave)[6], 1)


def test_noise_stays_under_its_ceiling_about_as_often_as_it_says():
    ceiling = noise_ceiling(53, 32, quantile=0.9)
    rng = np.random.default_rng(99)
    above = np.mean([power_by_frequency(rng.normal(size=(53, 32))).max() > ceiling for _ in range(300)])
    assert 0.03 < above < 0.2


@pytest.mark.parametrize("p", [2, 1, 8])
def test_even_or_small_p_is_refused(p):
    with pytest.raises(ValueError, match=f"p={p}"):
        fourier_basis(p)


def grid(p):
    return np.tile(np.arange(p), p), np.repeat(np.arange(p), p)


def test_the_rational_dictionary_is_n_mod_q():
    p = 13
    x0, x1 = grid(p)
    d = rational_dictionary(p)
    assert len(d.q) == 1 + sum((q - 1) // 2 for q in (3, 5, 7, 11))
    for i in range(len(d.q)):
        phase = d.theta0[i] * x0 + d.theta1[i] * x1
        np.testing.assert_allclose(np.exp(2j * np.pi * phase), np.exp(2j * np.pi * d.k[i] * (x0 + p * x1) / d.q[i]), atol=1e-9)


@given(st.floats(0.0, 0.5), st.integers(5, 40))
def test_waves_are_orthonormal_or_zero(theta, n):
    u = waves(np.asarray(theta), n)
    gram = u.T @ u
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-6)
    assert all(min(abs(g), abs(g - 1)) < 1e-9 for g in np.diag(gram))


@pytest.mark.parametrize(("q", "k"), [(3, 1), (7, 2), (11, 5)])
def test_a_family_explains_all_of_its_own_wave_and_little_of_anothers(q, k):
    p = 13
    n = np.arange(p * p)
    y = np.stack([np.cos(2 * np.pi * k * n / q + 0.4), np.random.default_rng(0).normal(size=p * p), np.ones(p * p)], axis=1)
    d = rational_dictionary(p)
    share = family_variance(y, p, d.theta0, d.theta1)
    mine = (d.q == q) & (d.k == k)
    np.testing.assert_allclose(share[mine, 0], 1)
    assert share[~mine, 0].max() < 0.95 and share[:, 1].max() < 0.35 and (share[:, 2] == 0).all()
    basis = family_basis(p, k / q, (k * p % q) / q)
    np.testing.assert_allclose(variance_explained(basis, y[:, 1]), share[mine, 1])


@pytest.mark.parametrize("make", [sum_directions, block_directions])
def test_operators_are_orthonormal_idempotent_and_complementary(make):
    p, frequencies = 13, np.asarray([2, 5])
    d = make(p, frequencies)
    np.testing.assert_allclose(d.T @ d, np.eye(d.shape[1]), atol=1e-12)
    y = np.random.default_rng(0).normal(size=(p * p, 3))
    kept = project(d, y)
    np.testing.assert_allclose(project(d, kept), kept, atol=1e-12)
    np.testing.assert_allclose(project(d, y - kept), 0, atol=1e-12)
    assert np.isclose((kept**2).sum() + ((y - kept) ** 2).sum(), (y**2).sum())


def test_sum_directions_lie_in_the_blocks_and_blocks_in_degree_two():
    p = 13
    s, b, q = sum_directions(p, np.asarray([4])), block_directions(p, np.asarray([4])), degree_two_basis(p, 4)
    np.testing.assert_allclose(project(b, s), s, atol=1e-12)
    np.testing.assert_allclose(q.T @ q, np.eye(12), atol=1e-12)
    x0, x1 = grid(p)
    w = 2 * np.pi * 4 / p
    squares = (np.cos(w * x0) + 2 * np.sin(w * x1) - 0.5) ** 2
    np.testing.assert_allclose(variance_explained(q, squares), 1)
    assert variance_explained(family_basis(p, 4 / p, 4 / p), squares) < 0.999


def test_the_peak_is_found_between_bins():
    n = np.arange(53)
    theta = np.asarray([0.1234, 3 / 7, 0.0456])
    y = np.cos(2 * np.pi * n[:, None] * theta + 0.7)
    np.testing.assert_allclose(peak_frequency(y), theta, atol=1e-6)


def test_mismatched_p_is_named():
    with pytest.raises(ValueError, match="100 rows are not the 121 inputs of p=11"):
        family_variance(np.zeros((100, 2)), 11, np.asarray([0.1]), np.asarray([0.1]))
