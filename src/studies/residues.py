"""The residue networks taken apart: in which basis they are simple, which prime each neuron serves, and what its removal costs.

`analyse(run)` measures one trained network; `studies.algorithm` reads its algorithm. Rows run over all n < p**2. The dictionaries:

- *rational*: one wave k/q in both digits, with its phase k p / q on x1 (`lens.fourier.rational_dictionary`), M families;
- *Z/p*: any pair of frequencies (k0, k1) of the DFT over Z/p, (p - 1)**2 / 4 families: a larger budget for the wrong basis;
- *random*: M families of frequencies drawn at random, tied in pairs: the null.

Every family has the same 8 dimensions {1, cos, sin}(x0) x {1, cos, sin}(x1) without the constant.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from ..circuits.by_hand import Neurons
from ..lens.fourier import family_basis, family_variance, fourier_basis, project, rational_dictionary
from ..lens.interventions import ablate_neurons, neuron_logit_map, run_with_cache
from ..network.model import predict
from ..network.packing import margins, task_accuracy, task_loss
from ..network.runs import Run
from ..numbers.integers import primes_below
from .algorithm import extract, label_neurons
from .arrays import Arrays

LABELLED = 0.85  # share of a pre-activation's variance that its family must explain


def best_zp_pair(y: np.ndarray, p: int) -> np.ndarray:
    """Share of each column's variance in the best family (k0/p, k1/p), over all pairs of frequencies of Z/p: (C,)."""
    F = fourier_basis(p)
    y = y.reshape(p, p, -1)
    power = np.einsum("ax,by,yxc->bac", F, F, y, optimize=True) ** 2  # [wave of x1, wave of x0, column]
    total = power.sum(axis=(0, 1)) - power[0, 0]
    pairs = np.concatenate([power[:1], power[1::2] + power[2::2]])
    pairs = np.concatenate([pairs[:, :1], pairs[:, 1::2] + pairs[:, 2::2]], axis=1)  # [k1, k0, column], 0 the constant
    shares = pairs[1:, 1:] + pairs[:1, 1:] + pairs[1:, :1]
    return shares.max(axis=(0, 1)) / np.maximum(total, 1e-300)


def random_dictionary_share(y: np.ndarray, p: int, *, seed: int = 0, columns: int = 128) -> np.ndarray:
    """The null for a label: the best share among as many families as the rational dictionary has, of random frequencies: (C,)."""
    rng, m = np.random.default_rng(seed), len(rational_dictionary(p).q)
    theta0, theta1 = rng.uniform(0, 0.5, m), rng.uniform(0, 1, m)
    return np.concatenate([family_variance(y[:, i : i + columns], p, theta0, theta1).max(axis=0) for i in range(0, y.shape[1], columns)])


