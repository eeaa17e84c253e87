"""Residue networks and sieves with a known circuit, and every case there is, to judge methods that find circuits.

- `phase_case`, `carry_case`: one task of the residue networks written by hand (`circuits.by_hand`), the other tasks as distractors.
- `sieve_case`: the carry network with a second layer that says "q divides n" for one q, or for any.
- `circuits.programs`: the two programs that ACDC was judged on.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from ..network.config import Config
from ..network.model import Transformer
from ..network.tasks import make_dataset
from ..numbers.integers import primes_below
from .by_hand import carry_network, phase_network, writing_groups
from .case import Case, edges
from .graph import Edge, Graph, Groups, Neurons, Node, Unembed, network_nodes, residue_graph
from .programs import proportion_case, reverse_case


def _by_hand(p: int, write: Callable[[Config], Transformer]) -> tuple[Config, Transformer, Groups, np.ndarray, np.ndarray]:
    config = Config(run="compiled", p=p, d_model=128 if p < 60 else 256, d_mlp=512 if p < 60 else 1024)
    model, data = write(config), make_dataset(config)
    groups = {f"q={q}": group for q, group in zip(primes_below(p), writing_groups(model, config), strict=True)}
    return config, model, groups, data.tokens, data.labels


def _sample(tokens: np.ndarray, labels: np.ndarray, rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chosen = np.random.default_rng(seed).permutation(len(tokens))[:rows]
    return tokens[chosen], labels[chosen]


READS_X0, READS_X1 = ("x0 -> h0.k", "= -> h0.q"), ("x1 -> h1.k", "= -> h1.q")
READS_ONE = ("= -> h2.q", "= -> h2.k", "= -> h2.v")


def phase_case(q: int = 7, p: int = 31, *, rows: int = 256) -> Case:
    """The phase network's task q, odd: heads 0 and 1 copy the waves of the two digits, q's five neurons rectify their sum."""
    config, model, groups, tokens, labels = _by_hand(p, phase_network)
    tokens, labels = _sample(tokens, labels[:, list(primes_below(p)).index(q)], rows)
    moving = edges("x0 -> h0.v", "x1 -> h1.v", f"h0 -> q={q}", f"h1 -> q={q}", f"q={q} -> logits")
    graph = residue_graph(model, config, groups, q)
    return Case(f"phase network, q = {q}", graph, tokens, labels, moving + edges(*READS_X0, *READS_X1), moving, "loss")


def carry_case(q: int = 7, p: int = 31, *, rows: int = 256) -> Case:
    """The carry network's task q: the sum of the residues also goes straight to the logits, and head 2 brings the constant."""
    config, model, groups, tokens, labels = _by_hand(p, carry_network)
    tokens, labels = _sample(tokens, labels[:, list(primes_below(p)).index(q)], rows)
    name = f"q={q}"
    moving = edges("x0 -> h0.v", "x1 -> h1.v", f"h0 -> {name}", f"h1 -> {name}", f"{name} -> logits", "h0 -> logits", "h1 -> logits")
    still = edges(*READS_X0, *READS_X1, *READS_ONE, f"h2 -> {name}", "h2 -> logits")
    graph = residue_graph(model, config, groups, q)
    return Case(f"carry network, q = {q}", graph, tokens, labels, moving + still, moving, "loss")


def sieve_case(q: int | None = 7, p: int = 31, *, rows: int = 256) -> Case:
    """A sieve: the carry network's residues r, then for every prime one neuron relu(1 - r) that is 1 where the prime divides n.

    With `q` the output says whether q divides n and the other primes are distractors; without, whether any prime below p does.
    """
    config, model, groups, tokens, labels = _by_hand(p, carry_network)
    primes, d = list(primes_below(p)), config.d_head
    before, between = network_nodes(model, config, groups)
    gap = 4.0  # how far the two logits stand apart

    def divides(i: int) -> Neurons:
        W_in, W_out = np.zeros((config.d_model, 1), np.float32), np.zeros((1, config.d_model), np.float32)
        W_in[[i, d + i, 3 * d + i], 0], W_in[2 * d, 0] = -1, 1  # 1 - residue: the two digits' parts, the carry's, the constant
        W_out[0, 3 * d + len(primes) + i] = 1
        return Neurons(jnp.asarray(W_in), jnp.asarray(W_out))

    asked = range(len(primes)) if q is None else [primes.index(q)]
    W_U = np.zeros((config.d_model, 2), np.float32)
    W_U[[3 * d + len(primes) + i for i in asked]] = (-2 * gap, 2 * gap)
    logits = Unembed(jnp.asarray(W_U), jnp.asarray([gap, -gap], jnp.float32))

    second = [Node(f"{prime} | n", ("in",), divides(i)) for i, prime in enumerate(primes)]
    nodes = (*before, *second, Node("logits", ("in",), logits))
    writers = [*(f"h{h}" for h in range(config.n_heads)), "=", *groups]
    new = [Edge(w, node.name, "in") for node in second for w in writers]
    new += [Edge(w, "logits", "in") for w in (*writers, *(node.name for node in second))]
    graph = Graph(nodes, between + tuple(new))
    tokens, divisible = _sample(tokens, (labels == 0)[:, list(asked)].any(axis=1).astype(np.int32), 4 * rows)
    half = [np.flatnonzero(divisible == c)[: rows // 2] for c in (0, 1)]  # as many that divide as do not
    chosen = np.sort(np.concatenate(half))
    moving, still = [*edges("x0 -> h0.v", "x1 -> h1.v")], [*edges(*READS_X0, *READS_X1, *READS_ONE)]
    for i in asked:
        a, b = f"q={primes[i]}", f"{primes[i]} | n"
        moving += edges(f"h0 -> {a}", f"h1 -> {a}", f"h0 -> {b}", f"h1 -> {b}", f"{a} -> {b}", f"{b} -> logits")
        still += edges(f"h2 -> {a}", f"h2 -> {b}")
    name = "sieve, any prime" if q is None else f"sieve, {q} | n"
    return Case(name, graph, tokens[chosen], divisible[chosen], (*moving, *still), tuple(moving), "loss")


def cases() -> list[Case]:
    """Every network with a known circuit."""
    return [proportion_case(), reverse_case(), phase_case(), carry_case(), sieve_case(), sieve_case(None)]
