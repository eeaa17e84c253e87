"""The algorithm of the residue networks: read out of the weights, run on its own, and written by hand.

A neuron of the trained networks adds two waves of one frequency k/q, one in each digit, and rectifies; its output turns the logits of
task q by a wave of the same frequency over the classes:

    z_j(n)     = relu(a0_j cos(2 pi k_j x0 / q_j - phi0_j) + a1_j cos(2 pi k_j p x1 / q_j - phi1_j) + c_j)
    logit_q(m) = sum over j with q_j = q of b_j cos(2 pi k_j m / q - psi_j) z_j(n)

with psi = phi0 + phi1. `studies.torus` derives what these add up to, and `studies.ladder` asks how much of the network it is. `extract`
reads the nine numbers of every neuron, `execute` runs them on their own.

`regroup` gives evenly spread phases to any waves of any strengths. The result is exact, as a construction from theory alone: it
says what the task is, and nothing of the network that the waves came from. `circuits.by_hand` writes it, and another, into weights.
"""

import jax.numpy as jnp
import numpy as np

from ..circuits.by_hand import Neurons, join, parity_neurons, wave_neurons
from ..lens.fourier import family_variance, rational_dictionary
from ..lens.interventions import neuron_logit_map, run_with_cache
from ..network.runs import Run
from ..numbers.integers import primes_below
from .arrays import Arrays


def label_neurons(pre: np.ndarray, p: int, *, columns: int = 128) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rational wave that explains most of each pre-activation: q (M,), k (M,), and the share of variance its family explains (M,).

    **Arguments:** pre, float (p * p, M).
    """
    d = rational_dictionary(p)
    share = [family_variance(pre[:, i : i + columns], p, d.theta0, d.theta1) for i in range(0, pre.shape[1], columns)]
    best = np.concatenate([s.argmax(axis=0) for s in share])
    return d.q[best], d.k[best], np.concatenate([s.max(axis=0) for s in share])


def _wave(y: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Constant, amplitude and phase of the best c + a cos(2 pi theta_j x - phi) in each column of y (n, M)."""
    angle = 2 * np.pi * np.arange(len(y))[:, None] * theta[None, :]
    design = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)], axis=-1).transpose(1, 0, 2)  # (M, n, 3)
    u, s, vt = np.linalg.svd(design, full_matrices=False)
    inverse = np.where(s > 1e-8 * s[:, :1], 1 / np.maximum(s, 1e-300), 0)  # a frequency of 1/2 has no sine
    constant, x, y_ = np.einsum("mkj,mk,mnk,nm->jm", vt, inverse, u, y, optimize=True)
    return constant, np.hypot(x, y_), np.arctan2(y_, x)


def extract(run: Run) -> Neurons:
    """Read the algorithm out of a one-layer network trained on residues; every neuron is kept.

    Raises `ValueError` for another task or more layers.
    """
    if run.config.task != "residues" or run.config.n_layers != 1:
        raise ValueError(f"run {run.config.run!r}: the algorithm is read from one-layer networks trained on residues")
    p = run.config.p
    _, cache = run_with_cache(run.model, jnp.asarray(run.dataset.tokens))
    pre = np.asarray(cache["blocks.0.mlp.hook_pre"][:, -1], np.float64)
    q, k, _ = label_neurons(pre, p)
    grid = pre.reshape(p, p, -1)  # [x1, x0, neuron]
    c0, a0, phi0 = _wave(grid.mean(axis=0), k / q)  # c0 holds the mean of the other digit's wave, and c1 likewise
    c1, a1, phi1 = _wave(grid.mean(axis=1), (k * p % q) / q)
    W_L = np.asarray(neuron_logit_map(run.model), np.float64)
    ends = np.cumsum(run.dataset.widths)
    b, psi = np.zeros(len(q)), np.zeros(len(q))
    for width, end in zip(run.dataset.widths, ends, strict=True):
        mine = q == width
        if mine.any():
            _, b[mine], psi[mine] = _wave(W_L[mine, end - width : end].T, k[mine] / width)
    return Neurons(q, k, a0, phi0, a1, phi1, c0 + c1 - pre.mean(axis=0), b, psi)


def read_off(pre: np.ndarray, W_L: np.ndarray, q: np.ndarray, k: np.ndarray, widths: tuple[int, ...], p: int) -> Neurons:
    """`extract` of labelled neurons that were computed elsewhere: pre (p * p, M), W_L (M, classes)."""
    grid = pre.reshape(p, p, -1)
    (c0, a0, phi0), (c1, a1, phi1) = (_wave(grid.mean(axis=i, dtype=np.float64), turns) for i, turns in enumerate((k / q, (k * p % q) / q)))
    b, psi = np.zeros((2, len(q)))
    for width, end in zip(widths, np.cumsum(widths), strict=True):
        mine = q == width
        if mine.any():
            _, b[mine], psi[mine] = _wave(W_L[mine, end - width : end].T.astype(np.float64), k[mine] / width)
    return Neurons(q, k, a0, phi0, a1, phi1, c0 + c1 - pre.mean(axis=0, dtype=np.float64), b, psi)


def read_neurons(run: Run) -> Arrays:
    """`extract` as arrays by name, (M,) each."""
    return {name: np.asarray(value) for name, value in extract(run)._asdict().items()}


def execute(neurons: Neurons, p: int) -> np.ndarray:
    """Packed logits of the algorithm for all n < p**2: float64 (p * p, sum of the primes below p). No network runs."""
    x0, x1 = np.arange(p)[None, :, None], np.arange(p)[:, None, None]
    out = []
    for q in primes_below(p):
        s = Neurons(*(field[neurons.q == q] for field in neurons))
        w = 2 * np.pi * s.k / q
        z = np.maximum(s.a0 * np.cos(w * x0 - s.phi0) + s.a1 * np.cos(w * p * x1 - s.phi1) + s.c, 0).reshape(p * p, -1)
        out.append(z @ (s.b[:, None] * np.cos(w[:, None] * np.arange(q)[None, :] - s.psi[:, None])))
    return np.concatenate(out, axis=1)


def idealise(neurons: Neurons) -> Neurons:
    """The same with what theory says: equal amplitudes on both digits, psi = phi0 + phi1, no constant."""
    a = (neurons.a0 + neurons.a1) / 2
    return neurons._replace(a0=a, a1=a, psi=neurons.phi0 + neurons.phi1, c=np.zeros_like(a))


def regroup(q: np.ndarray, k: np.ndarray, strength: np.ndarray, phases: int = 9) -> Neurons:
    """Neurons of the given waves with evenly spread phases. Task 2, whose wave has no sine, gets `parity_neurons`."""
    waves = zip(q, k, strength, strict=True)
    return join([parity_neurons(float(s)) if a == 2 else wave_neurons(int(a), int(b), phases, float(s)) for a, b, s in waves])
