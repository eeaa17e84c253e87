"""What the residue networks share: neurons between two primes, directions between the two digits, frequencies between seeds.

A neuron rectifies a wave of x0 plus a wave of x1. From such a sum it can serve alpha + beta for one prime and alpha - beta for another: if
k/q is close to k'/q' and k p / q to -k' p / q' (mod 1), as close as p points can tell, one neuron has both labels. `coincidence`
measures the closeness by arithmetic alone.
"""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from scipy.stats import spearmanr

from ..lens.fourier import rational_dictionary
from ..lens.interventions import run_with_cache
from ..network.runs import Run
from ..numbers.integers import primes_below
from .algorithm import extract
from .arrays import Arrays, stack


def wave_overlap(turns: np.ndarray, p: int) -> np.ndarray:
    """|<e^(2 pi i t x), e^(2 pi i t' x)>|^2 on p points, 1 for equal frequencies, given t - t' in turns (the Dirichlet kernel, squared)."""
    x = (np.asarray(turns) + 0.5) % 1 - 0.5
    safe = np.where(np.abs(x) < 1e-12, 0.5, x)
    return np.where(np.abs(x) < 1e-12, 1.0, (np.sin(np.pi * p * safe) / (p * np.sin(np.pi * safe))) ** 2)


def coincidence(p: int, *, opposite: bool = True) -> np.ndarray:
    """Overlap in [0, 1] of every two rational waves, the sign of x1's frequency reversed if `opposite`: (M, M), dictionary order."""
    d, sign = rational_dictionary(p), -1 if opposite else 1

    def close(s: int) -> np.ndarray:
        return wave_overlap(d.theta0[:, None] - s * d.theta0, p) * wave_overlap(d.theta1[:, None] - s * sign * d.theta1, p)

    return np.maximum(close(1), close(-1))


def usage(q: np.ndarray, k: np.ndarray, p: int) -> np.ndarray:
    """The share of each prime's neurons that each of its waves has: (M',) in the dictionary's order; it sums to 1 over a prime in use."""
    d = rational_dictionary(p)
    counts = ((q[None, :] == d.q[:, None]) & (k[None, :] == d.k[:, None])).sum(axis=1).astype(float)
    totals = np.asarray([counts[d.q == prime].sum() for prime in d.q])
    return counts / np.maximum(totals, 1)


def frequency_agreement(one: np.ndarray, other: np.ndarray, p: int, *, least: int = 11, seed: int | None = None) -> float:
    """Spearman's correlation of two usages within a prime, mean over primes q >= `least`. With `seed` the null: k permuted."""
    d, rng, found = rational_dictionary(p), np.random.default_rng(seed), []
    for q in primes_below(p):
        if q >= least:
            x, y = one[d.q == q], other[d.q == q]
            y = rng.permutation(y) if seed is not None else y
            if np.ptp(x) and np.ptp(y):
                found.append(spearmanr(x, y)[0])
    return float(np.mean(found)) if found else float("nan")


def coinciding_primes(used: np.ndarray, p: int) -> np.ndarray:
    """The largest `coincidence` between waves in use of every two primes: (T, T), diagonal 0."""
    d, primes, near = rational_dictionary(p), primes_below(p), coincidence(p)
    near = near * np.minimum.outer(used > 0, used > 0)
    starts = np.searchsorted(d.q, primes)
    out = np.maximum.reduceat(np.maximum.reduceat(near, starts, axis=0), starts, axis=1)
    np.fill_diagonal(out, 0)
    return out


