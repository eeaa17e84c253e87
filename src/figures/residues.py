"""Figures of the residue networks: bases, dissociation, one neuron, order of learning, margins, the spike."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ..lens.interventions import activations, neuron_logit_map
from ..network.runs import Run
from ..numbers.integers import primes_below
from ..studies.arrays import Arrays
from ..studies.order import first_steps
from ..studies.spike import BASES
from .mechanism import neurons_in
from .style import BLUE, GLOW, GREEN, GREY, PRIME, Target, name_beside, new_figure, styled

ABLATION = {"ablated": "its neurons mean-ablated", "ablated_random": "as many random neurons"}
PRE = "blocks.0.mlp.hook_pre"
REMOVAL = {"removed": "its functions removed", "kept": "nothing else kept"}


@styled
def fig_bases(analyses: dict[str, Arrays], *, target: Target = "paper") -> Figure:
    """How much of each pre-activation one family explains: rational, any pair of Z/p, random. All seeds; one panel a block."""
    figure, axes = new_figure(target, height=2.2, columns=len(analyses), sharey=True)
    curves = (("rational", "k/q", BLUE, "-"), ("zp", "pairs of Z/p", PRIME, "--"), ("random", "random", GREY, ":"))
    for ax, (name, a) in zip(axes[0], analyses.items(), strict=True):
        for field, label, colour, line in curves:
            x = np.sort(a[field].ravel())
            ax.plot(x, np.arange(1, len(x) + 1) / len(x), line, color=colour)
            if ax is axes[0, 0]:
                name_beside(ax, x[(len(x) * 2) // 5], 0.4, label, colour, right=field == "zp", shift=(5, 0))
        ax.set(title=name, xlabel="variance explained by one family", xlim=(0.3, 1))
    axes[0, 0].set_ylabel("share of neurons below")
    return figure


@styled
def fig_dissociation(analysis: Arrays, p: int, *, fields: dict[str, str] | None = None, seed: int = 0, target: Target = "paper") -> Figure:
    """Accuracy of each task (column) with each prime's neurons mean-ablated (row), beside random groups of the same size; or other
    matrices of `studies.residues.analyse`, with their titles."""
    figure, axes = new_figure(target, height=2.9, columns=2, sharey=True)
    primes = primes_below(p)
    scale = ScalarMappable(Normalize(0, 1), "viridis")
    shown = np.unique(np.linspace(0, len(primes) - 1, 8).round().astype(int))
    for ax, (field, title) in zip(axes[0], (fields or ABLATION).items(), strict=True):
        ax.imshow(analysis[field][seed], cmap=scale.cmap, norm=scale.norm)
        ax.set(title=title, xlabel="task", xticks=shown, yticks=shown)
        ax.set_xticklabels([str(primes[i]) for i in shown])
        ax.set_yticklabels([str(primes[i]) for i in shown])
    axes[0, 0].set_ylabel("prime")
    bar = figure.colorbar(scale, ax=axes[0].tolist(), shrink=0.85, label="accuracy")
    bar.outline.set_edgecolor(GREY)
    return figure


@styled
def fig_neuron(run: Run, neuron: int | None = None, *, q: int = 73, target: Target = "paper") -> Figure:
    """One neuron over the angles of its wave k/q, in turns: what it reads of each digit, when it fires, and what it writes to its own task;
    beside each the cosine that stands for it. By default the neuron of q that reads and writes most, or of all if q has none."""
    n, p = neurons_in(run), run.config.p
    pre = np.asarray(activations(run.model, jnp.asarray(run.dataset.tokens), [PRE])[PRE][:, -1], np.float64)
    if neuron is None:
        neuron = int(np.argmax(np.where(n.q == q if (n.q == q).any() else True, n.b * n.a0 * n.a1, -1)))
    j, q, k = neuron, int(n.q[neuron]), int(n.k[neuron])
    grid, x = pre[:, j].reshape(p, p), np.arange(p)
    fine = np.linspace(0, 1, 200)
    figure, axes = new_figure(target, height=3.9, rows=2, columns=2)

    def waved(ax: Axes, angle: np.ndarray, values: np.ndarray, a: float, phi: float, colour: str) -> None:
        wave = a * np.cos(2 * np.pi * angle - phi)
        ax.plot(fine, a * np.cos(2 * np.pi * fine - phi) + (values - wave).mean(), color=GREY, linewidth=0.8)
        ax.plot(angle, values, ".", color=colour)
        ax.set(xlim=(0, 1), xticks=(0, 0.5, 1))

    for ax, values, step, a, phi, digit, colour in (
        (axes[0, 0], grid.mean(axis=0), 1, n.a0[j], n.phi0[j], 0, BLUE), (axes[0, 1], grid.mean(axis=1), p, n.a1[j], n.phi1[j], 1, GREEN),
    ):  # fmt: skip
        waved(ax, k * step * x % q / q, values - values.mean(), a, phi, colour)
        ax.set(xlabel=f"angle of $x_{digit}$ (turns)", title=f"reads of $x_{digit}$")
    axes[0, 0].set_ylabel("before the ReLU")
    first, second = (np.argsort(k * step * np.arange(q) % q) for step in (1, p))  # digits 0 to q - 1 have every angle once
    ax = axes[1, 0]
    image = ax.imshow(np.maximum(grid[second][:, first], 0), cmap=GLOW, origin="lower", extent=(0, 1, 0, 1))
    ax.set(xlabel="angle of $x_0$ (turns)", ylabel="angle of $x_1$", title="fires", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    figure.colorbar(image, ax=ax).outline.set_edgecolor(GREY)
    end = int(np.cumsum(run.dataset.widths)[run.dataset.widths.index(q)])
    writes = np.asarray(neuron_logit_map(run.model), np.float64)[j, end - q : end]
    waved(axes[1, 1], k * np.arange(q) % q / q, writes, n.b[j], n.psi[j], PRIME)
    axes[1, 1].set(xlabel=f"angle of the class of $n$ mod {q} (turns)", ylabel="logit a unit", title="writes")
    figure.suptitle(f"neuron {j}, of the wave {k}/{q}", fontsize="medium", color=GREY)
    return figure


@styled
def fig_order(runs: dict[str, Sequence[Run]], *, target: Target = "paper") -> Figure:
    """The step at which each task reaches 99% on held-out rows, over q; all seeds and their median."""
    figure, axes = new_figure(target, height=2.2, columns=len(runs), sharey=True)
    for ax, (name, seeds) in zip(axes[0], runs.items(), strict=True):
        q, p = np.asarray(seeds[0].dataset.widths), seeds[0].config.p
        steps = np.stack([first_steps(run) for run in seeds])
        for row in steps:
            ax.plot(q, row, ".", color=BLUE, alpha=0.35)
        ax.plot(q, np.nanmedian(steps, axis=0), color=GREY, linewidth=0.8)
        easy = (p % q == 1) | (p % q == q - 1)
        ax.plot(q[easy], np.nanmedian(steps, axis=0)[easy], "o", color=PRIME)
        ax.set(title=name, xlabel="prime q", ylim=(0, None))
        for one in q[easy][:4]:
            name_beside(ax, one, np.nanmedian(steps, axis=0)[q == one][0], str(one), PRIME, shift=(0, 7), ha="center", fontsize="small")
    axes[0, 0].set_ylabel("step to 99% held out")
    axes[0, 0].text(0.03, 0.97, f"● {p} = ±1 mod q", color=PRIME, transform=axes[0, 0].transAxes, va="top")
    return figure


@styled
def fig_margins(by_name: dict[str, np.ndarray], *, target: Target = "paper") -> Figure:
    """The distribution of margins over all cells, given at quantiles; each network's in units of its own median. A construction is drawn
    once if its networks, `<construction>, <block>`, agree to a thousandth, and else once for each."""
    figure, axes = new_figure(target, height=2.2)
    ax, colours = axes[0, 0], {}
    drawn: list[tuple[str, np.ndarray]] = []
    for name, m in by_name.items():
        x, (kind, block) = np.maximum(m / np.median(m), 1e-8), name.split(", ")
        if any(kind == other and np.allclose(x, y, atol=1e-3) for other, y in drawn):
            continue
        colour = colours.setdefault(kind, (BLUE, PRIME)[len(colours) % 2])
        repeated = any(kind == other for other, _ in drawn)
        drawn.append((kind, x))
        share = np.arange(1, len(x) + 1) / len(x)
        ax.plot(x, share, "--" if repeated else "-", color=colour)
        at = int(0.3 * len(x))
        name_beside(ax, x[at], share[at], f"{kind} network{f', {block}' if repeated else ''}", colour, right=x[at] > 0.5)
    least = min(x[0] for _, x in drawn)
    ax.set(
        xscale="log", xlabel="margin, in units of the network's median", ylabel="share of cells below", xlim=(least / 2, 20), ylim=(0, 1.02)
    )
    return figure


@styled
def fig_spike(course: Arrays, *, target: Target = "paper") -> Figure:
    """Active frequencies over training by three rules (columns) in two bases (rows); all seeds, with the step of 99% held out marked."""
    figure, axes = new_figure(target, height=3.2, rows=2, columns=3, sharex=True)
    rules = (("text", "mean + 2 sd, each step"), ("code", "mean + 1 sd, rescaled"), ("share", "share above noise"))
    for row, basis in zip(axes, BASES, strict=True):
        for ax, (rule, title) in zip(row, rules, strict=True):
            for steps, counts, accuracy in zip(course["step"], course[f"{basis}_{rule}"], course["valid_accuracy"], strict=True):
                ax.plot(steps, counts, color=BLUE, alpha=0.6, linewidth=0.9)
                reached = np.flatnonzero(accuracy >= 0.99)
                if len(reached):
                    ax.axvline(steps[reached[0]], color=PRIME, linewidth=0.6, linestyle=":")
            ax.set(ylim=(0, None))
            if basis == BASES[0]:
                ax.set_title(title)
        row[0].set_ylabel(f"active, {basis}")
    for ax in axes[-1]:
        ax.set_xlabel("step")
    return figure