def two_families(pre: np.ndarray, p: int, q: np.ndarray, k: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Share of each pre-activation in its best rational family (q, k) and the best family for what that one leaves: (M,)."""
    rest = np.empty_like(pre)
    for qk in {(int(a), int(b)) for a, b in zip(q, k, strict=True)}:
        mine = np.flatnonzero((q == qk[0]) & (k == qk[1]))
        y = pre[:, mine] - pre[:, mine].mean(axis=0)
        rest[:, mine] = y - project(family_basis(p, qk[1] / qk[0], (qk[1] * p % qk[0]) / qk[0]), y)
    return first + (1 - first) * label_neurons(rest, p)[2]


def neuron_effects(run: Run, post: np.ndarray, q: np.ndarray, k: np.ndarray, *, rows: int = 1500, seed: int = 0) -> np.ndarray:
    """Rise of every task's loss when one neuron loses its family's component: float (M, T), over up to `rows` random inputs."""
    p, chosen = run.config.p, np.random.default_rng(seed).permutation(run.config.p**2)[:rows]
    component = np.empty((len(q), len(chosen)), np.float32)
    for qk in {(int(a), int(b)) for a, b in zip(q, k, strict=True)}:
        mine = np.flatnonzero((q == qk[0]) & (k == qk[1]))
        basis = family_basis(p, qk[1] / qk[0], (qk[1] * p % qk[0]) / qk[0])
        component[mine] = (basis[chosen] @ (basis.T @ post[:, mine])).T
    tokens, labels = jnp.asarray(run.dataset.tokens[chosen]), jnp.asarray(run.dataset.labels[chosen])
    widths, W_L = run.dataset.widths, neuron_logit_map(run.model)

    @jax.jit
    def sweep(logits: jax.Array) -> jax.Array:
        one = lambda cw: task_loss(logits - cw[0][:, None] * cw[1][None, :], labels, widths)  # noqa: E731
        return jax.lax.map(one, (jnp.asarray(component), W_L)) - task_loss(logits, labels, widths)[None]

    return np.asarray(sweep(predict(run.model, tokens)), np.float64)


def dissociation(run: Run, post: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Accuracy of every task with each group of neurons mean-ablated: (K, T) for groups (K, M) bool."""
    tokens, labels, widths = jnp.asarray(run.dataset.tokens), jnp.asarray(run.dataset.labels), run.dataset.widths
    average = jnp.broadcast_to(jnp.asarray(post.mean(axis=0), jnp.float32), post.shape)
    sweep = jax.jit(lambda model: ablate_neurons(model, tokens, average, lambda x: task_accuracy(x, labels, widths), groups))
    return np.asarray(sweep(run.model), np.float64)


def random_groups(sizes: np.ndarray, m: int, seed: int) -> np.ndarray:
    """Groups of the same sizes drawn from all m neurons: (K, m) bool."""
    rng = np.random.default_rng(seed)
    groups = np.zeros((len(sizes), m), dtype=bool)
    for group, size in zip(groups, sizes, strict=True):
        group[rng.choice(m, size, replace=False)] = True
    return groups


def _accuracies(logits: np.ndarray, run: Run) -> np.ndarray:
    return np.asarray(task_accuracy(jnp.asarray(logits, jnp.float32), jnp.asarray(run.dataset.labels), run.dataset.widths), np.float64)


def directions(neurons: Neurons, q: int, p: int, share: float = 0.05) -> np.ndarray:
    """What prime q owns: the families of its frequencies with at least `share` of its strength, orthonormal (p * p, D)."""
    mine = neurons.q == q
    strength = neurons.b * (neurons.a0 + neurons.a1) * mine
    ks = [k for k in np.unique(neurons.k[mine]) if strength[neurons.k == k].sum() >= share * strength.sum()]
    return np.linalg.qr(np.concatenate([family_basis(p, k / q, (k * p % q) / q) for k in ks], axis=1))[0]


def direction_removal(run: Run, post: np.ndarray, bases: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies (K, T) with each basis' functions removed from every neuron, and with nothing else of the MLP kept but the mean."""
    W_L = np.asarray(neuron_logit_map(run.model), np.float64)
    logits = np.asarray(predict(run.model, jnp.asarray(run.dataset.tokens)), np.float64)
    mlp = post @ W_L
    mlp -= mlp.mean(axis=0)
    removed, kept = [], []
    for basis in bases:
        part = project(basis, mlp)
        removed.append(_accuracies(logits - part, run))
        kept.append(_accuracies(logits - mlp + part, run))
    return np.stack(removed), np.stack(kept)


def analyse(run: Run) -> Arrays:
    """Everything measured on one residue network, T tasks and M neurons.

    **Returns:** arrays by name. `accuracy` (T,), `chance` (T,) the share of the largest class, `wrong` cells.

    Bases, each (M,): `rational`, `zp`, `random`, shares of the pre-activations; `two`, that of the best rational family and of the best
    for what it leaves; `rational_post`, `random_post` after the ReLU. `additive`, the share of the pre-activations that is a function of
    one digit plus one of the other.

    Labels, (M,): `q`, `k`, `hurts` (the prime whose loss rises most without the neuron's component), `specific` (that rise over the sum of
    all rises). Accuracies (T,) without all neurons below `LABELLED`, `unlabelled_ablated`, and without as many random ones,
    `unlabelled_random`.

    Dissociation, (T, T): `ablated` (the neurons of each prime mean-ablated), `ablated_random` (groups of the same size), `removed` and
    `kept` (the functions of each prime's frequencies), `removed_random` (as many random families).

    Phases: `phase_error` (M,) |psi - phi0 - phi1|; `frequencies` (T,) in use by each prime. Attention: `attention` (n_heads, 3), and
    `attention_spread`, its largest deviation.

    Raises `ValueError` for another task or more layers.
    """
    neurons = extract(run)  # checks the task
    p, primes, labels = run.config.p, primes_below(run.config.p), run.dataset.labels
    logits, cache = run_with_cache(run.model, jnp.asarray(run.dataset.tokens))
    logits = np.asarray(logits, np.float64)
    pre, post = (np.asarray(cache[f"blocks.0.mlp.hook_{name}"][:, -1], np.float64) for name in ("pre", "post"))
    pattern = np.asarray(cache["blocks.0.attn.hook_pattern"][:, :, -1], np.float64)

    q, k, rational = label_neurons(pre, p)
    null = random_dictionary_share(pre, p)
    grid = pre.reshape(p, p, -1)
    rest = grid - grid.mean(axis=0)[None] - grid.mean(axis=1)[:, None] + grid.mean(axis=(0, 1))
    effects = neuron_effects(run, post, q, k)
    hurts = np.asarray(run.dataset.widths)[effects.argmax(axis=1)]
    unlabelled = rational < LABELLED

    groups = q[None, :] == np.asarray(run.dataset.widths)[:, None]
    bases = [directions(neurons, int(w), p) for w in run.dataset.widths]
    rng = np.random.default_rng(1)
    random_bases = [
        np.linalg.qr(np.concatenate([family_basis(p, *rng.uniform(0, 0.5, 2)) for _ in range(max(1, b.shape[1] // 8))], axis=1))[0]
        for b in bases
    ]
    removed, kept = direction_removal(run, post, bases)
    out = {
        "accuracy": _accuracies(logits, run),
        "chance": [np.bincount(labels[:, t]).max() / len(labels) for t in range(labels.shape[1])],
        "wrong": (margins(logits, labels, run.dataset.widths) <= 0).sum(),
        "rational": rational,
        "zp": np.concatenate([best_zp_pair(pre[:, i : i + 128], p) for i in range(0, pre.shape[1], 128)]),
        "random": null,
        "rational_post": label_neurons(post, p)[2],
        "random_post": random_dictionary_share(post, p),
        "additive": 1 - (rest**2).sum() / ((grid - grid.mean(axis=(0, 1))) ** 2).sum(),
        "two": two_families(pre, p, q, k, rational),
        "q": q, "k": k, "hurts": hurts,
        "specific": np.take_along_axis(effects, effects.argmax(axis=1)[:, None], 1)[:, 0] / np.maximum(effects, 0).sum(axis=1).clip(1e-12),
        "unlabelled_ablated": dissociation(run, post, unlabelled[None])[0],
        "unlabelled_random": dissociation(run, post, random_groups(unlabelled.sum()[None], len(q), seed=2))[0],
        "ablated": dissociation(run, post, groups),
        "ablated_random": dissociation(run, post, random_groups(groups.sum(axis=1), len(q), seed=0)),
        "removed": removed, "kept": kept,
        "removed_random": direction_removal(run, post, random_bases)[0],
        "phase_error": np.abs(np.angle(np.exp(1j * (neurons.psi - neurons.phi0 - neurons.phi1)))),
        "frequencies": [len(np.unique(k[q == w])) for w in primes],
        "attention": pattern.mean(axis=0),
        "attention_spread": pattern.std(axis=0).max(),
    }  # fmt: skip
    return {name: np.asarray(value) for name, value in out.items()}


def off_diagonal(x: np.ndarray) -> np.ndarray:
    """(seeds, T, T) -> (seeds, T (T - 1))."""
    return x[:, ~np.eye(x.shape[1], dtype=bool)]


def labelled(a: Arrays) -> np.ndarray:
    """Which neurons have a label by all parts of the definition: (seeds, M).

    The null is each neuron's own: the best of as many random families for that neuron, drawn once. Of neurons whose frequency has
    nothing to do with n mod q, half would beat it.
    """
    return (a["rational"] >= LABELLED) & (a["rational"] > a["random"]) & (a["hurts"] == a["q"])


def labelled_over_neurons(a: Arrays) -> np.ndarray:
    """The same with one level for all neurons in the null's place: the 99th percentile, over neurons, of the best random family's share."""
    level = np.quantile(a["random"], 0.99, axis=1)[:, None]
    return (a["rational"] >= LABELLED) & (a["rational"] > level) & (a["hurts"] == a["q"])


def below(a: Arrays, field: str) -> np.ndarray:
    """Mean of a field over the neurons whose best family explains less than `LABELLED`: (seeds,)."""
    return np.asarray([values[first < LABELLED].mean() for values, first in zip(a[field], a["rational"], strict=True)])
