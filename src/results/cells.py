"""Cells of a sweep: a config with some seeds, trained as one program, in this process or by workers that may be on other machines.

What is finished is skipped and what was stopped goes on, so that the same command again does what remains. The cells of a *grid* stand in
`runs/grid/<digest of the code that trains>/`, by the name of their config: results of other code are others.

    cells = grid(preset("laptop"), ["p=31,37", "weight_decay=0.5,1.0"], seeds=8)
    cluster.train_all(cells, root, command="...", scheduler=None)
"""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from ..network.config import Config, ConfigError
from ..network.manifest import MANIFEST
from ..network.records import code_digest
from ..network.runs import Run, load_run, run_folder
from ..network.session import state_file
from ..network.trainer import RUNS, train

MOST = 10_000  # cells of a grid
Report = Callable[[str, int], None]  # the run of a cell, and its step


class Cell(NamedTuple):
    """One config, trained with the seeds 0 to `seeds` - 1."""

    config: Config
    seeds: int

    def folder(self, seed: int, root: Path) -> Path:
        return run_folder(self.config.run, seed, root)

    def missing(self, root: Path) -> tuple[int, ...]:
        """The seeds that are not finished."""
        return tuple(seed for seed in range(self.seeds) if not (self.folder(seed, root) / MANIFEST).exists())


def grid(base: Config, axes: Sequence[str], seeds: int, fixed: Sequence[str] = ()) -> list[Cell]:
    """The cells of every combination of the axes, each as "key=value,value,...", about a config with some fields `fixed` otherwise.

    Raises `ConfigError` for an axis without values or twice the same, an unknown key or a bad value, and for more than `MOST` cells.
    """
    names, values = [], []
    for axis in axes:
        key, _, text = axis.partition("=")
        found = [value for value in text.split(",") if value]
        if not found or key in names or len(set(found)) < len(found):
            raise ConfigError(f"--grid {axis!r}: expected key=value,value,... with each key and each value once")
        if key == "seed":
            raise ConfigError(f"--grid {axis!r}: every cell has the seeds that --seeds says")
        names.append(key)
        values.append(found)
    count = 1
    for found in values:
        count *= len(found)
    if count > MOST:
        raise ConfigError(
            f"--grid: {count:,} cells of {seeds} seeds, and {MOST:,} cells at most; at a minute a cell {count / 60:,.0f} hours"
        )
    combinations = [[f"{key}={value}" for key, value in zip(names, row, strict=True)] for row in product(*values)]
    return [Cell(base.override([*fixed, *row]), seeds) for row in combinations]


def grid_root(root: Path = RUNS) -> Path:
    """Where the runs of grids stand that the code of today trains."""
    return root / "grid" / code_digest()[:12]


def train_missing(cell: Cell, root: Path, command: str, report: Report = lambda run, step: None) -> None:
    """Train the seeds of a cell that are not finished, from where they were stopped."""
    seeds, whole = cell.missing(root), tuple(range(cell.seeds))
    if not seeds:
        return
    if state_file(cell.config.run, whole, root).exists():
        seeds = whole
    resume = state_file(cell.config.run, seeds, root).exists()
    train(cell.config, seeds, root, resume=resume, command=command, on_chunk=lambda step, metrics: report(cell.config.run, step))


class Bar:
    """A bar over the steps of all cells, with the cells that are done and those under way."""

    def __init__(self, cells: Sequence[Cell], left: Sequence[Cell]) -> None:
        self.steps = {cell.config.run: cell.config.steps for cell in cells}
        missing = {cell.config.run for cell in left}
        self.at = {run: 0 if run in missing else steps for run, steps in self.steps.items()}

    def __enter__(self) -> "Bar":
        form = "{percentage:3.0f}%|{bar:12}| [{elapsed}<{remaining}{postfix}]"
        total = sum(self.steps.values())
        self.bar = tqdm(total=total, initial=sum(self.at.values()), bar_format=form, dynamic_ncols=True, disable=None)
        self._say()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def report(self, run: str, step: int) -> None:
        self.bar.update(max(step - self.at[run], 0))
        self.at[run] = max(step, self.at[run])
        self._say()

    def _say(self) -> None:
        done = sum(self.at[run] == steps for run, steps in self.steps.items())
        under_way = [f"{run} {self.at[run]}/{steps}" for run, steps in self.steps.items() if 0 < self.at[run] < steps]
        self.bar.set_postfix_str(", ".join([f"{done} of {len(self.steps)} cells", *under_way[:3]]), refresh=True)


def load_all(cells: Sequence[Cell], root: Path) -> list[list[Run]]:
    """The finished runs, one list of seeds for each cell. Raises `ConfigError` where a folder holds another config."""
    runs = [[load_run(cell.folder(seed, root)) for seed in range(cell.seeds)] for cell in cells]
    for cell, seeds in zip(cells, runs, strict=True):
        for seed, run in enumerate(seeds):
            if Config.from_dict({**run.config.to_dict(), "seed": cell.config.seed}) != cell.config:
                raise ConfigError(f"{cell.folder(seed, root)} holds another config; move it away and run again")
    return runs
