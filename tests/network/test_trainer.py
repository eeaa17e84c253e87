"""Training learns, resumes bit for bit, loses nothing when stopped, and refuses what it cannot do."""

import dataclasses
import json
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from typer.testing import CliRunner

from src.network import trainer
from src.network.checkpoint import CheckpointError, named_leaves
from src.network.config import ConfigError
from src.network.model import Transformer, predict
from src.network.optimizers import grokfast, make_optimizer, schedule
from src.network.packing import cross_entropy, split_logits, task_accuracy, task_loss
from src.network.presets import preset
from src.network.records import publish
from src.network.runs import load_run
from src.network.tasks import make_dataset
from src.network.trainer import (
    Diverged,
    batch_rows,
    init_state,
    kept_steps,
    loss_and_gradient,
    make_chunk,
    make_evaluate,
    n_pieces,
    train,
)
from src.train import app

pytestmark = pytest.mark.usefixtures("optax_promotes")
SMALL = replace(preset("smoke"), p=7, d_model=16, d_mlp=32, steps=60, eval_every=10, keep=2)


def weights(folder):
    return max(folder.glob("step-*.safetensors"), key=lambda path: int(path.stem[5:])).read_bytes()


def stop_at(step):
    def on_chunk(now, metrics):
        if now >= step:
            raise KeyboardInterrupt

    return on_chunk


