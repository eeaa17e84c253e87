"""Many trainings of the residue tasks: over p, one factor at a time, optimisers, blocks, the order of learning, the spike."""

import numpy as np

from ...network.presets import preset
from ...numbers.integers import primes_below
from ...studies.arrays import Arrays
from ...studies.growth import operations
from ...studies.order import overtaking_over_p
from ...studies.outcomes import exact
from ...studies.spike import BASES
from ..evidence import exact_of, runs_of
from ..grids import BLOCK_TEXTS, FACTORS, LARGE_P, SWEPT_P
from ..registry import arrays
from .claim import COUNT, RATIO, Claims, Form, at_most, exactly, fraction, share

claims = Claims("scale")
NEVER = "steps until every task stands at 99% held out (inf: never)"


def _cells(p: int) -> int:
    return p * p * len(primes_below(p))


def _steps(sweep: Arrays, row: int) -> np.ndarray:
    found = sweep["steps_to_generalise"][row]
    return np.where(found < 0, np.inf, found)


# --- over p


@claims.add("p-{p}.accuracy", "p = {p}: held-out accuracy, mean over tasks", form=share(), kind="measured", over={"p": SWEPT_P})
def accuracy(p: int):
    return arrays("residues-p")["valid_accuracy"][SWEPT_P.index(p)]


@claims.add("p-{p}.wrong-cells", lambda p: f"p = {p}: wrong cells of {_cells(p):,}", form=COUNT, kind="measured", over={"p": SWEPT_P})
def wrong_cells(p: int):
    return arrays("residues-p")["wrong_cells"][SWEPT_P.index(p)]


@claims.add("p-{p}.worst-task", "p = {p}: held-out accuracy, worst task", form=share(2), kind="measured", over={"p": LARGE_P})
def large_worst_task(p: int):
    return np.nanmin(arrays("residues-large-p")["by_task"][LARGE_P.index(p)], axis=-1)


@claims.add("p-{p}.wrong-cells", lambda p: f"p = {p}: wrong cells of {_cells(p):,}", form=COUNT, kind="measured", over={"p": LARGE_P})
def large_wrong_cells(p: int):
    return arrays("residues-large-p")["wrong_cells"][LARGE_P.index(p)]


@claims.add("largest-p", "80% trained on: largest p with no wrong cell (0: none)", form=COUNT, kind="measured")
def largest_p():
    return exact(SWEPT_P, arrays("residues-p")["wrong_cells"], max, 0)


@claims.add(
    "long.{block}.wrong-cells",
    lambda block: f"p = 113, {block}, {int(arrays('residues-long')['step'].max()):,} steps: wrong cells",
    form=COUNT,
    goal=exactly(0),
    kind="measured",
    over={"block": ("simplified", "standard")},
    why="a longer schedule clears all cells in most seeds, not in all; what is left are single held-out rows",
)
def long_wrong_cells(block: str):
    return arrays("residues-long")["wrong_cells"][("simplified", "standard").index(block)]


_EXACT = {"simplified": "exact, gains without decay", "standard": "exact-standard, twice the width and another schedule"}


@claims.add(
    "exact.{block}.wrong-cells", lambda block: f"p = 113, {block} block, preset {_EXACT[block]}: wrong cells of {_cells(113):,}",
    form=COUNT, goal=exactly(0), kind="measured", over={"block": tuple(_EXACT)}, why="one seed of three keeps single wrong cells",
)  # fmt: skip
def exact_wrong_cells(block: str):
    return exact_of(block)["wrong_cells"][0]


@claims.add(
    "exact.{block}.steps", lambda block: f"p = 113, {block} block, preset {_EXACT[block]}: {NEVER}",
    form=COUNT, goal=at_most(600), kind="measured", over={"block": tuple(_EXACT)},
    why="in the simplified block large primes are learned late; in the standard one a wider network memorises its rows first",
)  # fmt: skip
def exact_steps(block: str):
    return _steps(exact_of(block), 0)


@claims.add(
    "exact.standard.operations", "p = 113, standard block: operations of training exact-standard over those of paper-standard",
    form=RATIO, kind="measured",
)  # fmt: skip
def exact_operations():
    wide, paper = (
        operations(1, config.d_model, config.d_mlp, int(sum(primes_below(config.p))))
        for config in (preset("exact-standard"), preset("paper-standard"))
    )
    return exact_of("standard")["step"][0] * wide / (runs_of("paper-standard")[0].step * paper)


