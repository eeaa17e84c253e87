"""What is saved comes back, and whatever is not what it should be is a clear error that loses nothing."""

import hashlib
import json
import re
import shutil
import struct
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from src.network import checkpoint, runs
from src.network.checkpoint import CheckpointError, atomic_write, cast, fill, load_dataset, load_model, named_leaves, read, save
from src.network.config import Config
from src.network.model import Transformer, predict
from src.network.paths import PACKAGE, checkpoints
from src.network.presets import preset
from src.network.records import correct_cells
from src.network.runs import find_run, list_runs, load_run
from src.network.tasks import make_dataset


@pytest.fixture
def saved(tmp_path, getkey):
    config = preset("smoke")
    data = make_dataset(config).with_split(np.arange(121) % 3 == 0)  # not the split that the config would draw
    model = Transformer(config, data, key=getkey())
    path = tmp_path / "step-7.safetensors"
    save(path, model, config=config, dataset=data, step=7)
    return path, config, data, model


def load(path):
    found = read(path)
    config, dataset = load_dataset(found, path)
    return config, dataset, load_model(found, config, dataset, path), found.step


def rewrite(path, change=lambda tensors, metadata: None):
    """Write the file anew after `change`, by the package alone."""
    with safe_open(path, "numpy") as file:
        metadata = dict(file.metadata())
    tensors = load_file(path)
    change(tensors, metadata)
    save_file(tensors, path, metadata)


def redigest(tensors, metadata):
    metadata["digest"] = checkpoint.tensors_digest(tensors)


def test_round_trip(saved):
    path, config, data, model = saved
    config2, data2, model2, step = load(path)
    assert config2 == config and step == 7
    assert (data2.train_mask == data.train_mask).all()
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), model, model2))


def test_tensors_have_transformer_lens_names(saved):
    path, *_ = saved
    attention = {f"blocks.0.attn.{name}" for name in ("W_Q", "W_K", "W_V", "W_O")}
    others = {"embed.W_E", "pos_embed.W_pos", "blocks.0.mlp.W_in", "blocks.0.mlp.W_out", "unembed.W_U"}
    assert set(load_file(path)) == attention | others
    sas = replace(preset("smoke"), block="sas")
    names = named_leaves(jax.eval_shape(lambda key: Transformer(sas, make_dataset(sas), key=key), jax.random.key(0)))
    assert {"blocks.0.attn.shape_gains", "blocks.0.mlp_gain"} <= set(names) and "blocks.0.attn.W_O" not in names


def test_equal_networks_are_equal_files(saved, tmp_path):
    path, config, data, model = saved
    for i in range(5):
        save(tmp_path / f"{i}.safetensors", model, config=config, dataset=data, step=7)
        assert (tmp_path / f"{i}.safetensors").read_bytes() == path.read_bytes()


def test_half_precision_round_trip(saved, tmp_path):
    _, config, data, model = saved
    save(tmp_path / "half.safetensors", cast(model, jnp.float16), config=config, dataset=data, step=1)
    model2 = load(tmp_path / "half.safetensors")[2]
    assert model2.W_E.dtype == jnp.float32
    np.testing.assert_allclose(model2.W_E, model.W_E, rtol=1e-3, atol=1e-6)


