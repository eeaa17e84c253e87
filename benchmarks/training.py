"""Training speed, as ratios measured side by side in one run.

    make speed                                             # with PyTorch from build/peers, about fifteen minutes on two cores
    python -m benchmarks.training                          # without PyTorch
    python -m benchmarks.training build/peers/bin/python   # with the PyTorch of that interpreter

One seed of p = 53, 113 and 257, by the trainer and by its peers:

- *plain*: the same network, loss and optimiser in JAX, one jitted step dispatched at a time from Python, every position computed up to
  the logits, the loss read after each step;
- *lineage*: the same, and every task's head padded to p classes, as the code that this project completes has it;
- *PyTorch*, eager and compiled: plain modules, logits at the last position alone (`benchmarks/training_torch.py`).

The share of the peak is the trainer's operations a second, counted for the model alone, over those of a plain matrix product of the MLP's
shape. Rounds alternate between the contestants and the median of the rounds' ratios is kept, so that a busy machine slows all alike.
A contestant that does not fit into memory has no number there. Then 4, 16 and 64 seeds in one program against one; what a step consists
of; and over p, what the gradient of a step takes to compile and of memory as the trainer has it, by batches with all tasks' losses at
once, beside a slice a task and all rows.

The numbers go to `measurements/speed-cpu.npz` (`speed-gpu.npz` on a GPU), with the machine's name.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import NamedSharding, PartitionSpec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from src.network.config import Config
from src.network.dataset import Dataset
from src.network.model import Transformer, dropout
from src.network.optimizers import make_optimizer
from src.network.packing import cross_entropy, row_losses, task_loss
from src.network.presets import preset
from src.network.records import cores
from src.network.tasks import make_dataset
from src.network.trainer import batch_rows, init_state, loss_and_gradient, make_chunk, n_pieces, seed_mesh
from src.results.measure import record
from src.results.speed import (
    COMPILED_HEADER,
    COMPILED_P,
    CONTESTANTS,
    PART_HEADER,
    PARTS,
    RACE_HEADER,
    RACES,
    ROUNDS,
    SEEDS,
    compiled_rows,
    part_rows,
    race_rows,
)
from src.studies.growth import operations

BATCH = preset("wide").batch


def plain_loop(config: Config, dataset: Dataset, *, padded: bool = False) -> Callable[[int], None]:
    """`run(n)`: n steps of the plain loop; `padded`, with p classes for every task."""
    optimizer = make_optimizer(config)
    all_tokens, all_labels = jnp.asarray(dataset.tokens[dataset.train_idx]), jnp.asarray(dataset.labels[dataset.train_idx])
    uniform = jnp.log(jnp.asarray(dataset.widths, dtype=jnp.float32))
    widths, tasks = dataset.widths, len(dataset.widths)
    if padded:
        dataset = replace(dataset, widths=(config.p,) * tasks)

    def every_position(model: Transformer, tokens: jax.Array, key: jax.Array) -> jax.Array:
        kept = {}

        def keep(name: str, x: jax.Array) -> jax.Array:
            kept[name] = x
            return x

        model(tokens, hook=keep, key=key)
        return kept[f"blocks.{config.n_layers - 1}.hook_resid_post"] @ model.W_U

    def loss(model: Transformer, tokens: jax.Array, labels: jax.Array, key: jax.Array) -> jax.Array:
        logits = jax.vmap(lambda t, k: every_position(model, t, k))(tokens, jax.random.split(key, len(tokens)))[:, -1]
        if padded:
            each = jax.vmap(cross_entropy, in_axes=1)(logits.reshape(len(tokens), tasks, config.p), labels).mean(axis=1)
        else:
            each = task_loss(logits, labels, widths)
        return (each / uniform).mean()

    @jax.jit
    def step(model, opt_state, number):
        rows = batch_rows(config, jnp.int32(0), number, len(all_tokens)) if config.batch else slice(None)
        value, grads = jax.value_and_grad(loss)(model, all_tokens[rows], all_labels[rows], jax.random.key(number))
        updates, opt_state = optimizer.update(grads, opt_state, model)
        return optax.apply_updates(model, updates), opt_state, value

    model = Transformer(config, dataset, key=jax.random.key(0))
    state = [model, optimizer.init(model), 0]  # pyright: ignore[reportArgumentType]

    def run(n: int) -> None:
        for _ in range(n):
            state[0], state[1], value = step(state[0], state[1], jnp.int32(state[2]))
            state[2] += 1
            float(value)

    return run


def scanned(config: Config, dataset: Dataset, seeds: int) -> Callable[[int], None]:
    """`run(n)`: n steps of the project's trainer, over `seeds` seeds."""
    tokens, labels = jnp.asarray(dataset.tokens[dataset.train_idx]), jnp.asarray(dataset.labels[dataset.train_idx])
    chunk = make_chunk(config, dataset.widths)
    first = jax.vmap(lambda seed: init_state(config, dataset, seed))(jnp.arange(seeds, dtype=jnp.int32))
    states = [jax.device_put(first, NamedSharding(seed_mesh(seeds), PartitionSpec("seeds")))]  # as the chunk returns them

    def run(n: int) -> None:
        states[0], losses = chunk(states[0], tokens, labels, n)
        jax.device_get(losses)

    return run


