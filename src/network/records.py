"""What a training run leaves behind: weights, metrics over time, and a manifest with provenance.

`network.trainer` calls these; `network.runs` reads what they wrote.
"""

import json
import os
import platform
import re
import tempfile
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .checkpoint import atomic_write, cast, load_dataset, load_model, read, save, sha256
from .config import Config, ConfigError
from .dataset import Dataset
from .definitions import digest, reached
from .manifest import MANIFEST, METRICS, read_manifest, step_file, steps_in
from .model import Transformer, count_parameters, predict
from .packing import task_correct
from .paths import checkpoints
from .presets import PRESETS
from .runs import THRESHOLD, list_runs, load_run, read_metrics, run_folder, steps_to_generalise, verified
from .session import History

PACKAGES = ("jax", "jaxlib", "equinox", "optax", "numpy")


def correct_cells(model: Transformer, dataset: Dataset) -> np.ndarray:
    """Whether each cell (example, task) is predicted right: (N, T) bool."""
    logits = predict(model, jnp.asarray(dataset.tokens))
    return np.asarray(task_correct(logits, jnp.asarray(dataset.labels), dataset.widths))


def keep_model(folder: Path, model: Transformer, config: Config, dataset: Dataset, step: int) -> None:
    """Write a step's weights in float16; in float32 if one of them is too large for that, or if at the last step rounding would change
    any prediction's correctness."""
    if any(np.abs(x).max() > np.finfo(np.float16).max for x in jax.tree.leaves(model)):
        return save(folder / step_file(step), model, config=config, dataset=dataset, step=step)
    half = cast(model, jnp.float16)
    if step == config.steps:
        same = correct_cells(cast(half, jnp.float32), dataset) == correct_cells(model, dataset)
        half = half if same.all() else model
    save(folder / step_file(step), half, config=config, dataset=dataset, step=step)


def write_metrics(folder: Path, history: History, seed_index: int) -> None:
    """`metrics.npz` of one seed: step and seconds (C,), the others (C, T) float32."""
    arrays = {name: np.stack([row[seed_index] if row.ndim > 1 else row for row in rows]) for name, rows in history.items()}
    with atomic_write(folder / METRICS) as file:
        np.savez(file, allow_pickle=False, **arrays)


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The name of the CPU, where the system tells it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def code_digest() -> str:
    """sha256 over the definitions that decide a run's weights: what makes its examples, its first state and its steps."""
    return digest(reached(("network.tasks", "make_dataset"), ("network.trainer", "init_state"), ("network.trainer", "make_chunk")))


def provenance() -> dict[str, Any]:
    """Versions, device and cores: where a result was made."""
    device = jax.devices()[0]
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "device": f"{device.platform} ({processor() if device.platform == 'cpu' else device.device_kind})",
        "cores": cores(),
        "code": code_digest(),
    }


def finish(folder: Path, command: str, parent: str = "") -> None:
    """Write `MANIFEST.json` from the files in `folder`, its accuracies from the weights as stored; `parent` is a run that was continued."""
    names = [step_file(step) for step in steps_in(path.name for path in folder.iterdir())]
    last = folder / names[-1]
    found = read(last)
    config, dataset = load_dataset(found, last)
    model = load_model(found, config, dataset, last)
    metrics = read_metrics(folder / METRICS)
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
        "files": {name: sha256(folder / name) for name in (*names, METRICS)},
        "config": config.to_dict(),
        **({"parent": parent} if parent else {}),
    }
    with atomic_write(folder / MANIFEST) as file:
        file.write(json.dumps(manifest, indent=1).encode() + b"\n")


