"""A residue network of large p taken apart in pieces: memory follows its neurons, not p^2 times its classes.

The questions that say most of `studies.residues`, `studies.ladder` and `studies.cancellation`, asked a task at a time of all n < p**2, and
of a sample of them where every task is asked about every prime. On a small network the answers are theirs (tested).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..lens.fourier import rational_dictionary, waves
from ..lens.interventions import ablate_neurons, activations, neuron_logit_map
from ..network.packing import row_correct
from ..network.runs import Run
from .algorithm import read_off
from .arrays import Arrays
from .cancellation import class_centred
from .composition import primes_from_residues
from .ladder import on_both_digits, on_one_digit
from .residues import neuron_effects, random_groups
from .torus import wave_strengths

PIECE, COLUMNS = 4096, 32  # inputs that the network sees at once; neurons that are held against all families at once
SAMPLE, EFFECTS = 8192, 128  # random inputs for the dissociation, and for what each neuron's removal costs


class Cut(NamedTuple):
    """A one-layer network cut at its neurons, whose logits are relu(pre) @ W_L + mid @ W_U. Rows are all n < p**2, x0 fastest."""

    pre: np.ndarray  # (N, M) float32
    mid: np.ndarray  # (N, d_model) float32
    W_L: np.ndarray  # (M, classes) float32
    W_U: np.ndarray  # (d_model, classes) float32


def cut(run: Run) -> Cut:
    """Cut a run at its neurons, `PIECE` inputs at a time. Raises `ValueError` for another task or more layers."""
    if run.config.task != "residues" or run.config.n_layers != 1:
        raise ValueError(f"run {run.config.run!r}: accounts are of one-layer networks trained on residues")
    names = ("blocks.0.mlp.hook_pre", "blocks.0.hook_resid_mid")
    tokens = run.dataset.tokens
    found = [activations(run.model, jnp.asarray(tokens[i : i + PIECE]), names) for i in range(0, len(tokens), PIECE)]
    pre, mid = (np.concatenate([np.asarray(piece[name][:, -1]) for piece in found]) for name in names)
    return Cut(pre, mid, np.asarray(neuron_logit_map(run.model)), np.asarray(run.model.W_U))


@jax.jit
def _shares(y: jax.Array, u0: jax.Array, u1: jax.Array) -> jax.Array:
    """Share of each column of y (x1, x0, C), of mean zero, in each family of waves on x0 and x1, (K, p, 2) each: (K, C)."""
    root = jnp.sqrt(jnp.float32(len(y)))
    on_x0, on_x1 = (jnp.einsum("mxj,xc->mjc", u, y.sum(axis=i)) / root for i, u in enumerate((u0, u1)))
    both = jnp.einsum("myi,mjyc->mijc", u1, jnp.einsum("mxj,yxc->mjyc", u0, y))
    explained = (on_x0**2).sum(axis=1) + (on_x1**2).sum(axis=1) + (both**2).sum(axis=(1, 2))
    return explained / jnp.maximum((y**2).sum(axis=(0, 1)), 1e-30)[None, :]


def best_family(pre: np.ndarray, p: int, theta0: np.ndarray, theta1: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of K families (theta0_i, theta1_i) the one that explains most of each column of pre (p * p, M), and its share: (M,) each.

    As `lens.fourier.family_variance` has it, in float32 and `COLUMNS` columns at a time.
    """
    u0, u1 = (jnp.asarray(waves(theta, p)[..., 1:], jnp.float32) for theta in (theta0, theta1))
    best, share = [], []
    for i in range(0, pre.shape[1], COLUMNS):
        y = pre[:, i : i + COLUMNS].reshape(p, p, -1)
        y = np.pad(y - y.mean(axis=(0, 1), dtype=np.float64).astype(np.float32), ((0, 0), (0, 0), (0, COLUMNS - y.shape[2])))
        found = np.asarray(_shares(jnp.asarray(y), u0, u1))
        best.append(found.argmax(axis=0))
        share.append(found.max(axis=0))
    return np.concatenate(best)[: pre.shape[1]], np.concatenate(share)[: pre.shape[1]]


def one_formula(q: int, k: np.ndarray, strength: np.ndarray, p: int) -> np.ndarray:
    """One task of `torus.formula`: sum over k of S_k cos(2 pi k (n - c) / q), (p * p, q)."""
    classes = np.arange(q)
    table = np.cos(2 * np.pi * np.outer(classes, k) / q) @ strength
    return table[(np.arange(p * p)[:, None] - classes) % q]


def share_of(account: np.ndarray, network: np.ndarray) -> float:
    """Variance of one task's centred logits (N, q) that an account has, as in `ladder.share`."""
    mine, theirs = (x - x.mean(axis=0) for x in (class_centred(account), class_centred(network)))
    return float(1 - ((mine - theirs) ** 2).sum() / (theirs**2).sum())