def best_match(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The largest |correlation| of each column of `one` (N, M) with any column of `other` (N, M'): (M,)."""

    def standard(x: np.ndarray) -> np.ndarray:
        x = x - x.mean(axis=0)
        return x / np.maximum(np.linalg.norm(x, axis=0), 1e-12)

    return np.abs(standard(one).T @ standard(other)).max(axis=1)


def subspace_overlap(one: np.ndarray, other: np.ndarray) -> float:
    """<A A^T, B B^T> / (|A A^T| |B B^T|) for A and B (d, n): 1 for one subspace with equal weights, 0 for orthogonal ones."""
    a, b = one @ one.T, other @ other.T
    return float((a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b)))


def digit_overlap(run: Run) -> tuple[float, float]:
    """Do the neurons read both digits from the same directions of the embedding?

    `subspace_overlap` of the maps from a token at x0 and from one at x1 to the neurons, attention at its mean; and the null, the
    second map turned at random.
    """
    _, cache = run_with_cache(run.model, jnp.asarray(run.dataset.tokens))
    name = "hook_pattern" if run.model.blocks[0].attn.shape_gains is None else "hook_shaped"
    pattern = np.asarray(cache[f"blocks.0.attn.{name}"][:, :, -1].mean(axis=0), np.float64)  # (H, 3)
    attn, W_in = run.model.blocks[0].attn, np.asarray(run.model.blocks[0].mlp.W_in, np.float64)
    V = np.asarray(attn.W_V, np.float64)
    O = np.eye(run.config.d_model).reshape(len(V), -1, run.config.d_model) if attn.W_O is None else np.asarray(attn.W_O, np.float64)  # noqa: E741
    OV = np.einsum("hmd,hdo->hmo", V, O)
    x0, x1 = (np.einsum("h,hmo->mo", pattern[:, i], OV) @ W_in for i in (0, 1))
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(len(x0), len(x0))))[0]
    return subspace_overlap(x0, x1), subspace_overlap(x0, turn @ x1)


def compare(runs: Sequence[Run]) -> Arrays:
    """What the seeds of one run share, S seeds.

    **Returns:** `usage` (S, M'); `agreement` and `agreement_null`, one for each pair of seeds; `match` (S,), the mean over a seed's neurons
    of the best match among the next seed's, and `match_null`, the digits of the next seed renamed at random; `digits`, `digits_null` (S,).
    """
    p, rng, rows, posts = runs[0].config.p, np.random.default_rng(0), [], []
    for run in runs:
        posts.append(np.asarray(run_with_cache(run.model, jnp.asarray(run.dataset.tokens))[1]["blocks.0.mlp.hook_post"][:, -1]))
        neurons, (digits, null) = extract(run), digit_overlap(run)
        rows.append({"usage": usage(neurons.q, neurons.k, p), "digits": np.asarray(digits), "digits_null": np.asarray(null)})
    out = stack(rows)
    pairs = [(out["usage"][i], out["usage"][j]) for i in range(len(runs)) for j in range(i)]
    out["agreement"] = np.asarray([frequency_agreement(*pair, p) for pair in pairs])
    out["agreement_null"] = np.asarray([frequency_agreement(*pair, p, seed=0) for pair in pairs])
    following = [(post, posts[(i + 1) % len(runs)]) for i, post in enumerate(posts)]
    renamed = (p * rng.permutation(p)[:, None] + rng.permutation(p)[None, :]).reshape(-1)
    out["match"] = np.asarray([best_match(one, other).mean() for one, other in following])
    out["match_null"] = np.asarray([best_match(one, other[renamed]).mean() for one, other in following])
    return out


COINCIDE, HARMED = 0.3, 0.01  # two primes coincide from this overlap on; a prime is harmed from this loss of accuracy on


def harmed_pairs(analysis: Arrays, used: np.ndarray, p: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each seed, of the pairs of primes: how many are harmed, one losing accuracy when the other's neurons are ablated; how many of
    those coincide; and the share that coincides of all pairs: (seeds,) each."""
    upper = np.triu_indices(len(primes_below(p)), 1)
    rows = []
    for ablated, u in zip(analysis["ablated"], used, strict=True):
        near = coinciding_primes(u, p)[upper] >= COINCIDE
        harm = np.maximum(1 - ablated, 1 - ablated.T)[upper] >= HARMED
        rows.append((harm.sum(), (near & harm).sum(), near.mean()))
    harmed, both, everywhere = np.asarray(rows).T
    return harmed.astype(int), both.astype(int), everywhere
