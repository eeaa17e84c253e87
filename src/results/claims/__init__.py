"""Claims: every headline number beside its anchor, its goal and whether it holds. Rows and nothing else; what they compute is in `studies`.

Start reading with `claim`, then any other module here. A group is the claims of the modules that `GROUPS` names.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType

from .claim import Claim

GROUPS: dict[str, tuple[str, ...]] = {
    "addition": ("addition",),
    "residues": ("residues", "dissociation", "shared"),
    "algorithm": ("account", "causal", "alphabet", "causes", "formation", "algorithm"),
    "circuits": ("compiled", "circuits"),
    "integers": ("integers", "sequences"),
    "scale": ("scale", "growth", "wide"),
}


def modules(group: str) -> list[ModuleType]:
    """The modules of a group. Raises `ValueError` naming the groups there are."""
    if group not in GROUPS:
        raise ValueError(f"no group {group!r}; there are {', '.join(GROUPS)}")
    return [import_module(f".{name}", __name__) for name in GROUPS[group]]


@cache
def slugs(group: str) -> dict[str, Callable[[], Claim]]:
    """The slug of every row of a group, in order, with what computes that row, once."""
    return {slug: cache(make) for module in modules(group) for slug, make in module.claims.calls()}


def rows(group: str) -> tuple[Claim, ...]:
    """Every row of a group."""
    return tuple(make() for make in slugs(group).values())


def row(slug: str) -> Claim:
    """One row by its slug, as "residues.simplified.wrong-cells". Raises `KeyError` naming the nearest there are."""
    group = slug.partition(".")[0]
    found = slugs(group) if group in GROUPS else {}
    if slug not in found:
        near = [name for name in found if name.rpartition(".")[0] == slug.rpartition(".")[0]] or list(found) or list(GROUPS)
        raise KeyError(f"no claim {slug!r}; near it are {', '.join(near[:12])}")
    return found[slug]()


def headline(of: Sequence[Claim]) -> str:
    """How many rows with a goal meet it, and how many have none."""
    goals = [one for one in of if one.goal is not None]
    met = sum(one.status == "pass" for one in goals)
    return f"{met} of {len(goals)} rows with a goal meet it; {len(of) - len(goals)} are reported without one"
