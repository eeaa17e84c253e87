"""The race (R10): how many bits describe a trained network, and how many the algorithm read out of it.

Both get the same two-part code. The first part is the numbers, each at b bits; the second lists the cells that the numbers get wrong,
with their right classes. b is the coarsest precision that keeps the accuracy within `KEPT` of that at the finest. For the network the
numbers are its parameters, rounded to 2**b levels between minus and plus the largest entry of their array. For the algorithm they are
the strengths of the waves (q, k) that it uses, rounded likewise; which waves those are costs log2 of the dictionary's size each. The
architecture and the program are the same for every p and are left out.
"""

import time
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import gammaln

from ..lens.fourier import rational_dictionary
from ..network.model import count_parameters, predict
from ..network.packing import margins
from ..network.runs import Run
from ..network.trainer import init_state, make_chunk
from .algorithm import execute, extract, regroup, strengths
from .arrays import Arrays

BITS = tuple(range(1, 13))
KEPT = 0.001  # share of all cells that rounding may turn wrong


def round_to(x: np.ndarray, bits: int) -> np.ndarray:
    """`x` rounded to the nearest of 2**bits levels, evenly spaced from -max|x| to max|x|; the scale is not counted."""
    x = np.asarray(x, np.float64)
    top = np.abs(x).max(initial=0.0)
    if top == 0:
        return x
    steps = 2**bits - 1
    return (np.round((x / top + 1) / 2 * steps) / steps * 2 - 1) * top


def error_bits(wrong: np.ndarray, widths: Sequence[int]) -> float:
    """Bits to name the wrong cells of each task and their right classes: wrong (N, T) bool."""
    n, total = len(wrong), 0.0
    for count, q in zip(wrong.sum(axis=0), widths, strict=True):
        choose = gammaln(n + 1) - gammaln(count + 1) - gammaln(n - count + 1)
        total += choose / np.log(2) + np.log2(n + 1) + count * np.log2(max(q - 1, 1))
    return float(total)


def network_code(run: Run, bits: int) -> tuple[float, float, int]:
    """Bits of the parameters at `bits` each, bits of the errors, and wrong cells."""
    model = jax.tree.map(lambda x: jnp.asarray(round_to(np.asarray(x), bits), x.dtype), run.model)
    logits = np.asarray(predict(model, jnp.asarray(run.dataset.tokens)))
    wrong = margins(logits, run.dataset.labels, run.dataset.widths) <= 0
    return float(count_parameters(model) * bits), error_bits(wrong, run.dataset.widths), int(wrong.sum())


def algorithm_code(run: Run, waves: tuple[np.ndarray, np.ndarray, np.ndarray], bits: int) -> tuple[float, float, int]:
    """Bits of the waves and their strengths at `bits` each, bits of the errors, and wrong cells."""
    q, k, strength = waves
    logits = execute(regroup(q, k, round_to(strength, bits)), run.config.p)
    wrong = margins(logits, run.dataset.labels, run.dataset.widths) <= 0
    each = np.log2(len(rational_dictionary(run.config.p).q)) + bits
    return float(len(q) * each), error_bits(wrong, run.dataset.widths), int(wrong.sum())


def seconds_a_step(run: Run, steps: int = 4) -> float:
    """Seconds of one training step of this run on this machine now, compiled."""
    tokens, labels = (jnp.asarray(x[run.dataset.train_idx]) for x in (run.dataset.tokens, run.dataset.labels))
    chunk = make_chunk(run.config, run.dataset.widths)
    states = jax.vmap(lambda seed: init_state(run.config, run.dataset, seed))(jnp.zeros(1, jnp.int32))
    states, losses = chunk(states, tokens, labels, steps)
    jax.device_get(losses)
    start = time.perf_counter()
    jax.device_get(chunk(states, tokens, labels, steps)[1])
    return (time.perf_counter() - start) / steps


def race(run: Run) -> Arrays:
    """The network and its algorithm in bits and in seconds.

    **Returns:** `parameters` and `waves`, how many numbers; `table_bits`, the labels themselves. For `network` and `algorithm`: `..._bits`,
    both parts together at the coarsest precision that keeps the accuracy, `..._precision`, `..._error_bits`, `..._wrong` cells.
    `extract_seconds`, to read the algorithm and run it on all inputs; `train_seconds`, the steps until every task stood at 99% (or all
    steps) at this machine's speed now.
    """
    start = time.perf_counter()
    waves = strengths(extract(run))
    execute(regroup(*waves), run.config.p)
    out = {"extract_seconds": time.perf_counter() - start, "parameters": count_parameters(run.model), "waves": len(waves[0])}
    out["table_bits"] = len(run.dataset.labels) * np.log2(run.dataset.widths).sum()
    out["train_seconds"] = seconds_a_step(run) * (run.manifest["steps_to_generalise"] or run.manifest["step"])
    for name, code in (("network", lambda b: network_code(run, b)), ("algorithm", lambda b: algorithm_code(run, waves, b))):
        codes = [code(b) for b in BITS]
        allowed = codes[-1][2] + KEPT * run.dataset.labels.size
        best = next(i for i, (_, _, wrong) in enumerate(codes) if wrong <= allowed)
        numbers, errors, wrong = codes[best]
        found = {"bits": numbers + errors, "precision": BITS[best], "error_bits": errors, "wrong": wrong}
        out |= {f"{name}_{field}": value for field, value in found.items()}
    return {name: np.asarray(value, np.float64) for name, value in out.items()}


def growth(p: np.ndarray, bits: np.ndarray) -> float:
    """The exponent e of bits ~ p**e: the slope of a least-squares line through the logarithms."""
    return float(np.polyfit(np.log(p), np.log(bits), 1)[0])
