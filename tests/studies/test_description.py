"""The race asks the same of both sides, and rounding does what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.network.runs import load_run
from src.studies.description import BITS, growth, race, round_to


@given(st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=1, max_size=30), st.sampled_from(BITS))
def test_rounding_keeps_the_largest_and_errs_at_most_half_a_step(values, bits):
    x = np.asarray(values)
    y, top = round_to(x, bits), np.abs(x).max()
    assert len(np.unique(y)) <= 2**bits and np.abs(y - x).max() <= top / (2**bits - 1) * (1 + 1e-9)
    np.testing.assert_allclose(np.abs(y).max(), top)
    np.testing.assert_allclose(round_to(y, bits), y, atol=1e-9 * top)  # what is rounded stays


def test_one_bit_is_a_sign_and_a_scale():
    assert round_to(np.asarray([-0.1, 3.0, 2.0, -4.0]), 1).tolist() == [-4, 4, 4, -4]
    assert (round_to(np.zeros((2, 3)), 1) == 0).all() and round_to(np.zeros(0), 4).size == 0


@pytest.fixture(scope="module")
def found():
    return race(load_run("laptop"))


def test_bits_are_counted_the_same_for_both(found):
    assert found["network_bits"].tolist() == [int(found["parameters"]) * bits for bits in BITS]
    which = (found["formula_bits"] - found["waves"] * np.asarray(BITS)) / found["waves"]
    np.testing.assert_allclose(which, np.log2(157))  # which of the 157 waves of p = 53
    assert found["parameters"] == 245_888 and 15 <= found["waves"] <= 157


def test_the_finest_weights_are_the_network_and_the_coarsest_are_not(found):
    assert found["network_share"][-1] == pytest.approx(1, abs=1e-3) and found["network_share"][0] < 0
    assert (np.diff(found["network_share"]) > -1e-3).all()


def test_the_formula_needs_fewer_bits_for_what_it_has(found):
    share, eight = found["formula_share"], BITS.index(8)
    assert share[0] < share[eight] - 0.5 and 0.9 < share[eight] < 0.99
    assert share[-1] == pytest.approx(share[eight], abs=1e-3)
    assert found["as_good"] > found["formula_bits"].max()
    at = found["network_bits"].tolist().index(found["as_good"])
    assert found["network_share"][at] >= share[-1] and (found["network_share"][:at] < share[-1]).all()


def test_growth_is_the_exponent():
    p = np.asarray([11.0, 31, 113])
    np.testing.assert_allclose(growth(p, 7 * p**2.5), 2.5)
    assert np.isnan(growth(p, np.asarray([1, np.inf, 2])))
