"""The two programs that ACDC was judged on (Conmy et al. 2023, section 4), on its grid of edges.

Token and position embeddings, q, k and v of every head, every MLP, the output. Our own weights for the same programs, after the
constructions of Lindner et al. 2023 (arXiv 2301.05062).
"""

from itertools import permutations, product

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .case import Case, edges
from .graph import Edge, Graph, Node


class Lookup(eqx.Module):
    """Token embeddings."""

    W_E: Float[Array, "d_vocab d"]

    def __call__(self, tokens: Int[Array, " n_ctx"]) -> Float[Array, "n_ctx d"]:
        return self.W_E[tokens]


class Positions(eqx.Module):
    """Position embeddings, whatever the tokens."""

    W_pos: Float[Array, "n_ctx d"]

    def __call__(self, tokens: Int[Array, " n_ctx"]) -> Float[Array, "n_ctx d"]:
        return self.W_pos


class Attend(eqx.Module):
    """A head at every position, without a scale: the compiled scores are sharp enough."""

    W_Q: Float[Array, "d d_head"]
    W_K: Float[Array, "d d_head"]
    W_V: Float[Array, "d d"]

    def __call__(self, q: Array, k: Array, v: Array) -> Float[Array, "n_ctx d"]:
        return jax.nn.softmax((q @ self.W_Q) @ (k @ self.W_K).T, axis=-1) @ (v @ self.W_V)


class Mlp(eqx.Module):
    """An MLP at every position."""

    W_in: Float[Array, "d m"]
    W_out: Float[Array, "m d"]

    def __call__(self, x: Float[Array, "n_ctx d"]) -> Float[Array, "n_ctx d"]:
        return jax.nn.relu(x @ self.W_in) @ self.W_out


class Select(eqx.Module):
    """Some coordinates at every position but the first, BOS."""

    coordinates: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, x: Float[Array, "n_ctx d"]) -> Float[Array, "n_ctx-1 c"]:
        return x[1:, jnp.asarray(self.coordinates)]


def _silent(*streams: Array) -> Array:
    """A component that the program does not use."""
    return jnp.zeros_like(streams[0])


def _grid(layers: int, token: np.ndarray, position: np.ndarray, parts: dict[str, eqx.Module], out: tuple[int, ...]) -> Graph:
    """Every sender to every later receiver; in a layer the head comes before the MLP. `parts` by name, a0, m0, a1, ..."""
    nodes = [Node("tok", (), Lookup(_weights(token))), Node("pos", (), Positions(_weights(position)))]
    for layer in range(layers):
        nodes.append(Node(f"a{layer}", ("q", "k", "v"), parts.get(f"a{layer}", _silent)))  # pyright: ignore[reportArgumentType]
        nodes.append(Node(f"m{layer}", ("in",), parts.get(f"m{layer}", _silent)))  # pyright: ignore[reportArgumentType]
    nodes.append(Node("out", ("in",), Select(out)))
    found = [Edge(s.name, r.name, port) for i, r in enumerate(nodes) for port in r.ports for s in nodes[:i]]
    return Graph(tuple(nodes), tuple(found))


def _weights(w: np.ndarray) -> Array:
    return jnp.asarray(w, jnp.float32)


def _attend(*weights: np.ndarray) -> Attend:
    return Attend(*(_weights(w) for w in weights))


def _mlp(*weights: np.ndarray) -> Mlp:
    return Mlp(*(_weights(w) for w in weights))


SHARP = 100.0


def proportion_case() -> Case:
    """The share of "x" among the tokens so far, at every position. Tokens w, x, y, z after a BOS; all 256 sequences of four.

    m0 marks x, head a1 averages the marks over positions up to its own.
    """
    w, x, y, z, bos, one = range(6)
    at = 6  # five coordinates of the position
    mark, share, d = 11, 12, 13
    token, position = np.zeros((5, d)), np.zeros((5, d))
    token[np.arange(5), [w, x, y, z, bos]] = 1
    token[:, one] = 1  # the constant comes with the token
    position[np.arange(5), at + np.arange(5)] = 1
    m_in, m_out = np.zeros((d, 1)), np.zeros((1, d))
    m_in[x, 0], m_out[0, mark] = 1, 1
    query, key, value = np.zeros((d, 7)), np.zeros((d, 7)), np.zeros((d, d))
    for i in range(5):
        query[at + i, i] = SHARP  # position i asks for the positions up to i ...
        key[at : at + i + 1, i] = 1
    query[one, 6], key[bos, 6] = -2 * SHARP, 1  # ... and never for BOS
    value[mark, share] = 1
    graph = _grid(2, token, position, {"m0": _mlp(m_in, m_out), "a1": _attend(query, key, value)}, (share,))
    tokens = np.asarray([(bos, *word) for word in product((w, x, y, z), repeat=4)])
    moving = edges("tok -> m0", "m0 -> a1.v", "a1 -> out")
    still = edges("tok -> a1.q", "tok -> a1.k", "pos -> a1.q", "pos -> a1.k")
    return Case("tracr proportion", graph, tokens, np.zeros(len(tokens), np.int64), moving + still, moving, "l2")


