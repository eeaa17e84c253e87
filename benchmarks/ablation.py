"""Ablation speed, as ratios measured side by side in one run.

    python -m benchmarks.ablation                # about a minute on two cores

The sweep mean-ablates each of the 512 neurons of a committed `addition` network and reads the loss over all 12,769 pairs. The peer does the
same one neuron at a time: a compiled forward pass with a hook, dispatched from Python. Rounds alternate and the median of their ratios
is printed.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.table import Table

from src.lens.interventions import ablate_neurons, run_with_cache, run_with_hooks
from src.network.packing import cross_entropy
from src.network.runs import load_run

POST = "blocks.0.mlp.hook_post"


def main() -> None:
    run = load_run("addition")
    tokens, labels = jnp.asarray(run.dataset.tokens), jnp.asarray(run.dataset.labels[:, 0])
    _, cache = run_with_cache(run.model, tokens)
    mean = cache[POST].mean(axis=0)  # (n_ctx, d_mlp)

    sweep = jax.jit(
        lambda model: ablate_neurons(
            model, tokens, jnp.broadcast_to(mean[-1], (len(tokens), mean.shape[1])), lambda x: cross_entropy(x, labels).mean()
        )
    )

    @jax.jit
    def one(model, neuron):
        logits = run_with_hooks(model, tokens, {POST: lambda x: x.at[:, neuron].set(mean[:, neuron])})
        return cross_entropy(logits, labels).mean()

    shown = np.arange(0, 512, 8)  # the peer's share: every eighth neuron, its time scaled by eight
    batched = np.asarray(sweep(run.model))
    singly = np.asarray([one(run.model, int(j)) for j in shown])
    np.testing.assert_allclose(batched[shown], singly, rtol=1e-2, atol=1e-9)
    seconds = []
    for _ in range(3):
        a = time.perf_counter()
        sweep(run.model).block_until_ready()
        b = time.perf_counter()
        for j in shown:
            one(run.model, int(j)).block_until_ready()
        seconds.append((b - a, (time.perf_counter() - b) * 512 / len(shown)))
    s = np.asarray(seconds)
    table = Table(title="512 single-neuron mean ablations over 12,769 pairs")
    for name in ("batched, s", "one by one, s", "ratio"):
        table.add_column(name, justify="right")
    table.add_row(*(f"{x:.2f}" for x in np.median(s, axis=0)), f"{np.median(s[:, 1] / s[:, 0]):.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
