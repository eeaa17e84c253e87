"""The DFT basis over Z/p, against numpy's FFT and pure cosines."""

import numpy as np
import pytest

from src.fourier import fourier_basis, noise_ceiling, power_by_frequency


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
