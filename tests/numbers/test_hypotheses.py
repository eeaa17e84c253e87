"""What each primality test calls prime, against sympy and known pseudoprimes; the scores, against counts."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from src.numbers.hypotheses import FACTORS, HYPOTHESES, agreement, closest, knows, mcc, prime_factors_of, recall_by_factor, scores

N = np.arange(3000)
PRIME = np.asarray([sympy.isprime(n) for n in range(3000)])
LIARS = {  # composites below 3000 that pass: OEIS A001567, A047713, A001262
    "Fermat, base 2": [341, 561, 645, 1105, 1387, 1729, 1905, 2047, 2465, 2701, 2821],
    "Euler, base 2": [561, 1105, 1729, 1905, 2047, 2465],
    "Miller-Rabin, base 2": [2047],
    "all primes (Wilson, AKS)": [],
}
DIVISORS = {
    "2": [2], "2, 3": [2, 3], "2, 5": [2, 5], "2, 3, 5": [2, 3, 5],
    **{f"primes to {limit}": list(sympy.primerange(limit + 1)) for limit in (7, 11, 13, 31)},
}  # fmt: skip
masks = st.integers(2, 60).flatmap(lambda n: st.tuples(*[st.lists(st.booleans(), min_size=n, max_size=n).map(np.asarray)] * 2))


def test_every_hypothesis_has_a_test_here():
    assert set(HYPOTHESES) == set(LIARS) | set(DIVISORS)


@pytest.mark.parametrize("name", LIARS)
def test_the_tests_call_prime_the_primes_and_their_pseudoprimes(name):
    said = HYPOTHESES[name](N)
    assert said.dtype == bool and said[PRIME].all()
    assert np.flatnonzero(said & ~PRIME).tolist() == LIARS[name]


@pytest.mark.parametrize("name", DIVISORS)
def test_trial_division_against_slow_loops(name):
    slow = [n > 1 and all(n == q or n % q for q in DIVISORS[name]) for n in range(3000)]
    assert HYPOTHESES[name](N).tolist() == slow


def test_trial_division_is_a_proof_up_to_the_next_primes_square():
    for limit, following in ((7, 11), (11, 13), (13, 17), (31, 37)):
        wrong = np.flatnonzero(HYPOTHESES[f"primes to {limit}"](N) != PRIME)
        assert wrong[0] == following**2


@settings(deadline=None)
@given(st.sets(st.sampled_from([int(q) for q in sympy.primerange(60)]), min_size=1), st.integers(0, 10**9))
def test_knowing_more_divisors_calls_fewer_prime_and_never_misses_a_prime(divisors, n):
    one = np.asarray([n])
    few, more = knows(sorted(divisors)[:1])(one)[0], knows(divisors)(one)[0]
    assert few or not more
    assert more or not sympy.isprime(n)


@settings(deadline=None)
@given(st.integers(1, 5000))
def test_prime_factors(n):
    assert list(prime_factors_of(n)) == sympy.primefactors(n)


@settings(deadline=None)
@given(masks)
def test_mcc_is_the_correlation_of_the_masks(both):
    said, truth = both
    if said.std() and truth.std():
        assert np.isclose(mcc(said, truth), np.corrcoef(said, truth)[0, 1])
        assert np.isclose(mcc(~said, truth), -mcc(said, truth)) and np.isclose(mcc(said, said), 1)
    else:
        assert mcc(said, truth) == 0


@settings(deadline=None)
@given(masks)
def test_scores_are_ratios_of_counts(both):
    said, truth = both
    pairs = list(zip(said.tolist(), truth.tolist(), strict=True))
    tp, fp, fn, tn = (pairs.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False)))
    over = lambda a, b: a / b if b else np.nan  # noqa: E731
    expected = {
        "accuracy": (tp + tn) / len(pairs), "precision": over(tp, tp + fp), "recall": over(tp, tp + fn),
        "recall_composites": over(tn, tn + fp), "balanced": (over(tp, tp + fn) + over(tn, tn + fp)) / 2,
        "majority": max(tp + fn, tn + fp) / len(pairs),
        "mcc": (tp * tn - fp * fn) / (np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) or 1),
    }  # fmt: skip
    found = scores(said, truth)
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-12, err_msg=name)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2500), max_size=200), st.integers(0, 2**32 - 1))
def test_recall_by_factor_by_brute_force(numbers, seed):
    numbers = [*numbers, 31 * 31, 31 * 37, 37 * 37]
    said = np.random.default_rng(seed).random(len(numbers)) < 0.5
    passed = {group: [] for group in (*FACTORS, "larger")}
    for n, called in zip(numbers, said.tolist(), strict=True):
        if n > 1 and not sympy.isprime(n):
            least = min(sympy.primefactors(n))
            passed[least if least in FACTORS else "larger"].append(not called)
    expected = [np.mean(found) if found else np.nan for found in passed.values()]
    np.testing.assert_allclose(recall_by_factor(said, np.asarray(numbers)), expected)


def test_recall_by_factor_of_who_knows_2_3_5():
    assert recall_by_factor(HYPOTHESES["2, 3, 5"](N), N).tolist() == [1.0] * 3 + [0.0] * 9


@pytest.mark.parametrize("name", HYPOTHESES)
def test_the_closest_hypothesis_is_the_one_that_spoke(name):
    said = HYPOTHESES[name](N)
    found = agreement(said, N)
    assert closest(found) == name and np.isclose(found[name], 1)
    said[1] = True  # and still with one mistake
    assert closest(agreement(said, N)) == name


def test_of_equals_the_closest_is_the_one_that_knows_least():
    n = np.arange(121)  # trial division by 2, 3, 5, 7 is a proof here
    assert closest(agreement(PRIME[:121], n)) == "primes to 7"
