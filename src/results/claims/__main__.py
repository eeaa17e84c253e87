"""python -m src.claims GROUP [--json]"""

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from scipy import stats

from ...network.checkpoint import CheckpointError
from ...network.runs import load_run

GROUPS = ("addition", "residues", "circuits", "integers")


app = typer.Typer(add_completion=False)


@app.command()
def main(
    group: Annotated[str, typer.Argument(help=f"One of {', '.join(GROUPS)}.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of rows as JSON.")] = False,
    run: Annotated[
        Path | None, typer.Option(metavar="runs/NAME/seed-S", help="Analyse this run of your own and print its rows beside ours.")
    ] = None,
) -> None:
    """Recompute a group of claims and print each beside its anchor and its goal."""
    if group not in GROUPS:
        typer.echo(f"error: no group {group!r}; there are {', '.join(GROUPS)}", err=True)
        raise typer.Exit(2)
    module = import_module(f"src.claims.{group}")
    if run is not None:
        return beside(module, run)
    rows = module.rows()
    if as_json:
        typer.echo(json.dumps([row.to_dict() for row in rows], indent=1, ensure_ascii=False))
        return
    table = wide_table(f"Claims: {group}", "ours, median (range)", "seeds", "anchor", "goal", "status")
    for row in rows:
        style = {"pass": "green", "short": "yellow", "blocked": "red"}[row.status]
        table.add_row(row.id, row.claim, row.span, str(len(row.values)), row.anchor, row.goal, f"[{style}]{row.status}[/]")
    console = wide_console()
    console.print(table)
    for row in rows:
        if row.status != "pass":
            console.print(f"{row.id} is {row.status}: {row.why or 'the cause is not known'}", highlight=False)


def prediction_interval(values: Sequence[float], share: float = 0.99) -> tuple[float, float]:
    """Where this share of new seeds falls if seeds are normally distributed (Student's t); never narrower than the range of `values`."""
    n = len(values)
    half = stats.t.ppf((1 + share) / 2, n - 1) * np.std(values, ddof=1) * np.sqrt(1 + 1 / n) if n > 1 else np.inf
    middle = float(np.mean(values))
    return min(middle - half, *values), max(middle + half, *values)


def wide_table(title: str, *columns: str) -> Table:
    """An empty table whose columns, after an id and a claim, wrap at spaces; the claim takes the room that is left."""
    table = Table(title=title, box=SIMPLE_HEAD)
    table.add_column("id", no_wrap=True)
    table.add_column("claim", ratio=3, min_width=24)
    for name in columns:
        table.add_column(name, no_wrap=name in ("seeds", "status"))
    return table


def wide_console() -> Console:
    """The terminal; a file or a pipe gets 160 columns."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def beside(module: ModuleType, folder: Path) -> None:
    """Print the rows of one run beside those of the committed seeds, and mark those outside what these let expect."""
    try:
        if not hasattr(module, "rows_of"):
            raise ValueError("--run is for the group residues")
        name, seed = folder.parent.name, folder.name.removeprefix("seed-")
        if not seed.isdigit():
            raise ValueError(f"--run {folder}: expected a folder like runs/paper/seed-5")
        fresh = module.rows_of(load_run(name, int(seed), root=folder.parent.parent))
    except (ValueError, CheckpointError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    table = wide_table(
        f"{folder} beside the committed seeds", "this run", "committed seeds", "99% of new seeds", "inside", "goal", "status"
    )
    for row, ours in zip(fresh, module.committed_rows(name), strict=True):
        low, high = prediction_interval(ours.values)
        inside = "yes" if low <= row.ours <= high else "above" if row.ours > high else "below"
        expected = f"{low:{ours.form}} to {high:{ours.form}}"
        table.add_row(row.id, row.claim, f"{row.ours:{row.form}}", ours.span, expected, inside, row.goal, row.status)
    wide_console().print(table)


if __name__ == "__main__":
    app()
