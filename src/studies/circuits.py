"""Circuits of all our networks, judged: methods against known circuits, and one circuit for each task of a trained network.

`study` and `methods_study` are of one run, `compiled` of the networks written by hand; the other functions compare what they found.
"""

from itertools import combinations

import numpy as np
from tqdm import tqdm

from ..circuits.compiled import cases
from ..circuits.discovery import METHODS, THRESHOLDS, Metric, Task, acdc, eap, eap_ig, exhaustive, single_cuts
from ..circuits.faithfulness import (
    agreement,
    auroc,
    bootstrap_jaccard,
    by_role,
    choose,
    curve,
    faithfulness,
    incompleteness,
    jaccard,
    minimality,
    node_scores,
    prefixes,
    reset,
)
from ..circuits.graph import ABLATIONS, Ablation, Batch, Edge, Graph, Groups, make_batch, residue_graph
from ..network.config import Config
from ..network.runs import Run
from ..numbers.integers import primes_below
from .algorithm import extract
from .arrays import Arrays, stack
from .shared import COINCIDE, coinciding_primes

ROWS = 256  # inputs a circuit is chosen on, and as many others that it is judged on
METRIC: Metric = "loss"
COMPILED_DATA = (Config(run="compiled", p=31, d_model=128, d_mlp=512),)
RANKINGS = {"exhaustive": exhaustive, "eap": eap, "eap-ig": eap_ig}


def compiled() -> Arrays:
    """AUROC of every method on every compiled network: `edges`, `nodes` (cases, ablations, methods); `reset`, of exhaustive patching on
    the networks with permuted weights, against the same truth; `true`, `all` how many edges there are (cases,
    ablations); `cases`, names."""
    rows, known = [], cases()
    for case in tqdm(known, desc="compiled networks", disable=None):
        of_ablation = []
        for ablation in ABLATIONS:
            task, truth = case.task(ablation), case.truth(ablation)
            nodes = node_scores(case.graph, truth) > 0
            scores = [method(task) for method in METHODS.values()]
            blank = reset(case.graph)
            control = exhaustive(Task(blank, make_batch(blank, case.tokens, case.labels, ablation), case.metric))
            of_ablation.append({
                "edges": np.asarray([auroc(s, truth) for s in scores]),
                "nodes": np.asarray([auroc(node_scores(case.graph, s), nodes) for s in scores]),
                "reset": np.asarray(auroc(control, truth)), "true": np.asarray(truth.sum()), "all": np.asarray(len(truth)),
            })  # fmt: skip
        rows.append(stack(of_ablation))
    return {**stack(rows), "cases": np.asarray([case.name for case in known])}


def prime_groups(run: Run) -> Groups:
    """The neurons of each prime, by the label of `studies.algorithm.extract`: "q=13" -> (M,) bool. Raises `ValueError` on another task."""
    if run.config.task != "residues":
        raise ValueError(f"run {run.config.run!r} was trained on {run.config.task}; circuits are drawn for the residue tasks")
    label = extract(run).q
    return {f"q={q}": label == q for q in primes_below(run.config.p)}


