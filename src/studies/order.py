"""When each residue task arrives in training, and whether p = +-1 mod q brings it forward."""

from collections.abc import Sequence

import numpy as np

from ..network.runs import Run
from ..numbers.integers import primes_below
from .arrays import Arrays


def first_steps(run: Run, threshold: float = 0.99) -> np.ndarray:
    """The step from which each task's held-out accuracy first stands at `threshold`: (T,), NaN where it never does."""
    reached = run.metrics["valid_accuracy"] >= threshold
    return np.where(reached.any(axis=0), run.metrics["step"][reached.argmax(axis=0)], np.nan)


def overtaken(steps: np.ndarray) -> np.ndarray:
    """For each task in order of q, the share of the tasks before it in that order that arrive later: (T,) -> (T,).

    Zero throughout when tasks arrive in order of q. A tie counts half; NaN for the first task, which has none before it.
    `steps` is NaN for never, which is later than any step.
    """
    order = np.where(np.isnan(steps), np.inf, steps)
    later = (order[:, None] < order) + (order[:, None] == order) / 2
    before = np.arange(len(steps))
    with np.errstate(invalid="ignore"):
        return np.tril(later, -1).sum(axis=1) / before


def overtaking_test(steps: list[np.ndarray], primes: list[int], turn: int, draws: int = 5000) -> tuple[float, float, float]:
    """Whether tasks with p = `turn` mod q (1 or -1) arrive before smaller q, over several networks, one for each p.

    Returns the mean share of smaller odd primes that these tasks overtake; the same for the tasks with p neither 1 nor -1; and the
    share of random choices, of as many of the latter in each network, that overtake as much (the p-value of a permutation
    test). The prime 2, first in every network, is left out. `steps` are (T,) with NaN for never.
    """
    rng = np.random.default_rng(0)
    found, others, null = [], [], []
    for values, p in zip(steps, primes, strict=True):
        q = np.asarray(primes_below(p))[2:]
        share = overtaken(values[1 : len(q) + 2])[1:]
        mine, plain = share[(p - turn) % q == 0], share[((p - 1) % q != 0) & ((p + 1) % q != 0)]
        found.append(mine)
        others.append(plain)
        null.append(rng.permuted(np.tile(plain, (draws, 1)), axis=1)[:, : len(mine)])
    statistic = float(np.concatenate(found).mean())
    chance = (np.concatenate(null, axis=1).mean(axis=1) >= statistic - 1e-9).mean()
    return statistic, float(np.concatenate(others).mean()), float(chance)


def overtaking_over_p(found: Arrays, swept: Sequence[int], turn: int) -> tuple[list[tuple[float, float, float]], list[int]]:
    """`overtaking_test` for every seed of a sweep over p (`studies.outcomes.races`), over the p at which every
    seed generalises, and those p."""
    learned = [i for i in range(len(swept)) if (found["valid_accuracy"][i] > 0.999).all()]
    primes = [swept[i] for i in learned]
    seeds = range(found["first_steps"].shape[1])
    return [overtaking_test([found["first_steps"][i, s] for i in learned], primes, turn) for s in seeds], primes
