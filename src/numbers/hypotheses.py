"""Primality tests as hypotheses about a network: what it calls prime, beside what each test calls prime.

A hypothesis is a function from numbers (N,) to a mask (N,): the numbers that it calls prime. Some are tests of `numbers.integers`, others
know a few divisors only: "2, 3, 5" calls every n prime that none of these divides. `closest` says which one a network is most like.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from .integers import euler, fermat, least_prime_factor, primes_below, sieve, strong_probable_prime

Hypothesis = Callable[[np.ndarray], np.ndarray]


def prime_factors_of(n: int) -> tuple[int, ...]:
    """The primes that divide n >= 1, ascending."""
    return tuple(int(q) for q in primes_below(n + 1) if n % q == 0)


def knows(divisors: Iterable[int]) -> Hypothesis:
    """Calls n prime unless one of the divisors divides it; a divisor itself is called prime."""
    q = np.asarray(tuple(divisors), dtype=np.int64)
    return lambda n: (n > 1) & ~((n[:, None] % q == 0) & (n[:, None] != q)).any(axis=1)


def trial_division_to(limit: int) -> Hypothesis:
    """Trial division by the primes up to `limit`."""
    return knows(int(q) for q in primes_below(limit + 1))


def _each(test: Callable[[int, int], bool], base: int) -> Hypothesis:
    return lambda n: np.asarray([test(int(one), base) for one in n], dtype=bool)


def _strong(n: int, base: int) -> bool:
    return n == 2 or (n > 2 and n % 2 == 1 and strong_probable_prime(n, base))


HYPOTHESES: Mapping[str, Hypothesis] = {
    "2": knows([2]),
    "2, 3": knows([2, 3]),
    "2, 5": knows([2, 5]),
    "2, 3, 5": knows([2, 3, 5]),
    **{f"primes to {limit}": trial_division_to(limit) for limit in (7, 11, 13, 31)},
    "Fermat, base 2": _each(fermat, 2),
    "Euler, base 2": _each(euler, 2),
    "Miller-Rabin, base 2": _each(_strong, 2),
    "all primes (Wilson, AKS)": lambda n: sieve(int(n.max()) + 1)[n],
}


POWERS = tuple(name for name in HYPOTHESES if name.endswith("base 2"))


def mcc(said: np.ndarray, truth: np.ndarray) -> float:
    """Matthews' correlation of two masks (N,): 1 if equal, 0 if unrelated or one of them constant, -1 if opposite (Matthews 1975)."""
    a, b = said - said.mean(), truth - truth.mean()
    spread = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / spread) if spread else 0.0


def scores(said: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """How well `said` (N,) bool tells the primes `truth` (N,) bool: accuracy, balanced accuracy, MCC, precision, recall on primes and on
    composites, and the accuracy of always naming the more frequent class. NaN where a ratio has no terms."""
    hit, n_said, n_true = int((said & truth).sum()), int(said.sum()), int(truth.sum())
    passed = int((~said & ~truth).sum())
    ratio = lambda a, b: a / b if b else float("nan")  # noqa: E731
    recall, others = ratio(hit, n_true), ratio(passed, len(truth) - n_true)
    return {
        "accuracy": (hit + passed) / len(truth), "balanced": (recall + others) / 2, "mcc": mcc(said, truth),
        "precision": ratio(hit, n_said), "recall": recall, "recall_composites": others,
        "majority": float(max(truth.mean(), 1 - truth.mean())),
    }  # fmt: skip


FACTORS = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31)


def recall_by_factor(said: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The share of the composites among n (N,) that are not called prime, by least prime factor: one for each of `FACTORS`, and one for
    all larger factors, (len(FACTORS) + 1,); NaN where there is no such composite."""
    factor = least_prime_factor(int(n.max()) + 1)[n]
    composite = (factor < n) & (n > 1)
    groups = [composite & (factor == q) for q in FACTORS] + [composite & (factor > FACTORS[-1])]
    return np.asarray([(~said[group]).mean() if group.any() else np.nan for group in groups])


def agreement(said: np.ndarray, n: np.ndarray, hypotheses: Mapping[str, Hypothesis] = HYPOTHESES) -> dict[str, float]:
    """`mcc` between what a network calls prime among n (N,) and what each hypothesis does."""
    return {name: mcc(said, hypothesis(n)) for name, hypothesis in hypotheses.items()}


def closest(found: Mapping[str, float]) -> str:
    """The hypothesis with the highest agreement. Of equals, the one named first, which knows least; but the primes themselves before
    tests by powers, which differ from them at a few pseudoprimes only."""
    return max(found, key=lambda name: (round(found[name], 9), name not in POWERS))
