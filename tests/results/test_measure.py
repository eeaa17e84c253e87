"""A measurement is read while it is fresh, made again and said aloud when it is not, and damage is seen."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from src import measure as command
from src.network.paths import checkpoints, measurements
from src.network.runs import find_run, load_run
from src.network.tasks import make_dataset
from src.results import measure, registry, store
from src.results.measure import Measurement, data_digest, key_of, record, recorded, run_digest, status
from src.results.registry import MEASUREMENTS, RECORDED, arrays, measured

CALLS = []


def norm(run):
    CALLS.append(run.config.seed)
    return {"norm": np.asarray(np.linalg.norm(np.asarray(run.model.W_E)))}


def spread(runs):
    return {"spread": np.asarray([float(np.asarray(run.model.W_E).std()) for run in runs])}


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Measurements of their own, with folders of their own; what is reached can be changed."""
    CALLS.clear()
    reached = {"norm": "a"}
    monkeypatch.setattr(measure, "definitions_of", lambda function: dict(reached))
    monkeypatch.setattr(measure, "measurements", lambda: tmp_path / "tracked")
    monkeypatch.setattr(registry, "measurements", lambda: tmp_path / "tracked")
    for module in (measure, registry):
        monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "cache")
    for name in list(MEASUREMENTS):
        monkeypatch.delitem(MEASUREMENTS, name)
    monkeypatch.setitem(MEASUREMENTS, "norms", Measurement(norm, "laptop"))
    registry.stale_names.cache_clear()
    yield tmp_path, reached
    registry.stale_names.cache_clear()


def test_each_seed_is_measured_and_stacked_once(shelf, capsys):
    folder, _ = shelf
    first, again = measured("norms"), measured("norms")
    assert CALLS == [0, 1, 2] and first["norm"].shape == (3,)
    np.testing.assert_array_equal(first["norm"], again["norm"])
    assert (folder / "cache" / "norms.npz").exists() and not (folder / "tracked").exists()  # nothing tracked is touched unasked
    said = capsys.readouterr().err
    assert "recomputing norms (1 of 1)" in said and "about" not in said


@pytest.mark.parametrize("changed", [False, True])
def test_what_is_not_kept_is_not_said_to_be_written(shelf, monkeypatch, changed):
    folder, _ = shelf
    for module in (command, measure):
        monkeypatch.setattr(module, "changed_since_start", lambda: changed)
    result = CliRunner().invoke(command.app, ["norms", "--record"])
    assert result.exit_code == 0 and ("wrote" in result.stdout) == (not changed) == (folder / "tracked" / "norms.npz").exists()
    assert ("norms is not kept" in result.stderr) == changed


def test_together_gets_all_seeds_at_once(shelf, monkeypatch):
    monkeypatch.setitem(MEASUREMENTS, "spread", Measurement(spread, "laptop", together=True))
    assert measured("spread")["spread"].shape == (3,)


def test_a_changed_definition_is_named_and_makes_it_again(shelf, capsys):
    folder, reached = shelf
    measured("norms")
    reached["helper"] = "new"
    assert status("norms", MEASUREMENTS["norms"]).because == ("definition helper",)
    registry.stale_names.cache_clear()
    capsys.readouterr()
    measured("norms")
    assert len(CALLS) == 6 and "about 0 s" in capsys.readouterr().err  # it knows how long it took
    assert status("norms", MEASUREMENTS["norms"]).path == folder / "cache" / "norms.npz"


def test_recording_writes_the_tracked_file(shelf):
    folder, _ = shelf
    measured("norms")
    path = registry.record_measured("norms")
    assert len(CALLS) == 3 and path == folder / "tracked" / "norms.npz"  # the fresh one is copied
    assert status("norms", MEASUREMENTS["norms"]).path == path


