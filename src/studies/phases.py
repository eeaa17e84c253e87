"""How the phases of the neurons come about: one training, step by step, small enough for a page to hold."""

import numpy as np

from ..lens.progress import load_steps
from ..network.runs import Run
from .arrays import Arrays, stack
from .formation import read
from .ladder import anatomy, reference, share
from .torus import formula, wave_strengths


def phases(runs: list[list[Run]]) -> Arrays:
    """The training of the first of some runs, over its S kept steps; M neurons and T tasks.

    **Returns:** `step` (S,); `formula` (S,), the share of the network's own logits that the closed formula has; `valid` and `train` (S, T),
    accuracies; `q`, `k`, uint8 (S, M), each neuron's wave; `phi0`, `phi1`, uint8 (S, M), its phases in 256ths of a turn; `explained`, uint8
    (S, M), the share of the input's variance that the wave has, in 255ths.
    """
    rows = []
    for one in load_steps(runs[0][0].folder):
        a = anatomy(one)
        neurons = read(a)
        at = np.flatnonzero(one.metrics["step"] == one.step)[0]
        half = np.where(neurons.q == 2, 1, 0.5)  # the mean square of a cosine; a frequency of 1/2 has the values 1 and -1
        explained = half * (neurons.a0**2 + neurons.a1**2) / np.maximum(a.pre.var(axis=0), 1e-12)
        turns = {name: np.round(getattr(neurons, name) / (2 * np.pi) * 256).astype(int) % 256 for name in ("phi0", "phi1")}
        rows.append({
            "step": np.asarray(one.step), "valid": one.metrics["valid_accuracy"][at].astype(np.float32),
            "train": one.metrics["train_accuracy"][at].astype(np.float32),
            "formula": np.asarray(share(formula(*wave_strengths(neurons), a.p), reference(a.logits, one.dataset.labels, a.widths))),
            **{name: value.astype(np.uint8) for name, value in (("q", neurons.q), ("k", neurons.k), *turns.items())},
            "explained": np.round(255 * explained.clip(0, 1)).astype(np.uint8),
        })  # fmt: skip
    return stack(rows)
