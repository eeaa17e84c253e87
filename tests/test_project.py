"""The project's own files agree with one another, its rooms keep their order, and it installs under one name."""

import ast
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile

import numpy as np
import pytest
import yaml

from src.__main__ import COMMANDS
from src.lens.interventions import run_with_cache
from src.network.manifest import read_manifest
from src.network.paths import PACKAGE, checkpoints
from src.network.presets import PRESETS
from src.network.runs import list_runs, load_run, run_folder
from src.results import tables

ROOT = PACKAGE.parent
ROOMS = ("numbers", "network", "lens", "circuits", "studies", "results", "figures", "render")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_readmes_table_is_the_manifests():
    text = (ROOT / "README.md").read_text()
    assert tables.readme_with_tables(text) == text, "run python -m src.tables"
    with pytest.raises(ValueError, match="markers"):
        tables.readme_with_tables("no markers")


@pytest.mark.parametrize("run", sorted({run for run, _ in list_runs()}))
def test_what_a_preset_says_of_its_time_is_what_the_manifests_have(run):
    said = re.search(r"(\d+) to (\d+) (seconds|minutes)", PRESETS[run].__doc__ or "")
    assert said, f"{run}: no time in its docstring"
    unit = {"seconds": 1, "minutes": 60}[said[3]]
    took = [read_manifest(run_folder(*found, checkpoints()))["seconds_to_generalise"] / unit for found in list_runs() if found[0] == run]
    assert (math.floor(min(took)), math.ceil(max(took))) == pytest.approx((int(said[1]), int(said[2])), abs=1)


def test_a_bar_in_a_cell_does_not_cut_the_table():
    assert tables.pipe_table(("a", "b"), [("|x|", 1)]).splitlines()[-1] == r"| \|x\| | 1 |"


def test_the_readmes_files_exist():
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text()
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (ROOT / link).exists(), (name, link)
        for path in re.findall(r"`((?:src|tests|paper|checkpoints|measurements|benchmarks)/[\w./-]*)`", text):
            assert (ROOT / path).exists(), (name, path)
        assert set(re.findall(r"--preset (\S+)", text)) <= set(PRESETS)
        for command in re.findall(r"-m src\.(\w+)", text):
            assert command in COMMANDS, (name, command)


def test_the_layout_has_one_line_a_room_and_every_command():
    layout = (ROOT / "README.md").read_text().split("## Layout")[1].split("\n## ")[0]
    for room in ROOMS:
        assert len(re.findall(rf"(?m)^\| `src/{room}/` \|", layout)) == 1, room
    there = {path.name for path in PACKAGE.iterdir() if not path.name.startswith("_")}
    assert there == {*ROOMS, "documents.py", *(f"{name}.py" for name, module in COMMANDS.items() if "." not in module)}
    assert all(f"`{name}`" in layout for name in COMMANDS)


def test_imports_between_rooms_run_one_way():
    found = subprocess.run([f"{sys.prefix}/bin/lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0 and "0 broken" in found.stdout, found.stdout + found.stderr


def test_imports_inside_the_package_are_relative_and_rooms_say_what_they_are():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            relative = isinstance(node, ast.ImportFrom) and node.level
            assert relative or not any(name.split(".")[0] in ("src", "miiii") for name in names), path
    for room in ROOMS:
        text = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text())) or ""
        assert len(text) > 150 and "mport" in text and "Start with" in text, room


