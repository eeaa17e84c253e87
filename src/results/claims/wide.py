"""The network of p = 257 taken apart: every n below 66,049 by its residues modulo 54 primes."""

import numpy as np

from ...network.presets import preset
from ...numbers.integers import primes_below
from ...studies.arrays import Arrays
from ...studies.composition import Confusion
from ...studies.residues import LABELLED, labelled, off_diagonal
from ..evidence import runs_of
from ..registry import arrays
from .claim import COUNT, Claims, Form, at_least, at_most, exactly, fraction, share
from .residues import COINCIDE

claims = Claims("scale")
_P = preset("wide").p
_Q = np.asarray(primes_below(_P))
_NOT_EXAMINED = "not examined at this p;"


def _found() -> Arrays:
    return arrays("wide-pieces")


@claims.add(
    "wide.wrong-cells",
    f"p = {_P}: wrong cells of {_P**2 * len(_Q):,}, held-out rows included",
    form=COUNT,
    goal=exactly(0),
    why="every wrong cell is a held-out row",
)
def wrong_cells():
    return _found()["wrong"]


@claims.add("wide.steps", f"p = {_P}: steps until every task stands at 99% held out", form=COUNT)
def steps():
    return [run.manifest["steps_to_generalise"] or np.inf for run in runs_of("wide")]


@claims.add("wide.hours", f"p = {_P}: hours of training, of one seed at a time on two CPU cores", form=Form(".1f", 0))
def hours():
    return [run.manifest["seconds"] / 3600 for run in runs_of("wide")]


@claims.add("wide.worst-task", f"p = {_P}: held-out accuracy, worst task", form=share(2), goal=at_least(0.99))
def worst_task():
    return [min(run.manifest["valid_accuracy"]) for run in runs_of("wide")]


# --- primality below p**2, by composition

_WRONG = {"false-alarms": ("composites called prime", "false_positive"), "missed": ("primes called composite", "false_negative")}


@claims.add(
    "wide.primality.{what}", lambda what: f"p = {_P}: primality below {_P**2:,} by composition: {_WRONG[what][0]}", form=COUNT,
    goal=exactly(0), over={"what": tuple(_WRONG)}, why="a wrong zero residue among the wrong cells",
)  # fmt: skip
def primality(what: str):
    return [getattr(Confusion(*(int(n) for n in row)), _WRONG[what][1]) for row in _found()["counts"]]


# --- labels

_FAMILIES = {
    "rational": "pre-activations in the best rational family", "random": "null, pre-activations in the best of as many random families",
}  # fmt: skip


@claims.add(
    "wide.families.{family}", lambda family: f"p = {_P}: {_FAMILIES[family]}, mean over neurons", form=fraction(),
    over={"family": tuple(_FAMILIES)},
)  # fmt: skip
def families(family: str):
    return _found()[family].mean(axis=1)


@claims.add("wide.labels.explained", f"p = {_P}: neurons whose rational family explains 85%", form=share())
def labels_explained():
    return (_found()["rational"] >= LABELLED).mean(axis=1)


@claims.add(
    "wide.labels",
    f"p = {_P}: neurons labelled: 85%, more than the best of as many random families for that neuron, and own prime hurt most",
    form=share(),
)
def labels():
    return labelled(_found()).mean(axis=1)


@claims.add(
    "wide.labels.hurts-own", f"p = {_P}: neurons whose component hurts its own prime most when removed (by chance 1 in {len(_Q)})",
    form=share(),
)  # fmt: skip
def labels_hurts_own():
    return (_found()["hurts"] == _found()["q"]).mean(axis=1)


# --- the account

_ACCOUNT = {"": "the closed formula", ".null": "null, the formula with other waves of the same primes"}


@claims.add(
    "wide.formula.wrong-cells{null}", lambda null: f"p = {_P}: {_ACCOUNT[null]}: wrong cells", form=COUNT, over={"null": tuple(_ACCOUNT)}
)
def formula_wrong(null: str):
    return _found()["null_formula_wrong" if null else "formula_wrong"]


@claims.add(
    "wide.formula.share{null}", lambda null: f"p = {_P}: {_ACCOUNT[null]}: variance of the network's own logits, mean over tasks",
    form=Form(".3f", high=1), over={"null": tuple(_ACCOUNT)},
)  # fmt: skip
def formula_share(null: str):
    return _found()["null_formula_share" if null else "formula_share"]


_WRITERS = {"own": (0, "as a prime's own neurons write it"), "all": (2, "after all have written")}


@claims.add(
    "wide.one-digit.{writer}", lambda writer: f"p = {_P}: variance of a prime's logits that is of one digit, {_WRITERS[writer][1]}, mean",
    form=fraction(), over={"writer": tuple(_WRITERS)},
)  # fmt: skip
def one_digit(writer: str):
    return _found()["powers"][:, _WRITERS[writer][0], 1:3].sum(axis=1).mean(axis=-1)


# --- double dissociation

_OTHERS = len(_Q) * (len(_Q) - 1)


@claims.add(
    "wide.ablated.own", f"p = {_P}: a prime's neurons mean-ablated: its accuracy above chance, median prime", form=Form(".1%", -1, 1),
    goal=at_most(0.01), why=f"{_NOT_EXAMINED} at p = 113 neurons labelled with other primes carry a little of it",
)  # fmt: skip
def ablated_own():
    own = np.diagonal(_found()["ablated"], axis1=1, axis2=2)
    return np.median(own - 1 / _Q, axis=1)


@claims.add(
    "wide.ablated.others", f"p = {_P}: a prime's neurons mean-ablated: share of the {_OTHERS:,} other accuracies that stay at 99%",
    form=share(2), goal=exactly(1), why=f"{_NOT_EXAMINED} {COINCIDE}",
)  # fmt: skip
def ablated_others():
    return (off_diagonal(_found()["ablated"]) >= 0.99).mean(axis=1)


@claims.add(
    "wide.ablated.control", f"p = {_P}: control, random groups of the same size ablated: share of the other accuracies at 99%", form=share()
)
def ablated_control():
    return (off_diagonal(_found()["ablated_random"]) >= 0.99).mean(axis=1)
