"""Rows over many trainings of the residue tasks: over p, one factor at a time, optimisers, the race in bits, and what seeds share."""

from collections.abc import Callable, Sequence

import numpy as np

from ...network.presets import preset
from ...network.runs import Run
from ...numbers.integers import primes_below
from ...studies.arrays import Arrays
from ...studies.certificate import RANKS, certify_all
from ...studies.description import growth
from ...studies.order import overtaking_test
from ...studies.shared import coinciding_primes, compare, frequency_agreement
from ..evidence import seeds_of
from ..grids import BLOCK_TEXTS, FACTORS, LARGE_P, SWEPT_P
from ..measure import measure, recorded
from . import Claim, claim

OPTIMISERS = ("AdamW", "AdamW + GrokFast", "Muon", "Muon + GrokFast")
COINCIDE, HARMED = 0.3, 0.01  # two primes coincide from this overlap on; a prime is harmed from this loss of accuracy on


def shared(run: str) -> Arrays:
    """`src.shared.compare` of the committed seeds of a run."""
    return measure(f"{run}-shared", compare, seeds_of(run))


def certificates(run: str) -> Arrays:
    """`src.certificate.certify_all` of the committed seeds of a run."""
    return measure(f"{run}-certificate", certify_all, seeds_of(run))


def harmed_pairs(analysis: Arrays, used: np.ndarray, p: int) -> tuple[np.ndarray, np.ndarray]:
    """For each seed, among pairs of primes of which one loses accuracy when the other's neurons are ablated, the share that coincides; and
    the same share among all pairs: (seeds,) each, NaN where no pair is harmed."""
    upper = np.triu_indices(len(primes_below(p)), 1)
    harmed, everywhere = [], []
    for ablated, u in zip(analysis["ablated"], used, strict=True):
        near = coinciding_primes(u, p)[upper] >= COINCIDE
        harm = np.maximum(1 - ablated, 1 - ablated.T)[upper] >= HARMED
        harmed.append(near[harm].mean() if harm.any() else np.nan)
        everywhere.append(near.mean())
    return np.asarray(harmed), np.asarray(everywhere)


def shared_rows(analyses: dict[str, Arrays], p: int) -> list[Claim]:
    """What primes, digits and seeds share, both blocks at p = 113; the role of the split at p = 53."""
    out = []
    for run, letter in (("paper", "simplified"), ("paper-standard", "standard")):
        s = shared(run)
        harmed, everywhere = harmed_pairs(analyses[run], s["usage"], p)
        rows = [
            ("pairs of primes that harm one another when ablated: share that coincides", harmed[~np.isnan(harmed)], dict(low=0.9, form=".0%",
             why="some pairs share neurons for another reason")),
            ("control, all pairs of primes: share that coincides", everywhere, dict(high=0.05, form=".1%")),
            ("frequencies in use: rank correlation within a prime, pairs of seeds", s["agreement"], dict(low=0.3, form=".2f",
             why="not every two seeds agree")),
            ("control, frequencies permuted within a prime", s["agreement_null"], dict(low=-0.15, high=0.15, form=".2f",
             why="few primes, so the null spreads")),
            ("neurons: best match in the next seed, mean |correlation|", s["match"], dict(form=".2f")),
            ("control, the next seed's digits renamed at random", s["match_null"], dict(form=".2f")),
            ("directions from which x0 and x1 are read: overlap", s["digits"], dict(form=".2f")),
            ("control, one of the maps turned at random", s["digits_null"], dict(form=".2f")),
        ]  # fmt: skip
        out += [claim(f"X{len(out) + i + 1}", f"{letter}: {text}", values, **options) for i, (text, values, options) in enumerate(rows)]  # pyright: ignore[reportArgumentType]
    used = recorded("residues-split")["usage"]
    pairs = [
        (i, a, j, b)
        for i in range(len(used))
        for a in range(used.shape[1])
        for j in range(i + 1)
        for b in range(used.shape[1])
        if (j, b) < (i, a)
    ]
    agreement = np.asarray([frequency_agreement(used[i, a], used[j, b], 53) for i, a, j, b in pairs])
    same = np.asarray([i == j for i, _, j, _ in pairs])
    out.append(
        claim(
            f"X{len(out) + 1}",
            "p = 53, the same rows trained on: agreement of frequencies, pairs of seeds",
            agreement[same],
            form=".2f",
            kind="measured",
        )
    )
    out.append(claim(f"X{len(out) + 1}", "p = 53, other rows trained on: the same", agreement[~same], form=".2f", kind="measured"))
    return out


