"""Measurements of seconds, kept so that a page takes none: extracted neurons, primality counts, the networks written by hand.

Each is a function from runs to arrays for `src.measure.measure`; the ones written by hand need no run.
"""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from src.algorithm import Neurons, carry_network, extract, margins, phase_network
from src.certificate import certify, writing_groups
from src.checkpoint import Run, list_runs
from src.config import Config
from src.measure import Arrays, measure
from src.model import predict
from src.primality import Confusion, primality
from src.tasks import make_dataset

P113 = {
    "simplified": Config(run="by-hand-simplified", p=113, block="sas", d_model=256, d_mlp=1024),
    "standard": Config(run="by-hand-standard", p=113, block="standard", d_model=256, d_mlp=1024),
}
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


def hand_written_all(runs: Sequence[Run]) -> Arrays:
    """The phase and the carry network at p = 113 in both blocks: `<kind>, <block>` has the margins of all cells at 2,000 quantiles, and
    `... wrong`, `... smallest`, `... bound` (worst task), `... saving` (brute force over operations of the certificate)."""
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
            out[f"{name} bound"], out[f"{name} saving"] = np.asarray(proof.bound.min()), np.asarray(proof.brute_force / proof.operations)
    return out


def hand_written() -> Arrays:
    """`hand_written_all`, from measurements/."""
    return measure("hand-written", hand_written_all, [])