BAD = {
    "an altered tensor": (lambda t, m: t.update({"embed.W_E": t["embed.W_E"] + 1}), "digest"),
    "a tensor too many": (lambda t, m: (t.update(extra=np.zeros(3, np.float32)), redigest(t, m)), "has too many 'extra'"),
    "a tensor too few": (lambda t, m: (t.pop("embed.W_E"), redigest(t, m)), r"misses 'embed\.W_E'"),
    "another shape": (lambda t, m: (t.update({"embed.W_E": t["embed.W_E"].T.copy()}), redigest(t, m)), r"embed\.W_E is float32\[32, 12\]"),
    "another dtype": (lambda t, m: (t.update({"embed.W_E": t["embed.W_E"].astype(np.float64)}), redigest(t, m)), "float64"),
    "names exchanged": (
        lambda t, m: t.update({"blocks.0.attn.W_K": t["blocks.0.attn.W_V"], "blocks.0.attn.W_V": t["blocks.0.attn.W_K"]}), "digest",
    ),
    "an unknown config key": (lambda t, m: m.update(config=json.dumps({**json.loads(m["config"]), "colour": "blue"})), "colour"),
    "a NaN in the config": (lambda t, m: m.update(config=m["config"].replace('"lr": 0.01', '"lr": NaN')), "NaN"),
    "a config that is no object": (lambda t, m: m.update(config="[]"), "no object"),
    "a step that is no number": (lambda t, m: m.update(step="NaN"), "bad metadata"),
    "a split of another size": (lambda t, m: m.update(split=m["split"][:8]), "split"),
    "a split that is not base64": (lambda t, m: m.update(split="?" * 8), "bad metadata"),
    "a step below 0": (lambda t, m: m.update(step="-5"), "below 0"),
    "nothing trained on": (lambda t, m: m.update(split="A" * len(m["split"].rstrip("=")) + "=" * m["split"].count("=")), "split"),
    "a config too deep": (lambda t, m: m.update(config="[" * 100_000), "bad metadata"),
    "a name of two lines": (lambda t, m: (t.update({"a\nb": np.zeros(3, np.float32)}), redigest(t, m)), "too many"),
    "another format": (lambda t, m: m.update(format="pt"), "not a MIIII checkpoint"),
    "no config": (lambda t, m: m.pop("config"), "not a MIIII checkpoint"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_file_that_is_not_right_is_named_in_one_line(saved, what):
    path, *_ = saved
    change, message = BAD[what]
    rewrite(path, change)
    with pytest.raises(CheckpointError, match=message) as error:
        load(path)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


@pytest.mark.parametrize("cut", [0, 4, 8, 100, -10, -1])
def test_truncated(saved, cut):
    path, *_ = saved
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(CheckpointError, match="truncated"):
        load(path)


def test_too_long(saved):
    path, *_ = saved
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(CheckpointError, match="safetensors"):
        load(path)


def test_a_header_of_a_gigabyte_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:  # sparse: a gigabyte that is not on the disk
        file.write(struct.pack("<Q", 1 << 30))
        file.truncate((1 << 30) + 8)
    with pytest.raises(CheckpointError, match="safetensors"):
        read(path)


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_foreign_files(tmp_path, content):
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        read(path)


def test_a_file_of_somebody_elses_and_none(tmp_path):
    save_file({"w": np.zeros(3, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="not a MIIII checkpoint"):
        read(tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        read(tmp_path / "none.safetensors")


def test_another_architecture(saved):
    path, config, _, _ = saved
    wider = replace(config, d_model=64)
    like = jax.eval_shape(lambda key: Transformer(wider, make_dataset(wider), key=key), jax.random.key(0))
    with pytest.raises(CheckpointError, match=r"where this model has float32\[12, 64\]"):
        fill(read(path), like, path)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as file:
        file.write(b"new")
        raise RuntimeError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


# sha256 of each tensor of the committed network `laptop`, seed 0, as float32, noted from the files before they were safetensors.
BEFORE = {
    "embed.W_E": "d49ee7f2d4d2e5ae3a6d2505d67ee6d3",
    "pos_embed.W_pos": "d98d4fe69be5bf83b11eaf74c3d9f7eb",
    "blocks.0.attn.W_Q": "0f698f80aecfc440f19c6aa5ad15e37f",
    "blocks.0.attn.W_K": "60928de3533e0d2c5ed2797128e00a36",
    "blocks.0.attn.W_V": "73b7f8e145b60b74dd29bb8510fd0561",
    "blocks.0.attn.W_O": "a8b9b985e703cd0a29678038a78dc7d9",
    "blocks.0.mlp.W_in": "3b03a120d751c88f9742caed3a13a280",
    "blocks.0.mlp.W_out": "9e4474f7dabfd219631412ca876c7d32",
    "unembed.W_U": "9bcb3efdbe65e25aa689662b62f046a0",
}


def test_the_weights_are_what_they_were_before_the_format_changed():
    tensors = {name: np.asarray(leaf) for name, leaf in named_leaves(load_run("laptop", 0).model).items()}
    assert {name: hashlib.sha256(x.tobytes()).hexdigest()[:32] for name, x in tensors.items()} == BEFORE


def test_the_readmes_reader_needs_safetensors_and_numpy_alone():
    """The README's snippet runs as it stands, without our package, and prints the accuracy of the manifest."""
    (snippet,) = [
        code for code in re.findall(r"```python\n(.*?)```", (PACKAGE.parent / "README.md").read_text(), re.S) if "safe_open" in code
    ]
    assert not re.findall(r"(?m)^(?:import|from) (?!json|numpy|safetensors)", snippet)
    scope = {}
    exec(snippet.replace('"checkpoints/', f'"{checkpoints()}/'), scope)
    manifest = load_run("laptop").manifest
    accuracy = 1 - manifest["wrong_cells"] / manifest["cells"]
    np.testing.assert_allclose(scope["accuracy"], accuracy, atol=3 / manifest["cells"])


def test_the_expected_runs_are_committed_and_small():
    assert {("paper", 0), ("paper-standard", 0), ("addition", 0), ("laptop", 0), ("laptop", 1), ("laptop", 2)} <= set(list_runs())
    sizes = {path: path.stat().st_size for path in checkpoints().rglob("*") if path.is_file()}
    assert all(size <= (16 if checkpoints() / "wide" in path.parents else 5) * 2**20 for path, size in sizes.items())
    assert sum(sizes.values()) <= 90 * 2**20


def test_half_precision_finals_lose_no_cell_of_their_own_metrics():
    run = load_run("paper")
    correct = correct_cells(run.model, run.dataset)
    np.testing.assert_allclose(correct[run.dataset.valid_idx].mean(0), run.metrics["valid_accuracy"][-1], atol=1e-3)


def test_a_run_is_named_by_a_committed_name_or_by_a_path(tmp_path, monkeypatch):
    shutil.copytree(checkpoints() / "laptop", tmp_path / "runs" / "laptop")
    monkeypatch.chdir(tmp_path)
    by_name = [load_run("laptop", 1), load_run("laptop/seed-1"), load_run("laptop", seed=1, step=1250)]
    by_path = [load_run("runs/laptop", 1), load_run("runs/laptop/seed-1"), load_run(tmp_path / "runs" / "laptop" / "seed-1")]
    assert len({run.digest for run in by_name + by_path}) == 1
    assert by_path[0].folder.resolve() == tmp_path / "runs" / "laptop" / "seed-1" != by_name[0].folder
    assert load_run("laptop").config.seed == 0 == load_run("runs/laptop").config.seed
    (tmp_path / "paper").mkdir()  # a folder of that name is no run
    assert load_run("paper").folder == checkpoints() / "paper" / "seed-0"


@pytest.mark.parametrize(("arguments", "message"), [
    (("desktop",), "laptop seed 0"), (("laptop", 9), "with seed 9.*laptop seed 0"), (("runs/nothing/seed-3",), "nothing"),
    (("laptop/seed-1", 2), "names seed 1"), (("addition", 0, 3), "kept are"),
])  # fmt: skip
def test_a_run_that_is_not_there_lists_those_that_are(arguments, message):
    with pytest.raises(CheckpointError, match=message) as error:
        load_run(*arguments)
    assert "\n" not in str(error.value)


def test_an_unfinished_run_says_so(tmp_path):
    (tmp_path / "seed-0").mkdir()
    (tmp_path / "state-0.safetensors").touch()
    with pytest.raises(CheckpointError, match="not finished"):
        find_run(tmp_path)


def test_without_a_checkout_one_line_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setenv("MIIII_ROOT", str(tmp_path))
    assert list_runs() == []
    for ask in (lambda: load_run("paper"), lambda: runs.committed_seeds("paper")):
        with pytest.raises(CheckpointError, match=f"MIIII_ROOT={tmp_path}.*set MIIII_ROOT") as error:
            ask()
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["[]", "null", "{}", '{"files": []}', "not JSON"])
def test_a_manifest_of_something_else_is_one_line(tmp_path, text):
    (tmp_path / "seed-0").mkdir()
    (tmp_path / "seed-0" / "MANIFEST.json").write_text(text)
    with pytest.raises(CheckpointError, match="no manifest of a run"):
        load_run(tmp_path)


def test_a_folder_of_another_name_is_not_listed_and_a_name_too_long_is_one_line(tmp_path):
    (tmp_path / "laptop" / "seed-x").mkdir(parents=True)
    (tmp_path / "laptop" / "seed-x" / "MANIFEST.json").write_text("{}")
    assert list_runs(tmp_path) == []
    with pytest.raises(CheckpointError, match="no run"):
        load_run("x" * 300)


def test_an_altered_file_fails_its_digest(tmp_path):
    shutil.copytree(checkpoints() / "laptop", tmp_path / "laptop")
    path = max((tmp_path / "laptop" / "seed-0").glob("step-*.safetensors"))
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="sha256"):
        load_run(tmp_path / "laptop")
    with pytest.raises(CheckpointError, match="digest"):
        read(path)


def test_a_config_is_built_once_a_load(monkeypatch):
    calls, build = [], Config.from_dict
    monkeypatch.setattr(Config, "from_dict", lambda values: calls.append(values) or build(values))
    load_run("laptop")
    assert len(calls) == 1


def test_predictions_do_not_depend_on_the_batch():
    run = load_run("laptop")
    tokens = jnp.asarray(run.dataset.tokens)
    np.testing.assert_allclose(predict(run.model, tokens)[:64], predict(run.model, tokens[:64]), rtol=1e-3, atol=1e-3)
