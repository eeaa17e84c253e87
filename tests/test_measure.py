"""A measurement is loaded while it is fresh and recomputed when a checkpoint or a source changed."""

import importlib
import json

import numpy as np
import pytest

from src import measure as measure_module
from src.measure import code_lines, imported_modules, measure

CALLS = []


def parameters(runs):
    CALLS.append([run.digest for run in runs])
    return {"norm": [float(np.linalg.norm(np.asarray(run.model.W_E))) for run in runs]}


@pytest.fixture(autouse=True)
def sources(monkeypatch):
    CALLS.clear()
    digest = {"value": "a"}
    monkeypatch.setattr(measure_module, "source_digest", lambda function: digest["value"])
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
    assert {"primality", "model", "tasks", "config", "integers", "checkpoint"} <= imported_modules("primality")
    assert "train" not in imported_modules("primality")


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
    assert stored["source"] == measure_module.source_digest(function), f"{path.name} is stale: run make site and commit it"
