"""Tasks on numbers and words, against arithmetic done another way; splits that a task makes; the loss that weighs classes the same."""

from dataclasses import replace
from functools import partial
from math import prod

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from src.network import tasks
from src.network.config import Config, ConfigError
from src.network.dataset import Table
from src.network.packing import class_weights, row_losses, task_loss
from src.network.tasks import make_dataset
from src.network.tasks.miu import miu_words
from src.network.tasks.primality import encode, numbers
from src.network.trainer import loss_and_gradient
from src.numbers.integers import from_digits
from src.numbers.miu import is_theorem

WIDTHS = (2, 3, 5)
labels = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, (2, 3, 4), (40, 3), dtype=np.int32)
)  # 4 never occurs


@settings(deadline=None)
@given(st.integers(4, 3000), st.integers(0, 9), st.data())
def test_numbers_are_all_or_a_seeded_sample(n_max, seed, data):
    config = Config(task="primality", n_max=n_max, data_seed=seed)
    assert numbers(config).tolist() == list(range(n_max))
    sample = data.draw(st.integers(1, n_max))
    drawn = numbers(replace(config, sample=sample))
    assert len(drawn) == sample and (np.diff(drawn) > 0).all() and drawn[0] >= 0 and drawn[-1] < n_max
    assert (drawn == numbers(replace(config, sample=sample, seed=7))).all()


def test_another_data_seed_is_another_sample():
    config = Config(task="primality", n_max=3000, sample=100)
    assert numbers(config).tolist() != numbers(replace(config, data_seed=1)).tolist()


@settings(deadline=None)
@given(st.sampled_from(["digits", "parts", "residues"]), st.integers(2, 60), st.integers(4, 5000), st.sampled_from([13, 53, 101]))
def test_what_is_shown_is_the_number(encoding, base, n_max, p):
    config = Config(task="primality", encoding=encoding, base=base, n_max=n_max, p=p)
    n = numbers(config)
    tokens, d_vocab = encode(n, config)
    x = tokens[:, :-1]
    assert (tokens[:, -1] == d_vocab - 1).all() and x.min() >= 0 and x.max() < d_vocab - 1
    if encoding == "digits":
        assert (from_digits(x, base) == n).all() and d_vocab == base + 1 and base ** (x.shape[1] - 1) < max(n_max, 2)
    elif encoding == "parts":
        assert x.shape[1] == 3 and (x[:, :2] < base).all() and (x @ np.asarray([1, base, base * base]) == n).all()
    else:
        q = list(sympy.primerange(p))
        assert x.T.tolist() == [[k % m for k in range(n_max)] for m in q]
        assert len(np.unique(x, axis=0)) == min(n_max, prod(q))  # the Chinese remainder theorem


@pytest.mark.parametrize("encoding", ["digits", "parts", "residues"])
def test_primality_against_sympy(encoding):
    data = make_dataset(Config(task="primality", n_max=2000, sample=700, encoding=encoding, p=13))
    assert data.labels[:, 0].tolist() == [sympy.isprime(int(n)) for n in numbers(Config(n_max=2000, sample=700))]
    assert data.task_names == ("prime",) and data.widths == (2,) and data.tokens.max() == data.d_vocab - 1


def test_primality_trained_below_and_tested_above():
    config = Config(task="primality", n_max=2000, sample=700, train_below=600)
    data, n = make_dataset(config), numbers(config)
    assert n[data.train_idx].max() < 600 <= n[data.valid_idx].min()
    assert make_dataset(Config(task="primality", n_max=200, train_below=97)).train_idx.tolist() == list(range(97))
    assert len(make_dataset(replace(config, train_below=0)).train_idx) == 560  # 0: at random, by train_fraction


def test_divisibility_is_residues_of_the_digits():
    data = make_dataset(Config(task="divisibility", base=6, n_max=500, q_min=3, q_max=13))
    q = [3, 5, 7, 11, 13]
    assert data.widths == tuple(q) and data.task_names == tuple(f"q={m}" for m in q)
    assert data.labels.tolist() == [[int("".join(map(str, row[-2::-1])), 6) % m for m in q] for row in data.tokens.tolist()]
    with pytest.raises(ConfigError, match="q_min=24, q_max=28: no prime"):
        make_dataset(Config(task="divisibility", q_min=24, q_max=28))


def test_miu_words_are_all_words_once():
    for length in (0, 1, 5):
        words = miu_words(length)
        assert len(set(words)) == len(words) == 2 ** (length + 1) - 1 and sorted(words, key=len) == words
        assert all(word[0] == "M" and set(word[1:]) <= {"I", "U"} and len(word) <= length + 1 for word in words)


def test_miu_tokens_spell_the_word_that_the_label_is_about():
    data = make_dataset(Config(task="miu", length=6))
    spelled = ["M" + "".join("IU_="[token] for token in row) for row in data.tokens.tolist()]
    assert all(len(word) == 8 and word.endswith("=") for word in spelled)
    words = [word[:-1].rstrip("_") for word in spelled]
    assert sorted(words) == sorted(miu_words(6)) and "_" not in "".join(words)
    assert data.labels[:, 0].tolist() == [is_theorem(word) for word in words] == [word.count("I") % 3 > 0 for word in words]
    assert data.d_vocab == 4 and data.widths == (2,)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=30), st.integers(0, 5), st.booleans())
