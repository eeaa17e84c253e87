"""Figures of the residue networks: bases, dissociation, one neuron, phases, order of learning, margins."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from ..lens.interventions import neuron_logit_map, run_with_cache
from ..network.runs import Run
from ..numbers.integers import primes_below
from ..results.evidence import neurons_of
from ..studies.arrays import Arrays
from ..studies.order import first_steps
from ..studies.spike import BASES
from .style import BLUE, GREEN, GREY, PRIME, Target, new_figure, styled

ABLATION = {"ablated": "its neurons mean-ablated", "ablated_random": "as many random neurons"}
REMOVAL = {"removed": "its functions removed", "kept": "nothing else kept"}


@styled
def fig_bases(analyses: dict[str, Arrays], *, target: Target = "paper") -> Figure:
    """How much of each pre-activation one family explains: rational, any pair of Z/p, random. All seeds; one panel a block."""
    figure, axes = new_figure(target, height=2.2, columns=len(analyses), sharey=True)
    curves = (("rational", "rational k/q", BLUE, "-"), ("zp", "best pair of Z/p", PRIME, "--"), ("random", "random", GREY, ":"))
    for ax, (name, a) in zip(axes[0], analyses.items(), strict=True):
        for field, label, colour, line in curves:
            x = np.sort(a[field].ravel())
            ax.plot(x, np.arange(1, len(x) + 1) / len(x), line, color=colour, label=label)
        ax.set(title=name, xlabel="variance explained by one family", xlim=(0.3, 1))
    axes[0, 0].set_ylabel("share of neurons below")
    axes[0, 0].legend(loc="upper left")
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
def fig_divisors(counts: dict[str, np.ndarray], p: int, *, target: Target = "paper") -> Figure:
    """Least prime factor (row) by the least divisor that the network's residues give (column): counts (seeds, T + 1, T + 1), summed."""
    figure, axes = new_figure(target, height=2.9, columns=len(counts), sharey=True)
    names = [*(str(q) for q in primes_below(p)), "prime"]
    shown = [*range(0, len(names) - 2, 4), len(names) - 1]
    scale = ScalarMappable(LogNorm(1, max(c.sum(axis=0).max() for c in counts.values())), "viridis")
    for ax, (name, c) in zip(axes[0], counts.items(), strict=True):
        total = c.sum(axis=0)
        ax.imshow(np.where(total > 0, total, np.nan), cmap=scale.cmap, norm=scale.norm)
        ax.set(title=name, xlabel="least divisor by the network", xticks=shown, yticks=shown)
        ax.set_xticklabels([names[i] for i in shown], rotation=90)
        ax.set_yticklabels([names[i] for i in shown])
    axes[0, 0].set_ylabel("least prime factor")
    bar = figure.colorbar(scale, ax=axes[0].tolist(), shrink=0.85, label="n, all seeds")
    bar.outline.set_edgecolor(GREY)
    return figure


@styled
def fig_neuron(run: Run, neuron: int | None = None, *, target: Target = "paper") -> Figure:
    """One neuron: what it reads of each digit with the wave that stands for it, its activation, and what it writes to its own task.

    By default the neuron whose two waves are cleanest among those of frequency below 1/4 on both digits.
    """
    n, p = neurons_of(run.config.run, run.config.seed), run.config.p
    _, cache = run_with_cache(run.model, jnp.asarray(run.dataset.tokens))
    pre = np.asarray(cache["blocks.0.mlp.hook_pre"][:, -1], np.float64)
    turns = np.stack([n.k / n.q, np.abs((n.k * p / n.q + 0.5) % 1 - 0.5)])
    if neuron is None:
        slow = (turns < 0.12).all(axis=0) & (turns > 0.02).all(axis=0) & (n.q > 5)
        neuron = int(np.argmax(np.where(slow if slow.any() else True, n.b * n.a0, -1)))
    j, q, k = neuron, int(n.q[neuron]), int(n.k[neuron])
    grid, x = pre[:, j].reshape(p, p), np.arange(p)
    fine = np.linspace(0, p - 1, 2000)
    figure, axes = new_figure(target, height=3.6, rows=2, columns=2)
    for ax, values, turn, a, phi, digit in (
        (axes[0, 0], grid.mean(axis=0), k / q, n.a0[j], n.phi0[j], "x_0"),
        (axes[0, 1], grid.mean(axis=1), ((k * p / q + 0.5) % 1) - 0.5, n.a1[j], n.phi1[j], "x_1"),
    ):
        values = values - values.mean()
        ax.plot(fine, a * np.cos(2 * np.pi * turn * fine - phi), color=GREY, linewidth=0.8)
        ax.plot(x, values, ".", color=BLUE)
        ax.set(xlabel=f"${digit}$", title=f"before the ReLU, {abs(turn):.3f} turns a step")
    image = axes[1, 0].imshow(np.maximum(grid, 0), cmap="viridis", origin="lower")
    axes[1, 0].set(xlabel="$x_0$", ylabel="$x_1$", title=f"activation, neuron {j} (q = {q}, k = {k})")
    figure.colorbar(image, ax=axes[1, 0]).outline.set_edgecolor(GREY)
    end = int(np.cumsum(run.dataset.widths)[run.dataset.widths.index(q)])
    writes = np.asarray(neuron_logit_map(run.model), np.float64)[j, end - q : end]
    c = np.linspace(0, q - 1, 2000)
    axes[1, 1].plot(c, writes.mean() + n.b[j] * np.cos(2 * np.pi * k * c / q - n.psi[j]), color=GREY, linewidth=0.8)
    axes[1, 1].plot(np.arange(q), writes, ".", color=PRIME)
    axes[1, 1].set(xlabel=f"class of task q = {q}", title="what it writes")
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
        ax.plot(q[easy], np.nanmedian(steps, axis=0)[easy], "o", color=PRIME, label=f"{p} = ±1 mod q")
        ax.set(title=name, xlabel="prime q", ylim=(0, None))
    axes[0, 0].set_ylabel("step to 99% held out")
    axes[0, 0].legend()
    return figure


@styled
def fig_margins(by_name: dict[str, np.ndarray], *, target: Target = "paper") -> Figure:
    """The distribution of margins over all cells, given at quantiles; each network's in units of its own median."""
    figure, axes = new_figure(target, height=2.4)
    for (name, m), colour in zip(by_name.items(), (BLUE, PRIME, GREEN, GREY), strict=False):
        x = m / np.median(m)
        axes[0, 0].plot(np.maximum(x, 1e-8), np.arange(1, len(x) + 1) / len(x), color=colour, label=name)
    axes[0, 0].set(xscale="log", xlabel="margin, in units of the network's median", ylabel="share of cells below", xlim=(1e-7, 10))
    axes[0, 0].legend()
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
