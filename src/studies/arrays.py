"""What a study returns: arrays by name. And how the arrays of several seeds become one."""

from collections.abc import Sequence

import numpy as np

Arrays = dict[str, np.ndarray]


def stack(rows: Sequence[Arrays]) -> Arrays:
    """Arrays of several runs stacked, the run first; lists of unequal length are padded with -1."""
    out: Arrays = {}
    for name in rows[0]:
        values = [np.asarray(row[name]) for row in rows]
        longest = max((len(v) for v in values if v.ndim), default=0)
        if values[0].ndim == 1 and any(len(v) != longest for v in values):
            values = [np.pad(v, (0, longest - len(v)), constant_values=-1) for v in values]
        out[name] = np.stack(values)
    return out


def unstack(arrays: Arrays) -> list[Arrays]:
    """The arrays of each run again, padding and all."""
    return [{name: values[i] for name, values in arrays.items()} for i in range(len(next(iter(arrays.values()))))]