# --- one factor at a time about the laptop preset

_ROWS = [(name, value) for name, values in FACTORS.items() for value in values]
_VARIED = [
    {"name": name, "slug": name.replace("_", "-"), "value": value, "row": row}
    for row, (name, value) in enumerate(_ROWS)
    if value != getattr(preset("laptop"), name)
]


@claims.add("factors.{slug}-{value:g}", f"p = 53, {{name}} = {{value:g}}: {NEVER}", form=COUNT, kind="measured", over=_VARIED)
def factors(name: str, slug: str, value: float, row: int):
    return _steps(arrays("residues-factors"), row)


@claims.add("factors.none", f"p = 53, the laptop preset: {NEVER}", form=COUNT, kind="measured")
def factors_none():
    return _steps(arrays("residues-factors"), _ROWS.index(("train_fraction", preset("laptop").train_fraction)))


_OPTIMISERS = {"adamw": "AdamW", "adamw-grokfast": "AdamW + GrokFast", "muon": "Muon", "muon-grokfast": "Muon + GrokFast"}


def _optimiser_text(optimiser: str) -> str:
    given = int(arrays("residues-optimisers")["step"][list(_OPTIMISERS).index(optimiser), 0])
    return f"p = 53, {_OPTIMISERS[optimiser]}: {NEVER}, of {given:,}"


@claims.add("optimisers.{optimiser}", _optimiser_text, form=COUNT, kind="measured", over={"optimiser": tuple(_OPTIMISERS)})
def optimisers(optimiser: str):
    return _steps(arrays("residues-optimisers"), list(_OPTIMISERS).index(optimiser))


@claims.add(
    "smallest-share", "p = 53: smallest train share with no wrong cell, at the best dropout (inf: none)", form=fraction(2), kind="measured"
)
def smallest_share():
    wrong, shares = arrays("residues-plane")["wrong_cells"], FACTORS["train_fraction"]
    return exact(shares, wrong.reshape(len(shares), -1, wrong.shape[-1]).min(axis=1), min, np.inf)


# --- the simplified block beside the standard one


def _over_standard(value):
    return [value(a.manifest) / value(b.manifest) for a, b in zip(runs_of("paper"), runs_of("paper-standard"), strict=True)]


@claims.add("blocks.parameters", "simplified over standard block: parameters", form=Form(".3f", 0), anchor="-15% (He and Hofmann, deep)")
def blocks_parameters():
    return _over_standard(lambda manifest: manifest["parameters"])


@claims.add("blocks.seconds", "simplified over standard block: seconds a step", form=RATIO, anchor="+15% throughput (the same)")
def blocks_seconds():
    return _over_standard(lambda manifest: manifest["seconds"] / manifest["step"])


@claims.add("blocks.steps", "simplified over standard block: steps until every task stands at 99% held out", form=RATIO)
def blocks_steps():
    return _over_standard(lambda manifest: manifest["steps_to_generalise"])


_FORMS = tuple(zip(("sequential", "parallel-one-layer", "parallel-two-layers"), BLOCK_TEXTS, strict=True))


@claims.add(
    "blocks.{form}",
    "p = 53, {text}: held-out accuracy, mean over tasks",
    form=share(),
    kind="measured",
    over=[{"form": form, "text": text} for form, text in _FORMS],
)
def blocks_forms(form: str, text: str):
    return arrays("residues-blocks")["valid_accuracy"][BLOCK_TEXTS.index(text)]


# --- the gains of the simplified block under weight decay

_SPARED = {"decayed": (0, "with"), "spared": (1, "without")}
_OF_GAINS = {"wrong-cells": ("wrong_cells", "wrong cells"), "steps": ("steps_to_generalise", "steps until every task is at 99% held out")}
_GAINS = ("alpha", "beta", "gamma", "mlp")