def order_rows() -> list[Claim]:
    """Why tasks arrive when they do: over the p that generalise, do tasks with p = 1 or p = -1 mod q arrive before smaller q?"""
    a = recorded("residues-p")
    learned = [i for i in range(len(SWEPT_P)) if (a["valid_accuracy"][i] > 0.999).all()]
    primes = [SWEPT_P[i] for i in learned]
    seeds = range(a["first_steps"].shape[1])
    over = f"q > 3, p = {', '.join(str(p) for p in primes)}"
    tests = {turn: [overtaking_test([a["first_steps"][i, s] for i in learned], primes, turn) for s in seeds] for turn in (1, -1)}
    out = []
    for turn, found in tests.items():
        out.append(claim(f"O{len(out) + 1}", f"smaller odd primes that a task with p = {turn} mod q overtakes; {over}",
                         [t[0] for t in found], form=".0%", kind="measured"))  # fmt: skip
        out.append(claim(f"O{len(out) + 1}", f"share of random choices of as many other tasks that overtake as much, p = {turn}",
                         [t[2] for t in found], form=".4f", high=0.01 if turn == 1 else np.inf, kind="measured"))  # fmt: skip
    other = [t[1] for t in tests[1]]
    return [*out, claim(f"O{len(out) + 1}", "the same overtaking by a task with p neither 1 nor -1", other, form=".0%", kind="measured")]


def race_rows() -> list[Claim]:
    """R10: bits and seconds, network against algorithm."""
    a, p = recorded("residues-p"), np.asarray(SWEPT_P)
    learned = (a["algorithm_wrong"] == 0).all(axis=1) & (a["valid_accuracy"] > 0.99).all(axis=1)
    last = int(np.flatnonzero(p == 113)[0])
    fits = {
        name: [growth(p[learned], a[f"{name}_bits"][learned, s]) for s in range(a["network_bits"].shape[1])]
        for name in ("network", "table", "algorithm")
    }
    rows = [
        ("bits of the network ~ p^e, over the p where it generalises: e", fits["network"], dict(form=".2f")),
        ("the same for the algorithm read out of it", fits["algorithm"], dict(form=".2f")),
        ("the same for the table of all residues", fits["table"], dict(form=".2f")),
        ("p = 113: bits of the network (5 bits a parameter or fewer keep the accuracy)", a["network_bits"][last], dict(form=",.0f")),
        ("p = 113: bits of the table that it learned", a["table_bits"][last], dict(form=",.0f")),
        ("p = 113: bits of the algorithm", a["algorithm_bits"][last], dict(form=",.0f")),
        ("p = 113: bits of the network over bits of the algorithm", (a["network_bits"] / a["algorithm_bits"])[last], dict(low=100, form=",.0f")),
        ("p = 113: seconds to train over seconds to read and run the algorithm", (a["train_seconds"] / a["extract_seconds"])[last], dict(low=1, form=",.0f")),
        ("bits a parameter at which the network keeps its accuracy, p = 113", a["network_precision"][last], dict(form=".0f")),
        ("bits a strength at which the algorithm keeps its accuracy, p = 113", a["algorithm_precision"][last], dict(form=".0f")),
    ]  # fmt: skip
    return [claim(f"R{i + 1}", text, values, kind="measured", **options) for i, (text, values, options) in enumerate(rows)]


