"""How evenly must the phases of a hand-written neuron group be spread? Equal phases on both digits beside a lattice on their torus.

`wave_neurons` gives every neuron one phase for both digits, phi0 = phi1, and leaves a factor |cos((alpha - beta) / 2)| in front of the
right answer, which is nearly 0 for some n. `lattice_neurons` spreads (phi0, phi1) over the torus, where that factor averages out. Margins
are compared at equal weights; the cost is that of `studies.by_hand.decay_cost`, from the numbers of the neurons alone.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..circuits.by_hand import Neurons, join, lattice_neurons, wave_neurons
from ..network.packing import margins
from ..numbers.integers import primes_below
from .algorithm import execute
from .arrays import Arrays
from .by_hand import MARGIN

Write = Callable[[int, int], Neurons]  # neurons of one wave (q, k)
ARRANGEMENTS: Mapping[str, Write] = {
    "5 equal phases": lambda q, k: wave_neurons(q, k, 5),
    "9 equal phases": lambda q, k: wave_neurons(q, k, 9),
    "14 equal phases": lambda q, k: wave_neurons(q, k, 14),
    "lattice of 14": lattice_neurons,
}


def spread_frequencies(q: int, count: int) -> list[int]:
    """Up to `count` frequencies k of the odd prime q, from k = 1 on each the one that parts the classes best: that makes the least
    over d != 0 of sum over k of 1 - cos(2 pi k d / q) largest."""
    chosen, gaps = [1], 1 - np.cos(2 * np.pi * np.outer(np.arange(1, q // 2 + 1), np.arange(1, q)) / q)  # [k - 1, d - 1]
    while len(chosen) < min(count, q // 2):
        least = (gaps + gaps[np.asarray(chosen) - 1].sum(axis=0)).min(axis=1)
        least[np.asarray(chosen) - 1] = -np.inf
        chosen.append(int(least.argmax()) + 1)
    return chosen


def arrange(p: int, write: Write, frequencies: int = 1) -> Neurons:
    """Neurons of all odd primes below p, so many frequencies each."""
    return join([write(int(q), k) for q in primes_below(p)[1:] for k in spread_frequencies(int(q), frequencies)])


def odd_margins(neurons: Neurons, p: int) -> np.ndarray:
    """Margins of all n < p**2 in the tasks of the odd primes: (p * p, T - 1)."""
    primes = [int(q) for q in primes_below(p)]
    labels = np.arange(p * p)[:, None] % np.asarray(primes[1:])
    return margins(execute(neurons, p)[:, 2:], labels, tuple(primes[1:]))


def weights_cost(neurons: Neurons, p: int, margin: float) -> float:
    """`by_hand.decay_cost` of the network that `phase_network` would make of these neurons: its embedding has the cosine and sine of every
    wave for both digits, squares that sum to 2 p, its unembedding those over the classes, which sum to q."""
    waves = np.unique(np.stack([neurons.q, neurons.k], axis=1), axis=0)
    squares = (2 * p * len(waves), (neurons.a0**2 + neurons.a1**2 + neurons.c**2).sum(), (neurons.b**2).sum(), waves[:, 0].sum())
    return float(4 * np.exp(np.mean(np.log(squares))) / np.sqrt(margin))


def compare(p: int = 113, frequencies: Sequence[int] = (1, 4)) -> Arrays:
    """The arrangements of `ARRANGEMENTS` (A) with some numbers of frequencies a prime (F), on all Q odd primes below p.

    **Returns:** `smallest` (F, A, Q), the smallest margin, and `low`, the first percentile, over the product of the norms of what a prime's
    neurons read and write; `wrong` (F, A) cells; `cost` (F, A), for all primes at one strength and a first percentile of 1 over all cells;
    `cost_rescaled` (F, A), each prime rescaled so that its own first percentile is 1; `neurons` (F, A).
    """
    primes, rows = primes_below(p)[1:], []
    for count in frequencies:
        for write in ARRANGEMENTS.values():
            neurons = arrange(p, write, count)
            m = odd_margins(neurons, p)
            own = [Neurons(*(field[neurons.q == q] for field in neurons)) for q in primes]
            norms = np.asarray([np.sqrt((s.a0**2 + s.a1**2).sum() * (s.b**2).sum()) for s in own])
            low = np.quantile(m, MARGIN, axis=0)
            rows.append({
                "smallest": m.min(axis=0) / norms, "low": low / norms, "wrong": (m <= 0).sum(), "neurons": len(neurons.q),
                "cost": weights_cost(neurons, p, max(np.quantile(m, MARGIN), 1e-300)),
                "cost_rescaled": sum(weights_cost(s, p, max(x, 1e-300)) for s, x in zip(own, low, strict=True)),
            })  # fmt: skip
    shape = (len(frequencies), len(ARRANGEMENTS))
    return {name: np.stack([np.asarray(row[name]) for row in rows]).reshape(*shape, *np.shape(rows[0][name])) for name in rows[0]}
