"""Task -> Dataset: integers become tokens and labels, one module a family of tasks.

A task is one function from a `Config` to a `Table`, and one that tells its size beforehand. To add one, write both in its family's module
and add them to `TASKS` here, and its name to `Task` in `network.config`. Labels of T tasks with widths w_1 ... w_T are predicted by one
packed row of logits (`network.packing`).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .. import memory
from ..config import Config, ConfigError
from ..dataset import Dataset, Size, Table
from . import digits, miu, primality, sequences


class Kind(NamedTuple):
    """A task: what makes its examples, and what tells their size before they are made."""

    make: Callable[[Config], Table]
    size: Callable[[Config], Size]


TASKS: dict[str, Kind] = {
    "residues": Kind(digits.residues, digits.residues_size),
    "addition": Kind(digits.addition, digits.addition_size),
    "decades": Kind(primality.decades, primality.decades_size),
    "primality": Kind(primality.primality, primality.primality_size),
    "divisibility": Kind(primality.divisibility, primality.divisibility_size),
    "classify": Kind(sequences.classify, sequences.size),
    "compare": Kind(sequences.compare, sequences.size),
    "continue": Kind(sequences.continuation, sequences.size),
    "unmask": Kind(sequences.unmask, sequences.size),
    "miu": Kind(miu.miu, miu.size),
}


def make_dataset(config: Config) -> Dataset:
    """The examples of `config.task`, split as the task says or, where it says nothing, at random by `config.data_seed` alone.

    Raises `ConfigError` where no example would be trained on, or none held out, or where they would not fit into memory.
    """
    size = TASKS[config.task].size(config)
    memory.check({f"{size.examples:,} examples": 60.0 * size.examples * (size.n_ctx + size.tasks)}, f"the data of task {config.task}")
    table = TASKS[config.task].make(config)
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
