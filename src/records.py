"""Copy finished runs to checkpoints/, where the documents read them.

    python -m src.records runs/addition/seed-0 --steps 20     # thinned to 20 of its steps

What stood there under the same name and seed is replaced.
"""

from pathlib import Path
from typing import Annotated

import typer

from .network.checkpoint import CheckpointError
from .network.config import ConfigError
from .network.records import publish

app = typer.Typer(add_completion=False)


@app.command()
def main(
    folders: Annotated[list[Path], typer.Argument(help="Finished runs, as in runs/addition/seed-0.")],
    steps: Annotated[int, typer.Option(help="How many of the kept steps to copy.")] = 1,
) -> None:
    """Copy finished runs to checkpoints/, where the documents read them."""
    try:
        for folder in folders:
            typer.echo(f"wrote {publish(folder, steps=steps)}")
    except (ConfigError, CheckpointError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    app()
