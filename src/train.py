"""Train a network and write its checkpoints.

    python -m src.train                                   # the laptop preset: p = 53, about a minute
    python -m src.train --preset paper --seed 1           # the paper's network
    python -m src.train --set p=41 --seeds 3              # another p, three seeds: runs/laptop-p-41/seed-0 and so on
    python -m src.train --preset paper --resume           # go on where Ctrl-C stopped it
    python -m src.train --set steps=2000 --resume         # a finished run for longer, as runs/laptop-steps-2000

A run goes to `runs/<run>/seed-<s>/`.
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
from .network.session import run, stopped_by_signals
from .network.tasks import make_dataset
from .network.trainer import RUNS, Diverged, train


def _bar(config: Config, dataset: Dataset) -> tuple[tqdm, Callable]:
    """A bar for 80 columns, and what moves it: first to where training begins, while the first chunk compiles."""
    form = "{desc}{percentage:3.0f}%|{bar:12}| {n}/{total} [{elapsed}<{remaining}{postfix}]"
    bar = tqdm(total=config.steps, bar_format=form, dynamic_ncols=True, disable=None)
    uniform, began = dataset.uniform_loss.mean(), []

    def on_chunk(step: int, metrics: dict[str, np.ndarray]) -> None:
        if not began:
            bar.initial = bar.n = bar.last_print_n = step  # what was done before is no part of the speed
        bar.set_description_str("" if began else "compiling ", refresh=False)
        began.append(step)
        valid = metrics["valid_accuracy"].mean(axis=0)
        slowest = dataset.task_names[int(valid.argmin())]
        loss = metrics["train_loss"].mean() / uniform
        bar.set_postfix_str(f"loss {loss:.1e}, held out {valid.mean():.3f}, {slowest} {valid.min():.3f}", refresh=False)
        bar.update(step - bar.n)
        bar.refresh()

    return bar, on_chunk


MOST_SEEDS = 1000
_PRESET_HELP = "\n\n".join(f"**{name}**: {' '.join((make.__doc__ or '').split())}" for name, make in PRESETS.items())
app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)


@app.command(
    help="Train a network and write its checkpoints to `runs/RUN/seed-SEED/`. Ctrl-C, SIGTERM and SIGHUP save what there is, and the same "
    f"command with --resume goes on.\n\nPresets:\n\n{_PRESET_HELP}"
)
def main(
    preset_name: Annotated[str, typer.Option("--preset", help=f"One of {', '.join(PRESETS)}.")] = "",
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a field of the preset; may be repeated. The run is named by what differs."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the initial weights and the dropout masks.")] = 0,
    seeds: Annotated[int, typer.Option(help="Train this many seeds, from --seed on, side by side in one program.")] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped; with --set steps=N, with a finished one, as a new run.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder to write RUN/seed-SEED/ into.")] = RUNS,
) -> None:
    try:
        if not 1 <= seeds <= MOST_SEEDS:
            raise ConfigError(f"--seeds {seeds}: must lie in [1, {MOST_SEEDS}]")
        if not preset_name:
            typer.echo("No --preset given: training laptop. See --help for the others.")
        if any(a.partition("=")[0] == "seed" for a in assignments or []):
            raise ConfigError("--set seed=...: use --seed")
        base, longer = preset(preset_name or "laptop"), [a for a in assignments or [] if a.partition("=")[0].strip() in ("steps", "run")]
        config = replace(base.override(assignments or []), seed=seed)
        parent = replace(base.override([a for a in assignments or [] if a not in longer]), seed=seed) if longer else None
        chosen = tuple(range(seed, seed + seeds))
        if seeds > 1:
            with contextlib.suppress(RuntimeError):  # JAX has started already, with the devices it has
                jax.config.update("jax_num_cpu_devices", records.cores())
        dataset = make_dataset(config)
        typer.echo(expectation(config, len(chosen)))
        command = as_typed(f"train --preset {preset_name or 'laptop'}")
        command += "".join(f" --set {a}" for a in assignments or []) + f" --seed {seed}" + (f" --seeds {seeds}" if seeds > 1 else "")
        bar, on_chunk = _bar(config, dataset)
        with bar, stopped_by_signals():
            folders = train(config, chosen, out, resume=resume, parent=parent, command=command, on_chunk=on_chunk, log=bar.write)
    except (ConfigError, CheckpointError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    except Diverged as error:
        typer.echo(f"error: {error}. The last good state is in {out / config.run}; try a smaller lr", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        way = "make room or choose another --out; --resume goes on from what was saved"
        typer.echo(f"error: cannot write to {out}: {error}; {way}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt as stop:
        typer.echo(f"\nStopped. The last chunk's state is in {out / config.run}; the same command with --resume goes on.", err=True)
        raise typer.Exit(getattr(stop, "code", 130)) from None
    for folder in folders:
        typer.echo(records.summary(folder))


if __name__ == "__main__":
    run(app)
