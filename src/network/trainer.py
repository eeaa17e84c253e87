"""The trainer: from a config to a run's folder.

A batch is the whole data set, or `config.batch` rows drawn on the device. Steps run in `lax.scan` chunks inside one jitted program with
donated state; between chunks the host reads the metrics, moves the bar and keeps a copy of the states. That copy is what Ctrl-C or a NaN
leaves on disk. The random numbers of a step depend on the seed and the step alone, so a resumed run equals an uninterrupted one, bit for
bit where the same seeds are trained side by side on as many cores. (A seed alone and the same seed beside others differ by rounding.)
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from jaxtyping import Array, Int, PRNGKeyArray

from . import memory, records, session
from .config import Config, ConfigError
from .dataset import Dataset, Size
from .model import Transformer, count_parameters
from .optimizers import make_optimizer, withheld
from .packing import class_weights, row_correct, row_losses
from .runs import run_folder
from .tasks import TASKS, make_dataset

RUNS = Path("runs")
EVALUATED = 4096  # rows that are evaluated at a time, at most
PIECE_ROWS = 768  # of a piece of a step: the fastest, within a few percent, for p = 53, 113 and 257 and for narrow networks


class State(NamedTuple):
    """What a training step maps: all of it is saved for `--resume`."""

    model: Transformer
    opt_state: optax.OptState
    step: Array  # () int32
    seed: Array  # () int32


class Diverged(RuntimeError):
    """The loss became NaN or infinite; the message says at which step."""


def init_state(config: Config, dataset: Dataset, seed: Array) -> State:
    """The state before the first step; `seed` is a () int32 array, so this maps over seeds."""
    model: Any = Transformer(config, dataset, key=jax.random.fold_in(jax.random.key(seed), 0))
    model = eqx.tree_at(lambda m: m.W_E, model, withheld(config, model.W_E))
    return State(model, make_optimizer(config).init(model), jnp.zeros((), jnp.int32), seed)


def loss_and_gradient(
    model: Transformer, tokens: Array, labels: Array, widths: tuple[int, ...], key: PRNGKeyArray, *, balanced: bool, pieces: int = 1
) -> tuple[Array, Any]:
    """The training loss, the mean over tasks of cross-entropy / log(width), so that guessing costs 1 a task, and its gradient.

    Where it is `balanced`, each class that occurs counts the same. The rows go through in as many pieces, one after another.
    """
    n = len(tokens)
    rows = np.resize(np.arange(n), (pieces, -(-n // pieces)))  # after the last row the first ones again, which then count for nothing
    once = (np.arange(rows.size) < n).astype(np.float32).reshape(rows.shape)
    weights, keys = _weights(labels, widths, balanced), jax.random.split(key, n)

    def of_piece(model: Transformer, at: Array, counts: Array) -> Array:
        logits = jax.vmap(lambda t, k: model(t, key=k))(tokens[at], keys[at])
        return (row_losses(logits, labels[at], widths) * weights[at] * counts[:, None]).sum()

    def add(total: tuple[Array, Transformer], piece: tuple[Array, Array]) -> tuple[tuple[Array, Transformer], None]:
        return jax.tree.map(jnp.add, total, jax.value_and_grad(of_piece)(model, *piece)), None

    zero = (jnp.zeros((), jnp.float32), jax.tree.map(jnp.zeros_like, model))
    return jax.lax.scan(add, zero, (jnp.asarray(rows), jnp.asarray(once)))[0]


def _weights(labels: Array, widths: tuple[int, ...], balanced: bool) -> Array:
    """What each cell's cross-entropy counts in the loss: (N, T)."""
    uniform = jnp.log(jnp.asarray(widths, dtype=jnp.float32))
    cells = class_weights(labels, widths) if balanced else jnp.full(labels.shape, 1 / len(labels), jnp.float32)
    return cells / (len(widths) * uniform[None])


def n_pieces(rows: int) -> int:
    """Into how many pieces a step cuts its rows. An accelerator takes them whole. A CPU is faster the less lies between writing a number
    and reading it again, and slower where pieces are so small that calls cost as much as their work."""
    return max(1, round(rows / PIECE_ROWS)) if jax.default_backend() == "cpu" else 1