def exact(values: Sequence[float], wrong: np.ndarray, best: Callable[..., float], none: float) -> list[float]:
    """For each seed, the `best` of the values at which it has no wrong cell, else `none`; wrong (len(values), seeds)."""
    return [best((v for v, w in zip(values, column, strict=True) if w == 0), default=none) for column in wrong.T]


def sweep_rows() -> list[Claim]:
    """Over p, train share, dropout, weight decay, learning rate, width and optimiser."""
    over_p, factors, optimisers, plane = (recorded(f"residues-{name}") for name in ("p", "factors", "optimisers", "plane"))
    out = []

    def row(text: str, values, **options) -> None:
        out.append(claim(f"F{len(out) + 1}", text, values, kind="measured", **options))

    for i, p in enumerate(SWEPT_P):
        row(f"p = {p}: held-out accuracy, mean over tasks", over_p["valid_accuracy"][i], form=".1%")
        row(f"p = {p}: wrong cells of {p * p * len(primes_below(p)):,}", over_p["wrong_cells"][i], form=",.0f")
    start, centre = 0, preset("laptop")
    for name, values in FACTORS.items():
        for value in values:
            steps = np.where(factors["steps_to_generalise"][start] < 0, np.inf, factors["steps_to_generalise"][start])
            start += 1
            if value != getattr(centre, name):
                row(f"p = 53, {name} = {value:g}: steps until every task stands at 99% held out (inf: never)", steps, form=",.0f")
            elif name == "train_fraction":
                row("p = 53, the laptop preset: the same", steps, form=",.0f")
    for i, name in enumerate(OPTIMISERS):
        steps = np.where(optimisers["steps_to_generalise"][i] < 0, np.inf, optimisers["steps_to_generalise"][i])
        row(f"p = 53, {name}: the same, of {int(optimisers['step'][i, 0]):,}", steps, form=",.0f")
    shares = FACTORS["train_fraction"]
    fewest = plane["wrong_cells"].reshape(len(shares), -1, plane["wrong_cells"].shape[-1]).min(axis=1)
    row("p = 53: smallest train share with no wrong cell, at the best dropout (inf: none)", exact(shares, fewest, min, np.inf), form=".2f")
    row("80% trained on: largest p with no wrong cell (0: none)", exact(SWEPT_P, over_p["wrong_cells"], max, 0), form=".0f")
    long, large = recorded("residues-long"), recorded("residues-large-p")
    for i, block in enumerate(("simplified", "standard")):
        row(f"p = 113, {block}, {int(long['step'].max()):,} steps: wrong cells", long["wrong_cells"][i], form=".0f", low=0, high=0,
            why="a longer schedule clears all cells in most seeds, not in all; what is left are single held-out rows")  # fmt: skip
    for i, p in enumerate(LARGE_P):
        row(f"p = {p}: held-out accuracy, worst task", np.nanmin(large["by_task"][i], axis=-1), form=".2%")
        row(f"p = {p}: wrong cells of {p * p * len(primes_below(p)):,}", large["wrong_cells"][i], form=",.0f")
    return out


def over_p() -> tuple[Arrays, tuple[int, ...]]:
    """Steps to generalise and wrong cells over all p tried, those beyond 113 among them: arrays (p, seeds), and the p."""
    a, b = recorded("residues-p"), recorded("residues-large-p")
    return {name: np.concatenate([a[name], b[name]]) for name in ("steps_to_generalise", "wrong_cells", "step")}, SWEPT_P + LARGE_P


