"""What a training run leaves behind: weights, metrics over time, and a manifest with provenance.

`network.trainer` calls these; `network.runs` reads what they wrote.
"""

import json
import os
import platform
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .checkpoint import CheckpointError, atomic_write, cast, load_dataset, load_model, read, save, sha256
from .config import Config, ConfigError
from .dataset import Dataset
from .definitions import digest, reached
from .model import Transformer, count_parameters, predict
from .packing import task_correct
from .paths import checkpoints
from .presets import PRESETS
from .runs import MANIFEST, list_runs, read_manifest, read_metrics, run_folder, step_file, steps_in, verified

History = dict[str, list[np.ndarray]]
PACKAGES = ("jax", "jaxlib", "equinox", "optax", "numpy")
THRESHOLD = 0.99  # a task counts as generalised from this validation accuracy on


def correct_cells(model: Transformer, dataset: Dataset) -> np.ndarray:
    """Whether each cell (example, task) is predicted right: (N, T) bool."""
    logits = predict(model, jnp.asarray(dataset.tokens))
    return np.asarray(task_correct(logits, jnp.asarray(dataset.labels), dataset.widths))


STATE = "state.safetensors"


def check_folder(folder: Path, config: Config, resume: bool) -> None:
    """Refuse to write over another run; `resume` needs the same run, unfinished or finished."""
    if not folder.exists() or not any(folder.iterdir()):
        if resume:
            raise ConfigError(f"--resume: nothing to resume in {folder}")
        return
    kept = [folder / step_file(step) for step in steps_in(path.name for path in folder.iterdir())]
    source = next((path for path in (folder / STATE, *kept) if path.exists()), None)
    if source is None:
        raise ConfigError(f"{folder}: holds files that are not a run of ours; choose another --out")
    found = read(source)
    theirs, ours = Config.from_dict(found.config), config.to_dict()
    if theirs != config:
        differ = [key for key, value in theirs.to_dict().items() if value != ours[key]]
        raise ConfigError(f"{folder}: holds another run (differs in {', '.join(differ)}); choose another --out")
    if (folder / MANIFEST).exists():
        raise ConfigError(f"{folder}: this run is finished; choose another --out or --seed")
    if not resume:
        raise ConfigError(f"{folder}: holds this run, stopped at step {found.step}; add --resume to go on")


def keep_model(folder: Path, model: Transformer, config: Config, dataset: Dataset, step: int) -> None:
    """Write a step's weights in float16; the last step's in float32 if rounding would change any prediction's correctness."""
    half = cast(model, jnp.float16)
    if step == config.steps:
        same = correct_cells(cast(half, jnp.float32), dataset) == correct_cells(model, dataset)
        half = half if same.all() else model
    save(folder / step_file(step), half, config=config, dataset=dataset, step=step)


def write_metrics(folder: Path, history: History, seed_index: int) -> None:
    """`metrics.npz` of one seed: step and seconds (C,), the others (C, T) float32."""
    arrays = {name: np.stack([row[seed_index] if row.ndim > 1 else row for row in rows]) for name, rows in history.items()}
    with atomic_write(folder / "metrics.npz") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_history(folders: list[Path], until: int) -> History:
    """The metrics of several seeds stacked again, up to step `until`."""
    history: History = {}
    for folder in folders:
        metrics = read_metrics(folder / "metrics.npz")
        rows = int((metrics["step"] <= until).sum())
        for name, values in metrics.items():
            history.setdefault(name, []).append(values[:rows])
    return {
        name: [np.stack([seed[c] for seed in values]) if values[0].ndim > 1 else values[0][c] for c in range(len(values[0]))]
        for name, values in history.items()
    }


def steps_to_generalise(metrics: dict[str, np.ndarray], threshold: float = THRESHOLD) -> int | None:
    """The first recorded step from which every task's validation accuracy is at least `threshold`, on that row; None if never."""
    reached = metrics["valid_accuracy"].min(axis=1) >= threshold
    return int(metrics["step"][reached.argmax()]) if reached.any() else None


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def code_digest() -> str:
    """sha256 over the definitions that decide a run's weights: what makes its examples, its first state and its steps."""
    return digest(reached(("network.tasks", "make_dataset"), ("network.trainer", "init_state"), ("network.trainer", "make_chunk")))


def provenance() -> dict[str, Any]:
    """Versions, device and cores: where a result was made."""
    device = jax.devices()[0]
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "device": f"{device.platform} ({device.device_kind})",
        "cores": cores(),
        "code": code_digest(),
    }


