"""Figures of modular addition: the course of training, the neurons, the logits, what ablation costs, clock or pizza."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from ..lens.progress import phases
from ..network.model import predict
from ..network.runs import Run
from ..studies.addition import LABELLED, cosine_cube
from ..studies.arrays import Arrays
from .style import AMBER, BLUE, GREEN, GREY, PINK, PRIME, SIGNED, Target, new_figure, styled


def _turns(course: Arrays, seed: int) -> dict[str, float]:
    return phases(course["step"][seed], course["loss_valid"][seed], course["excluded_train"][seed])


def _shade(ax, turns: dict[str, float], end: float) -> None:
    """Bands for the phases, named along the top."""
    edges = [0.0, turns["memorisation"], turns["formation"], turns["clean_up"], end]
    names = ("memorise", "form", "clean up", "")
    for k, (a, b, name) in enumerate(zip(edges, edges[1:], names, strict=False)):
        if b == b and a == a:
            ax.axvspan(a, b, color=GREY, alpha=(0.16, 0.04, 0.16, 0.0)[k], linewidth=0)
            ax.annotate(
                name, ((a + b) / 2, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize="small", color=GREY
            )


@styled
def fig_course(course: Arrays, *, seed: int = 0, target: Target = "paper") -> Figure:
    """Loss, restricted and excluded loss over training with the three phases; the other seeds faint behind."""
    figure, axes = new_figure(target, height=2.9)
    ax = axes[0, 0]
    curves = (
        ("loss_train", "training loss", BLUE, "-"), ("loss_valid", "held-out loss", PRIME, "-"),
        ("restricted_all", "restricted loss, all pairs", GREEN, "--"), ("excluded_train", "excluded loss, training pairs", PINK, "--"),
    )  # fmt: skip
    for name, label, colour, line in curves:
        for other in range(len(course["step"])):
            if other != seed:
                ax.plot(course["step"][other], course[name][other], line, color=colour, alpha=0.18, linewidth=0.7)
        ax.plot(course["step"][seed], course[name][seed], line, color=colour, label=label)
    _shade(ax, _turns(course, seed), course["step"][seed][-1])
    ax.set(yscale="log", xlabel="step", ylabel="loss (nats)", xlim=(0, course["step"][seed][-1]))
    ax.legend(loc="center right")
    return figure


@styled
def fig_measures(course: Arrays, *, seed: int = 0, target: Target = "paper") -> Figure:
    """Gini coefficients of the Fourier norms, sum of squared weights, and active frequencies over training."""
    figure, axes = new_figure(target, height=2.2, columns=3)
    panels = (
        ("Gini of Fourier norms", (("gini_W_E", "$W_E$", BLUE), ("gini_W_L", "$W_L$", PRIME))),
        ("sum of squared weights", (("sum_squares", "", BLUE),)),
        ("active frequencies of $W_E$", (("active", "above noise, 99%", BLUE), ("active_lineage", "mean + 2 sd", PRIME))),
    )
    for ax, (title, curves) in zip(axes[0], panels, strict=True):
        for name, label, colour in curves:
            for other in range(len(course["step"])):
                ax.plot(course["step"][other], course[name][other], color=colour, alpha=0.2, linewidth=0.7)
            ax.plot(course["step"][seed], course[name][seed], color=colour, label=label or None)
        ax.set(title=title, xlabel="step", ylim=(0, None))
        for step in _turns(course, seed).values():
            ax.axvline(step, color=GREY, linewidth=0.6, linestyle=":")
        if len(curves) > 1:
            ax.legend()
    return figure


@styled
def fig_neurons(analysis: Arrays, *, seed: int = 0, target: Target = "paper") -> Figure:
    """Each neuron's variance explained by its best frequency, by kind; and how many serve each key frequency."""
    figure, axes = new_figure(target, height=2.4, columns=2)
    fve, linear, mixed, dead = (analysis[f"neuron_{name}"][seed] for name in ("fve_degree_two", "linear", "mixed", "dead"))
    labelled = (fve >= LABELLED) & ~dead
    rest = ~labelled & ~linear & ~mixed & ~dead
    bins = np.linspace(0, 1, 41).tolist()
    kinds = ((labelled, "labelled", BLUE), (linear, "linear, always on", AMBER), (mixed, "mixed", GREEN), (rest, "unexplained", PRIME))
    axes[0, 0].hist([fve[kind] for kind, _, _ in kinds], bins=bins, stacked=True, color=[c for _, _, c in kinds],
                    label=[f"{name}: {int(kind.sum())}" for kind, name, _ in kinds])  # fmt: skip
    axes[0, 0].axvline(LABELLED, color=GREY, linewidth=0.8, linestyle="--")
    axes[0, 0].set(xlabel="variance explained by one frequency", ylabel="neurons")
    axes[0, 0].legend()
    found = np.unique(analysis["neuron_frequency"][seed][~dead])
    bottom = np.zeros(len(found))
    for kind, _, colour in kinds:
        counts = np.asarray([(kind & (analysis["neuron_frequency"][seed] == k)).sum() for k in found])
        axes[0, 1].bar(np.arange(len(found)), counts, bottom=bottom, color=colour, width=0.6)
        bottom += counts
    shown = np.arange(len(found)) if len(found) <= 12 else np.arange(0, len(found), 5)
    axes[0, 1].set_xticks(shown, [str(found[i]) for i in shown])
    axes[0, 1].set(xlabel="best frequency k", ylabel="neurons")
    axes[0, 1].set_ylim(0, 1.08 * bottom.max())
    return figure


