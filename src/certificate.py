"""A lower bound on a residue network's accuracy over all n < p**2 that does not run the network on all n.

In one layer the logits of task q at input (x0, x1) are

    L_q = d0[x0] + d1[x1] + sum over neurons j of relu(f0[x0, j] + f1[x1, j]) W_L[j, block q],

up to what the attention weights vary with the input, which is bounded from the scores' ranges over tokens. The tables d and f cost
2 p rows, not p**2. For each task the neurons are cut in two: a *group* that is evaluated, and the rest, whose effect on every difference
of two classes is bounded by interval arithmetic from each neuron's range. If the group's tables have period q, as in the networks
written by hand, q**2 pairs of residues stand for all p**2 inputs. A cell is certified if the right class beats every other by more than all
bounds together. Tables are in float64; `SLACK` times the size of the terms is added for rounding.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from src.algorithm import extract
from src.checkpoint import Run
from src.config import Config
from src.integers import primes_below
from src.interventions import neuron_logit_map
from src.measure import Arrays
from src.model import Transformer

SLACK = 1e-12


class Certificate(NamedTuple):
    """Certified share of cells for each task, and what it cost in multiplications beside running every input."""

    bound: np.ndarray  # (T,) certified share of the p**2 inputs
    operations: int
    brute_force: int


class Tables(NamedTuple):
    """The network as functions of one digit at a time, with a bound on what attention's variation adds."""

    f: np.ndarray  # (2, p, M) pre-activation of x0 and of x1; the constant is in the first
    d: np.ndarray  # (2, p, C) logits that bypass the MLP
    f_error: np.ndarray  # (M,)
    d_error: np.ndarray  # (C,)
    operations: int