def spike_rows() -> list[Claim]:
    """G: active frequencies over training, p = 53: the largest count over the last one, and when it is reached."""
    a, out = recorded("residues-spike"), []
    reached = np.asarray([s[np.argmax(v >= 0.99)] for s, v in zip(a["step"], a["valid_accuracy"], strict=True)])
    rules = {
        "text": "above mean + 2 s.d.",
        "code": "each first divided by its maximum over time, above mean + 1 s.d.",
        "share": "above noise",
    }
    for basis in ("Z/p", "rational"):
        for rule, text in rules.items():
            count = a[f"{basis}_{rule}"]
            out.append(claim(f"G{len(out) + 1}", f"frequencies of the {basis} basis, {text}: largest count over the last", count.max(axis=1)
                             / np.maximum(count[:, -1], 1), anchor="10 to 18 to 10 (lineage, one seed)", form=".2f", kind="measured"))  # fmt: skip
            peak = np.take_along_axis(a["step"], count.argmax(axis=1)[:, None], axis=1)[:, 0]
            out.append(claim(f"G{len(out) + 1}", "the same: step of the largest count over the step of 99% held out", peak / reached, form=".2f",
                             kind="measured"))  # fmt: skip
        gini = a[f"{basis}_gini"]
        out.append(claim(f"G{len(out) + 1}", f"inequality (Gini) of the powers in the {basis} basis, last step minus its lowest", gini[:, -1]
                         - gini.min(axis=1), form=".2f", kind="measured"))  # fmt: skip
    return out


def block_rows(simplified: Sequence[Run], standard: Sequence[Run]) -> list[Claim]:
    """Y: the simplified block beside the standard one, p = 113, seed by seed; and what the parallel form does at p = 53."""
    pairs = list(zip([run.manifest for run in simplified], [run.manifest for run in standard], strict=True))
    rows = [
        ("parameters", [a["parameters"] / b["parameters"] for a, b in pairs], dict(anchor="-15% (He and Hofmann, deep)", form=".3f")),
        ("seconds a step", [a["seconds"] / a["step"] / (b["seconds"] / b["step"]) for a, b in pairs],
         dict(anchor="+15% throughput (the same)", form=".2f")),
        ("steps until every task stands at 99% held out", [a["steps_to_generalise"] / b["steps_to_generalise"] for a, b in pairs], dict(form=".2f")),
    ]  # fmt: skip
    out = []
    for text, values, options in rows:
        out.append(claim(f"Y{len(out) + 1}", f"simplified over standard block: {text}", values, **options))  # pyright: ignore[reportArgumentType]
    blocks = recorded("residues-blocks")
    for i, text in enumerate(BLOCK_TEXTS):
        out.append(claim(f"Y{len(out) + 1}", f"p = 53, {text}: held-out accuracy, mean over tasks", blocks["valid_accuracy"][i], form=".1%",
                         kind="measured"))  # fmt: skip
    return out


def certificate_rows() -> list[Claim]:
    """Accuracy of trained networks proved without running every input."""
    out = []
    for run, name in (("laptop", "p = 53"), ("paper", "simplified"), ("paper-standard", "standard")):
        a = certificates(run)
        for text, values, options in (
            ("own neurons evaluated, others bounded: proved accuracy, mean over tasks", a["own"], dict(form=".1%", low=0.5,
             why="the neurons of other primes are bounded by their ranges, all at their worst at once")),
            ("the stream from tables, the unembedding in full: the same", a["by_rank"][:, -1], dict(form=".4%", low=0.999)),
            ("that proof: brute force over operations", a["by_rank_saving"][:, -1], dict(form=".2f", low=1)),
            (f"the unembedding at rank {RANKS[3]} a task: proved accuracy", a["by_rank"][:, 3], dict(form=".1%", low=0.5,
             why="Cauchy and Schwarz add up 256 dimensions as if they all conspired")),
            ("that proof: brute force over operations", a["by_rank_saving"][:, 3], dict(form=".2f", low=1)),
        ):  # fmt: skip
            out.append(claim(f"T{len(out) + 1}", f"certificate, trained, {name}: {text}", values, **options))  # pyright: ignore[reportArgumentType]
    return out
