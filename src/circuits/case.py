"""A network whose circuit is known: its graph, its inputs, and which edges are true.

A true edge under *zero* ablation carries anything that the output needs, constants included. Under *resample* ablation it carries something
that differs between inputs, so that constants drop out. The two lists differ; each case has both.
"""

from typing import NamedTuple

import numpy as np

from .discovery import Metric, Task
from .graph import Ablation, Batch, Edge, Graph, make_batch


class Case(NamedTuple):
    """A network with a known circuit. Under mean ablation the truth is that of resampling: a mean keeps constants as well."""

    name: str
    graph: Graph
    tokens: np.ndarray  # (N, n_ctx)
    labels: np.ndarray  # (N,)
    zero: tuple[Edge, ...]
    resample: tuple[Edge, ...]
    metric: Metric

    def truth(self, ablation: Ablation) -> np.ndarray:
        """The true edges as a mask (E,)."""
        return self.graph.mask(self.zero if ablation == "zero" else self.resample)

    def batch(self, ablation: Ablation, *, seed: int = 0) -> Batch:
        return make_batch(self.graph, self.tokens, self.labels, ablation, seed=seed)

    def task(self, ablation: Ablation, metric: Metric | None = None, *, seed: int = 0) -> Task:
        return Task(self.graph, self.batch(ablation, seed=seed), metric or self.metric)


def edges(*names: str) -> tuple[Edge, ...]:
    """Several edges by name."""
    return tuple(Edge.parse(name) for name in names)
