"""python -m src.claims GROUP [--json]"""

import json
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from src.checkpoint import CheckpointError, load_run

GROUPS = ("addition", "residues")


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
    table = Table("id", "claim", "ours", "range", "seeds", "anchor", "goal", "status", "kind", title=f"Claims: {group}")
    for row in rows:
        span = f"{min(row.values):{row.form}} to {max(row.values):{row.form}}" if row.values else ""
        style = {"pass": "green", "short": "yellow", "blocked": "red"}[row.status]
        cells = (row.id, row.claim, f"{row.ours:{row.form}}", span, str(len(row.values)), row.anchor, row.goal)
        table.add_row(*cells, f"[{style}]{row.status}[/]", row.kind)
    console = Console()
    console.print(table)
    for row in rows:
        if row.status != "pass":
            console.print(f"{row.id} is {row.status}: {row.why or 'the cause is not known'}", highlight=False)


def beside(module: ModuleType, folder: Path) -> None:
    """Print the rows of one run beside those of the committed seeds. A run outside their range is marked; of six seeds one in three is."""
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
    table = Table(
        "id", "claim", "this run", "committed seeds", "in their range", "goal", "status", title=f"{folder} beside the committed seeds"
    )
    for row, ours in zip(fresh, module.committed_rows(name), strict=True):
        low, high = min(ours.values), max(ours.values)
        span = f"{low:{ours.form}} to {high:{ours.form}}"
        inside = "yes" if low <= row.ours <= high else "above" if row.ours > high else "below"
        table.add_row(row.id, row.claim, f"{row.ours:{row.form}}", span, inside, row.goal, row.status)
    Console().print(table)


if __name__ == "__main__":
    app()
