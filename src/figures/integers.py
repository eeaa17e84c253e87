"""Figures of networks that are asked of integers: divisors found, hypotheses, sparse encodings, bases, sequences, the MU puzzle."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ..numbers.hypotheses import FACTORS, HYPOTHESES, POWERS, closest
from ..numbers.sequences import REGISTRY
from ..studies.arrays import Arrays
from .style import BLUE, GREEN, GREY, INK, PINK, PRIME, Target, new_figure, styled, write_in_cell


def _heat(figure: Figure, ax, values: np.ndarray, rows: list[str], columns: list[str], label: str) -> None:
    """A heat map from nothing, the colour of the page, to one, with its rows and columns named; crossed out where there is no value."""
    scale = ScalarMappable(Normalize(0, 1), INK)
    ax.imshow(np.ma.masked_invalid(values), cmap=scale.cmap, norm=scale.norm, aspect="auto")
    ax.plot(*np.argwhere(np.isnan(values)).T[::-1], "x", color=GREY, markersize=4, markeredgewidth=0.6)
    ax.set_xticks(np.arange(len(columns)), columns)
    ax.set_yticks(np.arange(len(rows)), rows)
    for side in ax.spines.values():
        side.set_visible(True)
    figure.colorbar(scale, ax=ax, label=label, pad=0.02).outline.set_edgecolor(GREY)


@styled
def fig_factors_found(found: dict[str, np.ndarray], primes: dict[str, np.ndarray], *, target: Target = "paper") -> Figure:
    """Networks (rows) by least prime factor (columns): the share of such composites that they call composite (seeds, 12), less the share of
    primes that they call so too, 1 - recall of primes (seeds,). Mean over seeds: 1 where a factor is known, 0 where nothing is."""
    figure, axes = new_figure(target, height=3.6)
    columns = [*(str(q) for q in FACTORS), f"> {FACTORS[-1]}"]
    values = np.stack([(v - (1 - primes[name])[:, None]).mean(axis=0) for name, v in found.items()])
    _heat(figure, axes[0, 0], values, list(found), columns, "recognised, less false calls")
    axes[0, 0].set_xlabel("least prime factor")
    return figure


@styled
def fig_hypotheses(found: dict[str, np.ndarray], *, target: Target = "paper") -> Figure:
    """Networks (rows) by primality tests (columns): MCC of their answers, mean over seeds (seeds, hypotheses); a dot at the highest. The
    tests by powers of 2 are left out: they say what the primes themselves say, but for a few numbers."""
    figure, axes = new_figure(target, height=3.9)
    shown = [name for name in HYPOTHESES if name not in POWERS]
    values = np.stack([v.mean(axis=0) for v in found.values()])[:, [name not in POWERS for name in HYPOTHESES]]
    ax = axes[0, 0]
    _heat(
        figure, ax, values, list(found), [f"{{{name}}}" if name[0].isdigit() else name.split(" (")[0] for name in shown], "agreement (MCC)"
    )
    best = [shown.index(closest(dict(zip(shown, row, strict=True)))) for row in values]
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
            write_in_cell(ax, j, i, str(weights), skill[i, j])
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
    """The road from trivial to impossible: held-out accuracy on each sequence, by class (rows) and task (panels). Dots: the network, mean
    over seeds, and under them rings: the compressor; bars at the means of a class."""
    figure, axes = new_figure(target, height=3.6, columns=len(tasks), sharey=True)
    kinds = list(dict.fromkeys(one.kind for one in REGISTRY))
    row = np.asarray([kinds.index(one.kind) for one in REGISTRY])
    for i, (ax, task) in enumerate(zip(axes[0], tasks, strict=True)):
        for y in range(0, len(kinds), 2):
            ax.axhspan(y - 0.5, y + 0.5, color=GREY, alpha=0.1, linewidth=0)
        for values, shift, fill, colour in (
            (found["network"][i].mean(axis=0), -0.2, BLUE, BLUE), (found["compressor"][i], 0.2, "none", PRIME),
        ):  # fmt: skip
            ax.plot(values, row + shift, "o", markerfacecolor=fill, color=colour, markersize=3, alpha=0.8)
            for y in range(len(kinds)):
                if np.isfinite(values[row == y]).any():
                    ax.plot(np.nanmean(values[row == y]), y + shift, "|", color=colour, markersize=9, markeredgewidth=1.6)
        ax.set(title=task, xlim=(-0.06, 1.06), ylim=(len(kinds) - 0.5, -0.5), xticks=(0, 0.5, 1))
        ax.grid(axis="x", color=GREY, alpha=0.2)
    axes[0, 0].set_yticks(range(len(kinds)), kinds)
    axes[0, 0].tick_params(axis="y", length=0)
    figure.supxlabel("held-out accuracy", fontsize="medium", color=GREY)
    axes[0, 0].annotate("● network", (0, -0.14), xycoords="axes fraction", color=BLUE, ha="center", annotation_clip=False)
    axes[0, -1].annotate("○ compressor", (1, -0.14), xycoords="axes fraction", color=PRIME, ha="right", annotation_clip=False)
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
