"""Results of trainings whose weights are not committed: train what is missing, measure, and write measurements/<name>.npz.

A sweep is a list of configs, a number of seeds and a function from the trained runs to arrays. Runs stay in runs/, so a
sweep that was stopped goes on where it was.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ..network.config import Config
from ..network.paths import command as as_typed
from ..network.presets import preset
from ..network.runs import Run
from ..network.trainer import RUNS
from ..studies.arrays import Arrays
from ..studies.law import law_outcome
from ..studies.outcomes import alphabets, anatomy, arrivals, cancellations, course, errors, formations, frequencies, gains, outcome, spikes
from ..studies.phases import phases
from ..studies.primality import primality_outcome
from ..studies.sequences import sequence_outcome
from .cells import Cell, load_all
from .cluster import train_all
from .grids import (
    ALONE,
    CAUSES,
    COURSES,
    DECADES,
    DECAYS,
    DIRECT,
    EXACT,
    FACTORS,
    GAINS,
    LARGE_P,
    LAW,
    MORE_ROWS,
    NEW,
    SEQUENCE_CONFIGS,
    SPARSE,
    SPARSE_FEW,
    SPLITS,
    SWEPT_P,
    WIDER,
    WIDTHS,
    vary,
)
from .measure import record


@dataclass(frozen=True)
class Sweep:
    """`measure(runs)` gets the final runs, one list of seeds for each config."""

    about: str
    configs: tuple[Config, ...]
    seeds: int
    measure: Callable[[list[list[Run]]], Arrays]


_addition, _laptop = preset("addition"), preset("laptop")
SWEEPS: dict[str, Sweep] = {
    "addition-progress": Sweep("Progress measures over training, five seeds of modular addition.", (_addition,), 5, course),
    "addition-optimisers": Sweep(
        "Steps to generalise on modular addition: AdamW, AdamW with GrokFast, Muon.",
        (_addition, replace(preset("addition-grokfast"), steps=7000, keep=0), preset("addition-muon")), 4, outcome,
    ),
    "addition-blocks": Sweep(
        "Modular addition in the simplified block, with AdamW and with Muon: is the algorithm the same?",
        (replace(_addition, run="addition-sas", block="sas", steps=10_000, keep=0),
         replace(preset("addition-muon"), run="addition-muon-sas", block="sas", keep=0)), 4, anatomy,
    ),
    "residues-spike": Sweep(
        "Active frequencies over training in two bases, counted three ways; p = 53.",
        (replace(preset("laptop"), run="laptop-course", keep=40),), 4, spikes,
    ),
    "residues-controls": Sweep(
        "Controls at p = 53: labels permuted over the rows; only q >= 11; q = 47 alone.",
        (replace(preset("laptop"), run="laptop-shuffled", shuffle_labels=True), replace(preset("laptop"), run="laptop-large", q_min=11),
         replace(preset("laptop"), run="laptop-alone", q_min=47)), 3, outcome,
    ),
    "residues-p": Sweep(
        "All residue tasks over p, with the paper's width and schedule in the standard block.",
        tuple(vary(preset("paper-standard"), p=p) for p in SWEPT_P), 3, arrivals,
    ),
    "residues-factors": Sweep(
        "Steps to generalise at p = 53, one factor at a time about the laptop preset.",
        tuple(vary(_laptop, **{name: value}) for name, values in FACTORS.items() for value in values), 4, outcome,
    ),
    "residues-split": Sweep(
        "Do seeds agree on frequencies because they train on the same rows? p = 53, three splits.",
        (_laptop, *(vary(_laptop, data_seed=split) for split in (1, 2))), 4, frequencies,
    ),
    "residues-plane": Sweep(
        "Steps to generalise at p = 53 over train share and dropout.",
        tuple(vary(_laptop, train_fraction=share, dropout=rate) for share in FACTORS["train_fraction"] for rate in FACTORS["dropout"]),
        4, outcome,
    ),
    "residues-long": Sweep(
        "All residue tasks at p = 113 with a longer schedule, both blocks: does any cell stay wrong?",
        tuple(replace(preset(run), run=f"{run}-long", steps=3000) for run in ("paper", "paper-standard")), 5, arrivals,
    ),
    "residues-blocks": Sweep(
        "All residue tasks at p = 53 in the simplified block's forms.",
        (vary(_laptop, block="sas", decay=0.4), vary(_laptop, block="sas-p", decay=0.4),
         vary(_laptop, block="sas-p", n_layers=2, decay=0.4)), 3, arrivals,
    ),
    "residues-gains": Sweep("The simplified block at p = 53, its gains with and without weight decay.", GAINS, 3, gains),
    "residues-large-p": Sweep(
        "All residue tasks beyond p = 113, with the paper's width and schedule in the standard block.",
        tuple(vary(preset("paper-standard"), p=p) for p in LARGE_P), 3, arrivals,
    ),
    "residues-optimisers": Sweep(
        "Steps to generalise at p = 53: AdamW, with GrokFast as in earlier work, Muon, with GrokFast.",
        (vary(_laptop, optimizer="adamw", lr=3e-3, steps=5000), vary(_laptop, optimizer="adamw", lr=3e-3, grokfast_lambda=0.5, steps=5000),
         _laptop, vary(_laptop, grokfast_lambda=0.5)), 4, outcome,
    ),
    "integers-decades": Sweep("The talk's Table 1 in several bases and train shares.", DECADES, 4, primality_outcome),
    "integers-primality": Sweep("Prime or not, directly, from digits and from residues.", tuple(DIRECT.values()), 4, primality_outcome),
    "integers-sparse": Sweep("Lee & Kim's sparse encoding with four bases.", SPARSE, 3, primality_outcome),
    "integers-sparse-few": Sweep("The same on fewer numbers, for longer.", SPARSE_FEW, 3, primality_outcome),
    "integers-bases": Sweep("n mod q for q up to 23 in twelve bases: which come first?", LAW, 4, law_outcome),
    "integers-sequences": Sweep("The four tasks on integer sequences, and a control.", SEQUENCE_CONFIGS, 4, sequence_outcome),
    "integers-miu": Sweep(
        "The control of the MIU network: its labels permuted over the words.",
        (vary(preset("miu"), shuffle_labels=True),), 4, outcome,
    ),
    "algorithm-formation": Sweep(
        "The account of the algorithm over training, p = 53, and with labels permuted over the rows.", COURSES, 3, formations,
    ),
    "alphabet-new-p": Sweep("Five p whose frequencies were predicted before any network was trained on them.", NEW, 1, alphabets),
    "alphabet-causes": Sweep("What moves the frequencies in use at p = 53.", CAUSES, 3, cancellations),
    "cancellation-alone": Sweep("One prime alone at p = 53: who clears its one-digit terms?", ALONE, 3, cancellations),
    "cancellation-widths": Sweep("Cancellation over the width of the MLP, p = 53.", WIDTHS, 3, cancellations),
    "addition-decays": Sweep("AdamW on modular addition over learning rate and weight decay.", DECAYS, 3, outcome),
    "residues-splits": Sweep("All residue tasks at p = 113 on another split, both blocks.", SPLITS, 1, cancellations),
    "algorithm-formation-113": Sweep("The account of the algorithm over training, p = 113, both blocks.", SPLITS, 1, formations),
    "explorer-course": Sweep("The neurons' phases over one training at p = 113, simplified block.", SPLITS[:1], 1, phases),
    "scale-exact": Sweep("The errors of the preset exact over training.", (EXACT["simplified"],), 3, errors),
    "scale-exact-standard": Sweep("The same of exact-standard.", (EXACT["standard"],), 1, errors),
    "scale-widths": Sweep("How wide a network must be: the residue tasks over p and width, standard block.", WIDER, 3, outcome),
    "scale-rows": Sweep("How many rows it must see: the same over p and the share trained on.", MORE_ROWS, 3, outcome),
    "addition-null": Sweep(
        "The null: modular addition with its labels permuted over the pairs.",
        (replace(preset("addition-shuffled"), steps=6000, keep=0),), 4, anatomy,
    ),
}  # fmt: skip


def run_sweep(name: str, root: Path = RUNS, *, scheduler: str | None = None) -> Arrays:
    """Train what is missing of a sweep, measure it and record it. Raises `KeyError` naming the sweeps there are, and as `train_all`."""
    if name not in SWEEPS:
        raise KeyError(f"no sweep {name!r}; there are {', '.join(SWEEPS)}")
    sweep, command = SWEEPS[name], as_typed(f"sweeps {name}")
    cells = [Cell(config, sweep.seeds) for config in sweep.configs]
    train_all(cells, root, command=command, scheduler=scheduler)
    arrays = sweep.measure(load_all(cells, root))
    record(name, arrays, command=command)
    return arrays
