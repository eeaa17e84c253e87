"""Modular addition taken apart: the analysis of Nanda et al. 2023 (arXiv 2301.05217) for one trained network.

`analyse(run)` measures every line of their tables with their definitions, and the two numbers that tell a clock from a pizza
(Zhong et al. 2023, arXiv 2306.17844, definitions 4.1 and 4.2). Rows run over all pairs, row x0 + p x1.
"""

import jax
import jax.numpy as jnp
import numpy as np

from ..lens.fourier import (
    block_directions,
    degree_two_basis,
    family_basis,
    family_variance,
    fourier_basis,
    noise_ceiling,
    power_by_frequency,
    project,
    sum_directions,
)
from ..lens.interventions import ablate_neurons, neuron_logit_map, run_with_cache, run_with_hooks
from ..network.model import Transformer
from ..network.packing import cross_entropy
from ..network.runs import Run

LABELLED = 0.85  # a neuron has a frequency if that frequency's family explains this share of its variance (their section 4.2)
POWER_SHARE = 0.95  # this share of the cosine cube's power counts as the frequencies in use
ALWAYS_ON = 0.95  # a neuron that is active on this share of the inputs passes its input on almost unchanged: we call it linear
KEY_RISE = 10.0  # a frequency is key if removing its two directions from the logits multiplies the loss by this


def loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy in nats, precise where it is small."""
    return float(np.asarray(cross_entropy(jnp.asarray(logits, jnp.float32), jnp.asarray(labels)), np.float64).mean())


def frequencies(p: int) -> np.ndarray:
    """1 ... (p - 1) / 2."""
    return np.arange(1, (p - 1) // 2 + 1)


def removal_losses(logits: np.ndarray, labels: np.ndarray, p: int) -> np.ndarray:
    """The loss over all pairs with cos, sin(w_k (x0 + x1)) removed from the logits, for each k: float64 ((p - 1) / 2,)."""

    @jax.jit
    def sweep(logits: jax.Array, pairs: jax.Array) -> jax.Array:
        return jax.lax.map(lambda d: cross_entropy(logits - d @ (d.T @ logits), jnp.asarray(labels)).mean(), pairs)

    pairs = sum_directions(p, frequencies(p)).reshape(p * p, -1, 2).transpose(1, 0, 2)
    return np.asarray(sweep(jnp.asarray(logits, jnp.float32), jnp.asarray(pairs, jnp.float32)), np.float64)


def key_frequencies(run: Run) -> np.ndarray:
    """The frequencies whose removal multiplies the loss by `KEY_RISE`, ascending.

    Where no single frequency matters that much, the smallest set with 95% of the power of the logits' cosine cube over all frequencies.
    """
    logits, labels = _logits(run)
    removed = removal_losses(logits, labels, run.config.p)
    found = np.flatnonzero(removed >= KEY_RISE * loss(logits, labels)) + 1
    return found if len(found) else _most_power(logits, run.config.p)


def _most_power(logits: np.ndarray, p: int, share: float = POWER_SHARE) -> np.ndarray:
    power = cosine_cube(logits, p, frequencies(p))[0] ** 2
    order = power.argsort()[::-1]
    return np.sort(order[: int(np.searchsorted(power[order].cumsum(), share * power.sum())) + 1] + 1)


def _logits(run: Run) -> tuple[np.ndarray, np.ndarray]:
    if run.config.task != "addition" or run.config.n_layers != 1:
        raise ValueError(f"run {run.config.run!r}: this analysis is for one-layer networks trained on addition")
    return np.asarray(run_with_cache(run.model, jnp.asarray(run.dataset.tokens))[0], np.float64), run.dataset.labels[:, 0]


def cosine_cube(logits: np.ndarray, p: int, ks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best sum of alpha_k cos(w_k (x0 + x1 - c)): amplitudes (K,) and the sum itself, (p * p, p).

    The waves are orthogonal over all (x0, x1, c), so each amplitude is a projection.
    """
    total = (np.arange(p)[:, None] + np.arange(p)[None, :]).reshape(-1, 1) - np.arange(p)[None, :]
    table = np.cos(2 * np.pi * np.multiply.outer(np.arange(p), ks) / p)  # (p, K)
    sums = np.zeros((p, 1))
    np.add.at(sums[:, 0], (total % p).ravel(), logits.ravel())
    amplitudes = (table * sums).sum(axis=0) / ((table**2).sum(axis=0) * p * p)
    return amplitudes, (table @ amplitudes)[total % p]


