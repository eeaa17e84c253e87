"""python -m src.claims GROUP [--json]"""

import json
from importlib import import_module
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

GROUPS = ("addition", "residues")


app = typer.Typer(add_completion=False)


@app.command()
def main(
    group: Annotated[str, typer.Argument(help=f"One of {', '.join(GROUPS)}.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of rows as JSON.")] = False,
) -> None:
    """Recompute a group of claims and print each beside its anchor and its goal."""
    if group not in GROUPS:
        typer.echo(f"error: no group {group!r}; there are {', '.join(GROUPS)}", err=True)
        raise typer.Exit(2)
    rows = import_module(f"src.claims.{group}").rows()
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


if __name__ == "__main__":
    app()
