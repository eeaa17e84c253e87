"""Networks on the four sequence tasks, sequence by sequence, beside a compressor that was given the same terms.

The compressor is a context model, as in prediction by partial matching (Cleary & Witten 1984): the next term's probability given the
last k terms is their counts in what was read, interpolated with those of shorter contexts (Witten & Bell 1991, method C). It knows
repetition and nothing of arithmetic. Its answer to each task is the one with the shortest code: the next or hidden term that
makes the window cheapest, the sequence whose own model codes the window best, and "same" where two windows get the same sequence.

Shape letters: N windows, W = length, S sequences, p the modulus.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np

from ..network.config import Config
from ..network.model import predict
from ..network.packing import task_correct
from ..network.runs import Run
from ..network.tasks.sequences import cut, hidden, kind_of, pairs, residues_of_all, windows
from ..numbers.sequences import REGISTRY
from .arrays import Arrays, stack

ORDER = 3  # terms of the longest context


class ContextModel:
    """Probabilities of the next term, from the terms that it has read."""

    def __init__(self, p: int, order: int = ORDER) -> None:
        self.p, self.order = p, order
        self.following: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)

    def read(self, terms: Sequence[int]) -> "ContextModel":
        """Count every term after each of its contexts, from none to `order` terms."""
        for i, term in enumerate(terms):
            for k in range(min(i, self.order) + 1):
                self.following[tuple(terms[i - k : i])][term] += 1
        return self

    def probability(self, context: Sequence[int], term: int) -> float:
        """Of one term after a context, of which the last `order` terms count."""
        found = 1 / self.p
        for k in range(min(len(context), self.order) + 1):
            after = self.following.get(tuple(context[len(context) - k :]))
            if after is None:
                break
            kinds = len(after)
            found = (after[term] + kinds * found) / (after.total() + kinds)
        return found

    def distribution(self, context: Sequence[int]) -> np.ndarray:
        """`probability` of every term: (p,), sums to 1."""
        return np.asarray([self.probability(context, term) for term in range(self.p)])

    def bits(self, terms: Sequence[int], start: int = 0) -> float:
        """The code length of terms[start:], each given those before it."""
        return -sum(np.log2(self.probability(terms[max(i - self.order, 0) : i], terms[i])) for i in range(start, len(terms)))


def _read(config: Config) -> list[np.ndarray]:
    """The terms of every sequence that are trained on."""
    return [terms[: cut(len(terms), config.train_fraction)] for terms in residues_of_all(config.p)]


def _terms(window: np.ndarray, p: int) -> tuple[int, ...]:
    """The terms of a window without its blanks."""
    return tuple(int(x) for x in window if x != p)


def cheapest_next(config: Config) -> np.ndarray:
    """The compressor's answer to `continue` for the held-out windows: (held out,)."""
    model, w = ContextModel(config.p), windows(config, ahead=1)
    for terms in _read(config):
        model.read(terms.tolist())
    known: dict[tuple[int, ...], int] = {}
    for window in w.shown[w.held_out]:
        context = _terms(window, config.p)[-ORDER:]
        if context not in known:
            known[context] = int(model.distribution(context).argmax())
    return np.asarray([known[_terms(window, config.p)[-ORDER:]] for window in w.shown[w.held_out]])


def cheapest_hidden(config: Config) -> np.ndarray:
    """The compressor's answer to `unmask` for the held-out windows: (held out,)."""
    model = ContextModel(config.p)
    for terms in _read(config):
        model.read(terms.tolist())
    w, places, _ = hidden(config)
    out = []
    for window, place in zip(w.shown[w.held_out], places[w.held_out], strict=True):
        terms = _terms(window, config.p)
        end = min(place + ORDER + 1, len(terms))
        tries = ((*terms[:place], c, *terms[place + 1 : end]) for c in range(config.p))
        out.append(int(np.argmin([model.bits(terms, int(place)) for terms in tries])))
    return np.asarray(out)


