"""Two dictionaries of waves over the digits, and how much of anything they explain.

- The **DFT over Z/p**: cos, sin(2 pi k x / p). Nanda et al. 2023 (arXiv 2301.05217, section 4.1) read modular addition in it.
- The **rational dictionary**: cos, sin(2 pi k n / q) for the primes q < p, where n = x0 + p x1. Its phase is k/q a step of x0 and k p / q a
  step of x1. A function of period q is not periodic on p points, so this is the basis for n mod q.

Frequencies are in turns a step. A *family* joins one frequency theta0 on x0 with one theta1 on x1: {1, cos, sin}(x0) x {1, cos, sin}(x1).
Rows run over all inputs, x0 fastest: row x0 + p x1. Everything here is NumPy in float64.
"""

from typing import NamedTuple

import numpy as np

from ..numbers.integers import primes_below


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


class Rational(NamedTuple):
    """The rational dictionary for p: entry i is the wave of k_i / q_i turns a step of n."""

    q: np.ndarray  # (M,) int, prime
    k: np.ndarray  # (M,) int, 1 <= k <= q / 2
    theta0: np.ndarray  # (M,) turns a step of x0: k / q
    theta1: np.ndarray  # (M,) turns a step of x1: k p / q mod 1, folded nowhere


def rational_dictionary(p: int) -> Rational:
    """Every (q, k) with q < p prime and 1 <= k <= q / 2: M = 1 + sum over odd q of (q - 1) / 2 waves."""
    pairs = [(int(q), k) for q in primes_below(p) for k in range(1, q // 2 + 1)]
    q, k = np.asarray(pairs).T
    return Rational(q, k, k / q, (k * p % q) / q)


def waves(theta: np.ndarray, n: int) -> np.ndarray:
    """1, cos and sin of 2 pi theta x on x = 0 ... n - 1, made orthonormal: float64 (..., n, 3).

    A frequency of 1/2 has no sine, one of 0 neither wave: the columns that vanish are zero.
    """
    theta = np.asarray(theta, dtype=np.float64)
    angle = 2 * np.pi * theta[..., None] * np.arange(n)
    columns = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)], axis=-1)
    for j in range(3):  # Gram-Schmidt, twice for float64's sake
        v = columns[..., j]
        for _ in range(2):
            before = columns[..., :j]
            v = v - (before @ (before.swapaxes(-1, -2) @ v[..., None]))[..., 0]
        norm = np.linalg.norm(v, axis=-1, keepdims=True)
        columns[..., j] = np.where(norm > 1e-6, v / np.maximum(norm, 1e-6), 0)
    return columns


def family_variance(y: np.ndarray, p: int, theta0: np.ndarray, theta1: np.ndarray) -> np.ndarray:
    """Share of each column's variance that the family (theta0_i, theta1_i) explains, for every i.

    **Arguments:** y, float (p * p, C); theta0 and theta1, float (M,), in turns a step.
    **Returns:** float64 (M, C) in [0, 1]; 0 for a constant column. The family has 8 dimensions besides the constant.
    Raises `ValueError` where y has not p * p rows.
    """
    y = np.asarray(y, dtype=np.float64)
    if len(y) != p * p:
        raise ValueError(f"{len(y)} rows are not the {p * p} inputs of p={p}")
    y = y.reshape(p, p, -1)  # [x1, x0, column]
    y = y - y.mean(axis=(0, 1))
    total = (y**2).sum(axis=(0, 1))
    u0, u1 = waves(theta0, p), waves(theta1, p)
    half = np.tensordot(u0, y, axes=([1], [1]))  # (M, 3, x1, C)
    coefficients = np.einsum("mxj,mixc->mijc", u1, half, optimize=True)
    explained = (coefficients**2).sum(axis=(1, 2))
    return explained / np.where(total > 1e-12 * max(total.max(), 1e-300), total, np.inf)


