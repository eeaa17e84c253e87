"""Numbers are doors to the claims page, and behind each is its row: with a script and without one, from a folder, the network off."""

import re

import pypandoc
import pytest
from bs4 import BeautifulSoup
from IPython.core.formatters import DisplayFormatter

from src.network.paths import PACKAGE
from src.render.cells import Cell, execute, parse, weave
from src.results.claims import row, rows, slugs
from src.results.claims_page import claims_html, datatables, terms
from src.results.doors import Door, cite, claims_link, extremes, reach, short, span, total, up, via

WRONG, LABELS = "residues.simplified.wrong-cells", "residues.simplified.labels"


def html(text, to="html"):
    return pypandoc.convert_text(text, to, format="markdown+smart", extra_args=["--wrap=none"]).strip()


def test_a_door_is_text_that_leads_to_its_row():
    one = cite(WRONG)
    assert one == str(int(row(WRONG).ours)) and f"{one} wrong" == f"{row(WRONG).ours:.0f} wrong" and int(one) == row(WRONG).ours
    assert cite(LABELS, ".0%") == f"{row(LABELS).ours:.0%}" and span(LABELS) == row(LABELS).span and total(WRONG).fragment == WRONG
    assert cite(LABELS, lambda value: f"{100 * value:.0f} in a hundred").endswith("in a hundred")
    link = BeautifulSoup(html(f"So {one._repr_markdown_()}, then."), "html.parser").a
    assert link["href"] == f"claims.html#{WRONG}" and link.text == one and row(WRONG).claim in link["title"]
    assert html(f"So {one._repr_markdown_()}, then.", "typst") == html(f"So {one}, then.", "typst")  # plain in a PDF


@pytest.mark.parametrize("text", ["1e-07 (≤ 2 to 3)", "a_b*c^2", "x < y & z", "5% | ~6", "[1]{.a}", "$2$"])
def test_no_text_of_a_door_is_markup(text):
    link = BeautifulSoup(html(Door(text, "x", 'say "a" & `b` <c>')._repr_markdown_()), "html.parser").a
    assert link.text == text and link["title"] == 'say "a" & `b` <c>' and not link.find_all()


def test_quarto_and_the_preview_show_the_link(tmp_path):
    """Both ask IPython for a value's markdown; the preview's page says where it is, and the link goes up from there."""
    assert "text/markdown" in DisplayFormatter().format(cite(WRONG))[0]
    page = tmp_path / "deep" / "in" / "page.qmd"
    page.parent.mkdir(parents=True)
    source = "from src.results.doors import Door, up"
    page.write_text(f"```{{python}}\n#| include: false\n{source}\n```\n\nSee `{{python}} Door('5', 'a.b')`; `{{python}} len(up())`.\n")
    _, pieces = parse(page)
    root = tmp_path
    (root / "src").symlink_to(PACKAGE)
    execute(page.relative_to(root), pieces, root)
    text = weave(page, pieces, {}, tmp_path, "files")
    assert '<a class="claim" href="../../claims.html#a.b">' in text and "; 6." in text
    assert all(isinstance(piece, Cell) or "class=" not in piece.source for piece in pieces) and up() == ""


def test_extremes_lead_to_the_rows_that_have_them():
    pair = ("residues.simplified.wrong-cells", "residues.standard.wrong-cells")
    least, most = extremes(*pair)
    assert int(least) == min(row(least.fragment).values) == min(min(row(one).values) for one in pair)
    assert int(most) == max(row(most.fragment).values) and max(extremes(pair[0])) in extremes(pair[0])
    assert reach(*pair).data.count("<a ") == 2 and reach("addition.wrong-cells").data.count("<a ") == 1


def test_short_is_said_only_of_what_is_short():
    assert short(LABELS) == "short" and row(LABELS).reason in short(LABELS).title and via(LABELS, "x").fragment == LABELS
    with pytest.raises(ValueError, match="no shortfall"):
        short("residues.simplified.primality.recall")


def test_links_to_filtered_rows():
    assert claims_link("residues") == f"{len(slugs('residues'))} rows" and claims_link("residues").fragment == "group=residues"
    assert claims_link("residues", status="short").fragment == "group=residues&status=short"
    assert claims_link("residues", "labels", search="labels own").fragment == "group=residues&text=labels+own"
    for wrong in ({"group": "subtraction"}, {"group": "residues", "status": "blocked"}, {"search": "labels"}):
        with pytest.raises(ValueError, match=r"no group|no row|of its own"):
            claims_link(**wrong)


@pytest.fixture(scope="module")
def found():
    return [*rows("addition"), *rows("residues")]


@pytest.fixture(scope="module")
def page(found, tmp_path_factory):
    path = tmp_path_factory.mktemp("claims") / "claims.html"
    text = f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>x</title><main>{claims_html(found)}</main></html>'
    path.write_text(text, encoding="utf-8")
    return path


