"""The course of modular addition over training, seed by seed: when each phase ends, and what moves first."""

import numpy as np

from ..lens.progress import phases
from .arrays import Arrays


def turns(course: Arrays) -> list[dict[str, float]]:
    """The phases of every seed of `studies.outcomes.course`."""
    keys = zip(course["step"], course["loss_valid"], course["excluded_train"], strict=True)
    return [phases(step, valid, excluded) for step, valid, excluded in keys]


def lead(course: Arrays) -> np.ndarray:
    """Steps by which the restricted loss halves before the held-out loss has halved from its peak, for each seed."""
    out = []
    for step, restricted, turn in zip(course["step"], course["restricted_all"], turns(course), strict=True):
        out.append(turn["formation"] - step[np.flatnonzero(restricted < restricted[0] / 2)[0]])
    return np.asarray(out)
