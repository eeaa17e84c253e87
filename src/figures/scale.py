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
from .style import BLUE, GREEN, GREY, INK, PINK, PRIME, Target, jittered, name_beside, new_figure, spread, styled, write_in_cell

FACTOR_NAMES = {
    "train_fraction": "share trained on", "dropout": "dropout", "weight_decay": "weight decay", "lr": "learning rate", "d_model": "width",
}  # fmt: skip


def _seeds(ax, x: np.ndarray, y: np.ndarray, never: float, width: float, colour: str = BLUE) -> None:
    """Dots for seeds, a line through their medians; crosses at `never` for those that did not get there (-1 in y (len(x), seeds)). The
    seeds of one value stand side by side, `width` from end to end, so that they can be counted."""
    for i, row in zip(x, y, strict=True):
        place = i + jittered(len(row), width)
        ax.plot(place[row >= 0], row[row >= 0], ".", color=colour, markersize=4)
        ax.plot(place[row < 0], np.full((row < 0).sum(), never), "x", color=PRIME, markersize=3, markeredgewidth=0.8)
    middle = np.median(np.where(y < 0, np.inf, y), axis=1)
    ax.plot(x, np.where(np.isfinite(middle), middle, np.nan), color=colour, linewidth=0.8)


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
    """Steps until every task stands at 99% held out, one factor at a time: a dot for each seed, a cross for one that does not get there in
    the schedule, seeds of one value side by side."""
    figure, axes = new_figure(target, height=2.4, columns=len(factors), sharey=True)
    steps, row = sweep["steps_to_generalise"], 0
    limit = float(sweep["step"].max())
    for ax, (name, values) in zip(axes[0], factors.items(), strict=True):
        y = steps[row : row + len(values)]
        row += len(values)
        _seeds(ax, np.arange(len(values)), y, limit * 1.08, 0.6)
        ax.axhline(limit, color=GREY, linewidth=0.6, linestyle=":")
        ax.set(xlabel=FACTOR_NAMES[name], xticks=np.arange(len(values)), ylim=(0, limit * 1.16), xlim=(-0.6, len(values) - 0.4))
        ax.set_xticklabels([f"{v:g}".removeprefix("0") if 0 < v < 1 else f"{v:g}" for v in values], rotation=90)
    axes[0, 0].set_ylabel("steps to 99% on every task")
    ticks = [t for t in axes[0, 0].get_yticks() if t < limit * 0.95]
    axes[0, 0].set_yticks([*ticks, limit * 1.08], [*(f"{t:,.0f}" for t in ticks), "never"])
    figure.align_xlabels()
    return figure


@styled
def fig_plane(sweep: Arrays, factors: dict[str, tuple[float, ...]], *, target: Target = "paper") -> Figure:
    """Train share by dropout. Left: held-out accuracy at the end, in percent (median seed, mean of tasks). Right: how many of the seeds
    reach 99% on every task."""
    shares, rates = factors["train_fraction"], factors["dropout"]
    reached = (sweep["steps_to_generalise"] >= 0).sum(axis=-1).reshape(len(shares), len(rates))
    accuracy = np.median(sweep["valid_accuracy"], axis=-1).reshape(len(shares), len(rates))
    seeds = sweep["steps_to_generalise"].shape[-1]
    figure, axes = new_figure(target, height=2.5, columns=2, sharey=True)
    for ax, values, top, title in (
        (axes[0, 0], 100 * accuracy, 100, "held-out accuracy, %"), (axes[0, 1], reached, seeds, f"seeds of {seeds} at 99% on every task"),
    ):  # fmt: skip
        ax.imshow(values, cmap=INK, vmin=0, vmax=top, origin="lower", aspect="auto")
        for (i, j), value in np.ndenumerate(values):
            write_in_cell(ax, j, i, f"{np.floor(value):.0f}", value / top)
        ax.set(title=title, xlabel="dropout", xticks=range(len(rates)), yticks=range(len(shares)))
        ax.set_xticklabels([f"{r:g}" for r in rates])
        ax.set_yticklabels([f"{s:g}" for s in shares])
        for side in ax.spines.values():
            side.set_visible(True)
    axes[0, 0].set_ylabel("share trained on")
    return figure


