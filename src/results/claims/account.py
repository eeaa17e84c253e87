"""What the residue networks compute: torus tiling, and a ladder of accounts."""

import numpy as np

from ...studies.ladder import RUNGS
from ...studies.torus import HARMONICS
from ..evidence import NETWORKS, tilings
from ..registry import arrays
from .claim import COUNT, Claims, Form, at_least, at_most, fraction, on, share

claims = Claims("algorithm")
RUNS = {"run": tuple(NETWORKS)}


# --- torus tiling


@claims.add(
    "{run}.tiling.sum", on("|mean of e^(i (phi0 + phi1 - psi))| over neurons: 1 where the read-out phase is the sum"), form=fraction(),
    over=RUNS,
)  # fmt: skip
def phase_sum(run: str):
    return [t["sum"] for t in tilings(run)]


@claims.add(
    "{run}.tiling.difference", on("|mean of e^(i (phi0 - phi1))| over neurons: 0 where they tile the torus, 1 where phases are tied"),
    form=fraction(), over=RUNS,
)  # fmt: skip
def phase_difference(run: str):
    return [t["difference"] for t in tilings(run)]


_LEFT = {f"{m}.{n}": i for i, (m, n) in enumerate(HARMONICS) if (m, n) != (1, 1)}


@claims.add(
    "{run}.tiling.harmonic.{harmonic}", on("harmonic ({harmonic}) left in a wave, over the one kept, median wave; tiling predicts 0"),
    form=fraction(), over={**RUNS, "harmonic": tuple(_LEFT)},
)  # fmt: skip
def harmonic_left(run: str, harmonic: str):
    return [np.median(t["left"][_LEFT[harmonic]]) for t in tilings(run)]


@claims.add(
    "{run}.tiling.harmonic.{harmonic}.random", on("null, harmonic ({harmonic}) left by random phases, over the one kept, median wave"),
    form=fraction(), over={**RUNS, "harmonic": tuple(_LEFT)},
)  # fmt: skip
def harmonic_random(run: str, harmonic: str):
    return [np.median(t["random"][_LEFT[harmonic]]) for t in tilings(run)]


_BALANCE = {"one": "|sum w e^(i psi)|", "two": "|sum w e^(2 i psi)|", "random_phases": "null, either with random phases"}


@claims.add(
    "{run}.tiling.balance.{which}", lambda run, which: f"{NETWORKS[run]}: phase balance of a wave, median: {_BALANCE[which]}",
    form=fraction(), over={**RUNS, "which": tuple(_BALANCE)},
)  # fmt: skip
def phase_balance(run: str, which: str):
    return [np.median(t[which]) for t in tilings(run)]


# --- the ladder

_RUNG = {**RUNS, "rung": RUNGS}


def _ladder(run: str, field: str, rung: str) -> np.ndarray:
    return arrays(f"{run}-ladder")[field][:, RUNGS.index(rung)]


@claims.add("{run}.ladder.{rung}.numbers", on("{rung}: numbers that the account has"), form=COUNT, over=_RUNG)
def ladder_numbers(run: str, rung: str):
    return _ladder(run, "numbers", rung)


@claims.add("{run}.ladder.{rung}.wrong-cells", on("{rung}: wrong cells"), form=COUNT, over=_RUNG)
def ladder_wrong(run: str, rung: str):
    return _ladder(run, "wrong", rung)


@claims.add("{run}.ladder.{rung}.wrong-cells.null", on("{rung}, its null: wrong cells"), form=COUNT, over=_RUNG)
def ladder_null_wrong(run: str, rung: str):
    return _ladder(run, "null_wrong", rung)


@claims.add("{run}.ladder.{rung}.share", on("{rung}: variance of the network's own logits"), form=Form(".3f", high=1), over=_RUNG)
def ladder_share(run: str, rung: str):
    return _ladder(run, "share", rung)


@claims.add(
    "{run}.ladder.{rung}.share.null", on("{rung}, its null: variance of the network's own logits"), form=Form(".3f", high=1), over=_RUNG
)
def ladder_null_share(run: str, rung: str):
    return _ladder(run, "null_share", rung)


@claims.add(
    "{run}.ladder.{rung}.margins", on("{rung}: correlation of margins with the network's, mean over tasks"), form=Form(".2f", -1, 1),
    over=_RUNG,
)  # fmt: skip
def ladder_margins(run: str, rung: str):
    return _ladder(run, "margins", rung)


@claims.add(
    "{run}.ladder.{rung}.half", on("{rung}: agreement with the network where half of the neurons stand at their means"), form=share(),
    over={**RUNS, "rung": ("one family", "two families", "three families", "class waves")},
)  # fmt: skip
def ladder_half(run: str, rung: str):
    return _ladder(run, "half", rung)


@claims.add("{run}.ladder.labels.half", on("control, the labels' agreement with the network so treated"), form=share(), over=RUNS)
def ladder_half_labels(run: str):
    return arrays(f"{run}-ladder")["half_labels"]


@claims.add(
    "{run}.account.agreement", on("the full account: cells with the network's own answer"), form=share(4), goal=at_least(0.9999), over=RUNS,
    why="the network's own mistakes, which the account does not make",
)  # fmt: skip
def account_agreement(run: str):
    return _ladder(run, "agree", "full")


@claims.add(
    "{run}.account.share", on("the full account: variance of the network's own logits"), form=fraction(), goal=at_least(0.99), over=RUNS,
    why="five waves a neuron leave a little of each neuron, and a little of many neurons adds up",
)  # fmt: skip
def account_share(run: str):
    return _ladder(run, "share", "full")


@claims.add(
    "{run}.account.margins", on("the full account: correlation of margins with the network's"), form=fraction(2), goal=at_least(0.9),
    over=RUNS, why="margins are what is left of many terms that nearly cancel; the account has their sum, not their small change",
)  # fmt: skip
def account_margins(run: str):
    return _ladder(run, "margins", "full")


@claims.add(
    "{run}.account.half", on("the full account with its parts on one digit: agreement with half of the neurons at their means"),
    form=share(), goal=at_least(0.95), over=RUNS,
    why="with half of the neurons gone the parts on one digit no longer cancel, and the account has them too coarsely",
)  # fmt: skip
def account_half(run: str):
    return _ladder(run, "half", "class waves")


@claims.add(
    "{run}.account.numbers", on("the full account: its numbers over the network's"), form=share(), goal=at_most(0.1), over=RUNS,
    why="a narrower network has fewer numbers a neuron",
)  # fmt: skip
def account_numbers(run: str):
    return _ladder(run, "numbers", "full") / arrays(f"{run}-ladder")["parameters"]