@pytest.mark.parametrize(("optimizer", "batch"), [("muon", 0), ("adamw", 8)])
def test_resume_equals_uninterrupted(tmp_path, optimizer, batch):
    config = replace(SMALL, optimizer=optimizer, batch=batch, grokfast_lambda=0.5, decay=0.5)
    (whole,) = train(config, (3,), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(config, (3,), tmp_path / "parts", on_chunk=stop_at(30))
    (parts,) = train(config, (3,), tmp_path / "parts", resume=True)
    assert weights(whole) == weights(parts)
    a, b = (load_run(tmp_path / name / "smoke", 3).metrics for name in ("whole", "parts"))
    assert all((a[name] == b[name]).all() for name in a if name != "seconds")
    assert a["step"].tolist() == list(range(0, 61, 10))


def test_evaluation_in_pieces_is_evaluation():
    """Whatever the size of a piece, and where the last one is not full; against the tasks one by one."""
    data = make_dataset(SMALL)
    model = init_state(SMALL, data, jnp.asarray(3, jnp.int32)).model
    models = jax.tree.map(lambda x: jnp.stack([x, 2 * x]), model)
    logits = jax.vmap(lambda m: predict(m, jnp.asarray(data.tokens)))(models)
    for most in (49, 10, 7):
        found = make_evaluate(data, most)(models)
        for half, rows in (("train", data.train_idx), ("valid", data.valid_idx)):
            for what, f in (("loss", task_loss), ("accuracy", task_accuracy)):
                expected = jnp.stack([f(x[rows], jnp.asarray(data.labels)[rows], data.widths) for x in logits])
                np.testing.assert_allclose(found[f"{half}_{what}"], expected, rtol=1e-5)


def test_a_batch_is_drawn_from_the_rows_trained_on_anew_each_step():
    """With plain gradient descent on the loss of a batch, two steps move the weights by the gradients of two different batches."""
    config = replace(SMALL, batch=4, dropout=0.0)
    data = make_dataset(config)
    tokens, labels = (jnp.asarray(x[data.train_idx]) for x in (data.tokens, data.labels))
    rows = [np.asarray(batch_rows(config, jnp.asarray(5), jnp.asarray(step), len(tokens))) for step in range(200)]
    assert all(row.shape == (4,) for row in rows) and len({tuple(row) for row in rows}) > 190
    counts = np.bincount(np.concatenate(rows), minlength=len(tokens))
    assert len(counts) == len(tokens) and ((counts - counts.mean()) ** 2 / counts.mean()).sum() < 83  # chi squared, mean 38, deviation 9
    state = init_state(config, data, jnp.asarray(5, jnp.int32))
    stacked = jax.tree.map(lambda x: x[None], state)
    _, losses = make_chunk(config, data.widths)(stacked, tokens, labels, 1)
    expected, _ = loss_and_gradient(state.model, tokens[rows[0]], labels[rows[0]], data.widths, jax.random.key(0), balanced=False)
    assert float(losses[0, 0]) == pytest.approx(float(expected), rel=1e-5)


def plain_loss(model, tokens, labels, widths, key, balanced):
    """The training loss task after task, of all rows at once."""
    logits = jax.vmap(lambda t, k: model(t, key=k))(tokens, jax.random.split(key, len(tokens)))
    each = []
    for t, part in enumerate(split_logits(logits, widths)):
        losses, mine = cross_entropy(part, labels[:, t]), np.asarray(labels[:, t])
        groups = [mine == c for c in np.unique(mine)] if balanced else [np.full(len(mine), True)]
        each.append(jnp.stack([losses[np.flatnonzero(group)].mean() for group in groups]).mean() / np.log(part.shape[1]))
    return jnp.stack(each).mean()


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("cut", [1, 2, 5, 39, 50])
def test_the_gradient_in_pieces_is_the_gradient(balanced, cut, getkey):
    """With dropout, over classes as over rows, where the last piece is not full, and where there are more pieces than rows."""
    data = make_dataset(SMALL)
    model = Transformer(SMALL, data, key=getkey())
    given = (model, jnp.asarray(data.tokens[data.train_idx]), jnp.asarray(data.labels[data.train_idx]), data.widths, getkey())
    assert len(given[1]) == 39 and SMALL.dropout > 0
    loss, gradient = jax.value_and_grad(plain_loss)(*given, balanced)
    found, in_pieces = loss_and_gradient(*given, balanced=balanced, pieces=cut)
    assert float(found) == pytest.approx(float(loss), rel=1e-5)
    for name, expected in named_leaves(gradient).items():
        small = 1e-6 * float(jnp.abs(expected).max())
        np.testing.assert_allclose(named_leaves(in_pieces)[name], expected, rtol=1e-3, atol=small, err_msg=name)


def test_training_in_pieces_is_training(monkeypatch):
    """Ten steps that cut their rows, and ten that do not. On an accelerator no step does."""
    data = make_dataset(SMALL)
    tokens, labels = (jnp.asarray(x[data.train_idx]) for x in (data.tokens, data.labels))
    assert n_pieces(len(tokens)) == 1

    def losses() -> np.ndarray:
        states = jax.vmap(lambda seed: init_state(SMALL, data, seed))(jnp.arange(2, dtype=jnp.int32))
        return np.asarray(make_chunk(SMALL, data.widths)(states, tokens, labels, 10)[1])

    whole = losses()
    monkeypatch.setattr(trainer, "PIECE_ROWS", 10)
    assert n_pieces(len(tokens)) == 4
    np.testing.assert_allclose(losses(), whole, rtol=1e-3)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert n_pieces(len(tokens)) == 1


def test_a_batch_larger_than_the_rows_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="batch=100: more than the 39 rows trained on; 0 takes all of them"):
        train(replace(SMALL, batch=100), (0,), tmp_path)
    with pytest.raises(ConfigError, match="batch=-1: must be >= 0"):
        replace(SMALL, batch=-1)
    assert not list(tmp_path.iterdir())


def test_training_memorises_its_rows(tmp_path):
    config = replace(SMALL, steps=300, dropout=0.0, weight_decay=0.0, task="addition")
    train(config, (0,), tmp_path)
    metrics = load_run(tmp_path / "smoke").metrics
    assert metrics["train_accuracy"][-1].min() == 1.0 and metrics["train_accuracy"][0].mean() < 0.6


def test_seeds_side_by_side_equal_seeds_alone(tmp_path):
    config = replace(SMALL, steps=20)
    train(config, (0, 1), tmp_path / "both")
    train(config, (1,), tmp_path / "alone")
    both, alone = load_run(tmp_path / "both" / "smoke", 1), load_run(tmp_path / "alone" / "smoke", 1)
    np.testing.assert_allclose(both.model.W_E, alone.model.W_E, atol=2e-3)
    assert both.config == alone.config and both.config.seed == 1
    assert np.abs(load_run(tmp_path / "both" / "smoke", 0).model.W_E - both.model.W_E).max() > 0.01


