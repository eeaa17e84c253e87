"""The site for everybody: the rules of axe, valid HTML, links that lead somewhere, keyboard, phone, dark, terms with definitions."""

import re
import subprocess
import sys
from collections import Counter

import html5lib
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

from src.network.paths import PACKAGE
from src.render.preview import render
from src.results.glossary import Term, anchor, glossary, term

ROOT = PACKAGE.parent
PROJECT = yaml.safe_load((ROOT / "_quarto.yml").read_text())
SOURCES = PROJECT["project"]["render"]
PAGES = [name.removesuffix(".qmd") + ".html" for name in SOURCES]
AXE = {"resultTypes": ["violations"], "elementRef": False}
# The rows of a long table are alike, and axe looks at every node: it gets the first of them.
SHORTEN = "document.querySelectorAll('tbody').forEach(body => { while (body.rows.length > 12) body.rows[12].remove(); })"


def serious(page):
    """What axe finds that is serious or worse: rule and first element."""
    found = Axe().run(page, options=AXE).response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:120]) for one in found if one["impact"] in ("serious", "critical")]


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(open_page, name):
    page, faults = open_page(name, color_scheme="light", viewport={"width": 1280, "height": 800}), {}
    page.evaluate(SHORTEN)
    faults["wide, light"] = serious(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(50)
    faults["phone, dark"] = serious(page)
    assert not any(faults.values()), faults


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_valid_html(site, name):
    text = (site / name).read_text(encoding="utf-8")
    parser = html5lib.HTMLParser()
    parser.parse(text)
    lines = text.split("\n")
    found = [(line, column, code, lines[line - 1][:160]) for (line, column), code, _ in parser.errors]
    assert not [one for one in found if one[2] != "invalid-codepoint"]  # control characters in the strings of DataTables' script


def test_links_and_ids(site):
    """No id is used twice on a page, and every link inside the site leads to a page and a place that are there."""
    soups = {name: BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser") for name in PAGES}
    ids = {name: Counter(tag["id"] for tag in soup.find_all(id=True)) for name, soup in soups.items()}
    for name, found in ids.items():
        assert not [one for one, times in found.items() if times > 1], name
    lost = []
    for name, soup in soups.items():
        for link in soup.find_all("a", href=re.compile(r"^(?!\w+:)")):
            path, _, place = link["href"].partition("#")
            target = ((site / name).parent / path).resolve() if path else site.resolve() / name
            page = target.relative_to(site.resolve()).as_posix()
            named = page not in ids or not place or "=" in place or place in ids[page]  # n=8051&q=83 says a state of the page
            if not target.is_file() or not named:
                lost.append((name, link["href"]))
    assert not lost


def test_spelling():
    documents = [*SOURCES, "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "glossary.yml"]
    done = subprocess.run([sys.executable, "-m", "codespell_lib", "-L", "AKS", *documents], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", PAGES)
def test_a_page_may_load_nothing_from_a_host(site, name):
    text = (site / name).read_text(encoding="utf-8")
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'") and "unsafe-eval" not in policy and not re.search(r"https?:|\*", policy)
    scripts = re.search(r"script-src ([^;]*)", policy)[1].split()
    assert scripts and all(one.startswith("'sha256-") or one == "'self'" for one in scripts)
    assert text.index("Content-Security-Policy") < text.index("<script") and "@import" not in text


@pytest.mark.parametrize("storage", [True, False])
def test_the_choice_of_dark_lasts_from_page_to_page(open_page, storage):
    page = open_page("index.html", color_scheme="light")
    if not storage:
        page.context.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('none'); } })")
        page.reload()
    back = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(back)
    page.select_option("#theme", "dark")
    dark = page.evaluate(back)
    assert dark != light
    for text in ("Figures", "Glossary"):
        page.get_by_role("link", name=text, exact=True).first.click()
        assert page.evaluate(back) == dark and page.input_value("#theme") == "dark"
    page.select_option("#theme", "auto")
    assert page.evaluate(back) == light
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(back) == dark


def test_a_keyboard_skips_the_navigation(open_page):
    page = open_page("glossary.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_contents_are_open_beside_the_text_and_closed_above_it(open_page):
    page = open_page("glossary.html", viewport={"width": 1280, "height": 800})
    link = page.locator(".toc a").last
    assert link.is_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    assert not link.is_visible() and page.locator(".toc summary").is_visible()
    page.locator(".toc summary").click()
    assert link.is_visible()
    link.click()
    assert not link.is_visible()


def test_tables_are_cards_on_a_phone(open_page):
    """Nothing scrolls sideways at 390 px, and each value has the heading of its column."""
    page = open_page("reproduce.html", viewport={"width": 390, "height": 800})
    wide = page.eval_on_selector_all(
        "table", "xs => xs.filter(x => x.scrollWidth > x.clientWidth + 1).map(x => x.textContent.slice(0, 60))"
    )
    assert not wide and page.locator("table.cards").count() >= 2
    cell = page.locator("table.cards td[data-label]").nth(1)
    assert cell.get_attribute("data-label") in cell.evaluate("x => getComputedStyle(x, '::before').content")


# Terms.


def test_the_glossary_is_whole():
    keys = set(re.findall(r"@\w+\{([\w-]+),", (ROOT / PROJECT["bibliography"]).read_text()))
    names = [name for terms in glossary().values() for name in terms]
    assert len(names) >= 40 and len({anchor(name) for name in names}) == len(names)
    for terms in glossary().values():
        for name, entry in terms.items():
            assert set(entry) <= {"means", "from", "see"} and entry["means"].endswith("."), name
            assert set(entry.get("see", [])) < set(names) - {name} and entry.get("from", "nanda2023") in keys, name


def test_a_term_is_its_words_and_a_link_where_it_can_be_one(monkeypatch):
    monkeypatch.setenv("QUARTO_PROJECT_ROOT", "/site")
    monkeypatch.setenv("QUARTO_DOCUMENT_PATH", "/site/paper")
    tiles = term("tiling", "tiles")
    assert isinstance(tiles, Term) and f"{tiles}" == "tiles" and term("held-out") == "held-out"
    shown = tiles._repr_markdown_()
    assert 'href="../glossary.html#tiling"' in shown and "`{=html}tiles`" in shown
    with pytest.raises(KeyError, match="no term 'tilling'"):
        term("tilling")


@pytest.fixture
def page_with_terms(tmp_path, browser):
    (tmp_path / "_quarto.yml").write_text(
        "project: {type: website, output-dir: _site, render: [index.qmd]}\n"
        "website: {title: T, navbar: {left: [{href: index.qmd, text: Home}]}}\nformat:\n  html: {}\n  typst: {}\n"
    )
    body = f"The phases {term('tiling', 'tile')._repr_markdown_()} a {term('torus')._repr_markdown_()}."
    (tmp_path / "index.qmd").write_text(f"---\ntitle: Terms\n---\n\n{body}\n\n[On](index.qmd)\n")
    render(tmp_path, lambda line: None)
    contexts = []

    def open_(**options):
        contexts.append(browser.new_context(offline=True, **options))
        page = contexts[-1].new_page()
        page.goto(f"file://{tmp_path / '_site' / 'index.html'}")
        return page

    yield open_
    for context in contexts:
        context.close()


def test_a_definition_shows_on_hover_and_focus_and_goes_on_escape(page_with_terms):
    page = page_with_terms()
    link, definition = page.get_by_role("link", name="tile"), page.locator(".definition").first
    assert not definition.is_visible()
    assert link.get_attribute("aria-describedby") == definition.get_attribute("id")
    link.hover()
    assert definition.is_visible() and "torus" in definition.inner_text()
    definition.hover()  # it stays while it is read
    assert definition.is_visible()
    page.keyboard.press("Escape")
    assert not definition.is_visible()
    page.mouse.move(0, 0)
    link.focus()
    assert definition.is_visible()
    page.keyboard.press("Escape")
    assert not definition.is_visible() and not serious(page)


def test_a_first_touch_shows_a_definition(page_with_terms):
    page = page_with_terms(viewport={"width": 390, "height": 800}, has_touch=True)
    page.get_by_role("link", name="torus").tap()
    definition = page.locator(".definition").nth(1)
    assert definition.is_visible() and page.url.endswith("index.html")
    box = definition.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.get_by_role("heading", name="Terms").tap()
    assert not definition.is_visible()


# What Quarto reads.


def test_quartos_theme_and_files():
    html = PROJECT["format"]["html"]
    theme = html["theme"]
    listed = [theme["light"], *theme["dark"], html["css"], html["include-in-header"], *html["include-after-body"], *PROJECT["filters"]]
    for name in listed:  # files of ours: no theme that asks a host for fonts
        text = (ROOT / name).read_text()
        assert not re.search(r"https?://|@import|web-font", text), name
    assert PROJECT["website"]["search"] is False


def test_the_footer_has_the_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert f" {citation['version']}." in PROJECT["website"]["page-footer"]
