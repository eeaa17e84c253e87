"""Figures of the algorithm: phases on the torus, the ladder of accounts, causal tests, who clears whom, letters, the race."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ..circuits.by_hand import Neurons
from ..numbers.integers import primes_below
from ..studies.alphabet import NEW_P, letters
from ..studies.arrays import Arrays
from ..studies.formation import moves
from ..studies.ladder import RUNGS
from ..studies.scrubbing import CONTROLS
from ..studies.torus import HARMONICS
from .style import BLUE, GREEN, GREY, PINK, PRIME, SIGNED, Target, name_beside, new_figure, spread, styled


@styled
def fig_phases(neurons: Neurons, *, target: Target = "paper") -> Figure:
    """Each neuron's read-out phase over the sum of its input phases, and its two input phases against each other. Theory says equal on the
    left, and on the right all over the torus; tied phases would lie on the dotted line."""
    figure, axes = new_figure(target, height=2.7, columns=2)
    odd, turn = neurons.q > 2, 2 * np.pi
    first, second, psi = (x[odd] % turn / turn for x in (neurons.phi0, neurons.phi1, neurons.psi))
    for ax, x, y, colour in ((axes[0, 0], (first + second) % 1, psi, BLUE), (axes[0, 1], first, second, GREEN)):
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
        ax.scatter(x, y, s=3, color=colour, linewidths=0, rasterized=True)
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes[0, 0].set(xlabel=r"$\varphi_0 + \varphi_1$ (turns)", ylabel=r"read-out phase $\psi$ (turns)")
    axes[0, 1].set(xlabel=r"phase on $x_0$, $\varphi_0$ (turns)", ylabel=r"phase on $x_1$, $\varphi_1$ (turns)")
    return figure


@styled
def fig_harmonics(tilings: dict[str, list[Arrays]], *, target: Target = "paper") -> Figure:
    """What every harmonic but the one kept leaves in a wave, relative to it, beside what random phases would leave. All seeds."""
    figure, axes = new_figure(target, height=2.3, columns=len(tilings), sharey=True)
    shown = [i for i, harmonic in enumerate(HARMONICS) if harmonic != (1, 1)]
    for ax, (name, seeds) in zip(axes[0], tilings.items(), strict=True):
        for field, label, colour, marker in (("random", "random phases", GREY, "_"), ("left", "measured", BLUE, ".")):
            values = np.asarray([np.median(t[field][shown], axis=1) for t in seeds])  # (seeds, harmonics)
            ax.plot(np.tile(np.arange(len(shown)), len(seeds)), values.ravel(), marker, color=colour, label=label)
        ax.set(title=name, xticks=np.arange(len(shown)), ylim=(0, None))
        ax.set_xticklabels([f"({m}, {n})" for m, n in (HARMONICS[i] for i in shown)], rotation=60)
    axes[0, 0].set_ylabel("left / kept")
    axes[0, -1].legend()
    return figure


_RUNG = {
    "formula": "closed formula", "read whole": "as read, all of it", "read": "as read, two digits", "idealised": "idealised phases",
    "one family": "one wave a neuron", "two families": "two waves a neuron", "three families": "three waves a neuron",
    "class waves": "and waves over classes", "full": "that, two digits",
}  # fmt: skip


@styled
def fig_ladder(ladders: dict[str, Arrays], *, target: Target = "paper") -> Figure:
    """Variance of the network's own logits that each account has; hollow: its null. Medians over seeds, and the numbers that it needs."""
    figure, axes = new_figure(target, height=3.1, columns=len(ladders), sharey=True)
    shown = [RUNGS.index(rung) for rung in _RUNG]
    place = -np.arange(len(shown))
    for ax, (name, a) in zip(axes[0], ladders.items(), strict=True):
        shares, nulls, numbers = (np.median(a[field], axis=0)[shown] for field in ("share", "null_share", "numbers"))
        ax.hlines(place, np.maximum(nulls, 0), shares, color=GREY, linewidth=0.6)
        ax.plot(np.maximum(nulls, 0), place, "o", markerfacecolor="none", color=GREY, markersize=4)
        ax.plot(shares, place, "o", color=BLUE, markersize=4)
        for y, number in zip(place, numbers, strict=True):
            ax.text(1.62, y, f"{number:,.0f}", va="center", ha="right", fontsize="small")
        ax.text(1.62, 1.3, "numbers", ha="right", va="center", fontsize="small")
        ax.set(
            title=name.replace(", ", "\n"),
            xlabel="share of the logits",
            xlim=(-0.06, 1.64),
            xticks=(0, 0.5, 1),
            ylim=(place[-1] - 0.6, 1.7),
        )
        name_beside(ax, shares[0], 0, "account", BLUE, shift=(0, 9), ha="center", fontsize="small")
        name_beside(ax, max(nulls[0], 0), 0, "null", GREY, shift=(0, 9), ha="center", fontsize="small")
    axes[0, 0].set(yticks=place)
    axes[0, 0].set_yticklabels(_RUNG.values())
    return figure


