"""The explorer in a browser, from a folder and with the network off: its numbers are Python's with the same weights."""

import functools
import http.server
import re
import threading

import jax.numpy as jnp
import numpy as np
import pytest

from src.figures.explorer import FOLDER, explorer_network, explorer_style, explorer_widget
from src.network.model import predict
from src.results.evidence import neurons_of, runs_of
from src.results.registry import arrays
from src.studies.ladder import anatomy
from src.studies.torus import formula, wave_strengths

SAMPLE = [0, 1, 2, 112, 113, 344, 453, 2488, 8051, 8053, *range(1000, 12769, 431), 12768]
READY = "document.documentElement.dataset.explorer === 'ready'"
CELLS = 1e-4  # a cell is less


STYLE = ":root { color-scheme: light dark; } body { background: Canvas; color: CanvasText; } main { padding: 1rem; }"
HEAD = f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Explorer</title><style>{STYLE}</style></head><body><main><h1>Explorer</h1>"""


def page(*parts):
    return "\n".join([HEAD, *parts, "</main></body></html>"])


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The page without its text, and the widget."""
    place = tmp_path_factory.mktemp("explorer")
    parts = re.findall(r"(?s)```\{=html\}\n(.*?)\n```", (FOLDER / "index.qmd").read_text())
    (place / "index.html").write_text(page(explorer_style().html, *parts, explorer_network().html))
    (place / "widget.html").write_text(page(explorer_widget("mechanism").html))
    return place


@pytest.fixture
def open_page(browser, folder):
    contexts, faults = [], []

    def open_(name="index.html", until=READY, where=None, offline=True, **options):
        context = browser.new_context(offline=offline, **options)
        contexts.append(context)
        found = context.new_page()
        found.on("pageerror", lambda e: faults.append(str(e)))
        found.on("console", lambda m: m.type == "error" and "favicon" not in m.location["url"] and faults.append(m.text))
        found.set_default_timeout(120_000)
        found.goto(f"{where or f'file://{folder}'}/{name}")
        found.wait_for_function(until)
        return found

    yield open_
    for context in contexts:
        context.close()
    assert not faults


@pytest.fixture(scope="session")
def run():
    return runs_of("paper")[0]


def test_the_pages_are_small_and_ask_for_nothing(folder):
    whole, widget = ((folder / name).read_text() for name in ("index.html", "widget.html"))
    assert len(whole.encode()) < 4_000_000 and len(widget.encode()) < 250_000
    for text in (whole, widget):
        assert not re.search(r"<(script|img|link)[^>]*\b(src|href)=|\bfetch\(|XMLHttpRequest|\bimport\b *[({\"']", text)


def test_other_widgets_and_divisors_are_refused():
    with pytest.raises(ValueError, match="there is mechanism"):
        explorer_widget("clock")
    with pytest.raises(ValueError, match="no prime below 113"):
        explorer_widget(q=15)


def test_logits_and_formula_are_pythons(open_page, run):
    found = open_page()
    logits = np.asarray(found.evaluate("ns => ns.map(n => explorer.logits(n))", SAMPLE))
    np.testing.assert_allclose(logits, predict(run.model, jnp.asarray(run.dataset.tokens[SAMPLE])), atol=1e-4)
    account = formula(*wave_strengths(neurons_of("paper")), run.config.p)[SAMPLE]
    primes = list(run.dataset.widths)
    written = np.asarray(found.evaluate("([ns, qs]) => ns.map(n => qs.flatMap(q => explorer.formula(n, q)))", [SAMPLE, primes]))
    np.testing.assert_allclose(written, account, atol=1e-4)


