"""Figures of circuits: a graph with its circuit, curves, overlaps between tasks, methods against known circuits."""

from collections.abc import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from ..circuits.faithfulness import GRID, jaccard
from ..circuits.graph import ABLATIONS, Edge
from ..numbers.integers import primes_below
from ..studies.arrays import Arrays
from ..studies.circuits import RANKINGS
from .style import BLUE, GREEN, GREY, INK, PRIME, Target, name_beside, new_figure, styled

PORTS = {"in": BLUE, "v": BLUE, "k": GREEN, "q": PRIME}
MANY = 12  # nodes in a column, beyond which those that are not used stand together


def _layers(edges: Sequence[Edge]) -> dict[str, int]:
    """Nodes in order of appearance by the length of the longest path that leads to them."""
    depth: dict[str, int] = {}
    for edge in sorted(edges, key=lambda e: e.port != "q"):
        depth.setdefault(edge.sender, 0)
        depth.setdefault(edge.receiver, 0)
    for _ in depth:
        for edge in edges:
            depth[edge.receiver] = max(depth[edge.receiver], depth[edge.sender] + 1)
    return depth


@styled
def fig_circuit(edges: Sequence[str], kept: np.ndarray, scores: np.ndarray, *, target: Target = "paper") -> Figure:
    """A computational graph from left to right with one circuit in it: kept (E,) bool; the wider a line the higher its score (E,).

    Nodes that the circuit does not use are grey and their edges are faint; in a column of many they are one node. Edges by name, as
    `str(Edge)` writes them.
    """
    parsed = [Edge.parse(str(name)) for name in edges]
    depth = _layers(parsed)
    used = {name for edge, on in zip(parsed, kept, strict=True) if on for name in edge[:2]}
    columns, stands_for = [], {name: name for name in depth}
    for d in range(max(depth.values()) + 1):
        column = [name for name in depth if depth[name] == d]
        idle = [name for name in column if name not in used] if len(column) > MANY else []
        stands_for.update({name: f"{len(idle)} others" for name in idle})
        columns.append(list(dict.fromkeys(stands_for[name] for name in column)))
    tallest = max(len(column) for column in columns)
    figure, axes = new_figure(target, height=max(2.2, 0.14 * tallest + 0.6))
    ax = axes[0, 0]
    at = {}
    for x, column in enumerate(columns):
        if len(column) > 1 and any("=" in name and name != "=" for name in column):
            column.sort(key=lambda name: int(name.partition("=")[2] or 10**9))
        for i, name in enumerate(column):
            at[name] = (x, -(i + 0.5) / len(column))
    top = max(float(np.max(scores)), 1e-12)
    faint = set()
    for edge, on, score in sorted(zip(parsed, kept, scores, strict=True), key=lambda item: bool(item[1])):
        ends = stands_for[edge.sender], stands_for[edge.receiver]
        if not on and ends in faint:
            continue
        faint.add(ends)
        (x0, y0), (x1, y1) = (at[end] for end in ends)
        style = (
            dict(color=PORTS[edge.port], linewidth=0.6 + 2.4 * score / top, zorder=2) if on else dict(color=GREY, linewidth=0.3, alpha=0.15)
        )
        bend = 0.0 if x1 - x0 <= 1 else 0.04 * (x1 - x0)
        t = np.linspace(0, 1, 24 if bend else 2)
        ax.plot(x0 + t * (x1 - x0), y0 + t * (y1 - y0) + bend * 4 * t * (1 - t), **style)  # pyright: ignore[reportArgumentType]
    for name, (x, y) in at.items():
        live = name in used
        box = dict(boxstyle="round,pad=0.2", facecolor="white", edgecolor=BLUE, linewidth=0.8) if live else None
        size = "small" if tallest <= MANY or x in (0, 1, len(columns) - 1) else 6.5
        ax.text(x, y, name, ha="center", va="center", fontsize=size, color="black" if live else GREY, bbox=box, zorder=3)
    ports = {edge.port for edge, on in zip(parsed, kept, strict=True) if on} - {"in"}
    if len(ports) > 1:
        handles = [Line2D([], [], color=PORTS[port], label=f"read as {port}") for port in ("q", "k", "v") if port in ports]
        ax.legend(handles=handles, loc="upper center", ncols=len(handles), bbox_to_anchor=(0.5, 1.06))
    ax.set(xlim=(-0.4, len(columns) - 0.6), ylim=(-1.02, 0.04))
    ax.axis("off")
    return figure


