"""Checkpoint files: the tensors of a network by their TransformerLens names, with what made them in the metadata.

A file is in the safetensors format, so that any reader of that format has the weights. Its metadata has five texts: `format`; `config`, as
JSON; `step`; `split`, the training rows as a bit mask in base64; and `digest`, sha256 over the tensors. The state from which a training
goes on is a file of the same kind (`network.session`), with `parent` where it goes on from another run.

Loading checks the digest, and names, shapes and dtypes against the model; anything that is not as it should be raises `CheckpointError`
with one line that names the file and what is wrong. Files are written to a temporary name and renamed, so a name never holds half a file.
"""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from .config import Config, ConfigError
from .dataset import Dataset
from .model import Transformer
from .tasks import make_dataset

FORMAT = "miiii-checkpoint-2"
FIELDS = ("format", "config", "step", "split", "digest")
_TRANSFORMER_LENS = {"W_E": "embed.W_E", "W_pos": "pos_embed.W_pos", "W_U": "unembed.W_U"}
Tensors = Mapping[str, np.ndarray]


class CheckpointError(ValueError):
    """A checkpoint that is missing, truncated, altered or foreign; the message names the file."""


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds, read and checked against its own digest."""

    config: dict[str, Any]
    step: int
    train_mask: np.ndarray  # (>= N,) bool, padded with false to a multiple of 8
    tensors: dict[str, np.ndarray]
    digest: str
    parent: str = ""  # of a state: the run that was continued


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`; rename it there once the block has ended without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
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


def tensors_digest(tensors: Tensors) -> str:
    """sha256 over names, dtypes, shapes and values, whatever their order in a file."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        x = np.ascontiguousarray(tensors[name])
        found.update(f"{name} {x.dtype} {x.shape} ".encode() + x.tobytes())
    return found.hexdigest()


def named_leaves(tree: Any) -> dict[str, Any]:
    """The leaves of a pytree by the names that files give them: `blocks.0.attn.W_Q`, `embed.W_E`; in a state `model.embed.W_E`."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    out = {}
    for path, leaf in leaves:
        *before, last = jax.tree_util.keystr(path, simple=True, separator=".").split(".")
        out[".".join([*before, _TRANSFORMER_LENS.get(last, last)])] = leaf
    return out


def save(
    path: Path, tree: Any, *, config: Config, dataset: Dataset, step: int, also: Tensors = MappingProxyType({}), parent: str = ""
) -> None:
    """Write a pytree of arrays, and tensors that are named `also`, to `path`. Equal ones give equal files, byte for byte."""
    tensors = {name: np.asarray(leaf) for name, leaf in named_leaves(tree).items()} | dict(also)
    metadata = {
        "format": FORMAT,
        "config": json.dumps(config.to_dict()),
        "step": str(step),
        "split": base64.b64encode(np.packbits(dataset.train_mask).tobytes()).decode(),
        "digest": tensors_digest(tensors),
        **({"parent": parent} if parent else {}),
    }
    with atomic_write(path) as file:
        file.write(_ordered(to_bytes(tensors, metadata)))


def _ordered(data: bytes) -> bytes:
    """The file with its metadata in order of their names: the package writes them in an order that changes from run to run."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode().ljust(size)
    return data[:8] + text + data[8 + size :]


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of a config")


def read(path: Path) -> Checkpoint:
    """A file of ours, its digest checked. Raises `CheckpointError`."""
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such checkpoint") from None
    except (SafetensorError, OSError, TypeError, ValueError, AttributeError) as error:  # the last: dtypes that NumPy lacks
        raise CheckpointError(f"{path}: no safetensors file, or a truncated one ({error})") from None
    if metadata.get("format") != FORMAT or any(field not in metadata for field in FIELDS):
        raise CheckpointError(f"{path}: not a MIIII checkpoint (no {FORMAT} in its metadata)")
    try:
        config = json.loads(metadata["config"], parse_constant=_no_constant)
        step = int(metadata["step"])
        mask = np.unpackbits(np.frombuffer(base64.b64decode(metadata["split"], validate=True), dtype=np.uint8)).astype(bool)
        if not isinstance(config, dict) or step < 0:
            raise ValueError("the config is no object, or the step below 0")
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: bad metadata ({error})") from None
    if tensors_digest(tensors) != metadata["digest"]:
        raise CheckpointError(f"{path}: its tensors are not those of its digest; the file was altered")
    return Checkpoint(config, step, mask, tensors, metadata["digest"], metadata.get("parent", ""))


def fill(found: Checkpoint, like: Any, path: Path) -> Any:
    """The tensors of a file in the structure of `like` (arrays or `ShapeDtypeStruct`s).

    Raises `CheckpointError` naming the tensors that are missing, too many, or of another shape or dtype.
    """
    expected = named_leaves(like)
    for what, names in (("misses", expected.keys() - found.tensors.keys()), ("has too many", found.tensors.keys() - expected.keys())):
        if names:
            raise CheckpointError(f"{path}: {what} {', '.join(map(repr, sorted(names)))}; these are not the tensors of this model")
    for name, leaf in expected.items():
        x = found.tensors[name]
        if x.shape != leaf.shape or x.dtype != leaf.dtype:
            raise CheckpointError(f"{path}: {name} is {x.dtype}{list(x.shape)} where this model has {leaf.dtype}{list(leaf.shape)}")
    leaves = [jnp.asarray(found.tensors[name]) for name in expected]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def cast(tree: Any, dtype: Any) -> Any:
    """The same tree with its floating-point arrays in `dtype`."""
    return jax.tree.map(lambda x: x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree)


def load_dataset(found: Checkpoint, path: Path) -> tuple[Config, Dataset]:
    """The config of a file and its examples with the split that was trained on. Raises `CheckpointError`."""
    try:
        config = Config.from_dict(found.config)
        dataset = make_dataset(config)
        n = len(dataset.tokens)
        mask = found.train_mask
        if len(mask) != -(-n // 8) * 8 or mask[n:].any() or mask[:n].all() or not mask.any():
            raise ValueError(f"the split is not one of {n} examples")
        return config, dataset.with_split(mask[:n])
    except (ConfigError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: {error}") from None


def load_model(found: Checkpoint, config: Config, dataset: Dataset, path: Path) -> Transformer:
    """The network of a file, in float32 whatever the file's dtype. Raises `CheckpointError`."""
    dtypes = {str(x.dtype) for x in found.tensors.values()}
    if len(dtypes) != 1 or dtypes - {"float16", "float32"}:
        raise CheckpointError(f"{path}: tensors of dtype {', '.join(sorted(dtypes)) or 'none'}, expected float16 or float32")
    like = eqx.filter_eval_shape(lambda key: Transformer(config, dataset, key=key), jax.random.key(0))
    like = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, next(iter(dtypes))), like)
    bad = next((name for name, x in sorted(found.tensors.items()) if not np.isfinite(x).all()), None)
    if bad is not None:
        raise CheckpointError(f"{path}: {bad} has values that are not finite")
    return cast(fill(found, like, path), jnp.float32)
