"""Sequences against sympy, mpmath and known terms; the OEIS's file with bad lines."""

import gzip
from itertools import groupby, pairwise

import mpmath
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy.functions.combinatorial.numbers import partition
from typer.testing import CliRunner

from src.numbers import oeis, sequences
from src.numbers.oeis import read_oeis
from src.numbers.sequences import BUSY_BEAVER, REGISTRY, collatz_steps
from src.sequences import app

BY_NUMBER = {one.number: one for one in REGISTRY}
AGAINST = {  # another way to the same terms
    "A000045": lambda n: [int(sympy.fibonacci(i)) for i in range(n)],
    "A000032": lambda n: [int(sympy.lucas(i)) for i in range(n)],
    "A000142": lambda n: [int(sympy.factorial(i)) for i in range(n)],
    "A000108": lambda n: [int(sympy.catalan(i)) for i in range(n)],
    "A000110": lambda n: [int(sympy.bell(i)) for i in range(n)],
    "A000041": lambda n: [int(partition(i)) for i in range(n)],
    "A000040": lambda n: [sympy.prime(i) for i in range(1, n + 1)],
    "A001223": lambda n: [b - a for a, b in pairwise(sympy.primerange(10**4))][:n],
    "A010051": lambda n: [int(sympy.isprime(i)) for i in range(1, n + 1)],
    "A000720": lambda n: [int(sympy.primepi(i)) for i in range(1, n + 1)],
    "A000005": lambda n: [int(sympy.divisor_count(i)) for i in range(1, n + 1)],
    "A000203": lambda n: [int(sympy.divisor_sigma(i)) for i in range(1, n + 1)],
    "A000010": lambda n: [int(sympy.totient(i)) for i in range(1, n + 1)],
    "A008683": lambda n: [int(sympy.mobius(i)) for i in range(1, n + 1)],
    "A001222": lambda n: [sum(sympy.factorint(i).values()) for i in range(1, n + 1)],
    "A020639": lambda n: [min(sympy.factorint(i), default=1) for i in range(1, n + 1)],
    "A010060": lambda n: [bin(i).count("1") % 2 for i in range(n)],
}
KNOWN = {  # Sloane's first terms
    "A000129": [0, 1, 2, 5, 12, 29, 70, 169, 408, 985], "A000931": [1, 0, 0, 1, 0, 1, 1, 1, 2, 2, 3, 4, 5, 7, 9, 12],
    "A000959": [1, 3, 7, 9, 13, 15, 21, 25, 31, 33, 37, 43, 49, 51], "A005132": [0, 1, 3, 6, 2, 7, 13, 20, 12, 21, 11, 22, 10, 23, 9, 24],
    "A005185": [1, 1, 2, 3, 3, 4, 5, 5, 6, 6, 6, 8, 8, 8, 10, 9, 10, 11], "A001462": [1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 6, 7],
    "A000002": [1, 2, 2, 1, 1, 2, 1, 2, 2, 1, 2, 2, 1, 1, 2, 1, 1, 2], "A005150": [1, 11, 21, 1211, 111221, 312211, 13112221],
    "A006577": [0, 1, 7, 2, 5, 8, 16, 3, 19, 6, 14, 9, 9, 17], "A000120": [0, 1, 1, 2, 1, 2, 2, 3, 1], "A000217": [0, 1, 3, 6, 10, 15],
}  # fmt: skip


def test_the_registry():
    assert len(BY_NUMBER) == len(REGISTRY) >= 30 and len({one.name for one in REGISTRY}) == len(REGISTRY)
    for one in REGISTRY:
        terms = one.terms(len(BUSY_BEAVER) if one.kind == "uncomputable" else 25)
        assert all(type(v) is int for v in terms) and terms[:4] == one.terms(4), one.name


@pytest.mark.parametrize("number", AGAINST)
def test_terms_against_another_way(number):
    assert BY_NUMBER[number].terms(120) == AGAINST[number](120)


@pytest.mark.parametrize("number", KNOWN)
def test_known_terms(number):
    assert BY_NUMBER[number].terms(len(KNOWN[number])) == KNOWN[number]


def test_digits_of_constants():
    with mpmath.workdps(400):
        for number, value in (("A000796", mpmath.pi), ("A001113", mpmath.e), ("A002193", mpmath.sqrt(2))):
            digits = str(mpmath.nstr(+value, 350)).replace(".", "")[:300]
            assert BY_NUMBER[number].terms(300) == [int(d) for d in digits]


