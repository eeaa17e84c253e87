"""Look at activations and change them.

`run_with_cache` and `run_with_hooks` take one example, `tokens (n_ctx,)`, or a batch, `(..., n_ctx)`, and run the full pass. A hook is
a pure function of one example's activation that returns what takes its place; its shape stands beside its name in `network.model` and in
`hook_shapes(model)`. `activations` is `run_with_cache` for some names, where all would not fit into memory.

Every ablation and every patch is one thing: at some places an activation is replaced by its value from elsewhere.

    masks = {"blocks.0.attn.hook_z": heads}                      # (K, *shape) bool: K interventions
    logits = replace_activations(model, tokens, masks, zeros(cache))         # zero ablation
    logits = replace_activations(model, tokens, masks, means(cache))         # mean ablation
    logits = replace_activations(model, tokens, masks, resampled(cache, key))  # resample ablation
    logits = replace_activations(model, corrupted, masks, clean_cache)       # activation patching

All K run in one batched call. `path_patch` lets a change travel along one path only, `direct_logit_attribution` splits the logits
into what each part of the network writes, and `ablate_neurons` uses that split for sweeps over neurons.
"""

from collections.abc import Callable, Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from ..network.model import Transformer

Cache = dict[str, Array]
Masks = Mapping[str, Bool[Array, "K ..."]]


def run_with_cache(model: Transformer, tokens: Int[Array, "... n_ctx"]) -> tuple[Float[Array, "... d_vocab_out"], Cache]:
    """Logits and every activation by hook name; both carry the leading axes of `tokens`."""

    def one(tokens: Array) -> tuple[Array, Cache]:
        cache: Cache = {}

        def keep(name: str, x: Array) -> Array:
            cache[name] = x
            return x

        return model(tokens, hook=keep), cache

    return _over_batch(one, jnp.asarray(tokens))


@eqx.filter_jit
def _named(model: Transformer, tokens: Array, names: tuple[str, ...]) -> Cache:
    cache = run_with_cache(model, tokens)[1]
    return {name: cache[name] for name in names}


def activations(model: Transformer, tokens: Int[Array, "... n_ctx"], names: Sequence[str]) -> Cache:
    """The named activations of `run_with_cache` alone: the program computes and keeps nothing else.

    Raises `KeyError` on a name that the model does not have (the message lists those it has).
    """
    _check_names(model, dict.fromkeys(names))
    return _named(model, jnp.asarray(tokens), tuple(names))


def run_with_hooks(
    model: Transformer, tokens: Int[Array, "... n_ctx"], hooks: Mapping[str, Callable[[Array], Array]]
) -> Float[Array, "... d_vocab_out"]:
    """Logits with each named activation replaced by `hooks[name](activation)`.

    Raises `KeyError` on a name that the model does not have (the message lists those it has), `ValueError` where
    a hook returns another shape.
    """
    tokens = jnp.asarray(tokens)
    _check_names(model, hooks)

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


def _check_names(model: Transformer, names: Mapping) -> dict[str, tuple[int, ...]]:
    shapes = hook_shapes(model)
    for name in names:
        if name not in shapes:
            raise KeyError(f"no hook {name!r}; this model has {', '.join(shapes)}")
    return shapes


def sites(model: Transformer, name: str, axis: int) -> Bool[Array, "K ..."]:
    """Masks (K, *shape) that each hold one index of an axis of the activation `name`: a position, a head, a neuron.

    Raises `KeyError` on an unknown name, `ValueError` where the activation has no such axis.
    """
    shape = _check_names(model, {name: None})[name]
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"{name} has shape {shape}: no axis {axis}")
    k = shape[axis]
    one_hot = jnp.eye(k, dtype=bool).reshape([k] + [k if a == axis % len(shape) else 1 for a in range(len(shape))])
    return jnp.broadcast_to(one_hot, (k, *shape))


def zeros(cache: Cache) -> Cache:
    """The source of zero ablation."""
    return {name: jnp.zeros_like(x) for name, x in cache.items()}


def means(cache: Cache) -> Cache:
    """The source of mean ablation: each activation's mean over the examples, repeated for each."""
    return {name: jnp.broadcast_to(x.mean(axis=0), x.shape) for name, x in cache.items()}


def resampled(cache: Cache, key: PRNGKeyArray) -> Cache:
    """The source of resample ablation (Chan et al. 2022, causal scrubbing): the values of other examples, one permutation for all names."""
    order = jax.random.permutation(key, len(next(iter(cache.values()))))
    return {name: x[order] for name, x in cache.items()}


def replace_activations(
    model: Transformer,
    tokens: Int[Array, "N n_ctx"],
    masks: Masks,
    source: Cache,
    reduce: Callable[[Float[Array, "N d_vocab_out"]], Array] = lambda logits: logits,
) -> Array:
    """Logits of K interventions in one batched call; `reduce(logits)` is stacked over K, by default the logits (K, N, d_vocab_out).

    Intervention k replaces activation `name` by `source[name]`, (N, *shape), where `masks[name][k]`, (*shape), is true.

    Raises `KeyError` on a hook that the model does not have or that `source` lacks, `ValueError` on a mask of another shape.
    """
    shapes = _check_names(model, masks)
    counts = {len(mask) for mask in masks.values()}
    if len(counts) != 1:
        raise ValueError(f"the masks hold {sorted(counts)} interventions; one number is needed")
    for name, mask in masks.items():
        if name not in source:
            raise KeyError(f"the source has no {name!r}")
        if mask.shape[1:] != shapes[name]:
            raise ValueError(f"the mask on {name} has shape {mask.shape[1:]}, expected {shapes[name]}")
    return _replace(model, jnp.asarray(tokens), dict(masks), {name: source[name] for name in masks}, reduce)


