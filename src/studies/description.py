"""The race (R10): in how many bits can what a network computes be said, by its weights and by the closed formula read out of them?

Right answers are no measure: n mod q follows from the definition of the task, in no bits at all. So both are asked for the network's *own*
logits, and a description is judged by the share of their variance that it has (`ladder.share`). The weights are rounded to b bits each; the
formula's numbers are the strengths of its waves, rounded likewise, and which waves those are. The program and the architecture are the
same for every p and are left out.
"""

import jax
import jax.numpy as jnp
import numpy as np

from ..lens.fourier import rational_dictionary
from ..network.model import count_parameters, predict
from ..network.runs import Run
from .algorithm import extract
from .arrays import Arrays
from .ladder import reference, share
from .torus import formula, wave_strengths

BITS = (1, 2, 3, 4, 5, 6, 8, 12)


def round_to(x: np.ndarray, bits: int) -> np.ndarray:
    """`x` rounded to the nearest of 2**bits levels, evenly spaced from -max|x| to max|x|; the scale is not counted."""
    x = np.asarray(x, np.float64)
    top = np.abs(x).max(initial=0.0)
    if top == 0:
        return x
    steps = 2**bits - 1
    return (np.round((x / top + 1) / 2 * steps) / steps * 2 - 1) * top


def race(run: Run) -> Arrays:
    """Bits and shares of both descriptions at each precision of `BITS` (B,).

    **Returns:** `network_bits`, `formula_bits` and `network_share`, `formula_share`, (B,); `parameters` and `waves`, how many numbers;
    `as_good` (), the fewest bits in which the weights have at least the share that the formula has at its finest.
    """
    tokens, p = jnp.asarray(run.dataset.tokens), run.config.p
    r = reference(np.asarray(predict(run.model, tokens)), run.dataset.labels, run.dataset.widths)
    q, k, strength = wave_strengths(extract(run))
    each = np.log2(len(rational_dictionary(p).q))
    out: dict[str, list[float]] = {name: [] for name in ("network_bits", "network_share", "formula_bits", "formula_share")}
    for bits in BITS:
        rounded = jax.tree.map(lambda x, bits=bits: jnp.asarray(round_to(np.asarray(x), bits), x.dtype), run.model)
        out["network_bits"].append(count_parameters(run.model) * bits)
        out["network_share"].append(share(np.asarray(predict(rounded, tokens)), r))
        out["formula_bits"].append(len(q) * (each + bits))
        out["formula_share"].append(share(formula(q, k, round_to(strength, bits), p), r))
    enough = [b for b, s in zip(out["network_bits"], out["network_share"], strict=True) if s >= out["formula_share"][-1]]
    return {
        **{name: np.asarray(values, np.float64) for name, values in out.items()},
        "parameters": np.asarray(count_parameters(run.model)), "waves": np.asarray(len(q)),
        "as_good": np.asarray(min(enough, default=np.nan)),
    }  # fmt: skip


def growth(p: np.ndarray, need: np.ndarray) -> float:
    """The exponent e of need ~ p**e, the slope of a line through the logarithms by least squares; both (P,). NaN where one is infinite."""
    return float(np.polyfit(np.log(p), np.log(need), 1)[0]) if np.isfinite(need).all() else float("nan")
