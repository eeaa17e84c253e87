"""Hofstadter's MIU system: a divisibility test in disguise (Goedel, Escher, Bach, 1979, chapter 1 and 9).

    python -m src.miu MIIII       # a shortest derivation
    python -m src.miu MU          # why there is none

From the axiom MI: (1) xI -> xIU, (2) Mx -> Mxx, (3) xIIIy -> xUy, (4) xUUy -> xy. A word is a theorem if and only if it is M followed by
I and U alone, with a number of I's that 3 does not divide: rules 1 and 4 leave that number as it is, 2 doubles it, 3 takes three away.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

AXIOM = "MI"
RULES = {1: "add U after a last I", 2: "double what follows M", 3: "replace III by U", 4: "remove UU"}
VISITS = 200_000  # words that a search may see


class Step(NamedTuple):
    """A word and the rule that gave it; the axiom has rule 0."""

    rule: int
    word: str


def check_word(word: str) -> str:
    """The word itself. Raises `ValueError` where it is not M followed by I and U alone."""
    if not re.fullmatch(r"M[IU]*", word):
        raise ValueError(f"{word!r} is not a word of the system: it must be M followed by I and U alone")
    return word


def successors(word: str) -> Iterator[Step]:
    """Every word that one rule makes of `word`, by rule and then from left to right, each once a rule."""
    check_word(word)
    if word.endswith("I"):
        yield Step(1, word + "U")
    yield Step(2, word + word[1:])
    for rule, old, new in ((3, "III", "U"), (4, "UU", "")):
        places = [i for i in range(1, len(word)) if word.startswith(old, i)]
        yield from (Step(rule, made) for made in dict.fromkeys(word[:i] + new + word[i + len(old) :] for i in places))


def is_theorem(word: str) -> bool:
    """Whether the word can be derived from MI: by the number of its I's."""
    return check_word(word).count("I") % 3 != 0


def derivation(word: str, visits: int = VISITS) -> list[Step]:
    """A shortest derivation of a theorem, from MI on, by breadth-first search.

    Raises `ValueError` for what is not a theorem, `RuntimeError` where more than `visits` words would be seen.
    """
    if not is_theorem(word):
        raise ValueError(why_not(word))
    came: dict[str, tuple[str, int]] = {AXIOM: ("", 0)}
    edge = [AXIOM]
    while word not in came:
        following = []
        for one in edge:
            for rule, made in successors(one):
                if made not in came:
                    came[made] = (one, rule)
                    following.append(made)
            if word in came:
                break
            if len(came) > visits:
                raise RuntimeError(f"no derivation of {word} among the first {visits:,} words; it is a theorem all the same (construction)")
        edge = following
    steps = []
    while word:
        before, rule = came[word]
        steps.append(Step(rule, word))
        word = before
    return steps[::-1]


def construction(word: str) -> list[Step]:
    """A derivation of any theorem, not the shortest, in the way that the proof goes: double the I's to enough of them, take pairs of
    threes away to the right number, and turn threes into U's from the left on.

    Raises `ValueError` for what is not a theorem.
    """
    if not is_theorem(word):
        raise ValueError(why_not(word))
    goal = word.count("I") + 3 * word.count("U")  # I's before the U's of the word are made
    steps, count = [Step(0, AXIOM)], 1

    def apply(rule: int, made: str) -> None:
        if made not in {step.word for step in successors(steps[-1].word) if step.rule == rule}:
            raise AssertionError(f"{steps[-1].word} -> {made}")  # the proof is wrong if this is ever seen
        steps.append(Step(rule, made))

    while count < goal or (count - goal) % 3:
        count *= 2
        apply(2, "M" + "I" * count)
    if (count - goal) % 6:  # an odd number of threes: add a U, so that they pair
        apply(1, steps[-1].word + "U")
    while count > goal:
        count -= 3
        rest = steps[-1].word.removeprefix("M" + "I" * (count + 3))
        apply(3, "M" + "I" * count + "U" + rest)
        if rest:
            apply(4, "M" + "I" * count)
    made, left = "M", count
    for letter in word[1:]:
        if letter == "U":
            left -= 3
            apply(3, made + "U" + "I" * left)
        else:
            left -= 1
        made += letter
    return steps


def why_not(word: str) -> str:
    """In words, why the word is no theorem."""
    count = check_word(word).count("I")
    return (
        f"{word} is not a theorem: it has {count} I's, and 3 divides {count}. MI has one I. Rules 1 and 4 leave the number of I's "
        "as it is, rule 2 doubles it, rule 3 takes three away: none makes it divisible by 3 where it was not."
    )
