"""Primality by composition: a network that predicts n mod q for all primes q < p decides primality below p**2.

n < p**2 is prime if and only if n > 1 and n mod q != 0 for every prime q < p other than n itself. The 'itself' matters for the
primes below p, each of which is 0 modulo itself; n = 0 and n = 1 are not prime whatever their residues.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from src.checkpoint import Run
from src.integers import primes_below, sieve
from src.model import predict
from src.packing import split_logits


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
