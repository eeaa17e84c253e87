"""What `benchmarks.training` races: contestants, configs, and the parts of a step, in the order of its arrays."""

from dataclasses import replace

from ..network.presets import preset

CONTESTANTS = ("trainer", "plain", "lineage", "PyTorch, eager", "PyTorch, compiled")
ROUNDS = 3
RACES = (  # each config, in the standard block, with the steps of a round
    (replace(preset("laptop"), optimizer="adamw", lr=3e-3), 20),
    (preset("laptop"), 20),
    (preset("paper-standard"), 2),
    (preset("wide"), 1),
)
# A step of `laptop`, and what it consists of: the products of MLP and unembedding, forward and backward; all tasks' losses and their
# gradient; the dropout masks; the optimiser; and the network without dropout, products included.
PARTS = ("step", "products", "losses", "dropout", "optimiser", "network")
SEEDS = (4, 16, 64)  # of `laptop`, in one program
COMPILED_P = (53, 113, 257, 509)
