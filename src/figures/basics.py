"""Figures of the data and of training: accuracy by task, the primes, the decades, spectra, attention."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from ..lens.fourier import noise_ceiling, power_by_frequency
from ..lens.interventions import run_with_cache
from ..network.runs import Run
from ..network.tasks.primality import DECADE_ENDINGS, decade_numbers
from ..numbers.integers import primes_below, sieve
from ..studies.addition import key_frequencies
from .style import BLUE, COMPOSITE, GREEN, GREY, PRIME, Target, new_figure, spread, styled


def task_colours(n: int) -> np.ndarray:
    """One colour a task, along the middle of viridis: (n, 4)."""
    return plt.get_cmap("viridis")(np.linspace(0.1, 0.85, max(n, 2)))[:n]


@styled
def fig_learning(run: Run, *, target: Target = "paper") -> Figure:
    """Training and held-out accuracy of every task over steps, coloured by task from the first (dark) to the last (light). Some held-out
    curves have their task's name above them, in the order in which they rise. The steps in which nothing moves any more are cut off."""
    figure, axes = new_figure(target, height=2.7, columns=2, sharey=True, width_ratios=[1, 1.6])
    names, steps, held_out = run.dataset.task_names, run.metrics["step"], run.metrics["valid_accuracy"]
    colours = task_colours(len(names))
    rising = np.flatnonzero((held_out < 0.97).any(axis=1))
    end = min(1.25 * steps[rising[-1]] + 1, steps[-1]) if len(rising) else steps[-1]
    for ax, split, title in zip(axes[0], ("train", "valid"), ("training rows", "held-out rows"), strict=True):
        for t, colour in enumerate(colours):
            ax.plot(steps, run.metrics[f"{split}_accuracy"][:, t], color=colour, linewidth=1)
        ax.set(xlabel="step", ylim=(0, 1.02), xlim=(0, end))
        ax.text(0.98, 0.06, title, transform=ax.transAxes, ha="right")
    axes[0, 0].set_ylabel("accuracy")
    if len(names) > 1:
        _name_curves(axes[0, 1], steps, held_out, [name.removeprefix("q=") for name in names], colours)
        axes[0, 1].annotate("q =" if names[0].startswith("q=") else "", (0, 1.09), xycoords="axes fraction", xytext=(-3, 0),
                            textcoords="offset points", ha="right", va="center", fontsize="small")  # fmt: skip
    return figure


def _name_curves(ax: Axes, steps: np.ndarray, accuracy: np.ndarray, names: list[str], colours: np.ndarray, level: float = 0.9) -> None:
    """Names above the curves accuracy (C, T) of the first and the last task to reach the level, and of some between."""
    at = np.asarray([np.interp(level, np.maximum.accumulate(y), steps) for y in accuracy.T])
    order = np.argsort(at, kind="stable")
    chosen = order[np.unique(np.linspace(0, len(order) - 1, min(9, len(order))).round().astype(int))]
    for t, x in zip(chosen, spread(at[chosen], 0.06 * ax.get_xlim()[1]), strict=True):
        ax.annotate(
            names[t], (at[t], level), (x, 1.09), textcoords=("data", "axes fraction"), ha="center", va="center",
            fontsize="small", arrowprops=dict(arrowstyle="-", color=colours[t], linewidth=0.6, shrinkA=0, shrinkB=0), annotation_clip=False,
        )  # fmt: skip


SPIRAL = 44  # 44 radians are nearly seven turns, so that numbers of one residue modulo 44 lie on one arm


@styled
def fig_primes_polar(limit: int, *, target: Target = "paper") -> Figure:
    """The primes below `limit` at radius n and angle n radians, those of one residue modulo 44 in orange. Dotted: an arm without primes."""
    figure, axes = new_figure(target, height=4.0, subplot_kw={"projection": "polar"})
    ax, n = axes[0, 0], primes_below(limit)
    arm = n % SPIRAL == 1
    size = 260 / np.sqrt(limit)
    ax.scatter(n[~arm], n[~arm], s=size, color=BLUE, linewidths=0, rasterized=True)
    ax.scatter(n[arm], n[arm], s=3 * size, color=PRIME, linewidths=0)
    empty = np.arange(33, limit, SPIRAL)
    ax.plot(empty, empty, ".", color=GREY, markersize=1)
    for r, text, colour in ((n[arm][-1], "1 mod 44", PRIME), (empty[-1], "33 mod 44: divisible by 11", GREY)):
        ax.annotate(text, (r, r), color=colour, xytext=(6, 0), textcoords="offset points", va="center", annotation_clip=False)
    ax.set(xticks=[], yticks=[], ylim=(0, limit))
    ax.spines["polar"].set_visible(False)
    ax.grid(False)
    return figure


