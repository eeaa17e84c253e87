"""Torus tiling: why the neurons of one wave add up to a single cosine, and what is left where they do not tile.

**The neurons.** With alpha = 2 pi k x0 / q, beta = 2 pi k p x1 / q and gamma = 2 pi k c / q, neuron j of the wave (q, k) computes

    z_j = relu(a0_j cos(alpha - phi0_j) + a1_j cos(beta - phi1_j) + c_j)   and writes   b_j cos(gamma - psi_j) z_j   to class c of task q.

**Its harmonics.** The ReLU of two cosines is an even function on the torus of both angles, so it has a cosine series,

    relu(a0 cos u + a1 cos v + c) = sum over whole m, n of R_mn cos(m u) cos(n v),   R_mn = mean of relu(...) cos(m u) cos(n v).

**Tiling.** Let psi = phi0 + phi1, and let phi0 and phi1 be spread over the torus, each pair alike. Averaged over the neurons, harmonic
(m, n) carries the factor e^(i (phi0 + phi1 - m phi0 - n phi1)), which has mean zero but for m = n = 1. One term is left:

    logit_q(c) = sum over k of S_k cos(2 pi k (x0 + p x1 - c) / q),     S_k = sum over the neurons of (q, k) of b_j R_11(a0_j, a1_j, c_j).

It depends on n = x0 + p x1 alone. Phases on a line, phi0 = phi1, leave every harmonic with m + n = 2 standing: (2, 0) and (0, 2) add the
factor |cos((alpha - beta) / 2)| of networks whose phases are tied (arXiv 2412.03773 for addition).

For q = 2 angles are 0 or pi, and the series is that of a function of two signs: R_11 is its mean with their product.
"""

from itertools import pairwise

import numpy as np

from ..circuits.by_hand import Neurons
from ..numbers.integers import primes_below
from .arrays import Arrays

# The harmonics that the phases must cancel, besides (1, 1), which they must keep.
HARMONICS = ((1, 1), (1, 0), (0, 1), (2, 0), (0, 2), (2, 2), (1, -1), (3, 1), (1, 3))


def _inner(A: np.ndarray, a1: np.ndarray, n: int) -> np.ndarray:
    """Mean over v of relu(A + a1 cos v) cos(n v), in closed form."""
    v = np.arccos(np.clip(-A / np.maximum(a1, 1e-300), -1, 1))
    if n == 0:
        return (A * v + a1 * np.sin(v)) / np.pi
    below = v if n == 1 else np.sin((n - 1) * v) / (n - 1)
    return (A * np.sin(n * v) / n + a1 / 2 * (below + np.sin((n + 1) * v) / (n + 1))) / np.pi


def harmonic(a0: np.ndarray, a1: np.ndarray, c: np.ndarray, m: int, n: int, *, nodes: int = 48) -> np.ndarray:
    """R_mn, the mean over the torus of relu(a0 cos u + a1 cos v + c) cos(m u) cos(n v): (M,) for amplitudes >= 0 of shape (M,).

    The integral over v is in closed form. That over u is Gauss-Legendre between the points where the inner one changes its form, with a
    substitution that smooths them: exact to about 1e-12 of the largest amplitude. The sign of m and n does not matter.
    """
    a0, a1, c = (np.asarray(x, np.float64)[..., None] for x in (a0, a1, c))
    m, n = abs(m), abs(n)
    safe = np.maximum(a0, 1e-300)
    first, second = (np.arccos(np.clip((s * a1 - c) / safe, -1, 1)) for s in (1, -1))
    edges = (np.zeros_like(a0), first, second, np.full_like(a0, np.pi))
    x, weight = np.polynomial.legendre.leggauss(nodes)
    t, weight = np.pi / 4 * (x + 1), np.pi / 4 * weight
    total = np.zeros(a0.shape[:-1])
    for low, high in pairwise(edges):
        u = low + (high - low) * np.sin(t) ** 2
        total += ((high - low) * np.sin(2 * t) * weight * np.cos(m * u) * _inner(a0 * np.cos(u) + c, a1, n)).sum(axis=-1)
    return total / np.pi


def _parity(s: Neurons) -> np.ndarray:
    """R_11 of neurons of the prime 2 with the signs that their phases hide: mean of z u v over u, v = +-1, times the sign written."""
    u, v = (np.asarray(signs)[:, None] for signs in ((1, 1, -1, -1), (1, -1, 1, -1)))
    z = np.maximum(s.a0 * np.cos(s.phi0) * u + s.a1 * np.cos(s.phi1) * v + s.c, 0)
    return (z * u * v).mean(axis=0) * np.cos(s.psi)


