"""Circuits of groups of neurons that know no labels: is what the labels say in the network, or in the labels?

`studies.circuits` draws circuits over the neurons labelled with each prime, so that it finds what the labelling put there. Here neurons are
grouped by what they read alone: which frequencies each digit has in them, without a dictionary of primes, and without what they
write. `study_clusters` finds circuits over these groups, and over random groups of the same sizes, and only then looks at labels.
"""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from tqdm import tqdm

from ..circuits.discovery import Task, exhaustive
from ..circuits.faithfulness import auroc, choose, faithfulness
from ..circuits.graph import Edge, residue_graph
from ..network.runs import Run
from ..numbers.integers import primes_below
from .algorithm import extract
from .arrays import Arrays, stack
from .circuits import METRIC, task_batch
from .scrubbing import shuffled_groups
from .spike import digit_functions

PADDED = 4  # spectra are taken on so many times p points, since frequencies lie between the bins of p
GROUPS = 4  # clusters for each task


def spectra(run: Run) -> np.ndarray:
    """The power spectrum of what each neuron reads of x0 and of x1, each of norm 1, side by side: (M, 2 F). It hardly knows phases."""
    power = np.abs(np.fft.rfft(digit_functions(run), n=PADDED * run.config.p, axis=1)) ** 2  # (2, F, M)
    norm = np.linalg.norm(power, axis=1, keepdims=True)
    power = np.where(norm > 1e-9 * norm.max(), power / np.maximum(norm, 1e-300), 0)
    return np.concatenate(list(power)).T


def clusters(run: Run, n_groups: int) -> np.ndarray:
    """The neurons of a one-layer network in (up to) `n_groups` groups of like spectra, by Ward's method: (n_groups, M) bool."""
    place = fcluster(linkage(spectra(run), "ward"), n_groups, "maxclust")
    return place == np.arange(1, n_groups + 1)[:, None]


def purity(groups: np.ndarray, label: np.ndarray) -> float:
    """Share of the neurons that have the commonest label of their group; label (M,)."""
    table = _table(groups, label)
    return float(table.max(axis=1).sum() / table.sum())


def adjusted_rand(groups: np.ndarray, label: np.ndarray) -> float:
    """Adjusted Rand index of groups and labels (Hubert and Arabie 1985): 1 where they are the same partition, 0 on average by chance."""

    def pairs(n: np.ndarray) -> float:
        return float((n * (n - 1) / 2).sum())

    table = _table(groups, label)
    both, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    chance = rows * columns / pairs(table.sum(keepdims=True))
    most = (rows + columns) / 2
    return (both - chance) / (most - chance) if most != chance else 1.0


def _table(groups: np.ndarray, label: np.ndarray) -> np.ndarray:
    return groups.astype(int) @ (label[:, None] == np.unique(label)).astype(int)


def group_circuits(run: Run, groups: np.ndarray, label: np.ndarray, tasks: list[int]) -> Arrays:
    """One circuit for each task over groups (G, M), as `studies.circuits.study` chooses it: `circuit` (T, E); `faithful` (T,), on other
    inputs; `edges` and `groups` (T,), how many it has; `held` (T,), the share of the neurons labelled with the task's prime that its
    groups hold, `own` (T,), the share of its groups' neurons that have that label; `auroc` (T,), of a group's being in the circuit by its
    share of those neurons; `rank` (T,), AUROC of the groups whose commonest label is the prime by the score of their edge to the logits.
    Where there is no circuit to speak of, or no such group, it is NaN."""
    commonest = np.unique(label)[_table(groups, label).argmax(axis=1)]
    named, rows = {f"c{i}": group for i, group in enumerate(groups)}, []
    for q in tqdm(tasks, desc=f"circuits over {len(groups)} groups", unit="task", disable=None):
        graph = residue_graph(run.model, run.config, named, q)
        task, fresh = (Task(graph, task_batch(run, graph, q, "resample", part=part), METRIC) for part in (0, 1))
        scores = exhaustive(task)
        circuit = choose(task, scores)
        writes = [graph.edges.index(Edge(name, "logits", "in")) for name in named]
        inside = circuit[writes]
        mine = (groups & (label == q)).sum(axis=1) / max(1, (label == q).sum())
        rows.append({
            "circuit": circuit, "faithful": faithfulness(fresh, circuit[None])[0], "edges": circuit.sum(), "groups": inside.sum(),
            "held": mine[inside].sum(), "own": (label == q)[groups[inside].any(axis=0)].mean() if inside.any() else np.nan,
            "auroc": auroc(mine, inside), "rank": auroc(scores[writes], commonest == q),
        })  # fmt: skip
    return stack([{name: np.asarray(value) for name, value in row.items()} for row in rows])


def study_clusters(run: Run, tasks: list[int] | None = None) -> Arrays:
    """`group_circuits` over `GROUPS` clusters a task, and over random clusters of the same sizes (the same names after `random_`).

    **Returns:** besides, `cluster` and `label` of every neuron (M,); `purity` (), how pure the clusters are in primes, and `rand` (), how
    they agree with the waves (q, k), of which a prime has several; the same of the random ones.
    """
    primes = [int(q) for q in primes_below(run.config.p)]
    neurons = extract(run)
    groups, label, wave = clusters(run, GROUPS * len(primes)), neurons.q, neurons.q * run.config.p + neurons.k
    out: Arrays = {"cluster": groups.argmax(axis=0), "label": label}
    for start, some in (("", groups), ("random_", shuffled_groups(groups))):
        found = group_circuits(run, some, label, tasks or primes)
        agreement = {"purity": np.asarray(purity(some, label)), "rand": np.asarray(adjusted_rand(some, wave))}
        out |= {f"{start}{name}": value for name, value in (found | agreement).items()}
    return out