def flipped(data: bytes) -> bytes:
    """64 bytes in the middle with every bit the other way: one byte could stand where nothing checks it."""
    middle = len(data) // 2
    return data[:middle] + bytes(byte ^ 255 for byte in data[middle : middle + 64]) + data[middle + 64 :]


@pytest.mark.parametrize("damage", [lambda data: data[:200], lambda data: b"", flipped])
def test_a_damaged_file_is_reported_by_name_and_made_again(shelf, capsys, damage):
    path = registry.record_measured("norms")
    path.write_bytes(damage(path.read_bytes()))
    registry.stale_names.cache_clear()
    capsys.readouterr()
    assert measured("norms")["norm"].shape == (3,) and len(CALLS) == 6
    said = capsys.readouterr().err
    assert f"{path}: damaged" in said and "recomputing norms" in said


def test_arrays_that_are_not_those_of_the_digest_are_damage(tmp_path):
    path = tmp_path / "a.npz"
    store.write(path, {"x": np.arange(3)}, {})
    provenance = store.read(path)[1]
    np.savez(path, provenance=np.asarray(json.dumps(provenance)), x=np.arange(1, 4))
    with pytest.raises(store.Damaged, match="not those of its digest"):
        store.read(path)


@pytest.mark.parametrize("bad", [{}, {"x": np.asarray([object()])}, {"provenance": np.zeros(1)}])
def test_a_bad_result_is_refused_and_nothing_written(tmp_path, bad):
    with pytest.raises(ValueError, match="non-empty dict of arrays"):
        store.write(tmp_path / "bad.npz", bad, {})
    assert not list(tmp_path.iterdir())


def test_what_a_sweep_recorded_is_not_voided_and_says_how_it_is_made(tmp_path):
    record("norms", {"x": np.arange(3)}, command="python -m src.sweeps norms", folder=tmp_path)
    assert recorded("norms", "make it", tmp_path)["x"].tolist() == [0, 1, 2]
    (tmp_path / "norms.npz").write_bytes(b"")
    for name, error in (("norms", store.Damaged), ("nothing", FileNotFoundError)):
        with pytest.raises(error, match=rf"{name}.*make it"):
            recorded(name, "make it", tmp_path)


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_committed_measurements_are_fresh(name):
    found = status(name, MEASUREMENTS[name])
    assert found.path == measurements() / f"{name}.npz", f"{name} is stale ({', '.join(found.because)}): make measure, and commit it"


def test_every_file_is_a_measurement_or_a_sweep_and_whole():
    files = {path.stem: path for path in measurements().glob("*.npz")}
    assert set(files) == {*MEASUREMENTS, *RECORDED}
    for name, path in files.items():
        _, provenance = store.read(path)
        assert provenance["versions"]["jax"] and ("inputs" in provenance) == (name in MEASUREMENTS)


def test_results_by_name_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        arrays("laptop-certificate")["own"][0] = 1
    with pytest.raises(KeyError, match="paper-analysis"):
        arrays("nothing")


def test_a_key_names_weights_and_data():
    run = load_run("laptop")
    other = run.dataset.with_split(~run.dataset.train_mask)
    assert data_digest(run.dataset) != data_digest(other) and data_digest(run.dataset) == data_digest(make_dataset(run.config))
    assert len({run_digest(find_run("laptop", seed)) for seed in (0, 1)}) == 2
    key = key_of(MEASUREMENTS["hand-written"])
    assert any("p = 113" in name for name in key.inputs) and {"phase_network", "Transformer"} <= set(key.definitions)
    assert {"PRESETS", "TASKS", "make_dataset", "Config"}.isdisjoint(key.definitions)


def test_the_command_lists_everything():
    result = CliRunner().invoke(command.app, ["--list"])
    assert result.exit_code == 0, result.output
    for name in (*MEASUREMENTS, *RECORDED):
        assert f"{name}: " in result.stdout
    assert CliRunner().invoke(command.app, ["nothing"]).exit_code == 2
    assert checkpoints().is_dir()
