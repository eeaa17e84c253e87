"""Files of results: arrays by name, with where they come from and a digest by which damage is seen."""

import hashlib
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..network.checkpoint import atomic_write, tensors_digest
from ..studies.arrays import Arrays

PROVENANCE = "provenance"


class Damaged(ValueError):
    """A file of results that cannot be read or whose arrays are not those of its digest; the message names it."""


def write(path: Path, arrays: Arrays, provenance: dict[str, Any]) -> None:
    """Write arrays to `path` with their provenance and digest.

    Raises `ValueError` for no array, one that is called "provenance", or one of objects.
    """
    if not arrays or PROVENANCE in arrays or any(value.dtype == object for value in arrays.values()):
        raise ValueError(f"{path.stem}: a result is a non-empty dict of arrays, none of them called {PROVENANCE!r} or of objects")
    text = json.dumps({**provenance, "digest": tensors_digest(arrays)})
    with atomic_write(path) as file:
        np.savez_compressed(file, allow_pickle=False, **{PROVENANCE: np.asarray(text)}, **arrays)


def read(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """Arrays and provenance. Raises `FileNotFoundError`, and `Damaged` where the file is not as it was written."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files if name != PROVENANCE}
            provenance = json.loads(str(data[PROVENANCE]))
    except FileNotFoundError:
        raise
    except (ValueError, KeyError, OSError, EOFError, TypeError, zipfile.BadZipFile, zlib.error, RuntimeError, MemoryError) as error:
        raise Damaged(f"{path}: damaged ({type(error).__name__}: {error})") from None
    if not isinstance(provenance, dict) or provenance.get("digest") != tensors_digest(arrays):
        raise Damaged(f"{path}: damaged (its arrays are not those of its digest)")
    return arrays, provenance


def texts_digest(*parts: bytes | str) -> str:
    """sha256 over several texts in a row."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part.encode() if isinstance(part, str) else part)
    return found.hexdigest()
