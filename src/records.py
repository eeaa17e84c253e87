"""What a training run leaves behind: weights, metrics over time, and a manifest with provenance.

`src.train` calls these; `src.checkpoint` reads what they wrote.

    python -m src.records runs/addition/seed-0 --steps 20     # copy a finished run to checkpoints/, thinned to 20 of its steps
"""

import hashlib
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import numpy as np
import typer

from src.checkpoint import (
    CHECKPOINTS,
    ROOT,
    CheckpointError,
    atomic_write,
    cast,
    load_model,
    read_header,
    read_manifest,
    run_folder,
    save,
    sha256,
)
from src.config import Config, ConfigError
from src.model import Transformer, count_parameters, predict
from src.packing import task_correct
from src.tasks import Dataset

History = dict[str, list[np.ndarray]]
# The modules that decide a run's weights.
SOURCES = ("config", "integers", "sequences", "sequence_tasks", "miu", "packing", "tasks", "model", "optimizers", "train")
PACKAGES = ("jax", "jaxlib", "equinox", "optax", "numpy")
THRESHOLD = 0.99  # a task counts as generalised from this validation accuracy on


def correct_cells(model: Transformer, dataset: Dataset) -> np.ndarray:
    """Whether each cell (example, task) is predicted right: (N, T) bool."""
    logits = predict(model, jnp.asarray(dataset.tokens))
    return np.asarray(task_correct(logits, jnp.asarray(dataset.labels), dataset.widths))


def check_folder(folder: Path, config: Config, resume: bool) -> None:
    """Refuse to write over another run; `resume` needs the same run, unfinished or finished."""
    state, manifest = folder / "state.eqx", folder / "MANIFEST.json"
    if not folder.exists() or not any(folder.iterdir()):
        if resume:
            raise ConfigError(f"--resume: nothing to resume in {folder}")
        return
    source = state if state.exists() else next(iter(sorted(folder.glob("step-*.eqx"))), None)
    if source is None:
        raise ConfigError(f"{folder}: holds files that are not a run of ours; choose another --out")
    found = read_header(source)["config"]
    if Config.from_dict(found) != config:
        found = Config.from_dict(found).to_dict()
        differ = [k for k in found if found[k] != config.to_dict()[k]]
        raise ConfigError(f"{folder}: holds another run (differs in {', '.join(differ)}); choose another --out")
    if manifest.exists():
        raise ConfigError(f"{folder}: this run is finished; choose another --out or --seed")
    if not resume:
        raise ConfigError(f"{folder}: holds this run, stopped at step {read_header(source)['step']}; add --resume to go on")


def keep_model(folder: Path, model: Transformer, config: Config, dataset: Dataset, step: int) -> None:
    """Write `step-<n>.eqx` in float16; the last step in float32 if rounding would change any prediction's correctness."""
    half = cast(model, jnp.float16)
    if step == config.steps:
        same = correct_cells(cast(half, jnp.float32), dataset) == correct_cells(model, dataset)
        half = half if same.all() else model
    save(folder / f"step-{step}.eqx", half, config=config, dataset=dataset, step=step)


def write_metrics(folder: Path, history: History, seed_index: int) -> None:
    """`metrics.npz` of one seed: step and seconds (C,), the others (C, T) float32."""
    arrays = {name: np.stack([row[seed_index] if row.ndim > 1 else row for row in rows]) for name, rows in history.items()}
    with atomic_write(folder / "metrics.npz") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_history(folders: list[Path], until: int) -> History:
    """The metrics of several seeds stacked again, up to step `until`."""
    history: History = {}
    for folder in folders:
        with np.load(folder / "metrics.npz", allow_pickle=False) as data:
            rows = int((data["step"] <= until).sum())
            for name in data.files:
                history.setdefault(name, []).append(data[name][:rows])
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
    """sha256 over the source of the modules that decide a run's weights."""
    text = b"".join((ROOT / "src" / f"{name}.py").read_bytes() for name in SOURCES)
    return hashlib.sha256(text).hexdigest()


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
    last = max(folder.glob("step-*.eqx"), key=lambda path: int(path.stem[5:]))
    config, dataset, model, step = load_model(last)
    with np.load(folder / "metrics.npz", allow_pickle=False) as data:
        metrics = {name: data[name] for name in data.files}
    correct = correct_cells(model, dataset)
    when = steps_to_generalise(metrics)
    manifest = {
        "run": config.run,
        "seed": config.seed,
        "step": step,
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
        "files": {path.name: sha256(path) for path in sorted(folder.glob("step-*.eqx"))} | {"metrics.npz": sha256(folder / "metrics.npz")},
        "config": config.to_dict(),
    }
    with atomic_write(folder / "MANIFEST.json") as file:
        file.write(json.dumps(manifest, indent=1).encode() + b"\n")
    (folder / "state.eqx").unlink(missing_ok=True)


def summary(folder: Path) -> str:
    """One line on a finished run."""
    m = read_manifest(folder)
    when = m["steps_to_generalise"]
    reached = f"every task >= {THRESHOLD:.0%} held out from step {when} ({m['seconds_to_generalise']:.0f} s)" if when is not None else (
        f"worst task {min(m['valid_accuracy']):.2%} held out"
    )  # fmt: skip
    return f"{folder}: {reached}; {m['wrong_cells']:,} of {m['cells']:,} cells wrong at step {m['step']}; {m['seconds']:.0f} s"


def publish(folder: Path, root: Path = CHECKPOINTS, steps: int = 1) -> Path:
    """Copy a finished run under `root` with `steps` of its kept steps, evenly chosen and the last among them; returns the new folder.

    Raises `CheckpointError` where the folder is no finished run, `ConfigError` for fewer than one step.
    """
    if steps < 1:
        raise ConfigError(f"steps={steps}: must be >= 1")
    manifest = read_manifest(folder)
    kept = sorted((name for name in manifest["files"] if name.startswith("step-")), key=lambda name: int(name[5:-4]))
    chosen = {kept[int(i)] for i in np.linspace(len(kept) - 1, 0, min(steps, len(kept))).round()}
    files = {name: digest for name, digest in manifest["files"].items() if name in chosen or name == "metrics.npz"}
    target = run_folder(manifest["run"], manifest["seed"], root)
    for old in target.glob("*") if target.exists() else ():
        old.unlink()
    for name in files:
        with atomic_write(target / name) as file:
            file.write((folder / name).read_bytes())
    with atomic_write(target / "MANIFEST.json") as file:
        file.write(json.dumps({**manifest, "files": files}, indent=1).encode() + b"\n")
    return target


def main(
    folders: Annotated[list[Path], typer.Argument(help="Finished runs, as in runs/addition/seed-0.")],
    steps: Annotated[int, typer.Option(help="How many of the kept steps to copy.")] = 1,
) -> None:
    """Copy finished runs to checkpoints/, where the documents read them."""
    try:
        for folder in folders:
            typer.echo(f"wrote {publish(folder, steps=steps)}")
    except (ConfigError, CheckpointError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    typer.run(main)