def test_tests_mirror_the_rooms():
    assert {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"} == set(ROOMS)


def test_packages_are_all_listed():
    found = {".".join(("miiii", *path.parent.relative_to(PACKAGE).parts)) for path in PACKAGE.rglob("__init__.py")}
    assert found == set(PROJECT["tool"]["setuptools"]["packages"])


def test_versions_agree():
    version = PROJECT["project"]["version"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    zenodo = json.loads((ROOT / ".zenodo.json").read_text())
    assert zenodo["version"] == version and zenodo["creators"] == [{"name": "The MIIII authors"}]
    assert re.search(rf"(?m)^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text())
    assert f"version {version}" in (ROOT / "paper" / "index.qmd").read_text().split("---")[1]


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
    assert all(size < (16 if name.startswith("checkpoints/wide/") else 5) * 2**20 for name, size in sizes.items())
    assert sum(size for name, size in sizes.items() if name.startswith(("checkpoints/", "measurements/"))) < 120 * 2**20
    assert not [name for name in sizes if name.endswith((".pkl", ".pickle", "uv.lock"))]


def test_every_committed_run_has_its_preset():
    assert {"laptop", "paper", "paper-standard", "addition"} <= {run for run, _ in list_runs()} <= set(PRESETS)


# --- installed under one name

CHECK = """
import miiii.network.runs as runs, miiii.results.registry, miiii.figures, sys, pathlib
assert pathlib.Path(runs.__file__).is_relative_to(sys.argv[1]), runs.__file__
run = runs.load_run(sys.argv[2])
print(run.config.run, run.config.seed, run.manifest["wrong_cells"])
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment of its own with our wheel in it, built and installed without the network; it sees this environment's packages."""
    folder, source = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("source")
    shutil.copytree(PACKAGE, source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(folder),
        str(source),
    ]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run(build, cwd=folder, check=True, capture_output=True, text=True, env=environment)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False)
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(folder / "env" / "bin" / "python"), "install", "--quiet", "--no-deps", "--no-index",
         str(wheel)],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    (here,) = {path for path in sys.path if path.endswith("site-packages")}
    (site / "beside.pth").write_text(here + "\n")
    return folder, wheel, site


def run_in(folder, *command, **variables):
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MIIII_ROOT")} | variables
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


@pytest.mark.slow
def test_the_wheel_holds_one_package_and_one_command(installed):
    _, wheel, site = installed
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    version = PROJECT["project"]["version"]
    assert tops == {"miiii", f"miiii-{version}.dist-info"}
    assert (site / "miiii" / "figures" / "miiii.mplstyle").exists() and (site / "miiii" / "render" / "quarto.lua").exists()


@pytest.mark.slow
def test_it_imports_and_loads_a_run_by_path_elsewhere(installed):
    folder, _, site = installed
    path = ROOT / "checkpoints" / "laptop" / "seed-1"
    found = run_in(folder, str(folder / "env" / "bin" / "python"), "-c", CHECK, str(site), str(path))
    assert found.returncode == 0 and found.stdout.split()[:2] == ["laptop", "1"], found.stderr


@pytest.mark.slow
def test_without_a_checkout_commands_say_where_they_looked(installed):
    folder, _, _ = installed
    miiii = str(folder / "env" / "bin" / "miiii")
    for arguments in (("claims", "addition"), ("discover", "laptop", "--task", "q=13")):
        found = run_in(folder, miiii, *arguments)
        assert found.returncode == 2 and len(found.stderr.strip().splitlines()) == 1, found.stderr
        assert str(folder / "checkpoints") in found.stderr and "MIIII_ROOT" in found.stderr
    empty = run_in(folder, miiii, "claims", "addition", MIIII_ROOT=str(folder / "nothing"))
    assert empty.returncode == 2 and f"MIIII_ROOT={folder / 'nothing'}" in empty.stderr and len(empty.stderr.strip().splitlines()) == 1
    there = run_in(folder, miiii, "claims", "addition", "--json", MIIII_ROOT=str(ROOT))
    assert there.returncode == 0 and json.loads(there.stdout)[0]["id"] == "addition.wrong-cells", there.stderr
    word = run_in(folder, miiii, "miu", "MIIII")
    assert word.returncode == 0 and "2 steps" in word.stdout
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".whl") == ["env"]  # nothing was written


@pytest.mark.slow
def test_a_notebook_elsewhere_shows_a_neuron(installed):
    """The README's cell as it stands, in a folder of its own; what it draws is the neuron that the network has."""
    folder, _, _ = installed
    (cell,) = (code for code in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S) if "miiii" in code)
    shown = cell + "import numpy as np\nnp.save('shown.npy', np.asarray(plt.gca().images[0].get_array()))\n"
    python = str(folder / "env" / "bin" / "python")
    found = run_in(folder, python, "-c", shown, MIIII_ROOT=str(ROOT), MPLBACKEND="agg")
    assert found.returncode == 0, found.stderr
    run = load_run("laptop")
    _, cache = run_with_cache(run.model, run.dataset.tokens)
    x0, x1, picture = 11, 29, np.load(folder / "shown.npy")
    assert picture[x1, x0] == pytest.approx(float(cache["blocks.0.mlp.hook_post"][x0 + 53 * x1, -1, 7]), abs=1e-4) and picture.std() > 0
    (folder / "shown.npy").unlink()
