"""The state from which a training goes on when it was stopped, or when more steps are asked for; and who may write there.

Seeds that are trained side by side are one program and have one state. `runs/<run>/state-0-2.safetensors` holds the tensors of all of them,
stacked, and all their metrics so far. It is written in one go, and so whatever a kill leaves is the state of one moment. A finished run
keeps its last one, so that it can be continued.
"""

import fcntl
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .checkpoint import Checkpoint, fill, read, save
from .config import Config, ConfigError
from .dataset import Dataset
from .manifest import MANIFEST, METRICS, step_file, steps_in
from .runs import run_folder

History = dict[str, list[np.ndarray]]  # by name one array a chunk: (), or (seeds, T)
_METRICS = "metrics."
_TEMPORARY = re.compile(r"\..+\.\d+-[0-9a-f]{8}\.tmp")


class Stopped(KeyboardInterrupt):
    """A signal asked the process to end; `code` is the exit status that says which."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Inside, SIGINT, SIGTERM and SIGHUP raise `Stopped`, so that all three save what Ctrl-C saves."""

    def stop(number: int, _: Any) -> None:
        raise Stopped(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(app: Callable[[], None]) -> None:
    """A command as a process of its own. When it was stopped it leaves at once: Python would wait for the chunk that still computes."""
    try:
        app()
    except SystemExit as end:
        if isinstance(end.code, int) and end.code > 128:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code)
        raise


class Saved(NamedTuple):
    """A state that was read, before its tensors are given the structure of a model."""

    found: Checkpoint
    path: Path

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(int(seed) for seed in np.atleast_1d(self.found.tensors.get("seed", np.zeros(0, int))))

    def restore(self, like: Any) -> tuple[Any, History]:
        """The stacked states in the structure of `like`, and the metrics up to them. Raises `CheckpointError`."""
        tensors = self.found.tensors
        history = {name.removeprefix(_METRICS): list(x) for name, x in tensors.items() if name.startswith(_METRICS)}
        rest = {name: x for name, x in tensors.items() if not name.startswith(_METRICS)}
        return fill(replace(self.found, tensors=rest), like, self.path), history


def state_file(run: str, seeds: tuple[int, ...], out: Path) -> Path:
    """Where the state of seeds trained side by side is: `state-3`, `state-0-2` for 0, 1 and 2, `state-0+2` for 0 and 2."""
    first, last = seeds[0], seeds[-1]
    row = len(seeds) > 1 and list(seeds) == list(range(first, last + 1))
    return out / run / f"state-{f'{first}-{last}' if row else '+'.join(map(str, seeds))}.safetensors"


def save_state(path: Path, states: Any, history: History, *, config: Config, dataset: Dataset, step: int, parent: str = "") -> None:
    """Write the stacked states of all seeds with their metrics; `config` has the first one's seed."""
    metrics = {f"{_METRICS}{name}": np.stack(rows) for name, rows in history.items()}
    save(path, states, config=config, dataset=dataset, step=step, also=metrics, parent=parent)


@contextmanager
def claimed(
    config: Config, seeds: tuple[int, ...], out: Path, *, resume: bool, parent: Config | None = None, log: Callable[[str], None]
) -> Iterator[Saved | None]:
    """Hold the folders of a run's seeds against other processes; yields the state to go on from, None to begin.

    Raises `ConfigError` where a folder holds another run, this run finished, or stopped without `resume`, or something else; where another
    process is training there; and where there is nothing to resume, in `parent` neither. A run that was stopped before it saved a state
    begins again.
    """
    folders = [run_folder(config.run, seed, out) for seed in seeds]
    state, begun = state_file(config.run, seeds, out), any(folder.exists() and any(folder.iterdir()) for folder in folders)
    inherited = _inherit(config, seeds, out, parent) if resume and not begun and not state.exists() else None
    made = [folder for folder in folders if not folder.exists()]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        for folder in folders:
            _lock(folder, held)
        try:
            saved = inherited or _find(config, seeds, out, folders, resume)
        except BaseException:
            for folder in made:
                folder.rmdir()
            raise
        for folder in folders:
            _clear(folder, steps=saved is None, log=log)
        for left in state.parent.glob(f".{state.name}.*.tmp"):
            left.unlink()
        if inherited is not None:
            log(f"continuing {inherited.found.parent}")
        yield saved


