"""The optimisers of a config: learning-rate schedule, GrokFast's filter, AdamW and Muon, composed from optax."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from .config import Config

_MUON = {  # how each weight is read as a matrix: (inputs, outputs); the rest goes to Muon's Adam branch
    "W_Q": (1, (0, 2)), "W_K": (1, (0, 2)), "W_V": (1, (0, 2)), "W_O": ((0, 1), 2), "W_in": (0, 1), "W_out": (0, 1),
}  # fmt: skip


def schedule(config: Config) -> optax.Schedule:
    """Linear warm-up, constant, and a linear fall to 0 over the last `decay` share of the steps."""
    fall = round(config.decay * config.steps)
    start, peak = config.steps - fall, config.lr
    warm = optax.linear_schedule(peak / (config.warmup + 1), peak, config.warmup)
    return optax.join_schedules([warm, optax.linear_schedule(peak, 0.0, max(fall, 1))], [start]) if fall else warm


def grokfast(alpha: float, lam: float) -> optax.GradientTransformation:
    """Grokfast-EMA (Lee et al. 2024, arXiv 2405.20233, algorithm 1): add `lam` times the gradients' running mean."""

    def init(params: Any) -> Any:
        return jax.tree.map(jnp.zeros_like, params)

    def update(grads: Any, mean: Any, params: Any = None) -> tuple[Any, Any]:
        mean = jax.tree.map(lambda m, g: alpha * m + (1 - alpha) * g, mean, grads)
        return jax.tree.map(lambda g, m: g + lam * m, grads, mean), mean

    return optax.GradientTransformation(init, update)  # pyright: ignore[reportArgumentType]


def withheld(config: Config, W_E: Array) -> Array:
    """An embedding, or a step of it, (d_vocab, d_model), without the waves within half a bin of `config.withhold` over the digits."""
    if not config.withhold:
        return W_E
    p, tables = config.p, (len(W_E) - 1) // config.p
    angle = 2 * np.pi * np.arange(p)[:, None] * (config.withhold + np.asarray([-0.5, 0.0, 0.5])) / p
    basis = np.linalg.qr(np.concatenate([np.cos(angle), np.sin(angle)], axis=1))[0]
    waves = jnp.asarray(np.pad(np.kron(np.eye(tables), basis), ((0, 1), (0, 0))), W_E.dtype)  # the last row is '='
    return W_E - waves @ (waves.T @ W_E)


def withhold(config: Config) -> optax.GradientTransformation:
    """Keeps an embedding that is free of a frequency free of it."""

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        project = lambda path, u: withheld(config, u) if _leaf_name(path) == "W_E" else u  # noqa: E731
        return jax.tree_util.tree_map_with_path(project, updates), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)  # pyright: ignore[reportArgumentType]


def _leaf_name(path: tuple) -> str:
    return path[-1].name


def _gains_or_rest(params: Any) -> Any:
    return jax.tree_util.tree_map_with_path(lambda path, _: "gains" if _leaf_name(path) in ("shape_gains", "mlp_gain") else "rest", params)


def make_optimizer(config: Config) -> optax.GradientTransformation:
    """AdamW, or Muon on the matrices inside the blocks with Nesterov AdamW on embeddings, positions, unembedding and gains."""
    lr, decay = schedule(config), config.weight_decay
    if config.optimizer == "adamw":
        inner = optax.adamw(lr, config.beta1, config.beta2, weight_decay=decay)
    else:

        def as_matrices(params: Any) -> Any:
            def spec(path: tuple, _: Array) -> optax.contrib.MuonDimensionNumbers | None:
                axes = _MUON.get(_leaf_name(path))
                return axes and optax.contrib.MuonDimensionNumbers(*axes)

            return jax.tree_util.tree_map_with_path(spec, params)

        inner = optax.contrib.muon(
            lr, beta=0.95, weight_decay=decay, adam_weight_decay=decay, consistent_rms=0.2,
            adam_b1=config.beta1, adam_b2=config.beta2, muon_weight_dimension_numbers=as_matrices,
        )  # fmt: skip
    if config.spare_gains:
        gains = optax.adamw(lr, config.beta1, config.beta2, weight_decay=0.0, nesterov=config.optimizer == "muon")
        inner = optax.partition({"gains": gains, "rest": inner}, _gains_or_rest)
    if config.grokfast_lambda:
        inner = optax.chain(grokfast(config.grokfast_alpha, config.grokfast_lambda), inner)
    return optax.chain(inner, withhold(config)) if config.withhold else inner
