"""The race counts the same for both sides, and rounding does what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.network.runs import load_run
from src.studies.algorithm import execute, extract, regroup, strengths
from src.studies.description import BITS, algorithm_code, error_bits, growth, network_code, race, round_to


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30), st.sampled_from(BITS))
def test_rounding_keeps_the_largest_and_errs_at_most_half_a_step(values, bits):
    x = np.asarray(values)
    y, top = round_to(x, bits), np.abs(x).max()
    assert len(np.unique(y)) <= 2**bits and np.abs(y - x).max() <= top / (2**bits - 1) * (1 + 1e-9)
    np.testing.assert_allclose(np.abs(y).max(), top)


def test_error_bits_grow_with_the_errors():
    wrong = np.zeros((100, 2), bool)
    none = error_bits(wrong, (2, 53))
    np.testing.assert_allclose(none, 2 * np.log2(101))
    wrong[3, 1] = True
    np.testing.assert_allclose(error_bits(wrong, (2, 53)) - none, np.log2(100) + np.log2(52))


def test_full_precision_is_the_network_and_the_algorithm():
    run = load_run("laptop")
    assert network_code(run, 16)[2] == run.manifest["wrong_cells"]
    waves = strengths(extract(run))
    numbers, _, wrong = algorithm_code(run, waves, 30)
    np.testing.assert_allclose(execute(regroup(*waves), 53), execute(regroup(waves[0], waves[1], round_to(waves[2], 30)), 53), atol=1e-5)
    assert numbers > 30 * len(waves[0]) and wrong == 0


@pytest.mark.usefixtures("optax_promotes")
def test_the_race_of_a_small_network():
    found = race(load_run("laptop"))
    assert found["algorithm_bits"] < found["network_bits"] and found["waves"] < found["parameters"]
    assert found["network_wrong"] <= 4 + 0.001 * 42_135


def test_growth_is_the_exponent():
    p = np.asarray([11.0, 31, 113])
    np.testing.assert_allclose(growth(p, 7 * p**2.5), 2.5)
