"""How the labels of T tasks of unequal width share one unembedding: w_1 + ... + w_T logits in one row, a static slice for each task.

`split_logits`, the losses and the accuracies know that packing, nobody else does. What trains and evaluates uses `row_losses` and
`row_correct`, which take all tasks in one piece; studies ask for one task at a time. Shape letters: N examples, T tasks.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int


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


def class_weights(labels: Int[Array, "N T"], widths: tuple[int, ...]) -> Float[Array, "N T"]:
    """A weight for every cell: in each task they sum to 1, and every class that occurs has the same."""
    at = _places(widths)
    place = labels + at.start[None]
    count = jnp.zeros(len(at.task), jnp.float32).at[place].add(1.0)
    classes = jnp.matmul((count > 0).astype(jnp.float32), at.member)
    return 1 / (count[place] * classes[None])


def task_correct(logits: Float[Array, "N total"], labels: Int[Array, "N T"], widths: tuple[int, ...]) -> Int[Array, "N T"]:
    """Whether each cell (example, task) is predicted right: bool."""
    parts = split_logits(logits, widths)
    return jnp.stack([part.argmax(axis=-1) for part in parts], axis=-1) == labels


def task_accuracy(logits: Float[Array, "N total"], labels: Int[Array, "N T"], widths: tuple[int, ...]) -> Float[Array, " T"]:
    """Share of examples predicted right, for each task."""
    return task_correct(logits, labels, widths).mean(axis=0)


class _Places(NamedTuple):
    """Where the classes of all tasks are in a row of C logits."""

    task: np.ndarray  # (C,) whose class it is
    start: np.ndarray  # (T,) where a task begins
    width: np.ndarray  # (T,) how many classes it has
    member: np.ndarray  # (C, T) float32, 1 at the classes of a task

    def spread(self, x: Array) -> Array:
        """(N, T) -> (N, C): the value of each class's task."""
        return jnp.take(x, self.task, axis=1, mode="clip")

    def put(self, x: Array, labels: Array, values: Array | float) -> Array:
        """x (N, C) with `values` at the right class of each cell."""
        return x.at[jnp.arange(len(labels))[:, None], labels + self.start[None]].set(values, unique_indices=True)

    def largest(self, x: Array) -> Array:
        """(N, C) -> (N, T): each task's largest, one task after another so that the program is as short for many as for few."""
        columns = jnp.arange(self.width.max())

        def of(start: Array, width: Array) -> Array:
            first = jnp.minimum(start, x.shape[1] - len(columns))  # as many columns as the widest task has: no slice leaves the row
            place = (columns + first - start)[None]
            part = jax.lax.dynamic_slice_in_dim(x, first, len(columns), axis=1)
            return jnp.where((place >= 0) & (place < width), part, -jnp.inf).max(axis=1)

        return jax.lax.map(lambda task: of(*task), (jnp.asarray(self.start), jnp.asarray(self.width))).T


def _places(widths: tuple[int, ...]) -> _Places:
    task = np.repeat(np.arange(len(widths)), widths)
    start = np.cumsum((0, *widths[:-1])).astype(np.int32)
    member = (task[:, None] == np.arange(len(widths))[None, :]).astype(np.float32)
    return _Places(task, start, np.asarray(widths, np.int32), member)


def _right(logits: Array, labels: Array, at: _Places) -> Array:
    """The logit of each cell's right class: (N, T)."""
    return jnp.take_along_axis(logits, labels + at.start[None], axis=1)


def row_losses(logits: Float[Array, "N total"], labels: Int[Array, "N T"], widths: tuple[int, ...]) -> Float[Array, "N T"]:
    """`cross_entropy` of every cell in one piece, so that compiling does not take longer the more tasks there are."""
    return jnp.asarray(_with_gradient(logits, labels, widths))


def _losses(logits: Array, labels: Array, widths: tuple[int, ...]) -> tuple[Array, tuple[Array, Array, Array, Array]]:
    at = _places(widths)
    wrong = at.put(logits, labels, -jnp.inf)
    largest = at.largest(wrong)
    each = jnp.exp(wrong - at.spread(largest))
    total = jnp.matmul(each, at.member, precision=jax.lax.Precision.HIGHEST)
    odds = jnp.log(total) + (largest - _right(logits, labels, at))
    return jax.nn.softplus(odds), (labels, each, total, odds)


def _backward(widths: tuple[int, ...], kept: tuple[Array, Array, Array, Array], g: Array) -> tuple[Array, None]:
    at, (labels, each, total, odds) = _places(widths), kept
    wrong = g * jax.nn.sigmoid(odds)
    return at.put(at.spread(wrong / total) * each, labels, -wrong), None


def _made() -> Callable[[Array, Array, tuple[int, ...]], Array]:
    made = jax.custom_vjp(lambda logits, labels, widths: _losses(logits, labels, widths)[0], nondiff_argnums=(2,))
    made.defvjp(_losses, _backward)
    return made


_with_gradient = _made()


def row_correct(logits: Float[Array, "N total"], labels: Int[Array, "N T"], widths: tuple[int, ...]) -> Bool[Array, "N T"]:
    """`task_correct` in one piece; a cell whose best classes tie is wrong."""
    at = _places(widths)
    return at.largest(at.put(logits, labels, -jnp.inf)) < _right(logits, labels, at)


def margins(logits: np.ndarray, labels: np.ndarray, widths: tuple[int, ...]) -> np.ndarray:
    """Right logit minus the best wrong one, for each cell: (N, T). Positive where the argmax is right."""
    out = []
    for t, part in enumerate(split_logits(jnp.asarray(logits), widths)):
        rows, wrong = np.arange(len(part)), np.array(part)
        right = wrong[rows, labels[:, t]]
        wrong[rows, labels[:, t]] = -np.inf
        out.append(right - wrong.max(axis=1))
    return np.stack(out, axis=1)
