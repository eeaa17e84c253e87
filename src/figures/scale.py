"""Figures over many trainings: factors one at a time, train share by dropout, over p, the race in bits, certificates, what seeds share."""

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ..lens.fourier import rational_dictionary
from ..numbers.integers import primes_below
from ..studies.arrays import Arrays
from ..studies.certificate import RANKS
from ..studies.shared import coinciding_primes
from .style import BLUE, GREEN, GREY, PINK, PRIME, Target, new_figure, styled

FACTOR_NAMES = {
    "train_fraction": "share trained on", "dropout": "dropout", "weight_decay": "weight decay", "lr": "learning rate", "d_model": "width",
}  # fmt: skip


def _seeds(ax, x: np.ndarray, y: np.ndarray, never: float) -> None:
    """Dots for seeds, a line through their medians; crosses at `never` for those that did not get there (-1 in y (len(x), seeds))."""
    for i, row in zip(x, y, strict=True):
        there = row[row >= 0]
        ax.plot(np.full(len(there), i), there, ".", color=BLUE, alpha=0.5)
        ax.plot(np.full(len(row) - len(there), i), np.full(len(row) - len(there), never), "x", color=PRIME, markersize=4)
    middle = np.median(np.where(y < 0, np.inf, y), axis=1)
    ax.plot(x, np.where(np.isfinite(middle), middle, np.nan), color=BLUE, linewidth=0.8)


@styled
def fig_grid(axes_of: dict[str, tuple[str, ...]], steps: np.ndarray, limit: int, *, target: Target = "paper") -> Figure:
    """A sweep over a grid: steps until every task stands at 99% held out, a dot for each seed, a cross for one that does not get there.

    The first axis runs along x, the others are told by colour. `steps` (cells, seeds) with the last axis fastest, -1 for never.
    """
    figure, axes = new_figure(target, height=2.6)
    (first, values), *rest = axes_of.items()
    lines = list(product(*(found for _, found in rest)))
    y = steps.reshape(len(values), len(lines), -1)
    for j, line in enumerate(lines):
        colour = plt.colormaps["viridis"](j / max(len(lines) - 1, 1) * 0.85)
        place = np.arange(len(values)) + (j - (len(lines) - 1) / 2) * 0.8 / max(len(lines), 2)
        label = ", ".join(f"{key} = {value}" for (key, _), value in zip(rest, line, strict=True))
        for x, row in zip(place, y[:, j], strict=True):
            there = row[row >= 0]
            axes[0, 0].plot(np.full(len(there), x), there, ".", color=colour)
            axes[0, 0].plot(
                np.full(len(row) - len(there), x), np.full(len(row) - len(there), 1.05 * limit), "x", color=colour, markersize=4
            )
        axes[0, 0].plot([], [], ".", color=colour, label=label or None)
    axes[0, 0].set(xlabel=first, ylabel="steps to 99% on every task", xticks=range(len(values)), ylim=(0, limit * 1.1))
    axes[0, 0].set_xticklabels(values)
    if rest:
        axes[0, 0].legend(fontsize="x-small")
    return figure


@styled
def fig_factors(sweep: Arrays, factors: dict[str, tuple[float, ...]], *, target: Target = "paper") -> Figure:
    """Steps until every task stands at 99% held out, one factor at a time; a cross for a seed that does not get there in the schedule."""
    figure, axes = new_figure(target, height=2.2, columns=len(factors), sharey=True)
    steps, row = sweep["steps_to_generalise"], 0
    limit = float(sweep["step"].max())
    for ax, (name, values) in zip(axes[0], factors.items(), strict=True):
        y = steps[row : row + len(values)]
        row += len(values)
        _seeds(ax, np.arange(len(values)), y, limit * 1.05)
        ax.set(xlabel=FACTOR_NAMES[name], xticks=np.arange(len(values)), ylim=(0, limit * 1.15))
        ax.set_xticklabels([f"{v:g}".removeprefix("0") if 0 < v < 1 else f"{v:g}" for v in values], rotation=90)
    axes[0, 0].set_ylabel("steps to 99% on every task")
    figure.align_xlabels()
    return figure


@styled
def fig_plane(sweep: Arrays, factors: dict[str, tuple[float, ...]], *, target: Target = "paper") -> Figure:
    """Train share by dropout: held-out accuracy at the end (median seed, mean of tasks); written in, steps to 99% or how many get there."""
    figure, axes = new_figure(target, height=2.7, columns=1)
    shares, rates = factors["train_fraction"], factors["dropout"]
    steps = sweep["steps_to_generalise"].reshape(len(shares), len(rates), -1)
    accuracy = np.median(sweep["valid_accuracy"], axis=-1).reshape(len(shares), len(rates))
    ax = axes[0, 0]
    image = ax.imshow(accuracy, cmap="viridis", vmin=0, vmax=1, origin="lower", aspect="auto")
    for i in range(len(shares)):
        for j in range(len(rates)):
            there = steps[i, j][steps[i, j] >= 0]
            text = f"{np.median(there):.0f}" if len(there) == steps.shape[-1] else f"{len(there)} of {steps.shape[-1]}"
            ax.text(j, i, text, ha="center", va="center", color="white" if accuracy[i, j] < 0.6 else "black", fontsize="small")
    ax.set(xlabel="dropout", ylabel="share trained on", xticks=range(len(rates)), yticks=range(len(shares)))
    ax.set_xticklabels([f"{r:g}" for r in rates])
    ax.set_yticklabels([f"{s:g}" for s in shares])
    figure.colorbar(image, ax=ax, label="held-out accuracy, mean over tasks").outline.set_edgecolor(GREY)
    return figure


