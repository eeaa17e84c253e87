"""The law of bases: which n mod q a network learns from digits, by how many different weights it puts on them."""

import numpy as np
from scipy.stats import spearmanr

from ..network.runs import Run
from ..numbers.integers import n_digits, order_of, primes_below
from .arrays import Arrays


def difficulty(base: int, q: int, n_max: int) -> int:
    """The law of bases: how many different weights n mod q puts on the digits of n < n_max. 0: the last digit alone decides; 1: the digit
    sum does; 2: alternating sums; and so on up to the number of digits."""
    return min(order_of(base, q), n_digits(n_max - 1, base))


def law_outcome(runs: list[list[Run]]) -> Arrays:
    """`skill` (configs, seeds, T): held-out accuracy above chance, as a share of what can be had, mean over training: high where a task is
    learned early and well; `final` the same at the end; `difficulty` and `order` (configs, T); `q` (T,)."""
    q = primes_below(runs[0][0].config.q_max + 1)
    above = lambda accuracy: (accuracy - 1 / q) / (1 - 1 / q)  # noqa: E731
    skill = np.asarray([[above(run.metrics["valid_accuracy"]).mean(axis=0) for run in seeds] for seeds in runs])
    final = np.asarray([[above(run.metrics["valid_accuracy"][-1]) for run in seeds] for seeds in runs])
    configs = [seeds[0].config for seeds in runs]
    return {
        "skill": skill, "final": final, "q": q,
        "difficulty": np.asarray([[difficulty(c.base, int(one), c.n_max) for one in q] for c in configs]),
        "order": np.asarray([[order_of(c.base, int(one)) for one in q] for c in configs]),
    }  # fmt: skip


def law_correlation(found: Arrays, predictor: str) -> np.ndarray:
    """Spearman correlation over all (base, q) between skill and minus `difficulty`, or minus q itself: one for each seed."""
    x = found["difficulty"] if predictor == "difficulty" else np.broadcast_to(found["q"], found["difficulty"].shape)
    return np.asarray([spearmanr(-x.ravel(), found["skill"][:, s].ravel())[0] for s in range(found["skill"].shape[1])])


def law_null(found: Arrays, seed: int, draws: int = 200) -> np.ndarray:
    """`law_correlation` of one seed with the difficulties of each base permuted over q: (draws,)."""
    rng, one = np.random.default_rng(seed), {**found, "skill": found["skill"][:, seed : seed + 1]}
    permuted = ({**one, "difficulty": rng.permuted(found["difficulty"], axis=1)} for _ in range(draws))
    return np.asarray([law_correlation(each, "difficulty")[0] for each in permuted])
