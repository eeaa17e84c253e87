"""Strict types and ranks in every test; warnings are errors (pyproject.toml)."""

import jax
import pytest

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture
def getkey():
    """A function that returns a fresh key at each call."""
    count = iter(range(1 << 30))
    return lambda: jax.random.fold_in(jax.random.key(2024), next(count))


@pytest.fixture
def optax_promotes():
    """optax raises floats to integer powers, which strict promotion refuses; only tests that train use this."""
    with jax.numpy_dtype_promotion("standard"):
        yield