def test_terms_of_thousands_of_digits():
    """Python turns no more than some thousand digits to text or back in one go."""
    with mpmath.workdps(9100):
        digits = mpmath.nstr(+mpmath.e, 9050).replace(".", "")[:9000]
    assert "".join(map(str, BY_NUMBER["A001113"].terms(9000))) == digits
    assert len(BY_NUMBER["A002193"].terms(5000)) == 5000
    before, last = BY_NUMBER["A005150"].terms(32)[-2:]
    said = "".join(f"{len(list(run))}{digit}" for digit, run in groupby(sequences._decimal(before)))
    assert sequences._decimal(last) == said and len(said) > 5000
    for text in ("0", "7" * 3999, "123" * 2000, "1" + "0" * 8000):
        assert sequences._decimal(sequences._integer(text)) == text


def test_tables_go_on_where_they_were_cut():
    for number in ("A000005", "A000720", "A000040", "A000959"):
        terms = BY_NUMBER[number].terms(2500)  # past the first table
        assert terms == BY_NUMBER[number].terms(2600)[:2500]
    assert BY_NUMBER["A000720"].terms(5000)[-1] == sympy.primepi(5000)


def test_too_few_terms():
    with pytest.raises(ValueError, match=r"A060843 .*9 terms asked for, 5 known"):
        BY_NUMBER["A060843"].terms(9)


@given(st.integers(1, 10**6))
def test_collatz(n):
    assert collatz_steps(2 * n) == collatz_steps(n) + 1


def test_collatz_needs_a_positive_number():
    with pytest.raises(ValueError, match="n=0"):
        collatz_steps(0)


def test_the_oeis_file(tmp_path):
    text = "# comment\n\nA000040 ,2,3,5,7,\nA000012 ,1,1,\nbad line\nA1 ,1,\nA000045 ,0,1,x,\nA008683 ,1,-1,-1,0,\n"
    packed, plain = tmp_path / "stripped.gz", tmp_path / "stripped"
    packed.write_bytes(gzip.compress(text.encode()))
    plain.write_text(text)
    for path in (packed, plain):
        found = read_oeis(path)
        assert found.skipped == 3 and found.terms["A000040"] == (2, 3, 5, 7) and found.terms["A008683"] == (1, -1, -1, 0)
        assert set(read_oeis(path, least=3).terms) == {"A000040", "A008683"}


def test_a_file_is_read_whatever_its_marks_and_to_an_end(tmp_path, monkeypatch):
    marked = tmp_path / "STRIPPED.GZ"
    marked.write_bytes(gzip.compress("\ufeffA000040 ,2,3,5,7,\n".encode()))
    assert read_oeis(marked).terms == {"A000040": (2, 3, 5, 7)}
    long = tmp_path / "long"
    long.write_text("A000012 ," + "1," * 60_000 + "\nA000040 ,2,3,\n")
    assert set(read_oeis(long).terms) == {"A000012", "A000040"} and read_oeis(long).skipped == 1  # the rest of the long line
    monkeypatch.setattr(oeis, "MOST", 1000)
    with pytest.raises(ValueError, match="more than 1,000 letters"):
        read_oeis(long)


def test_what_is_no_oeis_file(tmp_path):
    for name in ("nothing.gz", "x" * 300):
        with pytest.raises(ValueError, match="--oeis"):
            read_oeis(tmp_path / name)
    for name, content in (
        ("a.gz", b"not gzip"),
        ("b.gz", gzip.compress(b"A000040 ,2,3,")[:-6]),
        ("c", b"nonsense\n"),
        ("d", b"\xff\xfe\x00"),
        ("e.gz", gzip.compress(b"A000040 ,2,3,\n" * 9)[:14] + b"\x99" * 20),
        ("f.gz", gzip.compress(b"7" * 3_000_000)),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"--oeis .*{name}"):
            read_oeis(tmp_path / name)


def test_the_registry_is_listed_and_compared_with_a_users_file(tmp_path):
    path = tmp_path / "stripped"
    path.write_text("# comment\nA000040 ,2,3,5,7,\nA000045 ,0,1,1,3,\nnonsense\n")
    result = CliRunner().invoke(app, ["--oeis", str(path)])
    assert result.exit_code == 0, result.output
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip().startswith("A")}
    assert set(lines) == {one.number for one in REGISTRY}
    assert "all 4" in lines["A000040"] and "differ" in lines["A000045"] and "not in the file" in lines["A000004"]
    assert "2 sequences read, 1 malformed lines skipped" in result.stdout
    assert CliRunner().invoke(app, ["--terms", "21"]).exit_code == 0  # busy beavers and factorials are long
    path.write_text("nothing of the kind\n")
    assert CliRunner().invoke(app, ["--oeis", str(path)]).exit_code == 2
