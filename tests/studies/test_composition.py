"""Primality by composition, against sympy and with the exceptional n."""

import numpy as np
import pytest
import sympy

from src.network.presets import preset
from src.network.runs import load_run
from src.network.tasks import make_dataset
from src.numbers.integers import primes_below
from src.studies.composition import divisor_confusion, harmless, primality, primes_from_residues


@pytest.mark.parametrize("p", [5, 11, 53])
def test_true_residues_give_the_primes(p):
    labels = make_dataset(preset("smoke").override([f"p={p}"])).labels
    assert np.flatnonzero(primes_from_residues(labels, p)).tolist() == list(sympy.primerange(p * p))


def test_one_wrong_residue_is_seen():
    labels = make_dataset(preset("smoke")).labels.copy()
    labels[97, 0] = 0  # calls 97 even
    labels[49, 3] = 1  # misses 7 | 49
    wrong = primes_from_residues(labels, 11)
    assert not wrong[97] and wrong[49]


def test_a_committed_network_against_the_sieve():
    run = load_run("laptop")
    c = primality(run)
    assert c.true_positive + c.false_negative == sympy.primepi(53**2) and sum(c) == 53**2
    assert c.recall > 0.99 and c.precision > 0.99


def test_least_divisors_of_true_residues_are_least_prime_factors():
    p = 11
    labels = make_dataset(preset("smoke")).labels.copy()
    counts = divisor_confusion(labels, p)
    assert counts.sum() == p * p - 2 and np.trace(counts) == counts.sum() and counts[-1, -1] == sympy.primepi(p * p)
    labels[7 * 5, 2] = 1  # 5 no longer seen: the least divisor of 35 is 7
    labels[49, 3] = 1  # 7 no longer seen: 49 passes for a prime
    wrong = divisor_confusion(labels, p)
    assert wrong[2, 3] == 1 and wrong[3, -1] == 1 and np.trace(wrong) == counts.sum() - 2


def test_another_task_is_refused():
    with pytest.raises(ValueError, match="addition"):
        primality(load_run("addition"))


def test_misplaced_residues_do_harm_where_many_numbers_hang_on_their_prime():
    p, rng = 31, np.random.default_rng(1)
    primes = np.asarray(primes_below(p))
    labels = np.arange(p**2)[:, None] % primes

    def with_wrong(prime, many):
        said, t = labels.copy(), list(primes).index(prime)
        said[400 : 400 + many, t] = (said[400 : 400 + many, t] + 1) % prime
        return harmless(said, labels, p, rng)

    assert harmless(labels, labels, p, rng) == 1
    assert with_wrong(2, 10) < 0.05 < 0.5 < with_wrong(29, 10)
