"""Cells spread over processes by Dask: one process a device, on this machine or wherever a scheduler has workers.

A worker trains one cell at a time, into a folder that all of them must see. One that dies loses nothing that was saved: its cell goes to
another, which goes on from the state on disk. Needs `pip install miiii[sweep]`.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..network.config import Config, ConfigError
from ..network.records import code_digest, cores
from .cells import Bar, Cell, Report, train_missing

TOPIC, PATIENCE, TRIES = "miiii-steps", 10, 5


def train_all(cells: Sequence[Cell], root: Path, *, command: str, scheduler: str | None = None) -> None:
    """Train what is missing of all cells: by the workers of a Dask scheduler ("local": started here), or without one in this process.

    Raises `ConfigError` as `train` and `spread` do.
    """
    left = [cell for cell in cells if cell.missing(root)]
    with Bar(cells, left) as bar:
        if scheduler is None:
            for cell in left:
                train_missing(cell, root, command, bar.report)
                bar.report(cell.config.run, cell.config.steps)
        elif left:
            spread(left, root, command, scheduler, bar.report)


def spread(cells: Sequence[Cell], root: Path, command: str, scheduler: str, report: Report) -> None:
    """Train cells by the workers of a scheduler, an address or "local"; returns when all are finished.

    Raises `ConfigError` where Dask is missing, the scheduler does not answer, a worker has other code, or a cell fails.
    """
    try:
        from distributed import as_completed
    except ImportError:
        raise ConfigError("--scheduler: needs Dask; pip install 'miiii[sweep]' (or distributed)") from None
    root, code = root.resolve(), code_digest()
    with _client(scheduler) as client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            print(f"The scheduler has no worker yet; waiting. The cells ({len(cells)}) start when one comes.", file=sys.stderr)
        for worker, theirs in client.run(code_digest).items():
            if theirs != code:
                raise ConfigError(f"worker {worker} has other code: its digest is {theirs[:12]}, here it is {code[:12]}")
        client.subscribe_topic(TOPIC, lambda event: report(*event[1]))
        futures = {
            client.submit(_work, cell.config.to_dict(), cell.seeds, str(root), command, code, pure=False, retries=TRIES): cell
            for cell in cells
        }
        for future in as_completed(futures):
            cell = futures[future]
            if future.status != "finished":
                raise ConfigError(f"{cell.config.run}: {future.exception()}")
            report(cell.config.run, cell.config.steps)


def _work(config: dict[str, Any], seeds: int, root: str, command: str, code: str) -> None:
    """One cell, in a worker."""
    from distributed import get_worker

    worker = get_worker()
    if code_digest() != code:
        raise ConfigError(f"worker {worker.address} has other code")
    train_missing(Cell(Config.from_dict(config), seeds), Path(root), command, lambda run, step: worker.log_event(TOPIC, (run, step)))


@contextmanager
def _client(scheduler: str) -> Iterator[Any]:
    from distributed import Client

    if scheduler == "local":
        with _local() as cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise ConfigError(f"--scheduler {scheduler}: no answer within {PATIENCE} s ({' '.join(str(error).split())[:200]})") from None
    with client:
        yield client


def _local() -> Any:
    """A cluster on this machine: a process for each GPU that is visible, or for each core."""
    from distributed import Nanny, Scheduler, SpecCluster

    kept = {name: os.environ[name] for name in ("JAX_COMPILATION_CACHE_DIR", "XLA_FLAGS") if name in os.environ}
    usual = {"nthreads": 1, "silence_logs": logging.ERROR}
    options = [{**usual, "env": {**kept, **place}, "preload": [PIN] if "MIIII_CORE" in place else []} for place in places()]
    spec = {i: {"cls": Nanny, "options": one} for i, one in enumerate(options)}
    scheduler = {"cls": Scheduler, "options": {"dashboard_address": None}}
    return SpecCluster(workers=spec, scheduler=scheduler, silence_logs=logging.ERROR)  # pyright: ignore[reportArgumentType]


# Run by a worker before anything else: XLA makes as many threads as there are cores that it may use.
PIN = "import os; os.sched_setaffinity(0, {int(os.environ['MIIII_CORE'])})"


def places() -> list[dict[str, str]]:
    """The environment of each local worker."""
    if gpus := _gpus():
        return [{"CUDA_VISIBLE_DEVICES": gpu} for gpu in gpus]
    if not hasattr(os, "sched_getaffinity"):  # a system that binds no process to a core
        return [{"JAX_PLATFORMS": "cpu"}] * cores()
    return [{"JAX_PLATFORMS": "cpu", "MIIII_CORE": str(core)} for core in sorted(os.sched_getaffinity(0))]


def _gpus() -> list[str]:
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [gpu for gpu in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if gpu]
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [str(i) for i, line in enumerate(listed.stdout.splitlines()) if line.startswith("GPU ")] if listed.returncode == 0 else []
