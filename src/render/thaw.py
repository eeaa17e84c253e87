"""Run by Quarto before it renders (`pre-render` in `_quarto.yml`): forget what documents' cells gave, where it may be no longer so.

With `freeze: auto` Quarto keeps what the cells of a document gave, in `_freeze/`, and runs them again when the document has changed. What
they were computed from, it does not see: the code, the checkpoints, the measurements and the packages. Cells reach nearly all of it through
tables of claims and results, and so one digest over everything decides for all documents. This file needs nothing but Python.
"""

import hashlib
import shutil
from pathlib import Path

FROZEN, STAMP = Path("_freeze"), "made-from.sha256"
MADE_FROM = ("src", "checkpoints", "measurements", "requirements.lock")


def fingerprint(root: Path) -> str:
    """sha256 over the names and bytes of all files that results are made from."""
    found = hashlib.sha256()
    for place in MADE_FROM:
        top = root / place
        for path in [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file()):
            if "__pycache__" not in path.parts:
                found.update(f"{path.relative_to(root).as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def thaw(root: Path) -> bool:
    """Drop `_freeze/` unless it was made from what is there now; returns whether it was dropped."""
    stamp, now = root / FROZEN / STAMP, fingerprint(root)
    if stamp.is_file() and stamp.read_text() == now:
        return False
    shutil.rmtree(root / FROZEN, ignore_errors=True)
    stamp.parent.mkdir()
    stamp.write_text(now)
    return True


if __name__ == "__main__":
    thaw(Path.cwd())