@styled
def fig_over_p(
    sweep: Arrays, p: tuple[int, ...], *, more: dict[str, tuple[Arrays, tuple[int, ...]]] | None = None, target: Target = "paper"
) -> Figure:
    """Over p: steps until every task stands at 99% held out, and the share of all cells that is wrong at the end. `more` are further
    networks by name, as those that grow with p, in colours of their own; a cross is at the top of its own schedule."""
    figure, axes = new_figure(target, height=2.4, columns=2)
    groups = {"": (sweep, p), **(more or {})}
    everywhere = np.asarray(sorted({v for _, values in groups.values() for v in values}), dtype=float)
    top = max(float(found["step"].max()) for found, _ in groups.values())
    for (name, (found, values)), colour in zip(groups.items(), (BLUE, GREEN, PINK), strict=False):
        x, limit = np.asarray(values, dtype=float), float(found["step"].max())
        _seeds(axes[0, 0], x, found["steps_to_generalise"], limit + 0.04 * top, 0.02 * everywhere[-1], colour)
        cells = np.asarray([v * v * len(primes_below(v)) for v in values])
        wrong = found["wrong_cells"] / cells[:, None]
        for at, row in zip(x, wrong, strict=True):
            axes[0, 1].plot(at + jittered(len(row), 0.02 * everywhere[-1]), np.maximum(row, 1e-7), ".", color=colour, markersize=4)
        if name:
            last = (x[-1], max(np.median(wrong[-1]), 1e-7))
            axes[0, 1].annotate(name, last, (4, 4), textcoords="offset points", color=colour, ha="right", va="bottom")
    axes[0, 0].set(xlabel="p", ylabel="steps to 99% on every task", ylim=(0, top * 1.1))
    axes[0, 0].annotate("× never in its schedule", (0.02, 0.05), xycoords="axes fraction", color=PRIME, fontsize="small")
    axes[0, 1].set(xlabel="p", ylabel="share of cells wrong", yscale="log", ylim=(4e-8, 1))
    axes[0, 1].axhline(1e-7, color=GREY, linewidth=0.6, linestyle=":")
    ticks = 10.0 ** np.arange(-6, 1, 2)
    axes[0, 1].set_yticks([1e-7, *ticks], ["none", *(f"$10^{{{e}}}$" for e in (-6, -4, -2, 0))])
    axes[0, 1].minorticks_off()
    return figure


@styled
def fig_growth(grown: dict[str, tuple[tuple[int, ...], np.ndarray, np.ndarray]], *, level: float, target: Target = "paper") -> Figure:
    """The share of all cells that is wrong at the end over what a network has, a panel for each, by `results.evidence.wrong_over`: every
    seed a dot, medians joined, the p at their lines; dotted: `level`."""
    figure, axes = new_figure(target, height=2.5, columns=len(grown))
    none = 1e-6
    for ax, (name, (p, values, wrong)) in zip(axes[0], grown.items(), strict=True):
        cells = np.asarray([value * value * len(primes_below(value)) for value in p])
        share = np.maximum(wrong / cells[:, None, None], none)
        middle = np.median(share, axis=-1)
        for value, rows, line, rank, colour in zip(p, share, middle, middle[:, 0].argsort().argsort(), (BLUE, PRIME, GREEN), strict=False):
            ax.plot(values, line, color=colour, linewidth=0.9)
            ax.plot(np.repeat(values, rows.shape[1]), rows.ravel(), ".", color=colour, markersize=4)
            name_beside(ax, values[0], line[0], f"{value}", colour, right=False, shift=(4, 4 * (rank - (len(p) - 1) / 2)))
        ax.axhline(level, color=GREY, linewidth=0.6, linestyle=":")
        span = np.log(values[-1] / values[0])
        ax.set(
            xlabel=name,
            xscale="log",
            yscale="log",
            ylim=(none / 2, 1),
            xlim=(values[0] * np.exp(-0.14 * span), values[-1] * np.exp(0.05 * span)),
        )
        ax.set_xticks(values, [f"{value:g}" for value in values])
        ax.set_yticks([none, 1e-4, 1e-2, 1], ["none", "$10^{-4}$", "$10^{-2}$", "1"])
        ax.minorticks_off()
    axes[0, 0].set_ylabel("share of cells wrong")
    return figure


@styled
def fig_compute(courses: dict[str, dict[str, list[tuple[np.ndarray, np.ndarray]]]], *, target: Target = "paper") -> Figure:
    """Wrong cells over what training has computed, by `results.evidence.errors_over_compute`: a panel for each block, a colour for each
    preset, a line for each seed, with a dot at its end."""
    figure, axes = new_figure(target, height=2.4, columns=len(courses), sharey=True)
    none = 0.4
    for ax, (block, presets) in zip(axes[0], courses.items(), strict=True):
        for i, ((name, seeds), colour) in enumerate(zip(presets.items(), (BLUE, PRIME), strict=True)):
            for done, wrong in seeds:
                ax.plot(done / 1e14, np.maximum(wrong, none), color=colour, linewidth=0.7, alpha=0.8)
                ax.plot(done[-1] / 1e14, max(wrong[-1], none), ".", color=colour, markersize=5, clip_on=False)
            ax.text(0.98, 0.97 - 0.1 * i, name, color=colour, ha="right", va="top", transform=ax.transAxes)
        ax.axhline(none, color=GREY, linewidth=0.6, linestyle=":")
        ax.set(title=block, xlabel="operations of training, $10^{14}$", yscale="log", ylim=(none / 1.5, 1e6), xlim=(0, None))
    axes[0, 0].set_yticks([none, 1, 100, 1e4, 1e6], ["none", "1", "100", "$10^4$", "$10^6$"])
    axes[0, 0].minorticks_off()
    axes[0, 0].set_ylabel("wrong cells")
    return figure


