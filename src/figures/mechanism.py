"""Figures of the mechanism with real weights: one number on its way through the network, and what cancels on the way."""

from itertools import pairwise

import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, ConnectionPatch

from ..circuits.by_hand import Neurons
from ..lens.interventions import activations, neuron_logit_map, run_with_cache
from ..network.model import predict
from ..network.paths import checkpoints
from ..network.runs import Run
from ..results.evidence import neurons_of
from ..studies.algorithm import extract
from ..studies.cancellation import class_centred
from ..studies.ladder import on_one_digit
from ..studies.torus import wave_strengths
from .style import BLUE, GLOW, GREEN, GREY, PRIME, Target, name_beside, new_figure, placed_figure, styled

# Where each part of the mechanism stands: left, bottom, width, height in inches, for type of the paper's size.
_WIDE = {
    "digits": (0.0, 0.32, 0.86, 2.1), "clock 0": (1.06, 1.56, 0.84, 0.84), "clock 1": (1.06, 0.36, 0.84, 0.84),
    "torus": (2.36, 0.62, 1.5, 1.5), "sum": (4.05, 0.87, 1.0, 1.0), "network": (5.26, 1.42, 1.03, 0.82), "formula": (5.26, 0.5, 1.03, 0.82),
}  # fmt: skip
_NARROW = {
    "digits": (0.0, 2.92, 0.9, 2.1), "clock 0": (1.1, 4.16, 0.84, 0.84), "clock 1": (1.1, 2.96, 0.84, 0.84),
    "torus": (2.75, 3.2, 1.7, 1.7), "sum": (0.5, 0.6, 1.25, 1.25), "network": (2.5, 1.22, 2.0, 0.82), "formula": (2.5, 0.35, 2.0, 0.82),
}  # fmt: skip
_TITLE = {"paper": (2.6,), "slide": (2.6,), "web": (5.2, 2.3)}  # heights of the titles, by row


def neurons_in(run: Run) -> Neurons:
    """`studies.algorithm.extract` of a run: as it is kept of a committed one, made anew of a reader's own."""
    if run.folder.resolve().is_relative_to(checkpoints().resolve()):
        return neurons_of(run.config.run, run.config.seed)
    return extract(run)


def clearest_wave(n: Neurons, q: int, turns: np.ndarray) -> int:
    """The k whose two hands can be told apart best: of the waves with the most neurons the one that turns them, by `turns` (2,) a unit
    of k, nearest to a right angle from each other."""
    k, count = np.unique(n.k[n.q == q], return_counts=True)
    k = k[count == count.max()]
    apart = np.abs((k * (turns[0] - turns[1]) + 0.5) % 1 - 0.5)
    return int(k[np.abs(apart - 0.25).argmin()])


def _dial(ax: Axes, title: str, colour: str) -> None:
    """An empty clock whose hands point up at 0 and turn clockwise; radius 1."""
    ax.add_patch(Circle((0, 0), 1, fill=False, edgecolor=GREY, linewidth=0.8))
    for at in np.arange(12) / 12:
        x, y = _point(at)
        ax.plot([0.93 * x, x], [0.93 * y, y], color=GREY, linewidth=0.6)
    ax.set(xlim=(-1.12, 1.12), ylim=(-1.12, 1.12), aspect="equal")
    ax.axis("off")
    ax.text(0, -1.18, title, ha="center", va="top", color=colour, fontsize="small", linespacing=1.1)


def _point(turn: float | np.ndarray, radius: float | np.ndarray = 1.0) -> tuple:
    return radius * np.sin(2 * np.pi * turn), radius * np.cos(2 * np.pi * turn)


def _hand(ax: Axes, turn: float, colour: str) -> None:
    sweep = np.linspace(0, turn, 60)
    ax.plot(*_point(sweep, 0.32), color=colour, linewidth=0.9)
    ax.annotate("", _point(turn, 0.95), (0, 0), arrowprops=dict(arrowstyle="-|>", color=colour, linewidth=1.8, shrinkA=0, shrinkB=0))
    ax.plot(0, 0, "o", color=colour, markersize=3)


def _signed(turn: float) -> float:
    return (turn + 0.5) % 1 - 0.5


