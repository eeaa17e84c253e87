"""The data, against arithmetic done another way; the packing, against per-task code."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from src.network.config import ConfigError
from src.network.packing import cross_entropy, row_correct, row_losses, split_logits, task_accuracy, task_correct, task_loss
from src.network.presets import preset
from src.network.tasks import make_dataset
from src.network.tasks.primality import decade_numbers


def test_residues_are_residues():
    data = make_dataset(replace(preset("smoke"), p=13))
    q = list(sympy.primerange(13))
    assert data.widths == tuple(q) and data.task_names == tuple(f"q={m}" for m in q)
    for n in range(13**2):
        assert data.tokens[n].tolist() == [n % 13, n // 13, 13]
        assert data.labels[n].tolist() == [n % m for m in q]


def test_moduli_can_be_chosen_and_labels_shuffled():
    smoke = preset("smoke")
    assert make_dataset(replace(smoke, q_min=3, q_max=5)).widths == (3, 5)
    with pytest.raises(ConfigError, match="no prime"):
        make_dataset(replace(smoke, p=31, q_min=24, q_max=28))
    real, null = make_dataset(smoke), make_dataset(replace(smoke, shuffle_labels=True))
    assert (real.train_idx == null.train_idx).all() and (real.labels != null.labels).any(axis=1).mean() > 0.8
    assert sorted(map(tuple, real.labels)) == sorted(map(tuple, null.labels))


def test_addition():
    data = make_dataset(replace(preset("addition"), p=7))
    assert all(label[0] == (x[0] + x[1]) % 7 for x, label in zip(data.tokens.tolist(), data.labels.tolist(), strict=True))
    assert len({tuple(x) for x in data.tokens.tolist()}) == 49


def test_decades_is_the_talks_table():
    data = make_dataset(preset("decades"))
    numbers = decade_numbers()
    assert numbers.shape == data.labels.shape == (900, 4)
    assert data.labels.size == 3600 and data.labels.sum() == 1061
    assert numbers[:2].tolist() == [[1001, 1003, 1007, 1009], [1011, 1013, 1017, 1019]]
    assert numbers[-2:].tolist() == [[9981, 9983, 9987, 9989], [9991, 9993, 9997, 9999]]
    assert data.labels[[0, 1, -2, -1]].tolist() == [[0, 0, 0, 1], [0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert all(data.labels.flat[i] == sympy.isprime(int(numbers.flat[i])) for i in range(3600))
    assert "".join(map(str, data.tokens[0, :-1])) == "1001100310071009"


def test_decades_in_another_base():
    data = make_dataset(replace(preset("decades"), base=7))
    assert data.tokens.shape == (900, 4 * 5 + 1) and data.tokens.max() == 7
    assert int("".join(map(str, data.tokens[17, :5])), 7) == decade_numbers()[17, 0]


@given(st.integers(0, 1000), st.floats(0.05, 0.95))
@settings(max_examples=20)
def test_splits_are_disjoint_complete_and_seeded_apart(seed, fraction):
    config = replace(preset("smoke"), data_seed=seed, train_fraction=fraction)
    data = make_dataset(config)
    assert sorted([*data.train_idx, *data.valid_idx]) == list(range(121))
    assert len(data.train_idx) == round(fraction * 121)
    assert (make_dataset(replace(config, seed=seed + 1)).train_idx == data.train_idx).all()


def test_another_data_seed_is_another_split():
    config = preset("smoke")
    assert (make_dataset(config).train_mask != make_dataset(replace(config, data_seed=1)).train_mask).any()


def test_packed_loss_and_accuracy_equal_the_unpacked(getkey):
    widths = (2, 3, 7)
    logits = 3 * jax.random.normal(getkey(), (50, 12))
    labels = jnp.stack([jax.random.randint(getkey(), (50,), 0, w) for w in widths], axis=1)
    parts = split_logits(logits, widths)
    for t, part in enumerate(parts):
        reference = optax.softmax_cross_entropy_with_integer_labels(part, labels[:, t]).mean()
        np.testing.assert_allclose(task_loss(logits, labels, widths)[t], reference, rtol=1e-5)
        assert task_accuracy(logits, labels, widths)[t] == (part.argmax(1) == labels[:, t]).mean()


def test_tiny_losses_keep_their_precision():
    for margin in (5.0, 18.0, 40.0):
        loss = cross_entropy(jnp.asarray([[margin, 0.0, 0.0]], jnp.float32), jnp.zeros(1, jnp.int32))[0]
        np.testing.assert_allclose(float(loss), np.log1p(2 * np.exp(-margin)), rtol=1e-5)


@pytest.mark.parametrize("widths", [(2, 3, 5, 47), (47, 2, 5), (7,)])
@pytest.mark.parametrize("scale", [0.1, 3.0, 30.0, 400.0])
def test_losses_in_one_piece_are_those_of_task_after_task(scale, widths):
    """Values, gradients and accuracies, for logits of any size; and still under vmap."""
    rng = np.random.default_rng(0)
    logits = jnp.asarray(rng.normal(size=(40, sum(widths))) * scale, jnp.float32)
    labels = jnp.asarray(np.stack([rng.integers(0, w, 40) for w in widths], axis=1), jnp.int32)
    np.testing.assert_allclose(row_losses(logits, labels, widths).mean(axis=0), task_loss(logits, labels, widths), rtol=2e-6, atol=1e-30)
    weight = jnp.asarray(rng.normal(size=len(widths)), jnp.float32)
    slices, piece = (
        jax.grad(lambda x, f=f: (f(x, labels, widths) * weight).sum())(logits) for f in (task_loss, lambda *a: row_losses(*a).mean(axis=0))
    )
    np.testing.assert_allclose(piece, slices, rtol=1e-4, atol=1e-7)
    assert (row_correct(logits, labels, widths) == task_correct(logits, labels, widths)).all()
    stacked = jax.vmap(lambda x: row_losses(x, labels, widths))(jnp.stack([logits, 2 * logits]))
    np.testing.assert_allclose(stacked[0], row_losses(logits, labels, widths), rtol=1e-6)


def test_tiny_losses_keep_their_precision_in_one_piece():
    """One task is right by a margin, another by a small one: both losses are there. One that is off by 200 nats hides neither."""
    for margin in (5.0, 18.0, 40.0):
        logits = jnp.asarray([[margin, 0.0, 0.0, 2.0, 0.0], [margin, 0.0, 0.0, -200.0, 0.0]], jnp.float32)
        loss = np.asarray(row_losses(logits, jnp.zeros((2, 2), jnp.int32), (3, 2)))
        np.testing.assert_allclose(loss[:, 0], np.log1p(2 * np.exp(-margin)), rtol=1e-5)
        np.testing.assert_allclose(loss[0, 1], np.log1p(np.exp(-2.0)), rtol=1e-5)
        assert loss[1, 1] == 200


def test_a_tie_is_wrong_in_one_piece():
    logits = jnp.asarray([[1.0, 1.0, 0.0, 2.0, 0.0]], jnp.float32)
    assert row_correct(logits, jnp.zeros((1, 2), jnp.int32), (2, 3)).tolist() == [[False, False]]
    assert row_correct(logits, jnp.asarray([[1, 1]], jnp.int32), (2, 3)).tolist() == [[False, True]]


def test_wrong_packing_is_named():
    with pytest.raises(ValueError, match="11 columns"):
        split_logits(jnp.zeros((4, 11)), (2, 3, 7))


def test_a_split_of_another_size_is_refused():
    with pytest.raises(ValueError, match="121"):
        make_dataset(preset("smoke")).with_split(np.ones(5, bool))
