"""A run of a reader's own beside the committed seeds: the same functions, and what those seeds let expect."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from ...network.runs import Run
from ..evidence import Block
from . import modules
from .claim import Claim, Form


class Beside(NamedTuple):
    """One row of a run, the same row over committed seeds if there are any, and where 99% of new seeds are to be expected."""

    mine: Claim
    committed: Claim | None
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
        theirs = self.committed.to_dict() if self.committed else None
        return {"run": self.mine.to_dict(), "committed": theirs, "expected": [low, high], "inside": self.inside}


def prediction_interval(values: Sequence[float], form: Form, share: float = 0.99) -> tuple[float, float]:
    """Where this share of new seeds falls if seeds are normally distributed (Student's t); never narrower than the range of `values`, and
    never beyond what `form` says is possible."""
    n = len(values)
    if not n or any(v != v for v in values):
        return float("nan"), float("nan")
    half = stats.t.ppf((1 + share) / 2, n - 1) * np.std(values, ddof=1) * np.sqrt(1 + 1 / n) if n > 1 else np.inf
    middle = float(np.mean(values))
    return max(min(middle - half, *values), form.low), min(max(middle + half, *values), form.high)


def beside(group: str, run: Run, say: Callable[[str], None] = lambda line: None) -> list[Beside]:
    """The rows of a group that are about one block, for this run. Raises `ValueError` where the run or the group has none."""
    own = Block.of(run)
    if not any(module.claims.taking("block") for module in modules(group)):
        raise ValueError(f"the group {group} has no rows of one run; residues and algorithm have")
    say(f"analysing {run.config.run}, seed {run.config.seed}: under a minute at p = 53, some ten at p = 113")
    mine = [row for module in modules(group) for row in module.claims.rows_for(block=own)]
    if not own.committed:
        return [Beside(row, None, float("nan"), float("nan")) for row in mine]
    theirs = [row for module in modules(group) for row in module.claims.rows_for(block=Block(own.run))]
    return [Beside(row, one, *prediction_interval(one.values, one.form)) for row, one in zip(mine, theirs, strict=True)]
