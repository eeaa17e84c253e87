"""The rendered site, which the tests of pages share, and a browser that opens it from its folder with the network off."""

import fcntl

import pytest

from src.network.paths import PACKAGE
from src.render.preview import render


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    """The site, rendered once for all workers: the first one makes it, the others wait."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "site" / "_site"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            render(PACKAGE.parent, lambda line: None, folder)
    return folder


@pytest.fixture
def open_page(browser, site):
    """Opens a page of the site; every request that is not for a file, and every error on a page, fails the test."""
    contexts, faults = [], []

    def open_(name, **options):
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda r: r.url.startswith(("file:", "data:", "blob:")) or faults.append(f"asked the network for {r.url}"))
        page.on("requestfailed", lambda r: faults.append(f"could not load {r.url}"))
        page.on("pageerror", lambda e: faults.append(str(e)))
        page.on("console", lambda m: m.type == "error" and faults.append(m.text))
        page.goto(f"file://{site / name}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not faults
