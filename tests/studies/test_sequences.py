"""The context model is a probability and a code; its answers are the cheapest; the outcome counts right."""

from dataclasses import replace
from math import prod

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.network.config import Config
from src.network.runs import Run
from src.network.tasks import make_dataset
from src.network.tasks.sequences import KINDS, cut, hidden, residues_of_all, windows
from src.numbers.sequences import REGISTRY
from src.results.grids import SEQUENCE_CONFIGS
from src.studies.sequences import (
    ORDER,
    OWNERS,
    ContextModel,
    by_kind,
    by_sequence,
    cheapest_hidden,
    cheapest_next,
    cheapest_sequence,
    compressor,
    right,
    sequence_outcome,
)

P = 5
terms = st.lists(st.integers(0, P - 1), max_size=25)
SMALL = Config(task="continue", p=11, length=5, train_fraction=0.97)  # few rows are held out
NAMES = [one.name for one in REGISTRY]


def models_of_each(config: Config) -> list[ContextModel]:
    return [ContextModel(config.p).read([int(x) for x in one[: cut(len(one), config.train_fraction)]]) for one in residues_of_all(config.p)]


@settings(deadline=None)
@given(terms, terms, st.integers(0, 4))
def test_probabilities_are_positive_and_sum_to_one(read, context, order):
    found = ContextModel(P, order).read(read).distribution(context)
    assert found.shape == (P,) and (found > 0).all() and np.isclose(found.sum(), 1)


@settings(deadline=None)
@given(terms, st.integers(0, P - 1))
def test_order_0_is_its_counts_mixed_with_guessing(read, term):
    found = ContextModel(P, 0).read(read).probability(read, term)
    kinds = len(set(read))
    assert np.isclose(found, (read.count(term) + kinds / P) / (len(read) + kinds) if read else 1 / P)


def test_order_1_by_hand():
    model = ContextModel(P, 1).read([0, 1, 0, 2, 0, 1])  # 0 is followed by 1, 2, 1
    p0 = (2 + 3 / P) / (6 + 3)
    assert np.isclose(model.probability([0], 1), (2 + 2 * p0) / (3 + 2))
    assert model.probability([4], 1) == model.probability([], 1) == p0  # a context that was never read


@settings(deadline=None)
@given(terms, st.lists(st.integers(0, P - 1), min_size=1, max_size=15), st.integers(0, 14))
def test_bits_are_the_logarithm_of_the_probability_of_the_whole(read, text, start):
    model = ContextModel(P).read(read)
    start = min(start, len(text))
    whole = prod(model.distribution(text[:i])[text[i]] for i in range(len(text)))
    assert np.isclose(model.bits(text), -np.log2(whole))
    assert np.isclose(model.bits(text[:start]) + model.bits(text, start), model.bits(text))


@settings(deadline=None)
@given(st.lists(terms, max_size=3), st.integers(0, 4), terms)
def test_only_the_last_terms_of_a_context_count(texts, order, context):
    model = ContextModel(P, order)
    for text in texts:
        assert model.read(text) is model
    assert (model.distribution(context) == model.distribution(context[max(len(context) - order, 0) :])).all()
    assert (model.distribution([0, *context]) == model.distribution([1, *context])).all() or len(context) < order


@settings(deadline=None)
@given(st.lists(st.integers(0, 96), min_size=1, max_size=ORDER, unique=True))
def test_what_repeats_is_cheap_and_what_is_new_is_not(period):
    model = ContextModel(97).read(period * 200)
    again = period * 20
    assert model.bits(again, ORDER) / (len(again) - ORDER) < 0.1
    assert model.bits([*period, next(x for x in range(97) if x not in period)], len(period)) > np.log2(97)


def test_the_next_term_is_the_likeliest_one_after_what_was_trained_on():
    w, said = windows(SMALL, ahead=1), cheapest_next(SMALL)
    model = ContextModel(SMALL.p)
    for one in residues_of_all(SMALL.p):
        model.read([int(x) for x in one[: cut(len(one), SMALL.train_fraction)]])
    for row, answer in list(zip(np.flatnonzero(w.held_out), said, strict=True))[::7]:
        context = [int(x) for x in w.shown[row] if x < SMALL.p]
        costs = [model.bits([*context, c], len(context)) for c in range(SMALL.p)]
        assert np.isclose(costs[answer], min(costs))


def test_the_hidden_term_makes_the_whole_window_cheapest():
    w, places, _ = hidden(SMALL)
    said = cheapest_hidden(SMALL)
    model = ContextModel(SMALL.p)
    for one in residues_of_all(SMALL.p):
        model.read([int(x) for x in one[: cut(len(one), SMALL.train_fraction)]])
    held = np.flatnonzero(w.held_out)
    assert len(said) == len(held)
    for row, answer in list(zip(held, said, strict=True))[::11]:
        costs = []
        for c in range(SMALL.p):
            filled = w.shown[row].copy()
            filled[places[row]] = c
            costs.append(model.bits([int(x) for x in filled if x < SMALL.p]))
        assert np.isclose(costs[answer], min(costs))


