"""The tasks on sequences, recomputed from the registry's terms: what is shown, what is asked, and what is held out."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.network.config import Config
from src.network.tasks import make_dataset
from src.network.tasks.sequences import DIGITS, KINDS, SHORTEST, TERMS, cut, hidden, kind_of, known_terms, pairs, residues_of_all, windows
from src.numbers.sequences import BUSY_BEAVER, REGISTRY

KNOWN = [known_terms(one) for one in REGISTRY]  # checked by the first test
NAMES = [one.name for one in REGISTRY]
configs = st.builds(
    Config,
    task=st.just("continue"),
    p=st.sampled_from([5, 11, 97]),
    length=st.integers(2, 12),
    train_fraction=st.sampled_from([0.3, 0.5, 0.8, 0.95]),
    data_seed=st.integers(0, 3),
)
some = settings(max_examples=8, deadline=None)


def shown_before(config: Config, owner: int, end: int) -> list[int]:
    """The window of a sequence that ends before index `end`, computed anew."""
    terms = [KNOWN[owner][i] % config.p for i in range(max(end - config.length, 0), end)]
    return [config.p] * (config.length - len(terms)) + terms


def sampled(config: Config, n: int, size: int = 300) -> list[int]:
    return np.random.default_rng(config.data_seed).choice(n, min(n, size), replace=False).tolist()


def test_known_terms_are_the_first_of_the_registry_that_are_small():
    for one, terms in zip(REGISTRY, KNOWN, strict=True):
        more = list(islice(one.generate(), len(terms) + 1))
        assert list(terms) == more[: len(terms)] and all(abs(term) < 10**DIGITS for term in terms)
        assert len(terms) == TERMS or len(more) == len(terms) or more[-1] >= 10**DIGITS
    assert KNOWN[NAMES.index("busy beaver steps")] == BUSY_BEAVER
    assert SHORTEST < len(KNOWN[NAMES.index("look and say")]) < TERMS


def test_residues_are_not_negative():
    for terms, residues in zip(KNOWN, residues_of_all(7), strict=True):
        assert residues.tolist() == [term % 7 for term in terms] and residues.min() >= 0
    assert 6 in residues_of_all(7)[NAMES.index("Moebius function")]  # -1


@settings(deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 0.99))
def test_the_cut_keeps_at_most_the_fraction(n, fraction):
    assert cut(n, fraction) <= fraction * n < cut(n, fraction) + 1 + 1e-9


@pytest.mark.parametrize("ahead", [0, 1])
@given(config=configs)
@some
def test_windows_are_blanks_and_then_the_terms_before(config, ahead):
    w = windows(config, ahead=ahead)
    found = list(zip(w.owner.tolist(), w.at.tolist(), strict=True))
    assert found == [(i, j) for i, terms in enumerate(KNOWN) for j in range(SHORTEST, len(terms) + 1 - ahead)]
    for row in sampled(config, len(found)):
        assert w.shown[row].tolist() == shown_before(config, *found[row])
    stop = np.asarray([cut(len(KNOWN[i]), config.train_fraction) for i in w.owner])
    newest = w.at if ahead else w.at - 1  # the term that is asked for, or else the last that is shown
    assert (w.held_out == (newest >= stop)).all()


@given(configs)
@some
def test_continuation_asks_for_the_next_term_and_trains_on_none_that_is_held_out(config):
    data, w = make_dataset(config), windows(config, ahead=1)
    assert (data.tokens[:, -1] == config.p + 2).all() and data.d_vocab == config.p + 3 and data.widths == (config.p,)
    asked = list(zip(w.owner.tolist(), w.at.tolist(), strict=True))
    assert data.labels[:, 0].tolist() == [KNOWN[i][j] % config.p for i, j in asked]
    trained, held = ({asked[row] for row in rows} for rows in (data.train_idx, data.valid_idx))
    assert trained.isdisjoint(held) and all(j < cut(len(KNOWN[i]), config.train_fraction) for i, j in trained)
    assert held == {
        (i, j) for i, terms in enumerate(KNOWN) for j in range(max(cut(len(terms), config.train_fraction), SHORTEST), len(terms))
    }


@given(configs)
@some
def test_classify_tells_the_sequence_and_its_class(config):
    data, w = make_dataset(replace(config, task="classify")), windows(config, ahead=0)
    assert data.task_names == ("sequence", "class") and data.widths == (len(REGISTRY), len(KINDS))
    assert (data.tokens[:, :-1] == w.shown).all()
    for row in sampled(config, len(w.at)):
        sequence, kind = data.labels[row]
        assert shown_before(config, sequence, w.at[row]) == data.tokens[row, :-1].tolist()
        assert KINDS[kind] == REGISTRY[sequence].kind
    assert (w.at[data.train_idx] <= [cut(len(KNOWN[i]), config.train_fraction) for i in w.owner[data.train_idx]]).all()


@given(configs)
@some
def test_compared_windows_lie_on_one_side_of_the_split(config):
    data = make_dataset(replace(config, task="compare"))
    w, other = pairs(config)
    assert (w.held_out[other] == w.held_out).all() and (data.train_mask == ~w.held_out).all()
    assert (data.tokens == np.column_stack([w.shown, w.shown[other], np.full(len(other), config.p + 2)])).all()
    names, kinds = (np.asarray([getattr(one, field) for one in REGISTRY]) for field in ("name", "kind"))
    a, b = w.owner, w.owner[other]
    assert (data.labels == np.column_stack([names[a] == names[b], kinds[a] == kinds[b]])).all()
    assert data.widths == (2, 2) and (data.labels[:, 0] <= data.labels[:, 1]).all()
    for side in (data.train_idx, data.valid_idx):
        assert 0.4 < data.labels[side, 0].mean() < 0.6


@given(configs)
@some
def test_the_hidden_term_is_hidden_once_and_fits_its_window(config):
    w, places, values = hidden(config)
    data = make_dataset(replace(config, task="unmask"))
    masked = w.shown == config.p + 1
    assert (masked.sum(axis=1) == 1).all() and (masked.argmax(axis=1) == places).all()
    assert (data.tokens[:, :-1] == w.shown).all() and (data.labels[:, 0] == values).all() and (data.train_mask == ~w.held_out).all()
    for row in sampled(config, len(places)):
        terms, start = KNOWN[w.owner[row]], w.at[row] - places[row]
        filled = w.shown[row].copy()
        filled[places[row]] = values[row]
        seen = [term % config.p for term in terms[start : start + config.length]]
        assert start >= 0 and filled.tolist() == seen + [config.p] * (config.length - len(seen))
    asked = list(zip(w.owner.tolist(), w.at.tolist(), strict=True))
    assert asked == [(i, j) for i, terms in enumerate(KNOWN) for j in range(len(terms))]  # every term once
    assert (w.held_out == [j >= cut(len(KNOWN[i]), config.train_fraction) for i, j in asked]).all()


def test_hidden_places_are_spread_over_the_window():
    _, places, _ = hidden(Config(length=6))
    assert np.bincount(places, minlength=6).min() > len(places) / 6 * 0.8
    assert (places != hidden(Config(length=6, data_seed=1))[1]).mean() > 0.5


@pytest.mark.parametrize("task", ["continue", "unmask", "classify", "compare"])
def test_the_last_busy_beaver_is_held_out(task):
    config = Config(task=task, p=97)
    w = {"continue": windows(config, ahead=1), "unmask": hidden(config)[0]}.get(task, windows(config, ahead=0))
    mine = w.owner == NAMES.index("busy beaver steps")
    last = mine & (w.at == len(BUSY_BEAVER) - (task in ("continue", "unmask")))
    assert last.sum() == 1 and not make_dataset(config).train_mask[last]
    if task in ("continue", "unmask"):
        assert make_dataset(config).labels[last, 0] == 47_176_870 % 97


def test_classes():
    owner = np.arange(len(REGISTRY))
    assert [KINDS[i] for i in kind_of(owner)] == [one.kind for one in REGISTRY] and len(set(KINDS)) == len(KINDS)
