"""The four tasks on integer sequences (Belcak et al. 2022): classify, compare, continue, unmask.

Terms are taken modulo a prime p, which keeps sums and products and makes every term one token; p stands for a place without a term, p + 1
for a term that is hidden, p + 2 for '='. A *window* is up to `length` consecutive terms, with blanks before the first ones. The
first `train_fraction` of a sequence's terms is trained on; what is asked about the others is held out, so that a network cannot look it up.
(A few training windows of `unmask` reach past that cut and show later terms beside the hidden one, never as an answer.)

Shape letters: N examples, W = length.
"""

from functools import cache
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from ...numbers.sequences import REGISTRY, Sequence
from ..config import Config
from ..dataset import Size, Table

TERMS, DIGITS, SHORTEST = 400, 1000, 3  # terms of a sequence at most; digits of a term at most; terms of a window at least
KINDS = tuple(dict.fromkeys(one.kind for one in REGISTRY))


class Windows(NamedTuple):
    """Every window that ends before a term: N of them, sequence by sequence."""

    shown: np.ndarray  # (N, W) the terms before `at`, blanks first
    owner: np.ndarray  # (N,) index in the registry
    at: np.ndarray  # (N,) index of the term after the window
    held_out: np.ndarray  # (N,) bool: the term after the window is not trained on


def known_terms(one: Sequence) -> tuple[int, ...]:
    """The first `TERMS` terms, fewer where fewer are known or a term has more than `DIGITS` digits."""
    small = takewhile(lambda term: abs(term) < 10**DIGITS, one.generate())
    return tuple(term for term, _ in zip(small, range(TERMS), strict=False))


@cache
def residues_of_all(p: int) -> tuple[np.ndarray, ...]:
    """`known_terms` of every sequence in the registry, modulo p."""
    return tuple(np.asarray([term % p for term in known_terms(one)], dtype=np.int64) for one in REGISTRY)


def cut(n_terms: int, train_fraction: float) -> int:
    """The index of the first term that is held out."""
    return int(train_fraction * n_terms)


def size(config: Config) -> Size:
    """The size of any of the four tasks, at most."""
    ctx = config.length * (2 if config.task == "compare" else 1) + 1
    classes = {"classify": len(REGISTRY) + len(KINDS), "compare": 4}.get(config.task, config.p)
    return Size(len(REGISTRY) * TERMS, ctx, 2 if config.task in ("classify", "compare") else 1, classes, config.p + 3)


def windows(config: Config, *, ahead: int) -> Windows:
    """Windows that leave `ahead` terms after them: 1 to ask for the next term, 0 to show the last one too."""
    W, p = config.length, config.p
    shown, owner, at = [], [], []
    for i, terms in enumerate(residues_of_all(p)):
        padded = np.concatenate([np.full(W, p), terms])
        ends = np.arange(SHORTEST, len(terms) + 1 - ahead)
        shown.append(padded[ends[:, None] + np.arange(W)])
        owner.append(np.full(len(ends), i))
        at.append(ends)
    stop = np.asarray([cut(len(terms), config.train_fraction) for terms in residues_of_all(p)])
    of = np.concatenate(owner)
    end = np.concatenate(at)
    return Windows(np.concatenate(shown), of, end, end - (1 - ahead) >= stop[of])


def _table(x: np.ndarray, labels: np.ndarray, names: tuple[str, ...], widths: tuple[int, ...], held_out: np.ndarray, p: int) -> Table:
    return Table(np.column_stack([x, np.full(len(x), p + 2)]), labels, names, widths, p + 3, train=~held_out)


def kind_of(owner: np.ndarray) -> np.ndarray:
    """The class of sequences by their index in the registry, an index into `KINDS`."""
    return np.asarray([KINDS.index(one.kind) for one in REGISTRY])[owner]


def classify(config: Config) -> Table:
    """Which sequence a window is from, and of which class that sequence is."""
    w = windows(config, ahead=0)
    labels = np.column_stack([w.owner, kind_of(w.owner)])
    return _table(w.shown, labels, ("sequence", "class"), (len(REGISTRY), len(KINDS)), w.held_out, config.p)


def pairs(config: Config) -> tuple[Windows, np.ndarray]:
    """The windows and the index (N,) of another one for each, on its side of the split, from the same sequence for about half of them.
    `data_seed` draws them."""
    w, rng = windows(config, ahead=0), np.random.default_rng(config.data_seed)
    other = np.empty(len(w.owner), dtype=np.int64)
    for side in (False, True):
        rows = np.flatnonzero(w.held_out == side)
        other[rows] = rng.choice(rows, len(rows))
        for i in np.unique(w.owner[rows]):
            mine = rows[w.owner[rows] == i]
            same = mine[rng.random(len(mine)) < 0.5]
            other[same] = rng.choice(mine, len(same))
    return w, other


def compare(config: Config) -> Table:
    """Whether two windows are from the same sequence, and from the same class."""
    w, other = pairs(config)
    a, b = w.owner, w.owner[other]
    labels = np.column_stack([a == b, kind_of(a) == kind_of(b)]).astype(np.int64)
    return _table(np.column_stack([w.shown, w.shown[other]]), labels, ("same sequence", "same class"), (2, 2), w.held_out, config.p)


def continuation(config: Config) -> Table:
    """The next term after a window."""
    w = windows(config, ahead=1)
    following = np.asarray([residues_of_all(config.p)[i][j] for i, j in zip(w.owner, w.at, strict=True)])
    return _table(w.shown, following[:, None], ("next term",), (config.p,), w.held_out, config.p)


def hidden(config: Config) -> tuple[Windows, np.ndarray, np.ndarray]:
    """Windows around every term, that term hidden at a place drawn by `data_seed`: `at` is the hidden term; its place and value, (N,)."""
    W, p, rng = config.length, config.p, np.random.default_rng(config.data_seed)
    shown, owner, at, places, values = [], [], [], [], []
    for i, terms in enumerate(residues_of_all(p)):
        j = np.arange(len(terms))
        start = np.clip(j - rng.integers(0, W, len(terms)), 0, max(len(terms) - W, 0))
        x = np.concatenate([terms, np.full(W, p)])[start[:, None] + np.arange(W)]
        x[j, j - start] = p + 1
        shown.append(x)
        owner.append(np.full(len(terms), i))
        at.append(j)
        places.append(j - start)
        values.append(terms)
    of, hole = np.concatenate(owner), np.concatenate(at)
    stop = np.asarray([cut(len(terms), config.train_fraction) for terms in residues_of_all(p)])
    return Windows(np.concatenate(shown), of, hole, hole >= stop[of]), np.concatenate(places), np.concatenate(values)


def unmask(config: Config) -> Table:
    """The hidden term of a window."""
    w, _, values = hidden(config)
    return _table(w.shown, values[:, None], ("hidden term",), (config.p,), w.held_out, config.p)