def test_a_nan_stops_and_keeps_the_last_good_state(tmp_path):
    config = replace(SMALL, lr=1e30, optimizer="adamw", weight_decay=0.0, warmup=0)
    with pytest.raises(Diverged, match=r"seed 0 is .* at step \d+"):
        train(config, (0,), tmp_path)
    assert (tmp_path / "smoke" / "state-0.safetensors").exists()


def test_another_run_in_the_folder_is_refused_and_untouched(tmp_path):
    (folder,) = train(SMALL, (0,), tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for config, resume, message in (
        (replace(SMALL, lr=0.5), False, "another run .*lr"),
        (SMALL, False, "finished"),
        (SMALL, True, "finished"),
    ):
        with pytest.raises(ConfigError, match=message):
            train(config, (0,), tmp_path, resume=resume)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "smoke" / "seed-0").mkdir(parents=True)
    (tmp_path / "smoke" / "seed-0" / "thesis.txt").write_text("x")
    with pytest.raises(ConfigError, match="not a run of ours"):
        train(SMALL, (0,), tmp_path)


def test_a_stopped_run_asks_for_resume(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, (0,), tmp_path, on_chunk=stop_at(20))
    with pytest.raises(ConfigError, match=r"step 20; add --resume"):
        train(SMALL, (0,), tmp_path)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--preset", "desktop"], "desktop"),
        (["--preset", "smoke", "--set", "p=15"], "p=15"),
        (["--preset", "smoke", "--set", "speed=3"], "speed"),
        (["--preset", "smoke", "--seeds", "0"], "--seeds 0"),
        (["--preset", "smoke", "--set", "seed=3"], "use --seed"),
        (["--preset", "smoke", "--resume"], "nothing to resume"),
    ],
)
def test_bad_input_is_one_line_exit_2_and_nothing_written(tmp_path, arguments, named):
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "runs")])
    assert result.exit_code == 2
    assert named in result.stderr and len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_command_line_trains_and_records(tmp_path):
    result = CliRunner().invoke(app, ["--preset", "smoke", "--set", "steps=20", "--seed", "5", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    manifest = json.loads((tmp_path / "smoke-steps-20" / "seed-5" / "MANIFEST.json").read_text())
    assert manifest["seed"] == manifest["config"]["seed"] == 5 and manifest["step"] == 20
    assert manifest["versions"]["jax"] == jax.__version__


def test_schedule_warms_up_holds_and_falls():
    config = replace(SMALL, lr=1.0, steps=100, warmup=10, decay=0.4)
    lr = np.asarray([schedule(config)(jnp.asarray(s)) for s in range(101)])
    assert 0 < lr[0] < lr[5] < lr[10] == lr[60] == 1 and np.isclose(lr[80], 0.5) and lr[100] == 0


def test_grokfast_is_the_papers_recurrence():
    filter_ = grokfast(0.98, 2.0)
    grads = [jnp.asarray([float(i)]) for i in (1, -2, 3)]
    state, mean = filter_.init(grads[0]), 0.0
    for g in grads:
        out, state = filter_.update(g, state)
        mean = 0.98 * mean + 0.02 * float(g[0])
        np.testing.assert_allclose(out[0], float(g[0]) + 2 * mean, rtol=1e-5)


def test_muon_takes_the_matrices_of_the_blocks_and_adam_the_rest(getkey):
    config = replace(SMALL, weight_decay=0.0, warmup=0, d_mlp=64)
    model = Transformer(config, make_dataset(config), key=getkey())
    optimizer = make_optimizer(config)
    grads = jax.tree.map(lambda x: jax.random.normal(getkey(), x.shape), model)
    updates, _ = optimizer.update(grads, optimizer.init(model), model)
    muon = updates.blocks[0].mlp.W_in
    singular = jnp.linalg.svd(muon, compute_uv=False)
    assert singular.max() / singular.min() < 3  # orthogonalised; the gradient's own ratio is larger
    raw = jnp.linalg.svd(grads.blocks[0].mlp.W_in, compute_uv=False)
    assert raw.max() / raw.min() > 2.5
    adam = optax.nadamw(config.lr, config.beta1, config.beta2, weight_decay=0.0)  # optax's Muon runs Nesterov's Adam beside it
    np.testing.assert_allclose(updates.W_E, adam.update(grads.W_E, adam.init(model.W_E), model.W_E)[0], rtol=1e-4)


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_gains_decay_unless_they_are_spared(getkey, optimizer):
    """In steps without gradient; of all other weights nothing changes."""
    config = replace(SMALL, block="sas", optimizer=optimizer, weight_decay=0.5, lr=0.1, warmup=0)
    model = Transformer(config, make_dataset(config), key=getkey())
    still, found = jax.tree.map(jnp.zeros_like, model), {}
    for spared in (False, True):
        rule = make_optimizer(replace(config, spare_gains=spared))
        found[spared] = optax.apply_updates(model, rule.update(still, rule.init(model), model)[0])
    for name, before in named_leaves(model).items():
        decayed, kept = (named_leaves(found[spared])[name] for spared in (False, True))
        np.testing.assert_allclose(decayed, 0.95 * before, rtol=1e-5)
        np.testing.assert_allclose(kept, before if "gain" in name else decayed, rtol=1e-6)


def test_the_loss_of_guessing_is_one_a_task(getkey):
    data = make_dataset(SMALL)
    silent = jax.tree.map(jnp.zeros_like, Transformer(SMALL, data, key=getkey()))
    loss, _ = loss_and_gradient(silent, jnp.asarray(data.tokens), jnp.asarray(data.labels), data.widths, getkey(), balanced=False)
    np.testing.assert_allclose(loss, 1.0, rtol=1e-6)


def test_kept_steps_grow_as_squares_on_the_chunk_grid():
    config = preset("addition")
    steps = sorted(kept_steps(config))
    assert steps[0] == 0 and steps[-1] == config.steps and config.keep * 0.9 < len(steps) <= config.keep + 1
    assert all(s % config.eval_every == 0 for s in steps)
    assert np.diff(np.sqrt(np.asarray(steps[20:], float))).std() < 0.5
    assert kept_steps(replace(config, keep=0)) == {config.steps}


def test_the_optimizer_is_optax_adamw_for_adamw(getkey):
    config = dataclasses.replace(SMALL, optimizer="adamw", warmup=0)
    model = Transformer(config, make_dataset(config), key=getkey())
    grads = jax.tree.map(jnp.ones_like, model)
    ours, reference = make_optimizer(config), optax.adamw(config.lr, config.beta1, config.beta2, weight_decay=config.weight_decay)
    a, b = (o.update(grads, o.init(model), model)[0] for o in (ours, reference))
    assert jax.tree.all(jax.tree.map(lambda x, y: bool(jnp.allclose(x, y)), a, b))


def test_publish_copies_a_thinned_run(tmp_path):
    (folder,) = train(SMALL, (0,), tmp_path / "runs")
    assert len(load_run(tmp_path / "runs" / "smoke").steps) == 3
    target = publish(folder, tmp_path / "committed", steps=2)
    run = load_run(tmp_path / "committed" / "smoke")
    assert run.steps == (0, 60) and target == tmp_path / "committed" / "smoke" / "seed-0"
    publish(folder, tmp_path / "committed")
    assert load_run(tmp_path / "committed" / "smoke").steps == (60,)
    assert not list(target.glob("step-0.safetensors")) and run.digest == load_run(tmp_path / "runs" / "smoke").digest
    with pytest.raises(ConfigError, match="steps=0"):
        publish(folder, tmp_path / "committed", steps=0)
    with pytest.raises(CheckpointError, match="no such run"):
        publish(tmp_path / "nowhere", tmp_path / "committed")


def test_publish_takes_nothing_away_before_it_has_everything(tmp_path):
    (folder,) = train(replace(SMALL, steps=20, keep=0), (0,), tmp_path / "runs")
    with pytest.raises(ConfigError, match="where it would be copied to"):
        publish(folder, tmp_path / "runs")
    assert load_run(folder).step == 20  # and it is still there
    target = publish(folder, tmp_path / "committed")
    (folder / "metrics.npz").unlink()
    with pytest.raises(CheckpointError, match=r"metrics\.npz: named in the manifest, but missing"):
        publish(folder, tmp_path / "committed")
    assert load_run(target).step == 20
