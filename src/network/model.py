"""The transformer: He & Hofmann's simplified block and the standard one, without biases or normalisation.

Names and shapes follow TransformerLens. A model maps one example; the caller maps over the batch:

    logits = jax.vmap(model)(tokens)                  # (N, n_ctx) -> (N, d_vocab_out)

Every task is read at the last position, '='. Two passes compute the same logits:

- the *fast* pass (`hook=None`) computes in the last block only what '=' needs, and the first block's
  projections once for each (position, token) pair: those do not depend on the example, so under `vmap` they
  are shared by the batch;
- the *full* pass (a `hook` is given) computes every position and shows each activation to
  `hook(name, activation) -> activation`. `lens.interventions` builds on it.

Shape letters: `n_ctx` positions, `d_vocab` tokens, `d_vocab_out` packed classes.

**The simplified block** (He & Hofmann 2023, arXiv 2311.01906). *Shaped attention* (eq. 6 there) replaces each head's
softmax pattern A by alpha I + beta A - gamma C, with C the uniform causal pattern; alpha, beta and gamma are
trainable for each head and start at 1; W_Q starts at 0, so that the shaped attention starts as the identity. W_V and W_O
are removed (the identity), but for a trainable W_V in the first block. There is no normalisation here.

- `sas`: no skip around attention; the MLP keeps its skip and starts with a small gain (0.1, trainable).
- `sas-p`: attention and MLP side by side on the same input, with no skip at all.

In a one-layer network read at '=', the MLP of `sas-p` sees only the '=' token, never a digit: the logits are
then an additive function of the digits' embeddings through attention alone. So one-layer networks use `sas`.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from .config import Block as BlockKind
from .config import Config
from .dataset import Dataset

Hook = Callable[[str, Array], Array]


def _no_hook(name: str, x: Array) -> Array:
    return x


def _normal(key: PRNGKeyArray, shape: tuple[int, ...], fan_in: int) -> Array:
    return jax.random.normal(key, shape, dtype=jnp.float32) / jnp.sqrt(jnp.float32(fan_in))


def dropout(x: Float[Array, "..."], rate: float, key: PRNGKeyArray | None) -> Float[Array, "..."]:
    """Inverted dropout; the identity where `key` is None or the rate is 0. Masks are drawn 16 bits an entry."""
    if key is None or rate == 0:
        return x
    bits = jax.random.bits(key, (-(-x.size // 2),), jnp.uint32)
    uniform = jax.lax.bitcast_convert_type(bits, jnp.uint16).reshape(-1)[: x.size].reshape(x.shape)
    keep = uniform >= jnp.uint16(round(rate * 2**16))
    return jnp.where(keep, x / (1 - rate), jnp.zeros_like(x))


class Attention(eqx.Module):
    """Causal multi-head attention; shaped attention in the simplified blocks."""

    W_Q: Float[Array, "n_heads d_model d_head"]
    W_K: Float[Array, "n_heads d_model d_head"]
    W_V: Float[Array, "n_heads d_model d_head"] | None  # None: the identity, head h reads its own slice
    W_O: Float[Array, "n_heads d_head d_model"] | None  # None: the identity, head h writes its own slice
    shape_gains: Float[Array, "3 n_heads"] | None  # alpha, beta, gamma; None: plain softmax attention
    n_heads: int = eqx.field(static=True)

    def __init__(self, d_model: int, n_heads: int, *, shaped: bool, values: bool, key: PRNGKeyArray) -> None:
        q_key, k_key, v_key, o_key = jax.random.split(key, 4)
        d_head = d_model // n_heads
        projection = (n_heads, d_model, d_head)
        self.n_heads = n_heads
        self.W_Q = jnp.zeros(projection, jnp.float32) if shaped else _normal(q_key, projection, d_model)
        self.W_K = _normal(k_key, projection, d_model)
        self.W_V = _normal(v_key, projection, d_model) if values else None
        self.W_O = None if shaped else _normal(o_key, (n_heads, d_head, d_model), d_model)
        self.shape_gains = jnp.ones((3, n_heads), jnp.float32) if shaped else None

    def query(self, x: Float[Array, "... d_model"]) -> Float[Array, "... n_heads d_head"]:
        return jnp.einsum("...m,hmd->...hd", x, self.W_Q)

    def key_value(self, x: Float[Array, "... d_model"]) -> tuple[Array, Array]:
        """Keys and values, each (..., n_heads, d_head)."""
        k = jnp.einsum("...m,hmd->...hd", x, self.W_K)
        if self.W_V is None:
            return k, x.reshape(*x.shape[:-1], self.n_heads, -1)
        return k, jnp.einsum("...m,hmd->...hd", x, self.W_V)

    def __call__(
        self,
        q: Float[Array, "n_query n_heads d_head"],
        k: Float[Array, "n_ctx n_heads d_head"],
        v: Float[Array, "n_ctx n_heads d_head"],
        hook: Hook,
        name: str,
    ) -> Float[Array, "n_query d_model"]:
        """Mix the values; the queries stand at the last `n_query` positions."""
        n_query, n_ctx, d_head = len(q), len(k), q.shape[-1]
        q = hook(f"{name}.hook_q", q)  # (n_ctx, n_heads, d_head)
        k = hook(f"{name}.hook_k", k)  # (n_ctx, n_heads, d_head)
        v = hook(f"{name}.hook_v", v)  # (n_ctx, n_heads, d_head)
        causal = jnp.arange(n_ctx)[None, :] <= jnp.arange(n_ctx - n_query, n_ctx)[:, None]
        scores = jnp.einsum("qhd,khd->hqk", q, k) / jnp.sqrt(jnp.float32(d_head))
        scores = jnp.where(causal[None], scores, -jnp.inf)
        scores = hook(f"{name}.hook_attn_scores", scores)  # (n_heads, n_ctx, n_ctx)
        pattern = jax.nn.softmax(scores, axis=-1)
        pattern = hook(f"{name}.hook_pattern", pattern)  # (n_heads, n_ctx, n_ctx)
        if self.shape_gains is not None:
            alpha, beta, gamma = self.shape_gains[:, :, None, None]
            identity = jnp.eye(n_ctx, dtype=pattern.dtype)[None, n_ctx - n_query :]
            visible = causal.astype(pattern.dtype)
            uniform = (visible / visible.sum(axis=-1, keepdims=True))[None]
            pattern = alpha * identity + beta * pattern - gamma * uniform
            pattern = hook(f"{name}.hook_shaped", pattern)  # (n_heads, n_ctx, n_ctx)
        z = jnp.einsum("hqk,khd->qhd", pattern, v)
        z = hook(f"{name}.hook_z", z)  # (n_ctx, n_heads, d_head)
        return z.reshape(n_query, -1) if self.W_O is None else jnp.einsum("qhd,hdm->qm", z, self.W_O)


class MLP(eqx.Module):
    """Two matrices with a ReLU between."""

    W_in: Float[Array, "d_model d_mlp"]
    W_out: Float[Array, "d_mlp d_model"]

    def __init__(self, d_model: int, d_mlp: int, *, key: PRNGKeyArray) -> None:
        in_key, out_key = jax.random.split(key)
        self.W_in = _normal(in_key, (d_model, d_mlp), d_model)
        self.W_out = _normal(out_key, (d_mlp, d_model), d_mlp)

    def __call__(self, x: Float[Array, "n_query d_model"], hook: Hook, name: str) -> Float[Array, "n_query d_model"]:
        pre = hook(f"{name}.hook_pre", x @ self.W_in)  # (n_ctx, d_mlp)
        post = hook(f"{name}.hook_post", jax.nn.relu(pre))  # (n_ctx, d_mlp)
        return post @ self.W_out


class Block(eqx.Module):
    """Attention and MLP, joined as `kind` says; see the module's docstring."""

    attn: Attention
    mlp: MLP
    mlp_gain: Float[Array, ""] | None  # None in the standard block
    kind: BlockKind = eqx.field(static=True)
    dropout: float = eqx.field(static=True)

    def __init__(self, config: Config, *, first: bool, key: PRNGKeyArray) -> None:
        attn_key, mlp_key = jax.random.split(key)
        shaped = config.block != "standard"
        self.attn = Attention(config.d_model, config.n_heads, shaped=shaped, values=first or not shaped, key=attn_key)
        self.mlp = MLP(config.d_model, config.d_mlp, key=mlp_key)
        self.mlp_gain = jnp.full((), 0.1, jnp.float32) if shaped else None
        self.kind = config.block
        self.dropout = config.dropout

    def __call__(
        self,
        x: Float[Array, "n_query d_model"],
        qkv: tuple[Array, Array, Array],
        hook: Hook,
        name: str,
        key: PRNGKeyArray | None,
    ) -> Float[Array, "n_query d_model"]:
        """Map the stream `x` at the last `n_query` positions; `qkv` are projected from the block's input."""
        attn_key, mlp_key = (None, None) if key is None else jax.random.split(key)
        x = hook(f"{name}.hook_resid_pre", x)  # (n_ctx, d_model)
        attn_out = hook(f"{name}.hook_attn_out", self.attn(*qkv, hook, f"{name}.attn"))  # (n_ctx, d_model)
        attn_out = dropout(attn_out, self.dropout, attn_key)
        mid = x + attn_out if self.kind == "standard" else attn_out
        mid = hook(f"{name}.hook_resid_mid", mid)  # (n_ctx, d_model)
        mlp_out = self.mlp(x if self.kind == "sas-p" else mid, hook, f"{name}.mlp")
        if self.mlp_gain is not None:
            mlp_out = self.mlp_gain * mlp_out
        mlp_out = dropout(hook(f"{name}.hook_mlp_out", mlp_out), self.dropout, mlp_key)  # (n_ctx, d_model)
        return hook(f"{name}.hook_resid_post", mid + mlp_out)  # (n_ctx, d_model)


