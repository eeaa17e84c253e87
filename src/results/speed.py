"""What `benchmarks.training` races, and how its numbers are laid out: one list, for those who measure and those who print."""

from dataclasses import replace

from ..network.presets import preset

CONTESTANTS = ("trainer", "plain", "lineage", "PyTorch, eager", "PyTorch, compiled")
# (config, steps a round, rounds), each in the standard block.
RACES = (
    (replace(preset("laptop"), optimizer="adamw", lr=3e-3), 20, 5),
    (preset("laptop"), 20, 5),
    (preset("paper-standard"), 2, 4),
    (preset("wide"), 1, 2),
)
SEEDS = (4, 16, 64)  # of `laptop`, in one program
COMPILED_P = (53, 113, 257, 509)
