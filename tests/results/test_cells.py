"""Grids of cells: what is done is skipped, what was stopped goes on, and workers of a cluster do what one process does."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from src.network.config import ConfigError
from src.network.manifest import MANIFEST
from src.network.paths import PACKAGE
from src.network.presets import preset
from src.network.runs import load_run
from src.results import cells as module
from src.results import cluster
from src.results.cells import Cell, grid, grid_root, load_all, train_missing
from src.results.cluster import train_all
from src.sweeps import app

pytestmark = pytest.mark.usefixtures("optax_promotes")
SMALL = replace(preset("smoke"), p=7, d_model=16, d_mlp=32, steps=20, eval_every=10)

MILLION = ["data_seed=" + ",".join(map(str, range(1000))), "steps=" + ",".join(map(str, range(1, 1001)))]


def test_a_grid_is_every_combination_named_by_what_differs():
    found = grid(preset("smoke"), ["p=7,11", "lr=0.01,0.02"], 3, ["steps=50"])
    assert [(cell.config.p, cell.config.lr, cell.config.steps, cell.seeds) for cell in found] == [
        (7, 0.01, 50, 3), (7, 0.02, 50, 3), (11, 0.01, 50, 3), (11, 0.02, 50, 3),
    ]  # fmt: skip
    assert len({cell.config.run for cell in found}) == 4 and found[1].config.run == "smoke-p-7-lr-0.02-steps-50"


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        (["p="], "expected key=value,value"),
        (["p"], "expected key=value,value"),
        (["p=7,7"], "each value once"),
        (["p=7", "p=11"], "each key and each value once"),
        (["q=7"], "unknown key 'q'"),
        (["p=8"], "p=8: must be a prime"),
        (["seed=0,1"], "--seeds"),
        (MILLION, "1,000,000 cells .* at most"),
    ],
)
def test_a_bad_grid_is_one_line(axes, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=said):
        grid(preset("smoke"), axes, 8)
    ended = CliRunner().invoke(app, ["--preset", "smoke", *(part for axis in axes for part in ("--grid", axis))])
    assert ended.exit_code == 2 and len(ended.stderr.strip().splitlines()) == 1 and not list(tmp_path.iterdir())


def test_cells_are_trained_once_and_go_on(tmp_path):
    cells = [Cell(SMALL, 2)]

    def stop(run, step):
        if step >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_missing(cells[0], tmp_path, "test", stop)
    first = []
    train_missing(cells[0], tmp_path, "test", lambda run, step: first.append(step))
    assert first == [10, 20]
    stamp = (cells[0].folder(1, tmp_path) / MANIFEST).stat().st_mtime_ns
    train_all(cells, tmp_path, command="test")
    assert (cells[0].folder(1, tmp_path) / MANIFEST).stat().st_mtime_ns == stamp and not cells[0].missing(tmp_path)
    assert [[run.config.seed for run in seeds] for seeds in load_all(cells, tmp_path)] == [[0, 1]]
    with pytest.raises(ConfigError, match="holds another config"):
        load_all([Cell(replace(cells[0].config, dropout=0.3), 2)], tmp_path)


def test_the_command_ends_in_a_table_and_a_figure(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["--preset", "smoke", "--grid", "p=5,7", "--set", "steps=20", "--set", "eval_every=10", "--seeds", "2", "--out", "mine"]
    ended = CliRunner().invoke(app, command)
    assert ended.exit_code == 0, ended.output
    header, *rows = (grid_root() / "mine.csv").read_text().splitlines()
    assert header.startswith("p,seeds at 99%") and [row.split(",")[0] for row in rows] == ["5", "7"] and "of 2" in ended.stdout
    assert (grid_root() / "mine.svg").stat().st_size > 1000
    for wrong in (
        ["--out", "a/b", "--grid", "p=7"],
        ["--set", "p=7"],
        ["addition-null", "--grid", "p=7"],
        ["--grid", "p=7", "--scheduler", "tcp://127.0.0.1:1"],
    ):
        ended = CliRunner().invoke(app, wrong)
        assert ended.exit_code == 2 and len(ended.stderr.strip().splitlines()) == 1, ended.output


def test_code_of_another_kind_is_other_results(monkeypatch, tmp_path):
    here = grid_root(tmp_path)
    monkeypatch.setattr(module, "code_digest", lambda: "0" * 64)
    assert grid_root(tmp_path) == tmp_path / "grid" / "000000000000" != here


def test_a_place_for_every_device(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert cluster.places() == [{"CUDA_VISIBLE_DEVICES": "3"}, {"CUDA_VISIBLE_DEVICES": "5"}]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert [place["MIIII_CORE"] for place in cluster.places()] == [str(core) for core in sorted(os.sched_getaffinity(0))]


KILL = """
import os, signal, sys, threading, time
from dataclasses import replace
from pathlib import Path
import psutil
from src.network.presets import preset
from src.results import cluster
from src.results.cells import Cell
from src.results.cluster import train_all