class Transformer(eqx.Module):
    """Token and position embeddings, `n_layers` blocks, one packed unembedding."""

    W_E: Float[Array, "d_vocab d_model"]
    W_pos: Float[Array, "n_ctx d_model"]
    blocks: tuple[Block, ...]
    W_U: Float[Array, "d_model d_vocab_out"]

    def __init__(self, config: Config, dataset: Dataset, *, key: PRNGKeyArray) -> None:
        e_key, pos_key, u_key, *block_keys = jax.random.split(key, 3 + config.n_layers)
        d = config.d_model
        self.W_E = _normal(e_key, (dataset.d_vocab, d), d)
        self.W_pos = _normal(pos_key, (dataset.n_ctx, d), d)
        self.W_U = _normal(u_key, (d, sum(dataset.widths)), d)
        self.blocks = tuple(Block(config, first=i == 0, key=k) for i, k in enumerate(block_keys))

    def __call__(
        self, tokens: Int[Array, " n_ctx"], *, hook: Hook | None = None, key: PRNGKeyArray | None = None
    ) -> Float[Array, " d_vocab_out"]:
        """Packed logits at the last position.

        **Arguments:** tokens; `hook` for the full pass; `key` for dropout (none without it).
        """
        keys = [None] * len(self.blocks) if key is None else list(jax.random.split(key, len(self.blocks)))
        x = self._full(tokens, hook, keys) if hook is not None else self._fast(tokens, keys)
        return x @ self.W_U

    def _full(self, tokens: Array, hook: Hook, keys: list) -> Float[Array, " d_model"]:
        embed = hook("hook_embed", self.W_E[tokens])  # (n_ctx, d_model)
        x = embed + hook("hook_pos_embed", self.W_pos)  # (n_ctx, d_model)
        for i, (block, key) in enumerate(zip(self.blocks, keys, strict=True)):
            name = f"blocks.{i}"
            qkv = (block.attn.query(x), *block.attn.key_value(x))
            x = block(x, qkv, hook, name, key)
        return x[-1]

    def _fast(self, tokens: Array, keys: list) -> Float[Array, " d_model"]:
        positions = jnp.arange(len(tokens))
        table = self.W_E[None, :, :] + self.W_pos[:, None, :]  # (n_ctx, d_vocab, d_model)
        x = table[positions, tokens]
        last = len(self.blocks) - 1
        for i, (block, key) in enumerate(zip(self.blocks, keys, strict=True)):
            query_from = len(tokens) - 1 if i == last else 0
            if i == 0:
                q, k, v = (t[positions, tokens] for t in (block.attn.query(table), *block.attn.key_value(table)))
                q = q[query_from:]
            else:
                q, (k, v) = block.attn.query(x[query_from:]), block.attn.key_value(x)
            x = block(x[query_from:], (q, k, v), _no_hook, f"blocks.{i}", key)
        return x[-1]


@jax.jit
def predict(model: Transformer, tokens: Int[Array, "N n_ctx"]) -> Float[Array, "N d_vocab_out"]:
    """Packed logits of a batch by the fast pass, compiled; no dropout."""
    return jax.vmap(model)(tokens)


def count_parameters(model: Transformer) -> int:
    """Trainable scalars in the model."""
    return sum(leaf.size for leaf in jax.tree.leaves(model))
