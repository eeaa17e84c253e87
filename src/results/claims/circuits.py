"""Automatic circuit discovery (R7): methods on networks whose circuit is known, and one circuit for each task of the trained networks."""

from itertools import combinations

import numpy as np

from ...circuits.discovery import METHODS
from ...circuits.faithfulness import by_role, cmd, cpr
from ...circuits.graph import ABLATIONS, Edge
from ...network.presets import preset
from ...numbers.integers import primes_below
from ...studies.arrays import Arrays
from ...studies.circuits import RANKINGS, compiled_all, methods_study, study
from ...studies.positions import position_edges_all
from ...studies.shared import coinciding_primes
from ..evidence import seeds_of
from ..measure import measure
from ..published import BEST_CMD, BEST_CPR, PUBLISHED, PUBLISHED_CPR
from . import Claim, claim
from .scale import COINCIDE, shared

NETWORKS = {"laptop": "p = 53, standard", "paper": "p = 113, simplified", "paper-standard": "p = 113, standard"}


def compiled() -> Arrays:
    """`src.circuit_study.compiled_all`, from measurements/."""
    return measure("circuits-compiled", compiled_all, [])


def studies(run: str) -> list[Arrays]:
    """`src.circuit_study.study` of every committed seed of a run, from measurements/."""
    return [measure(f"{name}-{seed}-circuits", study, [(name, seed)]) for name, seed in seeds_of(run)]


def methods() -> list[Arrays]:
    """`src.circuit_study.methods_study` of the laptop runs, from measurements/."""
    return [measure(f"{name}-{seed}-circuit-methods", methods_study, [(name, seed)]) for name, seed in seeds_of("laptop")]


def compiled_rows() -> list[Claim]:
    """M: area under the ROC curve of every method on the compiled networks."""
    a, out = compiled(), []
    names = a["cases"].tolist()

    def row(text: str, values, **options) -> None:
        out.append(claim(f"M{len(out) + 1}", text, values, form=".3f", **options))

    for i, ablation in enumerate(ABLATIONS):
        for j, method in enumerate(METHODS):
            for grain in ("edges", "nodes"):
                row(f"{ablation} ablation, {method}: AUROC of {grain} over {len(names)} compiled networks", a[grain][:, i, j],
                    low=1 if method == "exhaustive" else -np.inf, why="cutting one edge at a time misses a true edge")  # fmt: skip
        row(f"{ablation} ablation, control, weights permuted: AUROC of edges, exhaustive", a["reset"][:, i])
    for (name, ablation), anchor in PUBLISHED.items():
        row(f"{name}, {ablation} ablation: AUROC of edges, acdc", [a["edges"][names.index(name), ABLATIONS.index(ablation), list(METHODS).index("acdc")]],
            anchor=f"{anchor} (other weights)", low=1, why="see the text")  # fmt: skip
    return out


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
    similar = lambda a, b: len(a & b) / len(a | b)  # noqa: E731
    same, other = [], []
    for one, two in combinations(circuits, 2):
        same.append(float(np.mean([similar(a, b) for a, b in zip(one, two, strict=True)])))
        other.append(float(np.mean([similar(a, b) for a, b in zip(one, [*two[1:], two[0]], strict=True)])))
    return same, other