def analyse(run: Run) -> dict[str, np.ndarray]:
    """Every number of the anchor's tables for one network, with K key frequencies and M neurons.

    **Returns:** arrays by name. On the logits: `loss`, `loss_valid`, `cells_wrong`; `key` (K,); `removed` ((p - 1) / 2,), the loss with one
    frequency removed; `amplitudes` (K,) and `logit_fve`, the share of the logits' variance in the cosine cube of the key frequencies,
    `logit_fve_all` in that of all; `frequencies_95`, how many hold 95% of its power; `restricted_change` and `restricted_blocks_change`,
    restricted loss over loss, minus 1. On W_E: `W_E_share` ((p - 1) / 2,), `W_E_above_noise`. On W_L: `W_L_residual`, its Frobenius norm
    outside the 2 K output directions over its norm; `direction_fve` (2 K,), how much of the MLP's projection on an output direction is
    that direction's wave. On neurons, each (M,): `neuron_frequency`, `neuron_fve` (share of the variance in the 8-dimensional family, as
    the released code has it), `neuron_fve_degree_two` (all polynomials of degree two, as the text says), `neuron_fve_union` (the
    latter for all key frequencies at once), `neuron_pre_fve` (before the ReLU), `neuron_active` (share of inputs), `neuron_dead`,
    `neuron_linear` (no label, but almost always on), `neuron_mixed` (neither, but the key frequencies together explain it),
    `neuron_effect` (the loss when it alone is mean-ablated, over the loss, minus 1). Changes of the loss, likewise:
    `polynomial_change` and `family_change` when each labelled neuron is replaced by its fit, `linear_change`, `mixed_change` and
    `unexplained_change` when the linear neurons, the mixed, or the rest, are mean-ablated. Clock or pizza: `gradient_symmetricity`,
    `distance_irrelevance`.

    Raises `ValueError` for a network that was not trained on addition or has several layers.
    """
    logits, labels = _logits(run)
    p, ks = run.config.p, frequencies(run.config.p)
    base, key = loss(logits, labels), key_frequencies(run)
    S, B = sum_directions(p, key), block_directions(p, key)
    amplitudes, cube = cosine_cube(logits, p, key)
    centred = logits - logits.mean()
    mean = logits.mean(axis=0)

    W_L = np.asarray(neuron_logit_map(run.model), np.float64)
    outputs = fourier_basis(p)[np.concatenate([[2 * k - 1, 2 * k] for k in key])]  # (2 K, p)
    _, cache = run_with_cache(run.model, jnp.asarray(run.dataset.tokens))
    post = np.asarray(cache["blocks.0.mlp.hook_post"][:, -1], np.float64)
    pre = np.asarray(cache["blocks.0.mlp.hook_pre"][:, -1], np.float64)
    onto = post @ (W_L @ outputs.T)
    onto = onto - onto.mean(axis=0)

    dead = post.std(axis=0) < 1e-6 * post.std()
    families = family_variance(post, p, ks / p, ks / p)
    best, fve = ks[families.argmax(axis=0)], families.max(axis=0)
    centre, degree_two = post.mean(axis=0), np.zeros(len(best))
    family_fit, degree_two_fit = post.copy(), post.copy()
    for k in np.unique(best[~dead]):
        mine = np.flatnonzero((best == k) & ~dead)
        y = post[:, mine] - centre[mine]
        family, polynomial = project(family_basis(p, k / p, k / p), y), project(degree_two_basis(p, int(k)), y)
        degree_two[mine] = (polynomial**2).sum(axis=0) / (y**2).sum(axis=0)
        for fit, values, share in ((family_fit, family, fve[mine]), (degree_two_fit, polynomial, degree_two[mine])):
            labelled = share >= LABELLED
            fit[:, mine[labelled]] = (centre[mine] + values)[:, labelled]
    union, _ = np.linalg.qr(np.concatenate([degree_two_basis(p, int(k)) for k in key], axis=1))
    in_union = (project(union, post - centre) ** 2).sum(axis=0) / np.maximum(((post - centre) ** 2).sum(axis=0), 1e-30)
    active = (post > 0).mean(axis=0)
    linear = (degree_two < LABELLED) & (active >= ALWAYS_ON) & ~dead
    mixed = (degree_two < LABELLED) & (in_union >= LABELLED) & ~linear & ~dead

    tokens, targets = jnp.asarray(run.dataset.tokens), jnp.asarray(labels)
    average = jnp.broadcast_to(jnp.asarray(post.mean(axis=0), jnp.float32), post.shape)
    groups = np.stack([linear, mixed, (degree_two < LABELLED) & ~linear & ~mixed & ~dead])

    def sweep(groups: np.ndarray | None) -> np.ndarray:
        run_all = jax.jit(lambda model: ablate_neurons(model, tokens, average, lambda x: cross_entropy(x, targets).mean(), groups))
        return np.asarray(run_all(run.model), np.float64)

    effect, together = sweep(None), sweep(groups)
    share = power_by_frequency(np.asarray(run.model.W_E)[:p])
    out = {
        "loss": base,
        "loss_valid": loss(logits[run.dataset.valid_idx], labels[run.dataset.valid_idx]),
        "cells_wrong": int((logits.argmax(axis=1) != labels).sum()),
        "key": key,
        "W_E_above_noise": ks[share > noise_ceiling(p, run.config.d_model)],
        "W_E_share": share,
        "amplitudes": amplitudes,
        "frequencies_95": len(_most_power(logits, p)),
        "logit_fve_all": 1 - ((centred - cosine_cube(logits, p, ks)[1]) ** 2).sum() / (centred**2).sum(),
        "logit_fve": 1 - ((centred - cube) ** 2).sum() / (centred**2).sum(),
        "W_L_residual": np.linalg.norm(W_L - W_L @ outputs.T @ outputs) / np.linalg.norm(W_L),
        "direction_fve": (np.einsum("nd,nd->d", S, onto) ** 2) / (onto**2).sum(axis=0),
        "restricted_change": loss(mean + project(S, logits), labels) / base - 1,
        "restricted_blocks_change": loss(mean + project(B, logits), labels) / base - 1,
        "polynomial_change": loss(logits + (degree_two_fit - post) @ W_L, labels) / base - 1,
        "family_change": loss(logits + (family_fit - post) @ W_L, labels) / base - 1,
        "linear_change": float(together[0]) / base - 1,
        "mixed_change": float(together[1]) / base - 1,
        "unexplained_change": float(together[2]) / base - 1,
        "removed": removal_losses(logits, labels, p),
        "neuron_frequency": best,
        "neuron_pre_fve": family_variance(pre, p, ks / p, ks / p).max(axis=0),
        "neuron_fve": fve,
        "neuron_fve_degree_two": degree_two,
        "neuron_fve_union": in_union,
        "neuron_active": active,
        "neuron_linear": linear,
        "neuron_mixed": mixed,
        "neuron_dead": dead,
        "neuron_effect": effect / base - 1,
        "gradient_symmetricity": gradient_symmetricity(run.model, p),
        "distance_irrelevance": distance_irrelevance(logits, p),
    }
    return {name: np.asarray(value) for name, value in out.items()}


