"""How width, rows and steps must grow with p: what a network needs so that a given share of its cells is wrong, and its power of p.

A few wrong cells more or fewer are luck, and none at all has no logarithm. So what is needed is where the share of wrong cells, over the
values that were tried, falls below `LEVEL`; between two values the logarithm of the share is taken to be a line in the value's logarithm.
"""

import numpy as np

LEVEL = 1e-4  # of the cells


def needed(values: np.ndarray, wrong: np.ndarray, cells: float, level: float = LEVEL) -> float:
    """The least value, between those tried in ascending order, from which on the share of `wrong` cells is at most `level`.

    Both (V,). inf where the last is above it, the first value where all are below. A value with no wrong cell counts as half of one.
    """
    share = np.log(np.maximum(wrong, 0.5) / cells)
    above = np.flatnonzero(share > np.log(level))
    if len(above) == 0:
        return float(values[0])
    i = int(above[-1])
    if i == len(values) - 1:
        return float("inf")
    x = np.log(values[i : i + 2])
    return float(np.exp(np.interp(-np.log(level), -share[i : i + 2], x)))


def exponent(p: np.ndarray, need: np.ndarray) -> float:
    """The power of p that `need` grows by, by least squares of their logarithms; both (P,). NaN where one of them is not finite."""
    if not np.isfinite(need).all():
        return float("nan")
    return float(np.polyfit(np.log(p), np.log(need), 1)[0])
