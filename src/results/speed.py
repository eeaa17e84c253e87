"""What `benchmarks.training` races: contestants, configs, and the parts of a step, in the order of its arrays."""

from dataclasses import replace

import numpy as np

from ..network.config import Config
from ..network.presets import preset
from ..numbers.integers import primes_below
from ..studies.arrays import Arrays


def _adamw(name: str) -> Config:
    """The preset with AdamW: PyTorch's own Muon orthogonalises in bfloat16, for which many a CPU has no instructions."""
    return replace(preset(name), optimizer="adamw", lr=3e-3)


CONTESTANTS = ("trainer", "plain", "lineage", "PyTorch, eager", "PyTorch, compiled")
ROUNDS = 3
RACES = (  # each config, in the standard block, with the steps of a round
    (_adamw("laptop"), 20),
    (preset("laptop"), 20),
    (_adamw("paper-standard"), 2),
    (_adamw("wide"), 1),
)
# A step of `laptop`, and what it consists of: the products of MLP and unembedding, forward and backward; all tasks' losses and their
# gradient; the dropout masks; the optimiser; and the network without dropout, products included.
PARTS = ("step", "products", "losses", "dropout", "optimiser", "network")
SEEDS = (4, 16, 64)  # of `laptop`, in one program
COMPILED_P = (53, 113, 257, 509)

RACE_HEADER = ("p", "optimiser", "trainer, ms a step", *(f"{name}, times" for name in CONTESTANTS[1:]), "of the peak")
PART_HEADER = ("part", "ms", "of a step")
COMPILED_HEADER = ("p", "tasks", "slices, s", "trainer, s", "slices, GiB", "trainer, GiB")


def race_rows(a: Arrays) -> list[tuple[str, ...]]:
    """A row for each race, medians over rounds: `RACE_HEADER`."""
    seconds, ratio, peak = (np.median(a[name], axis=1) for name in ("seconds", "ratio", "peak"))
    return [
        (str(config.p), config.optimizer, f"{seconds[i, 0] * 1e3:,.0f}", *map(_times, CONTESTANTS[1:], ratio[i, 1:]), f"{peak[i]:.0%}")
        for i, (config, _) in enumerate(RACES)
    ]


def _times(name: str, x: float) -> str:
    if np.isnan(x):
        return "not run" if name.startswith("PyTorch") else "no memory"
    return f"{x:.1f}"


def part_rows(a: Arrays) -> list[tuple[str, ...]]:
    """A row for each part of a step, medians over rounds: `PART_HEADER`."""
    found = np.median(a["parts"], axis=0)
    return [(name, f"{x * 1e3:.1f}", f"{x / found[0]:.0%}") for name, x in zip(PARTS, found, strict=True)]


def compiled_rows(a: Arrays) -> list[tuple[str, ...]]:
    """A row for each p, what its training step takes to compile and of memory: `COMPILED_HEADER`."""
    return [
        (
            str(p),
            str(len(primes_below(p))),
            *(f"{x:.1f}" for x in a["compile_seconds"][i]),
            *(f"{x / 2**30:.2f}" for x in a["compile_bytes"][i]),
        )
        for i, p in enumerate(COMPILED_P)
    ]
