"""Write the README's tables, of committed runs and of speed, anew between its markers.

    python -m src.tables

The documents' own tables are made when they are rendered.
"""

import typer

from .network.paths import checkpoints, measurements, root
from .results.tables import readme_with_tables

app = typer.Typer(add_completion=False)


@app.command()
def main() -> None:
    """Write the README's tables, of committed runs and of speed, anew."""
    readme = root() / "README.md"
    try:
        readme.write_text(readme_with_tables(readme.read_text(encoding="utf-8")), encoding="utf-8")
    except (FileNotFoundError, ValueError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"wrote the runs of {checkpoints()} and the speed of {measurements()} into {readme}")


if __name__ == "__main__":
    app()
