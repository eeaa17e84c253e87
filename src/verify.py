"""Check that runs are what they say: digests, weights, accuracies, wrong cells and steps to generalise.

    python -m src.verify                        # every committed run and every measurement
    python -m src.verify runs/laptop/seed-7     # one of your own; a folder of several seeds will do too

What differs is named, and the exit status is 1.
"""

from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .network.checkpoint import CheckpointError
from .network.manifest import MANIFEST
from .network.paths import checkpoints, measurements
from .network.runs import find_run, list_runs, run_folder
from .network.verify import problems
from .results import store

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _runs(path: str) -> list[Path]:
    """The finished runs that a name or a path stands for: one, or every seed in a folder. Raises `CheckpointError` where there is none."""
    inside = sorted(found.parent for found in Path(path).glob(f"seed-*/{MANIFEST}")) if Path(path).is_dir() else []
    return inside or [find_run(path)]


@app.command()
def main(
    paths: Annotated[list[str] | None, typer.Argument(help="Runs by name or path; none: all that is committed.")] = None,
) -> None:
    """Check that runs are what they say: digests, weights, accuracies, wrong cells and steps to generalise."""
    try:
        runs = [run for path in paths for run in _runs(path)] if paths else [run_folder(*run, checkpoints()) for run in list_runs()]
    except CheckpointError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    results = [] if paths else sorted(measurements().glob("*.npz"))
    found = [line for run in tqdm(runs, desc="runs", unit="run", disable=None) for line in problems(run)]
    for result in tqdm(results, desc="measurements", unit="file", disable=None):
        try:
            store.read(result)
        except store.Damaged as error:
            found.append(str(error))
    for line in found:
        typer.echo(line, err=True)
    measured = f" and {len(results)} measurements" if results else ""
    typer.echo(f"{len(runs)} runs{measured}: {f'{len(found)} things differ' if found else 'all as they say'}")
    raise typer.Exit(1 if found else 0)


if __name__ == "__main__":
    app()
