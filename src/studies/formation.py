"""How the algorithm forms: the account of `studies.torus` at every kept step of a training, and what moves first.

A measure *moves* at the first kept step at which it has gone half of the way from its first value to its last. That rule was fixed before
any course was looked at. The first value is the one at step 0 or, in the simplified block, whose '=' sees no digit at step 0, at the first
kept step at which there are waves; this was added when such a course was there.
"""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from ..circuits.by_hand import Neurons
from ..lens.fourier import project, rational_dictionary
from ..network.packing import split_logits, task_loss
from ..network.runs import Run
from .arrays import Arrays, stack
from .cancellation import powers
from .ladder import Anatomy, anatomy, on_one_digit, reference, share
from .torus import HARMONICS, balance, formula, wave_strengths

MEASURES = ("formula", "balance", "one_digit", "restricted", "excluded")  # beside held-out accuracy


def read(a: Anatomy) -> Neurons:
    """The nine numbers of every neuron by projection: labels by the pair of waves with the most power on both digits, where
    `algorithm.extract` asks for the best family on the plane and fits it by least squares. Faster by far, and nearly the same."""
    d, angle = rational_dictionary(a.p), 2 * np.pi * np.arange(a.p)
    mean, f0, f1 = on_one_digit(a.pre.astype(np.float64), a.p)
    on0, on1 = (2 / a.p * np.exp(1j * theta[:, None] * angle[None, :]) @ f for theta, f in ((d.theta0, f0), (d.theta1, f1)))
    half = np.where(d.q == 2, 0.5, 1.0)[:, None]  # a frequency of 1/2 has no sine, and twice the power in its cosine
    on0, on1 = on0 * half, on1 * half
    best = (np.abs(on0) ** 2 + np.abs(on1) ** 2).argmax(axis=0)
    at = (best, np.arange(len(best)))
    q, k, written = d.q[best], d.k[best], np.zeros(len(best), complex)
    for prime, end in zip(a.widths, np.cumsum(a.widths), strict=True):
        mine = q == prime
        wave = np.exp(2j * np.pi * np.outer(k[mine], np.arange(prime)) / prime)
        written[mine] = (1 if prime == 2 else 2) / prime * (a.W_L[mine, end - prime : end] * wave).sum(axis=1)
    return Neurons(q, k, np.abs(on0[at]), np.angle(on0[at]), np.abs(on1[at]), np.angle(on1[at]), mean, np.abs(written), np.angle(written))


def key_waves(neurons: Neurons, p: int, prime: int) -> np.ndarray:
    """cos and sin of 2 pi k n / q for the waves that a prime's neurons use: orthonormal (p * p, <= 2 K)."""
    angle = 2 * np.pi * np.outer(np.arange(p * p), np.unique(neurons.k[neurons.q == prime])) / prime
    waves = np.concatenate([np.cos(angle), np.sin(angle)[:, :0] if prime == 2 else np.sin(angle)], axis=1)
    return np.linalg.qr(waves - waves.mean(axis=0))[0] if waves.size else np.zeros((p * p, 0))


def formation(steps: Sequence[Run]) -> Arrays:
    """One training over its S kept steps.

    **Returns:** (S,): `step`; `valid_accuracy`, mean over tasks; `formula`, the share of the network's logits that the closed formula has;
    `balance`, the median over waves of what harmonic (1, -1) leaves over the one kept; `one_digit`, the share of the logits' variance that
    hangs on one digit, mean over tasks; `restricted`, the held-out loss with nothing of each task's logits kept but the waves that the
    last step's network uses, and `excluded`, the training loss without them, in nats, means over tasks.
    """
    last = read(anatomy(steps[-1]))
    data, metrics, p = steps[-1].dataset, steps[-1].metrics, steps[-1].config.p
    bases = [key_waves(last, p, int(q)) for q in data.widths]
    rows = []
    for run in steps:
        a = anatomy(run)
        neurons, logits = read(a), a.logits
        r = reference(logits, data.labels, a.widths)
        own = neurons.q[None, :] == np.asarray(a.widths)[:, None]
        waves, kept = balance(neurons), []
        for basis, part in zip(bases, split_logits(jnp.asarray(logits), a.widths), strict=True):
            part = np.asarray(part)
            kept.append(project(basis, part - part.mean(axis=0)) + part.mean(axis=0))
        restricted = np.concatenate(kept, axis=1).astype(np.float32)
        rest = (logits - restricted + logits.mean(axis=0)).astype(np.float32)
        parts = powers(a, own)[2].mean(axis=-1)
        rows.append({
            "step": run.step,
            "valid_accuracy": metrics["valid_accuracy"][np.flatnonzero(metrics["step"] == run.step)[0]].mean(),
            "formula": share(formula(*wave_strengths(neurons), p), r),
            "balance": np.median(waves["left"][HARMONICS.index((1, -1))]),
            "one_digit": parts[1] + parts[2],
            "restricted": _loss(restricted, run, data.valid_idx),
            "excluded": _loss(rest, run, data.train_idx),
        })  # fmt: skip
    return stack([{name: np.asarray(value) for name, value in row.items()} for row in rows])


def _loss(logits: np.ndarray, run: Run, rows: np.ndarray) -> float:
    return float(np.mean(task_loss(jnp.asarray(logits[rows]), jnp.asarray(run.dataset.labels[rows]), run.dataset.widths)))


def moves(course: Arrays, measure: str) -> np.ndarray:
    """The step at which a measure moves, in each course: (courses, S) -> (courses,)."""
    x, there = course[measure], np.isfinite(course["balance"])
    first = np.take_along_axis(x, there.argmax(axis=1)[:, None], axis=1)
    way = (x - first) / (x[:, -1:] - first)
    return np.take_along_axis(course["step"], ((way >= 0.5) & there).argmax(axis=1)[:, None], axis=1)[:, 0]


def lead(course: Arrays, measure: str) -> np.ndarray:
    """Steps by which a measure moves before held-out accuracy does, in each course: (courses,); negative where it follows."""
    return moves(course, "valid_accuracy") - moves(course, measure)


def reaches(null: Arrays, course: Arrays, measure: str) -> np.ndarray:
    """The first kept step at which the null's measure has the value that the course has where it moves, seed by seed: (courses,); inf
    where it never has."""
    x = course[measure]
    at = (course["step"] == moves(course, measure)[:, None]).argmax(axis=1)
    first = np.isfinite(course["balance"]).argmax(axis=1)
    value, before = (np.take_along_axis(x, index[:, None], axis=1) for index in (at, first))
    there = np.isfinite(null["balance"]) & np.where(value < before, null[measure] <= value, null[measure] >= value)
    steps = np.take_along_axis(null["step"], there.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(there.any(axis=1), steps, np.inf)
