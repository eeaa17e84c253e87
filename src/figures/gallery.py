"""The gallery: every figure with the call that makes it, its caption and its alternative text."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from src.checkpoint import ROOT, load_run
from src.figures.basics import fig_attention, fig_decades, fig_learning, fig_primes_polar, fig_spectrum
from src.figures.style import Target


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