@pytest.mark.parametrize("task", OWNERS)
def test_the_compressor_answers_every_held_out_example_and_knows_repetition(task):
    config = replace(SMALL, task=task)
    found, data, owner = compressor(config), make_dataset(config), OWNERS[task](config)
    assert found.shape == owner.shape == data.valid_idx.shape and found.dtype == bool
    if task in ("continue", "unmask"):
        score = dict(zip(NAMES, by_sequence(found, owner), strict=True))
        assert score["digits of pi"] < 0.7 and score["zeros"] == score["ones"] == score["n mod 2"] == 1
    else:
        assert 0.4 < found.mean() < 1


def test_two_windows_are_called_the_same_where_they_are_given_the_same_sequence():
    config = replace(SMALL, task="compare")
    data, models, W = make_dataset(config), models_of_each(config), config.length
    found = compressor(config)
    for i, row in list(enumerate(data.valid_idx))[::9]:
        halves = ([int(x) for x in half if x < config.p] for half in (data.tokens[row, :W], data.tokens[row, W : 2 * W]))
        a, b = (int(np.argmin([model.bits(half) for model in models])) for half in halves)
        assert found[i] == ((a == b) == data.labels[row, 0])


def test_a_window_is_given_to_the_sequence_that_codes_it_best():
    said, w, models = cheapest_sequence(SMALL), windows(SMALL, ahead=0), models_of_each(SMALL)
    for row, answer in list(zip(np.flatnonzero(w.held_out), said, strict=True))[::9]:
        text = [int(x) for x in w.shown[row] if x < SMALL.p]
        assert np.isclose(models[answer].bits(text), min(model.bits(text) for model in models))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(REGISTRY) - 1), st.booleans()), max_size=60))
def test_means_by_sequence(rows):
    owner, values = (np.asarray([row[i] for row in rows]).astype(kind) for i, kind in ((0, int), (1, bool)))
    found = by_sequence(values, owner)
    for i in range(len(REGISTRY)):
        mine = [value for at, value in rows if at == i]
        assert np.isclose(found[i], sum(mine) / len(mine)) if mine else np.isnan(found[i])


def test_means_by_class_leave_out_what_is_missing():
    values = np.stack([np.arange(len(REGISTRY), dtype=float), np.ones(len(REGISTRY))])
    values[0, NAMES.index("zeros")] = np.nan
    found = by_kind(values)
    assert tuple(found) == KINDS and all(one.shape == (2,) and one[1] == 1 for one in found.values())
    assert found["constant"][0] == np.mean([NAMES.index("ones"), NAMES.index("twos")])


class Says(eqx.Module):
    """A network that answers every task with its last shown token."""

    width: int = eqx.field(static=True)
    zero: jax.Array = eqx.field(default_factory=lambda: jnp.zeros((), jnp.float32))

    def __call__(self, tokens: jax.Array) -> jax.Array:
        return self.zero + jax.nn.one_hot(tokens[-2], self.width, dtype=jnp.float32)


def test_the_outcome_of_networks_with_a_known_answer():
    runs = []
    for task in ("continue", "classify"):
        config = replace(SMALL, task=task)
        data = make_dataset(config)
        manifest = {"seconds": 3.0, "train_accuracy": [0.5]}
        runs.append([Run(config, Says(sum(data.widths)), data, 0, (), {}, manifest, "")] * 2)  # pyright: ignore[reportArgumentType]
    found, data = sequence_outcome(runs), runs[0][0].dataset
    assert found["network"].shape == (2, 2, len(REGISTRY)) and found["compressor"].shape == (2, len(REGISTRY))
    last = data.tokens[data.valid_idx, -2] == data.labels[data.valid_idx, 0]
    assert (right(runs[0][0])[:, 0] == last).all() and np.allclose(found["overall"][0], last.mean())
    score = dict(zip(NAMES, found["network"][0, 0], strict=True))
    assert score["zeros"] == score["ones"] == 1 and score["natural numbers"] == score["n mod 2"] == 0
    np.testing.assert_allclose(found["compressor_overall"], [compressor(seeds[0].config).mean() for seeds in runs])
    train, held = data.labels[data.train_idx, 0].tolist(), data.labels[data.valid_idx, 0].tolist()
    assert np.isclose(found["common"][0], held.count(max(set(train), key=train.count)) / len(held))
    assert found["seconds"].tolist() == [[3, 3]] * 2 and found["train"].tolist() == [[0.5, 0.5]] * 2


def test_the_configs_ask_every_question_and_one_is_a_control():
    assert {c.task for c in SEQUENCE_CONFIGS} == set(OWNERS) and [c.run for c in SEQUENCE_CONFIGS if c.shuffle_labels] == [
        "sequences-shuffled"
    ]
