"""Runs: the folder that a training leaves behind, found by name or by path, verified and loaded.

    run = load_run("paper", seed=1)              # a committed run
    run = load_run("runs/laptop/seed-7")         # one of your own

A run lives in `<folder>/<run>/seed-<s>/`: `step-<n>.safetensors` files, `metrics.npz`, and `MANIFEST.json` with the sha256 of the others.
Committed runs are under `checkpoints/`, fresh ones under `runs/`.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .checkpoint import CheckpointError, load_dataset, load_model, read, sha256
from .config import Config
from .dataset import Dataset
from .model import Transformer
from .paths import checkpoints, where

MANIFEST = "MANIFEST.json"


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


def step_file(step: int) -> str:
    """The name of a step's checkpoint."""
    return f"step-{step}.safetensors"


def steps_in(names: Any) -> tuple[int, ...]:
    """The steps among the names of files, ascending."""
    return tuple(sorted(int(found[1]) for name in names if (found := re.fullmatch(r"step-(\d+)\.safetensors", name))))


def list_runs(root: Path | None = None) -> list[tuple[str, int]]:
    """(run, seed) of every finished run under `root`, by default of every committed one; sorted."""
    found = [path.parent for path in Path(checkpoints() if root is None else root).glob(f"*/seed-*/{MANIFEST}")]
    return sorted((folder.parent.name, int(folder.name[5:])) for folder in found if re.fullmatch(r"seed-\d+", folder.name))


def find_run(run: str | Path, seed: int | None = None) -> Path:
    """The folder of a run: a committed name ("paper", "paper/seed-2"), or a path to a run or a seed of it ("runs/laptop/seed-7").

    `seed` is 0 where neither it nor the name says one. Raises `CheckpointError`: the message lists what is there.
    """
    named = re.fullmatch(r"seed-(\d+)", Path(run).name)
    if named and seed is not None and int(named[1]) != seed:
        raise CheckpointError(f"run {str(run)!r} names seed {named[1]}, and seed {seed} was asked for")
    places = [base if named else base / f"seed-{seed or 0}" for base in (checkpoints() / run, Path(run))]
    try:
        found = next((folder for folder in places if (folder / MANIFEST).is_file()), None)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"no run {str(run)!r} ({error})") from None
    if found is not None:
        return found
    unfinished = next((folder for folder in places if folder.is_dir() and any(folder.glob("state.*"))), None)
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


def read_manifest(folder: Path) -> dict[str, Any]:
    """`MANIFEST.json` of a run's folder."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text())
        if not isinstance(manifest, dict) or not all(isinstance(manifest.get(name), dict) for name in ("files", "config")):
            raise ValueError("no files or no config in it")
        return manifest
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such run") from None
    except ValueError as error:
        raise CheckpointError(f"{path}: no manifest of a run ({error})") from None


def verified(folder: Path, manifest: dict[str, Any], name: str) -> Path:
    """The path of one of a run's files, its sha256 checked against the manifest. Raises `CheckpointError`."""
    path = folder / name
    if not path.is_file():
        raise CheckpointError(f"{path}: named in the manifest, but missing")
    if sha256(path) != manifest["files"].get(name):
        raise CheckpointError(f"{path}: its sha256 is not the manifest's; the file was altered or truncated")
    return path


def read_metrics(path: Path) -> dict[str, np.ndarray]:
    """The arrays of `metrics.npz`."""
    with np.load(path, allow_pickle=False) as data:
        return {name: data[name] for name in data.files}


def load_run(run: str | Path, seed: int | None = None, step: int | None = None) -> Run:
    """A run's checkpoint at `step` (the last one if None), verified against its manifest; `run` and `seed` as in `find_run`.

    Raises `CheckpointError` if the run, the seed or the step is not there (the message lists what is), or if a file is not
    the one that the manifest names.
    """
    folder = find_run(run, seed)
    manifest = read_manifest(folder)
    steps = steps_in(manifest["files"])
    if not steps:
        raise CheckpointError(f"{folder}: the manifest names no checkpoint")
    step = steps[-1] if step is None else step
    if step not in steps:
        raise CheckpointError(f"{folder}: no step {step}; kept are {', '.join(map(str, steps))}")
    path = verified(folder, manifest, step_file(step))
    metrics = read_metrics(verified(folder, manifest, "metrics.npz"))
    found = read(path)
    if found.step != step or found.config != manifest["config"]:
        raise CheckpointError(f"{path}: its metadata are not the manifest's")
    config, dataset = load_dataset(found, path)
    model = load_model(found, config, dataset, path)
    return Run(config, model, dataset, step, steps, metrics, manifest, found.digest, folder)
