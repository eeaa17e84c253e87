"""How the labels of T tasks of unequal width share one unembedding: w_1 + ... + w_T logits in one row, a static slice for each task.

`split_logits`, the losses and the accuracies know that packing, nobody else does. Shape letters: N examples, T tasks.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


def split_logits(logits: Float[Array, "*batch total"], widths: tuple[int, ...]) -> list[Float[Array, "*batch width"]]:
    """One slice of the packed logits for each task, in task order."""
    ends = np.cumsum(widths)
    if logits.shape[-1] != ends[-1]:
        raise ValueError(f"logits have {logits.shape[-1]} columns, the tasks need {ends[-1]}")
    return [logits[..., end - width : end] for end, width in zip(ends, widths, strict=True)]


def cross_entropy(logits: Float[Array, "N width"], labels: Int[Array, " N"]) -> Float[Array, " N"]:
    """Cross-entropy in nats, exact to float precision however small it is.

    It is softplus(logsumexp over the wrong classes of (logit - right logit)): the loss of a saturated
    model keeps its relative precision in float32, where log-softmax would round 1e-8 to 0.
    """
    right = jnp.take_along_axis(logits, labels[:, None], axis=-1)
    is_right = jnp.arange(logits.shape[-1], dtype=labels.dtype)[None, :] == labels[:, None]
    margins = jnp.where(is_right, -jnp.inf, logits - right)
    return jax.nn.softplus(jax.nn.logsumexp(margins, axis=-1))


def task_loss(logits: Float[Array, "N total"], labels: Int[Array, "N T"], widths: tuple[int, ...]) -> Float[Array, " T"]:
    """Mean cross-entropy of each task, in nats."""
    parts = split_logits(logits, widths)
    return jnp.stack([cross_entropy(part, labels[:, t]).mean() for t, part in enumerate(parts)])


def balanced_loss(logits: Float[Array, "N total"], labels: Int[Array, "N T"], widths: tuple[int, ...]) -> Float[Array, " T"]:
    """`task_loss` with every class that occurs at the same weight: the mean over classes of their mean cross-entropies."""

    def one(part: Array, label: Array) -> Array:
        count = jnp.zeros(part.shape[-1], jnp.float32).at[label].add(1.0)
        return (cross_entropy(part, label) / count[label]).sum() / (count > 0).sum()

    return jnp.stack([one(part, labels[:, t]) for t, part in enumerate(split_logits(logits, widths))])


def task_correct(logits: Float[Array, "N total"], labels: Int[Array, "N T"], widths: tuple[int, ...]) -> Int[Array, "N T"]:
    """Whether each cell (example, task) is predicted right: bool."""
    parts = split_logits(logits, widths)
    return jnp.stack([part.argmax(axis=-1) for part in parts], axis=-1) == labels


def task_accuracy(logits: Float[Array, "N total"], labels: Int[Array, "N T"], widths: tuple[int, ...]) -> Float[Array, " T"]:
    """Share of examples predicted right, for each task."""
    return task_correct(logits, labels, widths).mean(axis=0)


def margins(logits: np.ndarray, labels: np.ndarray, widths: tuple[int, ...]) -> np.ndarray:
    """Right logit minus the best wrong one, for each cell: (N, T). Positive where the argmax is right."""
    out = []
    for t, part in enumerate(split_logits(jnp.asarray(logits), widths)):
        rows, wrong = np.arange(len(part)), np.array(part)
        right = wrong[rows, labels[:, t]]
        wrong[rows, labels[:, t]] = -np.inf
        out.append(right - wrong.max(axis=1))
    return np.stack(out, axis=1)
