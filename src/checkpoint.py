"""Save, load and verify checkpoints: one JSON line, then the leaves.

A run lives in `<root>/<run>/seed-<s>/`: `step-<n>.eqx` files, `metrics.npz` and `MANIFEST.json` with the sha256 of the
others. Committed runs are under `checkpoints/`, fresh ones under `runs/`.

    run = load_run("paper", seed=0)          # Run(config, model, dataset, step, steps, metrics, digest)

The header line holds the config, the step, the split and the path, shape and dtype of every leaf; the leaves follow as
NumPy arrays (`equinox.tree_serialise_leaves`, no pickle). Loading checks every one of these, and that the file ends where it
should. Anything else raises `CheckpointError` with one line that names the file and what is wrong. Files are written to a temporary
name and renamed, so a name never holds half a file.
"""

import base64
import hashlib
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from src.config import Config, ConfigError
from src.model import Transformer
from src.tasks import Dataset, make_dataset

ROOT = Path(__file__).resolve().parent.parent
CHECKPOINTS = ROOT / "checkpoints"
FORMAT = "miiii-checkpoint-1"


class CheckpointError(ValueError):
    """A checkpoint that is missing, truncated, altered or foreign; the message names the file."""


@dataclass(frozen=True)
class Run:
    """A trained network with what made it."""

    config: Config
    model: Transformer  # float32, whatever the file's dtype
    dataset: Dataset  # with the split it was trained on
    step: int
    steps: tuple[int, ...]  # every step kept, ascending
    metrics: dict[str, np.ndarray]  # step (C,); train_loss, valid_loss, train_accuracy, valid_accuracy (C, T)
    manifest: dict[str, Any]
    digest: str  # sha256 of the checkpoint file


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`; rename it there once the block has ended without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _leaf_manifest(tree: Any) -> list[dict[str, Any]]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return [{"path": jax.tree_util.keystr(path), "shape": list(leaf.shape), "dtype": str(leaf.dtype)} for path, leaf in leaves]


def save(path: Path, tree: Any, *, config: Config, dataset: Dataset, step: int) -> None:
    """Write a pytree of arrays with its header to `path`."""
    header = {
        "format": FORMAT,
        "config": config.to_dict(),
        "step": step,
        "split": base64.b64encode(np.packbits(dataset.train_mask).tobytes()).decode(),
        "leaves": _leaf_manifest(tree),
    }
    with atomic_write(path) as file:
        file.write(json.dumps(header, separators=(",", ":")).encode() + b"\n")
        eqx.tree_serialise_leaves(file, tree)


def read_header(path: Path) -> dict[str, Any]:
    """The JSON header of a checkpoint file, checked to be one of ours."""
    try:
        with path.open("rb") as file:
            line = file.readline(1 << 20)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such checkpoint") from None
    try:
        header = json.loads(line)
        if header["format"] != FORMAT:
            raise KeyError
        {key: header[key] for key in ("config", "step", "split", "leaves")}
    except (ValueError, KeyError, TypeError):
        raise CheckpointError(f"{path}: not a MIIII checkpoint (no {FORMAT} header)") from None
    return header


def load(path: Path, like: Any) -> Any:
    """Read the leaves at `path` into the structure of `like` (arrays or `ShapeDtypeStruct`s).

    Raises `CheckpointError` unless paths, order, shapes and dtypes agree with `like` and the file ends with the last leaf.
    """
    header = read_header(path)
    expected = _leaf_manifest(like)
    if header["leaves"] != expected:
        pairs = zip(header["leaves"], expected, strict=False)
        first = next((f"{a} where {b} belongs" for a, b in pairs if a != b), "another number of leaves")
        raise CheckpointError(f"{path}: the leaves are not those of this model: {first}")
    with path.open("rb") as file:
        file.readline()
        buffer = io.BytesIO(file.read())
    try:
        tree = eqx.tree_deserialise_leaves(buffer, like)
    except Exception as error:
        raise CheckpointError(f"{path}: truncated or altered ({error})") from None
    if buffer.read(1):
        raise CheckpointError(f"{path}: more bytes than the header announces")
    return tree


def cast(tree: Any, dtype: Any) -> Any:
    """The same tree with its floating-point arrays in `dtype`."""
    return jax.tree.map(lambda x: x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree)


def load_model(path: Path) -> tuple[Config, Dataset, Transformer, int]:
    """Config, dataset with its split, float32 model and step of one checkpoint file."""
    header = read_header(path)
    try:
        config = Config.from_dict(header["config"])
        dataset = make_dataset(config)
        bits = np.frombuffer(base64.b64decode(header["split"], validate=True), dtype=np.uint8)
        dataset = dataset.with_split(np.unpackbits(bits, count=len(dataset.tokens)).astype(bool))
    except (ConfigError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: {error}") from None
    like = eqx.filter_eval_shape(lambda key: Transformer(config, dataset, key=key), jax.random.key(0))
    dtypes = {leaf["dtype"] for leaf in header["leaves"]}
    if len(dtypes) != 1 or dtypes - {"float16", "float32"}:
        raise CheckpointError(f"{path}: leaves of dtype {sorted(dtypes)}, expected float16 or float32")
    like = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, dtypes.copy().pop()), like)
    return config, dataset, cast(load(path, like), jnp.float32), int(header["step"])


def run_folder(run: str, seed: int, root: Path = CHECKPOINTS) -> Path:
    return Path(root) / run / f"seed-{seed}"


def read_manifest(folder: Path) -> dict[str, Any]:
    """`MANIFEST.json` of a run's folder."""
    path = folder / "MANIFEST.json"
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such run") from None
    except ValueError as error:
        raise CheckpointError(f"{path}: not JSON ({error})") from None


def load_run(run: str, seed: int = 0, step: int | None = None, root: Path = CHECKPOINTS) -> Run:
    """A run's checkpoint at `step` (the last one if None), verified against its manifest.

    Raises `CheckpointError` if the run, the seed or the step is not there (the message lists what is), or if a file is not
    the one that the manifest names.
    """
    folder = run_folder(run, seed, root)
    if not folder.is_dir():
        there = ", ".join(f"{name} seed {s}" for name, s in list_runs(root)) or "none"
        raise CheckpointError(f"no run {run!r} with seed {seed} in {root}; there: {there}")
    manifest = read_manifest(folder)
    steps = tuple(sorted(int(name[5:-4]) for name in manifest["files"] if name.startswith("step-")))
    if not steps:
        raise CheckpointError(f"{folder}: the manifest names no checkpoint")
    step = steps[-1] if step is None else step
    if step not in steps:
        raise CheckpointError(f"{folder}: no step {step}; kept are {', '.join(map(str, steps))}")
    path = folder / f"step-{step}.eqx"
    for file in (path, folder / "metrics.npz"):
        if not file.is_file():
            raise CheckpointError(f"{file}: named in the manifest, but missing")
        if sha256(file) != manifest["files"][file.name]:
            raise CheckpointError(f"{file}: its sha256 is not the manifest's; the file was altered or truncated")
    config, dataset, model, found = load_model(path)
    if found != step or config != Config.from_dict(manifest["config"]):
        raise CheckpointError(f"{path}: its header is not the manifest's")
    with np.load(folder / "metrics.npz", allow_pickle=False) as data:
        metrics = {name: data[name] for name in data.files}
    return Run(config, model, dataset, step, steps, metrics, manifest, manifest["files"][path.name])


def list_runs(root: Path = CHECKPOINTS) -> list[tuple[str, int]]:
    """(run, seed) of every run with a manifest under `root`, sorted."""
    found = [path.parent for path in Path(root).glob("*/seed-*/MANIFEST.json")]
    return sorted((folder.parent.name, int(folder.name.removeprefix("seed-"))) for folder in found)
