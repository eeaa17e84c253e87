"""Nothing that a manifest says is believed before it is checked, and what is altered is one line that names the file."""

import copy
import json
import os
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner

from src import records as records_command
from src.network import checkpoint
from src.network.checkpoint import CheckpointError, sha256
from src.network.config import ConfigError
from src.network.manifest import MANIFEST, read_manifest
from src.network.paths import checkpoints
from src.network.records import publish
from src.network.runs import list_runs, load_run
from src.network.verify import problems
from src.verify import app

LAPTOP = checkpoints() / "laptop" / "seed-0"
TRIALS = int(os.environ.get("MIIII_TRIALS", "1"))
TRUE = json.loads((LAPTOP / MANIFEST).read_text())


@pytest.fixture
def own(tmp_path):
    """A copy of a committed run, and a function that writes its manifest anew after a change."""
    folder = shutil.copytree(LAPTOP, tmp_path / "laptop" / "seed-0")

    def change(**fields):
        (folder / MANIFEST).write_text(json.dumps({**TRUE, **fields}))
        return folder

    return change


WRONG = {
    "a seed that is a path": ({"seed": "0/../../../victim"}, "seed: "),
    "no mistakes": ({"wrong_cells": 0, "wrong_cells_held_out": 0}, "wrong_cells_held_out is 0, and 2 by its accuracies"),
    "sooner": ({"steps_to_generalise": 1}, "steps_to_generalise is 1"),
    "never": ({"steps_to_generalise": None}, "steps_to_generalise=None"),
    "half a step": ({"step": 1250.9}, "step: "),
    "another step": ({"step": 1200}, "last file is of step 1250"),
    "another seed": ({"seed": 3}, "others in its config"),
    "a file elsewhere": ({"files": {**TRUE["files"], "../../x": "0" * 64}}, "files are"),
    "no files": ({"files": {}}, "files are none"),
    "a digest that is none": ({"files": dict.fromkeys(TRUE["files"], "x")}, "files."),
    "a truth for a number": ({"cells": True}, "cells: "),
    "a number that is none": ({"seconds": float("nan")}, "seconds: "),
    "more than there is": ({"wrong_cells": 10**6}, "wrong"),
    "another task count": ({"valid_accuracy": [1.0]}, "accuracies of 15 and 1 tasks"),
    "another field": ({"colour": "blue"}, "colour: "),
    "markup over two lines": ({"device": "<img src=x>\n"}, "device: "),
    "another config": ({"config": {**TRUE["config"], "p": 59}}, "metadata are not the manifest's"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_a_manifest_says_is_checked(own, what):
    change, message = WRONG[what]
    with pytest.raises(CheckpointError) as error:
        load_run(own(**change))
    assert message in str(error.value) and "\n" not in str(error.value) and "laptop" in str(error.value)


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=8,
)  # fmt: skip


@settings(max_examples=300 * TRIALS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_other_value_is_one_line_or_nothing_changed(own, data):
    altered = copy.deepcopy(TRUE)
    place, key = altered, data.draw(st.sampled_from(sorted(TRUE)))
    while isinstance(place[key], (dict, list)) and place[key] and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(junk)
    try:
        run = load_run(own(**altered))
    except CheckpointError as error:
        assert "\n" not in str(error) and len(str(error)) < 1500
    else:
        believed = {name for name in TRUE if altered[name] != TRUE[name]}
        assert believed <= {"command", "device", "cores", "versions", "code", "seconds", "seconds_to_generalise", "parameters"} or (
            {name: run.manifest[name] for name in believed} == {name: TRUE[name] for name in believed}
        )


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "null", "[" * 10_000, '{"files": 1}', "\udcff", "{}" * 3, '{"a": ' + "9" * 5000 + "}", " " * 2_000_000]
)
def test_what_is_no_manifest_is_one_line(own, text):
    folder = own()
    (folder / MANIFEST).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CheckpointError, match="no manifest of a run") as error:
        read_manifest(folder)
    assert "\n" not in str(error.value)


def test_a_seed_is_that_of_its_folder(own):
    folder = own()
    for name in ("seed-7", "seed-01", "seed-old"):
        copied = shutil.copytree(folder, folder.parent / name)
        with pytest.raises(CheckpointError, match=f"of seed 0, in a folder called {name}"):
            read_manifest(copied)
    assert list_runs(folder.parent.parent) == [("laptop", 0), ("laptop", 7)]  # and none called 1 or old


def rehashed(folder, change):
    """The run with its last step changed, and every digest made to fit."""
    path = folder / "step-1250.safetensors"
    with safe_open(path, "numpy") as file:
        metadata = dict(file.metadata())
    tensors = load_file(path)
    change(tensors, metadata)
    metadata["digest"] = checkpoint.tensors_digest(tensors)
    save_file(tensors, path, metadata)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][path.name] = sha256(path)
    (folder / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(("change", "message"), [
    (lambda t, m: t["embed.W_E"].__setitem__((0, 0), np.nan), "W_E has values that are not finite"),
    (lambda t, m: m.update(split="A" * len(m["split"])), "split"),
    (lambda t, m: m.update(step="1250.9"), "bad metadata"),
    (lambda t, m: m.update(config=m["config"].replace('"p": 53', '"p": 65521')), "metadata are not the manifest's"),
])  # fmt: skip
def test_what_was_altered_with_its_digests(own, change, message):
    folder = own()
    rehashed(folder, change)
    with pytest.raises(CheckpointError, match=message):
        load_run(folder)
    assert message in next(problems(folder))


def test_verify_computes_again_what_a_manifest_says(own):
    """Other weights with digests that fit load, for they are a network; they are not the one that the manifest speaks of."""
    folder = own()
    assert not list(problems(folder)) and CliRunner().invoke(app, [str(folder)]).exit_code == 0
    other = load_file(checkpoints() / "laptop" / "seed-1" / "step-1250.safetensors")
    rehashed(folder, lambda tensors, metadata: tensors.update({"unembed.W_U": other["unembed.W_U"]}))
    load_run(folder)
    result = CliRunner().invoke(app, [str(folder.parent)])
    assert result.exit_code == 1 and "wrong_cells is 2, computed" in result.stderr and "differ" in result.stdout
    nowhere = CliRunner().invoke(app, [str(folder / "nothing")])
    assert nowhere.exit_code == 2 and len(nowhere.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(("name", "seed"), list_runs())
def test_committed_runs_are_what_they_say(name, seed):
    assert not list(problems(checkpoints() / name / f"seed-{seed}"))
    assert min(load_run(name, seed).manifest["valid_accuracy"]) >= 0.99


def test_a_committed_run_is_not_copied_onto_itself(own, tmp_path):
    before = {path.name: path.read_bytes() for path in LAPTOP.iterdir()}
    result = CliRunner().invoke(records_command.app, [str(LAPTOP)])
    assert result.exit_code == 2 and "stands under" in result.stderr and {p.name: p.read_bytes() for p in LAPTOP.iterdir()} == before
    with pytest.raises(ConfigError, match="stands under"):
        publish(own(), tmp_path)
    target = publish(own(), tmp_path / "committed")
    whole = {path.name: path.read_bytes() for path in target.iterdir()}
    with pytest.raises(CheckpointError, match="seed: "):
        publish(own(seed="0/../../../victim"), tmp_path / "committed")
    folder = own()
    (folder / "step-1250.safetensors").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="altered or truncated"):
        publish(folder, tmp_path / "committed")
    assert {path.name: path.read_bytes() for path in target.iterdir()} == whole and [p.name for p in target.parent.iterdir()] == ["seed-0"]
