"""Computational graphs of our networks, and what they compute when some of their edges are cut.

A graph has sources (embeddings), inner nodes (heads, MLPs or groups of neurons) and one output node. Every node but the sources reads,
at each of its ports, the sum of what earlier nodes write: an edge is (sender, receiver, port). A cut edge carries something else in
place of this input's activation: zeros, means, or the activation of another input (resample ablation). Receivers are recomputed from
what they then read, as in ACDC (Conmy et al. 2023, arXiv 2304.14997, section 3).

    graph = residue_graph(run.model, run.config, groups, 13)  # x0, x1, '=' -> heads (q, k, v) -> groups of neurons -> logits
    batch = make_batch(graph, tokens, labels, "resample")
    logits = run_masks(graph, masks, batch)                   # (K, N, ...), one for each of K sets of edges

A graph is a pytree whose leaves are weights, so that two networks of one shape share a compiled program. Masks may be fractions; the
gradient with respect to them is edge attribution patching (`circuits.discovery`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from ..network.config import Config
from ..network.model import Transformer
from ..numbers.integers import primes_below

Ablation = Literal["zero", "mean", "resample"]
ABLATIONS: tuple[Ablation, ...] = ("zero", "mean", "resample")
Groups = Mapping[str, Bool[np.ndarray, " M"]]
NEVER = -1e9  # the logit of a class that a task does not have, where tasks are padded to one width


class Edge(NamedTuple):
    """What `sender` writes, as far as `receiver` reads it at `port`."""

    sender: str
    receiver: str
    port: str

    def __str__(self) -> str:
        return f"{self.sender} -> {self.receiver}" + ("" if self.port == "in" else f".{self.port}")

    @staticmethod
    def parse(text: str) -> "Edge":
        """The edge that is written so: "x0 -> h0.v", or "h0 -> q=7" where the port is "in"."""
        sender, _, reader = text.partition(" -> ")
        receiver, dot, port = reader.rpartition(".")
        return Edge(sender, receiver, port) if dot else Edge(sender, reader, "in")


class Node(eqx.Module):
    """One component. A source (no ports) maps tokens (n_ctx,) to (n_ctx, d); another maps one (n_ctx, d) for each port to (n_ctx, d),
    the output node to logits."""

    name: str = eqx.field(static=True)
    ports: tuple[str, ...] = eqx.field(static=True)
    apply: Callable[..., Array]


class Graph(eqx.Module):
    """Nodes in an order in which every sender stands before its receivers; the last one gives the logits.

    Raises `ValueError` naming an edge between nodes or ports that are not there.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = eqx.field(static=True)

    def __check_init__(self) -> None:
        place = {node.name: i for i, node in enumerate(self.nodes)}
        for edge in self.edges:
            if edge.sender not in place or edge.receiver not in place or place[edge.sender] >= place[edge.receiver]:
                raise ValueError(f"edge {edge}: needs two nodes of the graph, the sender first")
            if edge.port not in self.nodes[place[edge.receiver]].ports:
                raise ValueError(f"edge {edge}: {edge.receiver} has the ports {', '.join(self.nodes[place[edge.receiver]].ports)}")

    def readers(self) -> dict[tuple[str, str], list[tuple[int, str]]]:
        """For each (receiver, port) the indices of its edges and their senders."""
        found: dict[tuple[str, str], list[tuple[int, str]]] = {}
        for i, edge in enumerate(self.edges):
            found.setdefault((edge.receiver, edge.port), []).append((i, edge.sender))
        return found

    def mask(self, edges: Sequence[Edge]) -> Bool[np.ndarray, " E"]:
        """A mask with just these edges on. Raises `KeyError` on an edge that the graph has not."""
        place = {edge: i for i, edge in enumerate(self.edges)}
        mask = np.zeros(len(self.edges), dtype=bool)
        for edge in edges:
            if edge not in place:
                raise KeyError(f"no edge {edge}")
            mask[place[edge]] = True
        return mask


Sent = dict[str, Array]  # what each sender writes: (n_ctx, d) by name, a batch axis first where there is a batch


class Batch(NamedTuple):
    """Inputs, what they should give, what the whole graph gives, and what a cut edge carries."""

    tokens: Int[Array, "N n_ctx"]
    labels: Int[Array, " N"]
    whole: Float[Array, "N ..."]
    other: Sent  # (N, n_ctx, d)


