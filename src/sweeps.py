"""Results of trainings whose weights are not committed: train what is missing, measure, and write measurements/<name>.npz.

    python -m src.sweeps addition-progress      # one sweep; without a name, what there is

A sweep is a list of configs, a number of seeds and a function from the trained runs to arrays. Runs stay in runs/, so a
sweep that was stopped goes on where it was.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import jax
import numpy as np
import typer
from tqdm import tqdm

from src import records
from src.addition import analyse, key_frequencies
from src.algorithm import extract
from src.checkpoint import Run, load_run, run_folder
from src.config import Config
from src.description import race
from src.integer_studies import DECADES, DIRECT, LAW, SPARSE, SPARSE_FEW, law_outcome, primality_outcome
from src.measure import Arrays, record, stack
from src.order import first_steps
from src.presets import preset
from src.progress import load_steps, progress
from src.sequence_study import SEQUENCE_CONFIGS, sequence_outcome
from src.shared import usage
from src.spike import spike
from src.train import RUNS, train


@dataclass(frozen=True)
class Sweep:
    """`measure(runs)` gets the final runs, one list of seeds for each config."""

    about: str
    configs: tuple[Config, ...]
    seeds: int
    measure: Callable[[list[list[Run]]], Arrays]


def course(runs: list[list[Run]]) -> Arrays:
    """Progress measures of every seed at every kept step, with its own key frequencies; `key` is padded with -1."""
    rows = []
    for run in tqdm(runs[0], desc="progress", disable=None):
        key = key_frequencies(run)
        measured = progress(load_steps(run.config.run, run.config.seed, root=RUNS), key)
        measured.pop("excluded_one_train")
        rows.append({**measured, "key": key, "loss_every": run.metrics["valid_loss"][:, 0], "step_every": run.metrics["step"]})
    return stack(rows)


def spikes(runs: list[list[Run]]) -> Arrays:
    """`src.spike.spike` of every seed over its kept steps: arrays (seeds, S)."""
    return stack([spike(load_steps(run.config.run, run.config.seed, root=RUNS)) for run in tqdm(runs[0], desc="spike", disable=None)])


def frequencies(runs: list[list[Run]]) -> Arrays:
    """`outcome`, and `usage` (configs, seeds, waves): the share of each prime's neurons at each of its waves."""
    found = [[extract(run) for run in seeds] for seeds in runs]
    rows = [
        [usage(neurons.q, neurons.k, run.config.p) for neurons, run in zip(*both, strict=True)] for both in zip(found, runs, strict=True)
    ]
    return {**outcome(runs), "usage": np.asarray(rows)}


def races(runs: list[list[Run]]) -> Arrays:
    """`outcome`, `src.description.race` of every network, and when each task arrives: arrays (configs, seeds, ...)."""
    bar = tqdm([run for seeds in runs for run in seeds], desc="race", disable=None)
    rows = iter([race(run) for run in bar])
    return {**arrivals(runs), **stack([stack([next(rows) for _ in seeds]) for seeds in runs])}


def arrivals(runs: list[list[Run]]) -> Arrays:
    """`outcome`, when each task arrives, `first_steps`, and its final held-out accuracy, `by_task`: (configs, seeds, T), NaN padded."""
    most = max(len(run.dataset.widths) for seeds in runs for run in seeds)
    padded = lambda values: np.pad(np.asarray(values), (0, most - len(values)), constant_values=np.nan)  # noqa: E731
    return {
        **outcome(runs),
        "first_steps": np.asarray([[padded(first_steps(run)) for run in seeds] for seeds in runs]),
        "by_task": np.asarray([[padded(run.manifest["valid_accuracy"]) for run in seeds] for seeds in runs]),
    }


def outcome(runs: list[list[Run]]) -> Arrays:
    """Steps and seconds to generalise, wrong cells and final losses: arrays (configs, seeds), -1 steps where it never did."""
    out: Arrays = {}
    for field in ("steps_to_generalise", "seconds_to_generalise", "wrong_cells", "step"):
        values = [[run.manifest[field] for run in seeds] for seeds in runs]
        out[field] = np.asarray([[-1 if v is None else v for v in row] for row in values])
    out["valid_loss"] = np.asarray([[run.metrics["valid_loss"][-1].mean() for run in seeds] for seeds in runs])
    out["valid_accuracy"] = np.asarray([[np.mean(run.manifest["valid_accuracy"]) for run in seeds] for seeds in runs])
    return out


