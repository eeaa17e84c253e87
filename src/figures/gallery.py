"""The gallery: every figure with the call that makes it, its caption and its alternative text."""

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from ..network.paths import root
from ..network.presets import preset
from ..network.runs import load_run
from ..numbers.integers import primes_below
from ..numbers.sparse import BASES as SPARSE_BASES
from ..numbers.sparse import predictions
from ..results.evidence import (
    BLOCKS,
    NETWORKS,
    TAKEN,
    by_block,
    certificates,
    circuit_of,
    circuits_of,
    clocks_and_pizzas,
    courses,
    hand_margins,
    moved_alphabets,
    neurons_of,
    new_alphabets,
    over_p,
    prime_callers,
    runs_of,
    tilings,
)  # fmt: skip
from ..results.grids import ADDITION_OPTIMISERS, FACTORS, LAW_BASES, QUESTIONS
from ..results.registry import arrays
from ..studies.addition import key_frequencies
from .addition import fig_clock_pizza, fig_cosine_cube, fig_course, fig_measures, fig_neurons, fig_optimisers, fig_removal
from .algorithm import fig_causal, fig_clears, fig_foretold, fig_formation, fig_harmonics, fig_ladder, fig_letters, fig_phases, fig_race
from .basics import fig_attention, fig_decades, fig_learning, fig_primes_polar, fig_spectrum
from .circuits import fig_circuit, fig_circuit_curves, fig_circuit_overlap, fig_circuit_sizes
from .integers import fig_factors_found, fig_hypotheses, fig_law, fig_miu, fig_sequences, fig_sparse
from .residues import REMOVAL, fig_bases, fig_dissociation, fig_margins, fig_neuron, fig_order, fig_spike
from .scale import fig_certificate, fig_coincidence, fig_factors, fig_over_p, fig_plane, fig_usage
from .style import Target


class Entry(NamedTuple):
    """One figure of the gallery."""

    make: Callable[[Target], Figure]
    caption: str
    alt: str


