"""A claim: one number over seeds beside its anchor and its goal, with the function that computes it.

    claims = Claims("residues")

    @claims.add("{block}.wrong-cells", "{block} block: wrong cells of 370,301", form=COUNT, goal=exactly(0), over={"block": BLOCKS},
                why="every wrong cell is a held-out row of a prime from 79 up")
    def wrong_cells(block):
        return block.analysis["wrong"]

A function makes one row, or one for each of the values in `over`; slug, statement, goal, anchor and why stand beside it and may name those
values in braces. Slugs start with the group's name, are unique over all groups, and stay: documents cite rows by them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, Literal, NamedTuple

import numpy as np

from ..evidence import NETWORKS
from ..reads import reading

Kind = Literal["recomputed", "measured"]
Status = Literal["pass", "short", "blocked", "reported"]
STATUSES: tuple[Status, ...] = ("pass", "short", "blocked", "reported")


class Form(NamedTuple):
    """How a value is written, as in format(), and what values are possible."""

    spec: str
    low: float = -np.inf
    high: float = np.inf

    def __call__(self, value: float) -> str:
        text = f"{value:{self.spec}}"
        return text if any(digit in text.partition("e")[0] for digit in "123456789") or not np.isfinite(value) else f"{0.0:{self.spec}}"


COUNT = Form(",.0f", 0)
RATIO = Form(".2f", 0)
CORRELATION = Form(".2f", -1, 1)


def share(digits: int = 1) -> Form:
    """A share in percent with so many digits after the point."""
    return Form(f".{digits}%", 0, 1)


def fraction(digits: int = 3) -> Form:
    """A share between 0 and 1, or a correlation that cannot be negative, as a decimal."""
    return Form(f".{digits}f", 0, 1)


class Goal(NamedTuple):
    """Every seed is to lie in [low, high]."""

    low: float = -np.inf
    high: float = np.inf

    def text(self, form: Form) -> str:
        if self.low == self.high:
            return f"exactly {form(self.low)}"
        if not np.isfinite(self.high):
            return f"≥ {form(self.low)}"
        return f"{form(self.low)} to {form(self.high)}" if np.isfinite(self.low) else f"≤ {form(self.high)}"


def exactly(value: float) -> Goal:
    return Goal(value, value)


def at_least(value: float) -> Goal:
    return Goal(low=value)


def at_most(value: float) -> Goal:
    return Goal(high=value)


def between(low: float, high: float) -> Goal:
    return Goal(low, high)


@dataclass(frozen=True)
class Claim:
    """One number over seeds. `recomputed` comes from committed checkpoints, `measured` from recorded trainings."""

    slug: str
    claim: str
    values: tuple[float, ...]  # one a seed
    anchor: str  # the published number
    goal: Goal | None
    form: Form
    why: str  # what a row that falls short is due to
    kind: Kind
    function: str  # module and name
    made_of: tuple[str, ...] = ()  # the results and the runs that it reads, by name

    @property
    def ours(self) -> float:
        """The median over seeds."""
        return float(np.median(self.values)) if self.values else float("nan")

    @property
    def span(self) -> str:
        """The median, with the range in brackets where seeds differ."""
        if not self.values:
            return ""
        low, high = (self.form(v) for v in (min(self.values), max(self.values)))
        return self.form(self.ours) + (f" ({low} to {high})" if low != high else "")

    @property
    def goal_text(self) -> str:
        return self.goal.text(self.form) if self.goal else "none"

    @property
    def status(self) -> Status:
        """`pass` if every seed meets the goal, else `short`; `reported` without a goal, `blocked` without a value."""
        if not self.values or any(v != v for v in self.values):
            return "blocked"
        if self.goal is None:
            return "reported"
        return "pass" if all(self.goal.low <= v <= self.goal.high for v in self.values) else "short"

    @property
    def reason(self) -> str:
        """Why a row is short or blocked; nothing for the others."""
        return (self.why or "the cause is not known") if self.status in ("short", "blocked") else ""

    def to_dict(self) -> dict[str, Any]:
        """The row as data; an infinite number is None."""
        numbers = (self.ours, min(self.values, default=np.nan), max(self.values, default=np.nan))
        ours, *span = (v if np.isfinite(v) else None for v in numbers)
        return {
            "id": self.slug, "claim": self.claim, "ours": ours, "range": span if self.values else [], "seeds": len(self.values),
            "anchor": self.anchor, "goal": self.goal_text, "status": self.status, "why": self.reason, "kind": self.kind,
            "function": self.function,
        }  # fmt: skip


Text = str | Callable[..., str]  # with the values of `over` in braces, or a function of them
Values = Any  # one number a seed: a sequence, an array, or a number where there are no seeds


def on(text: str) -> Text:
    """A statement about the network of a run, which it names first."""
    return lambda run, **given: f"{NETWORKS[run]}: {text.format(**given)}"


def _say(text: Text, given: Mapping[str, Any]) -> str:
    return text.format(**given) if isinstance(text, str) else text(**given)


class Template(NamedTuple):
    """A decorated function with what stands beside it."""

    slug: str
    text: Text
    form: Form
    goal: Goal | Callable[..., Goal | None] | None
    anchor: Text
    why: Text
    kind: Kind | Callable[..., Kind]
    over: tuple[Mapping[str, Any], ...]
    function: Callable[..., Values]

    def slug_of(self, group: str, given: Mapping[str, Any]) -> str:
        """The slug of the row for one choice of values."""
        return f"{group}.{self.slug.format(**given)}".replace(" ", "-").replace("_", "-").lower()

    def row(self, group: str, given: Mapping[str, Any]) -> Claim:
        """The row for one choice of values."""
        goal, kind = self.goal, self.kind
        with reading() as names:
            values = tuple(float(v) for v in np.atleast_1d(np.asarray(self.function(**given), np.float64)))
        module = self.function.__module__.partition(".")[2]
        return Claim(
            self.slug_of(group, given), _say(self.text, given), values, _say(self.anchor, given),
            goal if goal is None or isinstance(goal, Goal) else goal(**given), self.form, _say(self.why, given),
            kind(**given) if callable(kind) else kind, f"{module}.{self.function.__name__}", tuple(sorted(names)),
        )  # fmt: skip


class Claims:
    """The claims of one module, in order."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.templates: list[Template] = []

    def add(
        self, slug: str, text: Text, *, form: Form = Form(".3g"), goal: Goal | Callable[..., Goal | None] | None = None,  # noqa: B008
        anchor: Text = "none", why: Text = "", kind: Kind | Callable[..., Kind] = "recomputed",
        over: Mapping[str, Iterable[Any]] | Sequence[Mapping[str, Any]] = (),
    ) -> Callable[[Callable[..., Values]], Callable[..., Values]]:  # fmt: skip
        """Decorate a function that returns one value a seed. `over` gives its arguments: names to lists of values, of which every
        combination makes a row, or the combinations themselves."""
        choices = [dict(zip(over, values, strict=True)) for values in product(*over.values())] if isinstance(over, Mapping) else list(over)

        def register(function: Callable[..., Values]) -> Callable[..., Values]:
            self.templates.append(Template(slug, text, form, goal, anchor, why, kind, tuple(choices) or ({},), function))
            return function

        return register

    def calls(self) -> Iterator[tuple[str, Callable[[], Claim]]]:
        """Every slug with the call that computes its row."""
        for template in self.templates:
            for given in template.over:
                yield template.slug_of(self.group, given), partial(template.row, self.group, given)

    def rows(self) -> list[Claim]:
        """Every row."""
        return [make() for _, make in self.calls()]

    def taking(self, *names: str) -> list[Template]:
        """The templates whose functions take just these arguments."""
        return [template for template in self.templates if all(set(given) == set(names) for given in template.over)]

    def rows_for(self, **given: Any) -> list[Claim]:
        """The rows of the functions that take just these arguments, for these values: for a run that is not committed."""
        return [template.row(self.group, given) for template in self.taking(*given)]
