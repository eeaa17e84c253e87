"""The certificate never claims more than is true, and proves the networks written by hand."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from src.circuits.by_hand import carry_network, phase_network, writing_groups
from src.lens.interventions import run_with_cache
from src.network.model import Transformer, predict
from src.network.packing import task_accuracy
from src.network.presets import preset
from src.network.runs import load_run
from src.network.tasks import make_dataset
from src.studies.certificate import certify, certify_by_rank, stream, tables


@pytest.mark.parametrize("write", [phase_network, carry_network])
@pytest.mark.parametrize("name", ["laptop", "paper"])
def test_hand_written_networks_are_proved_with_less_work(name, write):
    config = preset(name)
    model = write(config)
    proof = certify(model, config, writing_groups(model, config))
    assert (proof.bound == 1).all() and proof.operations * 20 < proof.brute_force


@pytest.mark.parametrize("block", ["standard", "sas"])
@pytest.mark.parametrize("scale", [0.0, 0.003, 1.0])
def test_the_bound_is_never_above_the_accuracy(block, scale, getkey):
    config = replace(preset("laptop"), p=11, block=block)
    data = make_dataset(config)
    model = jax.tree.map(lambda x: x * (1 + scale * jax.random.normal(getkey(), x.shape)), phase_network(config, 7))
    accuracy = np.asarray(task_accuracy(predict(model, jnp.asarray(data.tokens)), jnp.asarray(data.labels), data.widths))
    rng = np.random.default_rng(0)
    for groups in (writing_groups(model, config), rng.random((4, config.d_mlp)) < 0.9, np.zeros((4, config.d_mlp), bool)):
        bound = certify(model, config, groups).bound
        assert (bound <= accuracy + 1e-6).all()
    if scale == 0.003:
        assert certify(model, config, writing_groups(model, config)).bound.mean() > 0


@pytest.mark.parametrize("block", ["standard", "sas"])
def test_tables_are_the_network_within_their_error(block, getkey):
    config = replace(preset("smoke"), p=7, d_model=16, d_mlp=24, block=block)
    data = make_dataset(config)
    model = jax.tree.map(lambda x: x + 0.3 * jax.random.normal(getkey(), x.shape), Transformer(config, data, key=getkey()))
    t = tables(model, config)
    _, cache = run_with_cache(model, jnp.asarray(data.tokens))
    pre = np.asarray(cache["blocks.0.mlp.hook_pre"][:, -1])
    ours = t.f[0][data.tokens[:, 0]] + t.f[1][data.tokens[:, 1]]
    assert (np.abs(pre - ours) <= t.f_error + 1e-4).all()
    direct = np.asarray(cache["blocks.0.hook_resid_mid"][:, -1] @ model.W_U)
    assert (np.abs(direct - t.d[0][data.tokens[:, 0]] - t.d[1][data.tokens[:, 1]]) <= t.d_error + 1e-4).all()


@pytest.mark.parametrize("block", ["standard", "sas"])
def test_the_stream_from_tables_is_the_networks(block, getkey):
    config = replace(preset("smoke"), p=7, d_model=16, d_mlp=24, block=block)
    data = make_dataset(config)
    model = jax.tree.map(lambda x: x + 0.3 * jax.random.normal(getkey(), x.shape), Transformer(config, data, key=getkey()))
    _, cache = run_with_cache(model, jnp.asarray(data.tokens))
    np.testing.assert_allclose(stream(model, config)[0], cache["blocks.0.hook_resid_post"][:, -1], rtol=1e-3, atol=1e-3)


def test_a_trained_network_is_proved_and_every_bound_holds():
    run = load_run("laptop")
    logits = predict(run.model, jnp.asarray(run.dataset.tokens))
    accuracy = np.asarray(task_accuracy(logits, jnp.asarray(run.dataset.labels), run.dataset.widths))
    proofs = [certify(run.model, run.config, np.ones((15, 512), bool)), *certify_by_rank(run.model, run.config, (2, 16, 53))]
    assert all((proof.bound <= accuracy + 1e-6).all() for proof in proofs)
    np.testing.assert_allclose(proofs[-1].bound, accuracy, atol=1e-6)
    assert proofs[-1].operations < proofs[-1].brute_force and proofs[1].operations < proofs[2].operations
    assert 0 < proofs[1].bound.mean() < proofs[2].bound.mean() < 1


def test_other_tasks_are_refused():
    with pytest.raises(ValueError, match="addition"):
        certify(load_run("addition").model, preset("addition"), np.ones((1, 512), bool))
