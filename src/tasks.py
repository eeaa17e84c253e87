"""Task -> Dataset: integers become tokens and labels; heads of unequal width share one unembedding.

A task is one function from a `Config` to a `Table`, registered in `TASKS`. Adding one is writing that
function. Labels of T tasks with widths w_1 ... w_T are predicted by one packed row of logits of length
w_1 + ... + w_T; `split_logits`, `task_loss` and `task_accuracy` know that packing, nobody else does.

Shape letters: N examples, T tasks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from src.config import Config, ConfigError
from src.integers import digits, n_digits, primes_below, sieve


class Table(NamedTuple):
    """What a task function returns: every example there is, before any split."""

    tokens: np.ndarray  # (N, n_ctx), each in [0, d_vocab); the last one is '='
    labels: np.ndarray  # (N, T), column t in [0, widths[t])
    task_names: tuple[str, ...]
    widths: tuple[int, ...]
    d_vocab: int


@dataclass(frozen=True)
class Dataset:
    """All examples of a task with a seeded split; `train_idx` and `valid_idx` are disjoint and cover them."""

    tokens: np.ndarray  # (N, n_ctx) int32
    labels: np.ndarray  # (N, T) int32
    task_names: tuple[str, ...]
    widths: tuple[int, ...]  # classes of each task; logits are (N, sum(widths))
    d_vocab: int
    train_idx: np.ndarray  # (n_train,) int32, ascending
    valid_idx: np.ndarray  # (N - n_train,) int32, ascending

    @property
    def n_ctx(self) -> int:
        return self.tokens.shape[1]

    @property
    def train_mask(self) -> np.ndarray:
        """(N,) bool, true on the training rows."""
        mask = np.zeros(len(self.tokens), dtype=bool)
        mask[self.train_idx] = True
        return mask

    @property
    def uniform_loss(self) -> np.ndarray:
        """(T,) the cross-entropy in nats of guessing uniformly: log width."""
        return np.log(np.asarray(self.widths, dtype=np.float64))

    def with_split(self, train_mask: np.ndarray) -> "Dataset":
        """The same examples split otherwise; `train_mask` is (N,) bool."""
        if train_mask.shape != (len(self.tokens),):
            raise ValueError(f"a split of {train_mask.shape} does not fit {len(self.tokens)} examples")
        train, valid = np.flatnonzero(train_mask), np.flatnonzero(~train_mask)
        return replace(self, train_idx=train.astype(np.int32), valid_idx=valid.astype(np.int32))


def residues(config: Config) -> Table:
    """n mod q for every prime q < p in [q_min, q_max], for all n < p**2; row n has tokens (n mod p, n div p, '=').

    Raises `ConfigError` where no prime lies there.
    """
    n = np.arange(config.p**2)
    x = digits(n, config.p, 2)
    moduli = primes_below(config.p)
    moduli = moduli[(moduli >= config.q_min) & (moduli <= config.q_max)]
    if not len(moduli):
        raise ConfigError(f"q_min={config.q_min}, q_max={config.q_max}: no prime below p={config.p} lies there")
    return Table(
        tokens=np.column_stack([x, np.full(len(n), config.p)]),
        labels=n[:, None] % moduli,
        task_names=tuple(f"q={q}" for q in moduli),
        widths=tuple(int(q) for q in moduli),
        d_vocab=config.p + 1,
    )


def addition(config: Config) -> Table:
    """x0 + x1 mod p for all pairs, row x0 + p x1: Nanda et al. 2023, section 3."""
    x = digits(np.arange(config.p**2), config.p, 2)
    return Table(
        tokens=np.column_stack([x, np.full(len(x), config.p)]),
        labels=x.sum(axis=1, keepdims=True) % config.p,
        task_names=(f"+ mod {config.p}",),
        widths=(config.p,),
        d_vocab=config.p + 1,
    )


DECADE_ENDINGS = (1, 3, 7, 9)


def decade_numbers() -> np.ndarray:
    """The numbers of the talk's Table 1: rows (10d+1, 10d+3, 10d+7, 10d+9) for d = 100 ... 999, shape (900, 4)."""
    return 10 * np.arange(100, 1000)[:, None] + np.asarray(DECADE_ENDINGS)


