"""Which waves does a prime use? A shared alphabet of frequencies on each digit.

A wave (q, k) has one frequency on x0 and one on x1. Folded to [0, 1/2] turns a step and told in bins of 1/p, what p points can tell apart,
two primes can have one of them in common though their waves are different: a *letter* of that digit. The rule that we find:

    a prime uses those of its waves whose letter on x0 and whose letter on x1 other primes use too.

`support` measures it for a use of all waves, with a narrow kernel and with the prime's own waves left out. `expected` is the rule without a
network: it starts from even use and asks what use the rule would make of it. It knows p and nothing else.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

from ..lens.fourier import rational_dictionary
from ..network.config import Config
from ..network.runs import Run
from ..numbers.integers import primes_below
from .algorithm import extract
from .arrays import Arrays
from .shared import frequency_agreement, usage

KERNEL = 0.3  # standard deviation of the kernel between two letters, in bins of 1/p
LEAST = 11  # primes below have too few waves to rank
NEW_P = (97, 101, 103, 107, 109)  # predicted before any network was trained on them


def letters(p: int) -> tuple[np.ndarray, np.ndarray]:
    """The folded frequency of every rational wave on x0 and on x1, in bins of 1/p: (W,) in [0, p/2], dictionary order."""
    d = rational_dictionary(p)
    fold = lambda turns: p * np.minimum(turns % 1, 1 - turns % 1)  # noqa: E731
    return fold(d.theta0), fold(d.theta1)


def support(use: np.ndarray, p: int, *, other_digit: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """How much the waves of other primes in use (W,) share the letter of each wave on x0 and on x1: (W,) each.

    With `other_digit`, the letter that others use on the other digit.
    """
    d, (x0, x1) = rational_dictionary(p), letters(p)
    others = d.q[:, None] != d.q[None, :]
    pairs = ((x0, x1), (x1, x0)) if other_digit else ((x0, x0), (x1, x1))
    near = [np.exp(-(((a[:, None] - b[None, :]) / KERNEL) ** 2) / 2) * others for a, b in pairs]
    return near[0] @ use, near[1] @ use


def even(p: int) -> np.ndarray:
    """Every prime's use spread over all its waves: (W,)."""
    q = rational_dictionary(p).q
    return 1 / np.bincount(q)[q]


def within_primes(weight: np.ndarray, p: int) -> np.ndarray:
    """Weights (W,) scaled to sum to 1 over each prime."""
    q = rational_dictionary(p).q
    return weight / np.maximum(np.bincount(q, weight)[q], 1e-300)


def expected(p: int, rounds: int = 2) -> np.ndarray:
    """Use of every wave from p alone: (W,), summing to 1 over each prime. From even use, `rounds` times: a wave's use becomes
    proportional to the product of its support on x0 and its support on x1."""
    use = even(p)
    for _ in range(rounds):
        x0, x1 = support(use, p)
        use = within_primes(x0 * x1, p)
    return use


def permuted_use(use: np.ndarray, p: int, seed: int) -> np.ndarray:
    """The null: each prime's use permuted over its waves."""
    rng, q, out = np.random.default_rng(seed), rational_dictionary(p).q, np.array(use)
    for prime in primes_below(p):
        mine = np.flatnonzero(q == prime)
        out[mine] = use[rng.permutation(mine)]
    return out


def by_others(use: np.ndarray, p: int) -> np.ndarray:
    """The rule's ranking from the use that other primes make: the product of the supports on both digits, (W,)."""
    return np.prod(support(use, p), axis=0)


def in_letters(use: np.ndarray, p: int, count: int = 15, width: float = 0.5) -> float:
    """The share of use whose letters stand within `width` bins of the best `count` letters of their digit, chosen one after another: the
    mean over the two digits."""
    shares, grid = [], np.arange(0, p / 2 + 0.1, 0.1)
    for x in letters(p):
        left, held = np.array(use), 0.0
        for _ in range(count):
            near = np.abs(grid[:, None] - x[None, :]) <= width
            best = (near @ left).argmax()
            held += left[near[best]].sum()
            left[near[best]] = 0
        shares.append(held / use.sum())
    return float(np.mean(shares))


