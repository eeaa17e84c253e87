"""A run of a reader's own beside the committed seeds: the same functions, and what those seeds let expect."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from ...network.runs import Run
from ..evidence import Block
from . import modules
from .claim import Claim, Form


class Beside(NamedTuple):
    """One row of a run, the same row over committed seeds, and where 99% of new seeds are to be expected."""

    mine: Claim
    committed: Claim
    low: float
    high: float

    @property
    def inside(self) -> str:
        """Whether the run's value lies there: yes, above, below, or unknown where one of them is missing."""
        ours = self.mine.ours
        return "yes" if self.low <= ours <= self.high else "above" if ours > self.high else "below" if ours < self.low else "unknown"

    def to_dict(self) -> dict[str, Any]:
        """The pair as data; an infinite number is None."""
        low, high = (v if np.isfinite(v) else None for v in (self.low, self.high))
        return {"run": self.mine.to_dict(), "committed": self.committed.to_dict(), "expected": [low, high], "inside": self.inside}


def prediction_interval(values: Sequence[float], form: Form, share: float = 0.99) -> tuple[float, float]:
    """Where this share of new seeds falls if seeds are normally distributed (Student's t); never narrower than the range of `values`, and
    never beyond what `form` says is possible."""
    n = len(values)
    if not n or any(v != v for v in values):
        return float("nan"), float("nan")
    half = stats.t.ppf((1 + share) / 2, n - 1) * np.std(values, ddof=1) * np.sqrt(1 + 1 / n) if n > 1 else np.inf
    middle = float(np.mean(values))
    return max(min(middle - half, *values), form.low), min(max(middle + half, *values), form.high)


def beside(group: str, run: Run) -> list[Beside]:
    """The rows of a group that are about one block, for this run. Raises `ValueError` where the run or the group has none."""
    own = Block.of(run)
    pairs = [
        (mine, committed)
        for module in modules(group)
        for mine, committed in zip(module.claims.rows_for(block=own), module.claims.rows_for(block=Block(own.run)), strict=True)
    ]
    if not pairs:
        raise ValueError(f"the group {group} has no rows of one run; residues and algorithm have")
    return [Beside(mine, committed, *prediction_interval(committed.values, committed.form)) for mine, committed in pairs]
