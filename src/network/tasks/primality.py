"""Numbers in some encoding: which are prime, in the talk's table or one by one, and what they leave modulo small primes."""

import numpy as np

from ...numbers.integers import digits, n_digits, primes_below, sieve
from ..config import Config, ConfigError
from ..dataset import Size, Table

DECADE_ENDINGS = (1, 3, 7, 9)


def decade_numbers() -> np.ndarray:
    """The numbers of the talk's Table 1: rows (10d+1, 10d+3, 10d+7, 10d+9) for d = 100 ... 999, shape (900, 4)."""
    return 10 * np.arange(100, 1000)[:, None] + np.asarray(DECADE_ENDINGS)


def decades_size(config: Config) -> Size:
    """The size of `decades`."""
    width = n_digits(int(decade_numbers().max()), config.base)
    return Size(900, len(DECADE_ENDINGS) * width + 1, len(DECADE_ENDINGS), 2 * len(DECADE_ENDINGS), config.base + 1)


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


def _shown(config: Config) -> tuple[int, int, int]:
    """How many numbers, how many tokens each, and how many tokens there are, of what `numbers` and `encode` make."""
    if config.encoding == "residues":
        ctx, vocabulary = len(primes_below(config.p)), config.p
    elif config.encoding == "parts":
        ctx, vocabulary = 3, max(config.base, (config.n_max - 1) // config.base**2 + 1)
    else:
        ctx, vocabulary = n_digits(config.n_max - 1, config.base), config.base
    return config.sample or config.n_max, ctx + 1, vocabulary + 1


def primality_size(config: Config) -> Size:
    """The size of `primality`."""
    examples, ctx, vocabulary = _shown(config)
    return Size(examples, ctx, 1, 2, vocabulary)


def primality(config: Config) -> Table:
    """Prime or not, directly, for the numbers below n_max as `encode` shows them."""
    n = numbers(config)
    tokens, d_vocab = encode(n, config)
    return Table(
        tokens, sieve(config.n_max)[n][:, None].astype(np.int64), ("prime",), (2,), d_vocab,
        train=n < config.train_below if config.train_below else None,
    )  # fmt: skip


CLASSES = 100_000  # of all tasks together


def _moduli(config: Config) -> np.ndarray:
    moduli = primes_below(config.q_max + 1)
    moduli = moduli[moduli >= config.q_min]
    if not len(moduli):
        raise ConfigError(f"q_min={config.q_min}, q_max={config.q_max}: no prime lies there")
    if moduli.sum() > CLASSES:
        raise ConfigError(f"q_max={config.q_max}: the primes up to it sum to {moduli.sum():,} classes, at most {CLASSES:,} are allowed")
    return moduli


def divisibility_size(config: Config) -> Size:
    """The size of `divisibility`."""
    (examples, ctx, vocabulary), moduli = _shown(config), _moduli(config)
    return Size(examples, ctx, len(moduli), int(moduli.sum()), vocabulary)


def divisibility(config: Config) -> Table:
    """n mod q for every prime q in [q_min, q_max], for the numbers below n_max in digits of any base.

    Raises `ConfigError` where no prime lies there, or too many.
    """
    n, moduli = numbers(config), _moduli(config)
    tokens, d_vocab = encode(n, config)
    return Table(tokens, n[:, None] % moduli, tuple(f"q={q}" for q in moduli), tuple(int(q) for q in moduli), d_vocab)
