"""Lee & Kim 2024 (arXiv 2402.03363) at small scale: a sparse encoding of n, and a rule that says what a network can see in it.

Their network is shown (n div N O, n mod N O div O, n mod O) with M = N = O = 150, trained below 10^6 and tested from there to 3 10^6,
and has a recall above 99% on primes and 79% on the others. **The rule**: all that the encoding shows at a glance is n mod O, so that
such a network can call n prime if it is coprime to O and do no better. It says before any training what the recall on
composites will be for any O.
"""

import numpy as np

from .hypotheses import knows, prime_factors_of, scores
from .integers import sieve

TRAINED_BELOW, TESTED_BELOW = 1_000_000, 3_000_000
THEIRS = 150
BASES = (127, 128, 150, 210)


def rule(base: int, n: np.ndarray) -> np.ndarray:
    """What "coprime to the base" calls prime among n (N,): (N,) bool."""
    return knows(prime_factors_of(base))(n)


def predict(base: int, low: int = TRAINED_BELOW, high: int = TESTED_BELOW) -> dict[str, float]:
    """`numbers.hypotheses.scores` of the rule on all n in [low, high): the prediction, made without a network."""
    n = np.arange(low, high)
    return scores(rule(base, n), sieve(high)[low:])


def predictions() -> list[float]:
    """Recall of composites by the rule, for each base of the sparse encoding."""
    return [predict(base)["recall_composites"] for base in BASES]
