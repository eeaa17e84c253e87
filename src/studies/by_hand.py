"""The networks written by hand at work: their margins, certificates and what weight decay charges for them, beside trained ones."""

from collections.abc import Callable
from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from ..circuits.by_hand import carry_network, phase_network, writing_groups
from ..network.config import Config
from ..network.model import Transformer, predict
from ..network.packing import margins
from ..network.runs import Run
from ..network.tasks import make_dataset
from .arrays import Arrays
from .certificate import certify

P113 = {
    "simplified": Config(run="by-hand-simplified", p=113, block="sas", d_model=256, d_mlp=1024),
    "standard": Config(run="by-hand-standard", p=113, block="standard", d_model=256, d_mlp=1024),
}
GROWTH_P = (31, 53, 71, 113)
DATA = (*P113.values(), *(replace(P113["standard"], p=p) for p in GROWTH_P if p != 113))  # the networks that are written here
WRITERS = {"phase": phase_network, "carry": carry_network}


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


def cost(run: Run) -> Arrays:
    """`cost` (): `decay_cost` of a trained run at the same quantile of its margins."""
    m = margins(np.asarray(predict(run.model, jnp.asarray(run.dataset.tokens))), run.dataset.labels, run.dataset.widths)
    return {"cost": np.asarray(decay_cost(run.model, float(np.quantile(m, MARGIN))))}


def hand_written() -> Arrays:
    """The phase and the carry network at p = 113 in both blocks: `<kind>, <block>` has the margins of all cells at 2,000 quantiles, and
    `... wrong`, `... smallest`, `... bound` (worst task), `... saving` (brute force over operations of the certificate), `... cost`
    (`decay_cost`); and by kind `... over p`, the saving at each of `GROWTH_P` in the standard block."""
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
