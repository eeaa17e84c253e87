"""One circuit of one task of a trained network: what the command `discover` asks for."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from ..circuits.discovery import METHODS, THRESHOLDS, Task, acdc
from ..circuits.faithfulness import ENOUGH, choose, faithfulness
from ..circuits.graph import Ablation, Batch, Edge, Graph, Groups, Node, Source, Unembed, make_batch, network_nodes, writers
from ..network.runs import Run
from ..numbers.integers import primes_below
from .circuits import prime_groups

GRAINS = ("primes", "mlp")


class Found(NamedTuple):
    """A circuit: which edges it keeps (E,), their scores (E,), and in words how it was chosen."""

    kept: np.ndarray
    scores: np.ndarray
    rule: str


def task_named(text: str, run: Run) -> int:
    """The task that is meant by "q=13" or "13", or by nothing where there is only one. Raises `ValueError` naming those there are."""
    names = run.dataset.task_names
    said = {"": names[0]} if len(names) == 1 else {name.partition("=")[2]: name for name in names}
    plain = [name.replace(" ", "") for name in names]
    wanted = said.get(text.strip(), text).replace(" ", "")
    if wanted not in plain:
        there = ", ".join(names) if len(names) <= 4 else f"{names[0]}, {names[1]} ... {names[-1]}"
        raise ValueError(f"--task {text or 'is missing'}: run {run.config.run!r} has {there}")
    return plain.index(wanted)


def groups_of(run: Run, grain: str) -> Groups:
    """Groups of neurons for a grain: those of each prime, or the whole MLP. Raises `ValueError` where neurons have no primes."""
    if grain == "mlp":
        return {"mlp": np.ones(run.config.d_mlp, dtype=bool)}
    if run.dataset.widths != tuple(primes_below(run.config.p)):
        raise ValueError(f"--grain {grain}: run {run.config.run!r} has not all the primes below {run.config.p} as tasks; take --grain mlp")
    return prime_groups(run)


def task_graph(run: Run, task: int, groups: Groups) -> Graph:
    """The graph of any one-layer network, whatever it reads: each position, the heads, groups of neurons, and the logits of one task.

    Raises `ValueError` as `network_nodes` does.
    """
    model, config = run.model, run.config
    nodes, edges = network_nodes(model, config, groups)  # its sources are those of two digits and '='
    places = [*(f"x{i}" for i in range(run.dataset.n_ctx - 1)), "="]
    sources = [Node(name, (), Source(model.W_E, model.W_pos[i], i)) for i, name in enumerate(places)]
    reads = [Edge(place, f"h{h}", port) for h in range(config.n_heads) for port in "qkv" for place in (["="] if port == "q" else places)]
    start, width = sum(run.dataset.widths[:task]), run.dataset.widths[task]
    output = Node("logits", ("in",), Unembed(model.W_U[:, start : start + width], jnp.zeros(width, jnp.float32)))
    inner = [edge for edge in edges if edge.receiver in groups]
    last = [Edge(name, "logits", "in") for name in (*writers(config), *groups)]
    return Graph((*sources, *(node for node in nodes if node.ports), output), (*reads, *inner, *last))


def task_batch(run: Run, graph: Graph, task: int, ablation: Ablation, *, rows: int, part: int) -> Batch:
    """`make_batch` on some examples of a task; parts 0, 1, ... have none in common."""
    order = np.random.default_rng(0).permutation(len(run.dataset.tokens))[part * rows : (part + 1) * rows]
    return make_batch(graph, run.dataset.tokens[order], run.dataset.labels[order, task], ablation, seed=part)


def find_circuit(task: Task, method: str, threshold: float | None, *, quiet: bool = True) -> Found:
    """A circuit by one of `METHODS`: the edges whose score reaches the threshold, or without one the smallest that is faithful enough.

    Thresholds are shares of the damage of cutting every edge.
    """
    unit = task.damage_of_nothing()
    if method == "acdc":
        return _by_acdc(task, unit, threshold, quiet)
    scores = METHODS[method](task)
    scores = scores if method == "edge-pruning" else scores / unit
    if threshold is not None:
        return Found(scores >= threshold, scores, f"scores of at least {threshold:g}")
    return Found(choose(task, scores), scores, f"the shortest start of the ranking with faithfulness {ENOUGH:g}")


def _by_acdc(task: Task, unit: float, threshold: float | None, quiet: bool) -> Found:
    scores = np.zeros(len(task.graph.edges))

    def cut(value: float) -> np.ndarray:
        with tqdm(total=len(scores), desc=f"acdc at {value:.1g}", unit="edge", disable=True if quiet else None, leave=False) as bar:
            return acdc(task, value * unit, progress=bar.update).kept

    if threshold is not None:
        kept = cut(threshold)
        return Found(kept, kept * threshold, f"threshold {threshold:g}")
    for value in THRESHOLDS[::-1]:
        kept = cut(float(value))
        scores = np.maximum(scores, kept * value)
        if faithfulness(task, kept[None])[0] >= ENOUGH:
            break
    return Found(kept, scores, f"the largest threshold of 10^0, 10^-0.5, ... with faithfulness {ENOUGH:g}: {value:.1g}")
