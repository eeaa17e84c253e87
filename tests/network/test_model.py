"""The two passes agree, the blocks are what the papers say, and hooks change what they name and nothing else."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from src.lens.interventions import hook_shapes, run_with_cache, run_with_hooks
from src.network.model import Transformer, count_parameters, dropout, predict
from src.network.presets import preset
from src.network.tasks import make_dataset

BLOCKS = ["standard", "sas", "sas-p"]


def network(key, **changes):
    config = replace(preset("smoke"), dropout=0.0, **changes)
    data = make_dataset(config)
    model = Transformer(config, data, key=key)
    noise = jax.tree.map(lambda x: 0.3 * jax.random.normal(key, x.shape), model)  # W_Q starts at 0 in the simplified block
    return config, data, jax.tree.map(jnp.add, model, noise)


@pytest.mark.parametrize("n_layers", [1, 3])
@pytest.mark.parametrize("block", BLOCKS)
def test_fast_and_full_pass_agree(block, n_layers, getkey):
    _, data, model = network(getkey(), block=block, n_layers=n_layers)
    full, _ = run_with_cache(model, data.tokens)
    np.testing.assert_allclose(predict(model, jnp.asarray(data.tokens)), full, rtol=0, atol=1e-4 * float(jnp.abs(full).max()))


@pytest.mark.parametrize("block", BLOCKS)
def test_cached_shapes_are_the_documented_ones(block, getkey):
    config, data, model = network(getkey(), block=block, n_layers=2)
    shapes = hook_shapes(model)
    c, h, d = data.n_ctx, config.n_heads, config.d_head
    assert shapes["hook_embed"] == (c, config.d_model)
    assert shapes["blocks.1.attn.hook_q"] == shapes["blocks.0.attn.hook_z"] == (c, h, d)
    assert shapes["blocks.0.attn.hook_pattern"] == (h, c, c)
    assert shapes["blocks.1.mlp.hook_post"] == (c, config.d_mlp)
    _, cache = run_with_cache(model, data.tokens[:5])
    assert {name: x.shape for name, x in cache.items()} == {name: (5, *s) for name, s in shapes.items()}
    assert ("blocks.0.attn.hook_shaped" in shapes) == (block != "standard")


@pytest.mark.parametrize("block", BLOCKS)
def test_hooks_off_is_the_plain_pass_and_a_self_patch_is_the_identity(block, getkey):
    _, data, model = network(getkey(), block=block)
    logits, cache = run_with_cache(model, data.tokens)
    assert (run_with_hooks(model, data.tokens, {}) == logits).all()
    for name, x in cache.items():
        patched = jax.vmap(lambda t, y, name=name: run_with_hooks(model, t, {name: lambda _: y}))(jnp.asarray(data.tokens), x)
        np.testing.assert_allclose(patched, logits, atol=1e-5, rtol=1e-5)


def test_a_hook_changes_what_follows_and_nothing_before(getkey):
    _, data, model = network(getkey())
    logits = run_with_hooks(model, data.tokens, {"blocks.0.mlp.hook_post": jnp.zeros_like})
    _, cache = run_with_cache(model, data.tokens)
    np.testing.assert_allclose(logits, cache["blocks.0.hook_resid_mid"][:, -1] @ model.W_U, atol=1e-4, rtol=1e-4)


def test_unknown_hook_lists_the_known_ones(getkey):
    _, data, model = network(getkey())
    with pytest.raises(KeyError, match=r"hook_posts.*blocks\.0\.mlp\.hook_post"):
        run_with_hooks(model, data.tokens, {"blocks.0.mlp.hook_posts": lambda x: x})


def test_a_hook_of_another_shape_is_refused(getkey):
    _, data, model = network(getkey())
    with pytest.raises(ValueError, match=r"hook_pattern.*\(1,\)"):
        run_with_hooks(model, data.tokens[0], {"blocks.0.attn.hook_pattern": lambda x: jnp.zeros(1)})


@pytest.mark.parametrize("block", BLOCKS)
def test_attention_is_causal_and_normalised(block, getkey):
    _, data, model = network(getkey(), block=block)
    _, cache = run_with_cache(model, data.tokens)
    pattern = cache["blocks.0.attn.hook_pattern"]
    np.testing.assert_allclose(pattern.sum(-1), 1, rtol=1e-5)
    assert (np.triu(np.asarray(pattern), 1) == 0).all()


def test_shaped_attention_starts_as_the_identity(getkey):
    config = replace(preset("smoke"), block="sas")
    data = make_dataset(config)
    _, cache = run_with_cache(Transformer(config, data, key=getkey()), data.tokens)
    np.testing.assert_allclose(cache["blocks.0.attn.hook_shaped"], np.broadcast_to(np.eye(3), (121, 2, 3, 3)), atol=1e-6)


def test_one_layer_parallel_block_never_shows_its_mlp_a_digit(getkey):
    _, data, model = network(getkey(), block="sas-p")
    _, cache = run_with_cache(model, data.tokens)
    assert (cache["blocks.0.mlp.hook_pre"][:, -1] == cache["blocks.0.mlp.hook_pre"][:1, -1]).all()


def test_logits_are_the_sum_of_what_the_standard_stream_adds(getkey):
    _, data, model = network(getkey(), n_layers=2)
    logits, cache = run_with_cache(model, data.tokens)
    parts = [cache["hook_embed"] + cache["hook_pos_embed"]] + [
        cache[f"blocks.{i}.hook_{part}_out"] for i in range(2) for part in ("attn", "mlp")
    ]
    np.testing.assert_allclose(sum(part[:, -1] @ model.W_U for part in parts), logits, atol=1e-4, rtol=1e-3)


def test_parameter_counts():
    config = replace(preset("paper"))
    data = make_dataset(config)
    count = {
        b: count_parameters(jax.eval_shape(lambda k, b=b: Transformer(replace(config, block=b), data, key=k), jax.random.key(0)))
        for b in BLOCKS
    }
    d, out = 256, sum(data.widths)
    shared = 114 * d + 3 * d + d * out + 2 * d * 4 * d
    assert count["standard"] == shared + 4 * d * d
    assert count["sas"] == count["sas-p"] == shared + 3 * d * d + 3 * 4 + 1


def test_dropout_keeps_the_mean_and_the_rate(getkey):
    x = jnp.ones((200, 101))
    y = dropout(x, 0.1, getkey())
    assert abs(float((y == 0).mean()) - 0.1) < 0.01 and abs(float(y.mean()) - 1) < 0.02
    assert dropout(x, 0.1, None) is x