def wave_strengths(neurons: Neurons) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """q, k and S of every wave in use, (W,) each: S = sum of b R_11 over its neurons, from the weights alone."""
    each = neurons.b * harmonic(neurons.a0, neurons.a1, neurons.c, 1, 1)
    two = neurons.q == 2
    each[two] = (neurons.b * _parity(neurons))[two]
    waves, which = np.unique(np.stack([neurons.q, neurons.k], axis=1), axis=0, return_inverse=True)
    return waves[:, 0], waves[:, 1], np.bincount(which.reshape(-1), each, len(waves))


def formula(q: np.ndarray, k: np.ndarray, strength: np.ndarray, p: int) -> np.ndarray:
    """Packed logits sum over k of S_k cos(2 pi k (n - c) / q) for all n < p**2: float64 (p * p, sum of the primes below p)."""
    out, n = [], np.arange(p * p)
    for prime in primes_below(p):
        mine = q == prime
        table = np.cos(2 * np.pi * np.outer(np.arange(prime), k[mine]) / prime) @ strength[mine]  # by (n - c) mod q
        out.append(table[(n[:, None] - np.arange(prime)[None, :]) % prime])
    return np.concatenate(out, axis=1)


def tied_factor(p: int, q: int, k: int) -> np.ndarray:
    """|cos((alpha - beta) / 2)| for all n < p**2, the factor of neurons with phi0 = phi1: (p * p,)."""
    x0, x1 = np.arange(p)[None, :], np.arange(p)[:, None]
    return np.abs(np.cos(np.pi * k * (x0 - p * x1) / q)).reshape(-1)


def balance(neurons: Neurons, *, seed: int | None = None) -> Arrays:
    """How far the phases cancel every other harmonic, odd primes, W waves with at least three neurons and something written.

    Each neuron writes harmonic (m, n) with weight b |R_mn| and phase psi - m phi0 - n phi1. **Returns:** `left` (H, W), for every harmonic
    of `HARMONICS` the length of the sum over a wave's neurons by the sum of b R_11: the size of the term that is left beside the one kept;
    `random` (H, W), the root mean square of what phases drawn at random leave; `one` and `two` (W,), |sum w e^(i psi)|
    and |sum w e^(2 i psi)| with weights w = b R_11 of sum 1; `random_phases` (W,), what random phases leave of them.
    With a `seed` the null: every neuron's three phases drawn at random.
    """
    if seed is not None:
        rng = np.random.default_rng(seed)
        neurons = neurons._replace(**{name: rng.uniform(0, 2 * np.pi, len(neurons.q)) for name in ("phi0", "phi1", "psi")})
    waves, which, count = np.unique(np.stack([neurons.q, neurons.k], axis=1), axis=0, return_inverse=True, return_counts=True)
    which = which.reshape(-1)
    kept = neurons.b * harmonic(neurons.a0, neurons.a1, neurons.c, 1, 1)
    keep = (waves[:, 0] > 2) & (count >= 3) & (np.bincount(which, kept, len(waves)) > 0)

    def total(weight: np.ndarray) -> np.ndarray:
        return (np.bincount(which, np.real(weight), len(waves)) + 1j * np.bincount(which, np.imag(weight), len(waves)))[keep]

    scale = np.real(total(kept))
    left, random = [], []
    for m, n in HARMONICS:
        weight = neurons.b * harmonic(neurons.a0, neurons.a1, neurons.c, m, n)
        left.append(np.abs(total(weight * np.exp(1j * (neurons.psi - m * neurons.phi0 - n * neurons.phi1)))) / scale)
        random.append(np.sqrt(np.real(total(weight**2))) / scale)
    one, two = (np.abs(total(kept * np.exp(1j * h * neurons.psi))) / scale for h in (1, 2))
    return {
        "left": np.asarray(left), "random": np.asarray(random), "one": one, "two": two,
        "random_phases": np.sqrt(np.real(total(kept**2))) / scale,
    }  # fmt: skip


def resultants(neurons: Neurons) -> tuple[float, float]:
    """Mean resultant lengths over all neurons of odd primes: of phi0 + phi1 - psi (1 where the sum is read) and of phi0 - phi1 (0 where the
    torus is tiled, 1 where the phases are tied)."""
    odd = neurons.q > 2
    total, difference = neurons.phi0 + neurons.phi1 - neurons.psi, neurons.phi0 - neurons.phi1
    return float(np.abs(np.exp(1j * total[odd]).mean())), float(np.abs(np.exp(1j * difference[odd]).mean()))
