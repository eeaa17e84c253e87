"""Figures of the data and of training: accuracy by task, the primes, the decades, spectra, attention."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from ..lens.fourier import noise_ceiling, power_by_frequency
from ..lens.interventions import run_with_cache
from ..network.runs import Run
from ..network.tasks.primality import DECADE_ENDINGS, decade_numbers
from ..numbers.integers import primes_below, sieve
from ..studies.addition import key_frequencies
from .style import BLUE, COMPOSITE, GREEN, GREY, PRIME, Target, new_figure, styled


def task_colours(n: int) -> np.ndarray:
    """One colour a task, along the middle of viridis: (n, 4)."""
    return plt.get_cmap("viridis")(np.linspace(0.1, 0.85, max(n, 2)))[:n]


@styled
def fig_learning(run: Run, *, target: Target = "paper") -> Figure:
    """Training and held-out accuracy of every task over steps, coloured by task."""
    figure, axes = new_figure(target, height=2.4, columns=2, sharey=True)
    names, steps = run.dataset.task_names, run.metrics["step"]
    colours = task_colours(len(names))
    for ax, split, title in zip(axes[0], ("train", "valid"), ("training rows", "held-out rows"), strict=True):
        for t, colour in enumerate(colours):
            ax.plot(steps, run.metrics[f"{split}_accuracy"][:, t], color=colour, linewidth=1)
        ax.set(title=title, xlabel="step", ylim=(0, 1.02))
    axes[0, 0].set_ylabel("accuracy")
    if len(names) > 1:
        scale = ScalarMappable(cmap=ListedColormap(colours))
        scale.set_clim(-0.5, len(names) - 0.5)
        shown = np.unique(np.linspace(0, len(names) - 1, min(6, len(names))).round().astype(int))
        bar = figure.colorbar(scale, ax=axes[0].tolist(), label="task", ticks=shown)
        bar.ax.set_yticklabels([names[i] for i in shown])
        bar.outline.set_edgecolor(GREY)
    return figure


@styled
def fig_primes_polar(limit: int, *, target: Target = "paper") -> Figure:
    """The primes below `limit` at radius n and angle n radians."""
    figure, axes = new_figure(target, height=4.0, subplot_kw={"projection": "polar"})
    ax = axes[0, 0]
    n = primes_below(limit)
    ax.scatter(n, n, s=260 / np.sqrt(limit), color=PRIME, linewidths=0)
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
        ax.bar(np.arange(n_ctx), middle, color="#0072B2", width=0.6)
        ax.vlines(np.arange(n_ctx), low, high, color=PRIME, linewidth=1.5)
        ax.axhline(1 / n_ctx, color=GREY, linewidth=0.8, linestyle=":")
        ax.set(title=f"head {head}", xticks=np.arange(n_ctx), ylim=(0, 1))
        ax.set_xticklabels(names)
    axes[0, 0].set_ylabel("attention from '='")
    return figure