def decades(config: Config) -> Table:
    """The talk's Table 1: a row's four numbers in base-`base` digits, most significant first, then '='.

    Labels: for each of the four numbers, 1 where it is prime. 900 rows, 3,600 labels.
    """
    numbers = decade_numbers()
    width = n_digits(int(numbers.max()), config.base)
    x = digits(numbers, config.base, width)[..., ::-1].reshape(len(numbers), -1)
    return Table(
        tokens=np.column_stack([x, np.full(len(x), config.base)]),
        labels=sieve(10_000)[numbers].astype(np.int64),
        task_names=tuple(f"10d+{ending}" for ending in DECADE_ENDINGS),
        widths=(2,) * len(DECADE_ENDINGS),
        d_vocab=config.base + 1,
    )


TASKS: dict[str, Callable[[Config], Table]] = {f.__name__: f for f in (residues, addition, decades)}


def make_dataset(config: Config) -> Dataset:
    """The examples of `config.task`, split at random by `config.data_seed` alone."""
    table = TASKS[config.task](config)
    n = len(table.tokens)
    n_train = round(config.train_fraction * n)
    rng = np.random.default_rng(config.data_seed)
    order = rng.permutation(n)
    if config.shuffle_labels:
        table = table._replace(labels=table.labels[rng.permutation(n)])
    dataset = Dataset(
        tokens=table.tokens.astype(np.int32),
        labels=table.labels.astype(np.int32),
        task_names=table.task_names,
        widths=table.widths,
        d_vocab=table.d_vocab,
        train_idx=np.empty(0, dtype=np.int32),
        valid_idx=np.empty(0, dtype=np.int32),
    )
    mask = np.zeros(n, dtype=bool)
    mask[order[:n_train]] = True
    return dataset.with_split(mask)


def split_logits(logits: Float[Array, "*batch total"], widths: tuple[int, ...]) -> list[Float[Array, "*batch width"]]:
    """One slice of the packed logits for each task, in task order."""
    ends = np.cumsum(widths)
    if logits.shape[-1] != ends[-1]:
        raise ValueError(f"logits have {logits.shape[-1]} columns, the tasks need {ends[-1]}")
    return [logits[..., end - width : end] for end, width in zip(ends, widths, strict=True)]


def cross_entropy(logits: Float[Array, "N width"], labels: Int[Array, " N"]) -> Float[Array, " N"]:
    """Cross-entropy in nats, exact to float precision however small it is.

    It is softplus(logsumexp over the wrong classes of (logit - right logit)): the loss of a saturated
    model keeps its relative precision in float32, where log-softmax would round 1e-8 to 0.
    """
    right = jnp.take_along_axis(logits, labels[:, None], axis=-1)
    is_right = jnp.arange(logits.shape[-1], dtype=labels.dtype)[None, :] == labels[:, None]
    margins = jnp.where(is_right, -jnp.inf, logits - right)
    return jax.nn.softplus(jax.nn.logsumexp(margins, axis=-1))


def task_loss(logits: Float[Array, "N total"], labels: Int[Array, "N T"], widths: tuple[int, ...]) -> Float[Array, " T"]:
    """Mean cross-entropy of each task, in nats."""
    parts = split_logits(logits, widths)
    return jnp.stack([cross_entropy(part, labels[:, t]).mean() for t, part in enumerate(parts)])


def task_correct(logits: Float[Array, "N total"], labels: Int[Array, "N T"], widths: tuple[int, ...]) -> Int[Array, "N T"]:
    """Whether each cell (example, task) is predicted right: bool."""
    parts = split_logits(logits, widths)
    return jnp.stack([part.argmax(axis=-1) for part in parts], axis=-1) == labels


def task_accuracy(logits: Float[Array, "N total"], labels: Int[Array, "N T"], widths: tuple[int, ...]) -> Float[Array, " T"]:
    """Share of examples predicted right, for each task."""
    return task_correct(logits, labels, widths).mean(axis=0)
