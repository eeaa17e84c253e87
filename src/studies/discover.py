"""One circuit of one task of a trained network: what the command `discover` asks for."""

import re
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from ..circuits.discovery import METHODS, THRESHOLDS, Task, acdc
from ..circuits.faithfulness import ENOUGH, choose, faithfulness
from ..circuits.graph import Groups
from ..network.runs import Run
from ..numbers.integers import primes_below
from .circuits import prime_groups

GRAINS = ("primes", "mlp")


class Found(NamedTuple):
    """A circuit: which edges it keeps (E,), their scores (E,), and in words how it was chosen."""

    kept: np.ndarray
    scores: np.ndarray
    rule: str


def task_prime(text: str, run: Run) -> int:
    """The q of "q=13" or "13". Raises `ValueError` naming the tasks there are."""
    primes = primes_below(run.config.p)
    match = re.fullmatch(r"(?:q=)?(\d+)", text.replace(" ", ""))
    if match is None or int(match[1]) not in primes:
        raise ValueError(f"--task {text}: the tasks of this run are q=2 ... q={primes[-1]}, the primes below {run.config.p}")
    return int(match[1])


def groups_of(run: Run, grain: str) -> Groups:
    """Groups of neurons for a grain: those of each prime, or the whole MLP. Raises `ValueError` for a run that has no circuits."""
    if run.config.task != "residues":
        raise ValueError(f"run {run.config.run!r} was trained on {run.config.task}; circuits are drawn for the residue tasks")
    if run.dataset.widths != tuple(int(q) for q in primes_below(run.config.p)):
        raise ValueError(f"run {run.config.run!r} lacks some primes below {run.config.p} (q_min, q_max); circuits are drawn for all tasks")
    return prime_groups(run) if grain == "primes" else {"mlp": np.ones(run.config.d_mlp, dtype=bool)}


def find_circuit(task: Task, method: str, threshold: float | None, *, quiet: bool = True) -> Found:
    """A circuit by one of `METHODS`: the edges whose score reaches the threshold, or without one the smallest that is faithful enough.

    Thresholds are shares of the damage of cutting every edge.
    """
    unit = task.damage_of_nothing()
    if method == "acdc":
        return _by_acdc(task, unit, threshold, quiet)
    scores = METHODS[method](task)
    scores = scores if method == "edge-pruning" else scores / unit
    if threshold is not None:
        return Found(scores >= threshold, scores, f"scores of at least {threshold:g}")
    return Found(choose(task, scores), scores, f"the shortest start of the ranking with faithfulness {ENOUGH:g}")


def _by_acdc(task: Task, unit: float, threshold: float | None, quiet: bool) -> Found:
    scores = np.zeros(len(task.graph.edges))

    def cut(value: float) -> np.ndarray:
        with tqdm(total=len(scores), desc=f"acdc at {value:.1g}", unit="edge", disable=True if quiet else None, leave=False) as bar:
            return acdc(task, value * unit, progress=bar.update).kept

    if threshold is not None:
        kept = cut(threshold)
        return Found(kept, kept * threshold, f"threshold {threshold:g}")
    for value in THRESHOLDS[::-1]:
        kept = cut(float(value))
        scores = np.maximum(scores, kept * value)
        if faithfulness(task, kept[None])[0] >= ENOUGH:
            break
    return Found(kept, scores, f"the largest threshold of 10^0, 10^-0.5, ... with faithfulness {ENOUGH:g}: {value:.1g}")
