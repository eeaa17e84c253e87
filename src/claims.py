"""Every headline number beside its anchor and its goal.

    python -m src.claims residues                       # rows with what they are measured against
    python -m src.claims residues --json                # a list of rows
    python -m src.claims residues --run runs/paper/seed-5

A committed name ("paper", "paper/seed-2") or a folder may follow --run: any run of one layer on all residue tasks, of any p. Its rows stand
beside those of the committed seeds of the same config; where there are none, alone.
"""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from .network.checkpoint import CheckpointError
from .network.runs import load_run
from .results.claims import GROUPS, headline, rows
from .results.claims.beside import Beside, beside
from .results.claims.claim import Claim

COLOURS = {"pass": "green", "short": "yellow", "blocked": "red", "reported": "cyan"}
app = typer.Typer(add_completion=False)


def say_head(console: Console, slug: str, status: str, value: str) -> None:
    """A row's first line: its slug, its status and its value; two lines where one is too narrow. Nothing is ever cut."""
    coloured = f"[{COLOURS[status]}]{status}[/] {escape(value)}"
    room = console.width - len(slug) - len(status) - len(value) - 1
    if room > 0:
        console.print(f"[bold]{slug}[/]{' ' * room}{coloured}", highlight=False)
    else:
        console.print(f"[bold]{slug}[/]", highlight=False, overflow="fold")
        console.print(Padding(coloured, (0, 0, 0, 2)), highlight=False)


def show(console: Console, row: Claim) -> None:
    """One row, stacked."""
    say_head(console, row.slug, row.status, row.span or "no value")
    aims = [f"goal {row.goal_text}"] * (row.goal is not None) + [f"anchor {row.anchor}"] * (row.anchor != "none")
    seeds = f"{len(row.values)} seed{'s' * (len(row.values) != 1)}"
    console.print(Padding(escape(row.claim), (0, 0, 0, 2)), highlight=False)
    console.print(Padding(escape("; ".join([*aims, seeds, row.kind, row.function])), (0, 0, 0, 2)), style="dim", highlight=False)
    if row.reason:
        console.print(Padding(f"why: {escape(row.reason)}", (0, 0, 0, 2)), style=COLOURS[row.status], highlight=False)


def show_beside(console: Console, one: Beside) -> None:
    """One row of a run beside the committed seeds, stacked."""
    form = one.mine.form
    say_head(console, one.mine.slug, one.mine.status, form(one.mine.ours))
    console.print(Padding(escape(one.mine.claim), (0, 0, 0, 2)), highlight=False)
    if one.committed is None:
        console.print(Padding(f"no committed seeds of this config; goal {one.mine.goal_text}", (0, 0, 0, 2)), style="dim", highlight=False)
        return
    expected = f"99% of new seeds {form(one.low)} to {form(one.high)}: {'inside' if one.inside == 'yes' else one.inside}"
    said = f"committed seeds {one.committed.span}; {expected}; goal {one.mine.goal_text}"
    console.print(Padding(said, (0, 0, 0, 2)), style="dim" if one.inside == "yes" else "yellow", highlight=False)


@app.command()
def main(
    group: Annotated[str, typer.Argument(help=f"One of {', '.join(GROUPS)}.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of rows as JSON.")] = False,
    run: Annotated[
        str, typer.Option(metavar="RUN", help="Analyse this run, a committed name or a folder, and print its rows beside ours.")
    ] = "",
) -> None:
    """Recompute a group of claims and print each beside its anchor and its goal."""
    console = Console()
    try:
        found = beside(group, load_run(run), lambda line: typer.echo(line, err=True)) if run else rows(group)
    except (ValueError, CheckpointError, FileNotFoundError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps([one.to_dict() for one in found], indent=1, ensure_ascii=False))
        return
    for one in found:
        show_beside(console, one) if isinstance(one, Beside) else show(console, one)
    if not run:
        console.print(f"\n{group}: {headline(rows(group))}", highlight=False)


if __name__ == "__main__":
    app()
