"""What a network needs: known curves are found again."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.studies.growth import needed, operations


@given(st.floats(70, 180), st.floats(2, 8))
def test_where_a_line_in_logarithms_falls_below(at, slope):
    values = np.asarray([64, 96, 128, 192.0])
    wrong = 1e-4 * 1e9 * (values / at) ** -slope
    assert needed(values, wrong, 1e9) == pytest.approx(at)


def test_ends_and_noise():
    values = np.asarray([1.0, 2, 4])
    assert needed(values, np.asarray([9, 9, 9]), 100) == np.inf
    assert needed(values, np.zeros(3), 1e6) == 1
    assert 2 < needed(values, np.asarray([0, 900, 0]), 1e6) < 4  # a lucky value below a failing one does not count


def test_operations_are_those_of_the_compiled_products():
    """Against XLA's own count of the same products; ReLU and sums add a little."""
    rows, d, m, outputs = 64, 32, 128, 100
    shapes = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((rows, d), (d, m), (m, d), (d, outputs))]

    def loss(x, w_in, w_out, w_u):
        return (jax.nn.relu(x @ w_in) @ w_out @ w_u).sum() ** 2

    counted = jax.jit(jax.grad(loss, argnums=(0, 1, 2, 3))).lower(*shapes).compile().cost_analysis()["flops"]
    assert operations(rows, d, m, outputs) == pytest.approx(counted, rel=0.02)
