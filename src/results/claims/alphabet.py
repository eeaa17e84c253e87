"""Which waves a prime uses: the shared alphabet of single-digit frequencies, and what it predicts."""

import numpy as np

from ...studies.alphabet import LEAST, NEW_P
from ..evidence import NETWORKS, new_alphabets
from ..registry import arrays
from .claim import CORRELATION, Claims, at_least, at_most, on, share

claims = Claims("algorithm")
RUNS = {"run": tuple(NETWORKS)}


_RULES = {
    "others": f"rank correlation of a wave's use, within a prime >= {LEAST}, with the product of what other primes use of its two letters",
    "one_digit": "the same with the letter on one digit alone, the better of the two",
    "other_digit": "control, the same with the letters that others use on the other digit",
    "left_out": "the same from the mean use of the other networks",
}


@claims.add(
    "{run}.alphabet.{rule}", lambda run, rule: f"{NETWORKS[run]}: {_RULES[rule]}", form=CORRELATION, over={**RUNS, "rule": tuple(_RULES)}
)
def alphabet_rule(run: str, rule: str):
    return arrays(f"{run}-alphabet")[rule]


@claims.add(
    "{run}.alphabet.null", on("null, use permuted within the other primes: that correlation, 99th percentile"), form=CORRELATION,
    goal=lambda run: at_most(float(arrays(f"{run}-alphabet")["others"].min())), over=RUNS,
)  # fmt: skip
def alphabet_null(run: str):
    return np.quantile(arrays(f"{run}-alphabet")["null"], 0.99)


@claims.add(
    "{run}.alphabet.alone", on("the rule from p alone, no network: rank correlation with use"), form=CORRELATION, goal=at_least(0.6),
    over=RUNS, why="started from even use the rule does not find the letters that training finds",
)  # fmt: skip
def alphabet_alone(run: str):
    return arrays(f"{run}-alphabet")["alone"]


@claims.add("{run}.alphabet.alone.null", on("null, that prediction permuted within primes: 99th percentile"), form=CORRELATION, over=RUNS)
def alphabet_alone_null(run: str):
    return np.quantile(arrays(f"{run}-alphabet")["alone_null"], 0.99)


@claims.add(
    "{run}.alphabet.letters", on("use whose letters are among the fifteen best of their digit, within half a bin"), form=share(), over=RUNS
)
def in_letters(run: str):
    return arrays(f"{run}-alphabet")["in_letters"]


@claims.add("{run}.alphabet.letters.null", on("null, use permuted within primes: the same"), form=share(), over=RUNS)
def in_letters_null(run: str):
    return arrays(f"{run}-alphabet")["in_letters_null"]


# --- five p, predicted before any network was trained on them

_FORETOLD = {
    "others": "the rule, from what other primes of that network use",
    "others_null": "null, use permuted within the other primes: 99th percentile",
    "alone": "from p alone, as written down beforehand",
    "alone_null": "null, that prediction permuted within primes: 99th percentile",
}


@claims.add(
    "new-p.{which}", lambda which: f"p = {', '.join(map(str, NEW_P))}, a network each: rank correlation with use: {_FORETOLD[which]}",
    form=CORRELATION, goal=lambda which: at_least(0.6) if which == "alone" else None, kind="measured", over={"which": tuple(_FORETOLD)},
    why="started from even use the rule does not find the letters that training finds",
)  # fmt: skip
def new_p(which: str):
    return new_alphabets()[which]
