"""The rendered site in a browser, from a folder and with the network off: Debian's chromium, driven by playwright."""

import re

import numpy as np
import pypdf
import pytest
import yaml
from bs4 import BeautifulSoup

from src.figures import GALLERY
from src.network.paths import PACKAGE
from src.network.runs import load_run

ROOT = PACKAGE.parent

PROJECT = yaml.safe_load((ROOT / "_quarto.yml").read_text())
PAGES = [name.removesuffix(".qmd") + ".html" for name in PROJECT["project"]["render"]]


@pytest.mark.parametrize("name", PAGES)
def test_pages_stand_alone(site, name):
    soup = BeautifulSoup((site / name).read_text(), "html.parser")
    assert not soup.find_all("script", src=True) and not soup.find_all("link", rel="stylesheet")
    for tag in soup.find_all("img", src=True):
        assert ((site / name).parent / tag["src"]).exists(), tag["src"]
    for image in soup.find_all("img"):
        assert len(image.get("alt", "")) > 40
    assert "?@" not in soup.get_text() and "{python}" not in soup.get_text()


def test_the_gallery_shows_every_figure(site):
    soup = BeautifulSoup((site / "figures" / "index.html").read_text(), "html.parser")
    assert [image["src"] for image in soup.find_all("img")] == [f"{name}.svg" for name in GALLERY]


def test_numbers_on_the_pages_are_the_manifests(site):
    run = load_run("paper")
    text = BeautifulSoup((site / "paper" / "index.html").read_text(), "html.parser").get_text(" ")
    assert f"{run.manifest['parameters']:,}" in text and f"{run.manifest['cells']:,}" in text


def test_the_pdf_has_the_papers_parts(site):
    pdf = pypdf.PdfReader(site / "paper" / "index.pdf")
    first_and_last = [*pdf.pages[:12], *pdf.pages[-4:]]  # to read all of them takes longer than to write them
    text = "\n".join(page.extract_text() for page in first_and_last).replace("\xa0", " ")
    for part in ("Abstract", "The question", "Figure 1", "References", "Nanda"):
        assert part in text, part
    assert "?@" not in text and len(pdf.pages) >= 5


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_open_without_the_network_and_fit_their_width(open_page, name, width):
    page = open_page(name, viewport={"width": width, "height": 800})
    images = page.eval_on_selector_all("img", "xs => xs.map(x => [x.complete, x.naturalWidth])")
    assert all(complete and natural > 0 for complete, natural in images)
    assert page.evaluate("document.documentElement.scrollWidth") <= width + 1


def test_the_deck_pages_with_the_keyboard(open_page):
    page = open_page("slides/index.html", viewport={"width": 1280, "height": 720})
    total = page.locator("section.slide").count()
    seen = [page.locator("section.now").inner_text()]
    for _ in range(300):
        page.keyboard.press("ArrowRight")
        now = page.locator("section.now").inner_text()
        if now != seen[-1]:
            seen.append(now)
        if page.locator("#count").inner_text().startswith(f"{total} /"):
            break
    assert page.locator("#count").inner_text() == f"{total} / {total}" and total > 20
    page.keyboard.press("ArrowLeft")
    assert page.locator("#count").inner_text().startswith(f"{total - 1} /")
    page.keyboard.press("Home")
    assert page.locator("#count").inner_text() == f"1 / {total}" and page.url.endswith("#0")
    page.keyboard.press("o")
    assert page.locator("section.slide").nth(2).is_visible()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert page.locator("section.slide:visible").count() == 1 and page.url.endswith("#2")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement")
    page.get_by_role("link", name="MIIII", exact=True).click()
    assert page.url.endswith("index.html") and "slides" not in page.url


def test_notes_show_on_their_slide(open_page):
    page = open_page("slides/index.html", viewport={"width": 1280, "height": 720})
    number = page.eval_on_selector_all("section.slide", "xs => xs.findIndex(x => x.querySelector('aside.notes'))")
    page.evaluate(f"location.hash = '#{number}'")
    page.wait_for_selector("section.now aside.notes", state="attached")
    assert not page.locator("section.now aside.notes").is_visible()
    page.keyboard.press("s")
    assert page.locator("section.now aside.notes").is_visible()


def test_a_citation_leads_to_its_reference_and_back(open_page):
    page = open_page("slides/index.html", viewport={"width": 1280, "height": 720})
    where = "xs => xs.findIndex(x => x.querySelector('a[role=doc-biblioref]'))"
    number = page.eval_on_selector_all("section.slide", where)
    page.evaluate(f"location.hash = '#{number}'")
    link = page.locator("section.now a[role=doc-biblioref]").first
    for _ in range(9):
        if not link.is_visible():
            page.keyboard.press("ArrowRight")
    reference = link.get_attribute("href").removeprefix("#")
    assert len(link.get_attribute("title")) > 20
    link.click()
    assert page.locator(f"section.now [id='{reference}']").is_visible()
    page.go_back()
    assert page.locator("#count").inner_text().startswith(f"{number + 1} /")


def test_swipes_turn_slides_both_ways(open_page):
    page = open_page("slides/index.html", viewport={"width": 390, "height": 844}, has_touch=True)
    touch = page.context.new_cdp_session(page)

    def swipe(start, end):
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": start, "y": 300}]})
        for k in range(1, 6):
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": start + (end - start) * k / 5, "y": 302}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    count = page.locator("#count")
    swipe(330, 60)
    assert count.inner_text().startswith("2 /")
    swipe(60, 330)
    assert count.inner_text().startswith("1 /")


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


def test_text_is_legible_in_light_and_dark(open_page):
    def luminance(colour):
        c = np.asarray([int(x) for x in re.findall(r"\d+", colour)[:3]]) / 255
        return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    for scheme in ("light", "dark"):
        page = open_page("paper/appendix-sweeps.html", color_scheme=scheme)
        style = "getComputedStyle(document.querySelector('{}')).{}"
        paper = luminance(page.evaluate(style.format("body", "backgroundColor")))
        for element in ("main p", "main h2", "main td", "figcaption"):
            ink = luminance(page.evaluate(style.format(element, "color")))
            assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) > 4.5, (scheme, element)


def test_tabs_show_one_panel_at_a_time(open_page):
    page = open_page("reproduce.html")
    tabs = page.locator(".tabset").first.locator("> .tab")
    assert [tabs.nth(k).is_visible() for k in range(tabs.count())] == [True] + [False] * (tabs.count() - 1)
    page.locator(".tabset").first.locator("label").nth(1).click()
    assert tabs.nth(1).is_visible() and not tabs.nth(0).is_visible()
