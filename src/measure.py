"""Results that are too slow to recompute in a cell: load if fresh, else recompute and write.

    arrays = measure("addition-progress", progress, [("addition", 0)])

A measurement is a function from `Run`s to a dict of arrays. Its file, `measurements/<name>.npz`, holds the arrays and
a provenance: the digests of the runs it read, weights and data, and of the source of every `src` module that its function's module
imports. If either differs today, the file is stale and `measure` recomputes it: a document never shows a stale number.
The modules that only make or load runs are not in that source, since what they made is: a new task or preset voids nothing.
"""

import ast
import hashlib
import inspect
import json
from collections.abc import Callable, Sequence, Set
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from src.checkpoint import ROOT, Run, atomic_write, load_run
from src.records import provenance

FOLDER = ROOT / "measurements"
LOADERS = {"checkpoint", "config", "measure", "presets", "records", "tasks"}  # make or load runs, whose weights and data are in the key
Arrays = dict[str, np.ndarray]


def stack(rows: list[Arrays]) -> Arrays:
    """Arrays of several runs stacked; lists of unequal length are padded with -1."""
    out: Arrays = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        longest = max((len(v) for v in values if v.ndim), default=0)
        if values[0].ndim == 1 and any(len(v) != longest for v in values):
            values = [np.pad(v, (0, longest - len(v)), constant_values=-1) for v in values]
        out[name] = np.stack(values)
    return out


def imported_modules(module: str, without: Set[str] = frozenset()) -> set[str]:
    """`module` and every `src` module that it imports, directly or not, but for `without` and what only those import; names
    without "src."."""
    found, todo = set(), [module]
    while todo:
        name = todo.pop()
        if name in found or name in without:
            continue
        found.add(name)
        todo += imports((ROOT / "src" / f"{name}.py").read_text())
    return found


@cache
def imports(source: str) -> tuple[str, ...]:
    """The `src` modules that a module with this source imports itself."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "src":
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("src."):
            found.append(node.module.removeprefix("src."))
    return tuple(found)


@cache
def code_lines(source: str) -> str:
    """The source without docstrings, comment lines and blank lines: what decides a result."""
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False) is not None:
            first, last = node.body[0].lineno, node.body[0].end_lineno or node.body[0].lineno
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#"))


def run_digest(run: Run) -> str:
    """sha256 over what a run gives to a measurement: its checkpoint, examples, labels and split."""
    data = run.dataset
    found = hashlib.sha256(f"{run.digest} {data.task_names} {data.widths}".encode())
    for array in (data.tokens, data.labels, data.train_idx, data.valid_idx):
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def source_digest(function: Callable[..., Any], *, given_runs: bool) -> str:
    """sha256 over the code of every module that `function` depends on inside `src`, without `LOADERS` where it is given runs;
    docstrings and comments may change."""
    module = inspect.getmodule(function)
    assert module is not None and module.__file__ is not None
    names = sorted(imported_modules(Path(module.__file__).stem, LOADERS if given_runs else frozenset()))
    return hashlib.sha256("".join(code_lines((ROOT / "src" / f"{name}.py").read_text()) for name in names).encode()).hexdigest()


def key(function: Callable[..., Any], runs: Sequence[tuple[str, int]], loaded: Sequence[Run]) -> dict[str, Any]:
    """What a measurement hangs on; a file with another key is stale."""
    return {
        "function": f"{function.__module__}.{function.__qualname__}",
        "checkpoints": {f"{run}/seed-{seed}": run_digest(one) for (run, seed), one in zip(runs, loaded, strict=True)},
        "source": source_digest(function, given_runs=bool(runs)),
    }


def measure(
    name: str,
    function: Callable[[Sequence[Run]], Arrays],
    runs: Sequence[tuple[str, int]],
    *,
    folder: Path = FOLDER,
    force: bool = False,
) -> Arrays:
    """`function([load_run(*run) for run in runs])`, from `<folder>/<name>.npz` where that is fresh.

    Raises `ValueError` if the function returns anything but a non-empty dict of arrays.
    """
    loaded = [load_run(run, seed) for run, seed in runs]
    today = key(function, runs, loaded)
    path = folder / f"{name}.npz"
    if path.exists() and not force:
        with np.load(path, allow_pickle=False) as data:
            stored = json.loads(str(data["provenance"]))
            if all(stored.get(field) == value for field, value in today.items()):
                return {field: data[field] for field in data.files if field != "provenance"}
    arrays = {field: np.asarray(value) for field, value in function(loaded).items()}
    if not arrays or "provenance" in arrays or any(value.dtype == object for value in arrays.values()):
        raise ValueError(f"measurement {name}: the function must return a non-empty dict of arrays")
    with atomic_write(path) as file:
        np.savez_compressed(file, allow_pickle=False, provenance=np.asarray(json.dumps({**today, **provenance()})), **arrays)
    return arrays


def record(name: str, arrays: Arrays, *, command: str, folder: Path = FOLDER) -> None:
    """Write a measurement that came from training runs which are not committed: with provenance, and not voided by an edit."""
    with atomic_write(folder / f"{name}.npz") as file:
        np.savez_compressed(file, allow_pickle=False, provenance=np.asarray(json.dumps({"command": command, **provenance()})), **arrays)


def recorded(name: str, folder: Path = FOLDER) -> Arrays:
    """A measurement written by `record`. Raises `FileNotFoundError` naming the command that makes it."""
    path = folder / f"{name}.npz"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; make it with: python -m src.sweeps {name}")
    with np.load(path, allow_pickle=False) as data:
        return {field: data[field] for field in data.files if field != "provenance"}