def forward(graph: Graph, mask: Float[Array, " E"], tokens: Int[Array, " n_ctx"], other: Sent) -> tuple[Array, Sent]:
    """Logits of one input with mask[e] of edge e's own activation and 1 - mask[e] of the other's; and what every sender wrote."""
    sent: Sent = {}
    readers = graph.readers()
    for node in graph.nodes:
        if not node.ports:
            sent[node.name] = node.apply(tokens)
            continue
        read = []
        for port in node.ports:
            edges = readers.get((node.name, port), [])
            parts = [mask[i] * sent[sender] + (1 - mask[i]) * other[sender] for i, sender in edges]
            read.append(sum(parts[1:], start=parts[0]) if parts else jnp.zeros_like(next(iter(sent.values()))))
        sent[node.name] = node.apply(*read)
    return sent.pop(graph.nodes[-1].name), sent


@eqx.filter_jit
def activations(graph: Graph, tokens: Int[Array, "N n_ctx"]) -> tuple[Array, Sent]:
    """Logits (N, ...) of the whole graph, and what every node sends."""
    on = jnp.ones(len(graph.edges), jnp.float32)
    nothing = {node.name: jnp.zeros((), jnp.float32) for node in graph.nodes}
    return jax.vmap(lambda t: forward(graph, on, t, nothing))(tokens)


def make_batch(
    graph: Graph, tokens: Int[np.ndarray, "N n_ctx"], labels: Int[np.ndarray, " N"], ablation: Ablation, *, seed: int = 0
) -> Batch:
    """A batch for one kind of ablation. `resample` takes each input's activations from another one, by a permutation without fixed points.

    Raises `ValueError` on an unknown ablation, and for `resample` with one input.
    """
    if ablation not in ABLATIONS:
        raise ValueError(f"ablation {ablation!r}: must be one of {', '.join(ABLATIONS)}")
    n = len(tokens)
    whole, sent = activations(graph, jnp.asarray(tokens))
    if ablation == "zero":
        other = {name: jnp.zeros_like(x) for name, x in sent.items()}
    elif ablation == "mean":
        other = {name: jnp.broadcast_to(x.mean(axis=0), x.shape) for name, x in sent.items()}
    else:
        if n < 2:
            raise ValueError("ablation 'resample': needs two inputs")
        shuffled = np.random.default_rng(seed).permutation(n)
        partner = np.empty(n, dtype=np.int64)
        partner[shuffled] = np.roll(shuffled, 1)  # one cycle: no input is its own partner
        other = {name: x[partner] for name, x in sent.items()}
    return Batch(jnp.asarray(tokens), jnp.asarray(labels), whole, other)


@eqx.filter_jit
def _over_masks(graph: Graph, masks: Array, tokens: Array, other: Sent) -> Array:
    one = lambda mask: jax.vmap(lambda t, o: forward(graph, mask, t, o)[0])(tokens, other)  # noqa: E731
    return jax.lax.map(one, masks, batch_size=8)


def run_masks(graph: Graph, masks: Float[np.ndarray, "K E"] | Bool[np.ndarray, "K E"], batch: Batch) -> Float[Array, "K N ..."]:
    """Logits of the batch under each of K masks, in one compiled call; K is padded to a power of two, so that few programs serve.

    Raises `ValueError` where the masks do not have one entry for each edge.
    """
    masks = np.asarray(masks, np.float32)
    if masks.ndim != 2 or masks.shape[1] != len(graph.edges):
        raise ValueError(f"masks of shape {masks.shape}: expected (K, {len(graph.edges)})")
    padded = np.zeros((1 << max(len(masks) - 1, 0).bit_length(), masks.shape[1]), np.float32)
    padded[: len(masks)] = masks
    return _over_masks(graph, jnp.asarray(padded), batch.tokens, batch.other)[: len(masks)]


# --- graphs of the residue networks


class Source(eqx.Module):
    """The embedding of one position: writes to that position alone."""

    W_E: Float[Array, "d_vocab d"]
    W_pos: Float[Array, " d"]
    position: int = eqx.field(static=True)

    def __call__(self, tokens: Int[Array, " n_ctx"]) -> Float[Array, "n_ctx d"]:
        x = self.W_E[tokens[self.position]] + self.W_pos
        return jnp.zeros((len(tokens), x.shape[0]), jnp.float32).at[self.position].set(x)


class Head(eqx.Module):
    """What one head writes at the last position. Without W_O it writes to its own d_head coordinates from `at` on."""

    W_Q: Float[Array, "d d_head"]
    W_K: Float[Array, "d d_head"]
    W_V: Float[Array, "d d_head"]
    W_O: Float[Array, "d_head d"] | None
    gains: Float[Array, " 3"] | None  # alpha, beta, gamma of shaped attention
    at: int = eqx.field(static=True)

    def __call__(self, q: Array, k: Array, v: Array) -> Float[Array, "n_ctx d"]:
        d_head = self.W_Q.shape[1]
        pattern = jax.nn.softmax((k @ self.W_K) @ (q[-1] @ self.W_Q) / jnp.sqrt(jnp.float32(d_head)))
        if self.gains is not None:
            alpha, beta, gamma = self.gains
            pattern = (beta * pattern - gamma / len(k)).at[-1].add(alpha)
        z = pattern @ (v @ self.W_V)
        out = jnp.zeros(q.shape[1], jnp.float32).at[self.at : self.at + d_head].set(z) if self.W_O is None else z @ self.W_O
        return jnp.zeros_like(q).at[-1].set(out)


