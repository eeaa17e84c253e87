"""What is trained on: a task's examples and labels, and their seeded split.

Shape letters: N examples, T tasks.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np


class Table(NamedTuple):
    """What a task function returns: every example there is, before any split."""

    tokens: np.ndarray  # (N, n_ctx), each in [0, d_vocab); the last one is '='
    labels: np.ndarray  # (N, T), column t in [0, widths[t])
    task_names: tuple[str, ...]
    widths: tuple[int, ...]
    d_vocab: int
    train: np.ndarray | None = None  # (N,) bool, where the task itself says which examples are trained on


class Size(NamedTuple):
    """How large a task's examples are, told before they are made."""

    examples: int
    n_ctx: int
    tasks: int
    classes: int  # of all tasks together
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