def at_a_time(config: Config, size: Size) -> int:
    """The rows that training or evaluation holds the activations of."""
    rows = config.batch or size.examples
    return max(-(-rows // n_pieces(rows)), min(size.examples, EVALUATED))


def batch_rows(config: Config, seed: Array, step: Array, n: int) -> Int[Array, " batch"]:
    """Which of n rows a step trains on, drawn with replacement."""
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), 2), step)
    return jax.random.randint(key, (config.batch,), 0, n)


def make_chunk(config: Config, widths: tuple[int, ...]) -> Callable[[State, Array, Array, int], tuple[State, Array]]:
    """`chunk(states, tokens, labels, n)`: n steps on the device, over stacked seeds; returns losses (seeds, n).

    An accelerator takes the seeds as one vmapped batch. CPU devices, one a core, take a share of the seeds each, one after
    another: a seed's matrices fill a core, and stacking them would only push each other out of its cache.
    """
    optimizer = make_optimizer(config)

    def step(state: State, tokens: Array, labels: Array) -> tuple[State, Array]:
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(state.seed), 1), state.step)
        if config.batch:
            rows = batch_rows(config, state.seed, state.step, len(tokens))
            tokens, labels = tokens[rows], labels[rows]
        cut = n_pieces(len(tokens))
        loss, grads = loss_and_gradient(state.model, tokens, labels, widths, key, balanced=config.balanced, pieces=cut)
        params: Any = state.model  # optax describes its trees by types that no module has
        updates, opt_state = optimizer.update(grads, state.opt_state, params)
        model: Any = optax.apply_updates(params, updates)
        return State(model, opt_state, state.step + 1, state.seed), loss

    def one_seed(state: State, tokens: Array, labels: Array, n: int) -> tuple[State, Array]:
        return jax.lax.scan(lambda s, _: step(s, tokens, labels), state, length=n)

    def chunk(states: State, tokens: Array, labels: Array, n: int) -> tuple[State, Array]:
        if jax.default_backend() != "cpu":
            return jax.vmap(lambda s: one_seed(s, tokens, labels, n))(states)

        def share(states: State, tokens: Array, labels: Array) -> tuple[State, Array]:
            return jax.lax.map(lambda s: one_seed(s, tokens, labels, n), states)

        over = PartitionSpec("seeds")
        mesh = seed_mesh(states.step.shape[0])
        return jax.shard_map(share, mesh=mesh, in_specs=(over, None, None), out_specs=over, check_vma=False)(states, tokens, labels)

    return jax.jit(chunk, static_argnums=3, donate_argnums=0)


def seed_mesh(seeds: int) -> jax.sharding.Mesh:
    """The devices that share the seeds out evenly: as many as divide their number."""
    devices = next(n for n in range(min(seeds, jax.device_count()), 0, -1) if seeds % n == 0)
    return jax.make_mesh((devices,), ("seeds",), axis_types=(AxisType.Auto,), devices=jax.devices()[:devices])


