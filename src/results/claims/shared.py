"""What primes, digits and seeds share in the residue networks."""

import numpy as np

from ...network.presets import preset
from ...studies.shared import frequency_agreement, harmed_pairs
from ..evidence import BLOCKS
from ..reads import remembered
from ..registry import arrays
from .claim import CORRELATION, COUNT, Claims, Form, at_most, between, share

claims = Claims("residues")
_BLOCKS = [{"block": block, "run": run} for run, block in BLOCKS.items()]


@remembered
def _pairs(run: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return harmed_pairs(arrays(f"{run}-analysis"), arrays(f"{run}-shared")["usage"], preset(run).p)


def _few(run: str) -> str:
    counts = _pairs(run)[0]
    return f"{counts.min()} to {counts.max()}"


@claims.add(
    "{block}.shared.harmed-count",
    "{block}: pairs of primes, of 406, of which one loses 1% or more when the other's neurons are ablated",
    form=COUNT,
    over=_BLOCKS,
)
def harmed_count(block: str, run: str):
    return _pairs(run)[0]


@claims.add("{block}.shared.harmed-coincide", "{block}: of the pairs harmed so: those whose frequencies coincide", form=COUNT, over=_BLOCKS)
def harmed_coincide(block: str, run: str):
    return _pairs(run)[1]


@claims.add(
    "{block}.shared.harmed-pairs",
    lambda block, run: f"{block}: the pairs harmed so that coincide, as a share of {_few(run)} pairs a seed",
    form=share(0),
    over=_BLOCKS,
)
def harmed(block: str, run: str):
    count, both, _ = _pairs(run)
    return both[count > 0] / count[count > 0]


@claims.add(
    "{block}.shared.all-pairs",
    "{block}: control, all pairs of primes: share that coincides",
    form=share(),
    goal=at_most(0.05),
    over=_BLOCKS,
)
def all_pairs(block: str, run: str):
    return _pairs(run)[2]


@claims.add(
    "{block}.shared.frequencies",
    "{block}: frequencies in use: rank correlation within a prime, pairs of seeds",
    form=CORRELATION,
    over=_BLOCKS,
)
def frequencies(block: str, run: str):
    return arrays(f"{run}-shared")["agreement"]


@claims.add(
    "{block}.shared.frequencies-null",
    "{block}: control, frequencies permuted within a prime: rank correlation, pairs of seeds",
    form=CORRELATION,
    goal=between(-0.15, 0.15),
    over=_BLOCKS,
    why="few primes, so the null spreads",
)
def frequencies_null(block: str, run: str):
    return arrays(f"{run}-shared")["agreement_null"]


_SHARED = {
    "neurons": ("match", "neurons: best match in the next seed, mean |correlation|"),
    "neurons-null": ("match_null", "control, the next seed's digits renamed at random: best match of neurons, mean |correlation|"),
    "digits": ("digits", "directions from which x0 and x1 are read: overlap"),
    "digits-null": ("digits_null", "control, one of the maps from x0 and x1 turned at random: overlap of directions"),
}


@claims.add(
    "{block}.shared.{what}",
    lambda block, run, what: f"{block}: {_SHARED[what][1]}",
    form=Form(".2f", 0, 1),
    over=[{**block, "what": what} for block in _BLOCKS for what in _SHARED],
)
def neurons_and_digits(block: str, run: str, what: str):
    return arrays(f"{run}-shared")[_SHARED[what][0]]


@claims.add(
    "split.{rows}-rows",
    "p = 53, {rows} rows trained on: rank correlation of frequencies in use, pairs of seeds",
    form=CORRELATION,
    kind="measured",
    over={"rows": ("same", "other")},
)
def split(rows: str):
    used = arrays("residues-split")["usage"]  # (splits, seeds, waves)
    networks = [(split, one) for split, seeds in enumerate(used) for one in seeds]
    pairs = [(a, b) for i, a in enumerate(networks) for b in networks[:i] if (a[0] == b[0]) == (rows == "same")]
    return [frequency_agreement(a[1], b[1], 53) for a, b in pairs]


_ONE = {
    "wrong-cells": ("wrong_cells", "wrong cells"),
    "steps": ("steps_to_generalise", "steps until every task stands at 99% held out (inf: never)"),
}


@claims.add(
    "{block}.other-split.{what}", lambda block, run, what: f"{block}, other rows trained on, one seed: {_ONE[what][1]}", form=COUNT,
    kind="measured", over=[{**one, "what": what} for one in _BLOCKS for what in _ONE],
)  # fmt: skip
def other_split(block: str, run: str, what: str):
    found = arrays("residues-splits")[_ONE[what][0]][list(BLOCKS).index(run)]
    return np.where(found < 0, np.inf, found)


_BEGAN = {"same-weights": "the seed that began with the same weights", "other-weights": "the other seeds"}


@claims.add(
    "{block}.other-split.frequencies.{began}",
    lambda block, run, began: f"{block}: rank correlation of frequencies in use, a network on other rows and {_BEGAN[began]}",
    form=CORRELATION, kind="measured", over=[{**one, "began": began} for one in _BLOCKS for began in _BEGAN],
)  # fmt: skip
def other_split_frequencies(block: str, run: str, began: str):
    other = arrays("residues-splits")["use"][list(BLOCKS).index(run)][0]
    found = [frequency_agreement(other, used, preset(run).p) for used in arrays(f"{run}-shared")["usage"]]
    return found[:1] if began == "same-weights" else found[1:]
