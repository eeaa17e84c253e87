"""Automatic circuit discovery on the trained networks: one circuit for each task, and every method on the laptop networks."""

import numpy as np

from ...circuits.discovery import METHODS
from ...circuits.faithfulness import cmd, cpr
from ...circuits.graph import ABLATIONS
from ...network.presets import preset
from ...studies.circuits import RANKINGS, coincidence, own_groups, seed_agreement
from ..evidence import BLOCKS, NETWORKS, circuits_of
from ..published import BEST_CMD, BEST_CPR, PUBLISHED_CPR
from ..registry import arrays
from .claim import CORRELATION, COUNT, RATIO, Claims, Form, at_least, at_most, exactly, fraction, on, share

claims = Claims("circuits")

FAITHFULNESS = Form(".3f")  # 1 for the whole network, 0 where everything is cut, and neither is a bound


@claims.add("{run}.size.median", on("edges in the circuit, median task"), form=COUNT, over={"run": NETWORKS})
def median_size(run):
    return np.median(arrays(f"{run}-circuits")["circuit"].sum(axis=2), axis=1)


@claims.add("{run}.size.largest", on("edges in the circuit, largest over tasks"), form=COUNT, over={"run": NETWORKS})
def largest_size(run):
    return arrays(f"{run}-circuits")["circuit"].sum(axis=2).max(axis=1)


@claims.add("{run}.size.graph", on("edges in the graph"), form=COUNT, over={"run": NETWORKS})
def edges_in_graph(run):
    return [a["circuit"].shape[1] for a in circuits_of(run)]


@claims.add("{run}.faithfulness.median", on("faithfulness on other inputs, median task"), form=FAITHFULNESS, over={"run": NETWORKS})
def median_faithfulness(run):
    return np.median(arrays(f"{run}-circuits")["faithful"], axis=1)


@claims.add(
    "{run}.faithfulness.worst-task", on("faithfulness on other inputs, worst task"), form=FAITHFULNESS, goal=at_least(0.9),
    over={"run": NETWORKS}, why="the circuit was chosen at 95% on as many inputs",
)  # fmt: skip
def worst_faithfulness(run):
    return arrays(f"{run}-circuits")["faithful"].min(axis=1)


RANDOM_EDGES = 0.2


def random_edges_why(run: str) -> str:
    """Where random edges do better than the goal allows, and why."""
    a = arrays(f"{run}-circuits")
    high = a["random"] > RANDOM_EDGES
    where = f"in {high.any(axis=1).sum()} of {len(high)} seeds, {high.sum()} of {high.size} circuits"
    sizes = ", ".join(f"{size:.0f}" for size in np.sort(a["circuit"].sum(axis=2)[high]))
    return f"{where}, of {sizes} edges: as many random ones happened to hold a path from a digit to the prime's own neurons and the logits"


@claims.add(
    "{run}.faithfulness.random-edges",
    on("control, faithfulness of as many random edges, one draw a task, the task where they do best"),
    form=FAITHFULNESS, goal=at_most(RANDOM_EDGES), over={"run": NETWORKS}, why=random_edges_why,
)  # fmt: skip
def random_edges(run):
    return arrays(f"{run}-circuits")["random"].max(axis=1)


@claims.add(
    "{run}.faithfulness.random-edges-median", on("control, faithfulness of as many random edges, median task"), form=FAITHFULNESS,
    over={"run": NETWORKS},
)  # fmt: skip
def random_edges_of_the_median_task(run):
    return np.median(arrays(f"{run}-circuits")["random"], axis=1)


@claims.add(
    "{run}.faithfulness.other-edges", on("faithfulness of all other edges, largest"), form=Form(".3f", 0), goal=at_most(0.05),
    over={"run": NETWORKS}, why="outside the circuit of that task some of it is computed as well",
)  # fmt: skip
def all_other_edges(run):
    return np.abs(arrays(f"{run}-circuits")["complement"]).max(axis=1)


@claims.add(
    "{run}.faithfulness.worst-inputs", on("faithfulness over inputs, 5th percentile, median task"), form=Form(".2f"),
    over={"run": NETWORKS},
)  # fmt: skip
def faithfulness_on_worst_inputs(run):
    return np.median(arrays(f"{run}-circuits")["worst"], axis=1)


@claims.add(
    "{run}.incompleteness", on("incompleteness, mean task"), form=Form(".3f", 0), over={"run": NETWORKS},
)  # fmt: skip
def incompleteness(run):
    return arrays(f"{run}-circuits")["incomplete"].mean(axis=1)


@claims.add(
    "{run}.minimality", on("edges that pass the minimality test, mean task"), form=share(), goal=at_least(0.9), over={"run": NETWORKS},
    why="the last edges that bring a circuit to 95% matter no more than random ones",
)  # fmt: skip
def minimality(run):
    return arrays(f"{run}-circuits")["minimal"].mean(axis=1)