def test_every_row_is_there_without_a_script(page, found):
    soup = BeautifulSoup(page.read_text(), "html.parser")
    assert not soup.find_all(src=True) and not soup.find_all("link")
    lines = soup.find(id="claims").tbody.find_all("tr", recursive=False)
    assert [line["id"] for line in lines] == [one.slug for one in found]
    for one, line in zip(found, lines, strict=True):
        said = line.get_text(" ")
        goal = one.goal_text if one.goal else ""
        assert all(part in said for part in (one.claim, one.span, str(len(one.values)), goal, one.status, one.kind, one.reason[1:]))
    identifiers = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(set(identifiers)) == len(identifiers) and {"group=addition", "group=residues"} <= set(identifiers)
    inside = [tag["href"][1:] for tag in soup.find_all("a", href=re.compile("^#"))]
    assert set(inside) <= set(identifiers)
    assert "def wrong_cells" in soup.find(id="code.residues.wrong_cells").text
    digests = soup.find(id="from.paper").find_all("code")
    assert len(digests) == 5 and all(re.fullmatch("[0-9a-f]{16}", one.text) for one in digests)


def test_the_page_stays_light(found):
    assert len(datatables()) < 640_000 and "<!--" not in datatables()
    rest = len(claims_html(found)) - len(datatables()) - len(terms())
    assert rest / len(found) < 900 and len(terms()) < 20_000  # bytes a row, sources and digests included


@pytest.fixture
def open_page(browser, page):
    contexts, faults = [], []

    def open_(fragment="", **options):
        contexts.append(browser.new_context(offline=True, **options))
        tab = contexts[-1].new_page()
        tab.on("request", lambda r: r.url.startswith(("file:", "data:")) or faults.append(f"asked for {r.url}"))
        tab.on("pageerror", lambda e: faults.append(str(e)))
        tab.on("console", lambda m: m.type in ("error", "warning") and faults.append(m.text))
        tab.goto(f"file://{page}{fragment}")
        return tab

    yield open_
    for context in contexts:
        context.close()
    assert not faults


def in_view(tab, slug):
    box = "(slug) => { const r = document.getElementById(slug).getBoundingClientRect(); return r.top >= 0 && r.top < innerHeight }"
    return tab.evaluate(box, slug)


def shown(tab):
    return tab.locator("#claims > tbody > tr").count()


@pytest.mark.parametrize("width", [390, 1280])
def test_an_anchor_opens_its_row(open_page, found, width):
    tab = open_page(f"#{LABELS}", viewport={"width": width, "height": 800})
    tab.wait_for_function("document.querySelector('tr.here')")
    assert tab.evaluate("document.activeElement.id") == LABELS == tab.locator("tr.here").get_attribute("id")
    assert in_view(tab, LABELS) and tab.evaluate("document.documentElement.scrollWidth") <= width
    beside = LABELS.rpartition(".")[0]
    assert 1 <= shown(tab) < 100 and all(
        one.startswith(f"{beside}.") for one in tab.locator("#claims > tbody > tr").evaluate_all("r => r.map(x => x.id)")
    )
    tab.get_by_role("button", name="show all rows").click()
    assert shown(tab) == len(found) and in_view(tab, LABELS)
    tab.select_option("select[name=status]", "pass")
    tab.wait_for_function("document.querySelector('output').value.includes(' of ')")
    assert tab.locator(f"[id='{LABELS}']").count() == 0
    tab.evaluate(f"location.hash = '{WRONG}'")  # a row that is filtered away comes back
    tab.wait_for_function("document.querySelector('tr.here')")
    assert in_view(tab, WRONG) and tab.locator("tr.here").get_attribute("id") == WRONG


def test_rows_are_found_by_group_status_and_text(open_page, found):
    wanted = [one for one in found if one.slug.startswith("residues.") and one.status == "short"]
    tab = open_page("#group=residues&status=short")
    tab.wait_for_function("document.querySelector('output').value.includes(' of ')")
    assert shown(tab) == len(wanted) and tab.input_value("select[name=group]") == "residues"
    tab.fill("input[name=text]", "stricter null")  # words of a reason
    tab.wait_for_url(re.compile("text=stricter"))
    assert 0 < shown(tab) < len(wanted) and tab.locator(f"[id='{LABELS}']").count() == 1
    tab.reload()
    tab.wait_for_function("document.querySelector('output').value.includes(' of ')")
    assert tab.input_value("input[name=text]") == "stricter null" and 0 < shown(tab) < len(wanted)
    tab.fill("input[name=text]", "no such words")
    tab.wait_for_function("document.querySelector('output').value.startsWith('0 of')")
    assert "No row" in tab.locator("#claims tbody").inner_text()


def test_terms_say_what_they_mean(open_page):
    tab = open_page(f"#{WRONG}")
    link = tab.locator(f"[id='{WRONG}'] a.word").first
    assert link.inner_text() == "cell" and len(link.get_attribute("title")) > 20
    assert link.get_attribute("href") == "glossary.html#cell"


def test_what_made_a_row_opens_below_it(open_page):
    tab = open_page(f"#{WRONG}")
    link = tab.locator(f"[id='{WRONG}'] a.code")
    link.click()
    made = tab.locator("tr:has(> td.made)").or_(tab.locator("td.made")).first
    text = made.inner_text()
    assert "def wrong_cells" in text and "paper-analysis" in text and "by seed 0:" in text
    link.click()
    assert tab.locator("td.made").count() == 0
    place = tab.locator("[id='code.addition.wrong_cells']")
    assert not place.is_visible()
    tab.evaluate("location.hash = 'code.addition.wrong_cells'")
    place.wait_for(state="visible")


def test_without_a_script_it_is_a_table(open_page, found):
    tab = open_page(f"#{LABELS}", java_script_enabled=False)
    assert shown(tab) == len(found) and not tab.locator("form").is_visible() and tab.locator(f"[id='{LABELS}']").is_visible()
