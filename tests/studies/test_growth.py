"""What a network needs, and its power of p: known curves are found again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.studies.growth import exponent, needed


@given(st.floats(0.2, 3), st.floats(1, 50))
def test_a_power_is_found(power, scale):
    p = np.asarray([41, 53, 71, 113.0])
    assert exponent(p, scale * p**power) == pytest.approx(power)


@given(st.floats(70, 180), st.floats(2, 8))
def test_where_a_line_in_logarithms_falls_below(at, slope):
    values = np.asarray([64, 96, 128, 192.0])
    wrong = 1e-4 * 1e9 * (values / at) ** -slope
    assert needed(values, wrong, 1e9) == pytest.approx(at)


def test_ends_and_noise():
    values = np.asarray([1.0, 2, 4])
    assert needed(values, np.asarray([9, 9, 9]), 100) == np.inf and np.isnan(exponent(values, np.asarray([1, np.inf, 2])))
    assert needed(values, np.zeros(3), 1e6) == 1
    assert 2 < needed(values, np.asarray([0, 900, 0]), 1e6) < 4  # a lucky value below a failing one does not count