@claims.add(
    "gains.{spared}.{what}", lambda spared, what: f"p = 53, simplified, gains {_SPARED[spared][1]} weight decay: {_OF_GAINS[what][1]}",
    form=COUNT, kind="measured", over={"spared": tuple(_SPARED), "what": tuple(_OF_GAINS)},
)  # fmt: skip
def gains_outcome(spared: str, what: str):
    found = arrays("residues-gains")[_OF_GAINS[what][0]][_SPARED[spared][0]]
    return np.where(found < 0, np.inf, found)


@claims.add(
    "gains.{spared}.{gain}", lambda spared, gain: f"p = 53, simplified, gains {_SPARED[spared][1]} weight decay: {gain} at the end",
    form=Form(".2f"), kind="measured", over={"spared": tuple(_SPARED), "gain": _GAINS},
)  # fmt: skip
def gains_at_the_end(spared: str, gain: str):
    return arrays("residues-gains")["gains"][_SPARED[spared][0], :, _GAINS.index(gain)]


# --- the order of learning

_EXPLORATORY = "exploratory: the hypothesis came after the data"
_TURNS = [{"turn": 1, "name": "plus-one"}, {"turn": -1, "name": "minus-one"}]


def _overtaking(turn: int):
    return overtaking_over_p(arrays("residues-p"), SWEPT_P, turn)


def _over(turn: int) -> str:
    return f"q > 3, p = {', '.join(str(p) for p in _overtaking(turn)[1])}"


@claims.add(
    "order.{name}",
    lambda turn, name: f"smaller odd primes that a task with p = {turn} mod q overtakes; {_over(turn)} ({_EXPLORATORY})",
    form=share(0),
    kind="measured",
    over=_TURNS,
)
def order(turn: int, name: str):
    return [mine for mine, _, _ in _overtaking(turn)[0]]


@claims.add(
    "order.{name}.chance",
    f"share of random choices of as many other tasks that overtake as much as those with p = {{turn}} mod q ({_EXPLORATORY})",
    form=fraction(4),
    kind="measured",
    over=_TURNS,
)
def order_chance(turn: int, name: str):
    return [chance for _, _, chance in _overtaking(turn)[0]]


@claims.add(
    "order.others",
    f"smaller odd primes that a task with p neither 1 nor -1 mod q overtakes ({_EXPLORATORY})",
    form=share(0),
    kind="measured",
)
def order_others():
    return [others for _, others, _ in _overtaking(1)[0]]


# --- the spike

_RULES = {
    "text": "above mean + 2 s.d.", "code": "each first divided by its maximum over time, above mean + 1 s.d.", "share": "above noise",
}  # fmt: skip
_COUNTS = [
    {"base": base, "slug": base.lower().replace("/", ""), "rule": rule, "text": text} for base in BASES for rule, text in _RULES.items()
]


@claims.add(
    "spike.{slug}.{rule}",
    "frequencies of the {base} basis, {text}: largest count over the last, or over 1 where the last is 0",
    form=RATIO,
    anchor="10 to 18 to 10 (lineage, one seed)",
    kind="measured",
    over=_COUNTS,
)
def spike(base: str, slug: str, rule: str, text: str):
    count = arrays("residues-spike")[f"{base}_{rule}"]
    return count.max(axis=1) / np.maximum(count[:, -1], 1)


@claims.add(
    "spike.{slug}.{rule}.when",
    "frequencies of the {base} basis, {text}: step of the largest count over that of 99% held out",
    form=RATIO,
    kind="measured",
    over=_COUNTS,
)
def spike_when(base: str, slug: str, rule: str, text: str):
    a = arrays("residues-spike")
    reached = [steps[np.argmax(accuracy >= 0.99)] for steps, accuracy in zip(a["step"], a["valid_accuracy"], strict=True)]
    peak = np.take_along_axis(a["step"], a[f"{base}_{rule}"].argmax(axis=1)[:, None], axis=1)[:, 0]
    return peak / np.asarray(reached)


@claims.add(
    "spike.{slug}.inequality",
    "inequality (Gini) of the powers in the {base} basis, last step minus its lowest",
    form=fraction(2),
    kind="measured",
    over=[{"base": base, "slug": base.lower().replace("/", "")} for base in BASES],
)
def spike_inequality(base: str, slug: str):
    gini = arrays("residues-spike")[f"{base}_gini"]
    return gini[:, -1] - gini.min(axis=1)