def powers_of(own: np.ndarray, logits: np.ndarray, p: int) -> np.ndarray:
    """One task of `cancellation.powers`: (3, 4) shares of its logits' variance, by writer (own neurons, the rest, both) and by kind."""
    both = class_centred(logits)
    own = class_centred(own)
    out = []
    for y in (own, both - own, both):
        mean, x0, x1 = on_one_digit(y, p)
        out.append([(mean**2).sum(), (x0**2).sum() / p, (x1**2).sum() / p, (on_both_digits(y, p) ** 2).sum() / len(y)])
    return np.asarray(out) / both.var(axis=0).sum()


def dissociate(run: Run, mean: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Accuracy of every task over `SAMPLE` random inputs with each group of neurons (K, M) at its mean (M,): (K, T)."""
    tokens, labels, widths = run.dataset.tokens, run.dataset.labels, run.dataset.widths
    rows = np.random.default_rng(0).permutation(len(tokens))[:SAMPLE]
    piece = min(PIECE, len(rows))
    source = jnp.broadcast_to(jnp.asarray(mean, jnp.float32), (piece, len(mean)))

    @jax.jit
    def right(model, tokens, labels):
        return ablate_neurons(model, tokens, source, lambda x: row_correct(x, labels, widths).sum(axis=0), groups)

    pieces = [rows[i : i + piece] for i in range(0, len(rows) // piece * piece, piece)]
    return np.sum([np.asarray(right(run.model, jnp.asarray(tokens[i]), jnp.asarray(labels[i]))) for i in pieces], axis=0) / (
        len(pieces) * piece
    )


def take_apart(run: Run) -> Arrays:
    """What one network does, in pieces; T tasks, M neurons.

    **Returns:** `accuracy` (T,), `wrong` cells, `counts` (4,) of its primality test in the order of `composition.Confusion`. Labels, (M,):
    `q`, `k`, `rational`, `random`, `hurts` as in `residues.analyse`. The closed formula, from the weights alone: `formula_wrong` cells,
    `formula_share` of the logits' variance, and the same for as many other waves of each prime, `null_formula_wrong`,
    `null_formula_share`. `powers` (3, 4, T) as in `cancellation.powers`. `ablated` (T, T) and `ablated_random`: accuracies with each
    prime's neurons, or as many random ones, at their means.

    Raises `ValueError` as `cut`.
    """
    a, p, data = cut(run), run.config.p, run.dataset
    d, rng = rational_dictionary(p), np.random.default_rng(0)
    best, rational = best_family(a.pre, p, d.theta0, d.theta1)
    _, random = best_family(a.pre, p, rng.uniform(0, 0.5, len(d.q)), rng.uniform(0, 1, len(d.q)))
    q, k = d.q[best], d.k[best]
    neurons = read_off(a.pre, a.W_L, q, k, data.widths, p)
    used = wave_strengths(neurons)
    other = np.concatenate([rng.choice(d.k[d.q == w], (used[0] == w).sum(), replace=False) for w in np.unique(used[0])])
    post = np.maximum(a.pre, 0)
    said, right, rows = [], [], {name: [] for name in ("wrong", "share", "null_wrong", "null_share")}
    powers = np.zeros((3, 4, len(data.widths)))
    for t, (width, end) in enumerate(zip(data.widths, np.cumsum(data.widths), strict=True)):
        columns, mine, label = slice(end - width, end), q == width, data.labels[:, t]
        logits = post @ a.W_L[:, columns] + a.mid @ a.W_U[:, columns]
        said.append(logits.argmax(axis=1))
        right.append((said[-1] == label).mean())
        powers[:, :, t] = powers_of(post[:, mine] @ a.W_L[mine, columns], logits, p)
        for name, (wq, wk, s) in (("", used), ("null_", (used[0], other, used[2]))):
            account = one_formula(width, wk[wq == width], s[wq == width], p)
            rows[f"{name}wrong"].append((account.argmax(axis=1) != label).sum())
            rows[f"{name}share"].append(share_of(account, logits))
    prime = primes_from_residues(np.stack(said, axis=1), p)
    truth = primes_from_residues(data.labels, p)
    groups = q[None, :] == np.asarray(data.widths)[:, None]
    mean = post.mean(axis=0)
    del a
    effects = neuron_effects(run, post, q, k, rows=EFFECTS)
    return {
        "accuracy": np.asarray(right),
        "wrong": np.asarray(sum(((x != data.labels[:, t]).sum() for t, x in enumerate(said)), start=0)),
        "counts": np.asarray([(prime & truth).sum(), (prime & ~truth).sum(), (~prime & truth).sum(), (~prime & ~truth).sum()]),
        "q": q, "k": k, "rational": rational, "random": random,
        "hurts": np.asarray(data.widths)[effects.argmax(axis=1)],
        **{f"{name}formula_wrong": np.asarray(np.sum(rows[f"{name}wrong"])) for name in ("", "null_")},
        **{f"{name}formula_share": np.asarray(np.mean(rows[f"{name}share"])) for name in ("", "null_")},
        "powers": powers,
        "ablated": dissociate(run, mean, groups),
        "ablated_random": dissociate(run, mean, random_groups(groups.sum(axis=1), len(q), seed=0)),
    }  # fmt: skip
