"""Results that Quarto keeps are dropped when what they were made from changes, and only then."""

import subprocess
import sys
from pathlib import Path

import pytest

from src.network.paths import PACKAGE
from src.render.thaw import thaw


@pytest.fixture
def frozen(tmp_path):
    """A project with results that are frozen and fresh."""
    for name in ("src/a.py", "checkpoints/laptop/seed-0/MANIFEST.json", "measurements/x.npz", "requirements.lock", "paper/index.qmd"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert thaw(tmp_path)
    kept = tmp_path / "_freeze" / "paper" / "index" / "execute-results" / "html.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    return tmp_path, kept


def test_frozen_results_are_kept_while_nothing_changes(frozen):
    root, kept = frozen
    (root / "paper" / "index.qmd").write_text("Quarto sees this itself")
    (root / "src" / "__pycache__").mkdir()
    (root / "src" / "__pycache__" / "a.pyc").write_text("x")
    subprocess.run([sys.executable, str(PACKAGE / "render" / "thaw.py")], cwd=root, check=True)
    assert kept.is_file() and not thaw(root)


@pytest.mark.parametrize("name", ["src/a.py", "checkpoints/laptop/seed-0/MANIFEST.json", "measurements/x.npz", "requirements.lock"])
@pytest.mark.parametrize("change", [lambda path: path.write_text("else"), Path.unlink, lambda path: path.rename(path.with_name("b"))])
def test_frozen_results_go_when_what_they_are_made_from_changes(frozen, name, change):
    root, kept = frozen
    change(root / name)
    subprocess.run([sys.executable, str(PACKAGE / "render" / "thaw.py")], cwd=root, check=True)
    assert not kept.exists() and not thaw(root)
