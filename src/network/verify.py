"""What a run's files say, computed again: digests, accuracies, wrong cells, steps to generalise."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .checkpoint import CheckpointError, load_model, read
from .manifest import read_manifest, step_file
from .model import count_parameters
from .records import correct_cells
from .runs import load_run, verified

ROUNDING = 3  # cells that may differ, since processors sum in other orders


def problems(folder: Path) -> Iterator[str]:
    """What is wrong with a finished run, a line each; nothing where all is as it says."""
    try:
        manifest = read_manifest(folder)
        run = load_run(folder)  # checks the manifest, the metrics and the last step
        for name in manifest["files"]:
            verified(folder, manifest, name)
        for step in run.steps[:-1]:
            path = folder / step_file(step)
            found = read(path)
            if found.step != step or found.config != manifest["config"]:
                raise CheckpointError(f"{path}: its metadata are not the manifest's")
            load_model(found, run.config, run.dataset, path)
    except CheckpointError as error:
        yield str(error)
        return
    correct, data = correct_cells(run.model, run.dataset), run.dataset
    for name, cells in (("wrong_cells", correct), ("wrong_cells_held_out", correct[data.valid_idx])):
        if abs(int((~cells).sum()) - manifest[name]) > ROUNDING:
            yield f"{folder}: {name} is {manifest[name]:,}, computed {int((~cells).sum()):,}"
    for name, rows in (("train_accuracy", data.train_idx), ("valid_accuracy", data.valid_idx)):
        off = np.abs(correct[rows].mean(axis=0) - manifest[name]) * len(rows)
        if (off > ROUNDING + 0.5).any():
            task = int(off.argmax())
            yield f"{folder}: {name} of {data.task_names[task]} is {manifest[name][task]:.4f}, computed {correct[rows, task].mean():.4f}"
    if count_parameters(run.model) != manifest["parameters"]:
        yield f"{folder}: parameters are {manifest['parameters']:,}, counted {count_parameters(run.model):,}"
