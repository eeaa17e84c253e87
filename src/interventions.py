"""Look at activations and change them: `run_with_cache` and `run_with_hooks`.

Both take one example, `tokens (n_ctx,)`, or a batch, `(..., n_ctx)`, and run the full pass. A hook is a pure function of
one example's activation that returns what takes its place; its shape stands beside its name in `src.model`
and in `hook_shapes(model)`. To give each example its own replacement, map the call:

    patch = lambda tokens, z: run_with_hooks(model, tokens, {"blocks.0.attn.hook_z": lambda _: z})
    logits = jax.vmap(patch)(tokens, other_cache["blocks.0.attn.hook_z"])
"""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from src.model import Transformer

Cache = dict[str, Array]


def run_with_cache(model: Transformer, tokens: Int[Array, "... n_ctx"]) -> tuple[Float[Array, "... d_vocab_out"], Cache]:
    """Logits and every activation by hook name; both carry the leading axes of `tokens`."""

    def one(tokens: Array) -> tuple[Array, Cache]:
        cache: Cache = {}

        def keep(name: str, x: Array) -> Array:
            cache[name] = x
            return x

        return model(tokens, hook=keep), cache

    return _over_batch(one, jnp.asarray(tokens))


def run_with_hooks(
    model: Transformer, tokens: Int[Array, "... n_ctx"], hooks: Mapping[str, Callable[[Array], Array]]
) -> Float[Array, "... d_vocab_out"]:
    """Logits with each named activation replaced by `hooks[name](activation)`.

    Raises `KeyError` on a name that the model does not have (the message lists those it has), `ValueError` where
    a hook returns another shape.
    """
    tokens = jnp.asarray(tokens)
    shapes = hook_shapes(model)
    for name in hooks:
        if name not in shapes:
            raise KeyError(f"no hook {name!r}; this model has {', '.join(shapes)}")

    def apply(name: str, x: Array) -> Array:
        if name not in hooks:
            return x
        y = jnp.asarray(hooks[name](x))
        if y.shape != x.shape:
            raise ValueError(f"the hook on {name} returned shape {y.shape}, expected {x.shape}")
        return y

    return _over_batch(lambda t: model(t, hook=apply), tokens)


def hook_shapes(model: Transformer) -> dict[str, tuple[int, ...]]:
    """Every hook name with the shape of its activation for one example, in the order of computation."""
    names: dict[str, tuple[int, ...]] = {}

    def note(name: str, x: Array) -> Array:
        names[name] = x.shape
        return x

    jax.eval_shape(lambda t: model(t, hook=note), jax.ShapeDtypeStruct((model.W_pos.shape[0],), jnp.int32))
    return names


def _over_batch(one: Callable, tokens: Array):
    for _ in range(tokens.ndim - 1):
        one = jax.vmap(one)
    return one(tokens)
