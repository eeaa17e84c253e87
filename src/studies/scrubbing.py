"""Causal tests of the account: does each task hang on the parts of the network that it names, and on nothing else?

Cut every activation into what hangs on one digit alone and what hangs on both (`ladder.on_both_digits`). The account says of task q:

1. the parts on both digits of its own neurons decide the answer, with those of the few neurons of other primes whose wave coincides
   with one of its own on both digits (`shared.coincidence`): those of all other neurons may come from any other input;
2. these parts say n mod q and nothing else: they may come from any input of the same residue;
3. put the parts of an input of another residue in their place, and the answer is that input's residue.

1 and 2 are causal scrubbing (Chan et al. 2022: the parts that the hypothesis lets be are resampled, all at once), 3 is an interchange
intervention (Geiger et al. 2021). An interchange can succeed in a network that means nothing, so each test is run with groups that mean
nothing, on a network that is not trained, and on one whose weights are permuted.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from ..lens.fourier import rational_dictionary
from ..network.model import Transformer
from ..network.packing import task_loss
from ..network.runs import Run
from .algorithm import label_neurons
from .arrays import Arrays
from .bases import permuted
from .ladder import Anatomy, anatomy, answers, on_both_digits, on_one_digit, wave_families
from .shared import COINCIDE, coincidence

HYPOTHESES = ("scrubbed", "own only", "same residue", "interchange", "one digit", "remainder")
CONTROLS = ("random groups", "random frequencies", "untrained", "permuted")


def groups_of(q: np.ndarray, k: np.ndarray, p: int, widths: tuple[int, ...], *, coinciding: bool = True) -> np.ndarray:
    """The neurons that the account names for each task: (T, M) bool, from their labels (M,).

    Those of its prime, and with `coinciding` those whose wave overlaps one of its waves in use by `shared.COINCIDE` on both digits.
    """
    d = rational_dictionary(p)
    index = {(int(a), int(b)): i for i, (a, b) in enumerate(zip(d.q, d.k, strict=True))}
    wave = np.asarray([index[int(a), int(b)] for a, b in zip(q, k, strict=True)])
    near = coincidence(p)[wave][:, wave] >= COINCIDE
    own = q[None, :] == np.asarray(widths)[:, None]
    return own | (own @ near) if coinciding else own


def shuffled_groups(groups: np.ndarray, seed: int = 0) -> np.ndarray:
    """Groups of the same sizes and overlaps of neurons drawn at random: (T, M) bool."""
    return groups[:, np.random.default_rng(seed).permutation(groups.shape[1])]


def random_labels(pre: np.ndarray, p: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels q and k (M,) by waves of random frequencies, one in the place of each of the dictionary's."""
    d, rng = rational_dictionary(p), np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(p)
    power = 0.0
    for f, theta in zip(
        on_one_digit(pre.astype(np.float64), p)[1:], (rng.uniform(0, 0.5, len(d.q)), rng.uniform(0, 1, len(d.q))), strict=True
    ):
        power = power + np.abs(np.exp(1j * theta[:, None] * angle[None, :]) @ f) ** 2
    best = power.argmax(axis=0)  # pyright: ignore[reportAttributeAccessIssue]
    return d.q[best], d.k[best]


