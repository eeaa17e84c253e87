"""Every figure of the paper, the deck and the gallery: a function from a result to a matplotlib Figure.

    fig = fig_learning(load_run("paper"), target="slide")

`target` decides the size alone: "paper" is a column of the page, "slide" a 16:9 slide. `GALLERY` names each figure with the
call that makes it, its caption and its alternative text; `save_gallery` writes them all to figures/ as SVG and PDF.
"""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Literal, NamedTuple

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from src.checkpoint import ROOT, Run, load_run
from src.fourier import noise_ceiling, power_by_frequency
from src.integers import primes_below, sieve
from src.interventions import run_with_cache
from src.tasks import DECADE_ENDINGS, decade_numbers

Target = Literal["paper", "slide"]
WIDTH = {"paper": 6.3, "slide": 9.0}  # inches
GREY = "#767676"
PRIME, COMPOSITE = "#D55E00", "#76767640"


def styled(make: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw in the project's style, with type scaled to the target; raises `ValueError` on an unknown target."""

    @wraps(make)
    def draw(*args, target: Target = "paper", **kwargs) -> Figure:
        if target not in WIDTH:
            raise ValueError(f"target={target!r}: must be one of {', '.join(WIDTH)}")
        with plt.style.context(ROOT / "figures" / "miiii.mplstyle"):
            for key in ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"):
                plt.rcParams[key] *= WIDTH[target] / WIDTH["paper"]
            figure = make(*args, target=target, **kwargs)
            figure.draw_without_rendering()  # lays the figure out while the style is in force
        plt.close(figure)  # so that a notebook shows it once, as the cell's value
        return figure

    return draw


def _figure(target: Target, *, height: float, rows: int = 1, columns: int = 1, **kwargs) -> tuple[Figure, np.ndarray]:
    """A figure and its axes (rows, columns); `height` in inches is for the paper's width."""
    size = (WIDTH[target], height * WIDTH[target] / WIDTH["paper"])
    return plt.subplots(rows, columns, figsize=size, squeeze=False, **kwargs)


def task_colours(n: int) -> np.ndarray:
    """One colour a task, along the middle of viridis: (n, 4)."""
    return plt.get_cmap("viridis")(np.linspace(0.1, 0.85, max(n, 2)))[:n]


@styled
def fig_learning(run: Run, *, target: Target = "paper") -> Figure:
    """Training and held-out accuracy of every task over steps, coloured by task."""
    figure, axes = _figure(target, height=2.4, columns=2, sharey=True)
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
    figure, axes = _figure(target, height=4.0, subplot_kw={"projection": "polar"})
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
    figure, axes = _figure(target, height=2.9)
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
    """Share of the variance of W_E at each frequency of Z/p, beside the 99% ceiling of noise."""
    figure, axes = _figure(target, height=1.5 * len(runs) + 0.4, rows=len(runs))
    for ax, run in zip(axes[:, 0], runs, strict=True):
        p = run.config.p
        W_E = np.asarray(run.model.W_E)[:p]
        share = power_by_frequency(W_E)
        ax.bar(np.arange(1, len(share) + 1), share, color="#0072B2", width=0.8)
        ax.axhline(noise_ceiling(p, W_E.shape[1]), color=PRIME, linewidth=1, linestyle="--", label="noise, 99%")
        ax.set(ylabel="share of variance", title=f"{run.config.run}: {run.config.task}, p = {p}")
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
    figure, axes = _figure(target, height=2.2, columns=run.config.n_heads, sharey=True)
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


class Entry(NamedTuple):
    """One figure of the gallery."""

    make: Callable[[Target], Figure]
    call: str  # the call that makes it, for a reader to run
    caption: str
    alt: str


GALLERY: dict[str, Entry] = {
    "learning": Entry(
        lambda target: fig_learning(load_run("paper"), target=target),
        'fig_learning(load_run("paper"))',
        "Accuracy of the 29 residue tasks over training, simplified block, p = 113.",
        "Two panels of accuracy against training step, one curve for each of the 29 moduli. On training rows all curves rise "
        "to one; on held-out rows small moduli follow first and large moduli later.",
    ),
    "learning-standard": Entry(
        lambda target: fig_learning(load_run("paper-standard"), target=target),
        'fig_learning(load_run("paper-standard"))',
        "The same in the standard transformer block.",
        "Two panels of accuracy against training step for the standard block, one curve for each of the 29 moduli.",
    ),
    "primes-polar": Entry(
        lambda target: fig_primes_polar(113**2, target=target),
        "fig_primes_polar(113**2)",
        "The primes below 113² at radius n and angle n radians.",
        "Dots on spiral arms around an empty centre. Whole arms are missing: they are the residue classes that small divisors empty.",
    ),
    "decades": Entry(
        lambda target: fig_decades(target=target),
        "fig_decades()",
        "The talk's Table 1 as a picture: 900 decades, four last digits, primes filled.",
        "A grid of nine bands, one for each thousand, with four rows each for the last digits 1, 3, 7 and 9 and a hundred columns "
        "for the decades. Filled cells are primes; they thin out slowly towards 9999.",
    ),
    "spectrum": Entry(
        lambda target: fig_spectrum([load_run("addition"), load_run("paper")], target=target),
        'fig_spectrum([load_run("addition"), load_run("paper")])',
        "Share of the variance of W_E at each frequency over Z/113, for addition and for the residue tasks.",
        "Two bar charts over frequencies 1 to 56. For modular addition a few frequencies stand far above the noise line; for the "
        "residue tasks the power is spread.",
    ),
    "attention": Entry(
        lambda target: fig_attention(load_run("paper"), target=target),
        'fig_attention(load_run("paper"))',
        "What '=' attends to in the simplified block, over all 12,769 inputs.",
        "One panel for each head with three bars: the attention that the last position pays to the low digit, the high digit and itself.",
    ),
    "attention-standard": Entry(
        lambda target: fig_attention(load_run("paper-standard"), target=target),
        'fig_attention(load_run("paper-standard"))',
        "The same in the standard block.",
        "One panel for each head with three bars: the attention that the last position pays to the low digit, the high digit and itself.",
    ),
}  # fmt: skip


def save_gallery(folder: Path = ROOT / "figures") -> list[str]:
    """Write every figure of the gallery to `folder` as <name>.svg and <name>.pdf, byte for byte the same each time; returns the names."""
    with plt.rc_context({"svg.hashsalt": "miiii", "svg.fonttype": "path"}):
        for name, entry in GALLERY.items():
            figure = entry.make("paper")
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
            figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None, "ModDate": None})
    return list(GALLERY)
