"""What is too slow to compute in a cell: list it, or compute it again.

    python -m src.measure                       # recompute what is stale, into an untracked cache
    python -m src.measure --list                # every measurement: fresh or stale, and why
    python -m src.measure paper-bases --record  # and write the tracked file

Sweeps, which train networks, are listed too; `python -m src.sweeps NAME` makes one again.
"""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from .network.checkpoint import CheckpointError
from .network.definitions import changed_since_start
from .network.paths import measurements
from .results import store
from .results.measure import other_versions, status
from .results.registry import MEASUREMENTS, RECORDED, measured, record_measured, stale_names

app = typer.Typer(add_completion=False)


def say_status(console: Console) -> None:
    """One line a result: its name, fresh or stale and by what, seconds, versions that differ."""
    for name, measurement in MEASUREMENTS.items():
        now = status(name, measurement)
        because = now.because if len(now.because) <= 4 else (*now.because[:3], f"{len(now.because) - 3} more")
        word = "[green]fresh[/]" if now.path else f"[yellow]stale[/]: {escape(', '.join(because))}"
        seconds = f", {now.provenance['seconds']:.0f} s when last made" if "seconds" in now.provenance else ""
        versions = "".join(f", {text}" for text in other_versions(now.provenance)) if now.path else ""
        console.print(f"{name}: {word}{seconds}{versions}", highlight=False, soft_wrap=True)
    for name in RECORDED:
        try:
            found = store.read(measurements() / f"{name}.npz")[1]
            word = f"recorded by {found['command']}" + "".join(f", {text}" for text in other_versions(found))
        except (FileNotFoundError, store.Damaged) as error:
            word = f"[red]missing[/]: {escape(str(error))}"
        console.print(f"{name}: {word}", highlight=False, soft_wrap=True)


@app.command()
def main(
    names: Annotated[list[str] | None, typer.Argument(help="Which measurements; without a name all that are stale.")] = None,
    list_them: Annotated[bool, typer.Option("--list", help="Say of each whether it is fresh, and why not; compute nothing.")] = False,
    record: Annotated[bool, typer.Option("--record", help="Write the tracked files in measurements/, not the cache.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compute them although they are fresh.")] = False,
) -> None:
    """Recompute measurements that are stale."""
    try:
        if list_them:
            return say_status(Console())
        for name in names or ():
            if name not in MEASUREMENTS:
                raise ValueError(f"no measurement {name!r}; there are {', '.join(MEASUREMENTS)}")
        for name in names or (MEASUREMENTS if force else stale_names()):
            if record:
                path = record_measured(name, force=force)
                if not changed_since_start():  # else it is not kept, which was said
                    typer.echo(f"wrote {path}")
            else:
                measured(name, force=force)
    except (ValueError, CheckpointError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("\nStopped. What was finished is kept; the same command goes on.", err=True)
        raise typer.Exit(130) from None


if __name__ == "__main__":
    app()
