"""Which divisor a residue network finds first: a finer account of primality by composition than right and wrong."""

from collections.abc import Sequence

import numpy as np

from src.checkpoint import Run
from src.integers import least_prime_factor, primes_below
from src.measure import Arrays
from src.primality import predicted_residues


def least_divisors(residues: np.ndarray, p: int) -> np.ndarray:
    """For every n < p**2 the index of the smallest prime q < p, q != n, with residue 0; the number of primes where there is none.

    residues (p**2, pi(p - 1)) of int -> (p**2,) int.
    """
    divides = (residues == 0) & (np.arange(p**2)[:, None] != primes_below(p))
    return np.where(divides.any(axis=1), divides.argmax(axis=1), divides.shape[1])


def divisor_confusion(residues: np.ndarray, p: int) -> np.ndarray:
    """Counts over 1 < n < p**2: least prime factor (row) by the least divisor that the residues give (column); the last of each is
    'prime'. (T + 1, T + 1) int, T = pi(p - 1)."""
    factor = least_prime_factor(p**2)[2:]
    primes = np.asarray(primes_below(p))
    true = np.where(factor == np.arange(2, p**2), len(primes), np.searchsorted(primes, factor))
    counts = np.zeros((len(primes) + 1,) * 2, dtype=np.int64)
    np.add.at(counts, (true, least_divisors(residues, p)[2:]), 1)
    return counts


def divisor_confusion_all(runs: Sequence[Run]) -> Arrays:
    """`divisor_confusion` of every run: `counts` (seeds, T + 1, T + 1)."""
    return {"counts": np.stack([divisor_confusion(predicted_residues(run), run.config.p) for run in runs])}