def task_inputs(run: Run, q: int, *, rows: int = ROWS, part: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Tokens (rows, 3) and labels of task q; parts 0, 1, ... have no row in common."""
    order = np.random.default_rng(0).permutation(len(run.dataset.tokens))[part * rows : (part + 1) * rows]
    return run.dataset.tokens[order], run.dataset.labels[order, list(primes_below(run.config.p)).index(q)]


def task_batch(run: Run, graph: Graph, q: int, ablation: Ablation, *, rows: int = ROWS, part: int = 0) -> Batch:
    """`make_batch` on `task_inputs`."""
    return make_batch(graph, *task_inputs(run, q, rows=rows, part=part), ablation, seed=part)


def study(run: Run) -> Arrays:
    """One circuit for each task of one network, resample ablation: arrays (T, ...).

    `edges`, names (E,). From exhaustive patching, on one half of the inputs: `scores` and `circuit` (T, E). On the other half, on the
    circuit: `faithful`, `random` (as many random edges), `worst` (5th percentile over inputs), `complement` (all other edges),
    `incomplete`, `minimal` (share of edges that pass); `bootstrap` Jaccard. `curves` (ablations, rankings, T, 10) on `GRID`. Controls:
    `reset_rank`, AUROC of the scores for the own group's edges in the network, then with permuted weights (T, 2).
    """
    groups = prime_groups(run)
    rng, rows, edges = np.random.default_rng(0), [], ()
    for q in tqdm([int(q) for q in primes_below(run.config.p)], desc=f"circuits of {run.config.run}", unit="task", disable=None):
        graph = residue_graph(run.model, run.config, groups, q)
        edges = graph.edges
        task, fresh = (Task(graph, task_batch(run, graph, q, "resample", part=part), METRIC) for part in (0, 1))
        cuts = single_cuts(task)
        scores = np.abs(cuts.mean(axis=0))
        circuit = choose(task, scores)
        size = int(circuit.sum())
        some = prefixes(rng.random(len(scores)), [size])[0]
        faithful, chance, complement = faithfulness(fresh, np.stack([circuit, some, ~circuit]))
        curves = np.empty((len(ABLATIONS), len(RANKINGS), 10))
        for i, ablation in enumerate(ABLATIONS):
            mine, other = (Task(graph, task_batch(run, graph, q, ablation, part=part), METRIC) for part in (0, 1))
            curves[i] = [curve(other, rank(mine)) for rank in RANKINGS.values()]
        own = np.asarray([f"q={q}" in edge[:2] for edge in edges])
        blank = reset(graph)
        control = exhaustive(Task(blank, task_batch(run, blank, q, "resample"), METRIC))
        rows.append({
            "scores": scores, "circuit": circuit, "faithful": faithful, "random": chance, "complement": complement,
            "worst": np.quantile(agreement(fresh, circuit), 0.05), "incomplete": incompleteness(fresh, circuit),
            "minimal": minimality(fresh, circuit).mean(), "bootstrap": bootstrap_jaccard(cuts, size), "curves": curves,
            "reset_rank": np.asarray([auroc(scores, own), auroc(control, own)]),
        })  # fmt: skip
    out = stack([{name: np.asarray(value) for name, value in row.items()} for row in rows])
    return {**out, "curves": np.moveaxis(out["curves"], 0, 2), "edges": np.asarray([str(edge) for edge in edges])}


def methods_study(run: Run) -> Arrays:
    """Every method on every task of one network, resample ablation: `size`, `faithful` (methods, T) of the circuit by `choose`, judged on
    other inputs; `overlap` (methods, T), Jaccard with the circuit of exhaustive patching; `tested`, `calls` (T,) of ACDC at the threshold
    of a thousandth of the damage of cutting everything, `acdc_size` and `acdc_faithful` of what it keeps."""
    groups, rows = prime_groups(run), []
    for q in tqdm([int(q) for q in primes_below(run.config.p)], desc=f"methods on {run.config.run}", unit="task", disable=None):
        graph = residue_graph(run.model, run.config, groups, q)
        task, fresh = (Task(graph, task_batch(run, graph, q, "resample", part=part), METRIC) for part in (0, 1))
        circuits = np.stack([choose(task, method(task)) for method in METHODS.values()])
        cut = acdc(task, float(THRESHOLDS[THRESHOLDS.searchsorted(0.99e-3)]) * task.damage_of_nothing())
        judged = faithfulness(fresh, np.concatenate([circuits, cut.kept[None]]))
        rows.append({
            "size": circuits.sum(axis=1), "faithful": judged[:-1], "overlap": np.asarray([jaccard(c, circuits[0]) for c in circuits]),
            "tested": np.asarray(cut.tested), "calls": np.asarray(cut.calls), "acdc_size": np.asarray(cut.kept.sum()),
            "acdc_faithful": judged[-1],
        })  # fmt: skip
    out = stack(rows)
    return {name: value.T if value.ndim == 2 else value for name, value in out.items()}


def own_groups(a: Arrays, p: int) -> np.ndarray:
    """Which groups of neurons (column) reach the logits in the circuit of each task (row): (T, T) bool."""
    names = [str(name) for name in a["edges"]]
    return a["circuit"][:, [names.index(f"q={q} -> logits") for q in primes_below(p)]].astype(bool)


def coincidence(found: list[Arrays], usage: np.ndarray, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the other primes' groups in a circuit, the share whose frequencies coincide with the task's prime; the same over all pairs."""
    inside, everywhere = [], []
    for a, used in zip(found, usage, strict=True):
        near = coinciding_primes(used, p) >= COINCIDE
        uses, other = own_groups(a, p), ~np.eye(len(near), dtype=bool)
        inside.append(near[uses & other].mean() if (uses & other).any() else np.nan)
        everywhere.append(near[other].mean())
    return np.asarray(inside), np.asarray(everywhere)


def seed_agreement(found: list[Arrays]) -> tuple[list[float], list[float]]:
    """Mean Jaccard similarity of the circuits of one task in two seeds, heads named by their digit; the control: of two tasks."""
    edges = [Edge.parse(str(name)) for name in found[0]["edges"]]
    circuits = [[by_role(edges, mask, score) for mask, score in zip(a["circuit"].astype(bool), a["scores"], strict=True)] for a in found]
    same, other = [], []
    for one, two in combinations(circuits, 2):
        same.append(float(np.mean([len(a & b) / len(a | b) for a, b in zip(one, two, strict=True)])))
        other.append(float(np.mean([len(a & b) / len(a | b) for a, b in zip(one, [*two[1:], two[0]], strict=True)])))
    return same, other