def make_evaluate(dataset: Dataset, most: int = EVALUATED) -> Callable[[Transformer], dict[str, Array]]:
    """`evaluate(models)`: loss in nats and accuracy of every task on both halves of the split, each (seeds, T); `most` rows at a time."""
    n = len(dataset.tokens)
    piece = -(-n // -(-n // most))
    halves = np.stack([dataset.train_mask, ~dataset.train_mask], axis=1).astype(np.float32)  # (N, 2)
    fill = ((0, -len(halves) % piece), (0, 0))
    pieces = tuple(jnp.asarray(np.pad(x, fill).reshape(-1, piece, x.shape[1])) for x in (dataset.tokens, dataset.labels, halves))
    count = jnp.asarray(halves.sum(axis=0))[:, None, None]

    def of_piece(model: Transformer, tokens: Array, labels: Array, half: Array) -> Array:
        logits = jax.vmap(model)(tokens)
        cells = [f(logits, labels, dataset.widths).astype(jnp.float32) for f in (row_losses, row_correct)]
        return jnp.einsum("nh,mnt->hmt", half, jnp.stack(cells), precision=jax.lax.Precision.HIGHEST)

    def one(model: Transformer, pieces: tuple[Array, ...]) -> dict[str, Array]:
        means = jax.lax.map(lambda x: of_piece(model, *x), pieces).sum(axis=0) / count
        return {f"{half}_{what}": means[i, j] for i, half in enumerate(("train", "valid")) for j, what in enumerate(("loss", "accuracy"))}

    evaluate = jax.jit(lambda models, pieces: jax.lax.map(lambda model: one(model, pieces), models))
    return lambda models: evaluate(models, pieces)  # an argument: as a constant, the compiler would fold it


def kept_steps(config: Config) -> set[int]:
    """The steps whose weights are written: the last, and `keep` before it from 0 on.

    They grow as the square of their index, rounded to the chunk grid: dense at the start, where a network changes fastest, and
    never as sparse as a logarithmic grid would be where it generalises.
    """
    grid = config.steps * (np.arange(config.keep) / max(config.keep, 1)) ** 2
    return {int(round(s / config.eval_every) * config.eval_every) for s in grid} | {config.steps}


def train(
    config: Config,
    seeds: tuple[int, ...],
    out: Path = RUNS,
    *,
    resume: bool = False,
    parent: Config | None = None,
    command: str = "network.trainer.train",
    on_chunk: Callable[[int, dict[str, np.ndarray]], None] = lambda step, metrics: None,
    log: Callable[[str], None] = lambda line: None,
) -> list[Path]:
    """Train `seeds` side by side in one program; returns their folders under `out`.

    With `resume` it goes on from what these seeds have on disk; where they have nothing, from the state of `parent`, a run of the same
    config but for its steps; the manifest then names it.

    `on_chunk(step, metrics)` is called with metrics of shape (seeds, T) where training begins or goes on, and after every chunk. An
    exception it raises, a KeyboardInterrupt or a `Diverged` leaves the state of the last good chunk on disk for `resume`.
    """
    size, beside = TASKS[config.task].size(config), len(seeds)
    if backend() == "cpu":
        beside = min(beside, jax.device_count())
    memory.check(memory.terms(config, size, len(seeds), beside, at_a_time(config, size)), f"training {config.run}")
    dataset = make_dataset(config)
    if config.batch > len(dataset.train_idx):
        raise ConfigError(f"batch={config.batch}: more than the {len(dataset.train_idx):,} rows trained on; 0 takes all of them")
    with usual_jax(), session.claimed(config, seeds, out, resume=resume, parent=parent, log=log) as saved:
        return _train(config, seeds, out, dataset, saved, command, on_chunk, log)


def backend() -> str:
    """The kind of device that JAX computes on. Raises `ConfigError` where it finds none of the kind that JAX_PLATFORMS asks for."""
    try:
        return jax.default_backend()
    except RuntimeError as error:
        asked = os.environ.get("JAX_PLATFORMS", "")
        raise ConfigError(f"JAX finds no device (JAX_PLATFORMS={asked!r}): {str(error).splitlines()[0][:200]}") from None


@contextmanager
def usual_jax() -> Iterator[None]:
    """Inside, JAX has the settings that the weights of a config hang on, whatever the environment says. Raises `ConfigError` where it
    computes in 64 bits, which gives other weights."""
    if jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
        raise ConfigError("JAX_ENABLE_X64 is set: in 64 bits the weights of a config are others; unset it")
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), jax.debug_nans(False):
        yield


