"""What moves the alphabet and the cancellation: networks trained with something changed, p = 53."""

import numpy as np

from ...network.presets import preset
from ...numbers.integers import primes_below
from ...studies.alphabet import LEAST, by_others, in_letters, support
from ...studies.shared import frequency_agreement
from ...studies.torus import HARMONICS
from ..evidence import TAKEN, moved_alphabets
from ..grids import ALONE, CAUSES, WIDTHS
from ..registry import arrays
from .claim import CORRELATION, COUNT, Claims, Form, fraction, share

claims = Claims("algorithm")
P, PRIMES = preset("laptop").p, [int(q) for q in primes_below(preset("laptop").p)]

# --- the alphabet: what the rule foretells of networks with something taken away

_TAKEN = {
    "small primes": f"without the primes below {CAUSES[TAKEN['small primes']].q_min}",
    "large primes": f"without the primes above {CAUSES[TAKEN['large primes']].q_max}",
    "letter": f"with the frequency {CAUSES[TAKEN['letter']].withhold:g} kept out of the embedding",
}
_MOVED = {
    "moved": "change of use of the other waves: rank correlation with the support that they lose",
    "unmoved": "control, the same of networks trained on all, each against the others",
    "null": "null, that support permuted within primes: 99th percentile",
}


@claims.add(
    "causes.{taken}.{which}", lambda taken, which: f"p = 53, {_TAKEN[taken]}: {_MOVED[which]}", form=CORRELATION, kind="measured",
    over={"taken": tuple(_TAKEN), "which": tuple(_MOVED)},
)  # fmt: skip
def moved(taken: str, which: str):
    return moved_alphabets(taken)[which]


_RULES = {
    "others": "rank correlation of use with the product of what other primes use of its two letters",
    "other-digit": "the same with the letters that others use on the other digit",
}
_TABLES = {"one": (0, "one embedding for both digits"), "two": (3, "an embedding for each digit")}


@claims.add(
    "causes.tables.{tables}.{rule}", lambda tables, rule: f"p = 53, {_TABLES[tables][1]}: {_RULES[rule]}", form=CORRELATION,
    kind="measured", over={"tables": tuple(_TABLES), "rule": tuple(_RULES)},
)  # fmt: skip
def tables(tables: str, rule: str):
    crossed, used = rule == "other-digit", arrays("alphabet-causes")["use"][_TABLES[tables][0]]
    return [frequency_agreement(np.prod(support(u, P, other_digit=crossed), axis=0), u, P, least=LEAST) for u in used]


# --- widths

_WIDTHS = {config.d_mlp: ("cancellation-widths", row) for row, config in enumerate(WIDTHS)} | {CAUSES[0].d_mlp: ("alphabet-causes", 0)}
_OVER = {"width": sorted(_WIDTHS)}


def _of_width(width: int, field: str) -> np.ndarray:
    name, row = _WIDTHS[width]
    return arrays(name)[field][row]


@claims.add("widths.{width}.wrong-cells", "p = 53, {width} neurons: wrong cells", form=COUNT, kind="measured", over=_OVER)
def width_wrong(width: int):
    return _of_width(width, "wrong_cells")


@claims.add("widths.{width}.waves", "p = 53, {width} neurons: waves in use, a prime", form=Form(".1f", 0), kind="measured", over=_OVER)
def width_waves(width: int):
    return _of_width(width, "waves")


@claims.add(
    "widths.{width}.letters", "p = 53, {width} neurons: use whose letters are among the fifteen best of their digit", form=share(),
    kind="measured", over=_OVER,
)  # fmt: skip
def width_letters(width: int):
    return [in_letters(u, P) for u in _of_width(width, "use")]


@claims.add(
    "widths.{width}.others", lambda width: f"p = 53, {width} neurons: {_RULES['others']}", form=CORRELATION, kind="measured", over=_OVER
)
def width_others(width: int):
    return [frequency_agreement(by_others(u, P), u, P, least=LEAST) for u in _of_width(width, "use")]


_WRITERS = {"own": (0, "written by a prime's own neurons"), "left": (2, "left in the logits")}


@claims.add(
    "widths.{width}.one-digit.{writer}",
    lambda width, writer: f"p = 53, {width} neurons: variance of the logits: of one digit alone, {_WRITERS[writer][1]}",
    form=Form(".3f", 0), kind="measured", over={**_OVER, "writer": tuple(_WRITERS)},
)  # fmt: skip
def width_one_digit(width: int, writer: str):
    return _of_width(width, "powers")[:, _WRITERS[writer][0], 1:3].sum(axis=-1)


# --- one prime alone

_ALONE = {config.q_min: row for row, config in enumerate(ALONE)}
_PRIME = {"q": tuple(_ALONE)}


@claims.add("alone.{q}.wrong-cells", "p = 53, {q} alone: wrong cells", form=COUNT, kind="measured", over=_PRIME)
def alone_wrong(q: int):
    return arrays("cancellation-alone")["wrong_cells"][_ALONE[q]]


@claims.add("alone.{q}.waves", "p = 53, {q} alone: waves in use", form=COUNT, kind="measured", over=_PRIME)
def alone_waves(q: int):
    return arrays("cancellation-alone")["waves"][_ALONE[q]]


@claims.add("alone.{q}.together.waves", "p = 53, {q} among all primes: waves in use", form=COUNT, over=_PRIME)
def together_waves(q: int):
    found = arrays("laptop-neurons")
    return [len(np.unique(k[mine == q])) for mine, k in zip(found["q"], found["k"], strict=True)]


@claims.add(
    "alone.{q}.one-digit.{writer}", lambda q, writer: f"p = 53, {q} alone: variance of its logits: of one digit, {_WRITERS[writer][1]}",
    form=fraction(), kind="measured", over={**_PRIME, "writer": tuple(_WRITERS)},
)  # fmt: skip
def alone_one_digit(q: int, writer: str):
    return arrays("cancellation-alone")["powers"][_ALONE[q], :, _WRITERS[writer][0], 1:3].sum(axis=-1)


@claims.add(
    "alone.{q}.together.one-digit.{writer}",
    lambda q, writer: f"p = 53, {q} among all primes: variance of its logits: of one digit, {_WRITERS[writer][1]}",
    form=fraction(), over={**_PRIME, "writer": tuple(_WRITERS)},
)  # fmt: skip
def together_one_digit(q: int, writer: str):
    return arrays("laptop-cancellation")["powers"][:, _WRITERS[writer][0], 1:3, PRIMES.index(q)].sum(axis=-1)


@claims.add(
    "alone.{q}.harmonic", "p = 53, {q} alone: harmonics (1, 0) and (0, 1) left in a wave, over the one kept, mean, median wave",
    form=fraction(), kind="measured", over=_PRIME,
)  # fmt: skip
def alone_harmonic(q: int):
    return arrays("cancellation-alone")["left"][_ALONE[q]][:, [HARMONICS.index((1, 0)), HARMONICS.index((0, 1))]].mean(axis=-1)