def anatomy(runs: list[list[Run]]) -> Arrays:
    """`outcome`, and what `analyse` says of each network: arrays (configs, seeds, ...)."""
    rows = [stack([analyse(run) for run in tqdm(seeds, desc=seeds[0].config.run, disable=None)]) for seeds in runs]
    keep = [name for name, value in rows[0].items() if all(row[name].shape == value.shape for row in rows)]
    return {**outcome(runs), **{name: np.stack([row[name] for row in rows]) for name in keep}}


def vary(base: Config, **changes: Any) -> Config:
    """`base` with some fields changed, in a run named by those that differ: `laptop-dropout-0.2`. The width scales the MLP."""
    differ = {key: value for key, value in changes.items() if value != getattr(base, key)}
    wider = {"d_mlp": base.d_mlp // base.d_model * differ["d_model"]} if "d_model" in differ else {}
    name = "-".join([base.run, *(f"{key}-{value}" for key, value in differ.items())])
    return replace(base, run=name, **differ, **wider)


# One factor at a time about the `laptop` preset; its own value stands in the middle of each list but the first.
FACTORS: dict[str, tuple[float, ...]] = {
    "train_fraction": (0.3, 0.45, 0.6, 0.8, 0.9),
    "dropout": (0.0, 0.05, 0.1, 0.2, 0.3),
    "weight_decay": (0.0, 0.3, 1.0, 2.0, 4.0),
    "lr": (0.0025, 0.005, 0.01, 0.02, 0.04),
    "d_model": (32, 64, 128, 192, 256),
}
BLOCK_TEXTS = ("simplified, sequential (SAS)", "simplified, parallel (SAS-P), one layer", "simplified, parallel (SAS-P), two layers")
SWEPT_P = (11, 19, 31, 41, 53, 71, 113)
LARGE_P = (127, 151, 181, 211)  # hours of two cores, minutes of a GPU

_addition = preset("addition")
_laptop = preset("laptop")
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
        tuple(vary(preset("paper-standard"), p=p) for p in SWEPT_P), 3, races,
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
    "addition-null": Sweep(
        "The null: modular addition with its labels permuted over the pairs.",
        (replace(preset("addition-shuffled"), steps=6000, keep=0),), 4, anatomy,
    ),
}  # fmt: skip


def run_sweep(name: str, root: Path = RUNS) -> Arrays:
    """Train what is missing of a sweep, measure it and record it. Raises `KeyError` naming the sweeps there are."""
    if name not in SWEEPS:
        raise KeyError(f"no sweep {name!r}; there are {', '.join(SWEEPS)}")
    sweep = SWEEPS[name]
    command = f"python -m src.sweeps {name}"
    for config in tqdm(sweep.configs, desc=name, unit="config", disable=None):
        folders = {seed: run_folder(config.run, seed, root) for seed in range(sweep.seeds)}
        unfinished = [seed for seed, folder in folders.items() if not (folder / "MANIFEST.json").exists()]
        for seed in [seed for seed in unfinished if (folders[seed] / "state.eqx").exists()]:
            train(config, (seed,), root, resume=True, command=command)
            unfinished.remove(seed)
        if unfinished:
            train(config, tuple(unfinished), root, command=command)
    runs = [[load_run(config.run, seed, root=root) for seed in range(sweep.seeds)] for config in sweep.configs]
    for config, seeds in zip(sweep.configs, runs, strict=True):
        for run in seeds:
            if replace(run.config, seed=0) != config:
                raise ValueError(f"{run_folder(config.run, run.config.seed, root)} holds another config; move it away and run again")
    arrays = sweep.measure(runs)
    record(name, arrays, command=command)
    return arrays


app = typer.Typer(add_completion=False)


@app.command()
def main(name: Annotated[str, typer.Argument(help="Which sweep; nothing lists them.")] = "") -> None:
    """Train the runs of a sweep that are missing from runs/, and write measurements/<name>.npz."""
    if not name:
        for key, sweep in SWEEPS.items():
            typer.echo(f"{key}: {sweep.about} {len(sweep.configs)} configs, {sweep.seeds} seeds.")
        return
    with contextlib.suppress(RuntimeError):  # JAX has started already, with the devices it has
        jax.config.update("jax_num_cpu_devices", records.cores())
    try:
        run_sweep(name)
    except (KeyError, ValueError) as error:
        typer.echo(f"error: {error.args[0]}", err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("\nStopped. The same command goes on with the run that was under way.", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"wrote measurements/{name}.npz")


if __name__ == "__main__":
    app()
