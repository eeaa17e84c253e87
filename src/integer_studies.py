"""Networks that are asked of integers directly: prime or not in several encodings, and n mod q in several bases.

Functions from trained runs, one list of seeds for each config, to arrays, for `src.sweeps`. All numbers are on held-out rows.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import spearmanr

from src.checkpoint import Run
from src.config import Config
from src.hypotheses import HYPOTHESES, agreement, recall_by_factor, scores
from src.integers import n_digits, primes_below, sieve
from src.measure import Arrays, stack
from src.model import predict
from src.packing import split_logits
from src.primality import predicted_residues, primes_from_residues
from src.sparse import BASES as SPARSE_BASES
from src.sparse import TESTED_BELOW, TRAINED_BELOW, rule
from src.tasks import decade_numbers, numbers

DECADE_BASES, DECADE_SHARES = (10, 21, 30, 231), (0.5, 0.8, 0.9)
_SMALL = Config(d_model=64, d_mlp=256, steps=1000, decay=0.4)
DECADES = tuple(
    replace(_SMALL, run=f"decades-{base}-{share}", task="decades", base=base, train_fraction=share, steps=800, dropout=0.2)
    for base in DECADE_BASES
    for share in DECADE_SHARES
)


def _direct(name: str, **changes) -> Config:
    return replace(_SMALL, run=f"primality-{name}", task="primality", balanced=True, **changes)


DIRECT = {
    "digits, base 10": _direct("10", base=10),
    "digits, base 101": _direct("101", base=101),
    "digits, base 30": _direct("30", base=30),
    "digits, base 210": _direct("210", base=210),
    "residues, q < 101": _direct("residues", encoding="residues", p=101),
}


def _parts(name: str, base: int, **changes) -> Config:
    return _direct(f"{name}-{base}", encoding="parts", base=base, n_max=TESTED_BELOW, train_below=TRAINED_BELOW, **changes)


# A tenth of Lee & Kim's numbers, on which networks learn a rule, and a fiftieth, which they learn by heart.
SPARSE = tuple(
    _parts("sparse", base, sample=300_000, d_model=32, d_mlp=128, steps=150, dropout=0.2, eval_every=50) for base in SPARSE_BASES
)
SPARSE_FEW = tuple(_parts("sparse-few", base, sample=60_000, steps=600) for base in SPARSE_BASES)

LAW_BASES, LAW_Q = (6, 8, 9, 10, 12, 14, 15, 16, 21, 22, 30, 36), 23
LAW = tuple(replace(_SMALL, run=f"divisibility-{base}", task="divisibility", base=base, q_max=LAW_Q, sample=5000) for base in LAW_BASES)


def calls(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Every held-out number that a network was asked about, prime or not, and which of them it calls prime: (K,) int and (K,) bool.

    Raises `ValueError` for a run whose tasks are not that question.
    """
    if run.config.task not in ("decades", "primality"):
        raise ValueError(f"run {run.config.run!r} was trained on {run.config.task}; it is not asked which numbers are prime")
    n = decade_numbers() if run.config.task == "decades" else numbers(run.config)[:, None]
    logits = split_logits(predict(run.model, run.dataset.tokens[run.dataset.valid_idx]), run.dataset.widths)
    said = np.stack([np.asarray(part).argmax(axis=-1) for part in logits], axis=-1).astype(bool)
    return n[run.dataset.valid_idx].ravel(), said.ravel()


def primality_outcome(runs: list[list[Run]]) -> Arrays:
    """Of every network: `scores` by name (configs, seeds), `by_factor` (configs, seeds, 12), `agreement` with each hypothesis (configs,
    seeds, hypotheses), `rule`, the share of numbers at which it says what "coprime to the base" says, NaN where it is shown residues
    (configs, seeds); and of every hypothesis on the same numbers `oracle_<score>` (configs, hypotheses)."""
    rows = []
    for seeds in runs:
        found = []
        for run in seeds:
            n, said = calls(run)
            found.append({
                **{name: np.asarray(value) for name, value in scores(said, sieve(int(n.max()) + 1)[n]).items()},
                "by_factor": recall_by_factor(said, n), "agreement": np.asarray(list(agreement(said, n).values())),
                "rule": np.asarray((said == rule(run.config.base, n)).mean() if run.config.encoding != "residues" else np.nan),
                "train_accuracy": np.asarray(np.mean(run.manifest["train_accuracy"])), "seconds": np.asarray(run.manifest["seconds"]),
            })  # fmt: skip
        n, _ = calls(seeds[0])
        truth = sieve(int(n.max()) + 1)[n]
        oracles = [scores(hypothesis(n), truth) for hypothesis in HYPOTHESES.values()]
        of_oracles = {f"oracle_{name}": np.asarray([one[name] for one in oracles]) for name in oracles[0]}
        rows.append({**stack(found), **of_oracles})
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def composed(run: Run) -> Arrays:
    """Primality by composition of a residue network's answers, on the rows that were not trained on: `scores`,
    `agreement` and `by_factor`."""
    said = primes_from_residues(predicted_residues(run), run.config.p)[run.dataset.valid_idx]
    n = run.dataset.valid_idx.astype(np.int64)
    found = {name: np.asarray(value) for name, value in scores(said, sieve(run.config.p**2)[n]).items()}
    return {**found, "agreement": np.asarray(list(agreement(said, n).values())), "by_factor": recall_by_factor(said, n)}


def composed_all(runs: Sequence[Run]) -> Arrays:
    """`composed` of every run: arrays (seeds, ...)."""
    return stack([composed(run) for run in runs])


def order_of(base: int, q: int) -> int:
    """The multiplicative order of `base` modulo the prime q; 0 where q divides it."""
    if base % q == 0:
        return 0
    power, order = base % q, 1
    while power != 1:
        power, order = power * base % q, order + 1
    return order


def difficulty(base: int, q: int, n_max: int) -> int:
    """The law of bases: how many different weights n mod q puts on the digits of n < n_max. 0: the last digit alone decides; 1: the digit
    sum does; 2: alternating sums; and so on up to the number of digits."""
    return min(order_of(base, q), n_digits(n_max - 1, base))


def law_outcome(runs: list[list[Run]]) -> Arrays:
    """`skill` (configs, seeds, T): held-out accuracy above chance, as a share of what can be had, mean over training: high where a task is
    learned early and well; `final` the same at the end; `difficulty` and `order` (configs, T); `q` (T,)."""
    q = primes_below(LAW_Q + 1)
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
