"""Claims: every headline number beside its anchor, its goal and whether it holds.

    python -m src.claims addition            # a table;  --json for a list of rows

A group is a module here with a function `rows() -> list[Claim]`. The paper's tables are these same rows.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from ..tables import pipe_table

Kind = Literal["recomputed", "measured"]


@dataclass(frozen=True)
class Claim:
    """One number over seeds. `recomputed` comes from committed checkpoints, `measured` from recorded trainings."""

    id: str
    claim: str
    values: tuple[float, ...]  # one a seed
    anchor: str  # the published number
    low: float  # the goal: every seed in [low, high]
    high: float
    form: str  # how a value is written, as in format()
    why: str  # what a row that falls short is due to; empty where unknown to be needed
    kind: Kind

    @property
    def ours(self) -> float:
        return float(np.median(self.values))

    @property
    def span(self) -> str:
        """The median, with the range in brackets where seeds differ."""
        if not self.values:
            return ""
        low, high = (f"{v:{self.form}}" for v in (min(self.values), max(self.values)))
        return f"{self.ours:{self.form}}" + (f" ({low} to {high})" if low != high else "")

    @property
    def goal(self) -> str:
        if self.low == self.high:
            return f"exactly {self.low:{self.form}}"
        if not np.isfinite(self.high):
            return f"≥ {self.low:{self.form}}" if np.isfinite(self.low) else "reported"
        return f"≤ {self.high:{self.form}}" if not np.isfinite(self.low) else f"{self.low:{self.form}} to {self.high:{self.form}}"

    @property
    def status(self) -> str:
        """`pass` if every seed meets the goal, else `short`; `blocked` without a value."""
        if not self.values or any(v != v for v in self.values):
            return "blocked"
        return "pass" if all(self.low <= v <= self.high for v in self.values) else "short"

    def to_dict(self) -> dict[str, Any]:
        """The row as data: `{id, claim, ours, range, seeds, anchor, goal, status, why, kind}`; an infinite number is None."""
        row = asdict(self)
        met = self.status == "pass"
        ours, *span = (
            v if np.isfinite(v) else None for v in (self.ours, min(self.values, default=np.nan), max(self.values, default=np.nan))
        )
        return {
            "id": self.id, "claim": self.claim, "ours": ours, "range": span if self.values else [],
            "seeds": len(self.values), "anchor": self.anchor, "goal": self.goal, "status": self.status, "why": "" if met else row["why"],
            "kind": self.kind,
        }  # fmt: skip


def claim(
    id: str, text: str, values: Sequence[float] | np.ndarray, *, anchor: str = "none", low: float = -np.inf, high: float = np.inf,
    form: str = ".3g", why: str = "", kind: Kind = "recomputed",
) -> Claim:  # fmt: skip
    """A row from one value a seed. A goal is an interval; without one the number is reported and stands."""
    return Claim(id, text, tuple(float(v) for v in np.atleast_1d(values)), anchor, low, high, form, why, kind)


def claims_markdown(rows: Sequence[Claim]) -> str:
    """The rows as a table: ours is the median with the range over seeds. The anchors are left out where no row has one."""
    anchored = any(row.anchor != "none" for row in rows)
    header = ("id", "claim", "ours, median (range)", "seeds", *(["anchor"] if anchored else []), "goal", "status")
    body = []
    for row in rows:
        goal = row.goal.replace("≥ ", "≥\u00a0").replace("≤ ", "≤\u00a0")
        body.append((row.id, row.claim, row.span, len(row.values), *([row.anchor] if anchored else []), goal, row.status))
    return pipe_table(header, body, "lllrlll" if anchored else "lllrll")


def shortfalls_markdown(rows: Sequence[Claim]) -> str:
    """One line for each row that falls short, with its reason."""
    lines = [f"- **{row.id}** ({row.claim}): {row.why or 'the cause is not known'}." for row in rows if row.status != "pass"]
    return "\n".join(lines) or "Every row meets its goal."
