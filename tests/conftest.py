"""Strict types and ranks in every test; warnings are errors (pyproject.toml)."""

import os
import shutil

# Tests compile many programs and run each of them once: programs that are not optimised are there in half the time. Set before JAX starts.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")

import jax
import pytest

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SLOW = ("tests/circuits/", "tests/studies/", "test_trainer.py", "test_sweeps.py", "test_pages.py", "recomputed")


def pytest_collection_modifyitems(items):
    """What trains, analyses whole networks or renders the site is left out of `make fast`. The site takes minutes to render: one file that
    needs it comes first, and the others last, so that no worker waits for it."""
    for item in items:
        if any(part in item.nodeid for part in SLOW):
            item.add_marker(pytest.mark.slow)
    of_site = list(dict.fromkeys(item.path for item in items if "site" in item.fixturenames))
    items.sort(key=lambda item: 1 if item.path not in of_site else 0 if item.path == of_site[0] else 2)


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


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, one for all tests of a process."""
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH: the pages were not opened in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()
