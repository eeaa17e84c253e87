"""Embedding, activations and logits of a residue network in two dictionaries at equal budget, beside nulls.

`studies.residues` asks it of the pre-activations. Here a *budget* of waves or families is spent greedily, each time on the one that
explains most of what is left, from the rational dictionary, from Z/p (all pairs of frequencies, for families) or from random ones.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from ..lens.fourier import family_basis, family_variance, fourier_basis, project, rational_dictionary, waves
from ..lens.interventions import run_with_cache
from ..network.model import Transformer, predict
from ..network.packing import split_logits
from ..network.runs import Run
from .algorithm import extract
from .arrays import Arrays
from .residues import best_zp_pair, direction_removal, directions

WAVES, FAMILIES = 8, 3  # the budgets
RANK = 12  # directions of a task's logits that are looked at; the rest has next to no variance


def principal(y: np.ndarray, rank: int = RANK) -> np.ndarray:
    """The centred columns of y (N, C) turned to their principal axes, the `rank` largest: (N, <= rank). Shares of variance stay."""
    y = y - y.mean(axis=0)
    values, axes = np.linalg.eigh(y.T @ y)
    return y @ axes[:, np.argsort(-values)[:rank]]


def best_waves(table: np.ndarray, theta: np.ndarray, budget: int = WAVES) -> float:
    """Share of the variance of a table over one digit (p, C) in `budget` waves, chosen greedily from the frequencies theta (M,)."""
    rest = table - table.mean(axis=0)
    total, bases, chosen = (rest**2).sum(), waves(theta, len(table))[..., 1:], []
    for _ in range(budget):
        gain = ((bases.swapaxes(1, 2) @ rest) ** 2).sum(axis=(1, 2))
        chosen.append(bases[gain.argmax()])
        basis = np.linalg.svd(np.concatenate(chosen, axis=1), full_matrices=False)
        axes = basis[0][:, basis[1] > 1e-6]
        rest = table - table.mean(axis=0)
        rest = rest - axes @ (axes.T @ rest)
    return float(1 - (rest**2).sum() / total)


def best_families(y: np.ndarray, p: int, pick: Callable[[np.ndarray], tuple[float, float]], budget: int = FAMILIES) -> float:
    """Share of the variance of y (p * p, C) in `budget` families; `pick(rest)` says which one explains most of what is left."""
    centred = y - y.mean(axis=0)
    rest, chosen = centred, []
    for _ in range(budget):
        chosen.append(family_basis(p, *pick(rest)))
        axes, _ = np.linalg.qr(np.concatenate(chosen, axis=1))
        rest = centred - project(axes, centred)
    return float(1 - (rest**2).sum() / (centred**2).sum())


def from_list(p: int, theta0: np.ndarray, theta1: np.ndarray) -> Callable[[np.ndarray], tuple[float, float]]:
    """A `pick` among the families (theta0_i, theta1_i)."""

    def pick(rest: np.ndarray) -> tuple[float, float]:
        gain = family_variance(rest, p, theta0, theta1) @ (rest**2).sum(axis=0)
        return float(theta0[gain.argmax()]), float(theta1[gain.argmax()])

    return pick


def from_zp(p: int) -> Callable[[np.ndarray], tuple[float, float]]:
    """A `pick` among all pairs of frequencies of Z/p."""
    F = fourier_basis(p)

    def pick(rest: np.ndarray) -> tuple[float, float]:
        power = (np.einsum("ax,by,yxc->bac", F, F, rest.reshape(p, p, -1), optimize=True) ** 2).sum(axis=-1)
        pairs = np.concatenate([power[:1], power[1::2] + power[2::2]])
        pairs = np.concatenate([pairs[:, :1], pairs[:, 1::2] + pairs[:, 2::2]], axis=1)  # [k1, k0]
        gain = pairs[1:, 1:] + pairs[:1, 1:] + pairs[1:, :1]
        k1, k0 = np.unravel_index(gain.argmax(), gain.shape)
        return float(k0 + 1) / p, float(k1 + 1) / p

    return pick


def permuted(model: Transformer, seed: int = 0) -> Transformer:
    """The same network with the entries of every weight matrix permuted: a null that keeps their sizes."""
    rng = np.random.default_rng(seed)
    shuffle = lambda w: jnp.asarray(rng.permuted(np.asarray(w).reshape(-1)).reshape(w.shape)) if w.ndim > 1 else w  # noqa: E731
    return jax.tree.map(shuffle, model)


def _logits(model: Transformer, run: Run) -> list[np.ndarray]:
    parts = split_logits(predict(model, jnp.asarray(run.dataset.tokens)), run.dataset.widths)
    return [principal(np.asarray(part, np.float64)) for part in parts]


def compare(run: Run) -> Arrays:
    """Shares of variance for one network of T tasks and M neurons.

    **Returns:** `embedding_<dictionary>`, of the digits' rows of W_E in `WAVES` waves; `post_zp`, of the activations in the best pair of
    Z/p, mean over neurons; `logits_<dictionary>` (T,), of each task's logits in `FAMILIES` families, the dictionaries being rational, zp
    and random; `permuted_rational` (T,), those of the network with its weights permuted; `noise_rational`, noise in their place;
    `kept_random` (T,), each task's accuracy with only as many random families of the MLP kept as its prime has.
    """
    neurons = extract(run)  # checks the task
    p, d, rng = run.config.p, rational_dictionary(run.config.p), np.random.default_rng(0)
    random0, random1 = rng.uniform(0, 0.5, len(d.q)), rng.uniform(0, 1, len(d.q))
    W_E = np.asarray(run.model.W_E, np.float64)[:p]
    picks = {"rational": from_list(p, d.theta0, d.theta1), "zp": from_zp(p), "random": from_list(p, random0, random1)}
    dictionaries = {"rational": d.theta0, "zp": np.arange(1, (p + 1) // 2) / p, "random": random0}
    out: Arrays = {f"embedding_{name}": np.asarray(best_waves(W_E, theta)) for name, theta in dictionaries.items()}
    _, cache = run_with_cache(run.model, jnp.asarray(run.dataset.tokens))
    post = np.asarray(cache["blocks.0.mlp.hook_post"][:, -1], np.float64)
    out["post_zp"] = np.concatenate([best_zp_pair(post[:, i : i + 128], p) for i in range(0, post.shape[1], 128)]).mean()
    logits = _logits(run.model, run)
    for name, pick in picks.items():
        out[f"logits_{name}"] = np.asarray([best_families(y, p, pick) for y in logits])
    out["permuted_rational"] = np.asarray([best_families(y, p, picks["rational"]) for y in _logits(permuted(run.model), run)])
    out["noise_rational"] = np.asarray(best_families(rng.standard_normal((p * p, RANK)), p, picks["rational"]))
    bases = [directions(neurons, int(w), p) for w in run.dataset.widths]
    random_bases = [
        np.linalg.qr(np.concatenate([family_basis(p, *rng.uniform(0, 0.5, 2)) for _ in range(max(1, b.shape[1] // 8))], axis=1))[0]
        for b in bases
    ]
    out["kept_random"] = np.diagonal(direction_removal(run, post, random_bases)[1])
    return out
