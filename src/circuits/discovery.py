"""Methods that find a circuit: scores for the edges of a graph, higher for edges that matter more.

- `exhaustive`: cut one edge at a time (activation patching, exact).
- `eap`: its first-order estimate from one gradient (edge attribution patching, Syed et al. 2023, arXiv 2310.10348).
- `eap_ig`: the gradient averaged on the way from the other input to this one (Hanna et al. 2024, arXiv 2403.17806).
- `acdc`: greedy cutting from the output backwards (Conmy et al. 2023, arXiv 2304.14997, algorithm 1).
- `edge_pruning`: a mask learned by gradient with hard-concrete gates and a cost for each edge (Cao et al. 2021, arXiv 2104.03514;
  Bhaskar et al. 2024, arXiv 2406.16778).

Every method minimises the same *damage*: how far the logits under a mask are from those of the whole network.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float

from .graph import NEVER, Batch, Graph, forward, run_masks

Metric = Literal["kl", "loss", "logit_diff", "l2"]
METRICS: tuple[Metric, ...] = ("kl", "loss", "logit_diff", "l2")


def damage(metric: Metric, logits: Array, whole: Array, labels: Array) -> Float[Array, "..."]:
    """How far `logits` (..., C) are from the whole network's: one number for each input, 0 or about 0 for the whole network itself.

    `kl`: KL(whole || patched), nats. `loss`: rise of the cross-entropy of the label. `logit_diff`: fall of the right logit minus the
    mean of the others. `l2`: squared distance, for networks whose outputs are not logits. Raises `ValueError` on another name.
    """
    if metric == "l2":
        return ((logits - whole) ** 2).reshape(*labels.shape, -1).mean(axis=-1)
    if metric == "kl":
        p = jax.nn.softmax(whole)
        return (p * (jax.nn.log_softmax(whole) - jax.nn.log_softmax(logits))).sum(axis=-1)
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r}: must be one of {', '.join(METRICS)}")

    def right(x: Array) -> Array:
        own = jnp.take_along_axis(x, labels[..., None], axis=-1)[..., 0]
        if metric == "loss":
            return own
        there = whole > NEVER / 2
        return own - (jnp.where(there, x, 0).sum(axis=-1) - own) / (there.astype(x.dtype).sum(axis=-1) - 1)

    if metric == "loss":
        return right(jax.nn.log_softmax(whole)) - right(jax.nn.log_softmax(logits))
    return right(whole) - right(logits)


@eqx.filter_jit
def _damages(metric: Metric, logits: Array, batch: Batch) -> Array:
    return jax.vmap(lambda x: damage(metric, x, batch.whole, batch.labels))(logits)


class Task(NamedTuple):
    """A graph, a batch and a metric: what a method gets."""

    graph: Graph
    batch: Batch
    metric: Metric

    def damages(self, masks: np.ndarray) -> Float[np.ndarray, "K N"]:
        """Damage of every input under each mask (K, E)."""
        logits = run_masks(self.graph, masks, self.batch)
        return np.asarray(_damages(self.metric, logits, self.batch), np.float64)

    def mean_damage(self, masks: np.ndarray) -> Float[np.ndarray, " K"]:
        """The same, mean over inputs."""
        return self.damages(masks).mean(axis=1)

    def damage_of_nothing(self) -> float:
        """The mean damage of cutting every edge: the unit of thresholds and costs."""
        return float(self.mean_damage(np.zeros((1, len(self.graph.edges))))[0])


def single_cuts(task: Task) -> Float[np.ndarray, "N E"]:
    """Damage to every input from cutting each edge alone."""
    return task.damages(1 - np.eye(len(task.graph.edges))).T


def exhaustive(task: Task) -> Float[np.ndarray, " E"]:
    """|mean damage| of cutting each edge alone: exact."""
    return np.abs(single_cuts(task).mean(axis=0))


@eqx.filter_jit
def _attribution(graph: Graph, metric: Metric, batch: Batch, steps: int) -> Array:
    """Estimated damage to each input from cutting each edge, (N, E): -d damage / d mask, averaged on the straight way of the sources
    from the other input's to this one's at (i + 1) / steps; one step is EAP."""
    sources = [node.name for node in graph.nodes if not node.ports]
    on = jnp.ones(len(graph.edges), jnp.float32)

    def one(tokens: Array, other: dict[str, Array], full: Array, label: Array) -> Array:
        _, sent = forward(graph, on, tokens, other)
        step = {name: sent[name] - other[name] for name in sent}

        def at(t: Array) -> Array:
            def harm(mask: Array) -> Array:
                here = {name: other[name] + t * step[name] for name in sources}
                logits = _nudged(graph, mask, here, step)
                return damage(metric, logits[None], full[None], label[None])[0]

            return -jax.grad(harm)(jnp.zeros(len(graph.edges), jnp.float32))

        return jax.lax.map(at, (jnp.arange(steps, dtype=jnp.float32) + 1) / steps).mean(axis=0)

    return jax.vmap(one)(batch.tokens, batch.other, batch.whole, batch.labels)


def _nudged(graph: Graph, nudge: Array, sources: dict[str, Array], step: dict[str, Array]) -> Array:
    """Logits from given sources, with nudge[e] times `step` of its sender added where edge e is read."""
    sent, readers = dict(sources), graph.readers()
    for node in graph.nodes:
        if not node.ports:
            continue
        read = []
        for port in node.ports:
            parts = [sent[sender] + nudge[i] * step[sender] for i, sender in readers.get((node.name, port), [])]
            read.append(sum(parts[1:], start=parts[0]) if parts else jnp.zeros_like(next(iter(step.values()))))
        sent[node.name] = node.apply(*read)
    return sent[graph.nodes[-1].name]


IG_STEPS = 5  # the paper's default


def attributions(task: Task, steps: int) -> Float[np.ndarray, "N E"]:
    """Signed estimates for every input: `steps` = 1 is EAP, more is EAP-IG."""
    return np.asarray(_attribution(task.graph, task.metric, task.batch, steps), np.float64)


def eap(task: Task) -> Float[np.ndarray, " E"]:
    """|mean estimate| from the gradient at this input. A damage with its minimum there (kl, l2) has no gradient: all scores are 0."""
    return np.abs(attributions(task, 1).mean(axis=0))


def eap_ig(task: Task, steps: int = IG_STEPS) -> Float[np.ndarray, " E"]:
    """The same with integrated gradients."""
    return np.abs(attributions(task, steps).mean(axis=0))


class Cut(NamedTuple):
    """What ACDC kept, and how many cuts it tried."""

    kept: Bool[np.ndarray, " E"]
    tested: int
    calls: int


def acdc_order(graph: Graph) -> list[int]:
    """Edges from the output backwards: receivers in reverse order; at a receiver, port by port, later senders first."""
    place = {node.name: i for i, node in enumerate(graph.nodes)}
    ports = {node.name: node.ports for node in graph.nodes}

    def key(i: int) -> tuple[int, int, int]:
        edge = graph.edges[i]
        return (-place[edge.receiver], ports[edge.receiver].index(edge.port), -place[edge.sender])

    return sorted(range(len(graph.edges)), key=key)


def acdc(task: Task, threshold: float, *, ahead: int = 64, progress: Callable[[int], object] = lambda done: None) -> Cut:
    """Cut an edge for good if that raises the damage by less than `threshold`; every edge once, from the output backwards.

    Up to `ahead` cuts are tried at a time, on the guess that all of them succeed: the first that fails is kept and the rest are tried
    again, an eighth as many at a time where the last try failed early. The result is that of one at a time (`ahead` = 1), in fewer calls.
    """
    order = acdc_order(task.graph)
    kept = np.ones(len(order), dtype=bool)
    now, at, tested, calls, size = 0.0, 0, 0, 0, ahead
    while at < len(order):
        window = order[at : at + size]
        masks = np.repeat(kept[None], size, axis=0)  # always `size` rows, so that two compiled programs serve
        for i, edge in enumerate(window):
            masks[i:, edge] = False
        damages = task.mean_damage(masks)[: len(window)]
        failed = np.flatnonzero(np.diff(damages, prepend=now) >= threshold)
        good = int(failed[0]) if len(failed) else len(window)
        kept[window[:good]] = False
        now = float(damages[good - 1]) if good else now
        tried = min(good + 1, len(window))
        size = ahead if good == len(window) else max(1, ahead // 8)
        tested, calls, at = tested + tried, calls + 1, at + tried
        progress(tried)
    return Cut(kept, tested, calls)


THRESHOLDS = 10.0 ** np.arange(-6, 0.1, 0.5)  # shares of the damage of cutting everything


def acdc_scores(task: Task, thresholds: np.ndarray = THRESHOLDS) -> Float[np.ndarray, " E"]:
    """For each edge the largest threshold, as a share of the damage of cutting everything, at which ACDC keeps it; 0 if none."""
    scores, unit = np.zeros(len(task.graph.edges)), task.damage_of_nothing()
    for threshold in np.sort(thresholds):
        scores[acdc(task, float(threshold) * unit).kept] = threshold
    return scores


@eqx.filter_jit
def _learn(graph: Graph, metric: Metric, batch: Batch, weight: Array, steps: int, key: Array) -> Array:
    low, high, temperature = -0.1, 1.1, 2 / 3  # Louizos et al. 2018
    edges = len(graph.edges)
    optimizer = optax.adam(0.1)

    def objective(theta: Array, key: Array) -> Array:
        u = jax.random.uniform(key, (edges,), jnp.float32, 1e-6, 1 - 1e-6)
        gate = jax.nn.sigmoid((jnp.log(u / (1 - u)) + theta) / temperature)
        mask = jnp.clip(gate * (high - low) + low, 0, 1)
        logits = jax.vmap(lambda t, o: forward(graph, mask, t, o)[0])(batch.tokens, batch.other)
        open_ = jax.nn.sigmoid(theta - temperature * jnp.log(-low / high))
        return damage(metric, logits, batch.whole, batch.labels).mean() + weight * open_.mean()

    def step(state: tuple, key: Array) -> tuple:
        theta, opt = state
        updates, opt = optimizer.update(jax.grad(objective)(theta, key), opt)
        return (theta + updates, opt), None

    theta = jnp.full(edges, 2.0, jnp.float32)
    (theta, _), _ = jax.lax.scan(step, (theta, optimizer.init(theta)), jax.random.split(key, steps))
    return jax.nn.sigmoid(theta)


def edge_pruning(task: Task, *, cost: float = 0.3, steps: int = 200, seed: int = 0) -> Float[np.ndarray, " E"]:
    """How far each learned gate is open, in (0, 1); keeping all edges costs `cost` of the damage of cutting all."""
    weight = jnp.float32(cost * task.damage_of_nothing())
    return np.asarray(_learn(task.graph, task.metric, task.batch, weight, steps, jax.random.key(seed)), np.float64)


METHODS: dict[str, Callable[[Task], np.ndarray]] = {
    "exhaustive": exhaustive,
    "eap": eap,
    "eap-ig": eap_ig,
    "acdc": acdc_scores,
    "edge-pruning": edge_pruning,
}