@styled
def fig_circuit_curves(studies: dict[str, Arrays], *, target: Target = "paper") -> Figure:
    """Faithfulness over the share of edges, mean over tasks: rows are networks, columns ablations, lines rankings."""
    figure, axes = new_figure(target, height=1.25 * len(studies) + 0.6, rows=len(studies), columns=len(ABLATIONS), sharex=True, sharey=True)
    styles = dict(zip(RANKINGS, ((BLUE, "-"), (PRIME, "--"), (GREEN, ":")), strict=True))
    for row, (name, a) in zip(axes, studies.items(), strict=True):
        for i, ax in enumerate(row):
            for j, (colour, line) in enumerate(styles.values()):
                ax.plot(GRID, a["curves"][i, j].mean(axis=0), line, color=colour)
            ax.axhline(1, color=GREY, linewidth=0.5, linestyle=":")
            ax.set(xscale="log", ylim=(-0.3, 1.1), yticks=(0, 0.5, 1))
        row[0].text(0.04, 0.86, name.replace(", ", ",\n"), transform=row[0].transAxes, va="top", fontsize="small")
    for i, ax in enumerate(axes[0]):
        ax.set_title(f"{ABLATIONS[i]} ablation")
    for y, (ranking, (colour, _)) in zip((0.86, 0.66, 0.46), styles.items(), strict=True):
        axes[0, -1].text(0.03, y, ranking, color=colour, transform=axes[0, -1].transAxes, va="center")
    axes[-1, len(ABLATIONS) // 2].set_xlabel("share of the edges kept")
    axes[len(studies) // 2, 0].set_ylabel("faithfulness")
    return figure


@styled
def fig_circuit_overlap(study: Arrays, p: int, *, target: Target = "paper") -> Figure:
    """Left: which groups of neurons (column) the circuit of each task (row) has. Right: Jaccard similarity of the circuits of two tasks.
    The darker, the more: nothing is the colour of the page."""
    figure, axes = new_figure(target, height=2.9, columns=2, sharey=True)
    primes = primes_below(p)
    names = [str(name) for name in study["edges"]]
    circuits = study["circuit"]
    uses = circuits[:, [names.index(f"q={q} -> logits") for q in primes]].astype(float)
    overlap = np.asarray([[jaccard(a, b) for b in circuits] for a in circuits])
    scale = ScalarMappable(Normalize(0, 1), INK)
    shown = np.unique(np.linspace(0, len(primes) - 1, 8).round().astype(int))
    for ax, values, title, x in zip(
        axes[0], (uses, overlap), ("groups in the circuit", "similarity of circuits"), ("neurons of", "task"), strict=True
    ):
        ax.imshow(values, cmap=scale.cmap, norm=scale.norm)
        ax.set(title=title, xlabel=x, xticks=shown, yticks=shown)
        ax.set_xticklabels([str(primes[i]) for i in shown], rotation=90)
        ax.set_yticklabels([str(primes[i]) for i in shown])
        for side in ax.spines.values():
            side.set_visible(True)
    axes[0, 0].set_ylabel("circuit of task")
    figure.colorbar(scale, ax=axes[0].tolist(), shrink=0.85, label="Jaccard similarity").outline.set_edgecolor(GREY)
    return figure


SMALLEST = 9  # edges that read both digits through two heads each and lead one group of neurons to the logits


@styled
def fig_circuit_sizes(studies: dict[str, Sequence[Arrays]], primes: dict[str, np.ndarray], *, target: Target = "paper") -> Figure:
    """Edges of the circuit of each task over q: dots for seeds, one panel a network; the line is at nine, both digits through two heads."""
    figure, axes = new_figure(target, height=2.3, columns=len(studies), sharey=True)
    most = max(a["circuit"].sum(axis=1).max() for found in studies.values() for a in found)
    ticks = [t for t in (5, SMALLEST, 20, 50, 100, 200, 500) if t <= 1.3 * most]
    for ax, (name, found) in zip(axes[0], studies.items(), strict=True):
        ax.axhline(SMALLEST, color=PRIME, linewidth=0.8, linestyle="--")
        for a in found:
            ax.plot(primes[name], a["circuit"].sum(axis=1), ".", color=BLUE, alpha=0.5)
        ax.set(title=name, xlabel="prime q", yscale="log", yticks=ticks, xlim=(0, None))
        ax.set_yticklabels([str(t) for t in ticks])
        ax.yaxis.set_minor_formatter(NullFormatter())
    name_beside(axes[0, 0], primes[next(iter(studies))][-1], SMALLEST, str(SMALLEST), PRIME, right=False, shift=(0, -7))
    axes[0, 0].set_ylabel("edges in the circuit")
    return figure