@claims.add(
    "{run}.agreement.resamples", on("Jaccard similarity over 100 bootstrap resamples, mean task"), form=fraction(2),
    anchor="0.67 (GPT-2, EAP; other graph)", goal=at_least(0.8), over={"run": NETWORKS},
)  # fmt: skip
def agreement_of_resamples(run):
    return arrays(f"{run}-circuits")["bootstrap"].mean(axis=1)


@claims.add(
    "{run}.agreement.seeds", on("Jaccard similarity between seeds, mean task"), form=fraction(2), goal=at_least(0.8),
    over={"run": NETWORKS}, why="which primes lend neurons differs between seeds, and some heads are not needed for 95%",
)  # fmt: skip
def agreement_of_seeds(run):
    return seed_agreement(circuits_of(run))[0]


@claims.add(
    "{run}.agreement.tasks", on("control, Jaccard similarity between the circuits of two tasks in two seeds"), form=fraction(2),
    over={"run": NETWORKS},
)  # fmt: skip
def agreement_of_tasks(run):
    return seed_agreement(circuits_of(run))[1]


def _groups(run: str) -> np.ndarray:
    """Which groups of neurons reach the logits in the circuit of each task: (seeds, T, T)."""
    return np.stack([own_groups(a, preset(run).p) for a in circuits_of(run)])


@claims.add(
    "{run}.own-neurons.present", on("tasks whose circuit has the neurons labelled with its prime"), form=share(0), goal=exactly(1),
    over={"run": NETWORKS},
)  # fmt: skip
def own_neurons_present(run):
    return np.diagonal(_groups(run), axis1=1, axis2=2).mean(axis=1)


@claims.add("{run}.other-neurons.groups", on("other primes' neurons in a circuit, mean task"), form=RATIO, over={"run": NETWORKS})
def groups_of_other_primes(run):
    return [(groups.sum() - np.trace(groups)) / len(groups) for groups in _groups(run)]


@claims.add("{run}.own-neurons.auroc", on("AUROC of the own neurons' edges, mean task"), form=fraction(2), over={"run": NETWORKS})
def rank_of_own_neurons(run):
    return [a["reset_rank"][:, 0].mean() for a in circuits_of(run)]


@claims.add(
    "{run}.own-neurons.auroc-permuted", on("control, weights permuted: AUROC of the own neurons' edges, mean task"), form=fraction(2),
    goal=at_most(0.65), over={"run": NETWORKS}, why="the sizes of the groups survive the permutation",
)  # fmt: skip
def rank_with_weights_permuted(run):
    return [a["reset_rank"][:, 1].mean() for a in circuits_of(run)]


@claims.add(
    "{run}.other-neurons.coincide", on("other primes' neurons in a circuit: those whose frequencies coincide with the task's"),
    form=share(0), goal=at_least(0.5), over={"run": BLOCKS}, why="weak coincidences are enough to be worth an edge",
)  # fmt: skip
def other_primes_coincide(run):
    return coincidence(circuits_of(run), arrays(f"{run}-shared")["usage"], preset(run).p)[0]


@claims.add(
    "{run}.other-neurons.coincide-anywhere", on("control, all pairs of primes: those whose frequencies coincide"), form=share(),
    over={"run": BLOCKS},
)  # fmt: skip
def all_primes_coincide(run):
    return coincidence(circuits_of(run), arrays(f"{run}-shared")["usage"], preset(run).p)[1]


def _curves(run: str, ranking: str) -> np.ndarray:
    """Faithfulness over the size of the circuit, resample ablation: (seeds, T, 10)."""
    return arrays(f"{run}-circuits")["curves"][:, ABLATIONS.index("resample"), list(RANKINGS).index(ranking)]


@claims.add(
    "{run}.cmd.{ranking}", on("CMD, {ranking}, mean task"), form=Form(".3f", 0), anchor=f"{BEST_CMD} (best; GPT-2, IOI; other graph)",
    goal=at_most(BEST_CMD), over={"run": NETWORKS, "ranking": RANKINGS},
    why=lambda run, ranking: f"a circuit is {arrays(f'{run}-circuits')['circuit'].mean():.0%} of the edges here, "
                             "and the distance counts all that comes before it is whole",
)  # fmt: skip
def circuit_model_distance(run, ranking):
    return cmd(_curves(run, ranking)).mean(axis=1)


@claims.add(
    "{run}.cpr.{ranking}", on("CPR, {ranking}, mean task"), form=Form(".3f"), over={"run": NETWORKS, "ranking": RANKINGS},
    anchor=lambda run, ranking: f"{PUBLISHED_CPR[ranking]:.2f} (GPT-2, IOI)" if ranking in PUBLISHED_CPR
                                else f"{BEST_CPR} (best; GPT-2, IOI)",
)  # fmt: skip
def circuit_performance_ratio(run, ranking):
    return cpr(_curves(run, ranking)).mean(axis=1)


