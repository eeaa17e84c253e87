"""Train a network and write its checkpoints.

    python -m src.train                                   # the laptop preset: p = 53, about a minute
    python -m src.train --preset paper --seed 1           # the paper's network
    python -m src.train --set p=41 --set run=p41 --seeds 3   # another p under a name of its own, three seeds
    python -m src.train --preset paper --resume           # go on where Ctrl-C stopped it

A run goes to runs/<run>/seed-<s>/.
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import jax
import numpy as np
import typer
from tqdm import tqdm

from .network import records
from .network.checkpoint import CheckpointError
from .network.config import Config, ConfigError
from .network.dataset import Dataset
from .network.paths import command as as_typed
from .network.presets import PRESETS, preset
from .network.records import expectation
from .network.tasks import make_dataset
from .network.trainer import RUNS, Diverged, train


def _bar(config: Config, dataset: Dataset, seeds: tuple[int, ...], start: int) -> tuple[tqdm, Callable]:
    uniform = dataset.uniform_loss.mean()
    bar = tqdm(total=config.steps, initial=start, unit="step", dynamic_ncols=True, disable=None)

    def on_chunk(step: int, metrics: dict[str, np.ndarray]) -> None:
        valid = metrics["valid_accuracy"].mean(axis=0)
        slowest = dataset.task_names[int(valid.argmin())]
        bar.set_postfix_str(
            f"loss {metrics['train_loss'].mean():.2e} (uniform {uniform:.2f}), train {metrics['train_accuracy'].mean():.4f}, "
            f"valid {valid.mean():.4f}, slowest {slowest} {valid.min():.4f}",
            refresh=False,
        )
        bar.update(step - bar.n)

    return bar, on_chunk


_PRESET_HELP = "\n\n".join(f"**{name}**: {' '.join((make.__doc__ or '').split())}" for name, make in PRESETS.items())
app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)


@app.command(help=f"Train a network and write its checkpoints.\n\nPresets:\n\n{_PRESET_HELP}")
def main(
    preset_name: Annotated[str, typer.Option("--preset", help=f"One of {', '.join(PRESETS)}.")] = "",
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one field of the preset; repeat it at will.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the initial weights and the dropout masks.")] = 0,
    seeds: Annotated[int, typer.Option(help="Train this many seeds, from --seed on, side by side in one program.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    out: Annotated[Path, typer.Option(help="Folder to write RUN/seed-SEED/ into.")] = RUNS,
) -> None:
    try:
        if seeds < 1:
            raise ConfigError(f"--seeds {seeds}: must be >= 1")
        if not preset_name:
            typer.echo("No --preset given: training laptop. See --help for the others.")
        config = replace(preset(preset_name or "laptop").override(assignments or []), seed=seed)
        if any(a.partition("=")[0] == "seed" for a in assignments or []):
            raise ConfigError("--set seed=...: use --seed")
        chosen = tuple(range(seed, seed + seeds))
        if seeds > 1:
            with contextlib.suppress(RuntimeError):  # JAX has started already, with the devices it has
                jax.config.update("jax_num_cpu_devices", records.cores())
        dataset = make_dataset(config)
        typer.echo(expectation(config, len(chosen)))
        bar, on_chunk = _bar(config, dataset, chosen, 0)
        command = as_typed(f"train --preset {preset_name or 'laptop'}")
        command += "".join(f" --set {a}" for a in assignments or []) + f" --seed {seed}" + (f" --seeds {seeds}" if seeds > 1 else "")
        folders = train(config, chosen, out, resume=resume, command=command, on_chunk=on_chunk, log=bar.write)
        bar.close()
    except (ConfigError, CheckpointError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    except Diverged as error:
        typer.echo(f"error: {error}. The last good state is in {out}; try a smaller lr", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo(f"\nStopped. The last chunk's state is in {out}; the same command with --resume goes on.", err=True)
        raise typer.Exit(130) from None
    for folder in folders:
        typer.echo(records.summary(folder))


if __name__ == "__main__":
    app()
