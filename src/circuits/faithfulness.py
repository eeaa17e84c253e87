"""How good is a circuit? Scores for a ranking of edges, or for a set of them, against the network that it is taken from.

Faithfulness of a set C of edges: 1 - D(C) / D(nothing), where D is the mean damage (`circuits.discovery`) with all other edges cut. It is 1
for the whole network and 0 where everything is cut, as in MIB (Mueller et al. 2025, arXiv 2504.13151, section 3).
"""

from collections.abc import Sequence

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import binomtest, rankdata

from .discovery import Task
from .graph import Edge, Graph

GRID = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # shares of the edges, MIB's
ENOUGH = 0.95  # the circuit of a ranking is its shortest start that is this faithful


def prefixes(scores: Float[np.ndarray, " E"], sizes: Sequence[int] | np.ndarray) -> Bool[np.ndarray, "K E"]:
    """The sets of the `size` edges with the highest scores; ties go to the edge that comes first."""
    place = np.empty(len(scores), dtype=int)
    place[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    return place < np.asarray(sizes)[:, None]


def faithfulness(task: Task, masks: Bool[np.ndarray, "K E"]) -> Float[np.ndarray, " K"]:
    """1 - D(mask) / D(nothing). Raises `ValueError` where cutting everything does no damage."""
    unit = task.damage_of_nothing()
    if abs(unit) < 1e-9:
        raise ValueError("cutting every edge does no damage: faithfulness is not defined")
    return 1 - task.mean_damage(masks) / unit


def curve(task: Task, scores: Float[np.ndarray, " E"]) -> Float[np.ndarray, " 10"]:
    """Faithfulness of the best edges at the sizes of `GRID`."""
    return faithfulness(task, prefixes(scores, np.round(np.asarray(GRID) * len(scores)).astype(int)))


def _area(y: np.ndarray) -> np.ndarray:
    x = np.asarray((0.0, *GRID))
    return ((y[..., 1:] + y[..., :-1]) / 2 * np.diff(x)).sum(axis=-1)


def cpr(f: Float[np.ndarray, "... 10"]) -> Float[np.ndarray, "..."]:
    """Circuit performance ratio: the area under the curve, from faithfulness 0 at no edges (MIB, section 3.2). Higher is better."""
    return _area(np.concatenate([np.zeros_like(f[..., :1]), f], axis=-1))


def cmd(f: Float[np.ndarray, "... 10"]) -> Float[np.ndarray, "..."]:
    """Circuit-model distance: the area between the curve and 1. Lower is better."""
    return _area(np.abs(1 - np.concatenate([np.zeros_like(f[..., :1]), f], axis=-1)))


def choose(task: Task, scores: Float[np.ndarray, " E"], enough: float = ENOUGH) -> Bool[np.ndarray, " E"]:
    """The shortest start of the ranking whose faithfulness is `enough`: the rule by which every circuit here is chosen."""
    low, step, edges = 0, 16, len(scores)
    while low < edges:
        sizes = np.minimum(np.arange(low + 1, low + step + 1), edges)
        masks = prefixes(scores, sizes)
        good = np.flatnonzero(faithfulness(task, masks) >= enough)
        if len(good):
            return masks[good[0]]
        low += step
    return np.ones(edges, dtype=bool)


def auroc(scores: Float[np.ndarray, " E"], truth: Bool[np.ndarray, " E"]) -> float:
    """Chance that a true one scores higher than a false one, ties counting half. NaN if all or none are true."""
    n = int(truth.sum())
    if n in (0, len(truth)):
        return float("nan")
    return float((rankdata(scores)[truth].sum() - n * (n + 1) / 2) / (n * (len(truth) - n)))


def node_scores(graph: Graph, edge_scores: Float[np.ndarray, " E"]) -> Float[np.ndarray, " V"]:
    """For every node the highest score of an edge that it sends or reads: the truth of an edge gives that of a node as well."""
    return np.asarray([max(s for e, s in zip(graph.edges, edge_scores, strict=True) if node.name in e[:2]) for node in graph.nodes])


def agreement(task: Task, mask: Bool[np.ndarray, " E"]) -> Float[np.ndarray, " N"]:
    """Faithfulness for every input: 1 - its damage / the mean damage of cutting everything."""
    damages = task.damages(np.stack([mask, np.zeros_like(mask)]))
    return 1 - damages[0] / damages[1].mean()


def incompleteness(task: Task, mask: Bool[np.ndarray, " E"], *, draws: int = 20, seed: int = 0) -> float:
    """Mean |F(C without K) - F(M without K)| over random halves K of the circuit C, M the whole network (Wang et al. 2022,
    arXiv 2211.00593, section 4): 0 if nothing outside C does what C does."""
    rng, inside = np.random.default_rng(seed), np.flatnonzero(mask)
    cut = np.zeros((draws, len(mask)), dtype=bool)
    for row in cut:
        row[rng.choice(inside, max(1, len(inside) // 2), replace=False)] = True
    f = faithfulness(task, np.concatenate([mask & ~cut, ~cut]))
    return float(np.abs(f[:draws] - f[draws:]).mean())


def paths(graph: Graph) -> list[tuple[int, ...]]:
    """Every path of edges from a source to the output."""
    names = [node.name for node in graph.nodes]
    leaving: dict[str, list[int]] = {name: [] for name in names}
    for i, edge in enumerate(graph.edges):
        leaving[edge.sender].append(i)
    found: dict[str, list[tuple[int, ...]]] = {names[-1]: [()]}
    for name in reversed(names[:-1]):
        found[name] = [(i, *rest) for i in leaving[name] for rest in found[graph.edges[i].receiver]]
    return [path for node in graph.nodes if not node.ports for path in found[node.name]]


def minimality(
    task: Task, mask: Bool[np.ndarray, " E"], *, draws: int = 100, quantile: float = 0.9, level: float = 0.05, seed: int = 0
) -> Bool[np.ndarray, " n"]:
    """For each edge of the circuit, in order, whether it passes the minimality test of Shi et al. 2024 (arXiv 2410.13032, section 4.2).

    The knock-out effect of an edge is compared with that of a random edge on a random path added to the circuit. An edge passes unless
    its effect is below the `quantile` of those so often that a one-sided binomial test at `level`, divided by the number of edges,
    rejects; effects are absolute changes of the mean damage.
    """
    rng, every = np.random.default_rng(seed), paths(task.graph)
    fresh = [path for path in every if not all(mask[list(path)])]
    inside = np.flatnonzero(mask)
    if not fresh:
        return np.ones(len(inside), dtype=bool)
    inflated, reduced = np.repeat(mask[None], draws, axis=0), []
    for row in inflated:
        path = [i for i in fresh[rng.integers(len(fresh))] if not mask[i]]
        row[path] = True
        less = row.copy()
        less[rng.choice(path)] = False
        reduced.append(less)
    without = np.repeat(mask[None], len(inside), axis=0)
    without[np.arange(len(inside)), inside] = False
    d = task.mean_damage(np.concatenate([mask[None], without, inflated, np.asarray(reduced)]))
    effects = np.abs(d[1 : len(inside) + 1] - d[0])
    reference = np.abs(d[len(inside) + 1 + draws :] - d[len(inside) + 1 : len(inside) + 1 + draws])
    beaten = (effects[:, None] > reference).sum(axis=1)
    p = np.asarray([binomtest(int(b), draws, quantile, alternative="less").pvalue for b in beaten])
    return p >= level / len(inside)


def jaccard(a: Bool[np.ndarray, " E"], b: Bool[np.ndarray, " E"]) -> float:
    """|A and B| / |A or B|; 1 for two empty sets."""
    either = (a | b).sum()
    return float((a & b).sum() / either) if either else 1.0


def bootstrap_jaccard(cuts: Float[np.ndarray, "N E"], size: int, *, draws: int = 100, seed: int = 0) -> float:
    """Mean Jaccard similarity of the circuit of `size` edges to those of `draws` resamples of the inputs; `cuts` as `single_cuts`."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(cuts), size=(draws, len(cuts)))
    circuit = lambda some: prefixes(np.abs(some.mean(axis=0)), [size])[0]  # noqa: E731
    return float(np.mean([jaccard(circuit(cuts), circuit(cuts[r])) for r in rows]))


def reset(graph: Graph, seed: int = 0) -> Graph:
    """The same graph with the entries of every weight matrix permuted: the control of Conmy et al. 2023 (section 4, reset networks)."""
    weights, rest = eqx.partition(graph, lambda x: eqx.is_array(x) and x.ndim >= 2)
    leaves, tree = jax.tree.flatten(weights)
    keys = jax.random.split(jax.random.key(seed), len(leaves))
    shuffled = [jax.random.permutation(k, x.reshape(-1)).reshape(x.shape) for k, x in zip(keys, leaves, strict=True)]
    return eqx.combine(jax.tree.unflatten(tree, shuffled), rest)


def by_role(edges: Sequence[Edge], mask: Bool[np.ndarray, " E"], scores: Float[np.ndarray, " E"]) -> set[Edge]:
    """The edges of a circuit of a one-layer network with each head named by the digit whose value matters more in it: heads of two
    seeds can be compared."""
    score = dict(zip(edges, scores, strict=True))
    heads = {edge.receiver for edge in edges if edge.port == "v"}
    role = {h: max(("x0", "x1"), key=lambda x: score[Edge(x, h, "v")]) + "'s head" for h in heads}
    kept = [e for e, on in zip(edges, mask, strict=True) if on]
    return {Edge(role.get(e.sender, e.sender), role.get(e.receiver, e.receiver), e.port) for e in kept}
