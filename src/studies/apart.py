"""What another prime's neurons are worth to a task, taken apart: their terms of one digit, their terms of both, and all together.

A task suffers when the neurons of another prime are held at their means, for one of two reasons: they clear away its terms of one digit
(`cancellation`), or their waves nearly agree with its own on both digits, so that they write some of its answer (`residues`). Here each
part is held by itself.
"""

import numpy as np

from ..network.runs import Run
from .algorithm import extract
from .arrays import Arrays
from .ladder import Anatomy, anatomy, on_one_digit

HELD = ("one digit", "both digits", "all")
HURT = 0.01  # of the answers lost with all of it held, from which on a pair counts


def without(a: Anatomy, own: np.ndarray) -> dict[str, np.ndarray]:
    """Logits with a part of what the neurons `own` (M,) write held at its mean: each of `HELD`, (p * p, C)."""
    written = a.post[:, own] @ a.W_L[own]
    mean, x0, x1 = on_one_digit(written, a.p)
    one = (x0[None] + x1[:, None]).reshape(written.shape)
    return {"one digit": a.logits - one, "both digits": a.logits - (written - mean - one), "all": a.logits - (written - mean)}


def answers(logits: np.ndarray, widths: tuple[int, ...]) -> np.ndarray:
    """The class of each task, (N, T)."""
    ends = np.cumsum(widths)
    return np.stack([logits[:, end - q : end].argmax(axis=1) for q, end in zip(widths, ends, strict=True)], axis=1)


def apart(run: Run) -> Arrays:
    """Accuracy of every task with a part of what each prime's neurons write held at its mean, over all rows of one network of T tasks.

    **Returns:** `right` (T,), with nothing held; `held` (3, T, T), of each of `HELD`, by the prime whose neurons are held (rows) and the
    task (columns).

    Raises `ValueError` as `anatomy`.
    """
    a, q = anatomy(run), extract(run).q
    labels = run.dataset.labels
    held = [[(answers(y, a.widths) == labels).mean(axis=0) for y in without(a, q == prime).values()] for prime in a.widths]
    return {"right": (answers(a.logits, a.widths) == labels).mean(axis=0), "held": np.asarray(held).transpose(1, 0, 2)}


def losses(a: Arrays) -> np.ndarray:
    """Of the pairs that lose `HURT` of their answers with all of another prime's part held, what each of `HELD` costs: (3, pairs)."""
    lost = a["right"] - a["held"]
    return lost[:, (lost[2] >= HURT) & ~np.eye(len(a["right"]), dtype=bool)]
