"""The tasks on two digits of n < p**2: n modulo every prime below p, and the sum of the digits."""

import numpy as np

from ...numbers.integers import digits, primes_below
from ..config import Config, ConfigError
from ..dataset import Size, Table


def _moduli(config: Config) -> np.ndarray:
    moduli = primes_below(config.p)
    moduli = moduli[(moduli >= config.q_min) & (moduli <= config.q_max)]
    if not len(moduli):
        raise ConfigError(f"q_min={config.q_min}, q_max={config.q_max}: no prime below p={config.p} lies there")
    return moduli


def residues_size(config: Config) -> Size:
    """The size of `residues`."""
    moduli = _moduli(config)
    return Size(config.p**2, 3, len(moduli), int(moduli.sum()), (2 if config.untied else 1) * config.p + 1)


def addition_size(config: Config) -> Size:
    """The size of `addition`."""
    return Size(config.p**2, 3, 1, config.p, config.p + 1)


def residues(config: Config) -> Table:
    """n mod q for every prime q < p in [q_min, q_max], for all n < p**2; row n has tokens (n mod p, n div p, '='), or if `untied`
    (n mod p, p + n div p, '=').

    Raises `ConfigError` where no prime lies there.
    """
    moduli, n = _moduli(config), np.arange(config.p**2)
    x = digits(n, config.p, 2)
    d_vocab = 2 * config.p + 1 if config.untied else config.p + 1
    if config.untied:
        x = x + np.asarray([0, config.p])
    return Table(
        tokens=np.column_stack([x, np.full(len(n), d_vocab - 1)]),
        labels=n[:, None] % moduli,
        task_names=tuple(f"q={q}" for q in moduli),
        widths=tuple(int(q) for q in moduli),
        d_vocab=d_vocab,
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
