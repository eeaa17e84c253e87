"""Progress measures over training: what grows under a loss that does not move yet (Nanda et al. 2023, section 5).

Each measure is an operator on the logits plus a split of the examples. Let P project, over all p^2 inputs, onto cos and sin of
w_k (x0 + x1) for the key frequencies k:

- *restricted loss*: the loss of mean + P L. The operator keeps the constant and the 2 K sum directions, as the released code does.
- *excluded loss*: the loss of L - P L on the training rows, everything else untouched.

Published readings differ. The text of the paper counts "20 terms" for five frequencies: the products {cos, sin}(w x0) {cos, sin}(w x1),
which also hold the differences; the code keeps 10 directions. The split of the restricted loss is not stated; the figures fit all pairs, a
later demonstration uses held-out pairs. The lineage excludes one frequency at a time. So `progress` returns every operator on
every split, and the names say which: `restricted_all` and `excluded_train` are the ones we quote.
"""

from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..network.dataset import Dataset
from ..network.model import Transformer
from ..network.packing import cross_entropy
from ..network.runs import Run, find_run, load_run
from .fourier import block_directions, fourier_basis, noise_ceiling, sum_directions
from .interventions import neuron_logit_map


def gini(x: Float[Array, " n"]) -> Float[Array, ""]:
    """Gini coefficient of non-negative values: 0 if all are equal, 1 - 1/n if one holds everything (Hurley & Rickard 2009, eq. 8)."""
    n = x.shape[0]
    rank = jnp.arange(1, n + 1, dtype=x.dtype)
    return ((2 * rank - n - 1) * jnp.sort(x)).sum() / (n * jnp.maximum(x.sum(), 1e-30))


def stack_steps(runs: Sequence[Run]) -> Transformer:
    """Models of equal shape stacked leaf by leaf: leading axis (S,). Raises `ValueError` where p or the shapes differ."""
    if len({(run.config.p, run.config.block, run.config.d_model, run.config.d_mlp, run.config.n_layers) for run in runs}) != 1:
        raise ValueError(f"runs of different shape cannot be stacked: p = {sorted({run.config.p for run in runs})}")
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *(run.model for run in runs))


def load_steps(run: str | Path, seed: int | None = None) -> list[Run]:
    """A run at every kept step; `run` and `seed` as in `find_run`. Raises `ValueError` where only one step was kept."""
    folder = find_run(run, seed)
    last = load_run(folder)
    if len(last.steps) < 2:
        raise ValueError(f"{folder} keeps step {last.step} only; train it with --set keep=40 for its course")
    return [load_run(folder, step=step) for step in last.steps]


def progress(runs: Sequence[Run], frequencies: np.ndarray) -> dict[str, np.ndarray]:
    """Every measure at every step of one modular-addition run, in one compiled pass over the stacked checkpoints.

    **Arguments:** runs, the run at S steps (`load_steps`); frequencies, the key frequencies of Z/p, int (K,).
    **Returns:** arrays (S,): `step`, `loss_<split>`, `restricted_<split>`, `restricted_blocks_<split>`, `excluded_<split>`,
    `excluded_blocks_<split>` for the splits all, train, valid, in nats; `gini_W_E`, `gini_W_L` of the Fourier norms; `sum_squares` of all
    weights; `active_lineage` (frequencies whose share of W_E exceeds the mean by two standard deviations) and `active` (those above
    the 99% ceiling of noise); `excluded_one_train` (S, K), one frequency removed at a time.
    Raises `ValueError` for another task or a frequency that Z/p does not have.
    """
    config, dataset = runs[0].config, runs[0].dataset
    if config.task != "addition":
        raise ValueError(f"run {config.run!r} was trained on {config.task}; restricted and excluded loss are defined for addition here")
    p, frequencies = config.p, np.asarray(frequencies, dtype=int)
    if len(frequencies) == 0 or frequencies.min() < 1 or frequencies.max() > (p - 1) // 2:
        raise ValueError(f"frequencies {frequencies.tolist()}: need at least one, each between 1 and {(p - 1) // 2} for p = {p}")
    measured = jax.device_get(_measure(stack_steps(runs), dataset, p, frequencies))
    return {"step": np.asarray([run.step for run in runs]), **measured}


def _measure(models: Transformer, dataset: Dataset, p: int, frequencies: np.ndarray) -> dict[str, Array]:
    tokens, labels = jnp.asarray(dataset.tokens), jnp.asarray(dataset.labels[:, 0])
    splits = {"all": jnp.arange(len(tokens)), "train": jnp.asarray(dataset.train_idx), "valid": jnp.asarray(dataset.valid_idx)}
    S = jnp.asarray(sum_directions(p, frequencies), jnp.float32)
    B = jnp.asarray(block_directions(p, frequencies), jnp.float32)
    F = jnp.asarray(fourier_basis(p), jnp.float32)
    ceiling = noise_ceiling(p, models.W_E.shape[-1])

    def one(model: Transformer) -> dict[str, Array]:
        logits = jax.vmap(model)(tokens)
        mean = jnp.broadcast_to(logits.mean(axis=0), logits.shape)
        kept, blocks = S @ (S.T @ logits), B @ (B.T @ logits)
        readings = {
            "loss": logits, "restricted": mean + kept, "restricted_blocks": mean + blocks,
            "excluded": logits - kept, "excluded_blocks": logits - blocks,
        }  # fmt: skip
        out = {}
        for name, x in readings.items():
            losses = cross_entropy(x, labels)
            for split, rows in splits.items():
                out[f"{name}_{split}"] = losses[rows].mean()
        train = splits["train"]
        pairs = S.T.reshape(len(frequencies), 2, -1)
        out["excluded_one_train"] = jax.lax.map(lambda d: cross_entropy((logits - d.T @ (d @ logits))[train], labels[train]).mean(), pairs)
        E = jnp.sqrt(((F @ model.W_E[:p]) ** 2).sum(axis=1))
        W_L = jnp.sqrt(((neuron_logit_map(model) @ F.T) ** 2).sum(axis=0))
        out["gini_W_E"], out["gini_W_L"] = gini(E[1:]), gini(W_L[1:])
        out["sum_squares"] = jnp.stack([(leaf**2).sum() for leaf in jax.tree.leaves(model)]).sum()
        power = (E[1:] ** 2).reshape(-1, 2).sum(axis=1)
        share = power / power.sum()
        out["active_lineage"] = (share > share.mean() + 2 * share.std()).sum()
        out["active"] = (share > ceiling).sum()
        return out

    return jax.jit(lambda models: jax.lax.map(one, models))(models)


def phases(steps: np.ndarray, loss_valid: np.ndarray, excluded_train: np.ndarray) -> dict[str, float]:
    """Where training turns, by a rule stated in terms of the curves; NaN for what did not happen.

    - *memorisation* ends where the excluded loss is lowest: from there on the key frequencies carry what it measures;
    - *circuit formation* ends where the held-out loss, past its peak, has fallen to half of it;
    - *clean-up* ends where the held-out loss is below one hundredth of its peak.
    """
    peak = int(loss_valid.argmax())

    def first(below: float) -> float:
        after = np.flatnonzero(loss_valid[peak:] < below * loss_valid[peak])
        return float(steps[peak + after[0]]) if len(after) else float("nan")

    formed = first(0.5)
    before = steps <= (formed if formed == formed else steps[-1])
    return {"memorisation": float(steps[before][excluded_train[before].argmin()]), "formation": formed, "clean_up": first(0.01)}
