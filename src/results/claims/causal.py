"""Whether the network uses what the account says: causal tests, and cancellation across tasks."""

import numpy as np

from ...network.presets import preset
from ...numbers.integers import primes_below
from ...studies.apart import HURT, losses
from ...studies.arrays import unstack
from ...studies.cancellation import borrowed
from ...studies.circuits import own_groups
from ...studies.mixing import pairs, served
from ...studies.residues import LABELLED
from ...studies.scrubbing import CONTROLS
from ..evidence import NETWORKS, circuits_of
from ..registry import arrays
from .claim import COUNT, Claims, Form, at_most, fraction, on, share

claims = Claims("algorithm")
RUNS = {"run": tuple(NETWORKS)}


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


# --- another prime's part in a task, taken apart

# By their places in `studies.apart.HELD`.
_PARTS = {"one-digit": "terms of one digit", "both-digits": "terms of both digits", "all": "terms of either kind"}
_OF_PART = {name: i for i, name in enumerate(_PARTS)}
_AT_113 = {"run": tuple(run for run in NETWORKS if preset(run).p == 113)}


@claims.add(
    "{run}.apart.73-83.{part}", lambda run, part: f"{NETWORKS[run]}: accuracy that 83 loses with the {_PARTS[part]} of 73's neurons held",
    form=Form(".1%", -1, 1), over={**_AT_113, "part": tuple(_PARTS)},
)  # fmt: skip
def apart_pair(run: str, part: str):
    a, primes = arrays(f"{run}-apart"), primes_below(preset(run).p).tolist()
    return a["right"][:, primes.index(83)] - a["held"][:, _OF_PART[part], primes.index(73), primes.index(83)]


@claims.add("{run}.apart.pairs", on(f"pairs of primes of which one loses {HURT:.0%} with the other's neurons held"), form=COUNT, over=RUNS)
def apart_pairs(run: str):
    return [losses(a).shape[1] for a in unstack(arrays(f"{run}-apart"))]


@claims.add(
    "{run}.apart.{part}", lambda run, part: f"{NETWORKS[run]}: accuracy that such a pair loses with the {_PARTS[part]} held, mean",
    form=Form(".1%", -1, 1), over={**_AT_113, "part": tuple(_PARTS)},
)  # fmt: skip
def apart_loss(run: str, part: str):
    return [lost[_OF_PART[part]].mean() for lost in map(losses, unstack(arrays(f"{run}-apart")))]


# --- neurons that mix

_MEET = {"one": "coincide on one digit only", "both": "coincide on both digits", "prime": "are of one prime"}


@claims.add("{run}.mixing.neurons", on("neurons that one family does not explain (below 85%)"), form=COUNT, over=RUNS)
def mixing_neurons(run: str):
    return (arrays(f"{run}-mixing")["first"] < LABELLED).sum(axis=1)


@claims.add(
    "{run}.mixing.{meet}", lambda run, meet: f"{NETWORKS[run]}: neurons below 85%: their two best waves {_MEET[meet]}", form=share(),
    over={**RUNS, "meet": tuple(_MEET)},
)  # fmt: skip
def mixing_meet(run: str, meet: str):
    return [pairs(a, preset(run).p)[meet] for a in unstack(arrays(f"{run}-mixing"))]


@claims.add(
    "{run}.mixing.one.null", on("null, second waves permuted among these neurons: coincide on one digit only, 99th percentile"),
    form=share(), over=RUNS,
)  # fmt: skip
def mixing_null(run: str):
    p = preset(run).p
    return [np.quantile([pairs(a, p, seed=i)["one"] for i in range(200)], 0.99) for a in unstack(arrays(f"{run}-mixing"))]


_SERVED = {"to_first": "the task of the first", "to_second": "the task of the second", "to_other": "each other task, mean"}


@claims.add(
    "{run}.mixing.writes.{to}", lambda run, to: f"{NETWORKS[run]}: such neurons of two primes: share of what they write to {_SERVED[to]}",
    form=share(), over={**RUNS, "to": tuple(_SERVED)},
)  # fmt: skip
def mixing_writes(run: str, to: str):
    return [served(a)[to] for a in unstack(arrays(f"{run}-mixing"))]
