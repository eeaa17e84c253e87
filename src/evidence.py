"""Measurements of seconds, kept so that a page takes none: extracted neurons, primality counts, the networks written by hand.

Each is a function from runs to arrays for `src.measure.measure`; the ones written by hand need no run.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from src.algorithm import Neurons, carry_network, extract, margins, phase_network
from src.certificate import certify, writing_groups
from src.checkpoint import Run, list_runs
from src.config import Config
from src.measure import Arrays, measure
from src.model import Transformer, predict
from src.primality import Confusion, primality
from src.tasks import make_dataset

P113 = {
    "simplified": Config(run="by-hand-simplified", p=113, block="sas", d_model=256, d_mlp=1024),
    "standard": Config(run="by-hand-standard", p=113, block="standard", d_model=256, d_mlp=1024),
}
GROWTH_P = (31, 53, 71, 113)
WRITERS = {"phase": phase_network, "carry": carry_network}


def seeds_of(run: str) -> list[tuple[str, int]]:
    """Every committed seed of a run."""
    return [found for found in list_runs() if found[0] == run]


def extract_all(runs: Sequence[Run]) -> Arrays:
    """The nine numbers of every neuron: arrays (seeds, M)."""
    found = [extract(run) for run in runs]
    return {name: np.stack([getattr(one, name) for one in found]) for name in Neurons._fields}


def neurons_of(run: str, seed: int = 0) -> Neurons:
    """`src.algorithm.extract` of a committed run, from measurements/."""
    arrays = measure(f"{run}-{seed}-neurons", extract_all, [(run, seed)])
    return Neurons(*(arrays[name][0] for name in Neurons._fields))


def primality_all(runs: Sequence[Run]) -> Arrays:
    """`src.primality.primality` of every run: `counts` (seeds, 4), in the order of `Confusion`."""
    return {"counts": np.asarray([primality(run) for run in runs])}


def confusions(run: str) -> list[Confusion]:
    """Primality by composition for every committed seed of a run, from measurements/."""
    counts = measure(f"{run}-primality", primality_all, seeds_of(run))["counts"]
    return [Confusion(*(int(n) for n in row)) for row in counts]


def decay_cost(model: Transformer, margin: float) -> float:
    """What weight decay charges for a one-layer network at a margin of 1: the least sum of squares of embedding, W_in, W_out and
    unembedding that rescaling them can give, were they a chain: 4 (|W_E|^2 |W_in|^2 |W_out|^2 |W_U|^2 / margin^2)^(1/4).

    `margin` is that of the network as it is, in logits. Attention, which copies, is left out.
    """
    mlp = model.blocks[0].mlp
    layers = [np.asarray(w, np.float64) for w in (model.W_E, mlp.W_in, mlp.W_out, model.W_U)]
    gain = 1.0 if model.blocks[0].mlp_gain is None else float(model.blocks[0].mlp_gain)
    return float(4 * np.exp(np.mean([np.log((w**2).sum()) for w in layers])) * np.sqrt(abs(gain) / margin))


MARGIN = 0.01  # the quantile of the margins of all cells at which costs are compared


def costs(runs: Sequence[Run]) -> Arrays:
    """`decay_cost` of every trained run at the same quantile of its margins: (seeds,)."""
    out = []
    for run in runs:
        m = margins(np.asarray(predict(run.model, jnp.asarray(run.dataset.tokens))), run.dataset.labels, run.dataset.widths)
        out.append(decay_cost(run.model, float(np.quantile(m, MARGIN))))
    return {"cost": np.asarray(out)}


def hand_written_all(runs: Sequence[Run]) -> Arrays:
    """The phase and the carry network at p = 113 in both blocks: `<kind>, <block>` has the margins of all cells at 2,000 quantiles, and
    `... wrong`, `... smallest`, `... bound` (worst task), `... saving` (brute force over operations of the certificate), `... cost`
    (`decay_cost`); and by kind `... over p`, the saving at each of `GROWTH_P` in the standard block."""
    assert not runs
    out: Arrays = {}
    for kind, write in WRITERS.items():
        for block, config in P113.items():
            data, model = make_dataset(config), write(config)
            m = margins(np.asarray(predict(model, jnp.asarray(data.tokens))), data.labels, data.widths)
            proof = certify(model, config, writing_groups(model, config))
            name = f"{kind}, {block}"
            out[name] = np.quantile(m, np.linspace(0, 1, 2000))
            out[f"{name} wrong"], out[f"{name} smallest"] = np.asarray((m <= 0).sum()), np.asarray(m.min())
            out[f"{name} cost"] = np.asarray(decay_cost(model, float(np.quantile(m, MARGIN))))
            out[f"{name} bound"], out[f"{name} saving"] = np.asarray(proof.bound.min()), np.asarray(proof.brute_force / proof.operations)
        out[f"{kind} over p"] = np.asarray([_saving(write, replace(P113["standard"], p=p)) for p in GROWTH_P])
    return out


def _saving(write: Callable[[Config], Transformer], config: Config) -> float:
    """Brute force over operations of the certificate of a network written by hand, in an architecture as wide as p = 113 needs."""
    model = write(config)
    proof = certify(model, config, writing_groups(model, config))
    return proof.brute_force / proof.operations


def hand_written() -> Arrays:
    """`hand_written_all`, from measurements/."""
    return measure("hand-written", hand_written_all, [])