def network_rows() -> list[Claim]:
    """N: one circuit for each task, every seed, resample ablation."""
    out: list[Claim] = []
    for run, name in NETWORKS.items():
        found, p = studies(run), preset(run).p
        curves = np.asarray([a["curves"][ABLATIONS.index("resample")] for a in found])  # (seeds, rankings, T, 10)
        uses = [own_groups(a, p) for a in found]
        same, other = seed_agreement(found)
        share = np.asarray([a["circuit"].mean() for a in found])
        rows = [
            ("edges in the circuit, median task", [np.median(a["circuit"].sum(axis=1)) for a in found], dict(form=".0f")),
            ("the same, largest", [a["circuit"].sum(axis=1).max() for a in found], dict(form=".0f")),
            ("edges in the graph", [a["circuit"].shape[1] for a in found], dict(form=".0f")),
            ("faithfulness on other inputs, median task", [np.median(a["faithful"]) for a in found], dict(low=0.9, form=".3f")),
            ("the same, worst task", [a["faithful"].min() for a in found], dict(low=0.9, form=".3f",
             why="the circuit was chosen at 95% on as many inputs")),
            ("control, as many random edges, best task", [a["random"].max() for a in found], dict(high=0.2, form=".3f",
             why="random edges hold most of the circuit where the circuit is large")),
            ("faithfulness of all other edges, largest", [np.abs(a["complement"]).max() for a in found], dict(high=0.05, form=".3f",
             why="outside the circuit of that task some of it is computed as well")),
            ("faithfulness over inputs, 5th percentile, median task", [np.median(a["worst"]) for a in found], dict(form=".2f")),
            ("incompleteness, mean task", [a["incomplete"].mean() for a in found], dict(high=0.1, form=".3f",
             why="neurons of other primes stand in for half of the circuit")),
            ("edges that pass the minimality test, mean task", [a["minimal"].mean() for a in found], dict(low=0.9, form=".1%",
             why="the last edges that bring a circuit to 95% matter no more than random ones")),
            ("Jaccard similarity over 100 bootstrap resamples, mean task", [a["bootstrap"].mean() for a in found],
             dict(anchor="0.67 (GPT-2, EAP; other graph)", low=0.8, form=".2f", why="")),
            ("Jaccard similarity between seeds, mean task", same, dict(low=0.8, form=".2f",
             why="which primes lend neurons differs between seeds, and some heads are not needed for 95%")),
            ("control, between the circuits of two tasks", other, dict(form=".2f")),
            ("tasks whose circuit has the neurons labelled with its prime", [np.diagonal(u).mean() for u in uses], dict(low=1, high=1, form=".0%")),
            ("other primes' neurons in a circuit, mean task", [(u.sum() - np.trace(u)) / len(u) for u in uses], dict(form=".2f")),
            ("AUROC of the own neurons' edges, mean task", [a["reset_rank"][:, 0].mean() for a in found], dict(form=".2f")),
            ("control, weights permuted: the same", [a["reset_rank"][:, 1].mean() for a in found], dict(high=0.65, form=".2f",
             why="the sizes of the groups survive the permutation")),
        ]  # fmt: skip
        if run != "laptop":
            inside, everywhere = coincidence(found, shared(run)["usage"], p)
            rows += [
                ("those whose frequencies coincide with the task's (X1)", inside, dict(low=0.5, form=".0%",
                 why="weak coincidences are enough to be worth an edge")),
                ("control, all pairs of primes", everywhere, dict(form=".1%")),
            ]  # fmt: skip
        for j, ranking in enumerate(RANKINGS):
            rows += [
                (f"CMD, {ranking}, mean task", cmd(curves[:, j]).mean(axis=1), dict(anchor=f"{BEST_CMD} (best; GPT-2, IOI; other graph)", high=BEST_CMD, form=".3f",
                 why=f"a circuit is {share.mean():.0%} of the edges here, and the distance counts all that comes before it is whole")),
                (f"CPR, {ranking}, mean task", cpr(curves[:, j]).mean(axis=1), dict(form=".3f", anchor=(
                 f"{PUBLISHED_CPR[ranking]:.2f} (GPT-2, IOI)" if ranking in PUBLISHED_CPR else f"{BEST_CPR} (best; GPT-2, IOI)"))),
            ]  # fmt: skip
        out += [claim(f"N{len(out) + i + 1}", f"{name}: {text}", values, **options) for i, (text, values, options) in enumerate(rows)]  # pyright: ignore[reportArgumentType]
    return out


def position_rows() -> list[Claim]:
    """T: one edge from each position to each task."""
    out: list[Claim] = []
    for run, name in NETWORKS.items():
        damage = measure(f"{run}-positions", position_edges_all, seeds_of(run))["damage"]  # (seeds, T, 3)
        for text, values, options in (
            ("damage of cutting one digit, over that of cutting all, least over digits and tasks", damage[..., :2].min(axis=(1, 2)),
             dict(low=0.8, form=".2f", why="for the smallest primes a wrong digit is right by chance")),
            ("the same for '=', largest over tasks", np.abs(damage[..., 2]).max(axis=1), dict(high=0.05, form=".3f", why="it is read as a constant; resampling changes nothing")),
        ):  # fmt: skip
            out.append(claim(f"T{len(out) + 1}", f"{name}, edges (position, task): {text}", values, **options))  # pyright: ignore[reportArgumentType]
    return out


def method_rows() -> list[Claim]:
    """L: every method on the laptop networks."""
    found, out = methods(), []
    for j, method in enumerate(METHODS):
        for field, text, form in (("size", "edges in the circuit", ".0f"), ("faithful", "its faithfulness on other inputs", ".3f"),
                                  ("overlap", "Jaccard similarity to the circuit of exhaustive patching", ".2f")):  # fmt: skip
            out.append(claim(f"L{len(out) + 1}", f"p = 53, {method}: {text}, mean task", [a[field][j].mean() for a in found], form=form))
    for field, text, form in (("acdc_size", "edges it keeps", ".0f"), ("acdc_faithful", "their faithfulness on other inputs", ".3f"),
                              ("calls", "batched calls for all edges", ".0f")):  # fmt: skip
        text = f"p = 53, acdc at a thousandth of the damage of cutting all: {text}, mean task"
        out.append(claim(f"L{len(out) + 1}", text, [a[field].mean() for a in found], form=form))
    return out


def rows() -> list[Claim]:
    """Every number of the circuits."""
    return compiled_rows() + network_rows() + position_rows() + method_rows()
