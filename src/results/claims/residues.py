"""How a transformer recognises primes: every headline number of the residue networks, both blocks."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.stats import spearmanr

from ...circuits.by_hand import phase_neurons
from ...network.model import count_parameters
from ...network.presets import preset
from ...network.runs import Run, load_run
from ...network.tasks import make_dataset
from ...studies.arrays import Arrays
from ...studies.bases import FAMILIES, WAVES, compare_all
from ...studies.composition import Confusion, divisor_confusion_all, primality
from ...studies.description import growth
from ...studies.order import first_steps
from ...studies.residues import LABELLED, analyse_all
from ..evidence import GROWTH_P, P113, WRITERS, confusions, costs, hand_written, seeds_of
from ..measure import measure, recorded
from . import Claim, claim
from .scale import block_rows as two_blocks
from .scale import certificate_rows, order_rows, race_rows, shared_rows, spike_rows, sweep_rows

BLOCKS = {"paper": "simplified", "paper-standard": "standard"}
LETTERS = {"paper": "B", "paper-standard": "S"}


def analysis(run: str = "paper") -> Arrays:
    """`src.residues.analyse` of every committed seed: arrays (seeds, ...)."""
    return measure(f"{run}-analysis", analyse_all, seeds_of(run))


@cache
def runs_of(run: str) -> tuple[Run, ...]:
    """Every committed seed of a run, loaded once."""
    return tuple(load_run(*found) for found in seeds_of(run))


def hand_margins() -> dict[str, np.ndarray]:
    """Margins of the networks written by hand, at quantiles: by name."""
    return {f"{kind}, {block}": hand_written()[f"{kind}, {block}"] for kind in WRITERS for block in P113}


def off_diagonal(x: np.ndarray) -> np.ndarray:
    """(seeds, T, T) -> (seeds, T (T - 1))."""
    return x[:, ~np.eye(x.shape[1], dtype=bool)]


def labelled(a: Arrays) -> np.ndarray:
    """Which neurons have a label by all parts of the definition: (seeds, M)."""
    level = np.quantile(a["random"], 0.99, axis=1)[:, None]
    return (a["rational"] >= LABELLED) & (a["rational"] > level) & (a["hurts"] == a["q"])


def below(a: Arrays, field: str) -> np.ndarray:
    """Mean of a field over the neurons whose best family explains less than `LABELLED`: (seeds,)."""
    return np.asarray([values[first < LABELLED].mean() for values, first in zip(a[field], a["rational"], strict=True)])


def rows_of(run: Run) -> list[Claim]:
    """The rows of one block for one network, of whatever seed: to see that a run made anew gives the same. Analyses it now.

    Raises `ValueError` where the paper has no such run.
    """
    if run.config.run not in BLOCKS:
        raise ValueError(f"run {run.config.run!r} has no rows of its own; there are {', '.join(BLOCKS)}")
    return block_rows(run.config.run, (run,), analyse_all([run]), [primality(run)])


def committed_rows(name: str) -> list[Claim]:
    """The same rows over the committed seeds."""
    return block_rows(name, runs_of(name), analysis(name), confusions(name))


def block_rows(name: str, runs: Sequence[Run], a: Arrays, confusion: Sequence[Confusion]) -> list[Claim]:
    """The rows of one block, from its networks, their analyses and their primality."""
    letter, block = LETTERS[name], BLOCKS[name]
    own = {name: np.diagonal(a[name], axis1=1, axis2=2) for name in ("ablated", "removed", "kept", "ablated_random", "removed_random")}
    excess = {name: (value - a["chance"]).max(axis=1) for name, value in own.items()}
    cells = a["accuracy"].shape[1] * runs[0].config.p ** 2
    q = np.asarray(runs[0].dataset.widths)
    rows = [
        ("wrong cells of 370,301, held-out rows included", a["wrong"], dict(anchor="not given", low=0, high=0, form=".0f",
         why="every wrong cell is a held-out row of a prime from 79 up; of longer schedules most seeds, not all, end with none (F42, F43)")),
        ("steps until every task stands at 99% held out", [one.manifest["steps_to_generalise"] for one in runs],
         dict(anchor="about 40,000 (lineage, one seed)", high=1000, form=",.0f", why="some seeds need a little longer in this schedule")),
        ("primality below 12,769 by composition: precision", [c.precision for c in confusion], dict(low=1, high=1, form=".3%",
         why="a wrong zero residue among the wrong cells")),
        ("the same: recall of primes", [c.recall for c in confusion], dict(anchor="> 99% (Lee and Kim, other interval)", low=1, high=1, form=".3%",
         why="a wrong zero residue among the wrong cells")),
        ("rank correlation of q with the step at which task q arrives", [spearmanr(q, first_steps(one))[0] for one in runs], dict(low=0.3, form=".2f")),
        ("pre-activations: share that is one function of x0 plus one of x1", a["additive"], dict(low=0.99, form=".4%")),
        ("attention from '=': largest deviation over all inputs", a["attention_spread"], dict(high=0.05, form=".1e")),
        ("pre-activations in the best rational family, mean over neurons", a["rational"].mean(axis=1), dict(low=0.85, form=".3f")),
        ("the same in the best pair of frequencies of Z/p", a["zp"].mean(axis=1), dict(form=".3f")),
        ("the same in the best of as many random families (null)", a["random"].mean(axis=1), dict(form=".3f")),
        ("after the ReLU: rational, mean over neurons", a["rational_post"].mean(axis=1), dict(low=0.8, form=".3f")),
        ("neurons whose rational family explains 85%", (a["rational"] >= LABELLED).mean(axis=1), dict(anchor="84.6% (Nanda, one task)", low=0.99, form=".1%",
         why="two in three of the rest have most of what is left in a second family; together they carry part of several tasks")),
        ("neurons labelled: 85%, above the 99th percentile of random families, and own prime hurt most", labelled(a).mean(axis=1), dict(low=0.99, form=".1%",
         why="the 99th percentile of the best of 726 random families is itself above 90%")),
        ("the other neurons (below 85%): variance in two rational families, mean", below(a, "two"), dict(low=0.85, form=".3f",
         why="some of these neurons need a third family")),
        ("all of them mean-ablated at once: worst task's accuracy", a["unlabelled_ablated"].min(axis=1), dict(form=".1%")),
        ("control, as many random neurons: worst task's accuracy", a["unlabelled_random"].min(axis=1), dict(form=".1%")),
        ("a neuron's component removed: own prime's share of all loss, median neuron", np.median(a["specific"], axis=1), dict(low=0.9, form=".2f",
         why="reported against a goal of our own")),
        ("neurons whose family is better than the best random one", (a["rational"] > a["random"]).mean(axis=1), dict(low=0.95, form=".1%",
         why="726 random families cover about a tenth of all pairs of frequencies, so some neurons find a close one by chance")),
        ("neurons whose component hurts its own prime most when removed", (a["hurts"] == a["q"]).mean(axis=1), dict(low=0.99, form=".1%",
         why="two primes can have frequencies that coincide on both digits (X1, X9)")),
        ("a prime's neurons mean-ablated: its accuracy above chance, worst prime", excess["ablated"], dict(high=0.01, form=".1%",
         why="neurons labelled with other primes carry a little of it")),
        ("the same, median prime", np.median(own["ablated"] - a["chance"], axis=1), dict(high=0.05, form=".1%", why="as above")),
        ("the same: share of the 812 other accuracies that stay at 99%", (off_diagonal(a["ablated"]) >= 0.99).mean(axis=1), dict(low=1, high=1, form=".2%",
         why="neurons serve two primes whose frequencies coincide (X1, X9)")),
        ("control, random groups of the same size: the same share", (off_diagonal(a["ablated_random"]) >= 0.99).mean(axis=1), dict(form=".1%")),
        ("a prime's functions removed: its accuracy above chance, worst prime", excess["removed"], dict(high=0.01, form=".1%",
         why="frequencies with less than 5% of the prime's strength were left in")),
        ("the same: share of the others that stay at 99%", (off_diagonal(a["removed"]) >= 0.99).mean(axis=1), dict(low=1, high=1, form=".2%",
         why="as for ablation")),
        ("control, as many random families removed: worst accuracy of any task", a["removed_random"].min(axis=(1, 2)), dict(form=".1%")),
        ("only a prime's functions kept: its accuracy, worst prime", own["kept"].min(axis=1), dict(low=0.99, form=".2%",
         why="frequencies with less than 5% of the prime's strength were left out")),
        ("phases: median of |psi - phi0 - phi1| over neurons (random: 1.57)", np.median(a["phase_error"], axis=1), dict(high=0.1, form=".3f")),
        ("the nine numbers of each neuron, run as read: cells right", 1 - a["extracted_wrong"] / cells, dict(low=1, high=1, form=".1%",
         why="neurons of other primes correct what a prime's few neurons leave unbalanced, and this reading drops their share")),
        ("one strength for each (q, k), phases evenly spread: wrong cells", a["regrouped_wrong"], dict(anchor="95.5% right (idealised, addition)", low=0, high=0, form=".0f")),
        ("agreement of that algorithm with the network, cell by cell", a["agreement"], dict(low=0.9999, form=".4%")),
        ("its smallest margin (logits)", a["regrouped_margin"], dict(low=0.01, form=".2f")),
        ("numbers it has", a["numbers"], dict(form=".0f")),
        ("parameters of the network", [count_parameters(one.model) for one in runs], dict(form=",.0f")),
        ("frequencies used, mean over primes", a["frequencies"].mean(axis=1), dict(form=".1f")),
    ]  # fmt: skip
    return [claim(f"{letter}{i + 1}", f"{block}: {text}", values, **options) for i, (text, values, options) in enumerate(rows)]  # pyright: ignore[reportArgumentType]


def rows() -> list[Claim]:
    """Both blocks, then the networks written by hand."""
    out = [row for name in BLOCKS for row in committed_rows(name)]
    hand = hand_written()
    for i, name in enumerate(f"{kind}, {block}" for block in P113 for kind in WRITERS):
        out.append(claim(f"H{2 * i + 1}", f"written by hand ({name}): wrong cells", hand[f"{name} wrong"], low=0, high=0, form=".0f"))
        out.append(claim(f"H{2 * i + 2}", f"written by hand ({name}): smallest margin", hand[f"{name} smallest"], low=1e-9, form=".1e"))
    controls = recorded("residues-controls")
    steps, alone = controls["steps_to_generalise"], [one.manifest["steps_to_generalise"] for one in runs_of("laptop")]
    out += [
        claim(
            "K1",
            "p = 53, labels permuted: held-out accuracy, mean over tasks",
            controls["valid_accuracy"][0],
            high=0.15,
            form=".1%",
            kind="measured",
        ),
        claim("K2", "p = 53, q >= 11 only: steps until every task stands at 99% held out", steps[1], form=",.0f", kind="measured"),
        claim("K3", "p = 53, q = 47 alone: the same", steps[2], form=",.0f", kind="measured"),
        claim("K4", "p = 53, all 15 tasks: the same", alone, form=",.0f"),
    ]
    out += divisor_rows() + hand_certificate_rows() + certificate_rows() + order_rows()
    out += shared_rows({run: analysis(run) for run in BLOCKS}, preset("paper").p) + sweep_rows() + race_rows()
    out += spike_rows() + two_blocks(runs_of("paper"), runs_of("paper-standard")) + basis_rows() + norm_rows(hand)
    config = preset("paper")
    out.append(claim("H9", "neurons of the phase network", [len(phase_neurons(config.p).q)], form=".0f"))
    out.append(claim("H10", "neurons of the carry network", [2 * len(make_dataset(config).widths)], form=".0f"))
    return out


def bases(run: str) -> Arrays:
    """`src.bases.compare_all` of the committed seeds of a run."""
    return measure(f"{run}-bases", compare_all, seeds_of(run))


def basis_rows() -> list[Claim]:
    """V: embedding, activations and logits in the two dictionaries, with nulls."""
    out = []
    for run, block in BLOCKS.items():
        a = bases(run)
        for text, values, options in (
            (f"W_E: variance in the best {WAVES} waves, rational", a["embedding_rational"], dict(form=".2f")),
            ("the same, Z/p", a["embedding_zp"], dict(form=".2f")),
            ("the same, random", a["embedding_random"], dict(form=".2f")),
            ("after the ReLU: the best pair of Z/p, mean over neurons", a["post_zp"], dict(form=".3f")),
            (f"logits of a task: variance in the best {FAMILIES} families, rational, mean over tasks", a["logits_rational"].mean(axis=1), dict(low=0.8, form=".3f")),
            ("the same, Z/p pairs", a["logits_zp"].mean(axis=1), dict(form=".3f")),
            ("the same, random families", a["logits_random"].mean(axis=1), dict(form=".3f")),
            ("null, the network with its weights permuted: rational", a["permuted_rational"].mean(axis=1), dict(form=".3f")),
            ("null, Gaussian noise: rational", a["noise_rational"], dict(form=".3f")),
            ("control, as many random families kept of the MLP: own prime's accuracy, best prime", a["kept_random"].max(axis=1), dict(form=".1%")),
        ):  # fmt: skip
            out.append(claim(f"V{len(out) + 1}", f"{block}: {text}", values, **options))  # pyright: ignore[reportArgumentType]
    return out


def norm_rows(hand: Arrays) -> list[Claim]:
    """What the weights of each algorithm cost where decay charges for them, and how proofs shorten with p."""
    out = []
    for block in P113.values():
        name = "simplified" if block.block == "sas" else "standard"
        for kind in WRITERS:
            out.append(claim(f"H{11 + len(out)}", f"written by hand ({kind}, {name}): least sum of squares at a margin of 1 (1st percentile)",
                             hand[f"{kind}, {name} cost"], form=",.0f"))  # fmt: skip
    for kind in WRITERS:
        out.append(claim(f"H{11 + len(out)}", f"certificate, {kind} network: brute force over operations grows like p to the power",
                         [growth(np.asarray(GROWTH_P), hand[f"{kind} over p"])], form=".2f"))  # fmt: skip
    for run, name in BLOCKS.items():
        out.append(claim(f"V{21 + list(BLOCKS).index(run)}", f"{name}, trained: least sum of squares at a margin of 1 (1st percentile)",
                         measure(f"{run}-cost", costs, seeds_of(run))["cost"], form=",.0f"))  # fmt: skip
    return out


def divisors(run: str) -> Arrays:
    """`src.divisors.divisor_confusion_all` of the committed seeds of a run."""
    return measure(f"{run}-divisors", divisor_confusion_all, seeds_of(run))


def divisor_rows() -> list[Claim]:
    """The least divisor that the predicted residues give, against the least prime factor."""
    out = []
    for run, block in BLOCKS.items():
        counts = divisors(run)["counts"]
        wrong = counts.sum(axis=(1, 2)) - np.trace(counts, axis1=1, axis2=2)
        out.append(claim(f"P{len(out) + 1}", f"{block}: n whose least divisor by the network is not the least prime factor", wrong, form=".0f",
                         low=0, high=0, why="a wrong residue at the least factor of n, where another factor still gives n away"))  # fmt: skip
    return out


def hand_certificate_rows() -> list[Claim]:
    """Accuracy of the networks written by hand, proved without running every input."""
    out, hand = [], hand_written()
    for kind in WRITERS:
        for block in P113:
            label = f"certificate, {kind} network, {block}"
            out.append(
                claim(
                    f"C{len(out) + 1}", f"{label}: proved accuracy, worst task", hand[f"{kind}, {block} bound"], low=1, high=1, form=".0%"
                )
            )
            out.append(
                claim(f"C{len(out) + 1}", f"{label}: brute force over operations", hand[f"{kind}, {block} saving"], low=1, form=".0f")
            )
    return out