_TESTS = {"scrubbed": "scrubbed", "same residue": "same\nresidue", "interchange": "inter-\nchange"}


@styled
def fig_causal(tests: dict[str, Arrays], *, target: Target = "paper") -> Figure:
    """Cells as the account says under each intervention, beside the same with groups and networks that mean nothing. A dot a seed."""
    figure, axes = new_figure(target, height=2.5, columns=len(tests), sharey=True)
    markers = dict(zip(("", *CONTROLS), "o_x+1", strict=True))
    for ax, (name, a) in zip(axes[0], tests.items(), strict=True):
        for i, test in enumerate(_TESTS):
            for j, (control, marker) in enumerate(markers.items()):
                values = a[f"{test}, {control}" if control else test].mean(axis=1)
                label = (control or "the account") if i == 0 else None
                ax.plot(np.full(len(values), i + 0.12 * (j - 2)), values, marker, color=GREY if control else BLUE, label=label)
        ax.set(title=name, xticks=range(len(_TESTS)), ylim=(0, 1.05))
        ax.set_xticklabels(_TESTS.values())
    axes[0, 0].set_ylabel("cells as expected")
    axes[0, -1].legend(loc="center right", fontsize="x-small")
    return figure


@styled
def fig_clears(cancellation: Arrays, p: int, *, seed: int = 0, target: Target = "paper") -> Figure:
    """Who clears whom: the share of what each prime's own neurons write of one digit (row) that each other prime's neurons, and the skip,
    take away (column)."""
    figure, axes = new_figure(target, height=2.9, columns=2, sharey=True)
    primes = primes_below(p)
    names = [*map(str, primes), "skip"]
    scale = ScalarMappable(Normalize(-0.25, 0.25), SIGNED)
    shown = np.unique(np.linspace(0, len(primes) - 1, 8).round().astype(int))
    for digit, ax in enumerate(axes[0]):
        ax.imshow(cancellation["clears"][seed, digit], cmap=scale.cmap, norm=scale.norm)
        ax.set(title=f"terms of $x_{digit}$ alone", xlabel="cleared by", xticks=[*shown[:-1], len(primes)], yticks=shown)
        ax.set_xticklabels([names[i] for i in (*shown[:-1], len(primes))], rotation=90)
        ax.set_yticklabels([names[i] for i in shown])
    axes[0, 0].set_ylabel("written by")
    bar = figure.colorbar(scale, ax=axes[0].tolist(), shrink=0.85, label="share cleared", extend="both")
    bar.outline.set_edgecolor(GREY)
    return figure


_COURSE = (
    ("held-out accuracy", "valid_accuracy", PRIME), ("closed formula's share", "formula", BLUE),
    ("phases: left / kept", "balance", GREEN), ("one digit's share", "one_digit", PINK),
)  # fmt: skip


