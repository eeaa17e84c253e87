"""Is there a spike of active frequencies while the network learns? The same trajectory counted in two bases and three ways.

Earlier work on these networks (Syrkis and Sogaard 2025) counts frequencies of Z/p whose strength in the neurons exceeds a threshold, and
reports that their number rises and falls again around the time of generalisation. A count depends on its threshold. We take the neurons'
pre-activations as a function of each digit and count, at every kept step, the frequencies that are

- `text`: above the mean by two standard deviations, over the frequencies of that step;
- `code`: above the mean by one standard deviation, over the frequencies of that step, after each frequency has been divided by its largest
  value over time;
- `share`: above the 99% ceiling that noise of the same shape would reach, as a share of the step's total power.

The first two are readings of the earlier count (its text and its code), the third is ours: its threshold does not move with the spread
of the frequencies themselves.
"""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from ..lens.fourier import fourier_basis, rational_dictionary, waves
from ..lens.interventions import run_with_cache
from ..network.runs import Run

BASES = ("Z/p", "rational")


def digit_functions(run: Run) -> np.ndarray:
    """What each neuron reads of each digit: float64 (2, p, M), means over the other digit taken out."""
    p = run.config.p
    _, cache = run_with_cache(run.model, jnp.asarray(run.dataset.tokens))
    grid = np.asarray(cache["blocks.0.mlp.hook_pre"][:, -1], np.float64).reshape(p, p, -1)
    both = np.stack([grid.mean(axis=0), grid.mean(axis=1)])
    return both - both.mean(axis=1, keepdims=True)


def power(functions: np.ndarray, p: int, basis: str) -> np.ndarray:
    """Power of every frequency of a basis, summed over neurons and digits: (F,).

    Z/p: F = (p - 1) / 2 bins. Rational: F = the entries of `rational_dictionary`, k/q on x0 and k p / q on x1.
    """
    if basis == "Z/p":
        bins = (np.einsum("fx,dxm->dfm", fourier_basis(p)[1:], functions) ** 2).sum(axis=(0, 2))
        return bins.reshape(-1, 2).sum(axis=1)
    d = rational_dictionary(p)
    out = np.zeros(len(d.q))
    for theta, f in zip((d.theta0, d.theta1), functions, strict=True):
        out += (np.einsum("txw,xm->twm", waves(theta, p)[..., 1:], f, optimize=True) ** 2).sum(axis=(1, 2))
    return out


def counts(powers: np.ndarray, ceiling: float) -> dict[str, np.ndarray]:
    """Active frequencies at each step by the three rules, from powers (S, F): arrays (S,)."""
    norms = np.sqrt(powers)
    over_time = norms / np.maximum(norms.max(axis=0), 1e-30)
    share = powers / np.maximum(powers.sum(axis=1, keepdims=True), 1e-30)
    return {
        "text": (norms > norms.mean(axis=1, keepdims=True) + 2 * norms.std(axis=1, keepdims=True)).sum(axis=1),
        "code": (over_time > over_time.mean(axis=1, keepdims=True) + over_time.std(axis=1, keepdims=True)).sum(axis=1),
        "share": (share > ceiling).sum(axis=1),
    }


def ceiling_of_noise(p: int, neurons: int, basis: str, *, draws: int = 50, seed: int = 0) -> float:
    """99th percentile of the largest share of any frequency in Gaussian noise of the same shape."""
    rng = np.random.default_rng(seed)
    largest = []
    for _ in range(draws):
        f = rng.standard_normal((2, p, neurons))
        w = power(f - f.mean(axis=1, keepdims=True), p, basis)
        largest.append((w / w.sum()).max())
    return float(np.quantile(largest, 0.99))


def spike(runs: Sequence[Run]) -> dict[str, np.ndarray]:
    """Counts of one run over its kept steps: `step` (S,), `<basis>_<rule>` (S,) for both bases and three rules, `<basis>_gini` (S,), the
    inequality of the powers, which needs no threshold, and `valid_loss`, `valid_accuracy` (S,), means over tasks."""
    p = runs[0].config.p
    functions = [digit_functions(run) for run in runs]
    metrics = runs[-1].metrics
    at = [int(np.flatnonzero(metrics["step"] == run.step)[0]) for run in runs]
    out = {
        "step": np.asarray([run.step for run in runs]),
        "valid_loss": metrics["valid_loss"][at].mean(axis=1),
        "valid_accuracy": metrics["valid_accuracy"][at].mean(axis=1),
    }
    for basis in BASES:
        powers = np.stack([power(f, p, basis) for f in functions])
        for rule, count in counts(powers, ceiling_of_noise(p, functions[0].shape[2], basis)).items():
            out[f"{basis}_{rule}"] = count
        rank = np.arange(1, powers.shape[1] + 1)
        ordered = np.sort(powers, axis=1)
        out[f"{basis}_gini"] = ((2 * rank - len(rank) - 1) * ordered).sum(axis=1) / (len(rank) * ordered.sum(axis=1))
    return out
