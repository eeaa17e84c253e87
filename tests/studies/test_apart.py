"""Another prime's part in a task, taken apart."""

import jax.numpy as jnp
import numpy as np
import pytest

from src.lens.interventions import run_with_hooks
from src.network.model import predict
from src.network.runs import load_run
from src.results.evidence import neurons_of
from src.studies.apart import HELD, answers, apart, losses, without
from src.studies.ladder import anatomy, on_both_digits, on_one_digit


@pytest.fixture(scope="module")
def laptop():
    run = load_run("laptop")
    return run, anatomy(run), neurons_of("laptop").q


def test_the_parts_are_the_whole_and_each_holds_what_it_says(laptop):
    _, a, q = laptop
    found = {name: a.logits - y for name, y in without(a, q == 13).items()}
    scale = np.abs(a.logits).max()
    np.testing.assert_allclose(found["one digit"] + found["both digits"], found["all"], atol=1e-5 * scale)
    assert np.abs(on_both_digits(found["one digit"], a.p)).max() < 1e-4 * scale
    assert max(np.abs(x).max() for x in on_one_digit(found["both digits"], a.p)) < 1e-4 * scale


def test_holding_all_is_mean_ablation_in_the_network(laptop):
    run, a, q = laptop
    name, tokens = "blocks.0.mlp.hook_post", jnp.asarray(run.dataset.tokens)
    held = jnp.asarray(q == 13)
    mean = jnp.asarray(a.post.mean(axis=0))
    logits = run_with_hooks(run.model, tokens, {name: lambda x: x.at[..., -1, :].set(jnp.where(held, mean, x[..., -1, :]))})
    ours = answers(without(a, q == 13)["all"], a.widths)
    assert (answers(np.asarray(logits), a.widths) == ours).mean() > 0.9999


def test_accuracies(laptop):
    run, a, _ = laptop
    found = apart(run)
    T = len(a.widths)
    assert found["held"].shape == (len(HELD), T, T)
    whole = answers(np.asarray(predict(run.model, jnp.asarray(run.dataset.tokens))), a.widths)
    np.testing.assert_allclose(found["right"], (whole == run.dataset.labels).mean(axis=0), atol=1e-3)
    own = np.diag(found["held"][2])
    assert (own < 0.6).all()  # a prime's own neurons are what its task stands on
    lost = losses(found)
    assert lost.shape[0] == 3 and (lost[2] >= 0.01).all()