def matmul(config: Config, dataset: Dataset) -> Callable[[int], None]:
    """`run(n)`: n plain products of the MLP's shape, (rows, d_model) by (d_model, d_mlp): the machine's own speed for this work."""
    x = jax.random.normal(jax.random.key(0), (config.batch or len(dataset.train_idx), config.d_model), jnp.float32)
    w = jax.random.normal(jax.random.key(1), (config.d_model, config.d_mlp), jnp.float32)
    product = jax.jit(jnp.matmul)

    def run(n: int) -> None:
        for _ in range(n):
            product(x, w).block_until_ready()

    return run


def timed(run: Callable[[int], Any]) -> Callable[[int], float]:
    """Seconds that n steps took; NaN from the first time on that they did not fit into memory."""
    fits = True

    def of(n: int) -> float:
        nonlocal fits
        start = time.perf_counter()
        try:
            if fits:
                run(n)
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
            fits = False
        return time.perf_counter() - start if fits else np.nan

    return of


def alternate(contestants: list[Callable[[int], float]], steps: int, what: str) -> np.ndarray:
    """Seconds a step: (ROUNDS, contestants). Before them come two rounds that do not count, since a program is compiled for what it is
    given and may be once more for what it has returned."""
    with tqdm(total=(ROUNDS + 2) * len(contestants), desc=what, unit="run", disable=None) as bar:

        def seconds(run: Callable[[int], float]) -> float:
            bar.update()
            return run(steps) / steps

        return np.asarray([[seconds(run) for run in contestants] for _ in range(ROUNDS + 2)])[2:]


