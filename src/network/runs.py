"""Runs: the folder that a training leaves behind, found by name or by path, verified and loaded.

    run = load_run("paper", seed=1)              # a committed run
    run = load_run("runs/laptop/seed-7")         # one of your own

A run lives in `<folder>/<run>/seed-<s>/`: `step-<n>.safetensors` files, `metrics.npz`, and `MANIFEST.json` with the sha256 of the others.
Committed runs are under `checkpoints/`, fresh ones under `runs/`.
"""

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .checkpoint import CheckpointError, load_dataset, load_model, read, sha256
from .config import Config
from .dataset import Dataset
from .manifest import MANIFEST, METRICS, read_manifest, step_file, steps_in
from .model import Transformer
from .paths import checkpoints, where

THRESHOLD = 0.99  # a task counts as generalised from this validation accuracy on
CURVES = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")
_SEED = r"seed-(0|[1-9]\d{0,9})"
_MOST_BYTES = 2**28  # of metrics


@dataclass(frozen=True)
class Run:
    """A trained network with what made it."""

    config: Config
    model: Transformer  # float32, whatever the file's dtype
    dataset: Dataset  # with the split it was trained on
    step: int
    steps: tuple[int, ...]  # every step kept, ascending
    metrics: dict[str, np.ndarray]  # step (C,); train_loss, valid_loss, train_accuracy, valid_accuracy (C, T)
    manifest: dict[str, Any]
    digest: str  # sha256 over the checkpoint's tensors
    folder: Path = Path()  # where its files are


def run_folder(run: str, seed: int, root: Path) -> Path:
    """Where a run of that name keeps a seed."""
    return Path(root) / run / f"seed-{seed}"


def list_runs(root: Path | None = None) -> list[tuple[str, int]]:
    """(run, seed) of every finished run under `root`, by default of every committed one; sorted."""
    found = [path.parent for path in Path(checkpoints() if root is None else root).glob(f"*/seed-*/{MANIFEST}")]
    return sorted((folder.parent.name, int(folder.name[5:])) for folder in found if re.fullmatch(_SEED, folder.name))


def find_run(run: str | Path, seed: int | None = None) -> Path:
    """The folder of a run: a committed name ("paper", "paper/seed-2"), or a path to a run or a seed of it ("runs/laptop/seed-7").

    `seed` is 0 where neither it nor the name says one. Raises `CheckpointError`: the message lists what is there.
    """
    named = re.fullmatch(_SEED, Path(run).name)
    if named and seed is not None and int(named[1]) != seed:
        raise CheckpointError(f"run {str(run)!r} names seed {named[1]}, and seed {seed} was asked for")
    places = [base if named else base / f"seed-{seed or 0}" for base in (checkpoints() / run, Path(run))]
    try:
        found = next((folder for folder in places if (folder / MANIFEST).is_file()), None)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"no run {str(run)!r} ({error})") from None
    if found is not None:
        return found
    unfinished = next((folder for folder in places if folder.is_dir() and any(folder.parent.glob("state-*.safetensors"))), None)
    if unfinished is not None:
        raise CheckpointError(f"{unfinished}: this run is not finished (no {MANIFEST}); the command that began it goes on with --resume")
    there = ", ".join(f"{name} seed {s}" for name, s in list_runs())
    if not there:
        raise CheckpointError(f"no run {str(run)!r}: no such folder, and no committed runs ({where()})")
    raise CheckpointError(f"no run {str(run)!r}{'' if named else f' with seed {seed or 0}'}: no such folder; committed are {there}")


def committed_seeds(run: str) -> list[int]:
    """The committed seeds of a run. Raises `CheckpointError` where there is none."""
    seeds = [seed for name, seed in list_runs() if name == run]
    if not seeds:
        raise CheckpointError(f"no committed run {run!r} ({where()})")
    return seeds


def verified(folder: Path, manifest: dict[str, Any], name: str) -> Path:
    """The path of one of a run's files, its sha256 checked against the manifest. Raises `CheckpointError`."""
    path = folder / name
    if not path.is_file():
        raise CheckpointError(f"{path}: named in the manifest, but missing")
    if sha256(path) != manifest["files"].get(name):
        raise CheckpointError(f"{path}: its sha256 is not the manifest's; the file was altered or truncated")
    return path