def cheapest_sequence(config: Config) -> np.ndarray:
    """The sequence whose own model codes each held-out window of `classify` best: (held out,) indices into the registry."""
    models = [ContextModel(config.p).read(terms.tolist()) for terms in _read(config)]
    w = windows(config, ahead=0)
    return np.asarray([int(np.argmin([m.bits(_terms(window, config.p)) for m in models])) for window in w.shown[w.held_out]])


def by_sequence(values: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """The mean of `values` (N,) over the windows of each sequence: (S,), NaN where there is none."""
    return np.asarray([values[owner == i].mean() if (owner == i).any() else np.nan for i in range(len(REGISTRY))])


def _same(config: Config) -> tuple[np.ndarray, np.ndarray]:
    w, other = pairs(config)
    rank = np.cumsum(w.held_out) - 1  # a held-out window's place among them
    said = cheapest_sequence(config)
    mine, theirs = said, said[rank[other[w.held_out]]]
    truth = (w.owner == w.owner[other])[w.held_out]
    return (mine == theirs) == truth, truth


def compressor(config: Config) -> np.ndarray:
    """Whether the compressor is right on each held-out example: (held out,) bool."""
    if config.task == "continue":
        w = windows(config, ahead=1)
        truth = np.asarray([residues_of_all(config.p)[i][j] for i, j in zip(w.owner, w.at, strict=True)])
        return cheapest_next(config) == truth[w.held_out]
    if config.task == "unmask":
        w, _, values = hidden(config)
        return cheapest_hidden(config) == values[w.held_out]
    if config.task == "classify":
        w = windows(config, ahead=0)
        return cheapest_sequence(config) == w.owner[w.held_out]
    return _same(config)[0]


OWNERS: dict[str, Callable[[Config], np.ndarray]] = {
    "classify": lambda c: (w := windows(c, ahead=0)).owner[w.held_out],
    "compare": lambda c: (w := windows(c, ahead=0)).owner[w.held_out],
    "continue": lambda c: (w := windows(c, ahead=1)).owner[w.held_out],
    "unmask": lambda c: (w := hidden(c)[0]).owner[w.held_out],
}


def right(run: Run) -> np.ndarray:
    """Whether a network answers each held-out example right, by task: (held out, T) bool."""
    data = run.dataset
    logits = predict(run.model, jnp.asarray(data.tokens[data.valid_idx]))
    return np.asarray(task_correct(logits, jnp.asarray(data.labels[data.valid_idx]), data.widths))


def sequence_outcome(runs: list[list[Run]]) -> Arrays:
    """Held-out accuracy of the first question of each task.

    **Returns:** by sequence, `network` (configs, seeds, S) and `compressor` (configs, S); over all examples `overall` (configs, seeds),
    `compressor_overall` (configs,) and `common` (configs,), always giving the label most frequent in training. `second` (configs, seeds):
    the accuracy of the last question, for `classify` and `compare` that of the class; `train`: the first, on training examples; `seconds`.
    """
    rows = []
    for seeds in runs:
        config, data = seeds[0].config, seeds[0].dataset
        owner, baseline = OWNERS[config.task](config), compressor(config)
        labels = data.labels[:, 0]
        common = np.bincount(labels[data.train_idx]).argmax()
        found = [right(run) for run in seeds]
        rows.append({
            "network": np.stack([by_sequence(one[:, 0], owner) for one in found]),
            "overall": np.asarray([one[:, 0].mean() for one in found]),
            "second": np.asarray([one[:, -1].mean() for one in found]),
            "compressor": by_sequence(baseline, owner), "compressor_overall": baseline.mean(),
            "common": (labels[data.valid_idx] == common).mean(), "seconds": np.asarray([run.manifest["seconds"] for run in seeds]),
            "train": np.asarray([run.manifest["train_accuracy"][0] for run in seeds]),
        })  # fmt: skip
    return stack(rows)


def by_kind(values: np.ndarray) -> dict[str, np.ndarray]:
    """The mean of (..., S) over the sequences of each class, in the order of the road: (...,) by class; NaN sequences left out."""
    kinds = kind_of(np.arange(len(REGISTRY)))
    names = tuple(dict.fromkeys(one.kind for one in REGISTRY))
    return {name: np.nanmean(values[..., kinds == i], axis=-1) for i, name in enumerate(names)}
