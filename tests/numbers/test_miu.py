"""The MIU system: search, construction and invariant agree."""

import time
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from src.miu import app
from src.numbers.miu import check_word, construction, derivation, is_theorem, successors

words = st.text("IU", max_size=10).map("M".__add__)


def follows(steps) -> bool:
    """Whether each word is made of the one before by its rule."""
    return steps[0] == (0, "MI") and all(b in set(successors(a.word)) for a, b in pairwise(steps))


def test_the_rules():
    assert set(successors("MI")) == {(1, "MIU"), (2, "MII")}
    assert set(successors("MIIII")) == {(1, "MIIIIU"), (2, "MIIIIIIII"), (3, "MUI"), (3, "MIU")}
    assert (4, "MI") in set(successors("MUUI")) and set(successors("MUUU")) == {(2, "MUUUUUU"), (4, "MU")}


@given(words)
def test_every_successor_of_a_theorem_is_one_and_of_no_other(word):
    assert all(is_theorem(step.word) == is_theorem(word) for step in successors(word))


def test_search_and_invariant_agree_on_all_short_words():
    found, edge = {"MI"}, ["MI"]
    while edge:  # everything that is reached without a word of more than 16 letters
        edge = list(dict.fromkeys(s.word for w in edge for s in successors(w) if len(s.word) <= 16 and s.word not in found))
        found.update(edge)
    short = {"M" + "".join(letters) for n in range(6) for letters in product("IU", repeat=n)}
    assert {w for w in short if w in found} == {w for w in short if is_theorem(w)}


@given(words.filter(is_theorem))
def test_a_construction_follows_the_rules(word):
    steps = construction(word)
    assert follows(steps) and steps[-1].word == word


def test_a_derivation_is_shortest():
    assert [s.word for s in derivation("MIIII")] == ["MI", "MII", "MIIII"]
    for word in ("MI", "MUI", "MUIU"):
        steps = derivation(word)
        assert follows(steps) and steps[-1].word == word and len(steps) <= len(construction(word))
        reached, edge = 0, {"MI"}
        while word not in edge:
            edge, reached = edge | {s.word for w in edge for s in successors(w)}, reached + 1
        assert len(steps) - 1 == reached


def test_bad_words_and_what_is_no_theorem():
    for word in ("", "IM", "MIX", "mi", "MI MI"):
        with pytest.raises(ValueError, match="not a word"):
            check_word(word)
    for attempt in (derivation, construction):
        with pytest.raises(ValueError, match="0 I's"):
            attempt("MU")
    with pytest.raises(RuntimeError, match="first 10 words"):
        derivation("MUUIIUIUUIUI", visits=10)


def test_a_search_stops_at_its_bound():
    """Not at the end of a level, which has thousands of words more."""
    before = time.process_time()
    with pytest.raises(RuntimeError, match="first 20,000 words"):
        derivation("MUUUUI", visits=20_000)
    assert time.process_time() - before < 10  # a level more would be minutes


def test_the_command():
    run = lambda *arguments: CliRunner().invoke(app, list(arguments))  # noqa: E731
    assert "2 steps" in run("MIIII").stdout and "not a theorem" in run("MU").stdout and "not a theorem" in run("MIIIUIII").stdout
    assert "not the shortest" in run("MUUIIUIUUIUI", "--visits", "10").stdout
    wrong = run("MOO")
    assert wrong.exit_code == 2 and "'MOO'" in wrong.stderr
