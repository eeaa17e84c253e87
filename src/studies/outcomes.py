"""What a sweep keeps of the networks that it trained: functions from runs, one list of seeds for each config, to arrays."""

from collections.abc import Callable, Sequence

import numpy as np
from tqdm import tqdm

from ..circuits.by_hand import Neurons
from ..lens.progress import load_steps, progress
from ..network.runs import Run
from .addition import analyse, key_frequencies
from .algorithm import extract
from .alphabet import alphabet
from .arrays import Arrays, stack
from .cancellation import powers
from .formation import formation
from .ladder import anatomy as cut
from .order import first_steps
from .shared import usage
from .spike import spike
from .torus import balance


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


def wrong_cells(run: Run) -> np.ndarray:
    """How many cells are wrong at every evaluation, on rows trained on and held out: (C,)."""
    rows = {"train_accuracy": len(run.dataset.train_idx), "valid_accuracy": len(run.dataset.valid_idx)}
    return np.rint(sum((1 - run.metrics[name]).sum(axis=1) * n for name, n in rows.items())).astype(int)


def errors(runs: list[list[Run]]) -> Arrays:
    """`outcome`, and of every seed, in one row for all configs, `wrong_cells` and the steps of its evaluations: `course_wrong` and
    `course_step` (networks, C), padded with -1."""
    every = [{"course_wrong": wrong_cells(run), "course_step": run.metrics["step"]} for seeds in runs for run in seeds]
    return {**outcome(runs), **stack(every)}


def gains(runs: list[list[Run]]) -> Arrays:
    """`outcome`, and alpha, beta, gamma (means over the heads) and the MLP's gain of each first block: `gains` (configs, seeds, 4)."""

    def of(run: Run) -> np.ndarray:
        block = run.model.blocks[0]
        return np.append(np.asarray(block.attn.shape_gains).mean(axis=1), np.asarray(block.mlp_gain))

    return {**outcome(runs), "gains": np.asarray([[of(run) for run in seeds] for seeds in runs])}


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


def formations(runs: list[list[Run]]) -> Arrays:
    """`studies.formation.formation` of every run, configs and seeds in one row: arrays (courses, S)."""
    every = [run for seeds in runs for run in seeds]
    return stack([formation(load_steps(run.folder)) for run in tqdm(every, desc="formation", disable=None)])


def alphabets(runs: list[list[Run]]) -> Arrays:
    """`outcome`, and `studies.alphabet.alphabet` of the seeds of every config: "<p> <field>", where each config has a p of its own."""
    out = outcome(runs)
    for seeds in runs:
        out |= {f"{seeds[0].config.p} {name}": value for name, value in alphabet(seeds).items()}
    return out


def cancellations(runs: list[list[Run]]) -> Arrays:
    """`outcome`, and how the one-digit terms are dealt with: arrays (configs, seeds, ...). `use` (..., W); `powers` (..., 3, 4), mean over
    tasks; `left` (..., H), medians over waves of `torus.balance`; `waves`, how many waves a prime uses on average."""
    rows = []
    for run in tqdm([run for seeds in runs for run in seeds], desc="cancellation", disable=None):
        a = cut(run)
        neurons = extract(run)
        own = neurons.q[None, :] == np.asarray(a.widths)[:, None]
        mine = own.any(axis=0)
        waves = {(int(q), int(k)) for q, k in zip(neurons.q[mine], neurons.k[mine], strict=True)}
        rows.append({
            "use": usage(neurons.q, neurons.k, a.p), "powers": powers(a, own).mean(axis=-1),
            "left": np.median(balance(Neurons(*(field[mine] for field in neurons)))["left"], axis=1),
            "waves": np.asarray(len(waves) / len(a.widths)),
        })  # fmt: skip
    found, shape = stack(rows), (len(runs), len(runs[0]))
    return {**outcome(runs), **{name: value.reshape(*shape, *value.shape[1:]) for name, value in found.items()}}


def exact(values: Sequence[float], wrong: np.ndarray, best: Callable[..., float], none: float) -> list[float]:
    """For each seed, the `best` of the values at which it has no wrong cell, else `none`; wrong (len(values), seeds)."""
    return [best((v for v, w in zip(values, column, strict=True) if w == 0), default=none) for column in wrong.T]