def workers():
    return [p for p in psutil.Process().children(recursive=True) if "spawn_main" in " ".join(p.cmdline())]

def main():
    out = Path(sys.argv[1])
    small = replace(preset("smoke"), p=7, d_model=16, d_mlp=32, steps=200, eval_every=4)
    cells = [Cell(replace(small, run=f"split-{i}", data_seed=i), 2) for i in range(4)]
    cores = sorted(os.sched_getaffinity(0))
    cluster.places = lambda: [{"JAX_PLATFORMS": "cpu", "MIIII_CORE": str(cores[i % len(cores)])} for i in range(3)]

    def kill_one():
        while not list(out.glob("*/state-0-1.safetensors")):
            time.sleep(0.05)
        victim = max(workers(), key=lambda p: sum(p.cpu_times()[:2]))
        victim.send_signal(signal.SIGKILL)
        print("killed", victim.pid, flush=True)

    threading.Thread(target=kill_one, daemon=True).start()
    train_all(cells, out, command="test", scheduler="local")

if __name__ == "__main__":
    main()
"""


@pytest.mark.slow
def test_three_workers_of_which_one_is_killed_do_what_one_process_does(tmp_path):
    pytest.importorskip("distributed")
    script = tmp_path / "kill.py"
    script.write_text(KILL)
    ended = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "spread")], capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )  # fmt: skip
    assert ended.returncode == 0 and "killed" in ended.stdout, ended.stderr
    small = replace(preset("smoke"), p=7, d_model=16, d_mlp=32, steps=200, eval_every=4)
    cell = Cell(replace(small, run="split-2", data_seed=2), 2)
    train_missing(cell, tmp_path / "plain", "test")
    for seed in range(2):
        one, other = (load_run(cell.folder(seed, tmp_path / name)) for name in ("plain", "spread"))
        np.testing.assert_allclose(one.metrics["train_loss"], other.metrics["train_loss"], rtol=1e-3, atol=1e-5)


SBATCH = """#!/bin/sh
cp "$1" "$JOBS.$$"
setsid sh "$JOBS.$$" > "$JOBS.$$.log" 2>&1 < /dev/null &
echo $! >> "$JOBS"
echo "Submitted batch job $!"
"""


@pytest.mark.slow
def test_slurm_where_sbatch_starts_the_job_here(tmp_path):
    pytest.importorskip("dask_jobqueue")
    jobs = tmp_path / "jobs"
    for name, text in {"sbatch": SBATCH, "scancel": '#!/bin/sh\nfor job in "$@"; do kill -- "-$job"; done\n'}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    command = ["--preset", "smoke", "--grid", "p=5,7", "--set", "steps=20", "--set", "eval_every=10", "--seeds", "2", "--out", "mine"]
    env = {
        **os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(PACKAGE.parent), "JOBS": str(jobs),
        "DASK_CONFIG": str(tmp_path / "dask"), "JAX_PLATFORMS": "cpu", "DASK_LOGGING__DISTRIBUTED": "error",
    }  # fmt: skip
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "examples.slurm", *command], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240
        )
        assert ended.returncode == 0, ended.stderr
        header, *rows = next(tmp_path.glob("runs/grid/*/mine.csv")).read_text().splitlines()
        assert header.startswith("p,") and len(rows) == 2 and jobs.read_text().strip()
    finally:
        for job in jobs.read_text().split() if jobs.exists() else []:
            subprocess.run(["kill", "--", f"-{job}"], capture_output=True)


EIGHT = """
import sys
from dataclasses import replace
from pathlib import Path
import jax
from src.network.presets import preset
from src.network.trainer import train

jax.config.update("jax_num_cpu_devices", int(sys.argv[2]))
assert jax.device_count() == int(sys.argv[2])
train(replace(preset("smoke"), p=7, d_model=16, d_mlp=32, steps=20, eval_every=10), tuple(range(8)), Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_eight_devices_do_what_one_does_seed_by_seed(tmp_path):
    for devices in (8, 1):
        subprocess.run(
            [sys.executable, "-c", EIGHT, str(tmp_path / str(devices)), str(devices)], check=True, timeout=240,
            env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        )  # fmt: skip
    for seed in range(8):
        one, other = (load_run(tmp_path / str(devices) / "smoke" / f"seed-{seed}") for devices in (8, 1))
        np.testing.assert_allclose(one.metrics["train_loss"], other.metrics["train_loss"], rtol=1e-3, atol=1e-5)
        assert one.config.seed == seed
