"""Task -> Dataset: integers become tokens and labels; heads of unequal width share one unembedding.

A task is one function from a `Config` to a `Table`, registered in `TASKS`. Adding one is writing that
function and its name in `src.config`. Labels of T tasks with widths w_1 ... w_T are predicted by one packed row of logits
(`src.packing`).

Shape letters: N examples, T tasks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from src.config import Config, ConfigError
from src.integers import digits, n_digits, primes_below, sieve
from src.miu import is_theorem
from src.packing import Table
from src.sequence_tasks import classify, compare, continuation, unmask


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


def numbers(config: Config) -> np.ndarray:
    """The numbers of `primality` and `divisibility`, ascending: all below n_max, or a sample that `data_seed` draws."""
    if not config.sample:
        return np.arange(config.n_max)
    return np.sort(np.random.default_rng(config.data_seed).choice(config.n_max, config.sample, replace=False))


def encode(n: np.ndarray, config: Config) -> tuple[np.ndarray, int]:
    """How numbers (N,) are shown: tokens (N, n_ctx), the last one '=', and how many tokens there are.

    `digits`: in base `base`, lowest first, as many as n_max needs. `parts`: (n mod b, n div b mod b, n div b^2), the sparse
    encoding of Lee & Kim 2024 with M = N = O = b. `residues`: n mod q for every prime q < p.
    """
    if config.encoding == "residues":
        x, vocabulary = n[:, None] % primes_below(config.p), config.p
    elif config.encoding == "parts":
        b = config.base
        x, vocabulary = np.column_stack([n % b, n // b % b, n // b**2]), max(b, (config.n_max - 1) // b**2 + 1)
    else:
        x, vocabulary = digits(n, config.base, n_digits(config.n_max - 1, config.base)), config.base
    return np.column_stack([x, np.full(len(n), vocabulary)]), vocabulary + 1


def primality(config: Config) -> Table:
    """Prime or not, directly, for the numbers below n_max as `encode` shows them."""
    n = numbers(config)
    tokens, d_vocab = encode(n, config)
    return Table(
        tokens, sieve(config.n_max)[n][:, None].astype(np.int64), ("prime",), (2,), d_vocab,
        train=n < config.train_below if config.train_below else None,
    )  # fmt: skip


CLASSES = 100_000  # of all tasks together


def divisibility(config: Config) -> Table:
    """n mod q for every prime q in [q_min, q_max], for the numbers below n_max in digits of any base.

    Raises `ConfigError` where no prime lies there, or too many.
    """
    n = numbers(config)
    moduli = primes_below(config.q_max + 1)
    moduli = moduli[moduli >= config.q_min]
    if not len(moduli):
        raise ConfigError(f"q_min={config.q_min}, q_max={config.q_max}: no prime lies there")
    if moduli.sum() > CLASSES:
        raise ConfigError(f"q_max={config.q_max}: the primes up to it sum to {moduli.sum():,} classes, at most {CLASSES:,} are allowed")
    tokens, d_vocab = encode(n, config)
    return Table(tokens, n[:, None] % moduli, tuple(f"q={q}" for q in moduli), tuple(int(q) for q in moduli), d_vocab)


def miu_words(length: int) -> list[str]:
    """Every word of the MIU system with up to `length` letters after its M, by length."""
    return ["M" + "".join(letters) for n in range(length + 1) for letters in product("IU", repeat=n)]


def miu(config: Config) -> Table:
    """Whether a word can be derived in Hofstadter's MIU system. Tokens: I, U (0, 1), blanks (2) up to `length` letters, '=' (3)."""
    words = miu_words(config.length)
    tokens = np.asarray([["IU".index(letter) for letter in word[1:]] + [2] * (config.length + 1 - len(word)) + [3] for word in words])
    return Table(tokens, np.asarray([[is_theorem(word)] for word in words], dtype=np.int64), ("derivable",), (2,), 4)


TASKS: dict[str, Callable[[Config], Table]] = {
    "residues": residues, "addition": addition, "decades": decades, "primality": primality, "divisibility": divisibility,
    "classify": classify, "compare": compare, "continue": continuation, "unmask": unmask, "miu": miu,
}  # fmt: skip


def make_dataset(config: Config) -> Dataset:
    """The examples of `config.task`, split as the task says or, where it says nothing, at random by `config.data_seed` alone.

    Raises `ConfigError` where no example would be trained on, or none held out.
    """
    table = TASKS[config.task](config)
    n = len(table.tokens)
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
    mask = np.zeros(n, dtype=bool) if table.train is None else table.train
    if table.train is None:
        mask[order[: round(config.train_fraction * n)]] = True
    if mask.all() or not mask.any():
        raise ConfigError(f"{mask.sum()} of {n} examples of {config.task} would be trained on: the split needs some on both sides")
    return dataset.with_split(mask)
