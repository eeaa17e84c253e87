"""What the gallery shows: for every figure the call that makes it, its title, its one message, how to read it, and a description.

`reading` says marks, run, step and seeds. Message and reading together are the caption. `alt` is for those who do not see the picture.
"""

from collections.abc import Callable
from typing import NamedTuple

from matplotlib.figure import Figure

from ..network.presets import preset
from ..network.runs import load_run
from ..numbers.integers import primes_below
from ..numbers.sparse import BASES as SPARSE_BASES
from ..numbers.sparse import predictions
from ..results.evidence import (
    BLOCKS,
    NETWORKS,
    TAKEN,
    beyond,
    by_block,
    certificates,
    circuit_of,
    circuits_of,
    clocks_and_pizzas,
    courses,
    errors_over_compute,
    grown,
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
from ..studies.growth import LEVEL
from .addition import fig_clock_pizza, fig_cosine_cube, fig_course, fig_measures, fig_neurons, fig_optimisers, fig_removal
from .algorithm import fig_causal, fig_clears, fig_foretold, fig_formation, fig_harmonics, fig_ladder, fig_letters, fig_phases, fig_race
from .basics import fig_decades, fig_learning, fig_primes_polar, fig_spectrum
from .circuits import fig_circuit, fig_circuit_curves, fig_circuit_overlap, fig_circuit_sizes
from .integers import fig_factors_found, fig_hypotheses, fig_law, fig_miu, fig_sequences, fig_sparse
from .mechanism import fig_cancellation, fig_mechanism
from .residues import REMOVAL, fig_bases, fig_dissociation, fig_margins, fig_neuron, fig_order, fig_spike
from .scale import fig_certificate, fig_coincidence, fig_compute, fig_factors, fig_growth, fig_over_p, fig_plane, fig_usage
from .style import Target


class Entry(NamedTuple):
    """One figure of the gallery."""

    make: Callable[[Target], Figure]
    title: str
    message: str
    reading: str
    alt: str
    told_by: str = ""  # where a function makes several entries: what a document's call has in it if it is this one

    @property
    def caption(self) -> str:
        return f"{self.message} {self.reading}"


_ALGORITHM: dict[str, Entry] = {
    "mechanism": Entry(
        lambda target: fig_mechanism(load_run("paper"), 8051, 83, target=target),
        "How the network finds that 83 divides 8,051",
        "Each digit turns a clock, neurons add the two angles and rectify, and what they write adds up to the angle of n mod q.",
        "Here n = 8,051 = 83 · 97 and q = 83, with the weights of the run paper, seed 0, last step. Square: the neurons of 83 at their "
        "two phases, in turns; filled ones fire, and fire most near the crossing of the two angles, as theory has it (shade). Clocks and "
        "arrows are of one of the frequencies in use, and neurons of the others are turned to it. Thin arrows: what the neurons of that "
        "frequency write, and in grey all others; thick: the sum. Bars: the 83 logits of the network and of the closed formula, less "
        "their means.",
        "From left to right: the number 8,051 split into the digits 28 and 71; two clocks whose hands point as far to the right of the "
        "top as to the left; a square of 38 dots, of which those near the crossing of two lines, one from each clock, are large and "
        "filled and those far from it hollow; a clock on which small arrows add up to one that points nearly at the top; and two bar "
        "charts with one bar, at 0, above all others.",
    ),
    "phases": Entry(
        lambda target: fig_phases(neurons_of("paper"), target=target),
        "The phases of all neurons",
        "A neuron's read-out phase is the sum of its two input phases, and the input phases tile the torus.",
        "Every neuron of the run paper, seed 0, last step. Left: read-out phase against the sum of the input phases. Right: the two "
        "input phases against each other; tied phases would lie on the dotted line.",
        "Two square scatter plots. On the left all points lie on the diagonal. On the right they fill the square evenly, and nothing "
        "gathers about the dotted diagonal.",
    ),
    "neuron": Entry(
        lambda target: fig_neuron(load_run("paper"), target=target),
        "One neuron of the prime 73",
        "A neuron reads one wave of each digit, fires where both crests meet, and writes a wave over the classes.",
        "The neuron of 73 that reads and writes most in the run paper, seed 0, last step. Each digit and class stands at its angle in "
        "turns. Dots: the network; lines: the cosines that stand for it.",
        "Four panels over angles from 0 to 1 turn. Two have dots close to one cosine each, one for each digit; one is a soft round spot"
        " where both are high; one has dots on a cosine over the classes.",
    ),
    "harmonics": Entry(
        lambda target: fig_harmonics({name: tilings(run) for run, name in NETWORKS.items()}, target=target),
        "What tiling the torus leaves",
        "The phases cancel the other harmonics of the rectified sum better than random phases would, those of one digit least.",
        "For each harmonic the size of what is left beside the one kept, median over waves; a dot for each seed (three at p = 53, five "
        "of each other), bars for random phases. Last step.",
        "Three panels of dots over eight harmonics. The measured dots lie below the grey bars of random phases for all, and furthest from "
        "zero at the two harmonics of one digit alone.",
    ),
    "ladder": Entry(
        lambda target: fig_ladder({name: arrays(f"{run}-ladder") for run, name in NETWORKS.items()}, target=target),
        "How much of the network each account has",
        "A few hundred numbers, read from the weights and fitted to nothing, account for nine tenths of the network's own logits.",
        "Filled: the share of the logits' variance that an account has; hollow: its null, the same account with frequencies, weights or"
        " phases that mean nothing. At the right, how many numbers it needs. Medians over three seeds at p = 53 and five of each other,"
        " last step.",
        "Three panels of dots, a row for each of nine accounts. The closed formula stands at nine tenths, its null near nothing, or at "
        "a quarter for p = 53; accounts that keep phases stand as high. The nulls of the accounts with several waves a neuron come "
        "close to them.",
    ),
    "causal": Entry(
        lambda target: fig_causal({name: arrays(f"{run}-causal") for run, name in NETWORKS.items()}, target=target),
        "Exchange the waves, exchange the answer",
        "Put one number's waves in another's place and the network answers with the other's residue; groups of neurons that mean "
        "nothing do not do it.",
        "Share of cells as the account says under three interventions; a mark for each seed (three at p = 53, five of each other), last"
        " step. Blue: the neurons that the account names; grey: four nulls.",
        "Three panels with three groups of marks. The blue dots of the account stand at one, all grey marks of the nulls near a tenth "
        "or below.",
    ),
    "cancellation": Entry(
        lambda target: fig_cancellation(load_run("paper"), target=target),
        "What 73 writes of one digit, the others take away",
        "The rectified waves of 73 leave terms of one digit alone in its logits, and all other neurons write their opposite.",
        "Run paper, seed 0, last step; terms of the digit x1 alone, of mean zero over classes and digits. Left: the logit of class 0 of"
        " 73 for the first values of the digit. Right: all values of the digit and all classes; on the dotted line the two cancel.",
        "Left, bars in two colours that point in opposite directions at nearly every digit, with dots for their sum near zero. Right, a"
        " narrow cloud of points along the falling diagonal.",
    ),
    "clears": Entry(
        lambda target: fig_clears(arrays("paper-cancellation"), preset("paper").p, target=target),
        "Which primes clear up after which",
        "What a prime's neurons write of one digit is cleared by a few other primes, different ones for the two digits, and by the "
        "skip.",
        "Share that each other prime's neurons (column) take away of what each prime's own (row) write of one digit alone. Run paper, "
        "seed 0, last step.",
        "Two square heat maps, mostly blank, with an empty diagonal. In each row a few other primes stand out, different ones for the "
        "two digits, and the last column, the skip, takes a part of many rows.",
    ),
    "letters": Entry(
        lambda target: fig_letters({name: a["use"] for name, a in by_block("alphabet").items()}, preset("paper").p, target=target),
        "An alphabet of frequencies",
        "Networks of both blocks share an alphabet: a few frequencies on each digit that many primes use, with empty stretches between.",
        "Use of each frequency on one digit, summed over all primes; a curve for each of five seeds of paper and of paper-standard, p ="
        " 113, last step.",
        "Two panels of thin curves over frequency. They share narrow peaks with empty stretches between, most of them in both blocks.",
    ),
    "usage": Entry(
        lambda target: fig_usage({block: a["usage"] for block, a in by_block("shared").items()}, 113, target=target),
        "Seeds choose the same frequencies",
        "Networks that start from different weights use much the same frequencies of a prime.",
        "Share of a prime's neurons at each of its frequencies, for three primes; a row for each of five seeds of paper and of "
        "paper-standard, last step.",
        "Three heat maps of ten rows, one for each network. Dark columns stand at the same frequencies in most rows.",
    ),
    "foretold": Entry(
        lambda target: fig_foretold(new_alphabets(), {name: moved_alphabets(name) for name in TAKEN}, target=target),
        "The alphabet, foretold",
        "The rule of the alphabet holds at five new p from the use of the other primes, more weakly from p alone, and foretells how use"
        " moves when something is taken away.",
        "Left: rank correlation of the rule with use at five new p, one network each. Right: of the foretold with the found change at p"
        " = 53, three seeds each. Bars: 99th percentiles of permuted predictions; crosses: networks whose training was not changed.",
        "Two panels of dots. On the left, for each p, a blue dot high above its null and an orange one lower, above its own. On the "
        "right three groups of green dots, most of them above the bars of their nulls, and grey crosses around or below zero.",
    ),
    "formation": Entry(
        lambda target: fig_formation(courses(), target=target),
        "The formula grows as the network learns",
        "The closed formula's share of the logits rises smoothly with held-out accuracy or ahead of it, and stays at nothing where only"
        " rows can be learned by heart.",
        "A curve for each network: three seeds of p = 53, one of each block at p = 113, and three seeds of p = 53 with labels permuted "
        "over the rows. Dots: half of the way. Curves are named in the last panel.",
        "Three panels of curves over steps. In the first two the formula's share and accuracy rise together while two other measures "
        "fall; in the third, with labels permuted, accuracy and formula stay at the bottom.",
    ),
    "race": Entry(
        lambda target: fig_race({name: arrays(f"{run}-race") for run, name in NETWORKS.items()}, target=target),
        "The formula is shorter than the weights",
        "The closed formula has most of the logits in about a thousandth of the bits that the rounded weights need to have any.",
        "Share of the network's own logits over the bits of its weights, rounded, and of the closed formula; a curve for each seed "
        "(three at p = 53, five of each other), last step.",
        "Curves over bits on a log axis. Those of the formula rise to nine tenths at about a thousand bits; those of the weights stay "
        "at nothing up to a million bits and more, and then rise to one.",
    ),
}  # fmt: skip

_NETWORKS: dict[str, Entry] = {
    "learning": Entry(
        lambda target: fig_learning(load_run("paper"), target=target),
        "Twenty-nine tasks are learned, one after another",
        "All tasks are learned, small q on the whole before large ones, and held-out rows later than training rows.",
        "A curve for each prime q < 113, from dark for 2 to light for 109; some are named. Run paper, seed 0; the steps after the last "
        "rise are cut off.",
        "Two panels of accuracy against training step, one curve for each of 29 moduli. On training rows all curves rise to one early; "
        "on held-out rows 2 and 7 come first, most others together, and large moduli last.",
    ),
    "learning-standard": Entry(
        lambda target: fig_learning(load_run("paper-standard"), target=target),
        "The same in the standard block",
        "The standard block learns the same tasks in much the same order, on the whole a little sooner.",
        "As the figure before, run paper-standard, seed 0.",
        "Two panels of accuracy against training step for the standard block, one curve for each of 29 moduli. All rise to one, small "
        "moduli first.",
        told_by="standard",
    ),
    "order": Entry(
        lambda target: fig_order({block: runs_of(run) for run, block in BLOCKS.items()}, target=target),
        "The order in which tasks arrive",
        "A task arrives later the larger its prime; 2 and 7 come first, for which n mod q is the plain sum of the digits.",
        "Step at which each task reaches 99% on held-out rows. Dots: five seeds of each block; line: their median; orange: primes with "
        "113 = ±1 mod q. Runs paper and paper-standard.",
        "Two scatter plots, one for each block, of steps over the prime q. Steps grow with q; the primes 2 and 7, for which 113 is 1 "
        "mod q, come first.",
    ),
    "bases": Entry(
        lambda target: fig_bases(by_block("analysis"), target=target),
        "Neurons are simple in the right basis",
        "One wave k/q in each digit explains most of nearly every neuron's input, and no pair of frequencies of Z/113 does.",
        "Share of a neuron's input that its best family explains, over all neurons of five seeds of paper and of paper-standard, last "
        "step; and the same for random families, as many to choose from.",
        "Cumulative curves over neurons, one panel for each block. The curve of k/q lies far to the right, near one; that of Z/113 in "
        "the middle; the random one at about a half.",
    ),
    "spectrum": Entry(
        lambda target: fig_spectrum([load_run("addition"), load_run("paper")], target=target),
        "Why the usual basis shows nothing",
        "Over Z/113 the embedding of the addition network has a few frequencies, and that of the residue network has all of them.",
        "Share of the variance of the embedding at each frequency; dashed: the 99th percentile of the largest share in noise. Runs "
        "addition and paper, seed 0, last step.",
        "Two bar charts over frequencies 1 to 56. For modular addition a few green bars stand far above the noise line; for the residue"
        " tasks the power is spread over many.",
    ),
    "dissociation": Entry(
        lambda target: fig_dissociation(arrays("paper-analysis"), 113, target=target),
        "One prime, one task",
        "A prime's neurons matter to its own task and to hardly any other; as many random neurons matter a little to many.",
        "Accuracy of every task (column) with the neurons of one prime (row) held at their means, and with random groups of the same "
        "size. Run paper, seed 0, last step.",
        "Two square heat maps of 29 by 29. On the left only the diagonal is dark. On the right there is no diagonal, and many cells are"
        " slightly darker than the rest.",
    ),
    "removed": Entry(
        lambda target: fig_dissociation(arrays("paper-analysis"), 113, fields=REMOVAL, target=target),
        "One prime's functions, taken away and kept",
        "The functions of a prime are necessary for its own task and do for it nearly alone.",
        "Accuracy of every task (column) with the functions of one prime (row) removed from what the MLP writes, and with nothing else "
        "of it kept. Run paper, seed 0, last step.",
        "Two square heat maps of 29 by 29. On the left only the diagonal is dark. On the right only the diagonal is bright.",
        told_by="REMOVAL",
    ),
    "coincidence": Entry(
        lambda target: fig_coincidence(
            by_block("analysis"), {block: a["usage"] for block, a in by_block("shared").items()}, 113, target=target
        ),
        "Primes whose waves nearly coincide",
        "A prime suffers from the loss of another's neurons almost only where their waves nearly agree on both digits.",
        "Every pair of primes in each of five seeds of paper and of paper-standard, last step: accuracy that one loses when the other's"
        " neurons are held at their means. Orange: the four pairs that lose most, at their means over seeds.",
        "Two scatter plots. Nearly all pairs lie at the left, coinciding in nothing, most with no harm. Most pairs with harm above one "
        "percent lie to the right; 73 and 83 lead.",
    ),
    "factors": Entry(
        lambda target: fig_factors(arrays("residues-factors"), FACTORS, target=target),
        "Which settings generalise",
        "Networks bring every task to 99% in a narrow band: most rows trained on, a little dropout, some decay, enough width.",
        "Steps until every task stands at 99% on held-out rows, p = 53, one setting changed at a time from the preset laptop. Four "
        "seeds side by side: dots, with a line at the median; crosses for those that do not get there in the schedule.",
        "Five panels over share trained on, dropout, weight decay, learning rate and width. Each has a range of values with four dots, "
        "and outside of it four crosses at the top.",
    ),
    "plane": Entry(
        lambda target: fig_plane(arrays("residues-plane"), FACTORS, target=target),
        "Share trained on and dropout together",
        "More rows help at every dropout but the highest, and without dropout no share is enough.",
        "Left: held-out accuracy in percent at the end, mean over tasks, median of four seeds, p = 53. Right: how many of the seeds "
        "have every task at 99% on held-out rows within the schedule.",
        "Two grids of five shares by five dropout rates with a number in each cell. On the left numbers grow upwards. On the right all "
        "are zero but for the cells with a share of .8 or .9 and dropout of .05 to .2.",
    ),
    "over-p": Entry(
        lambda target: fig_over_p(*over_p(), more=beyond(), target=target),
        "Which p these networks reach",
        "With one width and one schedule networks generalise from p = 41 to 127; another width and schedule reach 257.",
        "Standard block, four fifths of the rows trained on. Left: steps until every task stands at 99% on held-out rows. Right: share of "
        "all cells that is wrong at the end. Blue: width 256, all rows in every step, three seeds a value side by side. Green: one seed of "
        "the run wide.",
        "Two panels over p. On the left blue crosses at small p, dots from 41 to 127, crosses above, and a green dot at 257. On the right "
        "the share of wrong cells falls from a few percent to none or a few in a million and rises again to about a tenth, but for the "
        "green dot at 257, which is at two in a million.",
    ),
    "compute": Entry(
        lambda target: fig_compute(errors_over_compute(), target=target),
        "What the last wrong cells cost",
        "The last cells are cleared, or all but two, where the gains of the simplified block do not decay, and in a standard network twice "
        "as wide.",
        "Wrong cells of all rows, p = 113, over the operations that training has taken, counted for the MLP and the unembedding. A line "
        "for each seed, with a dot at its last step.",
        "Two panels of falling curves with a logarithmic count of wrong cells. On the left five blue curves end between 3 and 17, "
        "and orange ones, which lag behind at first, at none or two for the same work. On the right five blue curves end at 9 or fewer, "
        "and one orange curve falls more slowly and reaches none at about twice the work.",
    ),
    "growth": Entry(
        lambda target: fig_growth(grown(), level=LEVEL, target=target),
        "What a network needs as p grows",
        "A width of about 140 and three quarters of the rows are enough at p from 41 to 71.",
        "Share of all cells that is wrong at the end: left over the width of the stream, with four fifths of the rows trained on; right "
        "over that share, at a width of 256. Standard block, three seeds a value. The p stand at their lines; dotted: one cell in ten "
        "thousand.",
        "Two panels with a logarithmic share of wrong cells. On the left three lines fall steeply from a few percent or a third at width "
        "64 to none at 160 and 256; the larger p begins higher and falls more steeply. On the right two lines fall from a few in a "
        "thousand, or a few percent, at .65 to none at .8.",
    ),
    "margins": Entry(
        lambda target: fig_margins(hand_margins(), target=target),
        "Margins of two networks written by hand",
        "Both networks written by hand are right everywhere, but only the carry network is equally sure everywhere.",
        "Margins of all cells at p = 113, in units of the network's median. Each construction is drawn once: in both blocks it has the "
        "same margins.",
        "Two cumulative curves on a log axis. That of the phase network rises slowly from a thousandth to beyond ten; that of the carry"
        " network is a vertical line at one.",
    ),
    "certificate": Entry(
        lambda target: fig_certificate(certificates(), target=target),
        "What can be proved without running every input",
        "A proof of the whole accuracy of a trained network costs about six tenths of running it on every input.",
        "Accuracy proved against the length of the proof, in multiplications; median of three seeds of laptop and five of paper and of "
        "paper-standard, last step. Numbers: the rank kept of each task's unembedding. Circles: only a task's own neurons evaluated. "
        "The two blocks at p = 113 agree and are drawn once.",
        "Two curves that rise from about a tenth or a fifth proved at two fifths or half of the length of brute force to everything at "
        "about six tenths. Two circles at the lower left: nothing proved, at a tenth of the length.",
    ),
    "spike": Entry(
        lambda target: fig_spike(arrays("residues-spike"), target=target),
        "A spike that depends on the ruler",
        "Whether the number of active frequencies spikes in training depends on the threshold: against one that comes from noise it "
        "does not.",
        "Active frequencies at p = 53, by three rules (columns) in two bases (rows). One line for each seed; dotted: the step at which "
        "mean held-out accuracy reaches 99%.",
        "Six panels of counts over steps, three rules by two bases. By the first two rules the counts rise early and fall; by the "
        "third, whose threshold comes from noise, they rise and stay.",
    ),
}  # fmt: skip

_ADDITION: dict[str, Entry] = {
    "course": Entry(
        lambda target: fig_course(arrays("addition-progress"), target=target),
        "The circuit grows while nothing shows",
        "The restricted loss falls well before the held-out loss: the circuit for addition grows while nothing shows.",
        "Run addition, seed 0, other seeds faint. Restricted: only the key frequencies kept in the logits; excluded: they are removed, "
        "on training pairs.",
        "Four curves on a log axis over steps. The training loss drops at once. The held-out loss rises, stays high and then falls "
        "steeply. The restricted loss falls smoothly before it. The excluded loss first falls, then rises.",
    ),
    "measures": Entry(
        lambda target: fig_measures(arrays("addition-progress"), target=target),
        "Addition grows sparse",
        "As addition is learned, its Fourier norms grow sparse and its weights shrink.",
        "Run addition, seed 0, other seeds faint; dotted: the ends of the three phases. Left: Gini coefficients. Right: frequencies "
        "that count as active, by two rules.",
        "Three panels over steps: Gini coefficients that rise and level off; a sum of squared weights that rises and falls in two "
        "stages; and the number of active frequencies, which rises and then falls to a few.",
    ),
    "cosine-cube": Entry(
        lambda target: fig_cosine_cube(load_run("addition"), key_frequencies(load_run("addition")), target=target),
        "The logits of addition are a sum of cosines",
        "A sum of cosines at the key frequencies is nearly all of a logit over all pairs.",
        "The logit of class 0 over all pairs, the sum of cosines, and what is left, on one scale. Run addition, seed 0, last step.",
        "Three square heat maps over both digits. The first two show the same diagonal stripes; the third is almost blank.",
    ),
    "removal": Entry(
        lambda target: fig_removal(arrays("addition-analysis"), target=target),
        "A few frequencies do the work",
        "Removing one key frequency from the logits costs orders of magnitude in loss; removing any other costs next to nothing.",
        "Loss over all pairs. Orange: key frequencies; dashed: nothing removed. Run addition, seed 0, last step.",
        "Bars on a log axis, one for each frequency 1 to 56. All stand at the same low level but for a few orange bars that are several"
        " orders of magnitude higher.",
    ),
    "neurons": Entry(
        lambda target: fig_neurons(arrays("addition-analysis"), target=target),
        "Every neuron of addition is accounted for",
        "One frequency explains nearly all of most neurons, and those that it does not explain are always on.",
        "Left: variance of each neuron that its best frequency explains. Right: neurons by their best frequency. Run addition, seed 0, "
        "last step.",
        "A histogram with most neurons near one and a group of linear, always-on neurons lower down; and bars with the number of "
        "neurons for each key frequency.",
    ),
    "optimisers": Entry(
        lambda target: fig_optimisers(arrays("addition-optimisers"), ADDITION_OPTIMISERS, target=target),
        "Muon is fast in the earlier setting",
        "In the setting of earlier work Muon generalises in about a tenth of AdamW's steps, and GrokFast does not help.",
        "Steps and seconds until 99% of the held-out pairs are right; a dot for each seed, a bar at the median where all get there.",
        "Two dot plots on log axes with one row for each optimiser: Muon about ten times faster than AdamW; GrokFast no faster, and not"
        " in all seeds.",
    ),
    "clock-pizza": Entry(
        lambda target: fig_clock_pizza(clocks_and_pizzas(), target=target),
        "Clock or pizza",
        "AdamW in the standard block makes clocks; Muon's networks are near neither corner.",
        "Gradient symmetricity and distance irrelevance of every network on addition, last step; stars: the averages that Zhong et al. "
        "report.",
        "A scatter plot. Networks trained with AdamW in the standard block lie near the published clock; those trained with Muon lie at"
        " high symmetricity and high irrelevance; those of AdamW in the simplified block scatter.",
    ),
}  # fmt: skip

_CIRCUITS: dict[str, Entry] = {
    "circuit": Entry(
        lambda target: fig_circuit(*circuit_of("paper", 73), target=target),
        "The circuit of the prime 73",
        "A program finds for task 73 what reading by hand says: both digits, the heads, the neurons of 73, and those of a few other "
        "primes.",
        "Width: damage of cutting the edge. Grey: what the circuit does not use. Groups of neurons are those of the labels. Run paper, "
        "seed 0, last step.",
        "A graph from left to right: three positions, four heads, groups of neurons, one grey node for all others, logits. Blue lines "
        "lead from both digits through all heads to the neurons of 73 and thinner ones to those of a few other primes; the rest is grey.",
    ),
    "circuit-overlap": Entry(
        lambda target: fig_circuit_overlap(circuits_of("paper")[0], 113, target=target),
        "Large primes borrow, small primes do not",
        "The circuits of small primes have their own neurons alone; those of large primes borrow from many other large primes.",
        "The darker, the more. Left: groups of neurons (column) that the circuit of each task (row) has. Right: Jaccard similarity of "
        "the circuits of two tasks. Run paper, seed 0, last step.",
        "Two square pictures of 29 by 29. On the left the diagonal is full; above about 40 many cells beside it are full too, most of "
        "them at the lower right, and below about 20 none. On the right the diagonal is darkest, with paler blocks at both ends.",
    ),
    "circuit-sizes": Entry(
        lambda target: fig_circuit_sizes(
            {name: circuits_of(run) for run, name in NETWORKS.items()},
            {name: primes_below(preset(run).p) for run, name in NETWORKS.items()},
            target=target,
        ),
        "Larger primes have larger circuits",
        "Most circuits of small primes have nine edges or fewer, and circuits grow with the prime.",
        "Edges in the circuit of each task; a dot for each seed (three at p = 53, five of each other), last step. Dashed: nine, both "
        "digits through two heads each and one group of neurons.",
        "Three scatter plots over the prime q on a log axis. Small primes lie at nine edges or fewer; large ones reach thirty to sixty.",
    ),
    "circuit-curves": Entry(
        lambda target: fig_circuit_curves({name: circuits_of(run)[0] for run, name in NETWORKS.items()}, target=target),
        "A tenth of the edges is nearly all",
        "About a tenth of the edges is nearly as good as all of them, whichever method ranks them, unless ablated edges are set to "
        "zero.",
        "Faithfulness of the best edges over the share kept, mean over tasks, seed 0, last step: rows are networks, columns ablations; "
        "values far below zero are cut off.",
        "Nine panels, three networks by three ablations, with three curves each. Under mean and resample ablation the curves of all "
        "methods coincide and rise to nearly one at a tenth of the edges; under zero ablation they rise later and differ.",
    ),
}  # fmt: skip

_INTEGERS: dict[str, Entry] = {
    "primes-polar": Entry(
        lambda target: fig_primes_polar(113**2, target=target),
        "The primes in polar coordinates",
        "The arms are residue classes modulo 44, and those that a divisor of 44 empties are missing: primality is residues.",
        "The primes below 113² at radius n and angle n radians; 44 radians are nearly seven turns. Orange: the primes that are 1 mod "
        "44. Grey: the numbers that are 33 mod 44, none of them prime.",
        "Blue dots on spiral arms with gaps between them. One arm is orange, and one gap is filled by a dotted grey spiral.",
    ),
    "decades": Entry(
        lambda target: fig_decades(target=target),
        "The talk's Table 1 as a picture",
        "These are the primes among the numbers that end in 1, 3, 7 or 9, about which the talk asks.",
        "Nine hundred decades, four last digits each; primes are filled.",
        "A grid of nine bands, one for each thousand, with four rows each for the last digits 1, 3, 7 and 9 and a hundred columns for "
        "the decades. Filled cells are primes; they thin out slowly towards 9999.",
    ),
    "found": Entry(
        lambda target: fig_factors_found(prime_callers("by_factor"), prime_callers("recall"), target=target),
        "Which divisors a network finds",
        "Asked for primes from digits, a network finds the divisors that its base shows and hardly any other.",
        "Share of composites that are recognised, by least prime factor, less the share of primes that are called composite too: "
        "nothing where a factor tells the network nothing. Held-out numbers, mean over seeds. Crosses: no such number.",
        "A heat map of fifteen networks by twelve factors. In most rows the factors that the base shows are the darkest and the others "
        "nearly blank. The rows of residues are dark throughout.",
    ),
    "hypotheses": Entry(
        lambda target: fig_hypotheses(prime_callers("agreement"), target=target),
        "Which primality test a network is",
        "A network that sees digits is most like a test that knows one to five divisors, where its base shows anything; one that sees "
        "residues is most like the primes.",
        "Correlation (Matthews) of each network's answers with those of tests, held-out numbers, mean over seeds; the dot marks the "
        "highest in each row. A set in braces calls n prime unless one of it divides n. The tests of Fermat, Euler and Miller and Rabin"
        " in base 2 say nearly what the primes say, and are left out.",
        "A heat map of fifteen networks by nine tests. For digits the highest agreement is with tests that know a few divisors; for "
        "residues with the primes themselves.",
    ),
    "law": Entry(
        lambda target: fig_law(arrays("integers-bases"), LAW_BASES, target=target),
        "A base shows its divisors",
        "A network learns n mod q from digits where q puts few different weights on them.",
        "Left: accuracy above chance over training for each q in each base, mean over seeds; written in, the number of different "
        "weights, 0 where q divides the base. Right: the same tasks by that number; the line is the mean.",
        "A heat map of twelve bases by nine primes, dark where the number of weights is 0 or 1, and a scatter plot that falls steeply "
        "from 0 and 1 to nothing at 3.",
    ),
    "sparse": Entry(
        lambda target: fig_sparse(arrays("integers-sparse"), arrays("integers-sparse-few"), SPARSE_BASES, predictions(), target=target),
        "What a sparse encoding teaches, foretold",
        "Recall with a sparse encoding was predicted from the factors of its base: rightly for bases with small ones.",
        "Recall of composites and of primes for four bases O. Bars: the rule “coprime to O”, before training. Dots: networks, one a "
        "seed. Crosses: networks trained longer on fewer numbers.",
        "Two bar charts over the bases 127, 128, 150 and 210, for composites and for primes. Dots for networks stand at the tops of the"
        " bars where the base has small factors; crosses for networks that saw fewer numbers lie off them.",
    ),
    "sequences": Entry(
        lambda target: fig_sequences(arrays("integers-sequences"), QUESTIONS, target=target),
        "From trivial to impossible",
        "From constants to the uncomputable accuracy falls alike for small networks and for a compressor that knows no arithmetic.",
        "Held-out accuracy on four tasks. Each dot is a sequence: filled, the network, mean over four seeds; hollow, the compressor. "
        "Bars: means of a class.",
        "Four panels with a row for each of ten classes of sequences. Constants and periodic sequences lie near one in all; classes "
        "further down scatter, with means that fall; the last, one uncomputable sequence, is at one for classifying and comparing and "
        "at zero for continuing and unmasking. Means of network and compressor stand close together but for polynomials and "
        "recurrences, where the compressor is ahead in two tasks.",
    ),
    "miu": Entry(
        lambda target: fig_miu(arrays("miu-study"), target=target),
        "A network that solves the MU puzzle",
        "The network counts the I's and answers by a zigzag of hinges that dips where 3 divides the count, up to 9.",
        "Left: its answer over the number of I's, mean and two standard deviations over words, and the hinges run alone. Right: where "
        "each neuron turns on, and how much it bends the zigzag there. Run miu, seed 0, last step.",
        "Left, a zigzag over counts from 0 to 10 that is below zero at 0, 3, 6 and 9, and far below at 10, where it should be above. "
        "Right, stems up at multiples of three and down between them.",
    ),
}  # fmt: skip

PARTS: dict[str, dict[str, Entry]] = {
    "The algorithm": _ALGORITHM, "The residue networks": _NETWORKS, "Addition": _ADDITION, "Circuits": _CIRCUITS, "The integers": _INTEGERS,
}  # fmt: skip
GALLERY: dict[str, Entry] = {name: entry for part in PARTS.values() for name, entry in part.items()}
