"""Primality by composition: a network that predicts n mod q for all primes q < p decides primality below p**2.

n < p**2 is prime if and only if n > 1 and n mod q != 0 for every prime q < p other than n itself. The 'itself' matters for the
primes below p, each of which is 0 modulo itself; n = 0 and n = 1 are not prime whatever their residues.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from ..network.model import predict
from ..network.packing import split_logits
from ..network.runs import Run
from ..numbers.integers import least_prime_factor, primes_below, sieve
from .arrays import Arrays


class Confusion(NamedTuple):
    """Counts over all n < p**2."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def precision(self) -> float:
        return self.true_positive / max(self.true_positive + self.false_positive, 1)

    @property
    def recall(self) -> float:
        return self.true_positive / max(self.true_positive + self.false_negative, 1)


def primes_from_residues(residues: np.ndarray, p: int) -> np.ndarray:
    """Which n < p**2 the residues call prime: residues (p**2, pi(p - 1)) of int -> (p**2,) bool."""
    n = np.arange(p**2)
    divides = (residues == 0) & (n[:, None] != primes_below(p))
    return (n > 1) & ~divides.any(axis=1)


def predicted_residues(run: Run) -> np.ndarray:
    """What the network predicts for every n < p**2: (p**2, pi(p - 1)) int. Raises `ValueError` on another task."""
    if run.config.task != "residues":
        raise ValueError(f"run {run.config.run!r} was trained on {run.config.task}, not on residues")
    logits = predict(run.model, jnp.asarray(run.dataset.tokens))
    return np.stack([np.asarray(part).argmax(axis=-1) for part in split_logits(logits, run.dataset.widths)], axis=1)


def primality(run: Run) -> Confusion:
    """The network's primality test against the sieve, over all n < p**2."""
    said, truth = primes_from_residues(predicted_residues(run), run.config.p), sieve(run.config.p**2)
    return Confusion(int((said & truth).sum()), int((said & ~truth).sum()), int((~said & truth).sum()), int((~said & ~truth).sum()))


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


def primality_counts(run: Run) -> Arrays:
    """`primality` of one network: `counts` (4,), in the order of `Confusion`."""
    return {"counts": np.asarray(primality(run))}


def divisors(run: Run) -> Arrays:
    """`divisor_confusion` of one network: `counts` (T + 1, T + 1)."""
    return {"counts": divisor_confusion(predicted_residues(run), run.config.p)}


DRAWS = 1000


def harmless(residues: np.ndarray, labels: np.ndarray, p: int, rng: np.random.Generator, draws: int = DRAWS) -> float:
    """The null of a perfect test: how often as many wrong residues of the same primes, placed on random rows with random wrong classes,
    make no n < p**2 misjudged. `residues`, `labels` (p**2, T) of int -> a share of the `draws`."""
    primes, verdict = np.asarray(primes_below(p)), sieve(p**2)
    task = np.nonzero(residues != labels)[1]
    clean = 0
    for _ in range(draws):
        rows, at = np.unique(rng.integers(0, p**2, len(task)), return_inverse=True)
        some = labels[rows]
        some[at, task] = (some[at, task] + rng.integers(1, primes[task])) % primes[task]
        divides = (some == 0) & (rows[:, None] != primes)
        clean += np.array_equal((rows > 1) & ~divides.any(axis=1), verdict[rows])
    return clean / draws


def placed_at_random(run: Run) -> Arrays:
    """`harmless` for one network's wrong residues: `clean` ()."""
    return {"clean": np.asarray(harmless(predicted_residues(run), run.dataset.labels, run.config.p, np.random.default_rng(0)))}
