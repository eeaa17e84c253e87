"""What a sweep keeps of the networks that it trained: functions from runs, one list of seeds for each config, to arrays."""

from collections.abc import Callable, Sequence

import numpy as np
from tqdm import tqdm

from ..lens.progress import load_steps, progress
from ..network.runs import Run
from .addition import analyse, key_frequencies
from .algorithm import extract
from .arrays import Arrays, stack
from .order import first_steps
from .shared import usage
from .spike import spike


def outcome(runs: list[list[Run]]) -> Arrays:
    """Steps and seconds to generalise, wrong cells and final losses: arrays (configs, seeds), -1 steps where it never did."""
    out: Arrays = {}
    for field in ("steps_to_generalise", "seconds_to_generalise", "wrong_cells", "step"):
        values = [[run.manifest[field] for run in seeds] for seeds in runs]
        out[field] = np.asarray([[-1 if v is None else v for v in row] for row in values])
    out["valid_loss"] = np.asarray([[run.metrics["valid_loss"][-1].mean() for run in seeds] for seeds in runs])
    out["valid_accuracy"] = np.asarray([[np.mean(run.manifest["valid_accuracy"]) for run in seeds] for seeds in runs])
    return out


def arrivals(runs: list[list[Run]]) -> Arrays:
    """`outcome`, when each task arrives, `first_steps`, and its final held-out accuracy, `by_task`: (configs, seeds, T), NaN padded."""
    most = max(len(run.dataset.widths) for seeds in runs for run in seeds)
    padded = lambda values: np.pad(np.asarray(values), (0, most - len(values)), constant_values=np.nan)  # noqa: E731
    return {
        **outcome(runs),
        "first_steps": np.asarray([[padded(first_steps(run)) for run in seeds] for seeds in runs]),
        "by_task": np.asarray([[padded(run.manifest["valid_accuracy"]) for run in seeds] for seeds in runs]),
    }


def course(runs: list[list[Run]]) -> Arrays:
    """Progress measures of every seed at every kept step, with its own key frequencies; `key` is padded with -1."""
    rows = []
    for run in tqdm(runs[0], desc="progress", disable=None):
        key = key_frequencies(run)
        measured = progress(load_steps(run.folder), key)
        measured.pop("excluded_one_train")
        rows.append({**measured, "key": key, "loss_every": run.metrics["valid_loss"][:, 0], "step_every": run.metrics["step"]})
    return stack(rows)


def spikes(runs: list[list[Run]]) -> Arrays:
    """`studies.spike.spike` of every seed over its kept steps: arrays (seeds, S)."""
    return stack([spike(load_steps(run.folder)) for run in tqdm(runs[0], desc="spike", disable=None)])


def frequencies(runs: list[list[Run]]) -> Arrays:
    """`outcome`, and `usage` (configs, seeds, waves): the share of each prime's neurons at each of its waves."""
    found = [[extract(run) for run in seeds] for seeds in runs]
    rows = [
        [usage(neurons.q, neurons.k, run.config.p) for neurons, run in zip(*both, strict=True)] for both in zip(found, runs, strict=True)
    ]
    return {**outcome(runs), "usage": np.asarray(rows)}


def anatomy(runs: list[list[Run]]) -> Arrays:
    """`outcome`, and what `analyse` says of each network: arrays (configs, seeds, ...)."""
    rows = [stack([analyse(run) for run in tqdm(seeds, desc=seeds[0].config.run, disable=None)]) for seeds in runs]
    keep = [name for name, value in rows[0].items() if all(row[name].shape == value.shape for row in rows)]
    return {**outcome(runs), **{name: np.stack([row[name] for row in rows]) for name in keep}}


def exact(values: Sequence[float], wrong: np.ndarray, best: Callable[..., float], none: float) -> list[float]:
    """For each seed, the `best` of the values at which it has no wrong cell, else `none`; wrong (len(values), seeds)."""
    return [best((v for v, w in zip(values, column, strict=True) if w == 0), default=none) for column in wrong.T]