@styled
def fig_formation(courses: dict[str, Arrays], *, target: Target = "paper") -> Figure:
    """Held-out accuracy and three measures of the account over training, a curve a seed. `courses` as `evidence.courses` has
    them: dots show where each measure is half-way, but for the null, in which nothing is learned that could be. Curves are named in the
    last panel."""
    figure, axes = new_figure(target, height=2.6, columns=len(courses), sharey=True)
    for ax, (name, course) in zip(axes[0], courses.items(), strict=True):
        for _, measure, colour in _COURSE:
            for x, y in zip(course["step"], course[measure], strict=True):
                ax.plot(x, y, color=colour, linewidth=0.8, alpha=0.8)
            if course["valid_accuracy"][:, -1].min() > 0.5:
                half = moves(course, measure)
                ax.plot(half, [y[x == at][0] for x, y, at in zip(course["step"], course[measure], half, strict=True)], "o", color=colour)
        ax.set(title=name, xlabel="step", xlim=(0, course["step"].max()), ylim=(-0.03, 1.03))
    last = list(courses.values())[-1]
    above = np.asarray([last[measure][:, last[measure].shape[1] // 2 :].max() + 0.05 for _, measure, _ in _COURSE])
    for (label, _, colour), y in zip(_COURSE, spread(above, 0.095), strict=True):
        axes[0, -1].text(0.99, y, label, color=colour, ha="right", va="center", transform=axes[0, -1].get_yaxis_transform())
    return figure


@styled
def fig_foretold(new: Arrays, moved: dict[str, Arrays], *, target: Target = "paper") -> Figure:
    """Rank correlation of the alphabet's rule with use: at five p, from other primes' use and from p alone; and of the change that it
    foretells with the change where something is taken away from training. Bars: 99th percentiles of the nulls."""
    figure, axes = new_figure(target, height=2.5, columns=2, sharey=True)
    place = np.arange(len(NEW_P))
    for x, (field, label, colour) in enumerate((("others", "from other primes' use", BLUE), ("alone", "from p alone, beforehand", PRIME))):
        axes[0, 0].plot(place + 0.2 * (x - 0.5), new[field], "o", color=colour, label=label)
        axes[0, 0].plot(place + 0.2 * (x - 0.5), new[f"{field}_null"], "_", color=GREY, label="permuted, 99%" if x else None)
    axes[0, 0].set(xticks=place, xlabel="p", ylabel="rank correlation", title="new p")
    axes[0, 0].set_xticklabels(map(str, NEW_P))
    for x, a in enumerate(moved.values()):
        for shift, field, marker, colour in ((-0.15, "moved", "o", GREEN), (0, "null", "_", GREY), (0.15, "unmoved", "x", GREY)):
            label = {"moved": "changed training", "null": "permuted, 99%", "unmoved": "unchanged"}[field] if x == 0 else None
            axes[0, 1].plot(np.full(len(a[field]), x + shift), a[field], marker, color=colour, label=label)
    axes[0, 1].axhline(0, color=GREY, linewidth=0.6)
    axes[0, 1].set(xticks=range(len(moved)), title="taken away", xlim=(-0.5, len(moved) - 0.5))
    axes[0, 1].set_xticklabels([name.replace(" ", "\n") for name in moved])
    for ax in axes[0]:
        ax.legend(fontsize="x-small")
    return figure


@styled
def fig_letters(use: dict[str, np.ndarray], p: int, *, target: Target = "paper") -> Figure:
    """The alphabet: use of each single-digit frequency, summed over all primes, by network. Use (seeds, W)."""
    figure, axes = new_figure(target, height=2.6, rows=2, sharex=True, sharey=True)
    grid = np.arange(0, p / 2 + 0.25, 0.25)
    for ax, letter, digit in zip(axes[:, 0], letters(p), ("$x_0$", "$x_1$"), strict=True):
        near = np.exp(-(((grid[:, None] - letter[None, :]) / 0.3) ** 2) / 2)
        for (name, u), colour in zip(use.items(), (BLUE, PRIME), strict=False):
            for i, one in enumerate(u):
                ax.plot(grid, near @ one, color=colour, linewidth=0.6, alpha=0.6, label=name if i == 0 else None)
        ax.set(ylabel=f"use on {digit}", xlim=(0, p / 2))
    axes[-1, 0].set_xlabel(f"frequency on one digit, bins of 1/{p}")
    axes[0, 0].legend(loc="upper left")
    return figure


@styled
def fig_race(races: dict[str, Arrays], *, target: Target = "paper") -> Figure:
    """Variance of the network's own logits over the bits of its rounded weights, and of the closed formula. All seeds."""
    figure, axes = new_figure(target, height=2.4)
    ax = axes[0, 0]
    for i, ((name, a), line) in enumerate(zip(races.items(), ("-", "--", ":"), strict=False)):
        for who, colour in (("network", BLUE), ("formula", PRIME)):
            for x, y in zip(a[f"{who}_bits"], a[f"{who}_share"], strict=True):
                ax.plot(x, np.maximum(y, 0), line, color=colour, linewidth=0.8)
        level = 0.65 - 0.2 * i
        x = np.interp(level, np.maximum.accumulate(a["network_share"][0]), a["network_bits"][0])
        name_beside(ax, x, level, name, BLUE, right=i > 0, fontsize="small", shift=(6, 0))
        x = np.interp(level, np.maximum.accumulate(a["formula_share"][0]), a["formula_bits"][0])
        name_beside(ax, x, level, name, PRIME, right=i > 0, fontsize="small", shift=(6, 0))
    for x, text, colour in ((0.2, "closed formula", PRIME), (0.8, "rounded weights", BLUE)):
        ax.text(x, 1.08, text, color=colour, transform=ax.transAxes, ha="center")
    least, most = min(a["formula_bits"].min() for a in races.values()), max(a["network_bits"].max() for a in races.values())
    ax.set(xscale="log", xlabel="bits", ylabel="share of the network's logits", ylim=(-0.03, 1.05), xlim=(least / 12, most * 8))
    return figure
