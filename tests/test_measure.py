"""A measurement is loaded while it is fresh and recomputed when a checkpoint or a source changed."""

import importlib
import json
from dataclasses import replace

import numpy as np
import pytest

from src import measure as measure_module
from src.checkpoint import load_run
from src.measure import LOADERS, code_lines, imported_modules, key, measure, run_digest

CALLS = []


def parameters(runs):
    CALLS.append([run.digest for run in runs])
    return {"norm": [float(np.linalg.norm(np.asarray(run.model.W_E))) for run in runs]}


@pytest.fixture(autouse=True)
def sources(monkeypatch):
    CALLS.clear()
    digest = {"value": "a"}
    monkeypatch.setattr(measure_module, "source_digest", lambda function, given_runs: digest["value"])
    return digest


def test_fresh_is_loaded_and_equal(tmp_path):
    first = measure("norms", parameters, [("laptop", 0), ("laptop", 1)], folder=tmp_path)
    again = measure("norms", parameters, [("laptop", 0), ("laptop", 1)], folder=tmp_path)
    assert len(CALLS) == 1 and first["norm"].shape == (2,)
    np.testing.assert_array_equal(first["norm"], again["norm"])


def test_other_checkpoints_or_sources_or_force_recompute(tmp_path, sources):
    measure("norms", parameters, [("laptop", 0)], folder=tmp_path)
    measure("norms", parameters, [("laptop", 1)], folder=tmp_path)
    assert len(CALLS) == 2
    sources["value"] = "b"
    measure("norms", parameters, [("laptop", 1)], folder=tmp_path)
    assert len(CALLS) == 3
    measure("norms", parameters, [("laptop", 1)], folder=tmp_path, force=True)
    assert len(CALLS) == 4


def test_provenance_is_written(tmp_path):
    measure("norms", parameters, [("laptop", 0)], folder=tmp_path)
    with np.load(tmp_path / "norms.npz", allow_pickle=False) as data:
        stored = json.loads(str(data["provenance"]))
    assert stored["function"].endswith("parameters") and "laptop/seed-0" in stored["checkpoints"] and stored["versions"]["jax"]


@pytest.mark.parametrize("bad", [{}, {"x": [object()]}, {"provenance": [1]}])
def test_a_bad_result_is_refused_and_nothing_written(tmp_path, bad):
    with pytest.raises(ValueError, match="measurement bad"):
        measure("bad", lambda runs: bad, [("laptop", 0)], folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_sources_follow_imports():
    assert {"primality", "model", "tasks", "config", "integers", "checkpoint", "miu"} <= imported_modules("primality")
    assert "train" not in imported_modules("primality")
    assert {"primality", "model", "packing", "integers"} == imported_modules("primality", LOADERS)


def test_only_code_counts():
    source = '"""Doc."""\nimport os\n\n\ndef f(x):\n    """Twice\n    x."""\n    # a note\n    return 2 * x\n'
    again = '"""Other."""\n\nimport os\n\ndef f(x):\n    """Twice x."""\n    return 2 * x\n'
    assert code_lines(source) == code_lines(again) == "import os\ndef f(x):\n    return 2 * x"
    assert code_lines(source.replace("2 * x", "3 * x")) != code_lines(source)


@pytest.mark.parametrize("path", sorted(measure_module.FOLDER.glob("*.npz")), ids=lambda path: path.stem)
def test_committed_measurements_are_fresh(path, monkeypatch):
    monkeypatch.undo()
    with np.load(path, allow_pickle=False) as data:
        stored = json.loads(str(data["provenance"]))
    if "function" not in stored:
        assert stored["command"].startswith("python -m src.sweeps ")  # from training: an edit does not void it
        return
    module, name = stored["function"].rsplit(".", 1)
    function = getattr(importlib.import_module(module), name)
    runs = [(run, int(seed)) for run, _, seed in (name.partition("/seed-") for name in stored["checkpoints"])]
    today = key(function, runs, [load_run(*one) for one in runs])
    assert {field: stored[field] for field in today} == today, f"{path.name} is stale: run make claims and commit it"


def test_the_digest_of_a_run_is_of_its_data_too():
    run = load_run("laptop")
    other = replace(run, dataset=run.dataset.with_split(~run.dataset.train_mask))
    relabelled = replace(run, dataset=replace(run.dataset, labels=run.dataset.labels[::-1]))
    assert len({run_digest(one) for one in (run, other, relabelled)}) == 3 and run_digest(run) == run_digest(load_run("laptop"))