def gradient_symmetricity(model: Transformer, p: int, *, triples: int = 400, seed: int = 0) -> float:
    """Mean cosine similarity of the gradients of logit c with respect to the two digits' embeddings, over random (a, b, c).

    Zhong et al. 2023, definition 4.1: near 1 for their pizza networks (.9937 on average), .3336 for their clocks.
    """
    abc = jnp.asarray(np.random.default_rng(seed).integers(0, p, (triples, 3)), jnp.int32)

    def similarity(abc: jax.Array) -> jax.Array:
        tokens = jnp.stack([abc[0], abc[1], jnp.asarray(p, jnp.int32)])

        def logit(embed: jax.Array) -> jax.Array:
            return run_with_hooks(model, tokens, {"hook_embed": lambda _: embed})[abc[2]]

        a, b, _ = jax.grad(logit)(model.W_E[tokens])
        return (a @ b) / jnp.maximum(jnp.linalg.norm(a) * jnp.linalg.norm(b), 1e-30)

    return float(jax.jit(jax.vmap(similarity))(abc).mean())


def distance_irrelevance(logits: np.ndarray, p: int) -> float:
    """How little the right logit depends on the distance x1 - x0: mean over distances of its deviation, over its deviation in all.

    Zhong et al. 2023, definition 4.2: .17 for their pizza networks, .85 for their clocks. 0 where all right logits are equal.
    """
    x0, x1 = np.tile(np.arange(p), p), np.repeat(np.arange(p), p)
    right = logits[np.arange(p * p), (x0 + x1) % p]
    by_distance = np.stack([right[(x1 - x0) % p == d] for d in range(p)])
    return float(by_distance.std(axis=1).mean() / right.std()) if right.std() > 0 else 0.0
