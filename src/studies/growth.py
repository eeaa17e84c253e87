"""What a network needs, of width or of rows, so that few of its cells are wrong. Its power of p is `description.growth`.

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


def operations(rows: float, d_model: float, d_mlp: float, outputs: int) -> float:
    """Floating-point operations of one training step's model: two for each multiplication of MLP and unembedding at the last position,
    three times over for the gradients. The rest (tables of 2p + 1 rows, attention over three tokens, Muon's orthogonalisation) is overhead
    by this count."""
    return 3.0 * rows * (4 * d_model * d_mlp + 2 * d_model * outputs)
