"""The rendered site in a browser, from a folder and with the network off: Debian's chromium, driven by playwright."""

import re
import shutil

import numpy as np
import pypdf
import pytest
from bs4 import BeautifulSoup

from src.figures import GALLERY
from src.network.paths import PACKAGE
from src.network.runs import load_run
from src.render.preview import render

ROOT = PACKAGE.parent

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGES = ("index.html", "paper/index.html", "figures/index.html", "reproduce.html", "slides/index.html")
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH: the pages were not opened in a browser")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "_site"
    render(ROOT, lambda line: None, folder)
    return folder


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, site):
    """Opens a page of the site; every request that is not for a file, and every error on a page, fails the test."""
    contexts, faults = [], []

    def open_(name, **options):
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda r: r.url.startswith(("file:", "data:")) or faults.append(f"asked the network for {r.url}"))
        page.on("requestfailed", lambda r: faults.append(f"could not load {r.url}"))
        page.on("pageerror", lambda e: faults.append(str(e)))
        page.on("console", lambda m: m.type == "error" and faults.append(m.text))
        page.goto(f"file://{site / name}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not faults


@pytest.mark.parametrize("name", PAGES)
def test_pages_stand_alone(site, name):
    soup = BeautifulSoup((site / name).read_text(), "html.parser")
    assert not soup.find_all("script", src=True) and not soup.find_all("link", rel="stylesheet")
    for tag in soup.find_all(["img", "a"]):
        target = tag.get("src") or tag.get("href")
        if target and "://" not in target:
            path, _, anchor = target.partition("#")
            assert not path or ((site / name).parent / path).exists(), target
            if anchor and not path:
                assert soup.find(id=anchor) is not None, target
    for image in soup.find_all("img"):
        assert len(image.get("alt", "")) > 40
    assert "?@" not in soup.get_text() and "{python}" not in soup.get_text()


def test_the_gallery_shows_every_figure(site):
    soup = BeautifulSoup((site / "figures" / "index.html").read_text(), "html.parser")
    assert [image["src"] for image in soup.find_all("img")] == [f"{name}.svg" for name in GALLERY]


def test_numbers_on_the_pages_are_the_manifests(site):
    run = load_run("paper")
    for name in ("index.html", "paper/index.html"):
        text = BeautifulSoup((site / name).read_text(), "html.parser").get_text(" ")
        assert f"{run.manifest['steps_to_generalise']:,}" in text and f"{run.manifest['cells']:,}" in text


def test_the_pdf_has_the_papers_parts(site):
    pdf = pypdf.PdfReader(site / "paper" / "index.pdf")
    first_and_last = [*pdf.pages[:12], *pdf.pages[-4:]]  # to read all of them takes longer than to write them
    text = "\n".join(page.extract_text() for page in first_and_last).replace("\xa0", " ")
    for part in ("Abstract", "The question", "Figure 1", "Table 1", "References", "Nanda"):
        assert part in text, part
    assert "?@" not in text and len(pdf.pages) >= 5


@in_browser
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_open_without_the_network_and_fit_their_width(open_page, name, width):
    page = open_page(name, viewport={"width": width, "height": 800})
    images = page.eval_on_selector_all("img", "xs => xs.map(x => [x.complete, x.naturalWidth])")
    assert all(complete and natural > 0 for complete, natural in images)
    assert page.evaluate("document.documentElement.scrollWidth") <= width + 1


@in_browser
def test_the_deck_pages_with_the_keyboard(open_page):
    page = open_page("slides/index.html", viewport={"width": 1280, "height": 720})
    total = page.locator("section.slide").count()
    seen = [page.locator("section.now").inner_text()]
    for _ in range(300):
        page.keyboard.press("ArrowRight")
        now = page.locator("section.now").inner_text()
        if now != seen[-1]:
            seen.append(now)
        if page.locator("#bar").inner_text().startswith(f"{total} /"):
            break
    assert page.locator("#bar").inner_text() == f"{total} / {total}" and total > 20
    page.keyboard.press("ArrowLeft")
    assert page.locator("#bar").inner_text().startswith(f"{total - 1} /")
    page.keyboard.press("Home")
    assert page.locator("#bar").inner_text() == f"1 / {total}" and page.url.endswith("#0")


@in_browser
def test_no_slide_overflows(open_page):
    page = open_page("slides/index.html", viewport={"width": 1280, "height": 720})
    total, over = page.locator("section.slide").count(), []
    for k in range(total):
        slide = page.locator("section.now")
        tall, high = slide.evaluate("s => [s.scrollHeight, s.clientHeight]")
        if tall > high + 2:
            over.append((k, slide.inner_text()[:40]))
        page.evaluate(f"location.hash = '#{k + 1}'")
        page.wait_for_timeout(20)
    assert not over


@in_browser
def test_text_is_legible_in_light_and_dark(open_page):
    def luminance(colour):
        c = np.asarray([int(x) for x in re.findall(r"\d+", colour)[:3]]) / 255
        return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    for scheme in ("light", "dark"):
        page = open_page("paper/index.html", color_scheme=scheme)
        style = "getComputedStyle(document.querySelector('{}')).{}"
        paper = luminance(page.evaluate(style.format("body", "backgroundColor")))
        for element in ("main p", "main h2", "main td", "figcaption"):
            ink = luminance(page.evaluate(style.format(element, "color")))
            assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) > 4.5, (scheme, element)


@in_browser
def test_tabs_show_one_panel_at_a_time(open_page):
    page = open_page("paper/index.html")
    tabs = page.locator(".tabset").first.locator("> .tab")
    assert [tabs.nth(k).is_visible() for k in range(tabs.count())] == [True] + [False] * (tabs.count() - 1)
    page.locator(".tabset").first.locator("label").nth(1).click()
    assert tabs.nth(1).is_visible() and not tabs.nth(0).is_visible()
