"""What the explorer's page holds: a network, how its neurons are read, and its training, as arrays by name.

A page cannot ask for files when it is opened from a folder, so `figures.explorer` writes these arrays into it. Weights keep the float16 of
the committed checkpoint: what the page computes, it computes with the same numbers as everything else here.
"""

import numpy as np

from ..circuits.by_hand import Neurons
from ..network.runs import Run
from ..studies.arrays import Arrays
from ..studies.composition import predicted_residues
from ..studies.torus import wave_strengths
from .evidence import neurons_of, runs_of
from .registry import arrays

RUN = "paper"


def weights(run: Run) -> Arrays:
    """Every weight of a one-layer run in the simplified block, float16, by its name in TransformerLens.

    Raises `ValueError` for another run, or where float16 would round a weight.
    """
    model = run.model
    if len(model.blocks) != 1 or run.config.block != "sas":
        raise ValueError(f"run {run.config.run!r}: the explorer shows one layer of the simplified block")
    attn, mlp = model.blocks[0].attn, model.blocks[0].mlp
    found = {
        "W_E": model.W_E, "W_pos": model.W_pos, "W_Q": attn.W_Q, "W_K": attn.W_K, "W_V": attn.W_V, "gains": attn.shape_gains,
        "W_in": mlp.W_in, "W_out": mlp.W_out, "mlp_gain": model.blocks[0].mlp_gain, "W_U": model.W_U,
    }  # fmt: skip
    out = {name: np.asarray(value, np.float16) for name, value in found.items()}
    if any((out[name] != np.asarray(value)).any() for name, value in found.items()):
        raise ValueError(f"run {run.config.run!r}: its weights are not those of float16")
    return out


def wrong_cells(run: Run) -> np.ndarray:
    """The cells that a run gets wrong: int (cells, 2), n and the prime."""
    n, task = np.nonzero(predicted_residues(run) != run.dataset.labels)
    return np.stack([n, np.asarray(run.dataset.widths)[task]], axis=1)


def reading(seed: int = 0) -> Arrays:
    """How the neurons of a seed of `RUN` are read.

    **Returns:** (M,): the fields of `Neurons`; `rational`, `zp` and `random`, the share of a neuron's input that its best wave explains,
    that its best pair of frequencies of Z/p does, and a random one; `hurts`, the prime whose loss rises most without the neuron's
    component. (W,): `wave_q`, `wave_k`, `wave_s`, every wave in use and its strength in the closed formula. `clears` (2, T, T + 1) as
    in `studies.cancellation.cancel`; `wrong` (cells, 2).
    """
    neurons, found = neurons_of(RUN, seed), arrays(f"{RUN}-analysis")
    q, k, s = wave_strengths(neurons)
    return {
        **_narrow(neurons), "hurts": found["hurts"][seed].astype(np.uint8),
        **{name: found[name][seed].astype(np.float32) for name in ("rational", "zp", "random")},
        "wave_q": q.astype(np.uint8), "wave_k": k.astype(np.uint8), "wave_s": s.astype(np.float32),
        "clears": arrays(f"{RUN}-cancellation")["clears"][seed].astype(np.float32),
        "wrong": wrong_cells(runs_of(RUN)[seed]).astype(np.int32),
    }  # fmt: skip


def _narrow(neurons: Neurons) -> Arrays:
    """Labels as bytes, everything else float32."""
    return {name: value.astype(np.uint8 if name in "qk" else np.float32) for name, value in neurons._asdict().items()}


def course() -> Arrays:
    """`studies.phases` of one network over its training, in the types that a page can hold."""
    found = arrays("explorer-course")
    return {**found, "step": found["step"].astype(np.int32), "formula": found["formula"].astype(np.float32)}


def mechanism(q: int) -> Arrays:
    """What one task's own neurons need: enough to run them on any n.

    **Returns:** for G neurons of the prime: their `Neurons` fields (G,); its waves, `wave_k` and `wave_s`; `scores` (2, H, p)
    and `last` (H,), what '=' attends with to each digit and to itself, before the softmax; `gains` (3, H); `input0`, `input1`
    float16 (H, p, G) and `input2` (H, G), what each head brings a neuron from x0, x1 and '='; `writes` float16 (G, q), to the classes.

    Raises `ValueError` for a number that is no task.
    """
    run, neurons = runs_of(RUN)[0], neurons_of(RUN)
    if q not in run.dataset.widths:
        raise ValueError(f"q={q}: no prime below {run.config.p}")
    w, p = {name: value.astype(np.float32) for name, value in weights(run).items()}, run.config.p
    mine, table = np.flatnonzero(neurons.q == q), w["W_E"][None] + w["W_pos"][:, None]  # (3, tokens, d_model)
    query = np.einsum("m,hmd->hd", table[2, p], w["W_Q"])
    scores = np.einsum("txm,hmd,hd->htx", table, w["W_K"], query, optimize=True) / np.sqrt(query.shape[-1])
    W_in = w["W_in"][:, mine].reshape(*query.shape, -1)
    brought = np.einsum("txm,hmd,hdg->thxg", table, w["W_V"], W_in, optimize=True)
    end, own = int(np.cumsum(run.dataset.widths)[run.dataset.widths.index(q)]), Neurons(*(field[mine] for field in neurons))
    W_L = w["mlp_gain"] * w["W_out"][mine] @ w["W_U"][:, end - q : end]
    wave_q, wave_k, wave_s = wave_strengths(neurons)
    return {
        **_narrow(own), "wave_k": wave_k[wave_q == q].astype(np.uint8), "wave_s": wave_s[wave_q == q].astype(np.float32),
        "scores": scores[:, :2, :p].transpose(1, 0, 2).astype(np.float32), "last": scores[:, 2, p].astype(np.float32),
        "gains": w["gains"], "input0": brought[0, :, :p].astype(np.float16),
        "input1": brought[1, :, :p].astype(np.float16), "input2": brought[2, :, p].astype(np.float32), "writes": W_L.astype(np.float16),
    }  # fmt: skip
