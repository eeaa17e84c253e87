"""The project's own files agree with one another."""

import re
import subprocess

import pytest
import yaml

from src import tables
from src.checkpoint import CHECKPOINTS, ROOT, list_runs
from src.presets import PRESETS


def test_the_readmes_table_is_the_manifests():
    text = (ROOT / "README.md").read_text()
    assert tables.readme_with_table(text) == text, "run python -m src.tables"
    with pytest.raises(ValueError, match="markers"):
        tables.readme_with_table("no markers")


def test_a_bar_in_a_cell_does_not_cut_the_table():
    assert tables.pipe_table(("a", "b"), [("|x|", 1)]).splitlines()[-1] == r"| \|x\| | 1 |"


def test_the_readmes_files_exist():
    text = (ROOT / "README.md").read_text()
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        assert (ROOT / link).exists(), link
    layout = text.split("## Layout")[1]
    named = {name for name in re.findall(r"([\w-]+)\.py", layout)} | set(re.findall(r"src/(\w+)/", layout))
    there = {path.stem for path in (ROOT / "src").iterdir() if not path.name.startswith("__")}
    assert there <= named | {"py"}, f"README's layout misses {sorted(there - named)}"
    assert {command for command in re.findall(r"--preset (\S+)", text)} <= set(PRESETS)


def test_conda_pins_are_the_locks():
    lock = re.findall(r"(?m)^([\w.-]+==[^\s\\;]+)(?:\s*;\s*([^\\\n]+))?", (ROOT / "requirements.lock").read_text())
    pins = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"][-1]["pip"]
    assert sorted(f"{pin} ; {marker.strip()}" if marker else pin for pin, marker in lock) == sorted(pins)
    assert len(pins) > 50


def test_the_lock_names_no_address():
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text and text.count("--hash=sha256:") > 100


def test_sizes():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    sizes = {name: (ROOT / name).stat().st_size for name in tracked.stdout.split("\0") if name and (ROOT / name).exists()}
    assert max(sizes.values()) < 5 * 2**20
    assert sum(size for name, size in sizes.items() if name.startswith(("checkpoints/", "measurements/"))) < 45 * 2**20
    assert not [name for name in sizes if name.endswith((".pkl", ".pickle", "uv.lock"))]


def test_every_committed_run_has_its_preset():
    assert {"laptop", "paper", "paper-standard", "addition"} <= {run for run, _ in list_runs(CHECKPOINTS)} <= set(PRESETS)
