"""Render the documents into _site/.

    python -m src.render              # with Quarto where it is there, else the preview
    python -m src.render paper        # one page
    python -m src.render --preview    # with the preview in any case

One line says which of the two rendered.
"""

import time
from typing import Annotated

import typer

from .cells import RenderError
from .site import find_documents, render_site

app = typer.Typer(add_completion=False)


@app.command()
def main(
    page: Annotated[str | None, typer.Argument(help="One page, as paper or reproduce.qmd; none: all.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Use the preview even where Quarto is there.")] = False,
) -> None:
    """Render paper, slides, figures and site into _site/."""
    started = time.perf_counter()
    try:
        home = render_site(find_documents(), only=page, preview=preview, say=typer.echo)
    except RenderError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Wrote {home} in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    app()
