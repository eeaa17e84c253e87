"""Cancellation across tasks: neurons of one prime clear away what another prime's neurons write of one digit alone.

The ReLU of a wave on each digit has terms of one digit alone, and few neurons a wave do not balance them (`torus.balance`): what a
prime's own neurons write to its classes of x0 alone and of x1 alone has, together, a third of the power of what they write of both. It is
not in the network's logits: other primes' neurons, most of them of the same frequency *on that digit*, write its opposite.
"""

import numpy as np

from ..circuits.by_hand import Neurons
from ..circuits.faithfulness import auroc
from ..network.runs import Run
from .algorithm import extract
from .arrays import Arrays
from .ladder import Anatomy, anatomy, on_both_digits, on_one_digit
from .torus import formula, harmonic, wave_strengths

NEAR = 0.5  # bins of 1/p within which two frequencies on one digit are one letter
SINGLE = (1, 2, 3)  # harmonics of a neuron on one digit that are predicted


def class_centred(x: np.ndarray) -> np.ndarray:
    """Logits of one task less their mean over its classes."""
    return x - x.mean(axis=-1, keepdims=True)


def letter_of(q: np.ndarray, k: np.ndarray, p: int) -> np.ndarray:
    """The folded frequency of waves k/q, (M,) each, on x0 and on x1, in bins of 1/p: (2, M)."""
    turns = np.stack([k / q, k * p / q]) % 1
    return p * np.minimum(turns, 1 - turns)


def coincident(neurons: Neurons, p: int, prime: int, digit: int) -> np.ndarray:
    """Neurons of other primes whose letter on the digit is that of one of the prime's neurons, within `NEAR` bins: (M,) bool."""
    letter, own = letter_of(neurons.q, neurons.k, p)[digit], neurons.q == prime
    return ~own & (np.abs(letter[:, None] - np.unique(letter[own])[None, :]).min(axis=1, initial=np.inf) <= NEAR)


def one_digit_terms(neurons: Neurons, p: int, prime: int, digit: int) -> np.ndarray:
    """What theory says that a prime's own neurons write of one digit alone: (p, prime), harmonics `SINGLE` of the ReLU on it.

    For 2, whose waves have the values 1 and -1, it is the mean over both values of the other digit's wave.
    """
    s = Neurons(*(field[neurons.q == prime] for field in neurons))
    turns, phase = (s.k / prime, s.phi0) if digit == 0 else (s.k * p / prime, s.phi1)
    angle = 2 * np.pi * np.arange(p)[:, None] * turns[None, :] - phase[None, :]
    if prime == 2:
        mine, other = (s.a0, s.a1 * np.cos(s.phi1)) if digit == 0 else (s.a1, s.a0 * np.cos(s.phi0))
        z = np.mean([np.maximum(mine * np.cos(angle) + sign * other + s.c, 0) for sign in (1, -1)], axis=0)
        wave = z - (z[:1] + z[1:2]) / 2
    else:
        wave = sum(2 * harmonic(s.a0, s.a1, s.c, *((m, 0) if digit == 0 else (0, m))) * np.cos(m * angle) for m in SINGLE)
    return (s.b * wave) @ np.cos(2 * np.pi * np.arange(prime)[None, :] * s.k[:, None] / prime - s.psi[:, None])


def powers(a: Anatomy, own: np.ndarray) -> np.ndarray:
    """Where the logits' terms come from, for one network: (3, 4, T), shares of the variance of each task's logits.

    By writer (its own neurons; all others and the skip; their sum) and by kind (the class bias; x0 alone; x1 alone; both digits); `own`
    (T, M) bool.
    """
    out = np.zeros((3, 4, len(own)))
    for t, (q, end) in enumerate(zip(a.widths, np.cumsum(a.widths), strict=True)):
        W = a.W_L[:, end - q : end]
        mine = class_centred(a.post[:, own[t]] @ W[own[t]])
        rest = class_centred(a.post[:, ~own[t]] @ W[~own[t]] + a.skip[:, end - q : end])
        for i, y in enumerate((mine, rest, mine + rest)):
            mean, x0, x1 = on_one_digit(y, a.p)
            out[i, :, t] = [(mean**2).sum(), (x0**2).sum() / a.p, (x1**2).sum() / a.p, (on_both_digits(y, a.p) ** 2).sum() / len(y)]
        out[:, :, t] /= (mine + rest).var(axis=0).sum()
    return out


