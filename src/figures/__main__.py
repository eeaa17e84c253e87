"""Draw a figure of a run, yours or a committed one.

    python -m src.figures                                          # which figures there are
    python -m src.figures learning runs/laptop/seed-7 --out learning.pdf

The ending of --out decides the format: any that matplotlib knows.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..network.checkpoint import CheckpointError
from ..network.runs import load_run
from .own import OWN, draw
from .style import writable

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    name: Annotated[str | None, typer.Argument(help="The figure; without it, the list.")] = None,
    run: Annotated[str, typer.Argument(help="A committed name, as paper or laptop/seed-1, or a path to a run of your own.")] = "laptop",
    out: Annotated[Path | None, typer.Option(help="The file to write; NAME.svg if not given.")] = None,
    target: Annotated[
        Literal["paper", "slide", "web"], typer.Option(help="The size: a column of a page, a slide, or a phone's.")
    ] = "paper",
) -> None:
    """Draw a figure of a run, yours or a committed one."""
    if name is None:
        for key, own in OWN.items():
            typer.echo(f"{key:14} {own.about}{f' ({own.task})' if own.task else ''}")
        return
    try:
        path = writable(out or Path(f"{name}.svg"))
        draw(name, load_run(run), target).savefig(path)
    except (ValueError, CheckpointError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"wrote {path}")


if __name__ == "__main__":
    app()
