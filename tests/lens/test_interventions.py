"""Ablations and patches, each against a second way of computing it."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from src.lens.interventions import (
    ablate_neurons,
    activations,
    direct_logit_attribution,
    means,
    path_patch,
    replace_activations,
    resampled,
    run_with_cache,
    run_with_hooks,
    sites,
    zeros,
)
from src.network.model import Transformer
from src.network.presets import preset
from src.network.tasks import make_dataset

POST, Z, MID = "blocks.0.mlp.hook_post", "blocks.0.attn.hook_z", "blocks.0.hook_resid_mid"


@pytest.fixture(params=["standard", "sas"])
def network(request, getkey):
    config = replace(preset("smoke"), p=7, d_model=16, d_mlp=24, block=request.param)
    data = make_dataset(config)
    model = Transformer(config, data, key=getkey())
    noise = jax.tree.map(lambda x: x + 0.3 * jax.random.normal(getkey(), x.shape), model)  # W_Q of the simplified block starts at 0
    return noise, jnp.asarray(data.tokens)


def test_sites_hold_one_index_each(network):
    model, _ = network
    heads = sites(model, Z, -2)
    assert heads.shape == (2, 3, 2, 8) and (heads.sum(axis=(1, 2, 3)) == 24).all() and heads[1, :, 1].all() and not heads[1, :, 0].any()
    with pytest.raises(KeyError, match="hook_zz"):
        sites(model, "blocks.0.attn.hook_zz", 0)
    with pytest.raises(ValueError, match="no axis 3"):
        sites(model, Z, 3)


def test_a_self_patch_is_the_identity(network):
    model, tokens = network
    logits, cache = run_with_cache(model, tokens)
    for name in (POST, Z, "hook_embed"):
        patched = replace_activations(model, tokens, {name: sites(model, name, -1)}, cache)
        np.testing.assert_allclose(patched, np.broadcast_to(logits, patched.shape), atol=1e-5)


@pytest.mark.parametrize("source", [zeros, means, lambda cache: resampled(cache, jax.random.key(5))])
def test_a_sweep_equals_one_ablation_after_another(network, source):
    model, tokens = network
    _, cache = run_with_cache(model, tokens)
    elsewhere = source(cache)
    heads = sites(model, Z, -2)
    sweep = replace_activations(model, tokens, {Z: heads}, elsewhere)
    for h in range(2):
        one = jax.vmap(lambda t, z, h=h: run_with_hooks(model, t, {Z: lambda x: x.at[:, h].set(z[:, h])}))(tokens, elsewhere[Z])
        np.testing.assert_allclose(sweep[h], one, atol=1e-5)


def test_only_the_named_activations_are_kept(network):
    model, tokens = network
    _, cache = run_with_cache(model, tokens)
    some = activations(model, tokens, [POST, "hook_embed"])
    assert set(some) == {POST, "hook_embed"}
    for name, x in some.items():
        np.testing.assert_allclose(x, cache[name], atol=1e-5)
    np.testing.assert_allclose(activations(model, tokens[3], [Z])[Z], cache[Z][3], atol=1e-5)
    with pytest.raises(KeyError, match=r"no hook 'hook_zz'; this model has hook_embed"):
        activations(model, tokens, ["hook_zz"])


def test_several_hooks_go_together_and_reduce_sees_the_logits(network):
    model, tokens = network
    _, cache = run_with_cache(model, tokens)
    masks = {POST: jnp.ones((1, 3, 24), bool), Z: jnp.zeros((1, 3, 2, 8), bool)}
    loss = replace_activations(model, tokens, masks, zeros(cache), lambda x: (x**2).mean())
    expected = cache[MID][:, -1] @ model.W_U
    np.testing.assert_allclose(loss[0], (expected**2).mean(), rtol=1e-5)


def test_patching_everything_gives_the_other_run(network):
    model, tokens = network
    clean, corrupted = tokens, tokens[::-1]
    clean_logits, clean_cache = run_with_cache(model, clean)
    patched = replace_activations(model, corrupted, {"hook_embed": jnp.ones((1, 3, 16), bool)}, clean_cache)
    np.testing.assert_allclose(patched[0], clean_logits, atol=1e-5)


def test_neuron_sweeps_equal_the_general_ones(network):
    model, tokens = network
    _, cache = run_with_cache(model, tokens)
    elsewhere = means(cache)
    fast = ablate_neurons(model, tokens, elsewhere[POST][:, -1], lambda x: x)
    slow = replace_activations(model, tokens, {POST: sites(model, POST, -1)}, elsewhere)
    np.testing.assert_allclose(fast, slow, atol=1e-4)
    groups = np.random.default_rng(0).random((5, 24)) < np.asarray([[0.5], [0.1], [0.9], [0.0], [1.0]])
    fast = ablate_neurons(model, tokens, elsewhere[POST][:, -1], lambda x: x, groups)
    slow = replace_activations(model, tokens, {POST: jnp.broadcast_to(jnp.asarray(groups)[:, None], (5, 3, 24))}, elsewhere)
    np.testing.assert_allclose(fast, slow, atol=1e-4)


@pytest.mark.parametrize("block", ["standard", "sas", "sas-p"])
@pytest.mark.parametrize("n_layers", [1, 2])
def test_contributions_sum_to_the_logits(block, n_layers, getkey):
    config = replace(preset("smoke"), p=7, d_model=16, d_mlp=24, block=block, n_layers=n_layers)
    data = make_dataset(config)
    model = jax.tree.map(lambda x: x + 0.3 * jax.random.normal(getkey(), x.shape), Transformer(config, data, key=getkey()))
    parts = direct_logit_attribution(model, data.tokens)
    np.testing.assert_allclose(sum(parts.values()), run_with_cache(model, data.tokens)[0], atol=1e-3, rtol=1e-4)
    assert ("embed" in parts) == (block == "standard")


def test_paths_from_attention_split_into_direct_and_through_the_mlp(network):
    """In one layer a head reaches the logits directly and through the MLP; the direct path is linear, so the two add up."""
    model, tokens = network
    logits, cache = run_with_cache(model, tokens)
    other = zeros(cache)
    heads = {Z: sites(model, Z, -2)}
    through = path_patch(model, tokens, heads, other, POST)
    total = replace_activations(model, tokens, heads, other)
    direct = replace_activations(model, tokens, {**heads, POST: jnp.ones((2, 3, 24), bool)}, {**other, POST: cache[POST]})
    through, direct, total, logits = (np.asarray(x) for x in (through, direct, total, logits))
    np.testing.assert_allclose((through - logits) + (direct - logits), total - logits, atol=1e-4)
    frozen = path_patch(model, tokens, heads, other, POST, frozen=(MID,))
    np.testing.assert_allclose(frozen, np.broadcast_to(logits, frozen.shape), atol=1e-5)


def test_bad_input_is_named(network):
    model, tokens = network
    _, cache = run_with_cache(model, tokens)
    with pytest.raises(KeyError, match="hook_posts"):
        replace_activations(model, tokens, {"blocks.0.mlp.hook_posts": jnp.ones((1, 3, 24), bool)}, cache)
    with pytest.raises(ValueError, match=r"shape \(24,\)"):
        replace_activations(model, tokens, {POST: jnp.ones((1, 24), bool)}, cache)
    with pytest.raises(KeyError, match="source has no"):
        replace_activations(model, tokens, {POST: jnp.ones((1, 3, 24), bool)}, {})
    with pytest.raises(ValueError, match="interventions"):
        replace_activations(model, tokens, {POST: jnp.ones((1, 3, 24), bool), Z: jnp.ones((2, 3, 2, 8), bool)}, cache)
    with pytest.raises(KeyError, match="nowhere"):
        path_patch(model, tokens, {Z: sites(model, Z, -2)}, cache, "nowhere")
