"""Driven hard: kills at random moments, altered headers, values of every kind; ten times as much in `make test-slow`."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from src.network import memory
from src.network.checkpoint import CheckpointError, read
from src.network.config import Config, ConfigError
from src.network.manifest import read_manifest
from src.network.paths import PACKAGE, checkpoints
from src.network.presets import PRESETS, preset
from src.network.runs import load_run
from src.network.tasks import TASKS, make_dataset
from src.network.trainer import at_a_time

TRIALS = int(os.environ.get("MIIII_TRIALS", "1"))
LAPTOP = checkpoints() / "laptop" / "seed-0" / "step-1250.safetensors"
CHANGES = ("p=7", "steps=60", "eval_every=2", "keep=9", "d_model=16", "run=r")
COMMAND = (
    sys.executable, "-m", "src.train", "--preset", "smoke", *(part for one in CHANGES for part in ("--set", one)), "--seeds", "2", "--out",
)  # fmt: skip


def begin(out, *more):
    return subprocess.Popen([*COMMAND, str(out), *more], cwd=PACKAGE.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def end(out, *more):
    process = begin(out, *more)
    return process.communicate(timeout=300)[1], process.returncode


def left(out):
    """What a finished training left, but for times."""
    found = {}
    for seed in (0, 1):
        manifest, run = read_manifest(out / "r" / f"seed-{seed}"), load_run(out / "r", seed)
        steps = {name: digest for name, digest in manifest["files"].items() if name.startswith("step")}
        metrics = {name: x.tolist() for name, x in run.metrics.items() if name != "seconds"}
        found[seed] = steps, metrics, manifest["steps_to_generalise"], manifest["wrong_cells"]
    return found


@pytest.mark.slow
def test_a_kill_at_any_moment_loses_nothing(tmp_path):
    whole = tmp_path / "whole"
    started = time.perf_counter()
    assert end(whole)[1] == 0
    seconds, expected, rng = time.perf_counter() - started, left(whole), np.random.default_rng(TRIALS)
    for trial in range(3 * TRIALS):
        out = tmp_path / f"{trial}"
        process = begin(out)
        while not (out / "r").exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.7 * seconds))
        process.send_signal(signal.SIGKILL if trial % 3 else signal.SIGTERM)
        process.communicate()
        if not all((out / "r" / seed / "MANIFEST.json").exists() for seed in ("seed-0", "seed-1")):
            said, code = end(out, *(["--resume"] if list((out / "r").glob("state-*")) else []))
            assert code == 0, (trial, said)
        assert left(out) == expected, trial
        assert sorted(path.name for path in (out / "r").iterdir()) == ["seed-0", "seed-1", "state-0-1.safetensors"], trial
        shutil.rmtree(out)


@pytest.fixture(scope="module")
def header(tmp_path_factory):
    with safe_open(LAPTOP, "numpy") as file:
        return dict(file.metadata()), {"embed.W_E": load_file(LAPTOP)["embed.W_E"]}, tmp_path_factory.mktemp("headers") / "a.safetensors"


texts = (
    st.text(max_size=40) | st.integers().map(str) | st.floats().map(str) | st.sampled_from(["", "{}", "[]", "null", "1e9", "-1", "0" * 50])
)


@settings(max_examples=300 * TRIALS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_header_is_read_or_is_one_line(header, data):
    metadata, tensors, path = header
    changed = dict(metadata)
    for name in data.draw(st.lists(st.sampled_from(sorted(metadata)), min_size=1, max_size=2)):
        value = changed[name]
        if name == "config" and data.draw(st.booleans()):
            config = json.loads(metadata["config"])
            config[data.draw(st.sampled_from(sorted(config)))] = data.draw(st.none() | st.integers() | st.floats() | st.text(max_size=9))
            changed[name] = json.dumps(config)
        else:
            at = data.draw(st.integers(0, len(value)))
            changed[name] = data.draw(texts) if data.draw(st.booleans()) else value[:at] + data.draw(st.text(max_size=3)) + value[at + 1 :]
    try:
        save_file(tensors, path, changed)
    except Exception:  # what the package itself refuses to write
        return
    started = time.perf_counter()
    try:
        read(path)
    except CheckpointError as error:
        assert "\n" not in str(error)
    assert time.perf_counter() - started < 10


@settings(max_examples=400 * TRIALS, deadline=None)
@given(
    st.sampled_from(sorted(PRESETS)),
    st.lists(
        st.tuples(
            st.sampled_from(sorted(Config().to_dict())),
            st.integers(-(2**70), 2**70).map(str) | st.integers(0, 300).map(str) | st.floats().map(str) | texts
            | st.sampled_from(["true", "residues", "addition", "decades", "primality", "divisibility", "miu", "compare", "parts"]),
        ),
        min_size=1, max_size=3,
    ),
)  # fmt: skip
def test_any_value_makes_a_config_that_fits_or_is_one_line(name, changes):
    try:
        config = preset(name).override([f"{key}={value}" for key, value in changes])
        size = TASKS[config.task].size(config)
        memory.check(memory.terms(config, size, 1, 1, at_a_time(config, size)), "training")
    except ConfigError as error:
        assert "\n" not in str(error) and len(str(error)) < 500
        return
    assert sum(memory.terms(config, size, 1, 1, at_a_time(config, size)).values()) <= memory.limit()


SIZED = [
    {"p": 13}, {"p": 13, "untied": True}, {"p": 13, "q_min": 3, "q_max": 7}, {"task": "addition", "p": 11}, {"task": "decades", "base": 21},
    {"task": "primality", "n_max": 500, "base": 7}, {"task": "primality", "n_max": 500, "encoding": "parts", "base": 6, "sample": 90},
    {"task": "primality", "n_max": 500, "encoding": "residues", "p": 11}, {"task": "divisibility", "n_max": 300, "q_max": 11},
    {"task": "miu", "length": 6}, *({"task": task, "p": 97} for task in ("classify", "compare", "continue", "unmask")),
]  # fmt: skip


@pytest.mark.parametrize("changes", SIZED, ids=lambda changes: "-".join(map(str, changes.values())))
def test_the_size_that_is_told_is_the_size_that_is_made(changes):
    config = Config(**changes)
    size, made = TASKS[config.task].size(config), make_dataset(config)
    found = (len(made.tokens), made.n_ctx, len(made.widths), sum(made.widths), made.d_vocab)
    assert found[1:] == size[1:] and found[0] <= size.examples
    assert found[0] == size.examples or config.task in ("classify", "compare", "continue", "unmask")  # sequences are of many lengths


@pytest.mark.parametrize(("changes", "named"), [
    ({"p": 9973}, "9,973"), ({"task": "miu", "length": 30}, "examples"), ({"task": "primality", "n_max": 10**9}, "examples"),
    ({"d_mlp": 2**18, "d_model": 2**15}, "parameters"), ({"steps": 10**8, "eval_every": 1}, "chunks"),
])  # fmt: skip
def test_what_cannot_fit_is_refused_by_its_largest_part(changes, named):
    config = Config(**changes)
    size = TASKS[config.task].size(config)
    with pytest.raises(ConfigError, match=r"needs about .* GiB of memory and this machine has") as error:
        memory.check(memory.terms(config, size, 1, 1, at_a_time(config, size)), "training laptop")
    assert named in str(error.value) or "examples" in str(error.value)
    assert "\n" not in str(error.value)