GALLERY: dict[str, Entry] = {
    "learning": Entry(
        lambda target: fig_learning(load_run("paper"), target=target),
        "Accuracy of the 29 residue tasks over training, simplified block, p = 113.",
        "Two panels of accuracy against training step, one curve for each of the 29 moduli. On training rows all curves rise "
        "to one; on held-out rows small moduli follow first and large moduli later.",
    ),
    "learning-standard": Entry(
        lambda target: fig_learning(load_run("paper-standard"), target=target),
        "The same in the standard transformer block.",
        "Two panels of accuracy against training step for the standard block, one curve for each of the 29 moduli.",
    ),
    "primes-polar": Entry(
        lambda target: fig_primes_polar(113**2, target=target),
        "The primes below 113² at radius n and angle n radians.",
        "Dots on spiral arms around an empty centre. Whole arms are missing: they are the residue classes that small divisors empty.",
    ),
    "decades": Entry(
        lambda target: fig_decades(target=target),
        "The talk's Table 1 as a picture: 900 decades, four last digits, primes filled.",
        "A grid of nine bands, one for each thousand, with four rows each for the last digits 1, 3, 7 and 9 and a hundred columns "
        "for the decades. Filled cells are primes; they thin out slowly towards 9999.",
    ),
    "spectrum": Entry(
        lambda target: fig_spectrum([load_run("addition"), load_run("paper")], target=target),
        "Share of the variance of W_E at each frequency over Z/113, for addition and for the residue tasks.",
        "Two bar charts over frequencies 1 to 56. For modular addition a few frequencies stand far above the noise line; for the "
        "residue tasks the power is spread.",
    ),
    "course": Entry(
        lambda target: fig_course(arrays("addition-progress"), target=target),
        "Modular addition: losses over training, restricted and excluded loss, and the three phases.",
        "Four curves on a log axis over steps: training loss, held-out loss, restricted loss, which falls before the held-out loss, and "
        "excluded loss, which first falls and then rises.",
    ),
    "measures": Entry(
        lambda target: fig_measures(arrays("addition-progress"), target=target),
        "Modular addition: sparsity of the Fourier norms, sum of squared weights and active frequencies over training.",
        "Three panels over steps: Gini coefficients that rise and level off, the sum of squared weights, and the number of active "
        "frequencies, which rises and then falls to a few.",
    ),
    "cosine-cube": Entry(
        lambda target: fig_cosine_cube(load_run("addition"), key_frequencies(load_run("addition")), target=target),
        "Modular addition: the logit of class 0, the sum of cosines at the key frequencies, and the residual.",
        "Three square heat maps over both digits. The first two show the same diagonal stripes; the third is almost blank.",
    ),
    "removal": Entry(
        lambda target: fig_removal(arrays("addition-analysis"), target=target),
        "Modular addition: the loss with one frequency removed from the logits.",
        "Bars on a log axis, one for each frequency. All stand at the same low level but for a few orange bars, several orders of "
        "magnitude higher.",
    ),
    "neurons": Entry(
        lambda target: fig_neurons(arrays("addition-analysis"), target=target),
        "Modular addition: how much of each neuron one frequency explains, and neurons by frequency.",
        "A histogram with most neurons near one and a group of linear, always-on neurons lower down; and bars with the number of "
        "neurons for each key frequency.",
    ),
    "optimisers": Entry(
        lambda target: fig_optimisers(arrays("addition-optimisers"), ADDITION_OPTIMISERS, target=target),
        "Modular addition: steps and seconds to generalise by optimiser.",
        "Two dot plots on log axes with one row for each optimiser: Muon about ten times faster than AdamW; GrokFast no faster, and not "
        "in all seeds.",
    ),
    "clock-pizza": Entry(
        lambda target: fig_clock_pizza(clocks_and_pizzas(), target=target),
        "Modular addition: clock or pizza, by optimiser and block.",
        "A scatter plot of distance irrelevance against gradient symmetricity with the published clock and pizza as stars.",
    ),
    "order": Entry(
        lambda target: fig_order({block: runs_of(run) for run, block in BLOCKS.items()}, target=target),
        "The step at which each residue task reaches 99% on held-out rows, over q; all seeds.",
        "Two scatter plots, one for each block, of steps over the prime q. Steps grow with q; the primes 2 and 7, for "
        "which 113 is 1 mod q, come first.",
    ),
    "bases": Entry(
        lambda target: fig_bases(by_block("analysis"), target=target),
        "How much of each neuron's pre-activation one family explains: rational, any pair of Z/113, random.",
        "Cumulative curves over neurons, one panel for each block. The rational curve lies far to the right, near one; that of Z/113 in "
        "the middle; the random one at about a half.",
    ),
    "neuron": Entry(
        lambda target: fig_neuron(load_run("paper"), target=target),
        "One neuron of the simplified block: what it reads of each digit, its activation, and what it writes.",
        "Four panels. Two show values that follow a cosine in each digit; one the activation over both digits, a lattice of bright "
        "spots; one the written logits, which follow a cosine over the classes.",
    ),
    "phases": Entry(
        lambda target: fig_phases(neurons_of("paper"), target=target),
        "Every neuron of the simplified block, seed 0: read-out phase against the sum of its input phases, and its two input phases.",
        "Two square scatter plots. On the left all points lie on the diagonal. On the right they fill the square evenly, and nothing "
        "gathers about the dotted diagonal.",
    ),
    "harmonics": Entry(
        lambda target: fig_harmonics({name: tilings(run) for run, name in NETWORKS.items()}, target=target),
        "What each other harmonic leaves in a wave beside the one that is kept, median wave, and what random phases would leave.",
        "Three panels of dots over eight harmonics. The measured dots lie far below the grey ones of random phases in all of them, and "
        "furthest from zero at the two harmonics of one digit alone.",
    ),
    "ladder": Entry(
        lambda target: fig_ladder({name: arrays(f"{run}-ladder") for run, name in NETWORKS.items()}, target=target),
        "Share of the network's own logits that each account has, and the numbers that it needs. Hollow: the same of its null.",
        "Three panels of dots, a row for each account. The closed formula stands at nine tenths, its null at nothing; all "
        "others that keep phases stand a little higher. The nulls of the accounts with many waves a neuron come close to them.",
    ),
    "causal": Entry(
        lambda target: fig_causal({name: arrays(f"{run}-causal") for run, name in NETWORKS.items()}, target=target),
        "Cells as the account says under three interventions, and with groups and networks that mean nothing.",
        "Three panels with three groups of markers. The blue dots of the account stand at one, all grey markers of the nulls near a tenth.",
    ),
    "clears": Entry(
        lambda target: fig_clears(arrays("paper-cancellation"), preset("paper").p, target=target),
        "Which primes clear away what each prime's neurons write of one digit alone. Simplified block, seed 0.",
        "Two square heat maps, mostly pale, with an empty diagonal. In each row a few other primes stand out, different ones for the two "
        "digits, and the last column, the skip, takes a part of many rows.",
    ),
    "letters": Entry(
        lambda target: fig_letters({name: a["use"] for name, a in by_block("alphabet").items()}, preset("paper").p, target=target),
        "Use of each single-digit frequency summed over all primes, ten networks at p = 113.",
        "Two panels of thin curves over frequency. They share narrow peaks with empty stretches between, most of them in both blocks.",
    ),
    "foretold": Entry(
        lambda target: fig_foretold(new_alphabets(), {name: moved_alphabets(name) for name in TAKEN}, target=target),
        "The alphabet's rule at five p predicted beforehand, and where something is taken away from training.",
        "Two panels of dots. On the left, for each p, a blue dot high above its null and an orange one lower, above its own. On the right "
        "three groups of dots for networks with small primes, large primes or a letter taken away, beside their nulls.",
    ),
    "formation": Entry(
        lambda target: fig_formation(courses(), target=target),
        "Held-out accuracy and measures of the account over training: p = 53, p = 113 in both blocks, and with labels permuted.",
        "Three panels of curves over steps. In the first two the formula's share rises smoothly with held-out accuracy or ahead of it, and "
        "what is left of other harmonics falls; in the third accuracy and formula stay at the bottom.",
    ),
    "dissociation": Entry(
        lambda target: fig_dissociation(arrays("paper-analysis"), 113, target=target),
        "Accuracy of each task with each prime's neurons mean-ablated, beside random groups of the same size.",
        "Two square heat maps of 29 by 29. On the left only the diagonal is dark: each prime's neurons matter to its own task alone. On "
        "the right there is no diagonal, and many cells are slightly darker.",
    ),
    "spike": Entry(
        lambda target: fig_spike(arrays("residues-spike"), target=target),
        "Active frequencies over training at p = 53, by three rules in two bases; all seeds.",
        "Six panels of counts over steps, three rules by two bases. By the first two rules the counts rise early and fall; by the third, "
        "whose threshold comes from noise, they rise and stay.",
    ),
    "margins": Entry(
        lambda target: fig_margins(hand_margins(), target=target),
        "Margins of all 370,301 cells in the networks written by hand, in units of each network's median.",
        "Cumulative curves on a log axis. The phase network has a long tail of small margins; the carry network has not.",
    ),
    "factors": Entry(
        lambda target: fig_factors(arrays("residues-factors"), FACTORS, target=target),
        "Steps until every task of p = 53 stands at 99% held out, one factor at a time.",
        "Five panels of dots over a factor. There is a narrow range in which seeds generalise: at least 80% trained on, some dropout "
        "but not much, some weight decay, a learning rate near .01, enough width. Crosses mark seeds that do not get there.",
    ),
    "plane": Entry(
        lambda target: fig_plane(arrays("residues-plane"), FACTORS, target=target),
        "Share trained on by dropout at p = 53: held-out accuracy, and steps to 99% on every task.",
        "A heat map. Accuracy grows with the share trained on in every column but that of the highest dropout; without dropout no share "
        "is enough.",
    ),
    "over-p": Entry(
        lambda target: fig_over_p(*over_p(), target=target),
        "Over p, with 80% trained on: steps until every task stands at 99%, and the share of cells that is wrong at the end.",
        "Two panels over p. Small p never generalise; from 41 to 127 all seeds do, and no cell or a few are wrong; above, the width "
        "and the "
        "schedule do not suffice.",
    ),
    "race": Entry(
        lambda target: fig_race({name: arrays(f"{run}-race") for run, name in NETWORKS.items()}, target=target),
        "Share of the network's own logits over bits: its weights rounded, and the closed formula read out of them.",
        "Curves over bits on a log axis. Those of the formula rise to nine tenths at about a thousand bits; those of the weights stay at "
        "nothing up to a million bits and more, and then rise to one.",
    ),
    "certificate": Entry(
        lambda target: fig_certificate(certificates(), target=target),
        "Accuracy proved for trained networks, against the length of the proof.",
        "Dots that rise from nothing to one as the proof grows towards the length of brute force.",
    ),
    "coincidence": Entry(
        lambda target: fig_coincidence(
            by_block("analysis"),
            {block: a["usage"] for block, a in by_block("shared").items()},
            113,
            target=target,
        ),
        "Pairs of primes: how closely their frequencies coincide, and what ablating one costs the other.",
        "Two scatter plots. Most pairs coincide in nothing and harm one another in nothing; the few pairs with harm lie to the right.",
    ),
    "usage": Entry(
        lambda target: fig_usage({block: a["usage"] for block, a in by_block("shared").items()}, 113, target=target),
        "Which frequencies the ten networks use for three of their primes.",
        "Three heat maps with a row for each network. The dark columns stand at the same frequencies in most rows.",
    ),
    "circuit": Entry(
        lambda target: fig_circuit(*circuit_of("paper", 73), target=target),
        "The circuit of task 73 in the simplified block, found by a program.",
        "A graph from left to right: three positions, four heads, 29 groups of neurons, logits. Blue lines lead from both digits through "
        "the heads to the neurons of 73 and thinner ones to those of a few other primes; the rest is grey.",
    ),
    "circuit-curves": Entry(
        lambda target: fig_circuit_curves({name: circuits_of(run)[0] for run, name in NETWORKS.items()}, target=target),
        "Faithfulness over the share of edges kept, by ranking, ablation and network.",
        "Three panels, one for each ablation. All curves rise from zero at two percent of the edges to nearly one at ten percent; under "
        "zero ablation they rise later.",
    ),
    "circuit-overlap": Entry(
        lambda target: fig_circuit_overlap(circuits_of("paper")[0], 113, target=target),
        "Which groups of neurons the circuit of each task has, and how alike the circuits of two tasks are.",
        "Two square pictures of 29 by 29. On the left the diagonal is full, with a few cells beside it. On the right the diagonal is one "
        "and the rest is lighter.",
    ),
    "circuit-sizes": Entry(
        lambda target: fig_circuit_sizes(
            {name: circuits_of(run) for run, name in NETWORKS.items()},
            {name: primes_below(preset(run).p) for run, name in NETWORKS.items()},
            target=target,
        ),
        "Edges in the circuit of each task, all seeds of three networks.",
        "Three scatter plots over the prime q. Small primes have circuits of about nine edges or fewer; of the large ones many are larger.",
    ),
    "removed": Entry(
        lambda target: fig_dissociation(arrays("paper-analysis"), 113, fields=REMOVAL, target=target),
        "Accuracy of each task with each prime's functions removed from the MLP's output, and with nothing else of it kept.",
        "Two square heat maps of 29 by 29. On the left only the diagonal is dark. On the right only the diagonal is bright: one prime's "
        "functions do for its own task and for no other.",
    ),
    "found": Entry(
        lambda target: fig_factors_found(prime_callers("by_factor"), prime_callers("recall"), target=target),
        "Which composites a network recognises, by least prime factor, for each network that says which numbers are prime.",
        "A heat map of fifteen networks by twelve factors. In each row the factors that the base shows are at one and the others at a "
        "lower, "
        "even level. The rows of residues are at one throughout.",
    ),
    "hypotheses": Entry(
        lambda target: fig_hypotheses(prime_callers("agreement"), target=target),
        "Agreement of each network's answers with those of primality tests; the dot marks the closest.",
        "A heat map of fifteen networks by twelve tests. For digits the highest agreement is with tests that know two, three or four "
        "divisors; for residues with the primes themselves.",
    ),
    "law": Entry(
        lambda target: fig_law(arrays("integers-bases"), LAW_BASES, target=target),
        "How well n mod q is learned from digits in twelve bases, and how many different weights it puts on the digits.",
        "A heat map of twelve bases by nine primes, bright where the number of weights is 0 or 1, and a scatter plot that falls "
        "steeply from "
        "0 and 1 to nothing at 3.",
    ),
    "sparse": Entry(
        lambda target: fig_sparse(arrays("integers-sparse"), arrays("integers-sparse-few"), SPARSE_BASES, predictions(), target=target),
        "A sparse encoding with four bases: recall predicted before training, and found.",
        "Two bar charts over the bases 127, 128, 150 and 210, for composites and for primes. Dots for networks stand at the tops of "
        "the bars "
        "where the base has small factors; crosses for networks that saw fewer numbers lie off them.",
    ),
    "sequences": Entry(
        lambda target: fig_sequences(arrays("integers-sequences"), QUESTIONS, target=target),
        "The road from trivial to impossible: four tasks on 45 integer sequences, networks and a compressor.",
        "Four panels with a row for each sequence. Constants, periodic sequences, polynomials and recurrences lie near one; divisor "
        "functions, primes and digits of pi lie low; the busy beaver is at the bottom.",
    ),
    "miu": Entry(
        lambda target: fig_miu(arrays("miu-study"), target=target),
        "The MIU network: its answer over the number of I's, and the hinges that make it.",
        "Left, a zigzag over counts from 0 to 10 that is below zero at 0, 3, 6 and 9, and far below at 10, where it should be above. "
        "Right, "
        "stems up at multiples of three and down between them.",
    ),
}  # fmt: skip


