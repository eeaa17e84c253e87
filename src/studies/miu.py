"""A network that says which words of the MIU system can be derived, taken apart: the smallest example of the paper's method.

A word is a theorem if and only if 3 does not divide its number of I's (`numbers.miu`). The hypothesis about the network: attention from '='
averages, so that the stream there knows the *count* c of I's; each neuron is relu(a c + b), a hinge; the read-out adds the hinges up to
a zigzag in c that is low where 3 divides c. Every part of it is measured, run without the network, and tested by
exchanging activations between words.

Shape letters: N words, M neurons, C = length + 1 counts.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..lens.interventions import run_with_cache
from ..network.runs import Run
from .arrays import Arrays

PRE, POST, ATTN = "blocks.0.mlp.hook_pre", "blocks.0.mlp.hook_post", "blocks.0.hook_attn_out"
LETTERS = {"I": 0, "U": 1, "blank": 2}  # tokens


class Hinges(NamedTuple):
    """The algorithm read out of a network: logit(derivable) - logit(not) = bias + slope c + sum_j write_j relu(gain_j c + offset_j)."""

    gain: np.ndarray  # (M,)
    offset: np.ndarray  # (M,)
    write: np.ndarray  # (M,) what one unit of the neuron adds to the difference of the logits
    bias: float
    slope: float  # the part that goes around the MLP

    def difference(self, count: np.ndarray) -> np.ndarray:
        """The difference of the logits for counts (K,): (K,)."""
        neurons = np.maximum(self.gain * count[:, None] + self.offset, 0)
        return self.bias + self.slope * count + neurons @ self.write


def counts(run: Run) -> np.ndarray:
    """The number of I's in every word: (N,)."""
    return (run.dataset.tokens == LETTERS["I"]).sum(axis=1)


