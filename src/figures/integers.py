"""Figures of networks that are asked of integers: divisors found, hypotheses, sparse encodings, bases, sequences, the MU puzzle."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ..numbers.hypotheses import FACTORS, HYPOTHESES, closest
from ..numbers.sequences import REGISTRY
from ..studies.arrays import Arrays
from .style import BLUE, GREEN, GREY, PINK, PRIME, Target, new_figure, styled

EMPTY = "#dddddd"  # a cell with nothing in it


def _heat(figure: Figure, ax, values: np.ndarray, rows: list[str], columns: list[str], label: str, *, low: float = 0.0) -> None:
    """A heat map with its rows and columns named; NaN is light grey."""
    scale = ScalarMappable(Normalize(low, 1), plt.get_cmap("viridis").with_extremes(bad=EMPTY))
    ax.imshow(np.ma.masked_invalid(values), cmap=scale.cmap, norm=scale.norm, aspect="auto")
    ax.set_xticks(np.arange(len(columns)), columns)
    ax.set_yticks(np.arange(len(rows)), rows)
    figure.colorbar(scale, ax=ax, label=label, pad=0.02).outline.set_edgecolor(GREY)


@styled
def fig_factors_found(found: dict[str, np.ndarray], *, target: Target = "paper") -> Figure:
    """Networks (rows) by least prime factor (columns): the share of such composites not called prime, mean over seeds (seeds, 12)."""
    figure, axes = new_figure(target, height=3.4)
    columns = [*(str(q) for q in FACTORS), f"> {FACTORS[-1]}"]
    values = np.stack([v.mean(axis=0) for v in found.values()])
    _heat(figure, axes[0, 0], values, list(found), columns, "composites recognised")
    axes[0, 0].set_xlabel("least prime factor")
    return figure


@styled
def fig_hypotheses(found: dict[str, np.ndarray], *, target: Target = "paper") -> Figure:
    """Networks (rows) by primality tests (columns): MCC of their answers, mean over seeds (seeds, hypotheses); a dot at the highest."""
    figure, axes = new_figure(target, height=3.9)
    values = np.stack([v.mean(axis=0) for v in found.values()])
    ax = axes[0, 0]
    _heat(figure, ax, values, list(found), [f"{{{name}}}" if name[0].isdigit() else name for name in HYPOTHESES], "agreement (MCC)")
    best = [list(HYPOTHESES).index(closest(dict(zip(HYPOTHESES, row, strict=True)))) for row in values]
    ax.plot(best, np.arange(len(values)), "o", color="white", markeredgecolor="black", markersize=4)
    ax.tick_params(axis="x", rotation=60)
    for label in ax.get_xticklabels():
        label.set(ha="right", rotation_mode="anchor")
    return figure


@styled
def fig_sparse(found: Arrays, few: Arrays, bases: tuple[int, ...], predicted: list[float], *, target: Target = "paper") -> Figure:
    """Recall of composites (left) and of primes (right) with a sparse encoding, over its base: the rule's prediction (bars), networks
    (dots, one a seed), and networks trained longer on fewer numbers (crosses)."""
    figure, axes = new_figure(target, height=2.3, columns=2, sharey=True)
    x = np.arange(len(bases))
    for ax, field, rule, title in (
        (axes[0, 0], "recall_composites", predicted, "composites"), (axes[0, 1], "recall", [1.0] * len(bases), "primes"),
    ):  # fmt: skip
        ax.bar(x, rule, width=0.7, color=GREY, alpha=0.25, label="the rule, before training")
        for a, mark, colour, shift, label in ((found, ".", BLUE, -0.12, "networks"), (few, "x", PRIME, 0.12, "on fewer numbers, longer")):
            jitter = np.linspace(-0.06, 0.06, a[field].shape[1])
            ax.plot(
                (x[:, None] + shift + jitter).ravel(), a[field].ravel(), mark, color=colour, markersize=5 if mark == "." else 4, label=label
            )
        ax.set(title=title, xlabel="base O of the encoding", xticks=x, ylim=(0, 1.05))
        ax.set_xticklabels([str(base) for base in bases])
    axes[0, 0].set_ylabel("recall")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


@styled
def fig_law(found: Arrays, bases: tuple[int, ...], *, target: Target = "paper") -> Figure:
    """Left: n mod q (columns) in digits of a base (rows), skill over training, mean over seeds; written in, how many different weights
    n mod q puts on the digits. Right: the same tasks by that number, dots for tasks, a line through means."""
    figure, axes = new_figure(target, height=2.9, columns=2, width_ratios=[1.6, 1])
    skill = found["skill"].mean(axis=1)
    ax = axes[0, 0]
    _heat(figure, ax, skill.clip(0), [str(base) for base in bases], [str(q) for q in found["q"]], "")
    for i, row in enumerate(found["difficulty"]):
        for j, weights in enumerate(row):
            ax.text(j, i, str(weights), ha="center", va="center", color="black" if skill[i, j] > 0.6 else "white", fontsize="small")
    ax.set(xlabel="q", ylabel="base")
    ax = axes[0, 1]
    x = found["difficulty"]
    jitter = np.random.default_rng(0).uniform(-0.15, 0.15, x.shape)
    ax.plot((x + jitter).ravel(), skill.ravel(), ".", color=BLUE, alpha=0.5)
    levels = np.unique(x)
    ax.plot(levels, [skill[x == level].mean() for level in levels], color=PRIME, linewidth=1)
    ax.set(xlabel="weights on the digits", ylabel="accuracy above chance", xticks=levels)
    return figure


@styled
def fig_sequences(found: Arrays, tasks: tuple[str, ...], *, target: Target = "paper") -> Figure:
    """The road from trivial to impossible: held-out accuracy on each sequence (rows, by class), one panel a task; dots for the network
    (mean over seeds), rings for the compressor."""
    figure, axes = new_figure(target, height=6.6 if target == "paper" else 3.3, columns=len(tasks), sharey=True)
    y = np.arange(len(REGISTRY))
    starts = [i for i in y if i == 0 or REGISTRY[i].kind != REGISTRY[i - 1].kind]
    for ax, task, i in zip(axes[0], tasks, range(len(tasks)), strict=True):
        for a, b in zip(starts[1::2], [*starts[2::2], len(y)], strict=False):
            ax.axhspan(a - 0.5, b - 0.5, color=GREY, alpha=0.1, linewidth=0)
        network, compressor = found["network"][i].mean(axis=0), found["compressor"][i]
        ax.hlines(y, np.minimum(network, compressor), np.maximum(network, compressor), color=GREY, linewidth=0.6)
        ax.plot(compressor, y, "o", markerfacecolor="none", color=GREY, markersize=3.5, label="compressor")
        ax.plot(network, y, "o", color=BLUE, markersize=3.5, label="network")
        ax.set(title=task, xlabel="accuracy", xlim=(-0.05, 1.05), ylim=(len(y) - 0.5, -0.5))
        ax.grid(axis="x", color=GREY, alpha=0.2)
    if target == "paper":
        axes[0, 0].set_yticks(y, [one.name for one in REGISTRY], fontsize="small")
    else:
        ends = [*starts[1:], len(y)]
        axes[0, 0].set_yticks([(a + b - 1) / 2 for a, b in zip(starts, ends, strict=True)], [REGISTRY[i].kind for i in starts])
    axes[0, 0].tick_params(axis="y", length=0)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


@styled
def fig_miu(study: Arrays, *, seed: int = 0, target: Target = "paper") -> Figure:
    """Left: the answer of the MIU network over the number of I's (mean and two standard deviations over words) and that of the hinges
    read out of it. Right: the counts at which neurons turn on, and how much each bends the answer there."""
    figure, axes = new_figure(target, height=2.4, columns=2)
    mean, spread, read = (study[name][seed] for name in ("curve", "spread", "hinge_curve"))
    counts = np.arange(len(mean))
    ax = axes[0, 0]
    ax.axhline(0, color=GREY, linewidth=0.6)
    ax.plot(counts, read, color=GREEN, linewidth=1, label="hinges, run alone")
    for divisible, colour, label in ((False, BLUE, "theorems"), (True, PRIME, "not")):
        at = (counts % 3 == 0) == divisible
        ax.errorbar(counts[at], mean[at], 2 * spread[at], fmt="o", color=colour, markersize=3.5, label=label)
    ax.set(xlabel="I's in the word", ylabel="logit of yes over no", xticks=counts)
    ax.legend(loc="lower left")
    ax = axes[0, 1]
    hinge, bend = study["hinge"][seed], study["bend"][seed]
    ax.axhline(0, color=GREY, linewidth=0.6)
    for multiple in counts[::3]:
        ax.axvline(multiple, color=PINK, linewidth=0.7, linestyle=":")
    inside = (hinge > -0.5) & (hinge < len(mean) - 0.5)
    ax.vlines(hinge[inside], 0, bend[inside], color=BLUE)
    ax.plot(hinge[inside], bend[inside], "o", color=BLUE, markersize=3.5)
    ax.set(xlabel="count at which a neuron turns on", ylabel="change of the slope there", xlim=(-0.7, len(mean) - 0.3), xticks=counts)
    return figure
