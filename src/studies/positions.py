"""The coarsest grain of a circuit: one edge from each position to each task, all paths between them cut at once."""

import numpy as np

from ..circuits.discovery import Task
from ..circuits.graph import residue_graph
from ..network.runs import Run
from ..numbers.integers import primes_below
from .arrays import Arrays
from .circuits import METRIC, ROWS, task_batch

POSITIONS = ("x0", "x1", "=")


def position_edges(run: Run, *, rows: int = ROWS) -> Arrays:
    """`damage` (T, 3): of cutting everything that a position's embedding sends, resample ablation, over that of cutting every edge.

    An edge (position, task) is needed where this is near 1. Raises `ValueError` for another task, as `residue_graph` does.
    """
    out, everything = [], {"mlp": np.ones(run.config.d_mlp, dtype=bool)}
    for q in (int(q) for q in primes_below(run.config.p)):
        graph = residue_graph(run.model, run.config, everything, q)
        task = Task(graph, task_batch(run, graph, q, "resample", rows=rows), METRIC)
        masks = np.asarray([[edge.sender != position for edge in graph.edges] for position in POSITIONS])
        out.append(task.mean_damage(masks) / task.damage_of_nothing())
    return {"damage": np.asarray(out)}