@styled
def fig_cosine_cube(run: Run, key: np.ndarray, *, target: Target = "paper") -> Figure:
    """The logit of one class over all pairs, the sum of cosines that stands for it, and what is left."""
    p = run.config.p
    logits = np.asarray(predict(run.model, np.asarray(run.dataset.tokens)), dtype=np.float64)  # pyright: ignore[reportArgumentType]
    cube = cosine_cube(logits, p, key)[1]
    centred = logits - logits.mean()
    figure, axes = new_figure(target, height=2.3, columns=3, sharey=True)
    limit = np.abs(centred[:, 0]).max()
    panels = ((centred, "logit of class 0"), (cube, "sum of cosines"), (centred - cube, "residual"))
    scale = ScalarMappable(Normalize(-limit, limit), SIGNED)
    for ax, (values, title) in zip(axes[0], panels, strict=True):
        ax.imshow(values[:, 0].reshape(p, p), cmap=scale.cmap, norm=scale.norm, origin="lower")
        ax.set(title=title, xlabel="$x_0$")
    axes[0, 0].set_ylabel("$x_1$")
    bar = figure.colorbar(scale, ax=axes[0].tolist(), shrink=0.8)
    bar.outline.set_edgecolor(GREY)
    return figure


@styled
def fig_removal(analysis: Arrays, *, seed: int = 0, target: Target = "paper") -> Figure:
    """The loss with one frequency removed from the logits, for every frequency of Z/p, on a log axis."""
    figure, axes = new_figure(target, height=2.0)
    ax, removed, key = axes[0, 0], analysis["removed"][seed], analysis["key"][seed]
    k = np.arange(1, len(removed) + 1)
    ax.bar(k, removed, color=[PRIME if i in key else BLUE for i in k], width=0.8)
    ax.axhline(float(analysis["loss"][seed]), color=GREY, linewidth=0.8, linestyle="--")
    ax.set(yscale="log", xlabel="frequency k removed from the logits", ylabel="loss (nats)")
    return figure


@styled
def fig_optimisers(outcome: Arrays, names: tuple[str, ...], *, target: Target = "paper") -> Figure:
    """Steps and seconds until 99% of the held-out rows are right, a dot for each seed that got there."""
    figure, axes = new_figure(target, height=1.7, columns=2, sharey=True)
    reached = outcome["steps_to_generalise"] >= 0
    for ax, field, label in zip(axes[0], ("steps_to_generalise", "seconds_to_generalise"), ("steps", "seconds"), strict=True):
        for i, values in enumerate(outcome[field]):
            ax.plot(values[reached[i]], np.full(reached[i].sum(), i), "o", color=BLUE, alpha=0.7)
            if reached[i].all():
                ax.plot(np.median(values), i, "|", color=PRIME, markersize=12)
        least, most = outcome[field][reached].min(), outcome[field][reached].max()
        ticks = [m * 10**e for e in range(6) for m in (1, 2, 5) if least / 1.3 < m * 10**e < 1.3 * most]
        ax.set(xscale="log", xlabel=f"{label} to 99% held out")
        ax.set_xticks(ticks, [f"{t:,}" for t in ticks])
        ax.xaxis.set_minor_formatter(NullFormatter())
    seeds = reached.shape[1]
    axes[0, 0].set_yticks(
        np.arange(len(names)), [f"{name}\n{int(r.sum())} of {seeds} seeds" for name, r in zip(names, reached, strict=True)]
    )
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
    return figure


@styled
def fig_clock_pizza(groups: dict[str, Arrays], *, target: Target = "paper") -> Figure:
    """Gradient symmetricity against distance irrelevance, a dot for each network, beside the published clocks and pizzas."""
    figure, axes = new_figure(target, height=2.6)
    ax = axes[0, 0]
    for (name, arrays), marker in zip(groups.items(), "osD^", strict=False):
        ax.plot(arrays["gradient_symmetricity"], arrays["distance_irrelevance"], marker, label=name, linestyle="none", markersize=5)
    for x, y, name in ((0.3336, 0.85, "clock (Zhong et al.)"), (0.9937, 0.17, "pizza (Zhong et al.)")):
        ax.plot(x, y, "*", color=GREY, markersize=9)
        ax.annotate(name, (x, y), textcoords="offset points", xytext=(-6 if x > 0.5 else 6, 6), ha="right" if x > 0.5 else "left")
    ax.set(xlabel="gradient symmetricity", ylabel="distance irrelevance", xlim=(None, 1.1), ylim=(0, 1.1))
    ax.legend(loc="lower left")
    return figure
