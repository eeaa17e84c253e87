"""Scale: what a network must have more of as p grows, and how fast training is beside its peers."""

from functools import cache

import numpy as np

from ...numbers.integers import primes_below
from ...studies.growth import exponent, needed
from ..grids import GROWTH_P, GROWTH_SHARES, GROWTH_WIDTHS, SWEPT_P
from ..registry import arrays
from ..speed import CONTESTANTS, RACES, SEEDS
from .claim import COUNT, RATIO, Claims, Form, at_least, fraction, share

claims = Claims("scale")
FULL = {"width": 256, "share": 0.8}  # of the networks of `residues-p`, which the sweeps here complete
POWER = Form(".2f")


@cache
def _needs(what: str) -> np.ndarray:
    """What each seed needs at each p: (P, seeds)."""
    tried, sweep = {"width": (GROWTH_WIDTHS, "scale-widths"), "share": (GROWTH_SHARES, "scale-rows")}[what]
    order = np.argsort((*tried, FULL[what]))
    values = np.asarray((*tried, FULL[what]), float)[order]
    wrong = arrays(sweep)["wrong_cells"].reshape(len(GROWTH_P), len(tried), -1)
    out = []
    for p, rows in zip(GROWTH_P, wrong, strict=True):
        rows = np.concatenate([rows, arrays("residues-p")["wrong_cells"][[SWEPT_P.index(p)]]])[order]
        out.append([needed(values, row, p * p * len(primes_below(p))) for row in rows.T])
    return np.asarray(out)


def _rows() -> np.ndarray:
    return _needs("share") * np.square(GROWTH_P)[:, None]


_TEXT = "where one cell in 10,000 is wrong (inf: more are, whatever was tried)"


@claims.add("growth.width.p-{p}", f"p = {{p}}: width of the stream {_TEXT}", form=COUNT, kind="measured", over={"p": GROWTH_P})
def width_needed(p: int):
    return _needs("width")[GROWTH_P.index(p)]


@claims.add("growth.share.p-{p}", f"p = {{p}}: share trained on {_TEXT}", form=fraction(2), kind="measured", over={"p": GROWTH_P})
def share_needed(p: int):
    return _needs("share")[GROWTH_P.index(p)]


@claims.add("growth.width.power", "the width grows as this power of p", form=POWER, kind="measured")
def width_power():
    return [exponent(np.asarray(GROWTH_P), need) for need in _needs("width").T]


@claims.add("growth.rows.power", "the rows to train on grow as this power of p", form=POWER, kind="measured")
def rows_power():
    return [exponent(np.asarray(GROWTH_P), need) for need in _rows().T]


@claims.add(
    "growth.{what}.null", "the same power for the {what}, with the p in the order in which it is smallest", form=POWER, kind="measured",
    over={"what": ("width", "rows")},
)  # fmt: skip
def power_null(what: str):
    need = _needs("width") if what == "width" else _rows()
    return [exponent(np.asarray(GROWTH_P), np.sort(one)[::-1]) for one in need.T]


_REACHED = (53, 71, 113)  # of SWEPT_P, where every seed has every task at 99% within the schedule


@claims.add(
    "growth.steps.power", f"the steps to 99% held out on every task, at width 256, grow as this power of p; p = {_REACHED}",
    form=POWER, kind="measured",
)  # fmt: skip
def steps_power():
    steps = arrays("residues-p")["steps_to_generalise"][[SWEPT_P.index(p) for p in _REACHED]].astype(float)
    return [exponent(np.asarray(_REACHED), np.where(one < 0, np.inf, one)) for one in steps.T]


# --- speed, a value for each round

_GOALS = {"plain": at_least(5), "PyTorch, eager": at_least(3)}
_RACED = [
    {"i": i, "p": config.p, "optimizer": config.optimizer, "peer": peer, "slug": peer.lower().replace(", ", "-")}
    for i, (config, _) in enumerate(RACES)
    for peer in CONTESTANTS[1:]
]


@claims.add(
    "speed.p-{p}-{optimizer}.{slug}", "CPU, p = {p}, {optimizer}: seconds a step of {peer} over the trainer's (rounds for seeds)",
    form=RATIO, kind="measured", over=_RACED, goal=lambda i, p, optimizer, peer, slug: _GOALS.get(peer) if p == 53 else None,
    why="most of a step is matrix products, which all contestants do alike",
)  # fmt: skip
def speed(i: int, p: int, optimizer: str, peer: str, slug: str):
    return arrays("speed-cpu")["ratio"][i, :, CONTESTANTS.index(peer)]


@claims.add(
    "speed.p-{p}-{optimizer}.peak", "CPU, p = {p}, {optimizer}: the trainer's share of a plain matrix product's speed (rounds for seeds)",
    form=share(0), kind="measured", over=[{"i": i, "p": config.p, "optimizer": config.optimizer} for i, (config, _) in enumerate(RACES)],
)  # fmt: skip
def peak(i: int, p: int, optimizer: str):
    return arrays("speed-cpu")["peak"][i]


@claims.add(
    "speed.seeds-{n}", "CPU, p = 53: seconds a step of {n} seeds in one program over those of one (rounds for seeds)",
    form=RATIO, kind="measured", over={"n": SEEDS},
)  # fmt: skip
def seeds(n: int):
    return arrays("speed-cpu")["seeds"][:, SEEDS.index(n)]
