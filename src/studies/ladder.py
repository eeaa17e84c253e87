"""A ladder of accounts: what a residue network does, said in fewer and fewer numbers, and how much of the network each account has.

An account gives packed logits for all n < p**2. Right answers alone prove nothing, since any account that is exact on n mod q agrees
with a network that is. So every account is held against the network's *own* logits, margins and mistakes, and, where it says which
neuron does what, against the network with half of its neurons taken away; and it is given weights of no meaning, its null.
"""

from dataclasses import replace
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from scipy.stats import rankdata

from ..circuits.by_hand import Neurons
from ..lens.fourier import rational_dictionary, waves
from ..lens.interventions import neuron_logit_map, run_with_cache
from ..network.model import count_parameters
from ..network.packing import margins, split_logits
from ..network.runs import Run
from .algorithm import execute, extract, idealise, regroup
from .arrays import Arrays
from .bases import permuted
from .torus import formula, tied_factor, wave_strengths


class Anatomy(NamedTuple):
    """A one-layer network cut at its neurons: logits = relu(pre) @ W_L + skip. Rows are all n < p**2, x0 fastest."""

    p: int
    widths: tuple[int, ...]
    pre: np.ndarray  # (N, M) float32
    W_L: np.ndarray  # (M, classes) float32
    skip: np.ndarray  # (N, classes) float32: what reaches the logits around the MLP

    @property
    def post(self) -> np.ndarray:
        return np.maximum(self.pre, 0)

    @property
    def logits(self) -> np.ndarray:
        return self.post @ self.W_L + self.skip


def anatomy(run: Run) -> Anatomy:
    """Cut a run at its neurons. Raises `ValueError` for another task or more layers."""
    if run.config.task != "residues" or run.config.n_layers != 1:
        raise ValueError(f"run {run.config.run!r}: accounts are of one-layer networks trained on residues")
    logits, cache = run_with_cache(run.model, jnp.asarray(run.dataset.tokens))
    pre, W_L = np.asarray(cache["blocks.0.mlp.hook_pre"][:, -1]), np.asarray(neuron_logit_map(run.model))
    return Anatomy(run.config.p, run.dataset.widths, pre, W_L, np.asarray(logits) - np.maximum(pre, 0) @ W_L)


# --- parts of a function of both digits