def alphabet(runs: Sequence[Run], draws: int = 200) -> Arrays:
    """The rule in S networks of one p.

    **Returns:** `use` (S, W). Rank correlations of use within a prime (q >= `LEAST`, mean over primes), (S,): `others` with `by_others`;
    `one_digit` with the better single digit's support; `other_digit` with the support by letters of the other digit; `left_out` with the
    same from the mean use of the other networks; `alone` with `expected`; `even` with one round of it. `null` (draws,), `others` of the
    first network where the use of others is permuted within primes; `alone_null` (draws,), `alone` with the expectation permuted.
    `in_letters` (S,), and of permuted use `in_letters_null`.
    """
    p = runs[0].config.p
    found = [extract(run) for run in runs]
    use = np.stack([usage(neurons.q, neurons.k, p) for neurons in found])

    def rank(score: np.ndarray, u: np.ndarray) -> float:
        return frequency_agreement(score, u, p, least=LEAST)

    guess, once = expected(p), expected(p, 1)
    rest = [np.delete(use, i, axis=0).mean(axis=0) if len(use) > 1 else u for i, u in enumerate(use)]
    shuffled = [permuted_use(use[0], p, seed) for seed in range(draws)]
    return {
        "use": use,
        "others": np.asarray([rank(by_others(u, p), u) for u in use]),
        "one_digit": np.asarray([max(rank(s, u) for s in support(u, p)) for u in use]),
        "other_digit": np.asarray([rank(np.prod(support(u, p, other_digit=True), axis=0), u) for u in use]),
        "left_out": np.asarray([rank(by_others(r, p), u) for r, u in zip(rest, use, strict=True)]),
        "alone": np.asarray([rank(guess, u) for u in use]),
        "even": np.asarray([rank(once, u) for u in use]),
        "null": np.asarray([rank(by_others(s, p), use[0]) for s in shuffled]),
        "alone_null": np.asarray([rank(permuted_use(guess, p, seed), use[0]) for seed in range(draws)]),
        "in_letters": np.asarray([in_letters(u, p) for u in use]),
        "in_letters_null": np.asarray([in_letters(permuted_use(u, p, 0), p) for u in use]),
    }


def unusable(config: Config, near: float = 0.5) -> np.ndarray:
    """The waves that networks of a config have no use for: (W,) bool. They are of primes that are not trained on, or have a letter within
    `near` bins of the one that is withheld."""
    d, x = rational_dictionary(config.p), np.stack(letters(config.p))
    withheld = (np.abs(x - config.withhold) <= near).any(axis=0) & (config.withhold > 0)
    return (d.q < config.q_min) | (d.q > config.q_max) | withheld


def support_lost(use: np.ndarray, p: int, gone: np.ndarray) -> np.ndarray:
    """How the rule's support of every wave would change if the waves `gone` (W,) bool had no use: log of the ratio, (W,), 0 where it
    stays, and -30 at the least."""
    before, after = by_others(use, p), by_others(np.where(gone, 0, use), p)
    return np.log(np.maximum(after, 1e-13 * before.max()) / np.maximum(before, 1e-13 * before.max())).clip(-30, 0)


def moved_as_predicted(before: np.ndarray, after: np.ndarray, p: int, gone: np.ndarray, *, seed: int | None = None) -> float:
    """Rank correlation, within a prime, of how the use (W,) of the waves that are not `gone` changed with `support_lost`, mean over primes
    >= `LEAST` with at least five such waves. The prediction is made of `before` alone. With a `seed` the null: permuted within primes."""
    d, rng, found = rational_dictionary(p), np.random.default_rng(seed), []
    predicted, change = support_lost(before, p, gone), after - before
    for prime in primes_below(p):
        mine = np.flatnonzero((d.q == prime) & ~gone)
        if prime >= LEAST and len(mine) >= 5 and np.ptp(predicted[mine]) and np.ptp(change[mine]):
            found.append(spearmanr(predicted[rng.permutation(mine) if seed is not None else mine], change[mine])[0])
    return float(np.mean(found)) if found else float("nan")


def predictions() -> Arrays:
    """`expected` for every p of `NEW_P`, by p: what networks not yet trained will use, (W,) each in the dictionary's order."""
    return {str(p): expected(p) for p in NEW_P}