def reverse_case() -> Case:
    """The sequence backwards. Tokens 1, 2, 3 after a BOS; the six orders of the three, as ACDC has them.

    a0 averages a BOS mark over all positions, 1 / (length + 1); m0 turns it into one of four coordinates; m1 subtracts the position; m2
    takes off one; a3 copies the token at the position that results.
    """
    bos, one, mark = 3, 4, 5
    n_ctx, longest = 4, 5
    at, length, minus, opposite = 6, 10, 16, 22
    copied, d = 28, 31
    token, position = np.zeros((4, d)), np.zeros((n_ctx, d))
    token[np.arange(4), [0, 1, 2, bos]] = 1
    token[:, one] = 1
    position[np.arange(n_ctx), at + np.arange(n_ctx)] = 1
    mean = np.zeros((d, d))
    mean[bos, mark] = 1
    uniform = _attend(np.zeros((d, 1)), np.zeros((d, 1)), mean)
    m0_in, m0_out = np.zeros((d, 2 * longest)), np.zeros((2 * longest, d))
    levels = np.asarray([1 / (n + 1) for n in range(1, longest + 1)])  # the mark's mean for lengths 1 ... 5
    ends = np.concatenate([[1.0], (levels[1:] + levels[:-1]) / 2, [0.0]])
    slope = 1e3
    for n in range(longest):  # on between two ends: step(mark - lower) - step(mark - upper), each a difference of two ramps
        for side, end, sign in ((0, ends[n + 1], 1), (1, ends[n], -1)):
            m0_in[mark, 2 * n + side], m0_in[one, 2 * n + side] = slope, -slope * end
            m0_out[2 * n + side, length + n + 1] = sign
    second_in, second_out = np.zeros((d, 2 * longest)), np.zeros((2 * longest, d))
    for n in range(longest):
        for side, end, sign in ((0, ends[n + 1], -1), (1, ends[n], 1)):
            second_in[mark, 2 * n + side], second_in[one, 2 * n + side] = slope, -slope * end - 1
            second_out[2 * n + side, length + n + 1] = sign
    m1_in, m1_out = np.zeros((d, longest * n_ctx)), np.zeros((longest * n_ctx, d))
    for n in range(1, longest + 1):
        for i in range(n_ctx):
            j = (n - 1) * n_ctx + i
            m1_in[length + n, j], m1_in[at + i, j], m1_in[one, j] = 1, 1, -1  # both: relu(1 + 1 - 1)
            if 0 <= n - i + 1 < 6:
                m1_out[j, minus + n - i + 1] = 1  # position 0 is BOS, so token i stands at position i
    m2_in, m2_out = np.zeros((d, 6)), np.zeros((6, d))
    for v in range(6):
        m2_in[minus + v, v] = 1
        if v >= 1:
            m2_out[v, opposite + v] = 1
    query, key, value = np.zeros((d, n_ctx)), np.zeros((d, n_ctx)), np.zeros((d, d))
    for i in range(n_ctx):
        query[opposite + i, i], key[at + i, i] = SHARP, 1
    value[np.arange(3), copied + np.arange(3)] = 1
    parts = {
        "a0": uniform,
        "m0": _mlp(np.concatenate([m0_in, second_in], axis=1), np.concatenate([m0_out, second_out])),
        "m1": _mlp(m1_in, m1_out),
        "m2": _mlp(m2_in, m2_out),
        "a3": _attend(query, key, value),
    }
    graph = _grid(4, token, position, parts, tuple(copied + i for i in range(3)))
    tokens = np.asarray([(bos, *word) for word in permutations(range(3))])
    moving = edges("tok -> a3.v", "a3 -> out")
    still = edges(
        "tok -> a0.v", "a0 -> m0", "tok -> m0", "m0 -> m1", "tok -> m1", "pos -> m1", "m1 -> m2", "m2 -> a3.q", "pos -> a3.k"
    )  # fmt: skip
    return Case("tracr reverse", graph, tokens, np.zeros(len(tokens), np.int64), moving + still, moving, "l2")
