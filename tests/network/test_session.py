"""Nothing is lost: whatever stops a training, going on gives the weights, metrics and manifest of one that was not stopped."""

import errno
import json
import os
import signal
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

from src.network import checkpoint, records, session
from src.network.checkpoint import named_leaves, read
from src.network.config import ConfigError
from src.network.manifest import MANIFEST, read_manifest
from src.network.model import Transformer
from src.network.presets import preset
from src.network.records import advice, expectation, keep_model, summary
from src.network.runs import load_run, run_folder
from src.network.session import Stopped, claimed, state_file, stopped_by_signals
from src.network.tasks import make_dataset
from src.network.trainer import Diverged, train
from src.train import app

pytestmark = pytest.mark.usefixtures("optax_promotes")
SMALL = replace(preset("smoke"), p=7, d_model=16, d_mlp=32, steps=30, eval_every=10, keep=2)
SEEDS = (0, 1)


class Killed(BaseException):
    """What a kill leaves is what is on disk: nothing is written after it."""


def contents(out, seeds=SEEDS, run="smoke"):
    """Weights, metrics and manifests of a finished run, without what differs between two equal ones."""
    found = {}
    for seed in seeds:
        folder = run_folder(run, seed, out)
        manifest = read_manifest(folder)
        for name in ("seconds", "seconds_to_generalise", "command"):
            manifest.pop(name)
        manifest["files"].pop("metrics.npz")
        metrics = {name: x.tolist() for name, x in load_run(folder).metrics.items() if name != "seconds"}
        found[seed] = (manifest, metrics, sorted(path.name for path in folder.iterdir()))
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Two seeds trained in one go, and how often something was written."""
    out, written, original = tmp_path_factory.mktemp("whole"), [], checkpoint.os.fsync
    patch = pytest.MonkeyPatch()
    patch.setattr(checkpoint.os, "fsync", lambda file: (written.append(file), original(file)))
    with jax.numpy_dtype_promotion("standard"):
        train(SMALL, SEEDS, out)
    patch.undo()
    assert [path.name for path in (out / "smoke").glob("state-*")] == ["state-0-1.safetensors"]
    return contents(out), len(written)


def killed_at(monkeypatch, count, *, after):
    """The `count`-th write is the last that reaches the disk, half of it or, with `after`, all."""
    state, fsync = {"left": count}, os.fsync

    def stop(file):
        state["left"] -= 1
        if state["left"] < 0 or (state["left"] == 0 and not after):
            os.ftruncate(file, 10)
            raise Killed
        fsync(file)

    monkeypatch.setattr(checkpoint.os, "fsync", stop)
    monkeypatch.setattr(checkpoint.Path, "unlink", lambda path, missing_ok=False: None)  # a kill tidies nothing up


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("count", [1, 3, 7, pytest.param(0, marks=pytest.mark.slow)])
def test_a_kill_at_any_write_loses_nothing(tmp_path, whole, count, after):
    expected, writes = whole
    for at in [count] if count else range(2, writes + (not after)):
        out = tmp_path / f"{at}"
        with pytest.MonkeyPatch.context() as patch:
            killed_at(patch, at, after=after)
            with pytest.raises(Killed):
                train(SMALL, SEEDS, out)
        begun, said = state_file("smoke", SEEDS, out).exists(), []
        train(SMALL, SEEDS, out, resume=begun, log=said.append)
        assert contents(out) == expected, at
        assert begun or any("beginning again" in line for line in said)
        assert sorted(path.name for path in (out / "smoke").iterdir()) == ["seed-0", "seed-1", "state-0-1.safetensors"]


def test_seeds_stopped_together_go_on_together(tmp_path, whole):
    def stop(step, metrics):
        if step >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(SMALL, SEEDS, tmp_path, on_chunk=stop)
    for seeds, resume, message in (((0,), True, "beside others"), ((1,), False, "beside others"), (SEEDS, False, "step 20; add --resume")):
        with pytest.raises(ConfigError, match=message):
            train(SMALL, seeds, tmp_path, resume=resume)
    with pytest.raises(ConfigError, match=r"another run .*lr"):
        train(replace(SMALL, lr=0.5), SEEDS, tmp_path, resume=True)
    first = []
    train(SMALL, SEEDS, tmp_path, resume=True, on_chunk=lambda step, metrics: first.append(step))
    assert first == [20, 30] and contents(tmp_path) == whole[0]


def test_a_finished_run_goes_on_as_a_new_one(tmp_path):
    """With a learning rate that does not fall, 20 steps and then 20 more are 40 steps; the manifest names the parent."""
    short, long = (replace(SMALL, run=f"run-{n}", steps=n, keep=0, decay=0.0) for n in (20, 40))
    train(short, SEEDS, tmp_path)
    train(replace(long, run="whole"), SEEDS, tmp_path)

    def stop(step, metrics):
        if step >= 30:
            raise KeyboardInterrupt

    said = []
    with pytest.raises(KeyboardInterrupt):
        train(long, SEEDS, tmp_path, resume=True, parent=short, on_chunk=stop, log=said.append)
    assert "continuing run-20 from step 20 on" in said
    train(long, SEEDS, tmp_path, resume=True, parent=short)
    for seed in SEEDS:
        went_on, whole = (load_run(run_folder(run, seed, tmp_path)) for run in ("run-40", "whole"))
        assert all((x == y).all() for x, y in zip(named_leaves(went_on.model).values(), named_leaves(whole.model).values(), strict=True))
        assert went_on.metrics["valid_loss"].tolist() == whole.metrics["valid_loss"].tolist()
        assert went_on.manifest["parent"] == "run-20 from step 20 on" and whole.manifest["parent"] is None
    for config, seeds, parent, message in (
        (long, SEEDS, short, "this run is finished"), (replace(long, run="x"), (7,), short, "no state of run-20 to continue"),
        (replace(short, run="x", steps=10), SEEDS, short, "at step 20 already"), (replace(long, run="x"), SEEDS, None, "nothing to resume"),
        (replace(long, run="x"), SEEDS, replace(short, lr=0.5), r"another run \(differs in lr\)"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=message):
            train(config, seeds, tmp_path, resume=True, parent=parent)
        assert not (tmp_path / "x").exists()


def test_names_of_states_say_their_seeds(tmp_path):
    for seeds, name in (((3,), "state-3"), ((0, 1, 2), "state-0-2"), ((0, 2), "state-0+2"), ((4, 5), "state-4-5")):
        path = state_file("x", seeds, tmp_path)
        assert path.stem == name and session._seeds_of(path.stem) == seeds
    assert session._seeds_of("state-of-affairs") == ()


def test_one_training_at_a_time(tmp_path):
    with claimed(SMALL, SEEDS, tmp_path, resume=False, log=print):
        with pytest.raises(ConfigError, match="another process is training here"):
            train(SMALL, (1,), tmp_path)
        train(SMALL, (5,), tmp_path)
    train(SMALL, (1,), tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_stop_as_ctrl_c_does(tmp_path, number):
    def stop(step, metrics):
        if step == 10:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with pytest.raises(Stopped) as stopped, stopped_by_signals():
        train(SMALL, (0,), tmp_path, on_chunk=stop)
    assert stopped.value.code == 128 + number and signal.getsignal(number) == before
    assert read(state_file("smoke", (0,), tmp_path)).step == 10


def test_the_environment_changes_no_weights(tmp_path, monkeypatch, whole):
    """Strict promotion, which our own code keeps to, stops optax; 64 bits give other weights and are refused."""
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        train(SMALL, SEEDS, tmp_path)
    assert contents(tmp_path) == whole[0]
    with jax.enable_x64(True), pytest.raises(ConfigError, match="JAX_ENABLE_X64 is set"):
        train(SMALL, (5,), tmp_path)

    def none():
        raise RuntimeError("Unable to initialize backend 'cuda'\nand much more")

    monkeypatch.setattr("src.network.trainer.jax.default_backend", none)
    with pytest.raises(ConfigError, match=r"JAX finds no device.*'cuda'$"):
        train(SMALL, (6,), tmp_path)


def test_a_full_disk_is_one_line_and_no_dead_end(tmp_path, monkeypatch):
    original = checkpoint.os.fsync

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint.os, "fsync", full)
    arguments = ["--preset", "smoke", "--set", "steps=20", "--set", "run=r", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1 and "No space left" in result.stderr and len(result.stderr.strip().splitlines()) == 1
    monkeypatch.setattr(checkpoint.os, "fsync", original)
    assert CliRunner().invoke(app, arguments).exit_code == 0 and load_run(tmp_path / "r").step == 20


def test_an_out_that_is_a_file(tmp_path):
    (tmp_path / "README.md").write_text("x")
    result = CliRunner().invoke(app, ["--preset", "smoke", "--out", str(tmp_path / "README.md")])
    assert result.exit_code == 1 and "Not a directory" in result.stderr and len(result.stderr.strip().splitlines()) == 1
    assert (tmp_path / "README.md").read_text() == "x"


def test_weights_that_are_not_finite_stop_the_run(tmp_path):
    """The loss of the only step is that before it; the weights after it are not numbers."""
    with pytest.raises(Diverged, match="of seed 0 is not finite after step 1"):
        train(replace(SMALL, lr=1e38, optimizer="adamw", warmup=0, steps=1, keep=0), (0,), tmp_path)
    assert read(state_file("smoke", (0,), tmp_path)).step == 0


def test_a_weight_too_large_for_half_precision_is_kept_whole(tmp_path, getkey):
    data = make_dataset(SMALL)
    model = Transformer(SMALL, data, key=getkey())
    large = jax.tree.map(lambda x: x.at[(0,) * x.ndim].set(70_000.0), model)
    for step in (10, SMALL.steps):
        keep_model(tmp_path, large, SMALL, data, step)
        found = read(tmp_path / f"step-{step}.safetensors").tensors
        assert all((found[name] == np.asarray(leaf)).all() for name, leaf in named_leaves(large).items())
    keep_model(tmp_path, model, SMALL, data, 10)
    assert {x.dtype for x in read(tmp_path / "step-10.safetensors").tensors.values()} == {np.dtype(jnp.float16)}


def test_a_run_is_named_by_what_was_changed(tmp_path):
    result = CliRunner().invoke(app, ["--preset", "smoke", "--set", "steps=20", "--set", "p=13", "--seed", "2", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert load_run(tmp_path / "smoke-p-13-steps-20", 2).config.p == 13
    assert preset("smoke").override(["p=13", "run=mine"]).run == "mine" and preset("smoke").override(["p=11"]).run == "smoke"


def test_what_to_expect_is_said_of_one_seed():
    """The committed seeds of `laptop` were trained three at a time: their seconds are those of all three."""
    took = load_run("laptop").manifest
    assert "--seeds 3" in took["command"]
    one, three = (expectation(preset("laptop"), n) for n in (1, 3))
    assert f"about {took['seconds'] / 3:.0f} s for all 1,250 steps" in one and "of 3 seeds" not in one
    assert f"about {took['seconds']:.0f} s for all 1,250 steps of 3 seeds" in three
    assert "No committed run" in expectation(replace(preset("laptop"), p=37), 1) and "kettle" not in expectation(SMALL, 1)


def test_a_run_that_falls_short_says_what_to_try(tmp_path):
    (folder,) = train(SMALL, (0,), tmp_path)
    assert "To try: more steps" in summary(folder)
    manifest = json.loads((folder / MANIFEST).read_text())
    by_heart = {**manifest, "train_accuracy": [1.0] * len(manifest["train_accuracy"])}
    assert "by heart" in advice(by_heart)
    assert "permuted" in advice({**by_heart, "config": {**manifest["config"], "shuffle_labels": True}})
    assert "To try" not in summary(load_run("laptop").folder)
    assert records.beside({"command": "x --seeds 4"}) == 4
