"""Natural numbers: sieves, digits, and the primality tests that the talk lists.

The sieves return NumPy arrays, for bulk use. The tests take integers of any size, Python's and NumPy's, and raise `TypeError` for
anything else. Each says in its docstring what a `True` proves and what fools it; only `trial_division`, `wilson` and `aks` are proofs
at every size, and `miller_rabin` is one below 2**64.
"""

from math import gcd, isqrt
from operator import index

import numpy as np

# Deterministic Miller-Rabin below 3.3e24: the first 13 primes as bases suffice
# (Sorenson & Webster 2017, Strong pseudoprimes to twelve prime bases). We claim it below 2**64.
_BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)


def sieve(limit: int) -> np.ndarray:
    """Mask of the primes below `limit` (Eratosthenes): bool, shape (limit,), entry n says whether n is prime."""
    if limit < 0:
        raise ValueError(f"limit={limit}: must be >= 0")
    mask = np.ones(limit, dtype=bool)
    mask[:2] = False
    mask[4::2] = False
    for q in range(3, isqrt(max(limit - 1, 0)) + 1, 2):
        if mask[q]:
            mask[q * q :: 2 * q] = False
    return mask


def primes_below(limit: int) -> np.ndarray:
    """The primes below `limit`, ascending: int64, shape (pi(limit - 1),)."""
    return np.flatnonzero(sieve(limit))


def least_prime_factor(limit: int) -> np.ndarray:
    """Least prime factor of every n below `limit`: int64, shape (limit,); 0 for n = 0 and 1 for n = 1."""
    lpf = np.arange(limit, dtype=np.int64)
    for q in primes_below(isqrt(max(limit - 1, 0)) + 1)[::-1]:
        lpf[q * q :: q] = q  # largest prime first, so the smallest factor is written last
    return lpf


def n_digits(n: int, base: int) -> int:
    """How many base-`base` digits n has; 1 for n = 0."""
    _check_base(base)
    if n < 0:
        raise ValueError(f"n={n}: must be >= 0")
    count = 1
    while n >= base:
        n, count = n // base, count + 1
    return count


def digits(n: np.ndarray | int, base: int, width: int) -> np.ndarray:
    """The `width` lowest digits of n in `base`, least significant first.

    **Arguments:** n, a natural number or an int array of any shape (...).
    **Returns:** int64, shape (..., width); entry i is the coefficient of base**i.
    Raises `ValueError` if base < 2, width < 1, or some n is negative or needs more digits.
    """
    _check_base(base)
    if width < 1:
        raise ValueError(f"width={width}: must be >= 1")
    n = np.asarray(n, dtype=np.int64)
    for extreme in (n.min(initial=0), n.max(initial=0)):
        if extreme < 0 or n_digits(int(extreme), base) > width:
            raise ValueError(f"n={extreme}: not a natural number of {width} digits in base {base}")
    out = np.empty((*n.shape, width), dtype=np.int64)
    for i in range(width):
        out[..., i], n = n % base, n // base
    return out


def from_digits(x: np.ndarray, base: int) -> np.ndarray:
    """The inverse of `digits`: (..., width) -> int64 (...). Raises `ValueError` on a digit outside [0, base)."""
    _check_base(base)
    x = np.asarray(x, dtype=np.int64)
    if ((x < 0) | (x >= base)).any():
        raise ValueError(f"digits must lie in [0, {base})")
    n = np.zeros(x.shape[:-1], dtype=np.int64)
    for i in reversed(range(x.shape[-1])):
        n = n * base + x[..., i]
    return n


def _check_base(base: int) -> None:
    if base < 2:
        raise ValueError(f"base={base}: must be >= 2")


def trial_division(n: int) -> bool:
    """Proves primality or finds the least factor: O(sqrt n) divisions. Nothing fools it."""
    n = index(n)
    if n < 4:
        return n > 1
    if n % 2 == 0:
        return False
    return all(n % d for d in range(3, isqrt(n) + 1, 2))


def wilson(n: int) -> bool:
    """Wilson's theorem: n > 1 is prime if and only if (n - 1)! = -1 (mod n).

    A proof either way, and nothing fools it, but it takes n - 2 multiplications. (The talk's
    slide lost the factorial.)
    """
    n = index(n)
    if n < 2:
        return False
    product = 1
    for k in range(2, n):
        product = product * k % n
        if product == 0:
            return False
    return product == n - 1


def fermat(n: int, a: int = 2) -> bool:
    """Fermat's little theorem: if n is prime and does not divide a, then a**(n - 1) = 1 (mod n).

    `False` proves n composite (or n < 2). `True` proves nothing: 341 = 11 * 31 passes for a = 2,
    and a Carmichael number such as 561 passes for every base coprime to it.
    Raises `ValueError` unless a >= 2. Where n divides a, the answer is by trial division.
    """
    n = index(n)
    _check_witness(a)
    if n < 2:
        return False
    if a % n == 0:  # the theorem says nothing about this base
        return trial_division(n)
    return pow(a, n - 1, n) == 1