def _train(
    config: Config, seeds: tuple[int, ...], out: Path, dataset: Dataset, saved: session.Saved | None, command: str,
    on_chunk: Callable[[int, dict[str, np.ndarray]], None], log: Callable[[str], None],
) -> list[Path]:  # fmt: skip
    configs = [replace(config, seed=seed) for seed in seeds]
    folders, state_path = [run_folder(config.run, seed, out) for seed in seeds], session.state_file(config.run, seeds, out)
    states = jax.vmap(lambda seed: init_state(config, dataset, seed))(jnp.asarray(seeds, jnp.int32))
    history: session.History = {}
    if saved is not None:
        states, history = saved.restore(jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), states))
    states = jax.device_put(states, NamedSharding(seed_mesh(len(seeds)), PartitionSpec("seeds")))
    before = float(history["seconds"][-1]) if history else 0.0
    parent = saved.found.parent if saved is not None else ""
    log(
        f"{config.run}: {count_parameters(states.model) // len(seeds):,} parameters, {len(dataset.train_idx):,} training rows, "
        f"{len(dataset.valid_idx):,} held out, on {jax.devices()[0].device_kind} ({jax.default_backend()})"
    )

    tokens, labels = jnp.asarray(dataset.tokens[dataset.train_idx]), jnp.asarray(dataset.labels[dataset.train_idx])
    chunk, evaluate = make_chunk(config, dataset.widths), make_evaluate(dataset)
    keep = kept_steps(config)
    started = on_disk = time.perf_counter()

    def observe(step: int, models: Transformer) -> dict[str, np.ndarray]:
        metrics = jax.device_get(evaluate(models))
        seconds = np.asarray(before + time.perf_counter() - started)
        for name, value in {"step": np.asarray(step), "seconds": seconds, **metrics}.items():
            history.setdefault(name, []).append(value)
        return metrics

    def write(step: int, states: State) -> None:
        if step in keep:
            for i, (one, folder) in enumerate(zip(configs, folders, strict=True)):
                records.keep_model(folder, jax.tree.map(lambda x, i=i: x[i], states.model), one, dataset, step)
        session.save_state(state_path, states, history, config=configs[0], dataset=dataset, step=step, parent=parent)

    good, step = _on_host(states), int(states.step[0])
    saved_at = step if state_path.exists() else None
    try:
        metrics = observe(0, states.model) if not history else {name: rows[-1] for name, rows in history.items()}
        on_chunk(step, metrics)
        if saved_at is None:
            write(step, good)
            saved_at = step
        while step < config.steps:
            n = min(config.eval_every, config.steps - step)
            states, losses = chunk(states, tokens, labels, n)
            losses = _wait_for(losses)
            after = _on_host(states)
            metrics = observe(step + n, states.model)
            _check(losses, metrics, after, seeds, step)
            good, step = after, step + n
            if step in keep or time.perf_counter() - on_disk > 30:
                write(step, good)
                saved_at, on_disk = step, time.perf_counter()
            on_chunk(step, metrics)
    except BaseException:
        if history and saved_at != step:
            rows = sum(int(s) <= step for s in history["step"])
            history = {name: values[:rows] for name, values in history.items()}
            write(step, good)
        raise
    for i, folder in enumerate(folders):
        records.write_metrics(folder, history, i)
        records.finish(folder, command, parent)
    return folders


def _wait_for(losses: Any) -> np.ndarray:
    """The losses of a chunk once they are there. Python looks at signals between naps, and would not while it waits inside of JAX."""
    while not losses.is_ready():
        time.sleep(0.01)
    return jax.device_get(losses)


def _on_host(states: State) -> State:
    """A copy that is our own: the device's buffers are donated to the next chunk."""
    return jax.tree.map(np.array, jax.device_get(states))


def _check(losses: np.ndarray, metrics: dict[str, np.ndarray], states: State, seeds: tuple[int, ...], step: int) -> None:
    """Raises `Diverged` where a loss of a chunk, or a weight or the loss after its last step, is not finite."""
    if not np.isfinite(losses).all():
        row, at = np.argwhere(~np.isfinite(losses))[0]
        raise Diverged(f"the loss of seed {seeds[row]} is {losses[row, at]} at step {step + at}")
    for i, seed in enumerate(seeds):
        weights = all(np.isfinite(x[i]).all() for x in jax.tree.leaves(states.model))
        if not weights or not np.isfinite(metrics["train_loss"][i]).all():
            raise Diverged(f"{'the loss' if weights else 'a weight'} of seed {seed} is not finite after step {step + losses.shape[1]}")