def _inherit(config: Config, seeds: tuple[int, ...], out: Path, parent: Config | None) -> Saved:
    """The state of a parent with fewer steps, which it is named in. Raises `ConfigError` where there is none."""
    nothing = f"--resume: nothing to resume in {run_folder(config.run, seeds[0], out)}"
    if parent is None or parent == config:
        raise ConfigError(nothing)
    path = state_file(parent.run, seeds, out)
    if not path.is_file():
        raise ConfigError(f"{nothing}, and no state of {parent.run} to continue ({path})")
    found = read(path)
    _same(found, replace(parent, seed=seeds[0]), path)
    if found.step >= config.steps:
        raise ConfigError(f"steps={config.steps}: {path} is at step {found.step} already")
    return Saved(replace(found, parent=f"{parent.run} from step {found.step} on"), path)


def _lock(folder: Path, held: ExitStack) -> None:
    handle = os.open(folder, os.O_RDONLY)
    held.callback(os.close, handle)  # which lets go of the lock, as a kill does
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(f"{folder}: another process is training here; choose another --out or --seed") from None


def _find(config: Config, seeds: tuple[int, ...], out: Path, folders: list[Path], resume: bool) -> Saved | None:
    """The state of these seeds, once everything in their folders is known to be of this run."""
    path = state_file(config.run, seeds, out)
    saved = Saved(read(path), path) if path.is_file() else None
    if saved is not None:
        _same(saved.found, replace(config, seed=saved.found.config.get("seed", 0)), path)
        if saved.seeds != seeds:
            raise ConfigError(f"{path}: holds the seeds {', '.join(map(str, saved.seeds))}; choose another --out")
    for seed, folder in zip(seeds, folders, strict=True):
        names = sorted(x.name for x in folder.iterdir() if not _TEMPORARY.fullmatch(x.name))
        steps = steps_in(names)
        if set(names) - {step_file(step) for step in steps} - {METRICS, MANIFEST}:
            raise ConfigError(f"{folder}: holds files that are not a run of ours; choose another --out")
        for step in steps[-1:]:
            _same(read(folder / step_file(step)), replace(config, seed=seed), folder)
        done = all((x / MANIFEST).exists() for x in folders) if saved is not None and saved.found.step == config.steps else saved is None
        if MANIFEST in names and done:
            raise ConfigError(f"{folder}: this run is finished; --resume --set steps=N goes on from it, or choose another --out or --seed")
        others = [x.name for x in sorted(folder.parent.glob("state-*.safetensors")) if x != path and seed in _seeds_of(x.stem)]
        if others:
            raise ConfigError(f"{folder}: seed {seed} was stopped beside others ({others[0]}); --resume with the --seed and --seeds it had")
    if saved is not None and not resume:
        raise ConfigError(f"{folders[0]}: holds this run, stopped at step {saved.found.step}; add --resume to go on")
    if saved is None and resume and not any(any(folder.iterdir()) for folder in folders):
        raise ConfigError(f"--resume: nothing to resume in {folders[0]}")
    return saved


def _seeds_of(stem: str) -> tuple[int, ...]:
    """The seeds that the name of a state says."""
    if row := re.fullmatch(r"state-(\d+)-(\d+)", stem):
        return tuple(range(int(row[1]), int(row[2]) + 1))
    return tuple(map(int, stem[6:].split("+"))) if re.fullmatch(r"state-\d+(\+\d+)*", stem) else ()


def _same(found: Checkpoint, config: Config, place: Path) -> None:
    theirs, ours = Config.from_dict(found.config).to_dict(), config.to_dict()
    if theirs != ours:
        differ = [key for key, value in theirs.items() if value != ours[key]]
        raise ConfigError(f"{place}: holds another run (differs in {', '.join(differ)}); choose another --out")


def _clear(folder: Path, *, steps: bool, log: Callable[[str], None]) -> None:
    """Take away what a kill left half written, and, where no state is left to go on from, the `steps` that it had kept."""
    left = [x for x in folder.iterdir() if _TEMPORARY.fullmatch(x.name) or (steps and x.suffix in (".safetensors", ".npz"))]
    for x in left:
        x.unlink()
    if steps and left:
        log(f"{folder}: stopped before a state was saved; beginning again")