@styled
def fig_decades(*, target: Target = "paper") -> Figure:
    """The talk's Table 1 as a picture: each cell a number, filled where it is prime."""
    figure, axes = new_figure(target, height=2.9)
    ax = axes[0, 0]
    prime = sieve(10_000)[decade_numbers()].reshape(9, 100, 4).transpose(0, 2, 1).reshape(36, 100)
    ax.imshow(prime, cmap=ListedColormap([COMPOSITE, PRIME]), aspect="auto")
    ax.set_yticks(np.arange(9) * 4 + 1.5, [f"{k}xxx" for k in range(1, 10)])
    ax.set_yticks(np.arange(1, 9) * 4 - 0.5, minor=True)
    ax.grid(axis="y", which="minor", color=GREY, linewidth=0.6)
    ax.tick_params(axis="y", which="both", length=0)
    ax.set_xticks([0, 25, 50, 75, 99], ["x00_", "x25_", "x50_", "x75_", "x99_"])
    ax.set(xlabel="decade", ylabel=f"thousand, last digit {', '.join(map(str, DECADE_ENDINGS))}")
    return figure


@styled
def fig_spectrum(runs: list[Run], *, target: Target = "paper") -> Figure:
    """Share of the variance of W_E at each frequency of Z/p, beside the 99% ceiling of noise; key frequencies of addition in green."""
    figure, axes = new_figure(target, height=1.5 * len(runs) + 0.4, rows=len(runs))
    for ax, run in zip(axes[:, 0], runs, strict=True):
        p = run.config.p
        W_E = np.asarray(run.model.W_E)[:p]
        share = power_by_frequency(W_E)
        ax.bar(np.arange(1, len(share) + 1), share, color=BLUE, width=0.8)
        if run.config.task == "addition":
            key = key_frequencies(run)
            ax.bar(key, share[key - 1], color=GREEN, width=0.8, label="key frequencies")
        ax.axhline(noise_ceiling(p, W_E.shape[1]), color=PRIME, linewidth=1, linestyle="--", label="noise, 99%")
        ax.set(ylabel="share of variance", title=f"{run.config.run}, p = {p}")
    axes[0, 0].legend()
    axes[-1, 0].set_xlabel("frequency k of cos, sin(2πkx/p)")
    return figure


def attention_from_readout(run: Run) -> np.ndarray:
    """Attention of the last position in the last block, over all examples: (N, n_heads, n_ctx), rows summing to 1."""
    _, cache = run_with_cache(run.model, jnp.asarray(run.dataset.tokens))
    return np.asarray(cache[f"blocks.{run.config.n_layers - 1}.attn.hook_pattern"])[:, :, -1]


@styled
def fig_attention(run: Run, *, target: Target = "paper") -> Figure:
    """What '=' attends to: for each head, the softmax weight of each position over all examples (line: 5th to 95th percentile)."""
    figure, axes = new_figure(target, height=2.2, columns=run.config.n_heads, sharey=True)
    pattern = attention_from_readout(run)
    n_ctx = pattern.shape[-1]
    names = [f"$x_{{{i}}}$" for i in range(n_ctx - 1)] + ["="]
    for head, ax in enumerate(axes[0]):
        low, middle, high = np.quantile(pattern[:, head], [0.05, 0.5, 0.95], axis=0)
        ax.bar(np.arange(n_ctx), middle, color=BLUE, width=0.6)
        ax.vlines(np.arange(n_ctx), low, high, color=PRIME, linewidth=1.5)
        ax.axhline(1 / n_ctx, color=GREY, linewidth=0.8, linestyle=":")
        ax.set(title=f"head {head}", xticks=np.arange(n_ctx), ylim=(0, 1))
        ax.set_xticklabels(names)
    axes[0, 0].set_ylabel("attention from '='")
    return figure
