"""Task -> Dataset: integers become tokens and labels, one module a family of tasks.

A task is one function from a `Config` to a `Table`, registered in `TASKS`. To add one, write that function in its family's module and add
its name to `TASKS` here and to `Task` in `network.config`. Labels of T tasks with widths w_1 ... w_T are predicted by one packed row of
logits (`network.packing`).
"""

from collections.abc import Callable

import numpy as np

from .. import memory
from ..config import Config, ConfigError
from ..dataset import Dataset, Size, Table
from . import digits, miu, primality, sequences

TASKS: dict[str, Callable[[Config], Table]] = {
    "residues": digits.residues, "addition": digits.addition,
    "decades": primality.decades, "primality": primality.primality, "divisibility": primality.divisibility,
    "classify": sequences.classify, "compare": sequences.compare, "continue": sequences.continuation, "unmask": sequences.unmask,
    "miu": miu.miu,
}  # fmt: skip

SIZES: dict[str, Callable[[Config], Size]] = {
    "residues": digits.residues_size, "addition": digits.addition_size,
    "decades": primality.decades_size, "primality": primality.primality_size, "divisibility": primality.divisibility_size,
    "classify": sequences.size, "compare": sequences.size, "continue": sequences.size, "unmask": sequences.size,
    "miu": miu.size,
}  # fmt: skip


def make_dataset(config: Config) -> Dataset:
    """The examples of `config.task`, split as the task says or, where it says nothing, at random by `config.data_seed` alone.

    Raises `ConfigError` where no example would be trained on, or none held out, or where they would not fit into memory.
    """
    size = SIZES[config.task](config)
    memory.check({f"{size.examples:,} examples": 60.0 * size.examples * (size.n_ctx + size.tasks)}, f"the data of task {config.task}")
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
