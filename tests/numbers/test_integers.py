"""Number theory against sympy, and each test against what fools it."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from src.numbers import integers as z

CARMICHAEL = [561, 1105, 1729, 2465, 2821, 6601, 8911, 10585, 15841, 29341, 825265]
STRONG_PSEUDOPRIMES_2 = [2047, 3277, 4033, 4681, 8321]
PROOFS = [z.trial_division, z.wilson, z.aks, z.miller_rabin]


def test_sieve_agrees_with_sympy():
    assert z.primes_below(10_000).tolist() == list(sympy.primerange(10_000))


@pytest.mark.parametrize("limit", range(12))
def test_small_sieves(limit):
    assert z.primes_below(limit).tolist() == list(sympy.primerange(limit))


def test_least_prime_factor_agrees_with_sympy():
    assert z.least_prime_factor(3000)[2:].tolist() == [min(sympy.primefactors(n)) for n in range(2, 3000)]


@pytest.mark.parametrize("test", PROOFS)
def test_proofs_agree_with_sympy(test):
    assert [n for n in range(400) if test(n)] == list(sympy.primerange(400))


@given(st.integers(0, 2**64 - 1))
def test_miller_rabin_agrees_with_sympy_below_2_64(n):
    assert z.miller_rabin(n) == sympy.isprime(n)


@pytest.mark.parametrize("test", [*PROOFS, z.fermat, z.euler, z.is_prime])
def test_integers_of_numpy_are_integers_and_floats_are_not(test):
    assert test(np.int64(97)) is True and test(np.int32(91)) is False and test(np.uint8(2)) is True
    for value in (7.0, "7", None):
        with pytest.raises(TypeError):
            test(value)


@given(st.integers(2, 10**6))
def test_trial_division_agrees_with_miller_rabin(n):
    assert z.trial_division(n) == z.miller_rabin(n)


@given(st.integers(2, 3000), st.integers(2, 50))
def test_no_prime_fails_a_necessary_test(n, a):
    if sympy.isprime(n):
        assert z.fermat(n, a) and z.euler(n, a) and (n == 2 or z.strong_probable_prime(n, a))


@pytest.mark.parametrize("n", CARMICHAEL)
def test_carmichael_numbers_fool_fermat_in_every_coprime_base_but_not_the_proofs(n):
    assert all(z.fermat(n, a) for a in range(2, 100) if np.gcd(a, n) == 1)
    assert not z.miller_rabin(n) and not z.trial_division(n)
    assert any(not z.euler(n, a) for a in range(2, 100) if np.gcd(a, n) == 1)


@pytest.mark.parametrize("n", STRONG_PSEUDOPRIMES_2)
def test_strong_pseudoprimes_fool_one_round_only(n):
    assert z.strong_probable_prime(n, 2) and not z.miller_rabin(n)


def test_561_fools_euler_at_2():
    assert z.euler(561, 2) and not z.aks(561)


@pytest.mark.parametrize("n", [10_007, 31**2, 2**13, 3**7, 65_537, 101 * 103])
def test_aks_beyond_the_small_cases(n):
    assert z.aks(n) == sympy.isprime(n)


def test_jacobi_agrees_with_sympy():
    assert all(z.jacobi(a, n) == sympy.jacobi_symbol(a, n) for n in range(1, 99, 2) for a in range(60))


@given(st.integers(0, 10**12), st.integers(2, 200))
def test_digits_round_trip(n, base):
    width = z.n_digits(n, base)
    x = z.digits(n, base, width)
    assert x.shape == (width,) and (width == 1 or x[-1] > 0)
    assert z.from_digits(x, base) == n


@pytest.mark.parametrize(
    "call",
    [
        lambda: z.digits(5, 1, 2),
        lambda: z.digits(100, 10, 2),
        lambda: z.digits(-1, 10, 2),
        lambda: z.from_digits(np.array([10]), 10),
        lambda: z.n_digits(3, 0),
        lambda: z.fermat(7, 1),
        lambda: z.jacobi(3, 4),
        lambda: z.sieve(-1),
    ],
)
def test_bad_input_is_named(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()