@styled
def fig_mechanism(run: Run, n: int, q: int, *, k: int | None = None, target: Target = "paper") -> Figure:
    """One number on its way through a residue network, with the network's own weights: its two digits, the angle that each is for the
    divisor q, the neurons of q on the torus of their two phases as they fire for n, what the neurons of one wave write as arrows that add
    up, and the logits of task q beside the closed formula's.

    The clocks and the arrows are of the wave k/q, by default `clearest_wave`. Neurons of the other waves of q stand on the torus where
    they would for this one: at the same angles from the hands of their own wave. Raises `ValueError` where the network has no task q.
    """
    if q not in run.dataset.widths:
        raise ValueError(f"q={q}: the run has no such task")
    p, every = run.config.p, neurons_in(run)
    x = np.asarray([n % p, n // p])
    step = np.asarray([1, p]) / q * x  # turns a unit of k, of each digit
    k = clearest_wave(every, q, step) if k is None else k
    hands = np.asarray([_signed(k * s) for s in step])
    logits, cache = run_with_cache(run.model, jnp.asarray(run.dataset.tokens[n]))
    z = np.asarray(cache["blocks.0.mlp.hook_post"], np.float64)[-1]
    end = int(np.cumsum(run.dataset.widths)[run.dataset.widths.index(q)])
    own = np.asarray(logits, np.float64)[end - q : end]

    narrow = target == "web"
    height = 5.4 if narrow else 2.85
    figure, ax = placed_figure(target, height=height, places=_NARROW if narrow else _WIDE)
    _digits(ax["digits"], n, p, x)
    for digit, (colour, speed) in enumerate(((BLUE, f"{k}/{q}"), (GREEN, f"{k}·{p}/{q}"))):
        _dial(ax[f"clock {digit}"], f"{x[digit]} steps of {speed} turn\n{_turn(hands[digit])} turn", colour)
        _hand(ax[f"clock {digit}"], hands[digit], colour)
    mine = every.q == q
    _torus(ax["torus"], Neurons(*(field[mine] for field in every)), z[mine], k, step, hands)
    wave = mine & (every.k == k)
    added = f"{_turn(hands[0])} {_turn(hands[1], ' ')} = {_turn(_signed(hands.sum()))} turn:"
    _dial(ax["sum"], f"{added}\nwhere {n % q} of {q} is", PRIME)
    whole = 2 / q * (own * np.exp(2j * np.pi * k * np.arange(q) / q)).sum() * (0.5 if q == 2 else 1)
    _arrows(ax["sum"], z[wave] * every.b[wave], every.psi[wave] / (2 * np.pi), complex(whole), n * k / q)
    waves, ks, strengths = wave_strengths(every)
    closed = np.cos(2 * np.pi * np.outer(n - np.arange(q), ks[waves == q]) / q) @ strengths[waves == q]
    _bars(ax["network"], ax["formula"], own - own.mean(), closed - closed.mean(), n % q)
    titles = {
        "digits": "two digits", "clock 0": f"two angles for {q}", "torus": f"{mine.sum()} neurons\nadd and rectify",
        "sum": f"{wave.sum()} of them add up\nto one angle", "network": f"logits of\n$n$ mod {q}",
    }  # fmt: skip
    for name, title in titles.items():
        box, row = ax[name].get_position(), int(narrow and name in ("sum", "network"))
        figure.text((box.x0 + box.x1) / 2, _TITLE[target][row] / height, title, ha="center", va="center")
    _joins(figure, ax, hands, narrow)
    return figure


def _turn(turn: float, space: str = "") -> str:
    """+0.14 and so on, 0.00 without a sign; a space after the sign where it stands between two numbers."""
    said = f"{turn:+.2f}"
    return "0.00" if said[1:] == "0.00" and not space else (said[0] + space + said[1:]).replace("-", "−")


def _digits(ax: Axes, n: int, p: int, x: np.ndarray) -> None:
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.axis("off")
    ax.text(0.45, 0.53, f"$n$ = {n:,}", ha="center", fontsize="large")
    ax.text(0.45, 0.4, f"= {x[0]} + {p}·{x[1]}", ha="center", fontsize="small")
    for digit, (y, colour) in enumerate(((0.79, BLUE), (0.22, GREEN))):
        ax.text(0.45, y, f"$x_{digit}$ = {x[digit]}", ha="center", va="center", color=colour, fontsize="large")
        ax.annotate("", (0.95, y), (0.78, y), arrowprops=dict(arrowstyle="->", color=GREY, linewidth=0.8))


def _torus(ax: Axes, s: Neurons, z: np.ndarray, k: int, step: np.ndarray, hands: np.ndarray) -> None:
    """The neurons of one prime at their two phases, in the frame of the wave k: filled by how much each fires."""
    fine = np.linspace(-0.5, 0.5, 121)
    angle = [np.cos(2 * np.pi * (fine - hand)) for hand in hands]
    light = np.maximum(angle[0][None, :] + angle[1][:, None], 0)
    ax.imshow(light, extent=(-0.5, 0.5, -0.5, 0.5), origin="lower", cmap=GLOW, vmin=0, vmax=3, interpolation="bilinear")
    at = [(phi / (2 * np.pi) - s.k * one + hand + 0.5) % 1 - 0.5 for phi, one, hand in zip((s.phi0, s.phi1), step, hands, strict=True)]
    silent = z <= 0
    ax.scatter(at[0][silent], at[1][silent], s=7, facecolors="none", edgecolors=GREY, linewidths=0.7)
    ax.scatter(at[0][~silent], at[1][~silent], s=7 + 33 * z[~silent] / z.max(), color=PRIME, linewidths=0)
    ax.axvline(hands[0], color=BLUE, linewidth=1)
    ax.axhline(hands[1], color=GREEN, linewidth=1)
    ax.set(xlim=(-0.5, 0.5), ylim=(-0.5, 0.5), aspect="equal", xticks=(-0.5, 0, 0.5), yticks=(-0.5, 0, 0.5))
    ax.set_xticklabels(("−½", "0", "½"))
    ax.set_yticklabels(("", "0", "½"))
    ax.tick_params(length=2, pad=1, labelsize="small")
    ax.set_xlabel("phase on $x_0$", color=BLUE, labelpad=0, fontsize="small")
    ax.set_ylabel("phase on $x_1$", color=GREEN, labelpad=-2, fontsize="small")
    for side in ax.spines.values():
        side.set_visible(True)


def _arrows(ax: Axes, length: np.ndarray, turn: np.ndarray, whole: complex, aim: float) -> None:
    """What the neurons of a wave write, arrows put one after another in the order of their turns from the aim; in grey what is written
    besides; and in bold the `whole` wave of the logits, at which they end. In turns."""
    order = np.argsort((turn - aim + 0.5) % 1)
    steps = np.stack(_point(turn[order], length[order]), axis=1)
    ends = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0), [[whole.imag, whole.real]]])
    ends /= 1.05 * np.hypot(*ends.T).max()
    thin = dict(arrowstyle="->", linewidth=0.9, shrinkA=0, shrinkB=0, mutation_scale=6)
    for i, (a, b) in enumerate(pairwise(ends)):
        if np.hypot(*(b - a)) > 0.02:
            ax.annotate("", b, a, arrowprops=dict(thin, color=GREY if i == len(order) else PRIME))
    ax.annotate("", ends[-1], (0, 0), arrowprops=dict(arrowstyle="-|>", color=PRIME, linewidth=2.2, shrinkA=0, shrinkB=0))
    ax.plot(*np.stack([_point(aim, r) for r in (1, 1.12)], axis=1), color=PRIME, linewidth=2.5)