def family_basis(p: int, theta0: float, theta1: float) -> np.ndarray:
    """The family's orthonormal directions over all inputs, constant left out: float64 (p * p, <= 8)."""
    u0, u1 = waves(np.asarray(theta0), p), waves(np.asarray(theta1), p)
    products = np.einsum("yj,xi->yxji", u1, u0).reshape(p * p, 9)[:, 1:]
    return products[:, np.linalg.norm(products, axis=0) > 0.5]


def degree_two_basis(p: int, k: int) -> np.ndarray:
    """All polynomials of degree <= 2 in cos, sin(w_k x0) and cos, sin(w_k x1), constant left out: orthonormal (p * p, 12).

    The family of (k/p, k/p) and, since cos^2 and cos sin are waves of the double frequency, those of 2k on either digit alone.
    """
    double = waves(np.asarray(2 * k / p), p)[:, 1:]
    one = np.full((p, 1), p**-0.5)
    on_x0, on_x1 = np.kron(one, double), np.kron(double, one)
    return np.concatenate([family_basis(p, k / p, k / p), on_x0, on_x1], axis=1)


def sum_directions(p: int, frequencies: np.ndarray) -> np.ndarray:
    """cos and sin of w_k (x0 + x1), w_k = 2 pi k / p: orthonormal columns (p * p, 2 K), K frequencies of Z/p."""
    total = np.arange(p)[:, None] + np.arange(p)[None, :]
    angle = 2 * np.pi * np.multiply.outer(total, np.asarray(frequencies)) / p
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(p * p, -1) * np.sqrt(2) / p


def block_directions(p: int, frequencies: np.ndarray) -> np.ndarray:
    """The products {cos, sin}(w_k x0) {cos, sin}(w_k x1): orthonormal (p * p, 4 K); they span sums and differences."""
    basis = fourier_basis(p)
    out = [np.kron(basis[i], basis[j]) for k in frequencies for i in (2 * k - 1, 2 * k) for j in (2 * k - 1, 2 * k)]
    return np.stack(out, axis=1) if out else np.zeros((p * p, 0))


def project(directions: np.ndarray, y: np.ndarray) -> np.ndarray:
    """P y for orthonormal `directions` (N, D) and y (N, ...)."""
    return np.tensordot(directions, np.tensordot(directions, y, axes=([0], [0])), axes=([1], [0]))


def variance_explained(directions: np.ndarray, y: np.ndarray) -> float:
    """Share of y's variance over its first axis that the directions (N, D), each orthogonal to the constant, explain."""
    y = np.asarray(y, dtype=np.float64)
    centred = y - y.mean(axis=0)
    total = (centred**2).sum()
    return float((np.tensordot(directions, centred, axes=([0], [0])) ** 2).sum() / total) if total else 0.0


def peak_frequency(y: np.ndarray) -> np.ndarray:
    """The frequency, in turns a step and not bound to bins, whose wave explains most of each column.

    **Arguments:** y, float (n, C), n samples.
    **Returns:** float64 (C,) in (0, 1/2]: the best of a fine grid, then refined by golden-section steps on the explained power.
    """
    y = np.asarray(y, dtype=np.float64)
    y = y - y.mean(axis=0)
    n = len(y)

    def power(theta: np.ndarray) -> np.ndarray:  # (G,) or (C,) per column
        return ((np.swapaxes(waves(theta, n)[..., 1:], -1, -2) @ y) ** 2).sum(axis=-2)

    grid = np.arange(1, 4 * n + 1) / (8 * n)
    best = grid[power(grid).argmax(axis=0)]
    low, high = best - 1 / (8 * n), np.minimum(best + 1 / (8 * n), 0.5)
    golden = (np.sqrt(5) - 1) / 2

    def at(theta: np.ndarray) -> np.ndarray:
        return ((np.swapaxes(waves(theta, n)[..., 1:], -1, -2) @ y.T[..., None])[..., 0] ** 2).sum(axis=-1)

    for _ in range(40):
        a, b = high - golden * (high - low), low + golden * (high - low)
        left = at(a) > at(b)
        low, high = np.where(left, low, a), np.where(left, b, high)
    return (low + high) / 2