def on_one_digit(y: np.ndarray, p: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean (C,), and the parts of y (p * p, C) that hang on x0 alone (p, C) and on x1 alone (p, C), each of mean zero."""
    grid = y.reshape(p, p, -1)  # [x1, x0, column]
    x0, x1 = grid.mean(axis=0), grid.mean(axis=1)
    mean = x0.mean(axis=0)
    return mean, x0 - mean, x1 - mean


def on_both_digits(y: np.ndarray, p: int) -> np.ndarray:
    """What is left of y (p * p, C) without its mean and its parts on one digit."""
    mean, x0, x1 = on_one_digit(y, p)
    return (y.reshape(p, p, -1) - mean - x0[None] - x1[:, None]).reshape(y.shape)


# --- the neurons in waves


def wave_families(pre: np.ndarray, p: int, count: int, theta0: np.ndarray, theta1: np.ndarray) -> list[np.ndarray]:
    """Each neuron's input as a constant and its best 1, 2 ... `count` pairs of waves: `count` arrays (p * p, M).

    A pair is theta0[i] turns a step on x0 and theta1[i] on x1; pairs are chosen one after another, all refitted by least squares at each.
    """
    mean, f0, f1 = on_one_digit(pre.astype(np.float64), p)
    units = [waves(theta, p)[..., 1:].transpose(0, 2, 1).reshape(-1, p) for theta in (theta0, theta1)]  # (2 K, p)
    angle = 2 * np.pi * np.arange(p)
    columns = [np.stack([f(angle[None, :] * theta[:, None]) for f in (np.cos, np.sin)], axis=-1) for theta in (theta0, theta1)]
    rest, chosen, out = [f0, f1], [], []
    for _ in range(count):
        power = sum(((u @ r) ** 2).reshape(len(theta0), 2, -1).sum(axis=1) for u, r in zip(units, rest, strict=True))
        chosen.append(power.argmax(axis=0))  # pyright: ignore[reportAttributeAccessIssue]
        fits = []
        for column, f in zip(columns, (f0, f1), strict=True):
            design = np.concatenate([column[i] for i in chosen], axis=-1)  # (M, p, 2 count)
            design = design - design.mean(axis=1, keepdims=True)
            coefficients = np.linalg.pinv(design, rcond=1e-6) @ f.T[..., None]
            fits.append((design @ coefficients)[..., 0].T)
        rest = [f - fit for f, fit in zip((f0, f1), fits, strict=True)]
        out.append((mean + fits[0][None] + fits[1][:, None]).reshape(pre.shape).astype(np.float32))
    return out


def class_waves(W_L: np.ndarray, widths: tuple[int, ...], most: int) -> np.ndarray:
    """W_L (M, classes) with only the `most` largest waves over the classes of any task kept in each row."""
    ends = np.cumsum(widths)
    spectra = [np.fft.rfft(W_L[:, end - q : end], axis=1, norm="ortho") for q, end in zip(widths, ends, strict=True)]
    size = np.concatenate([np.abs(s[:, 1:]) * np.where(q == 2, 1, np.sqrt(2)) for q, s in zip(widths, spectra, strict=True)], axis=1)
    least = -np.partition(-size, most - 1, axis=1)[:, most - 1 : most]
    out, start = np.zeros_like(W_L), 0
    for q, end, s in zip(widths, ends, spectra, strict=True):
        keep = size[:, start : start + q // 2] >= least
        s = np.concatenate([np.zeros_like(s[:, :1]), s[:, 1:] * keep], axis=1)
        out[:, end - q : end] = np.fft.irfft(s, n=q, axis=1, norm="ortho")
        start += q // 2
    return out


# --- how much of the network an account has


def centred(logits: np.ndarray, widths: tuple[int, ...]) -> np.ndarray:
    """What decides answers: each task's logits less their mean over classes, and less each class's mean over inputs."""
    out = np.array(logits, np.float32)
    for q, end in zip(widths, np.cumsum(widths), strict=True):
        out[:, end - q : end] -= out[:, end - q : end].mean(axis=1, keepdims=True)
    return out - out.mean(axis=0)


def answers(logits: np.ndarray, widths: tuple[int, ...]) -> np.ndarray:
    """The argmax of every task: (N, T)."""
    return np.stack([np.asarray(part).argmax(axis=1) for part in split_logits(jnp.asarray(logits), widths)], axis=1)


class Reference(NamedTuple):
    """The network's side of every comparison, computed once."""

    widths: tuple[int, ...]
    labels: np.ndarray
    centred: np.ndarray
    answers: np.ndarray
    margins: np.ndarray


def reference(logits: np.ndarray, labels: np.ndarray, widths: tuple[int, ...]) -> Reference:
    return Reference(widths, labels, centred(logits, widths), answers(logits, widths), margins(logits, labels, widths))


def share(account: np.ndarray, r: Reference) -> float:
    """Variance of the network's centred logits that the account has: mean over tasks of 1 - |account - network|^2 / |network|^2."""
    rest, out = centred(account, r.widths) - r.centred, []
    for q, end in zip(r.widths, np.cumsum(r.widths), strict=True):
        out.append(1 - (rest[:, end - q : end] ** 2).sum() / (r.centred[:, end - q : end] ** 2).sum())
    return float(np.mean(out))


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's, 0 where one of them is constant but for rounding."""
    if any(x.std() <= 1e-6 * np.abs(x).max() for x in (one, other)):
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def compare(account: np.ndarray, r: Reference) -> Arrays:
    """**Returns:** `wrong` cells; `agree`, share of cells with the network's answer; `share`, as in `share`; `margins`, the correlation of
    its margins with the network's over cells, mean over tasks, 0 for an account whose margins are constant; `mistakes`, the mean rank in
    [0, 1] of the cells that the network gets wrong among the account's margins of their task (one half where it knows nothing of them, NaN
    where there are none)."""
    m = margins(account, r.labels, r.widths)
    rank = (rankdata(m, axis=0) - 1) / (len(m) - 1)
    wrong = r.margins <= 0
    return {
        "wrong": np.asarray((m <= 0).sum()),
        "agree": np.asarray((answers(account, r.widths) == r.answers).mean()),
        "share": np.asarray(share(account, r)),
        "margins": np.asarray(np.mean([correlation(a, b) for a, b in zip(m.T, r.margins.T, strict=True)])),
        "mistakes": np.asarray(rank[wrong].mean() if wrong.any() else np.nan),
    }


# --- the ladder

RUNGS = (
    "formula", "tied", "read whole", "read", "idealised", "one family", "two families", "three families", "class waves", "full",
)  # fmt: skip
FAMILIES, CLASS_WAVES = 5, 28  # of each neuron in the last two accounts: at p = 113 a tenth of the network's numbers


def fitted(q: np.ndarray, k: np.ndarray, a: Anatomy, *, tied: bool) -> np.ndarray:
    """Sums of S_k cos(2 pi k (n - c) / q), each wave times `tied_factor` if `tied`, with S_k fitted to the network's own logits; the class
    bias left out.

    Waves of different k are orthogonal over the classes, so each S_k is a projection.
    """
    out, n = np.zeros(a.skip.shape, np.float32), np.arange(a.p**2)
    target = centred(a.logits, a.widths)
    for prime, end in zip(a.widths, np.cumsum(a.widths), strict=True):
        shift = (n[:, None] - np.arange(prime)[None, :]) % prime
        for one in k[q == prime]:
            factor = tied_factor(a.p, prime, int(one)) if tied else np.ones(len(n))
            wave = (factor[:, None] * np.cos(2 * np.pi * one * np.arange(prime) / prime)[shift]).astype(np.float32)
            wave -= wave.mean(axis=0)
            out[:, end - prime : end] += wave * ((wave * target[:, end - prime : end]).sum() / (wave**2).sum())
    return out


def halves(M: int, draws: int = 3) -> np.ndarray:
    """Which half of the neurons stays, at random: (draws, M) float32."""
    order = np.random.default_rng(0).random((draws, M)).argsort(axis=1).argsort(axis=1)
    return (order < M // 2).astype(np.float32)


def half_answers(post: np.ndarray, W_L: np.ndarray, skip: np.ndarray, mean: np.ndarray, widths: tuple[int, ...]) -> np.ndarray:
    """Answers where each half of the neurons in turn stands at its mean (M,): (draws, N, T)."""
    return np.stack([answers((post * keep + (1 - keep) * mean) @ W_L + skip, widths) for keep in halves(len(mean))])


def in_families(a: Anatomy, theta0: np.ndarray, theta1: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Activations (N, M) and read-out (M, classes) of the accounts that replace every neuron, by name."""
    z = [np.maximum(pre, 0) for pre in wave_families(a.pre, a.p, FAMILIES, theta0, theta1)]
    names = ("one family", "two families", "three families")
    return {**{name: (z[i], a.W_L) for i, name in enumerate(names)}, "class waves": (z[-1], class_waves(a.W_L, a.widths, CLASS_WAVES))}


def ladder(run: Run) -> Arrays:
    """Every account of `RUNGS` of one network: arrays (R,) of what `compare` gives, and of the same for its null, `null_...`.

    - *formula*: `torus.formula` of `torus.wave_strengths`. Null: as many other k of each prime.
    - *tied*: the same with the factor of neurons whose phases are tied, strengths fitted to the logits. Null: fitted without it.
    - *read whole*: nine numbers a neuron as read, own task only. *read*: the part of it on both digits. Null: read from permuted weights.
    - *idealised*: *read* with a0 = a1, psi = phi0 + phi1 and c = 0. Null: phases at random.
    - *one, two, three families*: in the network, every neuron's input replaced by its best pairs of waves; W_L and the skip kept.
      Null: pairs of random frequencies, as many to choose from.
    - *class waves*: `FAMILIES` pairs, and `CLASS_WAVES` waves of each row of W_L; the skip kept. *full*: the part of that on both
      digits, and no skip: what the parts on one digit add up to is said to be nothing. Null: as for the families.

    Also `numbers` (R,), how many numbers each has (an index is one; what is kept of the network counts); `half` (R,), agreement with the
    network where half of the neurons stand at their means, NaN where an account does not say what each neuron does; `half_labels`, that of
    the labels; `parameters`, the network's own numbers. And what proves nothing: `regrouped_wrong`, cells that the network's waves get
    wrong when they are given evenly spread phases (`algorithm.regroup`), in the tasks of primes that have a wave, and
    `null_regrouped_wrong`, the same from permuted weights.

    Raises `ValueError` as `anatomy`.
    """
    a, neurons = anatomy(run), extract(run)
    p, M, rng, d = a.p, a.pre.shape[1], np.random.default_rng(0), rational_dictionary(a.p)
    r = reference(a.logits, run.dataset.labels, a.widths)
    rows: dict[str, Arrays] = {}

    def rung(name: str, account: np.ndarray, numbers: int, null: np.ndarray, half: float = np.nan) -> None:
        beside = {f"null_{field}": value for field, value in compare(null, r).items()}
        rows[name] = {**compare(account, r), **beside, "numbers": np.asarray(numbers), "half": np.asarray(half)}

    q, k, s = wave_strengths(neurons)
    other = np.concatenate([rng.choice(d.k[d.q == prime], (q == prime).sum(), replace=False) for prime in np.unique(q)])
    rung("formula", formula(q, k, s, p), 3 * len(q), formula(q, other, s, p))
    rung("tied", fitted(q, k, a, tied=True), 3 * len(q), fitted(q, k, a, tied=False))
    blind = extract(replace(run, model=permuted(run.model)))
    read, nonsense = execute(neurons, p), execute(blind, p)
    rung("read whole", read, 9 * M, nonsense)
    rung("read", on_both_digits(read, p), 9 * M, on_both_digits(nonsense, p))
    ideal = idealise(neurons)
    turned = ideal._replace(**{name: rng.uniform(0, 2 * np.pi, M) for name in ("phi0", "phi1", "psi")})
    rung("idealised", on_both_digits(execute(ideal, p), p), 5 * M, on_both_digits(execute(turned, p), p))

    def regrouped(n: Neurons) -> np.ndarray:
        q, k, s = wave_strengths(n)
        wrong = (margins(execute(regroup(q, k, np.abs(s)), p), r.labels, a.widths) <= 0).sum(axis=0)
        return np.asarray(wrong[np.isin(a.widths, q)].sum())

    mean = a.post.mean(axis=0)
    expected = half_answers(a.post, a.W_L, a.skip, mean, a.widths)
    found = in_families(a, d.theta0, d.theta1)
    random = in_families(a, rng.uniform(0, 0.5, len(d.q)), rng.uniform(0, 1, len(d.q)))
    skip = 2 * p * run.config.d_model + run.model.W_U.size  # its two tables, read by W_U
    for i, (name, (z, W_L)) in enumerate(found.items()):
        numbers = M * (6 * min(i + 1, 3) + 1) + run.model.blocks[0].mlp.W_out.size + skip
        if name == "class waves":
            numbers = M * (6 * FAMILIES + 1 + 3 * CLASS_WAVES) + skip
        half = (half_answers(z, W_L, a.skip, mean, a.widths) == expected).mean()
        rung(name, z @ W_L + a.skip, numbers, random[name][0] @ random[name][1] + a.skip, half)
    (z, W_L), (other_z, _) = found["class waves"], random["class waves"]
    rung("full", on_both_digits(z @ W_L, p), M * (6 * FAMILIES + 1 + 3 * CLASS_WAVES), on_both_digits(other_z @ W_L, p))
    return {
        **{field: np.asarray([rows[name][field] for name in RUNGS]) for field in rows["formula"]},
        "regrouped_wrong": regrouped(neurons),
        "null_regrouped_wrong": regrouped(blind),
        "half_labels": np.asarray((run.dataset.labels == expected).mean()),
        "parameters": np.asarray(count_parameters(run.model)),
    }
