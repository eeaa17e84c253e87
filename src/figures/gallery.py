"""The gallery: every figure with the call that makes it, its caption and its alternative text."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from src.addition import key_frequencies
from src.checkpoint import ROOT, load_run
from src.claims.addition import OPTIMISERS, all_networks, analysis
from src.claims.residues import BLOCKS, hand_margins, runs_of
from src.claims.residues import analysis as residue_analysis
from src.figures.addition import fig_clock_pizza, fig_cosine_cube, fig_course, fig_measures, fig_neurons, fig_optimisers, fig_removal
from src.figures.basics import fig_attention, fig_decades, fig_learning, fig_primes_polar, fig_spectrum
from src.figures.residues import fig_bases, fig_dissociation, fig_margins, fig_neuron, fig_order, fig_phases, fig_spike
from src.figures.style import Target
from src.measure import recorded


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
    "course": Entry(
        lambda target: fig_course(recorded("addition-progress"), target=target),
        'fig_course(recorded("addition-progress"))',
        "Modular addition: losses over training, restricted and excluded loss, and the three phases.",
        "Four curves on a log axis over steps: training loss, held-out loss, restricted loss, which falls before the held-out loss, and "
        "excluded loss, which first falls and then rises.",
    ),
    "measures": Entry(
        lambda target: fig_measures(recorded("addition-progress"), target=target),
        'fig_measures(recorded("addition-progress"))',
        "Modular addition: sparsity of the Fourier norms, sum of squared weights and active frequencies over training.",
        "Three panels over steps: Gini coefficients that rise and level off, the sum of squared weights, and the number of active "
        "frequencies, which rises and then falls to a few.",
    ),
    "cosine-cube": Entry(
        lambda target: fig_cosine_cube(load_run("addition"), key_frequencies(load_run("addition")), target=target),
        'fig_cosine_cube(load_run("addition"), key_frequencies(load_run("addition")))',
        "Modular addition: the logit of class 0, the sum of cosines at the key frequencies, and the residual.",
        "Three square heat maps over both digits. The first two show the same diagonal stripes; the third is almost blank.",
    ),
    "removal": Entry(
        lambda target: fig_removal(analysis(), target=target),
        "fig_removal(analysis())",
        "Modular addition: the loss with one frequency removed from the logits.",
        "Bars on a log axis, one for each frequency. All stand at the same low level but for a few orange bars, several orders of "
        "magnitude higher.",
    ),
    "neurons": Entry(
        lambda target: fig_neurons(analysis(), target=target),
        "fig_neurons(analysis())",
        "Modular addition: how much of each neuron one frequency explains, and neurons by frequency.",
        "A histogram with most neurons near one and a group of linear, always-on neurons lower down; and bars with the number of "
        "neurons for each key frequency.",
    ),
    "optimisers": Entry(
        lambda target: fig_optimisers(recorded("addition-optimisers"), OPTIMISERS, target=target),
        'fig_optimisers(recorded("addition-optimisers"), OPTIMISERS)',
        "Modular addition: steps and seconds to generalise by optimiser.",
        "Two dot plots on log axes with one row for each optimiser: Muon about ten times faster than AdamW; GrokFast no faster, and not "
        "in all seeds.",
    ),
    "clock-pizza": Entry(
        lambda target: fig_clock_pizza(all_networks(), target=target),
        "fig_clock_pizza(all_networks())",
        "Modular addition: clock or pizza, by optimiser and block.",
        "A scatter plot of distance irrelevance against gradient symmetricity with the published clock and pizza as stars.",
    ),
    "order": Entry(
        lambda target: fig_order({block: runs_of(run) for run, block in BLOCKS.items()}, target=target),
        "fig_order({block: runs_of(run) for run, block in BLOCKS.items()})",
        "The step at which each residue task reaches 99% on held-out rows, over q; all seeds.",
        "Two scatter plots, one for each block, of steps over the prime q. Steps grow with q; the primes 2 and 7, for "
        "which 113 is 1 mod q, come first.",
    ),
    "bases": Entry(
        lambda target: fig_bases({block: residue_analysis(run) for run, block in BLOCKS.items()}, target=target),
        "fig_bases({block: residue_analysis(run) for run, block in BLOCKS.items()})",
        "How much of each neuron's pre-activation one family explains: rational, any pair of Z/113, random.",
        "Cumulative curves over neurons, one panel for each block. The rational curve lies far to the right, near one; that of Z/113 in "
        "the middle; the random one at about a half.",
    ),
    "neuron": Entry(
        lambda target: fig_neuron(load_run("paper"), target=target),
        'fig_neuron(load_run("paper"))',
        "One neuron of the simplified block: what it reads of each digit, its activation, and what it writes.",
        "Four panels. Two show values that follow a cosine in each digit; one the activation over both digits, a lattice of bright "
        "spots; one the written logits, which follow a cosine over the classes.",
    ),
    "phases": Entry(
        lambda target: fig_phases(load_run("paper"), target=target),
        'fig_phases(load_run("paper"))',
        "Read-out phase against the sum of the input phases, and the amplitudes on both digits, for every neuron.",
        "Left, points on the diagonal: the read-out phase is the sum of the input phases. Right, points scattered about the diagonal: the "
        "amplitudes on both digits are alike.",
    ),
    "dissociation": Entry(
        lambda target: fig_dissociation(residue_analysis("paper"), 113, target=target),
        'fig_dissociation(residue_analysis("paper"), 113)',
        "Accuracy of each task with each prime's neurons mean-ablated, beside random groups of the same size.",
        "Two square heat maps of 29 by 29. On the left only the diagonal is dark: each prime's neurons matter to its own task alone. On "
        "the right there is no diagonal, and many cells are slightly darker.",
    ),
    "spike": Entry(
        lambda target: fig_spike(recorded("residues-spike"), target=target),
        'fig_spike(recorded("residues-spike"))',
        "Active frequencies over training at p = 53, by three rules in two bases; all seeds.",
        "Six panels of counts over steps, three rules by two bases. By the first two rules the counts rise early and fall; by the third, "
        "whose threshold comes from noise, they rise and stay.",
    ),
    "margins": Entry(
        lambda target: fig_margins(hand_margins(), target=target),
        "fig_margins(hand_margins())",
        "Margins of all 370,301 cells in the networks written by hand, in units of each network's median.",
        "Cumulative curves on a log axis. The phase network has a long tail of small margins; the carry network has not.",
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
