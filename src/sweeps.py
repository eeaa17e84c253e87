"""Trainings whose weights are not committed: train what is missing, measure, and write measurements/NAME.npz.

    python -m src.sweeps                        # what there is
    python -m src.sweeps addition-progress      # one of them

Runs stay in runs/, so a sweep that was stopped goes on where it was.
"""

import contextlib
from typing import Annotated

import jax
import typer

from .network import records
from .results.sweeps import SWEEPS, run_sweep

app = typer.Typer(add_completion=False)


@app.command()
def main(name: Annotated[str, typer.Argument(help="Which sweep; nothing lists them.")] = "") -> None:
    """Train the runs of a sweep that are missing from runs/, and write measurements/NAME.npz."""
    if not name:
        for key, sweep in SWEEPS.items():
            typer.echo(f"{key}: {sweep.about} {len(sweep.configs)} configs, {sweep.seeds} seeds.")
        return
    with contextlib.suppress(RuntimeError):  # JAX has started already, with the devices it has
        jax.config.update("jax_num_cpu_devices", records.cores())
    try:
        run_sweep(name)
    except (KeyError, ValueError) as error:
        typer.echo(f"error: {error.args[0]}", err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("\nStopped. The same command goes on with the run that was under way.", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"wrote measurements/{name}.npz")


if __name__ == "__main__":
    app()