def cancel(run: Run) -> Arrays:
    """Who clears whose one-digit terms, in one network of T tasks and M neurons.

    **Returns:** `powers` (3, 4, T). `clears` (2, T, T + 1): the share of what task t's own neurons write of one digit that the neurons of
    each other prime, and last the skip, take away; 0 for its own, a row sums to about 1 (not that of 2, which has next to no such terms).
    `coincident` (2, T): the share taken away by the neurons that coincide on that digit; `coincident_neurons` (2, T), their share of all
    other neurons, which random ones would take.

    The test, for the `coincident` neurons and for `all` others with the skip: where they write to task t, their parts on one digit (for
    coincident neurons, the digit on which they coincide) are held at their means. `<which> right` (T,), accuracy then, and `control right`
    (T,), with as many neurons that do not coincide. The account says what goes wrong: the closed formula plus what theory says that the own
    neurons write of each digit (`one_digit_terms`), times the share that is no longer taken away. `<which> named` (T,), of the cells that
    go wrong the share that gets the class that the account names, NaN where none does; `<which> named null` (T,), the same with the digits
    of those terms shuffled.

    Raises `ValueError` as `anatomy`.
    """
    a, neurons = anatomy(run), extract(run)
    p, T, rng = a.p, len(a.widths), np.random.default_rng(0)
    own = neurons.q[None, :] == np.asarray(a.widths)[:, None]
    parts, skips = on_one_digit(a.post, p)[1:], on_one_digit(a.skip, p)[1:]
    rows = (np.arange(p * p) % p, np.arange(p * p) // p)
    shuffles = [rng.permutation(p) for _ in rows]
    closed, labels, logits = formula(*wave_strengths(neurons), p), run.dataset.labels, a.logits
    clears, shares, counts = np.zeros((2, T, T + 1)), np.zeros((2, T)), np.zeros((2, T))
    tests: dict[str, list[float]] = {}
    for t, (q, end) in enumerate(zip(a.widths, np.cumsum(a.widths), strict=True)):
        W, columns = a.W_L[:, end - q : end], slice(end - q, end)
        gone = {which: np.zeros((p * p, q), np.float32) for which in ("coincident", "all", "control")}
        left = {which: [] for which in ("coincident", "all")}
        for digit, (part, skip, row) in enumerate(zip(parts, skips, rows, strict=True)):
            mine = class_centred(part[:, own[t]] @ W[own[t]])
            against = -(part.T @ mine * W).sum(axis=1) / (mine**2).sum()  # by neuron, (M,)
            clears[digit, t, :T] = np.where(np.arange(T) == t, 0, own @ against)
            clears[digit, t, T] = -(mine * skip[:, columns]).sum() / (mine**2).sum()
            near = coincident(neurons, p, q, digit)
            shares[digit, t], counts[digit, t] = against[near].sum(), near.sum() / (~own[t]).sum()
            others = np.flatnonzero(~own[t] & ~near)
            control = rng.choice(others, min(near.sum(), len(others)), replace=False)
            theory = one_digit_terms(neurons, p, q, digit)
            for which, chosen in (("coincident", near), ("all", ~own[t]), ("control", control)):
                gone[which] += (part[:, chosen] @ W[chosen] + (skip[:, columns] if which == "all" else 0))[row]
            left["coincident"].append(shares[digit, t] * theory)
            left["all"].append(theory)
        for which, values in gone.items():
            answer = (logits[:, columns] - values).argmax(axis=1)
            wrong = answer != labels[:, t]
            tests.setdefault(f"{which} right", []).append(1 - wrong.mean())
            if which == "control":
                continue
            for name, orders in (("named", (slice(None), slice(None))), ("named null", shuffles)):
                said = closed[:, columns] + sum(x[order][row] for x, order, row in zip(left[which], orders, rows, strict=True))
                same = (said.argmax(axis=1) == answer)[wrong]
                tests.setdefault(f"{which} {name}", []).append(same.mean() if wrong.any() else np.nan)
    return {
        "powers": powers(a, own), "clears": clears, "coincident": shares, "coincident_neurons": counts,
        **{name: np.asarray(values) for name, values in tests.items()},
    }  # fmt: skip


def borrowed(uses: np.ndarray, clears: np.ndarray, *, seed: int | None = None) -> float:
    """Does cancellation tell which other primes' neurons a circuit borrows?

    AUROC of a prime's being in a task's circuit, `uses` (T, T) bool, by how much it moves that task's one-digit terms, the sum over digits
    of |`clears`| (2, T, T + 1). With a `seed` the null: primes permuted within each task's row. NaN where all circuits use all, or none.
    """
    size, off = np.abs(clears[:, :, :-1]).sum(axis=0), ~np.eye(len(uses), dtype=bool)
    score, inside = size[off].reshape(len(uses), -1), uses[off].reshape(len(uses), -1)
    if seed is not None:
        score = np.random.default_rng(seed).permuted(score, axis=1)
    return auroc(score.ravel(), inside.ravel()) if inside.any() and not inside.all() else float("nan")