def jacobi(a: int, n: int) -> int:
    """The Jacobi symbol (a / n) in {-1, 0, 1}, for odd n > 0; the Legendre symbol where n is prime."""
    if n <= 0 or n % 2 == 0:
        raise ValueError(f"n={n}: the Jacobi symbol needs an odd n > 0")
    a, sign = a % n, 1
    while a:
        while a % 2 == 0:
            a //= 2
            if n % 8 in (3, 5):
                sign = -sign
        a, n = n, a
        if a % 4 == 3 and n % 4 == 3:
            sign = -sign
        a %= n
    return sign if n == 1 else 0


def euler(n: int, a: int = 2) -> bool:
    """Euler's criterion: if n is an odd prime not dividing a, then a**((n - 1) / 2) = (a / n) (mod n).

    `False` proves n composite (or n < 2). `True` proves nothing: 561 passes for a = 2. No composite
    passes for every base coprime to it (Solovay & Strassen 1977).
    Raises `ValueError` unless a >= 2. For n = 2, and where n divides a, the answer is by trial division.
    """
    n = index(n)
    _check_witness(a)
    if n < 3 or n % 2 == 0 or a % n == 0:
        return trial_division(n)
    symbol = jacobi(a, n)
    return symbol != 0 and pow(a, (n - 1) // 2, n) == symbol % n


def strong_probable_prime(n: int, a: int) -> bool:
    """One round of Miller-Rabin with base a, for odd n > 2.

    `False` proves n composite. `True` proves nothing: 2047 = 23 * 89 passes for a = 2. A composite
    passes for at most a quarter of the bases below it (Rabin 1980).
    """
    _check_witness(a)
    if a % n == 0:
        return trial_division(n)
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    x = pow(a, odd, n)
    if x in (1, n - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % n
        if x == n - 1:
            return True
    return False


def miller_rabin(n: int) -> bool:
    """Miller-Rabin with the first 13 primes as bases.

    Below 2**64 this is a proof either way. Above, `False` proves n composite and `True` says only
    "probably prime": composites that pass these fixed bases exist and can be constructed (Arnault 1995).
    """
    n = index(n)
    if n < 2:
        return False
    for q in _BASES:
        if n % q == 0:
            return n == q
    return all(strong_probable_prime(n, a) for a in _BASES)


def is_prime(n: int) -> bool:
    """Whether n is prime, by `miller_rabin`: a proof below 2**64, "probably" above."""
    return miller_rabin(n)


def aks(n: int) -> bool:
    """Agrawal, Kayal & Saxena 2004, Primes is in P: a proof either way, in polynomial time.

    Nothing fools it. It is slow: the polynomial powers take seconds from about n = 10**6 on.
    """
    n = index(n)
    if n < 2:
        return False
    if _is_perfect_power(n):
        return False
    r = _aks_modulus(n)
    if any(1 < gcd(a, n) < n for a in range(2, min(r, n - 1) + 1)):
        return False
    if n <= r:
        return True
    bound = isqrt(_totient(r)) * n.bit_length() + n.bit_length()  # >= sqrt(phi(r)) * log2(n)
    return all(_aks_congruence(n, r, a) for a in range(1, bound + 1))


def _is_perfect_power(n: int) -> bool:
    for exponent in range(2, n.bit_length() + 1):
        low, high = 2, 1 << (n.bit_length() // exponent + 1)
        while low <= high:
            mid = (low + high) // 2
            power = mid**exponent
            if power == n:
                return True
            low, high = (mid + 1, high) if power < n else (low, mid - 1)
    return False


def _aks_modulus(n: int) -> int:
    """The least r coprime to n in which n has order above log2(n)**2."""
    bound = n.bit_length() ** 2
    r = 2
    while True:
        if gcd(n, r) == 1:
            power, order = n % r, 1
            while power != 1 and order <= bound:
                power, order = power * n % r, order + 1
            if order > bound:
                return r
        r += 1


def _totient(r: int) -> int:
    return sum(gcd(k, r) == 1 for k in range(1, r + 1))


def _aks_congruence(n: int, r: int, a: int) -> bool:
    """Whether (x + a)**n = x**n + a modulo (x**r - 1, n)."""
    # Polynomials are packed into one big int (Kronecker substitution): Python's own product is fast.
    bits = 2 * n.bit_length() + r.bit_length() + 1

    def reduce(packed: int) -> int:
        mask = (1 << bits) - 1
        coefficients = [0] * r
        index = 0
        while packed:
            coefficients[index % r] += packed & mask
            packed >>= bits
            index += 1
        return sum((c % n) << (bits * i) for i, c in enumerate(coefficients))

    base, result = reduce(a + (1 << bits)), 1
    for bit in bin(n)[2:]:
        result = reduce(result * result)
        if bit == "1":
            result = reduce(result * base)
    return result == reduce((a % n) + (1 << (bits * (n % r))))


def _check_witness(a: int) -> None:
    if a < 2:
        raise ValueError(f"a={a}: the base of the test must be >= 2")


def order_of(base: int, q: int) -> int:
    """The multiplicative order of `base` modulo the prime q; 0 where q divides it."""
    if base % q == 0:
        return 0
    power, order = base % q, 1
    while power != 1:
        power, order = power * base % q, order + 1
    return order
