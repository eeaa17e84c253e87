"""What is saved comes back, and whatever is not what it should be is a clear error that loses nothing."""

import json
import shutil
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.checkpoint import CHECKPOINTS, CheckpointError, atomic_write, cast, list_runs, load, load_model, load_run, save
from src.model import Transformer, predict
from src.presets import preset
from src.records import correct_cells
from src.tasks import make_dataset


@pytest.fixture
def saved(tmp_path, getkey):
    config = preset("smoke")
    data = make_dataset(config).with_split(np.arange(121) % 3 == 0)  # not the split that the config would draw
    model = Transformer(config, data, key=getkey())
    path = tmp_path / "step-7.eqx"
    save(path, model, config=config, dataset=data, step=7)
    return path, config, data, model


def edit_header(path, change):
    header, _, rest = path.read_bytes().partition(b"\n")
    header = json.loads(header)
    change(header)
    path.write_bytes(json.dumps(header).encode() + b"\n" + rest)


def test_round_trip(saved):
    path, config, data, model = saved
    config2, data2, model2, step = load_model(path)
    assert config2 == config and step == 7
    assert (data2.train_mask == data.train_mask).all()
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), model, model2))


def test_half_precision_round_trip(saved, tmp_path):
    _, config, data, model = saved
    save(tmp_path / "half.eqx", cast(model, jnp.float16), config=config, dataset=data, step=1)
    model2 = load_model(tmp_path / "half.eqx")[2]
    assert model2.W_E.dtype == jnp.float32
    np.testing.assert_allclose(model2.W_E, model.W_E, rtol=1e-3, atol=1e-6)


def test_same_shaped_leaves_in_another_order(saved):
    path, *_ = saved

    def swap(header):
        leaves = header["leaves"]
        k, v = (next(i for i, leaf in enumerate(leaves) if leaf["path"].endswith(name)) for name in ("W_K", "W_V"))
        assert leaves[k]["shape"] == leaves[v]["shape"]
        leaves[k], leaves[v] = leaves[v], leaves[k]

    edit_header(path, swap)
    with pytest.raises(CheckpointError, match="not those of this model"):
        load_model(path)


def test_truncated(saved):
    path, *_ = saved
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="truncated"):
        load_model(path)


def test_too_long(saved):
    path, *_ = saved
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(CheckpointError, match="more bytes"):
        load_model(path)


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_foreign_files(tmp_path, content):
    path = tmp_path / "foreign.eqx"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a MIIII checkpoint"):
        load_model(path)


def test_unknown_config_key(saved):
    path, *_ = saved
    edit_header(path, lambda header: header["config"].update(colour="blue"))
    with pytest.raises(CheckpointError, match="colour"):
        load_model(path)


def test_another_architecture(saved):
    path, config, _, _ = saved
    wider = replace(config, d_model=64)
    like = jax.eval_shape(lambda key: Transformer(wider, make_dataset(wider), key=key), jax.random.key(0))
    with pytest.raises(CheckpointError, match="not those of this model"):
        load(path, like)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as file:
        file.write(b"new")
        raise RuntimeError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("name", "seed"), list_runs())
def test_committed_runs_load_and_reach_what_their_manifest_says(name, seed):
    run = load_run(name, seed)
    correct = correct_cells(run.model, run.dataset)
    assert (run.config.run, run.config.seed, run.step) == (name, seed, run.steps[-1])
    assert abs(int((~correct).sum()) - run.manifest["wrong_cells"]) <= 3  # other CPUs sum in another order
    assert min(run.manifest["valid_accuracy"]) >= 0.99
    assert run.metrics["valid_accuracy"].shape == (len(run.metrics["step"]), len(run.dataset.task_names))


def test_the_expected_runs_are_committed_and_small():
    assert {("paper", 0), ("paper-standard", 0), ("addition", 0), ("laptop", 0), ("laptop", 1), ("laptop", 2)} <= set(list_runs())
    sizes = [path.stat().st_size for path in CHECKPOINTS.rglob("*") if path.is_file()]
    assert max(sizes) <= 5 * 2**20 and sum(sizes) <= 45 * 2**20


def test_half_precision_finals_lose_no_cell_of_their_own_metrics():
    run = load_run("paper")
    correct = correct_cells(run.model, run.dataset)
    np.testing.assert_allclose(correct[run.dataset.valid_idx].mean(0), run.metrics["valid_accuracy"][-1], atol=1e-3)


def test_a_run_that_is_not_there_lists_those_that_are():
    with pytest.raises(CheckpointError, match="laptop seed 0"):
        load_run("desktop")
    with pytest.raises(CheckpointError, match="kept are"):
        load_run("addition", step=3)


def test_an_altered_file_fails_its_digest(tmp_path):
    shutil.copytree(CHECKPOINTS / "laptop", tmp_path / "laptop")
    path = max((tmp_path / "laptop" / "seed-0").glob("step-*.eqx"))
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="sha256"):
        load_run("laptop", root=tmp_path)


def test_predictions_do_not_depend_on_the_batch():
    run = load_run("laptop")
    tokens = jnp.asarray(run.dataset.tokens)
    np.testing.assert_allclose(predict(run.model, tokens)[:64], predict(run.model, tokens[:64]), rtol=1e-3, atol=1e-3)