def _bars(above: Axes, below: Axes, network: np.ndarray, closed: np.ndarray, answer: int) -> None:
    """Logits of one task, the answer in the middle: the network's over the formula's, on one scale."""
    q = len(network)
    place = np.arange(q) - q // 2
    classes = (answer + place) % q
    top = max(network.max(), closed.max())
    for ax, y, name in ((above, network, "network"), (below, closed, "formula")):
        ax.bar(place, y[classes], width=np.where(place == 0, 1.6, 0.8), color=np.where(place == 0, PRIME, GREY).tolist())
        ax.set(ylim=(1.15 * min(network.min(), closed.min()), 1.25 * top), yticks=(), xticks=())
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
        ax.axhline(0, color=GREY, linewidth=0.5)
        ax.text(place[0], 1.2 * top, name, va="top", fontsize="small")
        name_beside(ax, 0, y[answer], str(answer), PRIME, shift=(3, -1))
    shown = (-(q // 3), 0, q // 3)
    below.set_xticks(shown, [str((answer + s) % q) for s in shown])
    below.tick_params(length=0, pad=1, labelsize="small")
    below.set_xlabel("class", labelpad=1, fontsize="small")


def _joins(figure: Figure, ax: dict[str, Axes], hands: np.ndarray, narrow: bool) -> None:
    """Arrows from part to part."""
    ends = [
        ("clock 0", (1.15, 0.3), "torus", (hands[0], 0.5), BLUE, "arc3,rad=-0.25"),
        ("clock 1", (1.15, 0), "torus", (-0.5, hands[1]), GREEN, "arc3,rad=0.15"),
    ]
    if not narrow:
        ends.append(("torus", (0.5, 0.02), "sum", (-1.05, 0.1), PRIME, "arc3"))
    for a, start, b, stop, colour, bend in ends:
        arrow = ConnectionPatch(
            start, stop, "data", "data", axesA=ax[a], axesB=ax[b], arrowstyle="->", color=colour, linewidth=1, shrinkA=2, shrinkB=2,
            connectionstyle=bend, mutation_scale=9,
        )  # fmt: skip
        arrow.set_annotation_clip(False)
        figure.add_artist(arrow)


SHOWN = 26  # values of the digit that bars are drawn for


@styled
def fig_cancellation(run: Run, q: int = 73, *, digit: int = 1, target: Target = "paper") -> Figure:
    """What stands in the logits of task q of one digit alone. Left: what q's own neurons write to its class 0 for the first values of the
    digit, what all others write (other neurons and the skip), and their sum, which is what the network says. Right: the first two
    against each other, for all values of the digit and all classes. Both of mean zero over the classes and over the digit."""
    p, every = run.config.p, neurons_in(run)
    tokens, name = jnp.asarray(run.dataset.tokens), "blocks.0.mlp.hook_post"
    post = np.asarray(activations(run.model, tokens, [name])[name][:, -1])
    end = int(np.cumsum(run.dataset.widths)[run.dataset.widths.index(q)])
    whole = np.asarray(predict(run.model, np.asarray(run.dataset.tokens)))[:, end - q : end]
    own = every.q == q
    mine = post[:, own] @ np.asarray(neuron_logit_map(run.model))[own, end - q : end]
    own_part, others, left = (class_centred(on_one_digit(y, p)[1 + digit]) for y in (mine, whole - mine, whole))
    figure, axes = new_figure(target, height=2.5, columns=2, width_ratios=[1.75, 1])
    ax, x = axes[0, 0], np.arange(SHOWN)
    ax.bar(x, own_part[:SHOWN, 0], color=BLUE, width=0.7)
    ax.bar(x, others[:SHOWN, 0], color=PRIME, width=0.7)
    ax.plot(x, left[:SHOWN, 0], "o-", color=GREY, linewidth=0.8, markersize=4)
    ax.axhline(0, color=GREY, linewidth=0.6)
    top = np.abs(own_part[:SHOWN, 0]).max() * 1.35
    ax.set(xlabel=f"$x_{digit}$", ylabel=f"logit of class 0 of {q}", ylim=(-top, top), xlim=(-0.7, SHOWN - 0.3))
    for at, (text, colour) in enumerate(((f"{q}'s own neurons", BLUE), ("all others", PRIME), ("● their sum", GREY))):
        ax.text((0, 0.5, 0.77)[at], 1.0, text, color=colour, transform=ax.transAxes, va="top")
    ax, limit = axes[0, 1], np.abs(own_part).max()
    ax.plot(own_part.ravel(), others.ravel(), ".", color=BLUE, markersize=1.5, alpha=0.25, rasterized=True)
    ax.plot([-limit, limit], [limit, -limit], color=GREY, linewidth=0.8, linestyle=":")
    ax.set(xlabel=f"{q}'s own neurons", ylabel="all others", aspect="equal", xlim=(-limit, limit), ylim=(-limit, limit))
    return figure
