"""Results that Quarto keeps are dropped when what they were made from changes, and only then."""

import os
import shutil
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


def test_a_render_of_another_format_leaves_the_site(tmp_path):
    def rendered(*files):
        shutil.rmtree(site, ignore_errors=True)  # as Quarto does
        for name in files:
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            (site / name).write_text(f"{name} of {files}")
        made = {"QUARTO_PROJECT_OUTPUT_FILES": "\n".join(f"_site/{name}" for name in files), "QUARTO_PROJECT_OUTPUT_DIR": str(site)}
        subprocess.run([sys.executable, str(PACKAGE / "render" / "keep.py")], cwd=tmp_path, check=True, env={**os.environ, **made})
        return {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}

    site = tmp_path / "_site"
    assert rendered("index.pdf") == {"index.pdf"}
    assert rendered("index.html", "paper/index.html", "paper/a.svg") == {"index.html", "paper/index.html", "paper/a.svg"}
    assert rendered("index.pdf", "paper/index.pdf") == {"index.html", "index.pdf", "paper/index.html", "paper/index.pdf", "paper/a.svg"}
    assert rendered("index.html") == {"index.html"}
    assert rendered("x.pdf") == {"index.html", "x.pdf"} and "of ('index.html',)" in (site / "index.html").read_text()