def donors(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """For each input and task an input, at random, of the same residue: (N, T). It is itself in one of p**2 / q cells."""
    rng, out = np.random.default_rng(seed), np.empty_like(labels)
    for t, column in enumerate(labels.T):
        for residue in np.unique(column):
            mine = np.flatnonzero(column == residue)
            out[mine, t] = rng.permutation(mine)
    return out


_losses = jax.jit(task_loss, static_argnums=2)


class Cut:
    """A network's activations in parts, for many tests on the same inputs."""

    def __init__(self, a: Anatomy, labels: np.ndarray, seed: int = 0) -> None:
        self.a, self.labels, self.logits = a, labels, a.logits
        self.both = on_both_digits(a.post, a.p)
        self.ends = np.cumsum(a.widths)
        self.other = np.random.default_rng(seed).permutation(len(labels))
        self.same = donors(labels, seed)

    def columns(self, t: int) -> slice:
        return slice(self.ends[t] - self.a.widths[t], self.ends[t])

    def moved(self, part: np.ndarray, groups: np.ndarray, source: np.ndarray) -> np.ndarray:
        """How the logits of every task move where `part` (N, M) of its group's neurons, (T, M) bool, comes from the inputs `source`,
        (N,) or (N, T): (N, classes)."""
        if source.ndim == 1:  # one product for all tasks
            return (part[source] - part) @ (self.a.W_L * np.repeat(groups, self.a.widths, axis=0).T)
        out = np.empty_like(self.logits)
        for t, group in enumerate(groups):
            values = part[:, group]
            out[:, self.columns(t)] = (values[source[:, t]] - values) @ self.a.W_L[group, self.columns(t)]
        return out


def losses(logits: np.ndarray, cut: Cut) -> np.ndarray:
    """The loss of each task in nats: (T,)."""
    return np.asarray(_losses(jnp.asarray(logits), jnp.asarray(cut.labels), cut.a.widths), np.float64)


def outcome(logits: np.ndarray, cut: Cut, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of cells that are as expected, and the loss, of each task: (T,), (T,)."""
    return (answers(logits, cut.a.widths) == expected).mean(axis=0), losses(logits, cut)


def tests(cut: Cut, named: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Tests 1, 2 and 3 for one choice of groups (T, M): by name, shares of cells as expected and losses, (T,) each."""
    away = cut.moved(cut.both, ~named, cut.other)
    within = cut.moved(cut.both, named, cut.same)
    swapped = cut.logits + cut.moved(cut.both, named, cut.other)
    return {
        "scrubbed": outcome(cut.logits + away, cut, cut.labels),
        "same residue": outcome(cut.logits + away + within, cut, cut.labels),
        "interchange": outcome(swapped, cut, cut.labels[cut.other]),
    }


def untrained(run: Run) -> Transformer:
    """The network of this run before its first step."""
    return Transformer(run.config, run.dataset, key=jax.random.fold_in(jax.random.key(run.config.seed), 0))


def scrub(run: Run) -> Arrays:
    """The causal tests on one network, T tasks.

    **Returns:** by hypothesis, "scrubbed", "same residue", "interchange": `<name>`, the share of cells as expected (T,), and
    `<name> recovered` (T,), the loss recovered: 1 at the network's own loss, 0 where the logits are another input's.
    Variations of "scrubbed": "own only", without the coinciding neurons; "one digit", where the parts on one digit of the neurons that are
    not named are resampled too; "remainder", where what the ReLU of their labelled pair of waves lacks is resampled in the named neurons.
    `chance` (T,), accuracy with everything resampled; `named`, neurons named for a task on average. Controls of "scrubbed", "same
    residue" and "interchange", as `<name>, <control>` (T,): "random groups", "random frequencies" (labels by random waves), "untrained" and
    "permuted", networks that mean nothing with the groups that their own labels give.
    """
    a = anatomy(run)
    cut = Cut(a, run.dataset.labels)
    q, k, _ = label_neurons(a.pre, a.p)
    named = groups_of(q, k, a.p, a.widths)
    own = groups_of(q, k, a.p, a.widths, coinciding=False)
    everything = cut.logits[cut.other]
    nothing = losses(everything, cut)
    scale = nothing - losses(cut.logits, cut)

    found = tests(cut, named)
    away = cut.moved(cut.both, ~named, cut.other)
    found["own only"] = outcome(cut.logits + cut.moved(cut.both, ~own, cut.other), cut, cut.labels)
    found["one digit"] = outcome(cut.logits + cut.moved(a.post, ~named, cut.other), cut, cut.labels)
    d = rational_dictionary(a.p)
    rest = a.post - np.maximum(wave_families(a.pre, a.p, 1, d.theta0, d.theta1)[0], 0)
    found["remainder"] = outcome(cut.logits + away + cut.moved(rest, named, cut.other), cut, cut.labels)
    out = {name: cells for name, (cells, _) in found.items()}
    out |= {f"{name} recovered": (nothing - loss) / scale for name, (_, loss) in found.items() if name != "interchange"}
    out["chance"] = (answers(everything, a.widths) == cut.labels).mean(axis=0)
    out["named"] = np.asarray(named.sum(axis=1).mean())

    controls = {
        "random groups": (cut, shuffled_groups(named)),
        "random frequencies": (cut, groups_of(*random_labels(a.pre, a.p), a.p, a.widths)),
    }
    for name, model in (("untrained", untrained(run)), ("permuted", permuted(run.model))):
        other = anatomy(replace(run, model=model))
        controls[name] = (Cut(other, run.dataset.labels), groups_of(*label_neurons(other.pre, a.p)[:2], a.p, a.widths))
    for name, (which, groups) in controls.items():
        out |= {f"{test}, {name}": cells for test, (cells, _) in tests(which, groups).items()}
    return out