@styled
def fig_certificate(proofs: dict[str, Arrays], *, target: Target = "paper") -> Figure:
    """Proved accuracy against the length of the proof in multiplications, relative to running every input. Dots: the unembedding at a
    rank, written beside those of the first network; circles: own neurons evaluated, all others bounded. Networks whose curves agree to
    a hundredth are drawn once."""
    figure, axes = new_figure(target, height=2.5)
    ax, drawn = axes[0, 0], {}
    for name, a in proofs.items():
        curve = np.stack([1 / np.median(a["by_rank_saving"], axis=0), np.median(a["by_rank"], axis=0)])
        same = next((other for other, (c, _) in drawn.items() if np.allclose(c, curve, atol=0.01)), None)
        if same is None:
            drawn[name] = (curve, a)
        else:
            (head, _, tail), other = same.partition(", "), name.partition(", ")[2]
            drawn = {(f"{head}, {tail} and {other}" if key == same else key): value for key, value in drawn.items()}
    for i, ((name, ((x, y), a)), colour) in enumerate(zip(drawn.items(), (BLUE, PRIME, GREEN), strict=False)):
        ax.plot(x, y, ".-", color=colour, linewidth=0.8, markersize=5)
        ax.plot(1 / np.median(a["own_saving"]), np.median(a["own"]), "o", markerfacecolor="none", color=colour, markersize=5)
        for rank, u, v in zip(RANKS, x, y, strict=True):
            if rank < RANKS[-1]:  # the last stands where the one before does, or says the same
                name_beside(ax, u, v, str(rank), colour, right=i == 0, fontsize="small", shift=(4, -3))
        name_beside(ax, x[-1], y[-1], name, colour, right=i > 0, shift=(8, 3))
    name_beside(ax, 0.1, 0.02, "own neurons only: nothing proved", GREY, fontsize="small", shift=(6, 5))
    ax.axvline(1, color=GREY, linewidth=0.6, linestyle=":")
    ax.set(
        xlabel="length of the proof / running every input", ylabel="accuracy proved,\nmean over tasks", xlim=(0, 1.02), ylim=(-0.04, 1.08)
    )
    return figure


@styled
def fig_coincidence(analyses: dict[str, Arrays], used: dict[str, np.ndarray], p: int, *, target: Target = "paper") -> Figure:
    """Every pair of primes in every network: how closely their frequencies in use coincide, against what ablating one costs the other. In
    orange the four pairs that lose most on average."""
    figure, axes = new_figure(target, height=2.7, columns=len(analyses), sharey=True)
    primes = primes_below(p)
    upper = np.triu_indices(len(primes), 1)
    low, high = 5e-6, 1.0
    for ax, (name, a) in zip(axes[0], analyses.items(), strict=True):
        near = np.stack([coinciding_primes(u, p)[upper] for u in used[name]])
        harm = 1 - a["ablated"]
        harm = np.maximum(harm, harm.swapaxes(1, 2))[:, upper[0], upper[1]]
        ax.plot(near.ravel(), np.maximum(harm, 1e-5).ravel(), ".", color=BLUE, alpha=0.35, markersize=3, rasterized=True)
        x, y = near.mean(axis=0), harm.mean(axis=0)
        most = np.argsort(y)[::-1][:4]
        place = np.exp(spread(np.log(y[most]), 0.085 * np.log(high / low)))
        for i, at in zip(most, place, strict=True):
            ax.plot(x[i], y[i], "o", color=PRIME, markersize=3.5)
            ax.annotate(
                f"{primes[upper[0][i]]}, {primes[upper[1][i]]}", (x[i], y[i]), (1.02, at), color=PRIME, fontsize="small", va="center",
                textcoords=("axes fraction", "data"), annotation_clip=False,
                arrowprops=dict(arrowstyle="-", color=PRIME, linewidth=0.5, shrinkA=0, shrinkB=2),
            )  # fmt: skip
        ax.set(title=name, xlabel="coincidence of frequencies in use", yscale="log", ylim=(low, high), xlim=(-0.03, 1))
        ax.minorticks_off()
    ticks = 10.0 ** np.arange(-4, 1)
    axes[0, 0].set_yticks([1e-5, *ticks], ["none", *(f"{t:g}" for t in ticks)])
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
        ax.imshow(rows[:, d.q == q], cmap=INK, aspect="auto", extent=(0.5, q // 2 + 0.5, len(rows), 0), interpolation="none")
        for end in ends[:-1]:
            ax.axhline(end, color=PRIME, linewidth=0.8)
        ax.set(title=f"q = {q}", xlabel="frequency k", yticks=[])
    starts = [0, *ends[:-1]]
    axes[0, 0].set_yticks([(a + b) / 2 for a, b in zip(starts, ends, strict=True)])
    axes[0, 0].set_yticklabels(list(used), rotation=90, va="center")
    return figure
