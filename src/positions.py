"""The coarsest grain of a circuit: one edge from each position to each task, all paths between them cut at once."""

from collections.abc import Sequence

import numpy as np

from src.checkpoint import Run
from src.circuit_study import METRIC, ROWS, task_batch
from src.circuits import residue_graph
from src.discovery import Task
from src.integers import primes_below
from src.measure import Arrays, stack

POSITIONS = ("x0", "x1", "=")


def position_edges(run: Run, *, rows: int = ROWS) -> np.ndarray:
    """Damage of cutting everything that a position's embedding sends, resample ablation, over that of cutting every edge: (T, 3).

    An edge (position, task) is needed where this is near 1. Raises `ValueError` for another task, as `residue_graph` does.
    """
    out, everything = [], {"mlp": np.ones(run.config.d_mlp, dtype=bool)}
    for q in (int(q) for q in primes_below(run.config.p)):
        graph = residue_graph(run.model, run.config, everything, q)
        task = Task(graph, task_batch(run, graph, q, "resample", rows=rows), METRIC)
        masks = np.asarray([[edge.sender != position for edge in graph.edges] for position in POSITIONS])
        out.append(task.mean_damage(masks) / task.damage_of_nothing())
    return np.asarray(out)


def position_edges_all(runs: Sequence[Run]) -> Arrays:
    """`position_edges` of every run: (seeds, T, 3)."""
    return stack([{"damage": position_edges(run)} for run in runs])