def affine(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least squares y ~ gain x + offset for each column of y (N, M): gain, offset and the share of variance explained, (M,) each."""
    centred, spread = x - x.mean(), y - y.mean(axis=0)
    gain = centred @ spread / (centred @ centred)
    rest = spread - np.outer(centred, gain)
    total = (spread**2).sum(axis=0)
    return gain, y.mean(axis=0) - gain * x.mean(), 1 - (rest**2).sum(axis=0) / np.where(total > 0, total, 1)


def _parts(run: Run) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Difference of the logits (N,), its part around the MLP (N,), pre-activations at '=' (N, M) and what neurons write (M,)."""
    model = run.model
    logits, cache = run_with_cache(model, jnp.asarray(run.dataset.tokens))
    read = np.asarray(model.W_U[:, 1] - model.W_U[:, 0])
    write = np.asarray(model.blocks[0].mlp.W_out) @ read
    around = np.asarray(cache["blocks.0.hook_resid_mid"][:, -1]) @ read
    return np.asarray(logits[:, 1] - logits[:, 0]), around, np.asarray(cache[PRE][:, -1]), write


def read_out(run: Run) -> Hinges:
    """The hinges of a network in the standard block with one layer. Raises `ValueError` for a run of another kind."""
    c = run.config
    if c.task != "miu" or c.n_layers != 1 or c.block != "standard":
        raise ValueError(f"run {c.run!r} ({c.task}, {c.block}, {c.n_layers} layers): only one standard layer on miu can be read as hinges")
    count = counts(run).astype(float)
    _, around, pre, write = _parts(run)
    gain, offset, _ = affine(count, pre)
    slope, bias, _ = affine(count, around[:, None])
    return Hinges(gain, offset, write, float(bias[0]), float(slope[0]))


@jax.jit
def _from_attention(model, tokens, attn_out):
    """Logits (N, 2) with each word's attention output at '=' put in from elsewhere, (N, d_model)."""

    def one(tokens, value):
        return model(tokens, hook=lambda name, x: x.at[-1].set(value) if name == ATTN else x)

    return jax.vmap(one)(tokens, attn_out)


def exchange(run: Run, seed: int = 0) -> Arrays:
    """Interchange of what attention brings to '=' between words (Geiger et al. 2021): the share of words that give the donor's answer.

    `same`: the donor has the same number of I's; `other`: the donor's label differs; `random`, the control: as `other`, with
    the signs of the donor's vector drawn at random.
    """
    rng = np.random.default_rng(seed)
    tokens, count = jnp.asarray(run.dataset.tokens), counts(run)
    _, cache = run_with_cache(run.model, tokens)
    attn = np.asarray(cache[ATTN][:, -1])
    theorem = count % 3 != 0
    same = np.empty(len(count), dtype=int)
    for c in np.unique(count):
        rows = np.flatnonzero(count == c)
        same[rows] = rng.permutation(rows)
    other = np.where(theorem, rng.choice(np.flatnonzero(~theorem), len(count)), rng.choice(np.flatnonzero(theorem), len(count)))
    signs = rng.choice([-1.0, 1.0], attn.shape).astype(attn.dtype)

    def follows(value: np.ndarray, donor: np.ndarray) -> np.ndarray:
        said = np.asarray(_from_attention(run.model, tokens, jnp.asarray(value))).argmax(axis=-1)
        return np.asarray((said == theorem[donor]).mean())

    return {"same": follows(attn[same], same), "other": follows(attn[other], other), "random": follows(attn[other] * signs, other)}


def study(run: Run) -> Arrays:
    """Everything about one network: M neurons, C counts.

    **Returns:** arrays by name. The answer, difference of the logits: `curve` and `spread` (C,), its mean and standard deviation at each
    count; `by_count`, the share of its variance that the count explains; `hinge_curve` (C,), that of the algorithm read out. Neurons, (M,):
    `affine`, the share of the pre-activation that is affine in the count; `share`, of the variance that all neurons write; `hinge`, the
    count at which it turns on, and `bend`, by how much it changes the answer's slope there. `network_wrong` and `hinges_wrong` words,
    `agreement` of the two, `hinges_used`, the fewest neurons, by `share`, with which the hinges are as good. `attention` (3,), the mean
    weight that '=' gives to an I, a U and a blank. `same`, `other` and `random`: `exchange`.
    """
    count, labels = counts(run), run.dataset.labels[:, 0].astype(bool)
    difference, _, pre, write = _parts(run)
    hinges = read_out(run)
    levels = np.arange(run.config.length + 1)
    mean = np.asarray([difference[count == c].mean() for c in levels])
    explained = 1 - ((difference - mean[count]) ** 2).sum() / ((difference - difference.mean()) ** 2).sum()
    _, _, fve = affine(count.astype(float), pre)
    written = (np.maximum(pre, 0) * write).var(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        hinge = np.where(hinges.gain != 0, -hinges.offset / hinges.gain, np.inf)
    said = hinges.difference(count.astype(float)) > 0
    order = np.argsort(-written)
    used = len(order)
    for n in range(1, len(order) + 1):
        keep = order[:n]
        dropped = np.setdiff1d(order, keep)
        base = np.maximum(hinges.gain[dropped] * count[:, None] + hinges.offset[dropped], 0).mean(axis=0) @ write[dropped]
        few = Hinges(hinges.gain[keep], hinges.offset[keep], hinges.write[keep], hinges.bias + float(base), hinges.slope)
        if ((few.difference(count.astype(float)) > 0) != labels).sum() <= (said != labels).sum():
            used = n
            break
    _, cache = run_with_cache(run.model, jnp.asarray(run.dataset.tokens))
    pattern = np.asarray(cache["blocks.0.attn.hook_pattern"])[:, :, -1].mean(axis=1)  # over heads: (N, n_ctx)
    tokens = run.dataset.tokens
    weight = np.asarray([pattern[tokens == token].mean() for token in LETTERS.values()])
    return {
        "curve": mean, "spread": np.asarray([difference[count == c].std() for c in levels]), "by_count": np.asarray(explained),
        "hinge_curve": hinges.difference(levels.astype(float)), "affine": fve, "share": written / written.sum(), "hinge": hinge,
        "bend": hinges.write * np.abs(hinges.gain), "hinges_used": np.asarray(used), "attention": weight,
        "network_wrong": np.asarray(((difference > 0) != labels).sum()), "hinges_wrong": np.asarray((said != labels).sum()),
        "agreement": np.asarray((said == (difference > 0)).mean()), **exchange(run),
    }  # fmt: skip
