"""A sweep trains what is missing, once, and records what it measured."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from src.network.presets import preset
from src.results import measure, sweeps
from src.results.sweeps import Sweep, run_sweep
from src.studies.outcomes import outcome
from src.sweeps import app

pytestmark = pytest.mark.usefixtures("optax_promotes")
SMALL = replace(preset("smoke"), p=7, d_model=16, d_mlp=32, steps=20, eval_every=10)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    monkeypatch.setitem(sweeps.SWEEPS, "tiny", Sweep("A test.", (SMALL,), 2, outcome))
    monkeypatch.setattr(sweeps, "record", lambda name, arrays, command: measure.record(name, arrays, command=command, folder=tmp_path))
    return tmp_path


def test_a_sweep_trains_once_and_records(tiny):
    folder = tiny
    arrays = run_sweep("tiny", folder / "runs")
    assert arrays["wrong_cells"].shape == (1, 2) and (arrays["step"] == 20).all()
    stamp = (folder / "runs" / "smoke" / "seed-1" / "MANIFEST.json").stat().st_mtime_ns
    again = run_sweep("tiny", folder / "runs")
    assert (folder / "runs" / "smoke" / "seed-1" / "MANIFEST.json").stat().st_mtime_ns == stamp
    loaded = measure.recorded("tiny", "make it", folder)
    for name, value in arrays.items():
        np.testing.assert_array_equal(value, again[name])
        np.testing.assert_array_equal(value, loaded[name])


def test_a_folder_with_another_config_is_refused(tiny, monkeypatch):
    folder = tiny
    run_sweep("tiny", folder / "runs")
    monkeypatch.setitem(sweeps.SWEEPS, "tiny", Sweep("A test.", (replace(SMALL, lr=0.5),), 2, outcome))
    with pytest.raises(ValueError, match="another config"):
        run_sweep("tiny", folder / "runs")


def test_names():
    with pytest.raises(KeyError, match="addition-progress"):
        run_sweep("nothing")
    result = CliRunner().invoke(app, ["nothing"])
    assert result.exit_code == 2 and "nothing" in result.stderr
    listed = CliRunner().invoke(app, [])
    assert all(name in listed.stdout for name in sweeps.SWEEPS)
