"""Lower bounds on a residue network's accuracy over all n < p**2 that do not run the network on all n.

In one layer everything before the ReLU is a sum of functions of one digit, up to what the attention weights vary with the input. Tables
of 2 p + 1 rows hold those functions. Two bounds start there:

- `certify`, for networks with few neurons a task: attention's variation is bounded from the ranges of the scores, and for each task the
  neurons are cut in two: a *group* that is evaluated, and the rest, whose effect on every difference of two classes is bounded by interval
  arithmetic. If the group's tables have period q, as in the networks written by hand, q**2 pairs of residues stand for all p**2 inputs.
- `certify_by_rank`, for trained networks: the stream after the MLP is computed from the tables, and each task's columns of the
  unembedding are cut to their r largest singular directions in the metric of the stream's covariance. What is left out is bounded by
  Cauchy and Schwarz.

A cell is certified if the right class beats every other by more than all bounds together. Everything is in float64; `SLACK` times the
size of the terms is added for rounding. After Gross et al. 2024 (arXiv 2406.11779), who trade the length of a proof for its strength.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..lens.interventions import neuron_logit_map
from ..network.config import Config
from ..network.model import Transformer
from ..network.runs import Run
from ..numbers.integers import primes_below
from .algorithm import extract
from .arrays import Arrays

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


class Parts(NamedTuple):
    """The weights of a one-layer network in float64, as seen from the last position."""

    inputs: list[np.ndarray]  # of positions x0, x1 and '=': (p, d), (p, d), (1, d)
    scores: list[np.ndarray]  # attention scores of the three from '=': (H, p), (H, p), (H, 1)
    OV: np.ndarray  # (H, d, d)
    gains: np.ndarray | None  # (3, H), shaped attention
    skip: np.ndarray  # (1, d) what reaches the last position besides attention
    W_in: np.ndarray
    W_out: np.ndarray  # the MLP's gain is in it
    W_U: np.ndarray


def _refuse(config: Config) -> None:
    if config.task != "residues" or config.n_layers != 1 or config.block == "sas-p":
        raise ValueError(f"run {config.run!r}: the bound is for one-layer standard and sas networks trained on residues")


def _parts(model: Transformer, config: Config) -> Parts:
    p, block, attn = config.p, model.blocks[0], model.blocks[0].attn
    E, P, Q, K, V, W_in, W_out, W_U = (
        np.asarray(w, np.float64)
        for w in (model.W_E, model.W_pos, attn.W_Q, attn.W_K, attn.W_V, block.mlp.W_in, block.mlp.W_out, model.W_U)
    )
    d_head = Q.shape[-1]
    inputs = [E[:p] + P[0], E[:p] + P[1], (E[p] + P[2])[None]]
    query = np.einsum("m,hmd->hd", inputs[2][0], Q)
    out = np.eye(config.d_model).reshape(len(V), d_head, -1) if attn.W_O is None else np.asarray(attn.W_O, np.float64)
    return Parts(
        inputs,
        [np.einsum("hd,hmd,nm->hn", query, K, x) / np.sqrt(d_head) for x in inputs],
        np.einsum("hmd,hdo->hmo", V, out),
        None if attn.shape_gains is None else np.asarray(attn.shape_gains, np.float64),
        inputs[2] if block.kind == "standard" else np.zeros((1, config.d_model)),
        W_in,
        W_out if block.mlp_gain is None else W_out * float(block.mlp_gain),
        W_U,
    )


def table_operations(config: Config, columns: int) -> int:
    """Multiplications to make the tables: keys and values of every digit at both positions, and what `columns` outputs read of them."""
    return (2 * config.p + 1) * (config.d_model * config.d_model * 2 + config.d_model * columns)


def brute_force_operations(config: Config, classes: int) -> int:
    """Multiplications to run every input: keys and values of three positions, and at the last the query, W_O, the MLP and the unembedding.

    The 2 p + 1 possible keys and values are looked up, as in `Transformer`; so they cost nothing here.
    """
    d, m = config.d_model, config.d_mlp
    return config.p**2 * (2 * d * d + 2 * d * m + d * classes)


def tables(model: Transformer, config: Config) -> Tables:
    """Per-digit tables of a one-layer network and the error of treating its attention as fixed."""
    w = _parts(model, config)
    low, high = _softmax_range(w.scores[:2], w.scores[2][:, 0])  # (3, H) each
    centre, radius = (low + high) / 2, (high - low) / 2
    if w.gains is not None:
        alpha, beta, gamma = w.gains
        identity = np.asarray([0.0, 0.0, 1.0])[:, None]
        centre, radius = alpha * identity + beta * centre - gamma / 3, np.abs(beta) * radius
    parts = [np.einsum("h,hmo,nm->no", centre[i], w.OV, w.inputs[i]) for i in range(3)]

    def read(W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values = np.stack([(parts[0] + parts[2] + w.skip) @ W, parts[1] @ W])
        error = sum(radius[i, h] * np.abs(w.inputs[i] @ w.OV[h] @ W).max(axis=0) for i in range(3) for h in range(len(w.OV)))
        return values, np.asarray(error)

    f, f_error = read(w.W_in)
    d, d_error = read(w.W_U)
    return Tables(f, d, f_error, d_error, table_operations(config, w.W_in.shape[1] + w.W_U.shape[1]))


def stream(model: Transformer, config: Config) -> tuple[np.ndarray, int]:
    """The stream after the MLP at '=' for every input, (p * p, d) in float64, from the tables; and the multiplications it took."""
    w, p, heads = _parts(model, config), config.p, range(config.n_heads)
    values = [np.stack([x @ w.OV[h] for h in heads]) for x in w.inputs]  # (H, n, d) each
    reads = [v @ w.W_in for v in values]
    skipped = w.skip @ w.W_in
    out = np.empty((p, p, config.d_model))
    for x1 in range(p):
        scores = np.stack([w.scores[0], np.repeat(w.scores[1][:, x1 : x1 + 1], p, axis=1), np.repeat(w.scores[2], p, axis=1)])
        pattern = np.exp(scores - scores.max(axis=0))
        pattern /= pattern.sum(axis=0)  # (3, H, p)
        if w.gains is not None:
            alpha, beta, gamma = w.gains[:, :, None]
            pattern = beta * pattern - gamma / 3
            pattern[2] += alpha

        def mix(t: list[np.ndarray], pattern: np.ndarray = pattern, x1: int = x1) -> np.ndarray:
            one_row = np.einsum("hx,hd->xd", pattern[1], t[1][:, x1]) + np.einsum("hx,hd->xd", pattern[2], t[2][:, 0])
            return np.einsum("hx,hxd->xd", pattern[0], t[0]) + one_row

        out[x1] = w.skip + mix(values) + np.maximum(skipped + mix(reads), 0) @ w.W_out
    d, m = config.d_model, config.d_mlp
    cost = table_operations(config, m + d) + p * p * (3 * config.n_heads * (m + d + 1) + m * d)
    return out.reshape(p * p, d), cost


def certify_by_rank(model: Transformer, config: Config, ranks: Sequence[int]) -> list[Certificate]:
    """For each rank r the bound with r singular directions of every task's unembedding; r >= q computes task q in full.

    Raises `ValueError` as `certify` does.
    """
    _refuse(config)
    p, d, W_U, primes = config.p, config.d_model, np.asarray(model.W_U, np.float64), primes_below(config.p)
    h, cost = stream(model, config)
    sample = h[:: max(1, p * p // 1000)]  # the metric may be any; a thousand inputs give a good one
    centre = sample.mean(axis=0)
    covariance = np.cov(sample.T) + 1e-6 * np.eye(d)
    factor = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(factor, (h - centre).T).T
    length = np.linalg.norm(whitened, axis=1)
    cost_of_metric = (len(sample) + p * p) * d * (d + 1) // 2 + d**3
    n, rows = np.arange(p * p), np.arange(p * p)
    size = SLACK * d * (np.abs(h).max() * np.abs(W_U).max() + 1)
    brute = brute_force_operations(config, W_U.shape[1])
    ends = np.cumsum(primes)
    out = []
    for rank in ranks:
        bound, operations = [], cost + (cost_of_metric if rank < primes[-1] else 0)
        for q, end in zip(primes, ends, strict=True):
            B, right = W_U[:, end - q : end], n % q
            B = B - B.mean(axis=1, keepdims=True)  # the same for all classes: no difference changes
            if rank >= q:
                logits, left_out = h @ B, np.zeros((q, q))
                operations += p * p * d * int(q)
            else:
                u, s, vt = np.linalg.svd(factor.T @ B, full_matrices=False)
                logits = (whitened @ u[:, :rank]) @ (s[:rank, None] * vt[:rank]) + centre @ B
                gram = (vt[rank:].T * s[rank:] ** 2) @ vt[rank:]
                norms = np.diagonal(gram)
                left_out = np.sqrt(np.maximum(norms[:, None] + norms[None, :] - 2 * gram, 0))
                operations += (p * p * rank + d * min(d, int(q)) * 4) * (d + int(q))
            margin = logits[rows, right][:, None] - logits - length[:, None] * left_out[right]
            margin[rows, right] = np.inf
            bound.append((margin.min(axis=1) > size).mean())
        out.append(Certificate(np.asarray(bound), int(operations), brute))
    return out


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
    _refuse(config)
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
    return Certificate(np.asarray(bound), int(cost), brute_force_operations(config, W_L.shape[1]))


RANKS = (4, 8, 16, 32, 64, 128)


def certify_run(run: Run) -> Arrays:
    """For a trained network the mean over tasks of the bound, and brute force over operations: `own` and `own_saving` with each task's own
    neurons evaluated and the others bounded by their ranges; `by_rank` and `by_rank_saving` (R,) over `RANKS`."""
    own = certify(run.model, run.config, extract(run).q[None, :] == np.asarray(run.dataset.widths)[:, None])
    proofs = [own, *certify_by_rank(run.model, run.config, RANKS)]
    bound = np.asarray([proof.bound.mean() for proof in proofs])
    saving = np.asarray([proof.brute_force / proof.operations for proof in proofs])
    return {"own": bound[0], "own_saving": saving[0], "by_rank": bound[1:], "by_rank_saving": saving[1:]}