class Neurons(eqx.Module):
    """What some neurons write at the last position."""

    W_in: Float[Array, "d m"]
    W_out: Float[Array, "m d"]

    def __call__(self, x: Float[Array, "n_ctx d"]) -> Float[Array, "n_ctx d"]:
        return jnp.zeros_like(x).at[-1].set(jax.nn.relu(x[-1] @ self.W_in) @ self.W_out)


class Unembed(eqx.Module):
    """Logits at the last position; `bias` is `NEVER` at classes that the task does not have."""

    W_U: Float[Array, "d C"]
    bias: Float[Array, " C"]

    def __call__(self, x: Float[Array, "n_ctx d"]) -> Float[Array, " C"]:
        return x[-1] @ self.W_U + self.bias


HEAD_READS = (("=", "q"), ("x0", "k"), ("x1", "k"), ("=", "k"), ("x0", "v"), ("x1", "v"), ("=", "v"))


def network_nodes(model: Transformer, config: Config, groups: Groups) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """Positions, heads and groups of neurons of a one-layer network read at '=', and the edges between them, without an output node.

    **Arguments:** groups, names to the neurons (M,) that they hold; neurons in no group are left out.
    Raises `ValueError` for more layers, the parallel block, or a neuron in two groups.
    """
    if config.n_layers != 1 or config.block == "sas-p":
        raise ValueError(f"run {config.run!r}: circuits are drawn for one-layer networks of the standard and the sas block")
    if np.sum([np.asarray(group, int) for group in groups.values()], axis=0).max(initial=0) > 1:
        raise ValueError("groups: a neuron may be in one group at most")
    block = model.blocks[0]
    attn, mlp = block.attn, block.mlp
    gain = 1.0 if block.mlp_gain is None else block.mlp_gain
    assert attn.W_V is not None

    def head(h: int) -> Head:
        W_O = None if attn.W_O is None else attn.W_O[h]
        gains = None if attn.shape_gains is None else attn.shape_gains[:, h]
        return Head(attn.W_Q[h], attn.W_K[h], attn.W_V[h], W_O, gains, h * config.d_head)  # pyright: ignore[reportOptionalSubscript]

    nodes = [Node(name, (), Source(model.W_E, model.W_pos[i], i)) for i, name in enumerate(("x0", "x1", "="))]
    nodes += [Node(f"h{h}", ("q", "k", "v"), head(h)) for h in range(config.n_heads)]
    for name, group in groups.items():
        mine = np.flatnonzero(group)
        nodes.append(Node(name, ("in",), Neurons(mlp.W_in[:, mine], gain * mlp.W_out[mine])))
    edges = [Edge(s, f"h{h}", port) for h in range(config.n_heads) for s, port in HEAD_READS]
    edges += [Edge(w, name, "in") for name in groups for w in writers(config)]
    return tuple(nodes), tuple(edges)


def writers(config: Config) -> tuple[str, ...]:
    """What the MLP and the unembedding read beside neurons: the heads, and in the standard block the embedding of '='."""
    return (*(f"h{h}" for h in range(config.n_heads)), *(("=",) if config.block == "standard" else ()))


def residue_graph(model: Transformer, config: Config, groups: Groups, q: int) -> Graph:
    """`network_nodes` with the logits of task q, padded to the width of the largest prime below p.

    Raises `ValueError` for a q that is not a prime below p, and as `network_nodes` does.
    """
    primes = [int(prime) for prime in primes_below(config.p)]
    if config.task != "residues" or q not in primes:
        raise ValueError(f"task q={q}: run {config.run!r} has {config.task}, p = {config.p}")
    start, pad = sum(primes[: primes.index(q)]), primes[-1] - q
    W_U = jnp.pad(model.W_U[:, start : start + q], ((0, 0), (0, pad)))
    bias = jnp.where(jnp.arange(primes[-1]) < q, 0.0, NEVER).astype(jnp.float32)
    nodes, edges = network_nodes(model, config, groups)
    last = tuple(Edge(w, "logits", "in") for w in (*writers(config), *groups))
    return Graph((*nodes, Node("logits", ("in",), Unembed(W_U, bias))), edges + last)