def read_metrics(path: Path) -> dict[str, np.ndarray]:
    """The arrays of `metrics.npz`: `step` and `seconds` (C,), `CURVES` (C, T). Raises `CheckpointError` where they are anything else."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise ValueError(f"more than {_MOST_BYTES:,} bytes")
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            metrics = {name: data[name] for name in data.files}
        if set(metrics) != {"step", "seconds", *CURVES}:
            raise ValueError(f"its arrays are {', '.join(sorted(metrics))[:200]}")
        shape = (*metrics["step"].shape, metrics["valid_loss"].shape[-1])
        if len(shape) != 2 or metrics["seconds"].shape != shape[:1] or any(metrics[name].shape != shape for name in CURVES):
            raise ValueError("its arrays do not fit together")
        if metrics["step"].dtype.kind != "i" or (np.diff(metrics["step"]) <= 0).any() or not shape[0]:
            raise ValueError("its steps do not ascend")
        if not all(np.isfinite(metrics[name]).all() for name in ("seconds", *CURVES)):
            raise ValueError("a value is not finite")
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file") from None
    except (ValueError, KeyError, IndexError, OSError, EOFError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise CheckpointError(f"{path}: no metrics of a run ({' '.join(str(error).split())[:300]})") from None
    return metrics


def steps_to_generalise(metrics: dict[str, np.ndarray], threshold: float = THRESHOLD) -> int | None:
    """The first recorded step from which every task's validation accuracy is at least `threshold`, on that row; None if never."""
    reached = metrics["valid_accuracy"].min(axis=1) >= threshold
    return int(metrics["step"][reached.argmax()]) if reached.any() else None


def load_run(run: str | Path, seed: int | None = None, step: int | None = None) -> Run:
    """A run's checkpoint at `step` (the last one if None), verified against its manifest; `run` and `seed` as in `find_run`.

    Raises `CheckpointError` if the run, the seed or the step is not there (the message lists what is), or if a file is not
    the one that the manifest names.
    """
    folder = find_run(run, seed)
    manifest = read_manifest(folder)
    steps = steps_in(manifest["files"])
    step = steps[-1] if step is None else step
    if step not in steps:
        raise CheckpointError(f"{folder}: no step {step}; kept are {', '.join(map(str, steps))}")
    path = verified(folder, manifest, step_file(step))
    metrics = read_metrics(verified(folder, manifest, METRICS))
    found = read(path)
    if found.step != step or found.config != manifest["config"]:
        raise CheckpointError(f"{path}: its metadata are not the manifest's")
    config, dataset = load_dataset(found, path)
    _consistent(folder, manifest, metrics, dataset)
    model = load_model(found, config, dataset, path)
    return Run(config, model, dataset, step, steps, metrics, manifest, found.digest, folder)


def _consistent(folder: Path, manifest: dict[str, Any], metrics: dict[str, np.ndarray], dataset: Dataset) -> None:
    """Raises `CheckpointError` where a manifest's numbers are not those of the metrics or do not add up."""
    T, train, valid = len(dataset.widths), len(dataset.train_idx), len(dataset.valid_idx)
    said = {name: np.asarray(manifest[name]) for name in ("train_accuracy", "valid_accuracy")}
    if metrics["valid_loss"].shape[1] != T or said["train_accuracy"].shape != (T,) or manifest["cells"] != T * (train + valid):
        raise CheckpointError(f"{folder}: metrics or accuracies of another number of tasks or cells than its examples have ({T} tasks)")
    held_out = (1 - said["valid_accuracy"]).sum() * valid
    numbers = {
        "wrong_cells_held_out": round(held_out), "wrong_cells": round(held_out + (1 - said["train_accuracy"]).sum() * train),
        "steps_to_generalise": steps_to_generalise(metrics), "step": int(metrics["step"][-1]),
    }  # fmt: skip
    for name, value in numbers.items():
        if manifest[name] != value:
            raise CheckpointError(f"{folder / MANIFEST}: {name} is {manifest[name]}, and {value} by its accuracies and metrics")