@pytest.mark.slow
def test_accuracies_are_pythons(open_page, run):
    """On all inputs, by the worker: primes against the measurement; what is not measured against the network cut at its neurons."""
    found, primes = open_page(), list(run.dataset.widths)
    ablated, neurons = arrays("paper-analysis")["ablated"][0], neurons_of("paper")

    def ask(**setting):
        return np.asarray(found.evaluate("setting => explorer.accuracies(setting)", setting))

    np.testing.assert_allclose(ask(), arrays("paper-analysis")["accuracy"][0], atol=CELLS)
    for q in (73, 17):
        np.testing.assert_allclose(ask(off=[str(q)]), ablated[primes.index(q)], atol=CELLS)
    a = anatomy(run)
    whole, mean = a.logits, a.post.mean(axis=0)
    for setting, off in (
        ({"only": 73}, neurons.q != 73),
        ({"off": ["83k12", "j412", "7"]}, ((neurons.q == 83) & (neurons.k == 12)) | (neurons.q == 7) | (np.arange(len(neurons.q)) == 412)),
    ):
        logits = whole - (a.post[:, off] - mean[off]) @ a.W_L[off]
        ends = np.cumsum(primes)
        answers = np.stack([logits[:, end - q : end].argmax(axis=1) for q, end in zip(primes, ends, strict=True)], axis=1)
        np.testing.assert_allclose(ask(**setting), (answers == run.dataset.labels).mean(axis=0), atol=CELLS)
    others = arrays("paper-cancellation")["all right"][0]
    for q in (83, 11):
        assert found.evaluate("q => explorer.accuracyWithoutOthers(q)", q) == pytest.approx(others[primes.index(q)], abs=CELLS)


def test_an_address_says_what_is_shown(open_page):
    found = open_page("index.html#n=344&q=107&off=7,73k31,j5&neuron=61")
    state = found.evaluate("explorer.state")
    assert (state["n"], state["q"], state["off"], state["neuron"]) == (344, 107, ["7", "73k31", "j5"], 61)
    assert found.locator(".mx-off").inner_text() == "off: all of 7, k = 31 of 73, neuron 5"
    found.get_by_role("button", name="on again").click()
    found.wait_for_function("location.hash === '#n=344&q=107&neuron=61'")
    assert found.locator(".mx-cell.wrong").get_attribute("aria-label").startswith("344 mod 107: the network says")
    found.evaluate("location.hash = '#n=8051&q=83'")
    found.wait_for_function("document.querySelector('.mx-verdict').textContent.includes('83 × 97')")
    strange = open_page("index.html#n=99999&q=84&off=<b>,12,j&only=4&neuron=-1")
    assert strange.evaluate("[explorer.state.n, explorer.state.q, explorer.state.off.length, explorer.state.only]") == [8051, 83, 0, None]


def test_a_number_is_typed_and_its_verdict_said(open_page):
    found = open_page()
    found.get_by_label("n", exact=True).fill("8053")
    said = found.locator(".mx-verdict")
    found.wait_for_function("document.querySelector('.mx-verdict').textContent.includes('8,053 is prime')")
    assert said.get_attribute("aria-live") == "polite" and "says prime" in said.inner_text()
    found.get_by_role("slider", name="digit x₀").press("ArrowRight")
    found.wait_for_function("explorer.state.n === 8054")
    found.get_by_role("button", name="Task 73:").press("Enter")
    assert found.evaluate("explorer.state.off") == ["73"]
    found.wait_for_function("location.hash === '#n=8054&q=83&off=73'")
    found.wait_for_function("document.querySelector('.mx-why').textContent.includes('Why 83?')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_axe_finds_nothing_serious(open_page, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    for name, until in (("index.html#off=73&neuron=61", READY), ("widget.html", "!!document.querySelector('[data-ready]')")):
        found = open_page(name, until, viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce")
        assert found.evaluate("document.documentElement.scrollWidth") <= width + 1
        serious = [v for v in Axe().run(found).response["violations"] if v["impact"] in ("serious", "critical")]
        assert not serious, [(v["id"], v["nodes"][0]["html"][:200]) for v in serious]


def test_it_runs_over_http_too(open_page, folder):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = open_page("index.html#n=8051&q=83", where=f"http://127.0.0.1:{server.server_port}", offline=False)
        assert "83 × 97" in found.locator(".mx-verdict").inner_text()
        server.shutdown()


def test_the_widget_finds_remainders(open_page):
    found = open_page("widget.html", "!!document.querySelector('[data-ready]')")
    for n in (0, 7919, 8051, 12768):
        found.get_by_label("n =", exact=True).fill(str(n))
        assert f"most to remainder {n % 13}." in found.locator(".mx-bars svg").get_attribute("aria-label")