@cache
def calls() -> dict[str, str]:
    """For each figure the call that makes it, for a reader to run: read off the entries above, without the target."""
    for node in ast.walk(ast.parse(Path(__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "GALLERY" and isinstance(node.value, ast.Dict):
            found = {}
            for key, entry in zip(node.value.keys, node.value.values, strict=True):
                call = entry.args[0].body  # pyright: ignore[reportAttributeAccessIssue]
                call.keywords = [keyword for keyword in call.keywords if keyword.arg != "target"]
                found[ast.literal_eval(key)] = ast.unparse(call)  # pyright: ignore[reportArgumentType]
            return found
    raise AssertionError("no gallery in its own file")


def write(name: str, entry: Entry, folder: Path) -> Figure:
    """Draw a figure and write <name>.svg and <name>.pdf, byte for byte the same each time."""
    with plt.rc_context({"svg.hashsalt": "miiii", "svg.fonttype": "path"}):
        figure = entry.make("paper")
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None, "ModDate": None})
    return figure


def save_gallery(folder: Path | None = None) -> list[str]:
    """Write every figure of the gallery to `folder`, by default `figures/` of the checkout; returns their names."""
    for name, entry in GALLERY.items():
        write(name, entry, folder or root() / "figures")
    return list(GALLERY)
