"""Measurements: what is too slow to compute in a cell, kept in files and computed again when what it hangs on has changed.

A measurement is a function from a committed run to arrays, over all seeds of that run (`results.registry` lists them). Its file holds the
arrays and what they hang on: the digests of the runs' weights and data, and of the *definitions* that the function reaches
(`network.definitions`). Where one of these differs today the file is *stale*: the measurement is computed again, which is said aloud,
and kept in an untracked cache, `.cache/measurements/`, unless it is to be recorded. So a document never shows a stale number.

    arrays("paper-analysis")           # by name, whether it is measured from committed runs or was recorded by a sweep
"""

import json
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from ..network.checkpoint import load_dataset, read
from ..network.config import Config
from ..network.dataset import Dataset
from ..network.definitions import LOADERS, changed_since_start, reached
from ..network.manifest import read_manifest, step_file, steps_in
from ..network.paths import PACKAGE, measurements, root
from ..network.records import PACKAGES, provenance
from ..network.runs import Run, committed_seeds, find_run, load_run, verified
from ..network.tasks import make_dataset
from ..studies.arrays import Arrays, stack
from . import store


class Measurement(NamedTuple):
    """A function and the run it is of. `together`: it takes all seeds at once, to compare them; else one seed, and what it returns is
    stacked over seeds. Without a run it takes nothing and makes the examples of `data` itself."""

    function: Callable[..., Arrays]
    run: str = ""
    together: bool = False
    data: tuple[Config, ...] = ()


class Key(NamedTuple):
    """What a measurement hangs on."""

    inputs: dict[str, str]  # digests of runs, or of the examples of configs
    definitions: dict[str, str]

    def because(self, stored: dict[str, Any]) -> list[str]:
        """What differs in a stored file: nothing where it is fresh."""
        out = []
        for what, now in (("input", self.inputs), ("definition", self.definitions)):
            then = stored.get(f"{what}s")
            then = then if isinstance(then, dict) else {}
            out += [f"{what} {name}" for name in sorted({*now, *then}) if now.get(name) != then.get(name)]
        return out


def data_digest(data: Dataset) -> str:
    """sha256 over examples, labels and split."""
    arrays = (data.tokens, data.labels, data.train_idx, data.valid_idx)
    return store.texts_digest(f"{data.task_names} {data.widths}", *(np.ascontiguousarray(x).tobytes() for x in arrays))


@cache
def run_digest(folder: Path) -> str:
    """sha256 over what a run gives to a measurement: the tensors of its last step, and its data."""
    manifest = read_manifest(folder)
    path = verified(folder, manifest, step_file(steps_in(manifest["files"])[-1]))
    found = read(path)
    return store.texts_digest(found.digest, data_digest(load_dataset(found, path)[1]))


def definitions_of(function: Callable[..., Any], package: Path = PACKAGE) -> dict[str, str]:
    """The definitions that a function reaches, without what only makes or loads runs; with those of the network that it is given, and of
    what stacks its results."""
    own = (function.__module__.partition(".")[2], function.__qualname__)
    return reached(own, ("network.model", "Transformer"), ("studies.arrays", "stack"), without=LOADERS, package=package)


def architecture(config: Config) -> dict[str, str | int]:
    """What of a config, besides its examples, a network written by hand hangs on: nothing of training."""
    return {name: getattr(config, name) for name in ("block", "n_layers", "d_model", "n_heads", "d_mlp")}


def key_of(measurement: Measurement) -> Key:
    """What a measurement hangs on today."""
    if measurement.run:
        seeds = committed_seeds(measurement.run)
        inputs = {f"{measurement.run}/seed-{seed}": run_digest(find_run(measurement.run, seed)) for seed in seeds}
    else:
        configs = {f"{c.run}, p = {c.p}": c for c in measurement.data}
        inputs = {name: store.texts_digest(json.dumps(architecture(c)), data_digest(make_dataset(c))) for name, c in configs.items()}
    return Key(inputs, definitions_of(measurement.function))


def cache_folder() -> Path:
    """Where what was computed again is kept, untracked."""
    return root() / ".cache" / "measurements"


class Status(NamedTuple):
    """A measurement's file today. `path` is None and `because` says why where none is fresh."""

    path: Path | None
    because: tuple[str, ...]
    provenance: dict[str, Any]  # of the fresh file, else of a stale one


def status(name: str, measurement: Measurement) -> Status:
    """Where the fresh file of a measurement is, in `measurements/` or in the cache, or why there is none."""
    key = key_of(measurement)
    because: list[str] = []
    last: dict[str, Any] = {}
    for path in (measurements() / f"{name}.npz", cache_folder() / f"{name}.npz"):
        try:
            _, stored = store.read(path)
        except FileNotFoundError:
            continue
        except store.Damaged as error:
            print(error, file=sys.stderr)
            because = because or ["file damaged"]
            continue
        found = key.because(stored)
        if not found:
            return Status(path, (), stored)
        because, last = because or found, last or stored
    return Status(None, tuple(because or ["no file"]), last)


def other_versions(stored: dict[str, Any]) -> list[str]:
    """Packages with which a file was made in another version than is here: "jax 0.11.2 (here 0.10.2)"."""
    here = provenance()["versions"]
    then = stored.get("versions", {})
    return [f"{name} {then[name]} (here {here[name]})" for name in PACKAGES if name in then and then[name] != here[name]]


def compute(name: str, measurement: Measurement, path: Path) -> Arrays:
    """Compute a measurement now, with a bar over its runs, and write it to `path`, unless the code was edited meanwhile."""
    key, started = key_of(measurement), time.perf_counter()
    function = measurement.function
    if not measurement.run:
        arrays = function()
    else:
        runs: list[Run] = [load_run(measurement.run, seed) for seed in committed_seeds(measurement.run)]
        bar = tqdm(runs, desc=name, unit="run", disable=None)
        arrays = function(list(bar)) if measurement.together else stack([function(run) for run in bar])
    arrays = {field: np.asarray(value) for field, value in arrays.items()}
    if changed_since_start():
        print(f"{name} is not kept: the code changed while this process ran, so what was computed may not be what it says", file=sys.stderr)
        return arrays
    where = {"function": f"{function.__module__}.{function.__qualname__}", **key._asdict()}
    store.write(path, arrays, {**where, "seconds": time.perf_counter() - started, **provenance()})
    return arrays


def record(name: str, arrays: Arrays, *, command: str, folder: Path | None = None) -> None:
    """Write what came from training runs that are not committed: with provenance, and not voided by an edit."""
    store.write((folder or measurements()) / f"{name}.npz", arrays, {"command": command, **provenance()})


def recorded(name: str, command: str, folder: Path | None = None) -> Arrays:
    """What `record` wrote. Raises `FileNotFoundError` or `store.Damaged` naming the command that makes it."""
    path = (folder or measurements()) / f"{name}.npz"
    try:
        return store.read(path)[0]
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is not there; make it with: {command}") from None
    except store.Damaged as error:
        raise store.Damaged(f"{error}; make it again with: {command}") from None