def finish(folder: Path, command: str) -> None:
    """Write `MANIFEST.json` from the files in `folder`, its accuracies from the weights as stored; drop the resumable state."""
    names = [step_file(step) for step in steps_in(path.name for path in folder.iterdir())]
    last = folder / names[-1]
    found = read(last)
    config, dataset = load_dataset(found, last)
    model = load_model(found, config, dataset, last)
    metrics = read_metrics(folder / "metrics.npz")
    correct = correct_cells(model, dataset)
    when = steps_to_generalise(metrics)
    manifest = {
        "run": config.run,
        "seed": config.seed,
        "step": found.step,
        "parameters": count_parameters(model),
        "cells": correct.size,
        "wrong_cells": int((~correct).sum()),
        "wrong_cells_held_out": int((~correct[dataset.valid_idx]).sum()),
        "train_accuracy": correct[dataset.train_idx].mean(axis=0).tolist(),
        "valid_accuracy": correct[dataset.valid_idx].mean(axis=0).tolist(),
        "steps_to_generalise": when,
        "seconds_to_generalise": None if when is None else float(metrics["seconds"][metrics["step"] == when][0]),
        "seconds": float(metrics["seconds"][-1]),
        "command": command,
        **provenance(),
        "files": {name: sha256(folder / name) for name in (*names, "metrics.npz")},
        "config": config.to_dict(),
    }
    with atomic_write(folder / MANIFEST) as file:
        file.write(json.dumps(manifest, indent=1).encode() + b"\n")
    (folder / STATE).unlink(missing_ok=True)


def summary(folder: Path) -> str:
    """One line on a finished run."""
    m = read_manifest(folder)
    when = m["steps_to_generalise"]
    reached = f"every task >= {THRESHOLD:.0%} held out first at step {when} ({m['seconds_to_generalise']:.0f} s)" if when is not None else (
        f"worst task {min(m['valid_accuracy']):.2%} held out"
    )  # fmt: skip
    return f"{folder}: {reached}; {m['wrong_cells']:,} of {m['cells']:,} cells wrong at step {m['step']}; {m['seconds']:.0f} s"


def publish(folder: Path, root: Path | None = None, steps: int = 1) -> Path:
    """Copy a finished run under `root`, by default `checkpoints/`, with `steps` of its kept steps, evenly chosen and the last among them;
    returns the new folder.

    Raises `CheckpointError` where the folder is no finished run, `ConfigError` for fewer than one step.
    """
    if steps < 1:
        raise ConfigError(f"steps={steps}: must be >= 1")
    manifest = read_manifest(folder)
    kept = steps_in(manifest["files"])
    if not kept:
        raise CheckpointError(f"{folder}: the manifest names no checkpoint")
    chosen = {step_file(kept[int(i)]) for i in np.linspace(len(kept) - 1, 0, min(steps, len(kept))).round()}
    files = {name: digest for name, digest in manifest["files"].items() if name in chosen or name == "metrics.npz"}
    target = run_folder(manifest["run"], manifest["seed"], checkpoints() if root is None else root)
    if target.resolve() == folder.resolve():
        raise ConfigError(f"{folder}: this is where it would be copied to")
    contents = {name: verified(folder, manifest, name).read_bytes() for name in files}  # all of it, before anything is taken away
    for old in target.glob("*") if target.exists() else ():
        old.unlink()
    for name, content in contents.items():
        with atomic_write(target / name) as file:
            file.write(content)
    with atomic_write(target / MANIFEST) as file:
        file.write(json.dumps({**manifest, "files": files}, indent=1).encode() + b"\n")
    return target


def expectation(config: Config, n_seeds: int) -> str:
    """What to expect of a run: the preset's own words, and what the committed run of that name took."""
    make = PRESETS.get(config.run)
    words = " ".join((make.__doc__ or "").split()) if make and make() == replace(config, seed=0) else ""
    took = [read_manifest(run_folder(*found, checkpoints())) for found in list_runs() if found[0] == config.run]
    if not took:
        return f"{words}\nNo committed run to compare; the bar shows the time left.".strip()
    m = took[0]
    per_step = m["seconds"] / m["step"]
    return (
        f"{words}\nExpect about {per_step * config.steps * n_seeds:.0f} s: the committed run took {m['seconds']:.0f} s for "
        f"{m['step']} steps on {m['cores']} cores of {m['device']}."
    ).strip()
