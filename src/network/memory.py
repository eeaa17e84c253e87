"""How much memory a training needs, estimated from its config before anything is made, so that what cannot fit is refused at once.

The factors were fitted to the peak of trainings on a CPU, p = 53 and 113 and 100,000 numbers in digits, and are within a factor of two of
them; what they are for is to tell gigabytes from terabytes.
"""

import os
from pathlib import Path

from .config import Config, ConfigError
from .dataset import Size

GIB = 2**30
_PROGRAM, _PROGRAM_TASK = 0.5 * GIB, 15e6  # Python, JAX and compiled programs; more for every task


def limit() -> float:
    """Bytes of memory that this machine, or the container that we are in, has."""
    group = Path("/sys/fs/cgroup/memory.max")
    text = group.read_text().strip() if group.is_file() else "max"
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return float(min(machine, int(text) if text.isdigit() else machine))


def parameters(config: Config, size: Size) -> int:
    """Weights of a network, but for the few gains of the simplified blocks."""
    d, layers = config.d_model, config.n_layers
    return d * (size.d_vocab + size.n_ctx + size.classes) + layers * (4 * d * d + 2 * d * config.d_mlp)


def terms(config: Config, size: Size, seeds: int, side_by_side: int, rows: int) -> dict[str, float]:
    """Bytes by what they are for; `side_by_side` seeds compute at the same time, each on so many `rows`."""
    ctx, layers = size.n_ctx, config.n_layers
    attention = layers * ctx * (5 * config.d_model + 3 * config.n_heads * ctx)
    mlp = 3 * config.d_mlp * (ctx * (layers - 1) + 1)
    chunks = config.steps / config.eval_every + 1
    return {
        f"{size.examples:,} examples of {ctx + size.tasks:,} numbers": 28.0 * size.examples * (ctx + size.tasks),
        f"weights and optimiser, {parameters(config, size):,} parameters": 32.0 * parameters(config, size) * seeds,
        f"activations of {rows:,} examples": 4.0 * rows * (attention + mlp + 6 * size.classes) * side_by_side,
        f"metrics of {chunks:,.0f} chunks": 16.0 * chunks * (size.tasks + 1) * seeds,
        f"programs of {size.tasks:,} tasks": _PROGRAM + _PROGRAM_TASK * size.tasks,
    }


def check(parts: dict[str, float], what: str) -> None:
    """Raises `ConfigError` in one line that names the largest part, where they exceed the machine."""
    total, most = sum(parts.values()), limit()
    if total > most:
        name = max(parts, key=lambda part: parts[part])
        raise ConfigError(
            f"{what} needs about {total / GIB:,.3g} GiB of memory and this machine has {most / GIB:,.3g}; most of it for {name}, "
            f"{parts[name] / GIB:,.3g} GiB"
        )