def tables(model: Transformer, config: Config) -> Tables:
    """Per-digit tables of a one-layer network and the error of treating its attention as fixed."""
    p, block = config.p, model.blocks[0]
    with jax.enable_x64(True):
        model = jax.tree.map(lambda x: jnp.asarray(np.asarray(x), jnp.float64), model)
    E, P = np.asarray(model.W_E), np.asarray(model.W_pos)
    block = model.blocks[0]
    attn = block.attn
    Q, K, V = (np.asarray(w) for w in (attn.W_Q, attn.W_K, attn.W_V))
    d_head = Q.shape[-1]
    query = np.einsum("m,hmd->hd", E[p] + P[2], Q)
    x = E[:p]
    scores = [np.einsum("hd,hmd,nm->hn", query, K, x + P[i]) / np.sqrt(d_head) for i in (0, 1)]
    last = np.einsum("hd,hmd,m->h", query, K, E[p] + P[2]) / np.sqrt(d_head)
    low, high = _softmax_range(scores, last)  # (3, H) each
    centre, radius = (low + high) / 2, (high - low) / 2
    if attn.shape_gains is not None:
        alpha, beta, gamma = np.asarray(attn.shape_gains)
        identity = np.asarray([0.0, 0.0, 1.0])[:, None]
        centre, radius = alpha * identity + beta * centre - gamma / 3, np.abs(beta) * radius
    out = np.eye(config.d_model).reshape(len(V), d_head, -1) if attn.W_O is None else np.asarray(attn.W_O)
    OV = np.einsum("hmd,hdo->hmo", V, out)
    inputs = [x + P[0], x + P[1], (E[p] + P[2])[None]]
    parts = [np.einsum("h,hmo,nm->no", centre[i], OV, inputs[i]) for i in range(3)]
    skip = (E[p] + P[2])[None] if block.kind == "standard" else 0.0
    W_in, W_U = np.asarray(block.mlp.W_in), np.asarray(model.W_U)

    def read(W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values = np.stack([(parts[0] + parts[2] + skip) @ W, parts[1] @ W])
        error = sum(radius[i, h] * np.abs(inputs[i] @ OV[h] @ W).max(axis=0) for i in range(3) for h in range(len(V)))
        return values, np.asarray(error)

    f, f_error = read(W_in)
    d, d_error = read(W_U)
    rows = 2 * p + 1
    cost = rows * (len(V) * config.d_model * d_head * 2 + config.d_model * (W_in.shape[1] + W_U.shape[1]))
    return Tables(f, d, f_error, d_error, int(cost))


def _softmax_range(scores: list[np.ndarray], last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest attention weight of the three positions over all tokens: (3, H) each."""
    least = np.stack([s.min(axis=1) for s in scores] + [last])
    most = np.stack([s.max(axis=1) for s in scores] + [last])

    def weight(own: np.ndarray, others: np.ndarray, i: int) -> np.ndarray:
        rest = np.exp(np.delete(others, i, axis=0) - own).sum(axis=0)
        return 1 / (1 + rest)

    return np.stack([weight(least[i], most, i) for i in range(3)]), np.stack([weight(most[i], least, i) for i in range(3)])


def certify(model: Transformer, config: Config, groups: np.ndarray) -> Certificate:
    """The bound for every task; `groups` (T, M) bool says which neurons are evaluated for it.

    Raises `ValueError` for another task, more layers, or the parallel block.
    """
    if config.task != "residues" or config.n_layers != 1 or config.block == "sas-p":
        raise ValueError(f"run {config.run!r}: the bound is for one-layer standard and sas networks trained on residues")
    t, p = tables(model, config), config.p
    W_L = np.asarray(neuron_logit_map(model), np.float64)
    ends = np.cumsum(primes_below(p))
    highest = np.maximum(t.f[0].max(axis=0) + t.f[1].max(axis=0) + t.f_error, 0)  # each neuron's range is [lowest, highest]
    lowest = np.maximum(t.f[0].min(axis=0) + t.f[1].min(axis=0) - t.f_error, 0)
    cost, bound = t.operations, []
    for task, q in enumerate(primes_below(p)):
        block, mine = slice(ends[task] - q, ends[task]), groups[task]
        W, rest = W_L[mine, block], W_L[~mine, block]
        difference = rest[:, :, None] - rest[:, None, :]  # (rest, right, wrong)
        worst = np.where(difference > 0, difference * lowest[~mine, None, None], difference * highest[~mine, None, None]).sum(axis=0)
        error = 2 * (t.f_error[mine, None] * np.abs(W)).sum(axis=0).max(initial=0.0) + 2 * t.d_error[block].max()
        f, d = t.f[:, :, mine], t.d[:, :, block]
        residues = np.arange(p) % q
        period = max(np.abs(f - f[:, residues]).max(initial=0.0), np.abs(d - d[:, residues]).max())
        scale = max(np.abs(f).max(initial=0.0), np.abs(d).max(), 1.0)
        periodic = period <= SLACK * scale
        n0 = q if periodic else p
        z = np.maximum(f[0][:n0][None] + f[1][:n0][:, None], 0)  # [x1, x0, neuron]
        logits = z @ W + d[0][:n0][None] + d[1][:n0][:, None]
        right = (np.arange(n0)[None, :] + p * np.arange(n0)[:, None]) % q
        own = np.take_along_axis(logits, right[..., None], axis=-1)
        margin = own - logits + worst[right]
        margin[right[..., None] == np.arange(q)] = np.inf
        slack = SLACK * (mine.sum() + 4) * (np.abs(z).max(initial=0.0) * np.abs(W).max(initial=0.0) + np.abs(d).max() + 1) + 2 * period
        good = margin.min(axis=-1) > error + slack
        weights = np.bincount(residues, minlength=q)[:n0] if periodic else np.ones(p)
        bound.append((good * weights[None, :] * weights[:, None]).sum() / p**2)
        cost += n0 * n0 * int(mine.sum()) * q + (int((~mine).sum()) * q * q if rest.any() else 0)
    brute = (
        p
        * p
        * (
            config.d_model * (2 * config.d_head * config.n_heads + config.d_mlp)
            + W_L.shape[0] * config.d_model
            + config.d_model * W_L.shape[1]
        )
    )
    return Certificate(np.asarray(bound), int(cost), int(brute))


def writing_groups(model: Transformer, config: Config) -> np.ndarray:
    """For each task the neurons that write to it at all: (T, M) bool. The natural groups of a network written by hand."""
    W_L, ends = np.asarray(neuron_logit_map(model)), np.cumsum(primes_below(config.p))
    return np.stack([np.abs(W_L[:, end - q : end]).max(axis=1) > 0 for q, end in zip(primes_below(config.p), ends, strict=True)])


def certify_all(runs: Sequence[Run]) -> Arrays:
    """For trained networks, the mean over tasks of the bound with each task's own neurons evaluated: `own` (seeds,), with `saving`, brute
    force over operations; and with all of them, `all` and `all_saving`."""
    rows = []
    for run in runs:
        q = extract(run).q
        own = certify(run.model, run.config, q[None, :] == np.asarray(run.dataset.widths)[:, None])
        every = certify(run.model, run.config, np.ones((len(run.dataset.widths), len(q)), dtype=bool))
        rows.append((own.bound.mean(), own.brute_force / own.operations, every.bound.mean(), every.brute_force / every.operations))
    return dict(zip(("own", "saving", "all", "all_saving"), np.asarray(rows).T, strict=True))
