"""Training speed, as ratios measured side by side in one run.

    python -m benchmarks.training                # p = 53 and p = 113, about four minutes on two cores

The peer is the plain loop: the same network, loss and optimiser in JAX, one jitted step dispatched at a time from Python, every position
computed up to the logits, the loss read after each step. MFU (model FLOPs utilisation) is the trainer's operations a second, counted for
the model alone, over those of a plain matrix product of the MLP's shape. The second table trains four seeds side by side against one
seed. Rounds alternate between the contestants and the median of the rounds' ratios is printed, so that a busy machine slows all alike.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from src.network.config import Config
from src.network.dataset import Dataset
from src.network.model import Transformer
from src.network.optimizers import make_optimizer
from src.network.packing import task_loss
from src.network.presets import preset
from src.network.records import cores
from src.network.tasks import make_dataset
from src.network.trainer import init_state, make_chunk


def plain_loop(config: Config, dataset: Dataset) -> Callable[[int], None]:
    """`run(n)`: n steps of the plain loop."""
    optimizer = make_optimizer(config)
    tokens, labels = jnp.asarray(dataset.tokens[dataset.train_idx]), jnp.asarray(dataset.labels[dataset.train_idx])
    uniform = jnp.log(jnp.asarray(dataset.widths, dtype=jnp.float32))

    def every_position(model: Transformer, tokens: jax.Array, key: jax.Array) -> jax.Array:
        kept = {}

        def keep(name: str, x: jax.Array) -> jax.Array:
            kept[name] = x
            return x

        model(tokens, hook=keep, key=key)
        return kept[f"blocks.{config.n_layers - 1}.hook_resid_post"] @ model.W_U

    def loss(model: Transformer, key: jax.Array) -> jax.Array:
        logits = jax.vmap(lambda t, k: every_position(model, t, k))(tokens, jax.random.split(key, len(tokens)))
        return (task_loss(logits[:, -1], labels, dataset.widths) / uniform).mean()

    @jax.jit
    def step(model, opt_state, key):
        value, grads = jax.value_and_grad(loss)(model, key)
        updates, opt_state = optimizer.update(grads, opt_state, model)
        return optax.apply_updates(model, updates), opt_state, value

    model = Transformer(config, dataset, key=jax.random.key(0))
    state = [model, optimizer.init(model), 0]  # pyright: ignore[reportArgumentType]

    def run(n: int) -> None:
        for _ in range(n):
            state[0], state[1], value = step(state[0], state[1], jax.random.key(state[2]))
            state[2] += 1
            float(value)

    return run


def scanned(config: Config, dataset: Dataset, seeds: int) -> Callable[[int], None]:
    """`run(n)`: n steps of the project's trainer, over `seeds` seeds."""
    tokens, labels = jnp.asarray(dataset.tokens[dataset.train_idx]), jnp.asarray(dataset.labels[dataset.train_idx])
    chunk = make_chunk(config, dataset.widths)
    states = [jax.vmap(lambda seed: init_state(config, dataset, seed))(jnp.arange(seeds, dtype=jnp.int32))]

    def run(n: int) -> None:
        states[0], losses = chunk(states[0], tokens, labels, n)
        jax.device_get(losses)

    return run


def matmul(config: Config, dataset: Dataset) -> Callable[[int], None]:
    """`run(n)`: n plain products of the MLP's shape, (rows, d_model) by (d_model, d_mlp): the machine's own speed for this work."""
    x = jax.random.normal(jax.random.key(0), (len(dataset.train_idx), config.d_model), jnp.float32)
    w = jax.random.normal(jax.random.key(1), (config.d_model, config.d_mlp), jnp.float32)
    product = jax.jit(jnp.matmul)

    def run(n: int) -> None:
        for _ in range(n):
            product(x, w).block_until_ready()

    return run


def flops(config: Config, dataset: Dataset) -> tuple[float, float]:
    """Floating-point operations of one training step's model, and of one `matmul`.

    Two for each multiplication of MLP and unembedding at the last position, three times over for the gradients. The rest (tables of
    2p + 1 rows, attention over three tokens, Muon's orthogonalisation) is overhead by this count.
    """
    rows, d, m = len(dataset.train_idx), config.d_model, config.d_mlp
    return 3.0 * rows * (4 * d * m + 2 * d * sum(dataset.widths)), 2.0 * rows * d * m


def alternate(contestants: list[Callable[[int], None]], steps: int, rounds: int, what: str) -> np.ndarray:
    """Seconds a step: (rounds, contestants). The first, uncounted round compiles."""
    seconds = np.zeros((rounds + 1, len(contestants)))
    for r in tqdm(range(rounds + 1), desc=what, unit="round", disable=None):
        for c, run in enumerate(contestants):
            start = time.perf_counter()
            run(steps)
            seconds[r, c] = (time.perf_counter() - start) / steps
    return seconds[1:]


def main() -> None:
    jax.config.update("jax_num_cpu_devices", cores())  # as the command line does for several seeds
    console = Console()
    console.print(f"{len(jax.devices())} x {jax.devices()[0].device_kind}; dropout, optimiser and loss are the preset's own")

    table = Table(title="one seed: trainer against the plain loop")
    columns = ("preset", "p", "block", "plain, ms a step", "trainer, ms a step", "times as fast", "steps/s", "matmul, GFLOP/s", "MFU")
    for name in columns:
        table.add_column(name, justify="right")
    for name, steps in (("laptop", 25), ("paper", 4), ("paper-standard", 4)):
        config = replace(preset(name), eval_every=steps)
        dataset = make_dataset(config)
        s = alternate([plain_loop(config, dataset), scanned(config, dataset, 1), matmul(config, dataset)], steps, 5, name)
        plain, trainer, product = np.median(s, axis=0)
        of_step, of_product = flops(config, dataset)
        used = np.median((of_step / s[:, 1]) / (of_product / s[:, 2]))
        table.add_row(
            name, str(config.p), config.block, f"{plain * 1e3:.1f}", f"{trainer * 1e3:.1f}", f"{np.median(s[:, 0] / s[:, 1]):.2f}",
            f"{1 / trainer:.1f}", f"{of_product / product / 1e9:.0f}", f"{used:.0%}",
        )  # fmt: skip
    console.print(table)

    table = Table(title="laptop (p = 53): four seeds side by side against one")
    for name in ("one seed, ms a step", "four seeds, ms a step", "times as long"):
        table.add_column(name, justify="right")
    config = preset("laptop")
    dataset = make_dataset(config)
    s = alternate([scanned(config, dataset, 1), scanned(config, dataset, 4)], 25, 5, "four seeds")
    table.add_row(*(f"{x * 1e3:.1f}" for x in np.median(s, axis=0)), f"{np.median(s[:, 1] / s[:, 0]):.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
