"""Neurons that mix: those whose pre-activation one wave does not explain. Which two waves do they have, and whom do they serve?

If cancellation decides what a neuron reads, the two waves of such a neuron share a letter: one wave of one digit is then part of both, and
the neuron can clear what the neurons of both primes write of that digit. `pairs` counts how the two waves meet.
"""

import jax.numpy as jnp
import numpy as np

from ..lens.fourier import family_basis, project
from ..lens.interventions import neuron_logit_map, run_with_cache
from ..network.runs import Run
from .algorithm import label_neurons
from .arrays import Arrays
from .cancellation import NEAR, class_centred, letter_of
from .residues import LABELLED


def two_waves(run: Run) -> Arrays:
    """The two best waves of every neuron of a network of T tasks, and to whom it writes, (M,) each.

    **Returns:** `q` and `k` of its best rational family, `first`, the share of its pre-activation's variance in it; `q2`, `k2`, the best
    family of what that one leaves, and `second`, its share of the whole variance. Of what the neuron writes, sum of squares over a task's
    classes less their mean: `to_first` and `to_second`, the shares of the tasks of both primes, and `to_other`, of each other task, mean.
    """
    p, widths = run.config.p, run.dataset.widths
    _, cache = run_with_cache(run.model, jnp.asarray(run.dataset.tokens))
    pre = np.asarray(cache["blocks.0.mlp.hook_pre"][:, -1], np.float64)
    q, k, first = label_neurons(pre, p)
    rest = pre - pre.mean(axis=0)
    for prime, wave in {(int(a), int(b)) for a, b in zip(q, k, strict=True)}:
        mine = np.flatnonzero((q == prime) & (k == wave))
        rest[:, mine] -= project(family_basis(p, wave / prime, (wave * p % prime) / prime), rest[:, mine])
    q2, k2, left = label_neurons(rest, p)
    parts = np.split(np.asarray(neuron_logit_map(run.model), np.float64), np.cumsum(widths)[:-1], axis=1)
    writes = np.stack([(class_centred(part) ** 2).sum(axis=1) for part in parts])  # (T, M)
    writes /= np.maximum(writes.sum(axis=0), 1e-300)
    one, two = (np.asarray(widths)[:, None] == prime for prime in (q, q2))
    return {
        "q": q, "k": k, "first": first, "q2": q2, "k2": k2, "second": (1 - first) * left,
        "to_first": (writes * one).sum(axis=0), "to_second": (writes * two).sum(axis=0),
        "to_other": (writes * ~(one | two)).sum(axis=0) / (~(one | two)).sum(axis=0),
    }  # fmt: skip


def pairs(a: Arrays, p: int, *, seed: int | None = None) -> dict[str, float]:
    """How the two waves of the neurons below `LABELLED` meet, shares of those neurons: `prime`, both are of one prime; else `both`, they
    coincide within `NEAR` bins on both digits, or `one`, on one digit only. With a `seed` the null: second waves permuted among them."""
    chosen = np.flatnonzero(a["first"] < LABELLED)
    other = np.random.default_rng(seed).permutation(chosen) if seed is not None else chosen
    apart = np.abs(letter_of(a["q"][chosen], a["k"][chosen], p) - letter_of(a["q2"][other], a["k2"][other], p))
    same, near = a["q"][chosen] == a["q2"][other], (apart <= NEAR).sum(axis=0)
    return {"prime": float(same.mean()), "both": float((~same & (near == 2)).mean()), "one": float((~same & (near == 1)).mean())}


def served(a: Arrays) -> dict[str, float]:
    """To whom the neurons below `LABELLED` with waves of two primes write: means of `to_first`, `to_second` and `to_other`."""
    chosen = (a["first"] < LABELLED) & (a["q"] != a["q2"])
    return {name: float(a[name][chosen].mean()) for name in ("to_first", "to_second", "to_other")}