@styled
def fig_over_p(sweep: Arrays, p: tuple[int, ...], *, target: Target = "paper") -> Figure:
    """Over p: steps until every task stands at 99% held out, and the share of all cells that is wrong at the end."""
    figure, axes = new_figure(target, height=2.2, columns=2)
    x = np.asarray(p, dtype=float)
    limit = float(sweep["step"].max())
    _seeds(axes[0, 0], x, sweep["steps_to_generalise"], limit * 1.03)
    axes[0, 0].set(xlabel="p", ylabel="steps to 99% on every task", ylim=(0, limit * 1.1))
    cells = np.asarray([v * v * len(primes_below(v)) for v in p])
    wrong = sweep["wrong_cells"] / cells[:, None]
    axes[0, 1].plot(np.repeat(x, wrong.shape[1]), np.maximum(wrong, 1e-7).ravel(), ".", color=BLUE, alpha=0.5)
    axes[0, 1].set(xlabel="p", ylabel="share of cells wrong", yscale="log", ylim=(5e-8, 1))
    axes[0, 1].axhline(1e-7, color=GREY, linewidth=0.6, linestyle=":")
    axes[0, 1].annotate("none wrong", (x[0], 1.2e-7), color=GREY, fontsize="small")
    return figure


@styled
def fig_certificate(proofs: dict[str, Arrays], *, target: Target = "paper") -> Figure:
    """Proved accuracy against the length of the proof in multiplications, relative to running every input. Dots: the unembedding at a
    rank, written beside those of the first network; circles: own neurons evaluated, all others bounded."""
    figure, axes = new_figure(target, height=2.4)
    ax = axes[0, 0]
    for (name, a), colour in zip(proofs.items(), (BLUE, PRIME, GREEN), strict=False):
        x, y = 1 / np.median(a["by_rank_saving"], axis=0), np.median(a["by_rank"], axis=0)
        ax.plot(x, y, ".-", color=colour, label=name, linewidth=0.6)
        ax.plot(1 / np.median(a["own_saving"]), np.median(a["own"]), "o", markerfacecolor="none", color=colour)
        if name == next(iter(proofs)):
            for rank, i, j in zip(RANKS, x, y, strict=True):
                ax.annotate(str(rank), (i, j), xytext=(4, -2), textcoords="offset points", color=GREY, fontsize="small")
    ax.set(xlabel="length of the proof / running every input", ylabel="accuracy proved, mean over tasks", xlim=(0, 1), ylim=(-0.03, 1.05))
    ax.legend(loc="upper left")
    return figure


@styled
def fig_coincidence(analyses: dict[str, Arrays], used: dict[str, np.ndarray], p: int, *, target: Target = "paper") -> Figure:
    """Every pair of primes in every network: how closely their frequencies in use coincide, against what ablating one costs the other."""
    figure, axes = new_figure(target, height=2.5, columns=len(analyses), sharey=True)
    primes = primes_below(p)
    upper = np.triu_indices(len(primes), 1)
    for ax, (name, a) in zip(axes[0], analyses.items(), strict=True):
        near = np.stack([coinciding_primes(u, p)[upper] for u in used[name]])
        harm = 1 - a["ablated"]
        harm = np.maximum(harm, harm.swapaxes(1, 2))[:, upper[0], upper[1]]
        ax.plot(near.ravel(), np.maximum(harm, 1e-5).ravel(), ".", color=BLUE, alpha=0.35, markersize=3)
        middle_x, middle_y = near.mean(axis=0), harm.mean(axis=0)
        for i in np.argsort(middle_y)[::-1][:4]:
            label = f"{primes[upper[0][i]]}, {primes[upper[1][i]]}"
            ax.annotate(label, (middle_x[i], middle_y[i]), color=PRIME, fontsize="small", xytext=(3, 3), textcoords="offset points")
            ax.plot(middle_x[i], middle_y[i], "o", color=PRIME, markersize=3)
        ax.set(title=name, xlabel="coincidence of frequencies in use", yscale="log", ylim=(5e-6, 1))
    axes[0, 0].set_ylabel("accuracy the other loses")
    return figure


@styled
def fig_usage(used: dict[str, np.ndarray], p: int, primes: tuple[int, ...] = (37, 73, 109), *, target: Target = "paper") -> Figure:
    """Which frequencies each network uses (rows: seeds, block by block) for a few primes (panels): the share of the prime's neurons."""
    figure, axes = new_figure(target, height=2.3, columns=len(primes), width_ratios=[q // 2 for q in primes])
    d = rational_dictionary(p)
    rows = np.concatenate(list(used.values()))
    ends = np.cumsum([len(u) for u in used.values()])
    for ax, q in zip(axes[0], primes, strict=True):
        ax.imshow(rows[:, d.q == q], cmap="magma_r", aspect="auto", extent=(0.5, q // 2 + 0.5, len(rows), 0), interpolation="none")
        for end in ends[:-1]:
            ax.axhline(end, color=PINK, linewidth=0.8)
        ax.set(title=f"q = {q}", xlabel="frequency k", yticks=[])
    starts = [0, *ends[:-1]]
    axes[0, 0].set_yticks([(a + b) / 2 for a, b in zip(starts, ends, strict=True)])
    axes[0, 0].set_yticklabels(list(used), rotation=90, va="center")
    return figure
