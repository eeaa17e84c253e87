"""The discrete Fourier basis over Z/p, and how much of a weight each frequency holds.

Nanda et al. 2023 (arXiv 2301.05217, section 4.1) read W_E in this basis. A function of n with period q is not
periodic on p points unless q = p, so for the residue tasks this basis is the wrong one; the paper says more.
"""

import numpy as np


def fourier_basis(p: int) -> np.ndarray:
    """Orthonormal real basis of functions on Z/p, p odd: float64 (p, p), rows 1, cos 1, sin 1, cos 2, sin 2, ...

    Row 2k - 1 is sqrt(2/p) cos(2 pi k x / p), row 2k is sqrt(2/p) sin(2 pi k x / p), k = 1 ... (p - 1) / 2.
    """
    if p < 3 or p % 2 == 0:
        raise ValueError(f"p={p}: must be odd and >= 3")
    angle = 2 * np.pi * np.outer(np.arange(1, (p - 1) // 2 + 1), np.arange(p)) / p
    basis = np.full((p, p), p**-0.5)
    basis[1::2], basis[2::2] = np.sqrt(2 / p) * np.cos(angle), np.sqrt(2 / p) * np.sin(angle)
    return basis


def power_by_frequency(x: np.ndarray) -> np.ndarray:
    """Share of the variance of x over its first axis at each frequency of Z/p.

    **Arguments:** x, float (p, ...), a weight whose first axis is the digit.
    **Returns:** float64 ((p - 1) / 2,), entry k - 1 for frequency k; non-negative, summing to 1. The mean over digits is left out.
    """
    x = np.asarray(x, dtype=np.float64).reshape(len(x), -1)
    power = (fourier_basis(len(x))[1:] @ x) ** 2
    by_frequency = power.sum(axis=1).reshape(-1, 2).sum(axis=1)
    return by_frequency / by_frequency.sum()


def noise_ceiling(p: int, columns: int, *, quantile: float = 0.99, draws: int = 200, seed: int = 0) -> float:
    """The null for `power_by_frequency`: the `quantile` of the largest share over frequencies, for Gaussian noise (p, columns)."""
    rng = np.random.default_rng(seed)
    largest = [power_by_frequency(rng.standard_normal((p, columns))).max() for _ in range(draws)]
    return float(np.quantile(largest, quantile))