def test_a_tasks_own_split_is_honoured(train, seed, shuffle):
    n = len(train)
    made = Table(np.arange(2 * n).reshape(n, 2), np.arange(n)[:, None], ("x",), (n,), 2 * n, train=np.asarray(train))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(tasks.TASKS, "addition", tasks.TASKS["addition"]._replace(make=lambda config: made))
        if len(set(train)) == 1:
            with pytest.raises(ConfigError, match="both sides"):
                make_dataset(Config(task="addition", data_seed=seed, shuffle_labels=shuffle))
            return
        data = make_dataset(Config(task="addition", data_seed=seed, shuffle_labels=shuffle))
        patch.setitem(tasks.TASKS, "addition", tasks.TASKS["addition"]._replace(make=lambda config: made._replace(train=None)))
        other = make_dataset(Config(task="addition", data_seed=seed, train_fraction=0.5))
    assert data.train_mask.tolist() == train and (data.tokens == made.tokens).all()
    assert sorted(data.labels[:, 0]) == list(range(n)) and (shuffle or (data.labels == made.labels).all())
    assert len(other.train_idx) == round(0.5 * n)


@partial(jax.jit, static_argnums=2)
def losses(logits: jax.Array, y: jax.Array, widths: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
    """The plain and the balanced loss."""
    return task_loss(logits, y, widths), (class_weights(y, widths) * row_losses(logits, y, widths)).sum(axis=0)


def test_bad_settings_are_refused():
    for bad, message in (
        (dict(task="primality", n_max=100, sample=1000), "sample"), (dict(task="residues", q_min=59), "q_min"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=message):
            Config(**bad)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfigError, match="classes"):
        make_dataset(Config(task="divisibility"))
    assert make_dataset(Config(task="divisibility", q_min=59, q_max=61)).widths == (59, 61)


def draw(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, (40, sum(WIDTHS))).astype(np.float32)


@settings(deadline=None)
@given(labels, st.integers(0, 99))
def test_balanced_loss_is_the_mean_over_classes(y, seed):
    logits = draw(seed)
    _, found = losses(jnp.asarray(logits), jnp.asarray(y), WIDTHS)
    for t, (start, width) in enumerate(zip((0, 2, 5), WIDTHS, strict=True)):
        part = logits[:, start : start + width]
        loss = logsumexp(part, axis=1) - part[np.arange(40), y[:, t]]
        np.testing.assert_allclose(found[t], np.mean([loss[y[:, t] == c].mean() for c in np.unique(y[:, t])]), rtol=1e-4)


@settings(deadline=None)
@given(st.integers(0, 99), st.integers(0, 1))
def test_balanced_loss_does_not_see_how_often_a_class_is_repeated(seed, c):
    logits, y = draw(seed)[:, :2], np.arange(40, dtype=np.int32)[:, None] % 2
    keep = np.flatnonzero(y[:, 0] == c)
    (plain, once), (changed, again) = (
        losses(jnp.asarray(logits[rows]), jnp.asarray(y[rows]), (2,)) for rows in (np.arange(40), np.concatenate([np.arange(40), keep]))
    )
    np.testing.assert_allclose(once, again, rtol=1e-5)
    np.testing.assert_allclose(once, plain, rtol=1e-5)  # both classes are as frequent before
    assert abs(float(changed[0] - plain[0])) > 1e-5


class Guess(eqx.Module):
    """A network that gives every example the same logits."""

    logits: jax.Array

    def __call__(self, tokens: jax.Array, *, key: jax.Array) -> jax.Array:
        return self.logits


@pytest.mark.usefixtures("optax_promotes")
def test_guessing_by_frequency_pays_in_the_plain_loss_and_not_in_the_balanced_one(getkey):
    data = make_dataset(Config(task="primality", n_max=1000))
    share = data.labels.mean()
    x, y = jnp.asarray(data.tokens), jnp.asarray(data.labels)
    by_frequency = Guess(jnp.asarray([np.log(1 - share), np.log(share)], jnp.float32))
    plain, balanced = (float(loss_and_gradient(by_frequency, x, y, data.widths, getkey(), balanced=flag)[0]) for flag in (False, True))
    np.testing.assert_allclose(plain, -(share * np.log2(share) + (1 - share) * np.log2(1 - share)), rtol=1e-5)
    np.testing.assert_allclose(balanced, -(np.log2(share) + np.log2(1 - share)) / 2, rtol=1e-5)
    assert plain < 1 < balanced


@pytest.mark.parametrize(
    ("assignment", "named"),
    [
        ("base=1", "base=1"),
        ("encoding=words", "encoding='words'.*residues"),
        ("task=factor", "task='factor'.*divisibility"),
        ("n_max=3", "n_max=3"),
        ("sample=-1", "sample=-1"),
        ("sample=10001", "sample=10001"),
        ("train_below=-1", "train_below=-1"),
        ("train_below=10000", r"train_below=10000.*n_max=10000"),
        ("length=1", "length=1"),
        ("balanced=perhaps", "balanced='perhaps'"),
        ("decay=1.5", "decay=1.5"),
    ],
)
def test_bad_values_of_the_new_fields_are_named(assignment, named):
    with pytest.raises(ConfigError, match=named) as error:
        Config().override([assignment])
    assert "\n" not in str(error.value)
