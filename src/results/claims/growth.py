"""Scale: what a network must have more of as p grows, and how fast training is beside its peers."""

import numpy as np

from ...numbers.integers import primes_below
from ...studies.description import growth
from ...studies.growth import needed, operations
from ..evidence import wrong_over
from ..grids import GROWTH_P, ROWS_P, SWEPT_P
from ..reads import remembered
from ..registry import arrays
from ..speed import CONTESTANTS, RACES, SEEDS
from .claim import COUNT, RATIO, Claims, Form, at_least, fraction

claims = Claims("scale")
POWER = Form(".2f")


@remembered
def _needs(what: str) -> tuple[np.ndarray, np.ndarray]:
    """The p (P,), and what each seed needs at each: (P, seeds)."""
    p, values, wrong = wrong_over(what)
    cells = [one * one * len(primes_below(one)) for one in p]
    return np.asarray(p), np.asarray([[needed(values, row, n) for row in rows.T] for rows, n in zip(wrong, cells, strict=True)])


def _powers(p: np.ndarray, need: np.ndarray) -> list[float]:
    return [growth(p, one) for one in need.T]


_TEXT = "where one cell in 10,000 is wrong (inf: more are, whatever was tried)"


@claims.add("growth.width.p-{p}", f"p = {{p}}: width of the stream {_TEXT}", form=COUNT, kind="measured", over={"p": GROWTH_P})
def width_needed(p: int):
    return _needs("width")[1][GROWTH_P.index(p)]


@claims.add("growth.share.p-{p}", f"p = {{p}}: share trained on {_TEXT}", form=fraction(2), kind="measured", over={"p": ROWS_P})
def share_needed(p: int):
    return _needs("share")[1][ROWS_P.index(p)]


@claims.add("growth.width.power", f"the width grows as this power of p; p = {GROWTH_P}", form=POWER, kind="measured")
def width_power():
    return _powers(*_needs("width"))


@claims.add(
    "growth.rows.power",
    f"the rows to train on grow as this power of p, of which there are p squared; p = {ROWS_P}",
    form=POWER,
    kind="measured",
)
def rows_power():
    p, share = _needs("share")
    return _powers(p, share * np.square(p)[:, None])


_REACHED = (53, 71, 113)  # of SWEPT_P, where every seed has every task at 99% within the schedule


@claims.add(
    "growth.steps.power", f"the steps to 99% held out on every task, at width 256, grow as this power of p; p = {_REACHED}",
    form=POWER, kind="measured",
)  # fmt: skip
def steps_power():
    steps = arrays("residues-p")["steps_to_generalise"][[SWEPT_P.index(p) for p in _REACHED]].astype(float)
    return _powers(np.asarray(_REACHED), np.where(steps < 0, np.inf, steps))


# --- what the interval of Lee and Kim would take

FAR = 1009  # every n < 1,018,081


@claims.add(
    "growth.p-1009.days", f"p = {FAR}, as many steps at the width and share of p = 113: days of the machine that was timed",
    form=COUNT, kind="measured",
)  # fmt: skip
def far_days():
    at, config = next((i, config) for i, (config, _) in enumerate(RACES) if config.p == 113)
    here, there = (
        operations(config.train_fraction * p * p, config.d_model, config.d_mlp, int(sum(primes_below(p)))) for p in (config.p, FAR)
    )
    return config.steps * arrays("speed-cpu")["seconds"][at, :, 0] * there / here / 86_400


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
    why=lambda i, p, **_: "most of a step is matrix products, which all contestants do alike" if p == 53 else "it does not fit into memory",
)  # fmt: skip
def speed(i: int, p: int, optimizer: str, peer: str, slug: str):
    found = arrays("speed-cpu")["ratio"][i, :, CONTESTANTS.index(peer)]
    return found[np.isfinite(found)]


@claims.add(
    "speed.p-{p}-{optimizer}.peak", "CPU, p = {p}, {optimizer}: the trainer's share of a plain matrix product's speed (rounds for seeds)",
    form=Form(".0%", 0), kind="measured",
    over=[{"i": i, "p": config.p, "optimizer": config.optimizer} for i, (config, _) in enumerate(RACES)],
    goal=lambda i, p, optimizer: at_least(0.6) if p == 53 else None, why="tables, masks and the optimiser cost as much as the products",
)  # fmt: skip
def peak(i: int, p: int, optimizer: str):
    return arrays("speed-cpu")["peak"][i]


@claims.add(
    "speed.seeds-{n}", "CPU, p = 53: seconds a step of {n} seeds in one program over those of one (rounds for seeds)",
    form=RATIO, kind="measured", over={"n": SEEDS},
)  # fmt: skip
def seeds(n: int):
    return arrays("speed-cpu")["seeds"][:, SEEDS.index(n)]
