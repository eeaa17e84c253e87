"""What the residue networks compute: torus tiling, a ladder of accounts, causal tests, and cancellation across tasks."""

import numpy as np

from ...network.presets import preset
from ...studies.cancellation import borrowed
from ...studies.circuits import own_groups
from ...studies.ladder import RUNGS
from ...studies.scrubbing import CONTROLS
from ...studies.torus import HARMONICS
from ..evidence import NETWORKS, circuits_of, tilings
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


# --- causal tests

_TESTS = {
    "scrubbed": "parts on both digits of all neurons not named resampled: cells right",
    "same residue": "and those of the named ones taken from inputs of the same residue: cells right",
    "interchange": "those of the named ones taken from another input: cells with its residue",
    "own only": "scrubbed, neurons of coinciding waves not named: cells right",
    "one digit": "scrubbed, parts on one digit resampled too: cells right",
    "remainder": "scrubbed, what one pair of waves lacks of the named neurons resampled too: cells right",
}  # fmt: skip
_CAUSAL = [{"run": run, "test": test} for run in NETWORKS for test in _TESTS]


@claims.add("{run}.causal.{test}", lambda run, test: f"{NETWORKS[run]}: {_TESTS[test]}, mean over tasks", form=share(2), over=_CAUSAL)
def causal(run: str, test: str):
    return arrays(f"{run}-causal")[test].mean(axis=1)


@claims.add("{run}.causal.{test}.worst", lambda run, test: f"{NETWORKS[run]}: {_TESTS[test]}, worst task", form=share(1), over=_CAUSAL)
def causal_worst(run: str, test: str):
    return arrays(f"{run}-causal")[test].min(axis=1)


@claims.add(
    "{run}.causal.{test}.recovered", lambda run, test: f"{NETWORKS[run]}: {test}: loss recovered, mean over tasks",
    form=Form(".4f", high=1), over=[given for given in _CAUSAL if given["test"] != "interchange"],
)  # fmt: skip
def recovered(run: str, test: str):
    return arrays(f"{run}-causal")[f"{test} recovered"].mean(axis=1)


@claims.add(
    "{run}.causal.{test}.{control}", lambda run, test, control: f"{NETWORKS[run]}: null, {control}, {test}: cells as expected, mean",
    form=share(), goal=at_most(0.25), over={**RUNS, "test": ("scrubbed", "same residue", "interchange"), "control": CONTROLS},
)  # fmt: skip
def causal_null(run: str, test: str, control: str):
    return arrays(f"{run}-causal")[f"{test}, {control}"].mean(axis=1)


@claims.add("{run}.causal.chance", on("everything resampled: cells right, mean over tasks"), form=share(), over=RUNS)
def causal_chance(run: str):
    return arrays(f"{run}-causal")["chance"].mean(axis=1)


@claims.add("{run}.causal.named", on("neurons named for a task, mean"), form=Form(".1f", 0), over=RUNS)
def causal_named(run: str):
    return arrays(f"{run}-causal")["named"]


# --- cancellation

_WRITERS = {"own": "a prime's own neurons", "others": "all other neurons and the skip", "sum": "their sum"}
_KINDS = {"bias": "the class bias", "x0": "x0 alone", "x1": "x1 alone", "both": "both digits"}


@claims.add(
    "{run}.cancellation.power.{writer}.{kind}",
    lambda run, writer, kind: f"{NETWORKS[run]}: variance of a task's logits: {_KINDS[kind]} written by {_WRITERS[writer]}",
    form=Form(".4f", 0), over={**RUNS, "writer": tuple(_WRITERS), "kind": tuple(_KINDS)},
)  # fmt: skip
def power(run: str, writer: str, kind: str):
    found = arrays(f"{run}-cancellation")["powers"]
    return found[:, list(_WRITERS).index(writer), list(_KINDS).index(kind)].mean(axis=-1)


_DIGIT = {**RUNS, "digit": ("x0", "x1")}


@claims.add(
    "{run}.cancellation.{digit}.coincident",
    on("terms of {digit} alone: share cleared by neurons coincident on it"),
    form=share(),
    over=_DIGIT,
)
def cleared(run: str, digit: str):
    return arrays(f"{run}-cancellation")["coincident"][:, int(digit[1])].mean(axis=-1)


@claims.add(
    "{run}.cancellation.{digit}.coincident.neurons", on("null, share of all other neurons that are coincident on {digit}"), form=share(),
    over=_DIGIT,
)  # fmt: skip
def coincident_neurons(run: str, digit: str):
    return arrays(f"{run}-cancellation")["coincident_neurons"][:, int(digit[1])].mean(axis=-1)


@claims.add(
    "{run}.cancellation.{digit}.skip", on("terms of {digit} alone: share cleared by the skip around the MLP"), form=share(), over=_DIGIT
)
def cleared_by_skip(run: str, digit: str):
    return arrays(f"{run}-cancellation")["clears"][:, int(digit[1]), :, -1].mean(axis=-1)


_HELD = {
    "coincident": "the coincident neurons' parts on one digit held at their means",
    "all": "all other neurons' and the skip's",
    "control": "control, as many neurons that do not coincide",
}


@claims.add(
    "{run}.cancellation.test.{which}.right", lambda run, which: f"{NETWORKS[run]}: {_HELD[which]}: cells right, mean over tasks",
    form=share(), over={**RUNS, "which": tuple(_HELD)},
)  # fmt: skip
def held_right(run: str, which: str):
    return arrays(f"{run}-cancellation")[f"{which} right"].mean(axis=-1)


_NAMED = [{"run": run, "which": which} for run in NETWORKS for which in ("coincident", "all")]


@claims.add(
    "{run}.cancellation.test.{which}.named",
    lambda run, which: f"{NETWORKS[run]}: {_HELD[which]}: wrong cells that get the class that theory names, mean over tasks",
    form=share(), over=_NAMED,
)  # fmt: skip
def held_named(run: str, which: str):
    return np.nanmean(arrays(f"{run}-cancellation")[f"{which} named"], axis=-1)


@claims.add(
    "{run}.cancellation.test.{which}.named.null",
    lambda run, which: f"{NETWORKS[run]}: null, the digits of the theory's terms shuffled: wrong cells so named ({which})",
    form=share(), over=_NAMED,
)  # fmt: skip
def held_named_null(run: str, which: str):
    return np.nanmean(arrays(f"{run}-cancellation")[f"{which} named null"], axis=-1)


_BORROWED = {"": "", ".null": "null, permuted within a task: "}


@claims.add(
    "{run}.cancellation.borrowed{null}",
    lambda run, null: f"{NETWORKS[run]}: {_BORROWED[null]}which other primes' neurons a circuit borrows, by how much they clear: AUROC",
    form=fraction(2), over={**RUNS, "null": tuple(_BORROWED)},
)  # fmt: skip
def borrowed_neurons(run: str, null: str):
    seeds = zip(circuits_of(run), arrays(f"{run}-cancellation")["clears"], strict=True)
    return [borrowed(own_groups(a, preset(run).p), clears, seed=0 if null else None) for a, clears in seeds]