class Torch:
    """PyTorch in a process of its own, which takes steps when it is told to."""

    def __init__(self, interpreter: str, config: Config, dataset: Dataset, folder: Path) -> None:
        rows = {"tokens": dataset.tokens[dataset.train_idx], "labels": dataset.labels[dataset.train_idx]}
        data = {name: value.astype(np.int64) for name, value in rows.items()}
        said = {"widths": np.asarray(dataset.widths), "settings": np.asarray(json.dumps(config.to_dict()))}
        np.savez(folder / "data.npz", allow_pickle=False, **data, **said)
        script = Path(__file__).with_name("training_torch.py")
        self.process = subprocess.Popen(
            [interpreter, str(script), str(folder / "data.npz")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, how: str, n: int) -> float:
        """Seconds that n steps took, "eager" or "compiled"."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(f"{how} {n}", file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate()


def race(config: Config, steps: int, interpreter: str) -> np.ndarray:
    """Seconds a step of each of `CONTESTANTS` (NaN without PyTorch), and of one plain product: (ROUNDS, 6)."""
    dataset = make_dataset(config)
    ours = scanned(config, dataset, 1)
    jax_ones = {"trainer": ours, "plain": plain_loop(config, dataset), "lineage": plain_loop(config, dataset, padded=True)}
    product = matmul(config, dataset)
    with tempfile.TemporaryDirectory() as folder:
        torch = Torch(interpreter, config, dataset, Path(folder)) if interpreter else None
        told = {
            **{name: timed(run) for name, run in jax_ones.items()},
            **{f"PyTorch, {how}": (lambda n, how=how: torch.run(how, n) if torch else np.nan) for how in ("eager", "compiled")},
            "product": timed(product),
        }
        assert tuple(told) == (*CONTESTANTS, "product")
        found = alternate(list(told.values()), steps, f"p = {config.p}, {config.optimizer}")
        if torch:
            torch.close()
    return found


def parts(config: Config) -> dict[str, Callable[[int], float]]:
    """What a step consists of, each part on its own and compiled alone, with the rows in pieces as the trainer has them; `PARTS`, the
    whole step first."""
    dataset, optimizer = make_dataset(config), make_optimizer(config)
    rows, key = config.batch or len(dataset.train_idx), jax.random.key(0)
    model = init_state(config, dataset, jnp.int32(0)).model
    cut = n_pieces(rows)
    size = rows // cut
    of_rows = {
        "x": jax.random.normal(key, (cut, size, config.d_model), jnp.float32),
        "logits": jax.random.normal(key, (cut, size, sum(dataset.widths)), jnp.float32),
        "key": jax.random.split(key, (cut, size)),
        **{name: jnp.asarray(x[dataset.train_idx][: cut * size]).reshape(cut, size, -1)
           for name, x in (("tokens", dataset.tokens), ("labels", dataset.labels))},
    }  # fmt: skip
    given: Any = {"model": model, "opt": optimizer.init(model), "rows": of_rows}  # pyright: ignore[reportArgumentType]

    def total(tree: Any) -> jax.Array:
        return jnp.stack([x.sum() for x in jax.tree.leaves(tree)]).sum()

    def each(of_piece: Callable[[jax.Array, Any, Any], Any]) -> Callable[[jax.Array, Any], jax.Array]:
        """Over all pieces, one after another; arguments, since constants would be folded: `s` that changes, the model, a piece."""

        def of(s: jax.Array, given: Any) -> jax.Array:
            add = lambda sum_, piece: (sum_ + total(of_piece(s, given["model"], piece)), None)  # noqa: E731
            return jax.lax.scan(add, jnp.float32(0), given["rows"])[0]

        return of

    def products(s: jax.Array, model: Any, piece: Any) -> Any:
        mlp, W_U = model.blocks[0].mlp, model.W_U
        of = lambda x, W_in, W_out, W_U: ((jax.nn.relu(x @ W_in) @ W_out @ W_U) ** 2).mean()  # noqa: E731
        return jax.grad(of, argnums=(0, 1, 2, 3))(piece["x"] + s, mlp.W_in, mlp.W_out, W_U)

    def losses(s: jax.Array, model: Any, piece: Any) -> Any:
        return jax.grad(lambda y: row_losses(y, piece["labels"], dataset.widths).mean())(piece["logits"] + s)

    def masks(s: jax.Array, model: Any, piece: Any) -> Any:
        keys = jax.vmap(lambda k: jax.random.split(jax.random.fold_in(k, (s + 1).astype(jnp.int32))))(piece["key"])
        return [jax.vmap(lambda y, k: dropout(y, config.dropout, k))(piece["x"] + s, keys[:, i]) for i in (0, 1)]

    def network(s: jax.Array, model: Any, piece: Any) -> Any:
        moved = eqx.tree_at(lambda m: m.W_E, model, model.W_E + s)
        return jax.grad(lambda m: (jax.vmap(m)(piece["tokens"]) ** 2).mean())(moved)

    def optimiser(s: jax.Array, given: Any) -> jax.Array:
        updates, _ = optimizer.update(jax.tree.map(lambda w: w + s, given["model"]), given["opt"], given["model"])
        return total(updates)

    def repeated(part: Callable[[jax.Array, Any], jax.Array]) -> Callable[[int], float]:
        many = jax.jit(lambda n, s, given: jax.lax.fori_loop(0, n, lambda _, s: 1e-20 * part(s, given), s))
        return timed(lambda n: jax.block_until_ready(many(n, jnp.float32(0), given)))

    made = {"products": each(products), "losses": each(losses), "dropout": each(masks), "optimiser": optimiser, "network": each(network)}
    return {"step": timed(scanned(config, dataset, 1)), **{name: repeated(part) for name, part in made.items()}}


def compiling(p: int, *, sliced: bool) -> tuple[float, float]:
    """Seconds to compile the gradient of a step at p, and the bytes that it needs: by slices of all rows, or as the trainer has it."""
    config = replace(preset("wide"), p=p, batch=0 if sliced else BATCH)
    dataset = make_dataset(config)
    model = jax.eval_shape(lambda: Transformer(config, dataset, key=jax.random.key(0)))
    rows = len(dataset.train_idx) if sliced else min(BATCH, len(dataset.train_idx))

    def gradient(model: Transformer, tokens: jax.Array, labels: jax.Array, key: jax.Array) -> Transformer:
        if not sliced:
            return loss_and_gradient(model, tokens, labels, dataset.widths, key, balanced=False, pieces=n_pieces(rows))[1]
        of = lambda m: jax.vmap(lambda t, k: m(t, key=k))(tokens, jax.random.split(key, rows))  # noqa: E731
        return jax.grad(lambda m: task_loss(of(m), labels, dataset.widths).mean())(model)

    shapes = [jax.ShapeDtypeStruct((rows, *x.shape[1:]), x.dtype) for x in (dataset.tokens, dataset.labels)]
    lowered = jax.jit(gradient).lower(model, *shapes, jax.eval_shape(lambda: jax.random.key(0)))
    start = time.perf_counter()
    compiled = lowered.compile()
    memory: Any = compiled.memory_analysis()
    return time.perf_counter() - start, float(memory.temp_size_in_bytes)


def report(found: dict[str, np.ndarray], console: Console) -> None:
    """The tables of what was measured, medians of the rounds."""
    tables = ((RACE_HEADER, race_rows), (PART_HEADER, part_rows), (COMPILED_HEADER, compiled_rows))
    for header, of in tables:
        table = Table(*header, box=SIMPLE_HEAD)
        for row in of(found):
            table.add_row(*row)
        console.print(table)
    times = zip(SEEDS, np.median(found["seeds"], axis=0), strict=True)
    console.print("seeds side by side, times as long as one:", {n: f"{x:.2f}" for n, x in times})


def main(interpreter: str = "") -> None:
    jax.config.update("jax_num_cpu_devices", cores())  # as the command line does for several seeds
    jax.config.update("jax_enable_compilation_cache", False)  # compiling is among what is measured
    console = Console()
    console.print(f"{len(jax.devices())} x {jax.devices()[0].device_kind}; dropout, optimiser and loss are the preset's own")
    found: dict[str, list] = {name: [] for name in ("seconds", "ratio", "peak")}
    for config, steps in RACES:
        seconds = race(config, steps, interpreter)
        dataset = make_dataset(config)
        rows = config.batch or len(dataset.train_idx)
        of_step = operations(rows, config.d_model, config.d_mlp, sum(dataset.widths))
        of_product = 2.0 * rows * config.d_model * config.d_mlp
        found["seconds"].append(seconds[:, :-1])
        found["ratio"].append(seconds[:, :-1] / seconds[:, :1])
        found["peak"].append((of_step / seconds[:, 0]) / (of_product / seconds[:, -1]))
    laptop = preset("laptop")
    data = make_dataset(laptop)
    seconds = alternate([timed(scanned(laptop, data, n)) for n in (1, *SEEDS)], 5, "seeds")
    profiled = parts(laptop)
    assert tuple(profiled) == PARTS
    profile = alternate(list(profiled.values()), 20, "parts")
    compiled = np.asarray([[compiling(p, sliced=sliced) for sliced in (True, False)] for p in tqdm(COMPILED_P, "compiling", disable=None)])
    result = {
        **{name: np.asarray(rows) for name, rows in found.items()},
        "seeds": seconds[:, 1:] / seconds[:, :1],
        "parts": profile, "compile_seconds": compiled[..., 0], "compile_bytes": compiled[..., 1],
    }  # fmt: skip
    report(result, console)
    name = "speed-cpu" if jax.default_backend() == "cpu" else "speed-gpu"
    record(name, result, command="make speed")
    console.print(f"wrote measurements/{name}.npz")


if __name__ == "__main__":
    main(*sys.argv[1:])