def summary(folder: Path) -> str:
    """One line on a finished run, and what to try where a task did not generalise."""
    m = read_manifest(folder)
    when, held_out = m["steps_to_generalise"], m["valid_accuracy"]
    reached = f"every task >= {THRESHOLD:.0%} held out first at step {when} ({m['seconds_to_generalise']:.0f} s)" if when is not None else (
        f"worst task {min(held_out):.2%} held out"
    )  # fmt: skip
    line = f"{folder}: {reached}; {m['wrong_cells']:,} of {m['cells']:,} cells wrong at step {m['step']}; {m['seconds']:.0f} s"
    return line if min(held_out) >= THRESHOLD else f"{line}. To try: {advice(m)}"


def advice(manifest: dict[str, Any]) -> str:
    """What helps a run whose worst task ends below `THRESHOLD` on held-out rows: by whether it has learned its training rows."""
    if manifest["config"]["shuffle_labels"]:
        return "nothing; its labels are permuted, so that only its training rows can be learned"
    if min(manifest["train_accuracy"]) < THRESHOLD:
        return "more steps, a wider network (d_model, d_mlp), or a smaller lr: it has not learned its training rows either"
    return "a larger train_fraction, more steps, or dropout and weight_decay nearer to .1 and 1: it has learned its training rows by heart"


def publish(folder: Path, root: Path | None = None, steps: int = 1) -> Path:
    """Copy a finished run under `root`, by default `checkpoints/`, with `steps` of its kept steps, evenly chosen and the last among them;
    returns the new folder. What stood there is replaced at once, when all of the copy is there and verified.

    Raises `CheckpointError` where the folder is no finished run, `ConfigError` for fewer than one step or a run that stands there already.
    """
    if steps < 1:
        raise ConfigError(f"steps={steps}: must be >= 1")
    manifest = read_manifest(folder)
    kept, root = steps_in(manifest["files"]), (checkpoints() if root is None else root).resolve()
    if root in folder.resolve().parents:
        raise ConfigError(f"{folder}: stands under {root} already, where it would be copied to")
    chosen = {step_file(kept[int(i)]) for i in np.linspace(len(kept) - 1, 0, min(steps, len(kept))).round()}
    files = {name: digest for name, digest in manifest["files"].items() if name in chosen or name == METRICS}
    target = run_folder(manifest["run"], manifest["seed"], root)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as place:
        copy, old = Path(place) / target.name, Path(place) / "old"
        copy.mkdir()
        for name in files:
            (copy / name).write_bytes(verified(folder, manifest, name).read_bytes())
        (copy / MANIFEST).write_text(json.dumps({**manifest, "files": files}, indent=1) + "\n", encoding="utf-8")
        load_run(copy)
        if target.exists():
            target.rename(old)
        copy.rename(target)
    return target


def expectation(config: Config, n_seeds: int) -> str:
    """What to expect of a run: the preset's own words, and what the committed runs of the same config took."""
    words = [" ".join((make.__doc__ or "").split()) for make in PRESETS.values() if make() == replace(config, seed=0)]
    found = [read_manifest(run_folder(*found, checkpoints())) for found in list_runs() if found[0] == config.run]
    same = [m for m in found if replace(Config.from_dict(m["config"]), seed=0) == replace(config, seed=0)]
    if not same:
        return "\n".join([*words, "No committed run to compare; the bar shows the time left."])
    took = {name: [m[name] / beside(m) for m in same if m[name] is not None] for name in ("seconds", "seconds_to_generalise")}
    whole, reached = (float(np.median(values)) * n_seeds if values else float("nan") for values in took.values())
    m = same[0]
    return "\n".join([
        *words,
        f"Expect about {whole:.0f} s for all {config.steps:,} steps{f' of {n_seeds} seeds' if n_seeds > 1 else ''}, and every task at "
        f"{THRESHOLD:.0%} held out after {reached:.0f} s: what committed seeds took on {m['cores']} cores of {m['device']}.",
    ])  # fmt: skip


def beside(manifest: dict[str, Any]) -> int:
    """How many seeds were trained side by side with a run, by its command: its seconds are those of all of them."""
    found = re.search(r"--seeds (\d+)", manifest["command"])
    return int(found[1]) if found else 1
