"""Number theory in bulk, as ratios to sympy measured side by side in one run.

    python -m benchmarks.integers                # under a minute

Rounds alternate between the contestants and the median of the rounds' ratios is printed.
"""

import time
from collections.abc import Callable

import numpy as np
import sympy
from rich.console import Console
from rich.table import Table

from src.numbers.integers import is_prime, least_prime_factor, primes_below
from src.numbers.sequences import totients


def sympy_primes(limit: int) -> np.ndarray:
    """Primes by sympy's sieve, made anew each time."""
    return np.asarray(list(sympy.ntheory.generate.Sieve().primerange(limit)))


CASES: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "primes below 10^7": (lambda: primes_below(10**7), lambda: sympy_primes(10**7)),
    "least prime factor of all n < 10^5": (
        lambda: least_prime_factor(10**5)[2:].tolist(),
        lambda: [min(sympy.primefactors(n)) for n in range(2, 10**5)],
    ),
    "Euler's phi of all n < 10^5": (lambda: totients(10**5)[1:].tolist(), lambda: [int(sympy.totient(n)) for n in range(1, 10**5)]),
    "primality of 2,000 numbers from 10^15 on": (
        lambda: [is_prime(n) for n in range(10**15, 10**15 + 2000)],
        lambda: [sympy.isprime(n) for n in range(10**15, 10**15 + 2000)],
    ),
}


def timed(run: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    found = run()
    return time.perf_counter() - start, found


def main() -> None:
    table = Table("", "ours, s", "sympy, s", "ratio", title="Number theory in bulk; median of three rounds")
    for name, (ours, theirs) in CASES.items():
        seconds = []
        for _ in range(3):
            a, mine = timed(ours)
            b, other = timed(theirs)
            assert np.array_equal(np.asarray(mine), np.asarray(other)), name
            seconds.append((a, b))
        s = np.asarray(seconds)
        table.add_row(name, *(f"{x:.3f}" for x in np.median(s, axis=0)), f"{np.median(s[:, 1] / s[:, 0]):.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