@claims.add(
    "{run}.positions.digits",
    lambda run: f"{NETWORKS[run]}, edges (position, task): damage of cutting one digit, over that of cutting all, "
                "least over digits and tasks",
    form=Form(".2f"), goal=at_least(0.8), over={"run": NETWORKS}, why="for the smallest primes a wrong digit is right by chance",
)  # fmt: skip
def damage_of_a_digit(run):
    return arrays(f"{run}-positions")["damage"][..., :2].min(axis=(1, 2))


@claims.add(
    "{run}.positions.equals",
    lambda run: f"{NETWORKS[run]}, edges (position, task): damage of cutting '=', over that of cutting all, largest over tasks "
                "(0 by construction: '=' is in every input, and a cut edge carries what another input has)",
    form=Form(".3f", 0), over={"run": NETWORKS},
)  # fmt: skip
def damage_of_equals(run):
    return np.abs(arrays(f"{run}-positions")["damage"][..., 2]).max(axis=1)


def _method(field: str, method: str) -> np.ndarray:
    """A field of `methods_study` for one method, mean over the tasks: (seeds,)."""
    return arrays("laptop-circuit-methods")[field][:, list(METHODS).index(method)].mean(axis=1)


@claims.add("methods.{method}.size", "p = 53, {method}: edges in the circuit, mean task", form=COUNT, over={"method": METHODS})
def size_by_method(method):
    return _method("size", method)


@claims.add(
    "methods.{method}.faithfulness", "p = 53, {method}: faithfulness of its circuit on other inputs, mean task", form=FAITHFULNESS,
    over={"method": METHODS},
)  # fmt: skip
def faithfulness_by_method(method):
    return _method("faithful", method)


@claims.add(
    "methods.{method}.overlap", "p = 53, {method}: Jaccard similarity to the circuit of exhaustive patching, mean task",
    form=fraction(2), over={"method": METHODS},
)  # fmt: skip
def overlap_by_method(method):
    return _method("overlap", method)


@claims.add(
    "methods.acdc-threshold.size", "p = 53, acdc at a thousandth of the damage of cutting all: edges it keeps, mean task", form=COUNT
)
def size_by_threshold():
    return arrays("laptop-circuit-methods")["acdc_size"].mean(axis=1)


@claims.add(
    "methods.acdc-threshold.faithfulness",
    "p = 53, acdc at a thousandth of the damage of cutting all: faithfulness on other inputs of the edges it keeps, mean task",
    form=FAITHFULNESS,
)  # fmt: skip
def faithfulness_by_threshold():
    return arrays("laptop-circuit-methods")["acdc_faithful"].mean(axis=1)


@claims.add(
    "methods.acdc-threshold.calls",
    "p = 53, acdc at a thousandth of the damage of cutting all: batched calls for all edges, mean task", form=COUNT,
)  # fmt: skip
def calls_by_threshold():
    return arrays("laptop-circuit-methods")["calls"].mean(axis=1)


# --- circuits of groups that know no labels

_KINDS = {"spectra": "groups of like spectra", "random": "random groups of the same sizes"}
_CLUSTERS = {
    "purity": "neurons that have the commonest prime of their group", "rand": "adjusted Rand index of the groups and the waves (q, k)",
    "faithful": "faithfulness of a circuit, mean task", "edges": "edges in a circuit, mean task",
    "groups": "groups in a circuit, mean task", "own": "neurons of a circuit that are labelled with its prime, mean task",
    "held": "neurons labelled with a prime that are in its circuit, mean task",
    "rank": "AUROC of the groups whose commonest prime is the task's, by their edge to the logits, mean task",
}  # fmt: skip


def _clusters(kind: str, what: str) -> np.ndarray:
    found = arrays("laptop-clusters")[f"{'random_' if kind == 'random' else ''}{what}"]
    return np.nanmean(found, axis=1) if found.ndim > 1 else found


def _of_clusters(kind: str, what: str) -> str:
    return f"p = 53, {_KINDS[kind]}: {_CLUSTERS[what]}"


def _either(*what: str) -> dict[str, tuple[str, ...]]:
    return {"kind": tuple(_KINDS), "what": what}


@claims.add("clusters.{kind}.{what}", _of_clusters, form=share(0), over=_either("purity", "own", "held"))
def cluster_shares(kind: str, what: str):
    return _clusters(kind, what)


@claims.add("clusters.{kind}.{what}", _of_clusters, form=CORRELATION, over=_either("rand", "rank"))
def cluster_agreement(kind: str, what: str):
    return _clusters(kind, what)


@claims.add("clusters.{kind}.{what}", _of_clusters, form=RATIO, over=_either("edges", "groups"))
def cluster_sizes(kind: str, what: str):
    return _clusters(kind, what)


@claims.add("clusters.{kind}.{what}", _of_clusters, form=FAITHFULNESS, over=_either("faithful"))
def cluster_faithfulness(kind: str, what: str):
    return _clusters(kind, what)
