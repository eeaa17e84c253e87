"""Networks that are asked directly which integers are prime, in several encodings; and primality composed of residues.

All numbers are on held-out rows.
"""

import numpy as np

from ..network.model import predict
from ..network.packing import split_logits
from ..network.runs import Run
from ..network.tasks.primality import decade_numbers, numbers
from ..numbers.hypotheses import HYPOTHESES, agreement, recall_by_factor, scores
from ..numbers.integers import sieve
from ..numbers.sparse import rule
from .arrays import Arrays, stack
from .composition import predicted_residues, primes_from_residues


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
