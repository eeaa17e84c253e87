"""Write a run for another program.

    python -m src.export paper-standard --to transformer-lens
    python -m src.export runs/laptop/seed-7 --to transformer-lens --out laptop.safetensors

A committed name or a folder says which network. It prints the lines of Python that build the network there.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .network.checkpoint import CheckpointError
from .network.runs import load_run
from .network.trainer import RUNS
from .network.transformer_lens import export

app = typer.Typer(add_completion=False)
Program = StrEnum("Program", ["transformer-lens"])


@app.command()
def main(
    run: Annotated[str, typer.Argument(help="A committed run (laptop, paper-standard/seed-2) or a folder (runs/laptop/seed-0).")],
    to: Annotated[Program, typer.Option(help="For which program; TransformerLens has the standard block alone.")],
    out: Annotated[Path | None, typer.Option(help="The file; by default in runs/export/.")] = None,
) -> None:
    """Write a run for another program, and print how it is read there."""
    try:
        loaded = load_run(run)
        path = out or RUNS / "export" / f"{loaded.config.run}-{loaded.config.seed}-{to.value}.safetensors"
        recipe = export(loaded, path)
    except (CheckpointError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"# {path}, for TransformerLens 3:\n\n{recipe}")


if __name__ == "__main__":
    app()
