"""Render the documents into _site/.

    python -m src.render              # with Quarto where it is there, else the preview
    python -m src.render --preview    # with the preview in any case

Quarto is looked for in $QUARTO, on the PATH, and in the environment's `quarto-cli` package, which is tried once, quietly: it downloads a
release from elsewhere while it installs, and fails where it cannot.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from .cells import RenderError

ROOT = Path(__file__).resolve().parent.parent.parent


def find_quarto() -> str | None:
    """The path of a Quarto that runs, or None."""
    beside = Path(sys.executable).parent
    for candidate in (os.environ.get("QUARTO"), shutil.which("quarto"), str(beside / "quarto")):
        if candidate and shutil.which(candidate) and _runs([candidate, "--version"], 30):
            return candidate
    return None


def try_quarto_package() -> None:
    """Try once per environment to install the optional `quarto-cli` package; say nothing either way."""
    stamp = Path(sys.prefix) / ".quarto-cli-tried"
    if not stamp.exists():
        stamp.touch()
        _runs([sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--retries", "0", "quarto-cli"], 120)


def _runs(command: list[str], seconds: int) -> bool:
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=seconds).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def main(preview: Annotated[bool, typer.Option("--preview", help="Use the preview even where Quarto is there.")] = False) -> None:
    """Render paper, slides, figures and site into _site/."""
    started = time.perf_counter()
    quarto = None if preview else find_quarto()
    if quarto is None and not preview:
        try_quarto_package()
        quarto = find_quarto()
    if quarto is not None:
        typer.echo(f"Rendering with Quarto ({quarto})")
        environment = {**os.environ, "QUARTO_PYTHON": sys.executable}
        code = subprocess.run([quarto, "render", str(ROOT)], env=environment).returncode
        if code:
            raise typer.Exit(code)
    else:
        typer.echo("Rendering with the preview (no Quarto here)")
        from src.render.preview import render

        try:
            render(ROOT, typer.echo)
        except RenderError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from None
    typer.echo(f"Wrote {ROOT / '_site'}/index.html in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    typer.run(main)
