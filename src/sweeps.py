"""Many trainings: the sweeps of the paper by name, and grids of one's own.

    python -m src.sweeps                                                     # the sweeps there are
    python -m src.sweeps addition-progress                                   # one of them: measurements/addition-progress.npz
    python -m src.sweeps --grid p=31,37,53 --grid weight_decay=0.5,1.0 --seeds 8
    python -m src.sweeps --preset addition --grid lr=0.001,0.01 --set optimizer=adamw --scheduler local

A grid trains every combination, a cell, with all its seeds in one program, and ends in a table and a figure. What is finished is skipped
and what was stopped goes on. With --scheduler local the cells are spread over this machine, a process a device; with an address over the
workers of a Dask scheduler that see the same folder.
"""

import contextlib
import csv
from io import StringIO
from pathlib import Path
from typing import Annotated

import jax
import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from .figures.scale import fig_grid
from .network import records
from .network.checkpoint import CheckpointError, atomic_write
from .network.config import ConfigError
from .network.paths import command as as_typed
from .network.presets import preset
from .network.runs import Run
from .network.session import run, stopped_by_signals
from .results.cells import grid, grid_root, load_all
from .results.cluster import train_all
from .results.sweeps import SWEEPS, run_sweep

app = typer.Typer(add_completion=False)
COLUMNS = ("seeds at 99%", "steps, median", "wrong cells, median", "held out, worst task", "seconds")


def outcome(seeds: list[Run]) -> tuple[str, ...]:
    """A row of the table: what came of the seeds of one cell."""
    found = [seed.manifest for seed in seeds]
    steps, wrong = [m["steps_to_generalise"] for m in found if m["steps_to_generalise"] is not None], [m["wrong_cells"] for m in found]
    return (
        f"{len(steps)} of {len(found)}", f"{np.median(steps):,.0f}" if steps else "never", f"{np.median(wrong):,.0f}",
        f"{min(min(m['valid_accuracy']) for m in found):.2%}", f"{max(m['seconds'] for m in found):,.0f}",
    )  # fmt: skip


def run_grid(base: str, axes: list[str], fixed: list[str], seeds: int, scheduler: str | None, out: str) -> None:
    """Train a grid, print its table, and write `<out>.csv` and `<out>.svg` beside its runs. Raises `ConfigError`."""
    cells, root = grid(preset(base), axes, seeds, fixed), grid_root()
    named = {axis.partition("=")[0]: tuple(value for value in axis.partition("=")[2].split(",") if value) for axis in axes}
    typed = " ".join([f"sweeps --preset {base}", *(f"--grid {a}" for a in axes), *(f"--set {a}" for a in fixed), f"--seeds {seeds}"])
    train_all(cells, root, command=as_typed(typed), scheduler=scheduler)
    runs = load_all(cells, root)
    rows = [(*(str(getattr(cell.config, key)) for key in named), *outcome(found)) for cell, found in zip(cells, runs, strict=True)]
    table = Table(*named, *COLUMNS, box=SIMPLE_HEAD)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    place = root / (out or "-".join([base, *named]))
    text = StringIO(newline="")
    csv.writer(text).writerows([(*named, *COLUMNS), *rows])
    with atomic_write(place.with_name(f"{place.name}.csv")) as file:
        file.write(text.getvalue().encode())
    found = [[seed.manifest["steps_to_generalise"] for seed in seeds] for seeds in runs]
    steps = np.asarray([[-1 if step is None else step for step in row] for row in found])
    fig_grid(named, steps, max(cell.config.steps for cell in cells)).savefig(place.with_name(f"{place.name}.svg"))
    typer.echo(f"wrote {place}.csv and {place}.svg; the runs are in {root}")


@app.command()
def main(
    name: Annotated[str, typer.Argument(help="Which sweep of the paper; nothing lists them.")] = "",
    axes: Annotated[list[str] | None, typer.Option("--grid", metavar="KEY=A,B,...", help="An axis of a grid; may be repeated.")] = None,
    base: Annotated[str, typer.Option("--preset", help="What a grid varies.")] = "laptop",
    fixed: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A field that all cells have otherwise.")] = None,
    seeds: Annotated[int, typer.Option(help="Seeds of each cell of a grid, in one program.", min=1, max=1000)] = 3,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Spread the cells: 'local', or a Dask scheduler as tcp://host:8786.")
    ] = None,
    out: Annotated[str, typer.Option(metavar="NAME", help="Name of a grid's table and figure; by default its preset and keys.")] = "",
) -> None:
    """Train the runs of a sweep that are missing and measure them, or those of a grid."""
    if not name and not axes and not fixed and not out:
        for key, sweep in SWEEPS.items():
            typer.echo(f"{key}: {sweep.about} {len(sweep.configs)} configs, {sweep.seeds} seeds.")
        return
    if scheduler is None:
        with contextlib.suppress(RuntimeError):  # JAX has started already, with the devices it has
            jax.config.update("jax_num_cpu_devices", records.cores())
    try:
        if not name and not axes:
            raise ConfigError("--set, --out: these are of a grid; say what to vary, as in --grid p=31,37")
        if name and (axes or fixed or out):
            raise ConfigError(f"{name}: a sweep of the paper has its own grid; leave out --grid, --set and --out")
        if out and Path(out).name != out:
            raise ConfigError(f"--out {out}: a name, not a path")
        with stopped_by_signals():
            if axes:
                run_grid(base, axes, fixed or [], seeds, scheduler, out)
                return
            run_sweep(name, scheduler=scheduler)
    except (KeyError, ValueError, CheckpointError) as error:
        typer.echo(f"error: {error.args[0]}", err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt as stop:
        typer.echo("\nStopped. The same command goes on with what was under way.", err=True)
        raise typer.Exit(getattr(stop, "code", 130)) from None
    typer.echo(f"wrote measurements/{name}.npz")


if __name__ == "__main__":
    run(app)