def _replace(model: Transformer, tokens: Array, masks: dict[str, Array], source: Cache, reduce: Callable) -> Array:
    def example(mask: dict[str, Array], tokens: Array, source: Cache) -> Array:
        def hook(name: str, x: Array) -> Array:
            return jnp.where(mask[name], source[name], x) if name in mask else x

        return model(tokens, hook=hook)

    return jax.lax.map(lambda mask: reduce(jax.vmap(example, in_axes=(None, 0, 0))(mask, tokens, source)), masks, batch_size=8)


def path_patch(
    model: Transformer,
    tokens: Int[Array, "N n_ctx"],
    sender: Masks,
    source: Cache,
    receiver: str,
    frozen: tuple[str, ...] = (),
) -> Float[Array, "K N d_vocab_out"]:
    """Logits when the `sender`'s replacement reaches the output through `receiver` alone (Wang et al. 2022, arXiv 2211.00593, appendix).

    Two passes for each intervention: the first replaces the sender, holds the activations named in `frozen` at their own values and notes
    the receiver's activation; the second puts that activation into an otherwise untouched run.
    """
    _check_names(model, {**sender, receiver: None, **dict.fromkeys(frozen)})
    own = run_with_cache(model, tokens)[1]

    def one(mask: dict[str, Array]) -> Array:
        def example(tokens: Array, source: Cache, own: Cache) -> Array:
            noted: Cache = {}

            def first(name: str, x: Array) -> Array:
                if name in mask:
                    x = jnp.where(mask[name], source[name], x)
                elif name in frozen:
                    x = own[name]
                if name == receiver:
                    noted[name] = x
                return x

            model(tokens, hook=first)
            return model(tokens, hook=lambda name, x: noted[receiver] if name == receiver else x)

        return jax.vmap(example)(jnp.asarray(tokens), {name: source[name] for name in sender}, own)

    return jax.lax.map(one, dict(sender))


def direct_logit_attribution(model: Transformer, tokens: Int[Array, "N n_ctx"]) -> dict[str, Float[Array, "N d_vocab_out"]]:
    """What each part writes straight into the logits of the last position; the parts sum to the logits.

    `embed` is the stream before the first block (absent where no skip carries it on), `blocks.i.head.h` one head's output and
    `blocks.i.mlp` one MLP's. There is no normalisation, so the split is exact.
    """
    _, cache = run_with_cache(model, tokens)
    parts: dict[str, Array] = {"embed": (cache["hook_embed"] + cache["hook_pos_embed"])[:, -1]}
    for i, block in enumerate(model.blocks):
        if block.kind != "standard":
            parts = {}  # no skip around attention: what came before goes on through it alone
        z = cache[f"blocks.{i}.attn.hook_z"][:, -1]  # (N, n_heads, d_head)
        for h in range(z.shape[1]):
            parts[f"blocks.{i}.head.{h}"] = _head_output(block.attn.W_O, z, h)
        parts[f"blocks.{i}.mlp"] = cache[f"blocks.{i}.hook_mlp_out"][:, -1]
    return {name: x @ model.W_U for name, x in parts.items()}


def _head_output(W_O: Array | None, z: Array, h: int) -> Array:
    """Head h's addition to the stream, (N, d_model)."""
    if W_O is not None:
        return z[:, h] @ W_O[h]
    n_heads, d_head = z.shape[1:]
    return jnp.zeros((len(z), n_heads * d_head), z.dtype).at[:, h * d_head : (h + 1) * d_head].set(z[:, h])


def neuron_logit_map(model: Transformer) -> Float[Array, "d_mlp d_vocab_out"]:
    """W_L: what one unit of each neuron of the last block writes into the logits (Nanda et al. 2023, section 4.2)."""
    block = model.blocks[-1]
    W_L = block.mlp.W_out @ model.W_U
    return W_L if block.mlp_gain is None else block.mlp_gain * W_L


def ablate_neurons(
    model: Transformer,
    tokens: Int[Array, "N n_ctx"],
    source: Float[Array, "N d_mlp"],
    reduce: Callable[[Float[Array, "N d_vocab_out"]], Array],
    groups: Bool[np.ndarray, "K d_mlp"] | None = None,
) -> Array:
    """`reduce(logits)` with each neuron of the last block, or each group, replaced by `source` at the last position.

    The last MLP reaches the logits through W_L alone, so neuron j's replacement moves them by (source_j - post_j) W_L[j]: exactly what
    `replace_activations` computes, without running the network again. A group costs what its neurons cost.
    """
    name = f"blocks.{len(model.blocks) - 1}.mlp.hook_post"
    logits, cache = run_with_cache(model, tokens)
    change, W_L = source - cache[name][:, -1], neuron_logit_map(model)
    if groups is None:
        return jax.lax.map(lambda cw: reduce(logits + cw[0][:, None] * cw[1][None, :]), (change.T, W_L))
    most = max(int(groups.sum(axis=1).max()), 1)
    order = np.argsort(~groups, axis=1, kind="stable")[:, :most]  # a group's neurons, then others whose share is 0
    weight = np.take_along_axis(groups, order, axis=1)

    def one(group: tuple[Array, Array]) -> Array:
        index, share = group
        return reduce(logits + (change[:, index] * share[None, :]) @ W_L[index])

    return jax.lax.map(one, (jnp.asarray(order), jnp.asarray(weight, change.dtype)))


def _over_batch(one: Callable, tokens: Array):
    for _ in range(tokens.ndim - 1):
        one = jax.vmap(one)
    return one(tokens)
