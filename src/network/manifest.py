"""`MANIFEST.json`: what a finished run says of itself, checked against a schema before a word of it is believed.

A manifest names its files by the steps that they are of, and nothing in it is a path. What it says of accuracies is consistent in itself;
`python -m src.verify` computes it again.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .checkpoint import CheckpointError

MANIFEST, METRICS = "MANIFEST.json", "metrics.npz"
_MOST_BYTES = 1_000_000  # of a manifest; ours have some 6,000
Count = Annotated[int, Field(ge=0, le=10**12)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Line = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def step_file(step: int) -> str:
    """The name of a step's checkpoint."""
    return f"step-{step}.safetensors"


def steps_in(names: Any) -> tuple[int, ...]:
    """The steps among the names of files, ascending."""
    return tuple(sorted(int(found[1]) for name in names if (found := re.fullmatch(r"step-(0|[1-9]\d{0,11})\.safetensors", name))))


class Manifest(BaseModel):
    """The fields of a manifest. T tasks."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    run: Line
    seed: Count
    step: Count
    parameters: Count
    cells: Count
    wrong_cells: Count
    wrong_cells_held_out: Count
    train_accuracy: list[Share]  # (T,)
    valid_accuracy: list[Share]  # (T,)
    steps_to_generalise: Count | None
    seconds_to_generalise: Seconds | None
    seconds: Seconds
    command: Line
    versions: dict[Line, Line]
    device: Line
    cores: Count
    code: Digest
    files: dict[str, Digest]
    config: dict[str, Any]
    parent: Line | None = None  # the run that was continued, and from which step on

    @model_validator(mode="after")
    def agrees_with_itself(self) -> "Manifest":
        """Raises `ValueError` where two fields say different things."""
        config, steps = self.config, steps_in(self.files)  # the config itself is checked where a checkpoint is read
        if (config.get("run"), config.get("seed")) != (self.run, self.seed):
            raise ValueError(f"run and seed are {self.run} and {self.seed}, but others in its config")
        if set(self.files) != {METRICS, *map(step_file, steps)} or not steps:
            raise ValueError(f"files are {', '.join(sorted(self.files)[:5]) or 'none'}; expected {METRICS} and step-<n>.safetensors")
        if not self.step == steps[-1] == config.get("steps"):
            raise ValueError(f"step={self.step}: its last file is of step {steps[-1]}, and its config has steps={config.get('steps')}")
        if not self.wrong_cells_held_out <= self.wrong_cells <= self.cells:
            raise ValueError(f"{self.wrong_cells_held_out} wrong cells held out, {self.wrong_cells} wrong, {self.cells} in all")
        if len(self.train_accuracy) != len(self.valid_accuracy) or not self.train_accuracy or self.cells % len(self.train_accuracy):
            raise ValueError(f"accuracies of {len(self.train_accuracy)} and {len(self.valid_accuracy)} tasks, and {self.cells} cells")
        if (self.steps_to_generalise is None) != (self.seconds_to_generalise is None) or (self.steps_to_generalise or 0) > self.step:
            raise ValueError(f"steps_to_generalise={self.steps_to_generalise}, seconds_to_generalise={self.seconds_to_generalise}")
        return self


def read_manifest(folder: Path) -> dict[str, Any]:
    """`MANIFEST.json` of a run's folder, checked; its seed is that of the folder's name. Raises `CheckpointError`."""
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES:,} bytes")
        manifest = Manifest.model_validate(json.loads(text)).model_dump()
    except (FileNotFoundError, NotADirectoryError):
        raise CheckpointError(f"{path}: no such run") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise CheckpointError(f"{path}: no manifest of a run ({where}: {' '.join(first['msg'].split())[:300]})") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: no manifest of a run ({' '.join(str(error).split())[:300]})") from None
    if re.fullmatch(r"seed-.*", folder.name) and folder.name != f"seed-{manifest['seed']}":
        raise CheckpointError(f"{path}: of seed {manifest['seed']}, in a folder called {folder.name}")
    return manifest
