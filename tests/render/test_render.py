"""The preview renderer: what it makes of each construct, and how it fails."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from src.network.paths import PACKAGE
from src.render.cells import Cell, RenderError, Text, parse
from src.render.policy import content_security_policy
from src.render.preview import render


def project(folder, body, front="", formats="html: {toc: true}"):
    (folder / "_quarto.yml").write_text(
        f"project: {{type: website, output-dir: _site, render: [index.qmd]}}\n"
        f"website: {{title: T, navbar: {{left: [{{href: index.qmd, text: Home}}]}}}}\nformat:\n  {formats}\n"
    )
    (folder / "index.qmd").write_text(f"---\ntitle: A page\n{front}---\n\n{body}\n")


def page(folder):
    render(folder, lambda line: None)
    return BeautifulSoup((folder / "_site" / "index.html").read_text(), "html.parser")


def test_parse_splits_cells_inline_and_text(tmp_path):
    path = tmp_path / "a.qmd"
    cell = '```{python}\n#| label: fig-a\n#| fig-alt: "b: c"\nx = 1\n```\n'
    path.write_text(f"---\ntitle: x\n---\nOne `{{python}} 1 + 1` two.\n\n{cell}\n```python\nnot run\n```\n")
    meta, pieces = parse(path)
    cells = [piece for piece in pieces if isinstance(piece, Cell)]
    assert meta == {"title": "x"} and [c.inline for c in cells] == [True, False]
    assert cells[0].line == 4 and cells[1].line == 9 and cells[1].options == {"label": "fig-a", "fig-alt": "b: c"}
    assert "not run" in "".join(piece.source for piece in pieces if isinstance(piece, Text))


@pytest.mark.parametrize(("text", "message"), [
    ("---\ntitle: x\n", "front matter is not closed"),
    ("a\n```{python}\n1\n", "a.qmd:2: this fence is not closed"),
    ("---\na: [\n---\n", "bad YAML"),
    ("```{python}\n#| just words\n1\n```\n", "a.qmd:1: cell options"),
])  # fmt: skip
def test_a_malformed_document_names_file_and_line(tmp_path, text, message):
    (tmp_path / "a.qmd").write_text(text)
    with pytest.raises(RenderError, match=message):
        parse(tmp_path / "a.qmd")


def test_a_page_with_everything(tmp_path):
    project(tmp_path, """
See @fig-a, @tbl-b, @eq-c and @sec-d. The answer is `{python} 6 * 7`.

## Section {#sec-d}

$$a = b$$ {#eq-c}

```{python}
#| label: fig-a
#| fig-cap: "A line."
#| fig-alt: "A line that rises."
import matplotlib.pyplot as plt
plt.plot([1, 2]);
```

```{python}
#| label: tbl-b
#| tbl-cap: "A table."
from IPython.display import Markdown

Markdown("| x | y |\\n|---|---|\\n| 1 | 2 |")
```

::: {.callout-warning}
## Mind
Care.
:::

::: {.panel-tabset}
### One
First.

### Two
Second.
:::

::: {.columns}
::: {.column width="40%"}
Left.
:::
::: {.column width="60%"}
Right.
:::
:::

::: {.column-margin}
Aside.
:::
""")  # fmt: skip
    soup = page(tmp_path)
    text = soup.get_text(" ", strip=True)
    assert "Figure\xa01" in text and "Table\xa01" in text and "Equation\xa01" in text and "The answer is 42" in text
    for anchor in ("fig-a", "tbl-b", "eq-c", "sec-d"):
        assert soup.find(id=anchor) is not None and soup.find("a", href=f"#{anchor}") is not None
    image = soup.find("img")
    assert image["alt"] == "A line that rises." and (tmp_path / "_site" / image["src"]).read_text().count("<path") > 1
    assert soup.find(class_="callout-warning").find(class_="callout-title").get_text(strip=True) == "Mind"
    assert len(soup.find(class_="tabset").find_all("input")) == 2 and len(soup.find_all(class_="tab")) == 2
    assert len(soup.find_all("div", style=lambda s: s and "flex" in s)) == 2
    assert soup.find("math") is not None and soup.find("td").get_text() == "1"


def test_wide_tables_know_their_headings_and_a_page_its_scripts(tmp_path):
    table = "| run | p | steps | status |\n|:--|--:|--:|:--|\n| `a` | 53 | 1 | pass |\n"
    project(tmp_path, f"{table}\n```{{=html}}\n<script>let here = 1;</script>\n```\n\n[Root](/index.qmd#x)\n")
    soup = page(tmp_path)
    assert [cell.get("data-label") for cell in soup.find(class_="cards").find_all("td")] == ["run", "p", "steps", "status"]
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert content_security_policy("<script>let here = 1;</script>").split("'")[3] in policy and "worker-src" not in policy
    assert "worker-src blob:" in content_security_policy("<script>new Worker(x)</script>")
    assert soup.find("a", string="Root")["href"] == "index.html#x"


def test_a_deck_has_slides_notes_and_fragments(tmp_path):
    first = "## One\n\n- a\n\n. . .\n\nThen.\n\n::: {.notes}\nSay it.\n:::\n"
    second = "## Two\n\n::: {.incremental}\n- x\n- y\n:::\n"
    project(tmp_path, f"# Part\n\n{first}\n{second}", formats="revealjs: {}")
    soup = page(tmp_path)
    assert len(soup.find_all("section", class_="slide")) == 4  # title, part, one, two
    assert len(soup.find_all(class_="fragment")) == 3
    assert soup.find("aside", class_="notes").get_text(strip=True) == "Say it."


def test_a_cell_that_raises_names_file_and_line_and_keeps_the_old_site(tmp_path):
    project(tmp_path, "fine")
    page(tmp_path)
    project(tmp_path, "text\n\n```{python}\nx = 1\n\nraise KeyError('seven')\n```")
    with pytest.raises(RenderError, match=r"index\.qmd:8: KeyError: .*seven"):
        page(tmp_path)
    assert "fine" in (tmp_path / "_site" / "index.html").read_text()


FIGURE = """```{python}
#| label: fig-a
#| fig-cap: "A line."
#| fig-alt: "A line that rises, and a patch that is cut off by a circle."
import matplotlib.pyplot as plt
figure, ax = plt.subplots()
ax.plot([1, 2], clip_path=plt.Circle((0, 0), 1, transform=ax.transData), clip_on=True);
```"""
SAYS = "`{python} __import__('sys').executable`, `{python} mine`"


def test_pages_are_of_this_interpreter_whatever_the_environment_says(tmp_path, monkeypatch):
    """Another kernel called python3, another backend, a user's startup file."""
    kernel, startup = tmp_path / "kernels" / "python3", tmp_path / "ipython" / "profile_default" / "startup"
    for folder in (kernel, startup):
        folder.mkdir(parents=True)
    (kernel / "kernel.json").write_text('{"argv": ["/bin/false"], "display_name": "other", "language": "python"}')
    (startup / "00.py").write_text("mine = 'somebody else'")
    for name, value in {"MPLBACKEND": "Agg", "JUPYTER_PATH": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython")}.items():
        monkeypatch.setenv(name, value)
    project(tmp_path, f"```{{python}}\n#| include: false\nmine = globals().get('mine', 'nobody')\n```\n\n{SAYS}\n\n{FIGURE}")
    soup = page(tmp_path)
    assert sys.executable in soup.get_text() and "nobody" in soup.get_text() and soup.find("img")["src"].endswith("fig-a.svg")


def test_a_second_render_is_the_same_to_the_byte(tmp_path):
    project(tmp_path, f"See @fig-a.\n\n{FIGURE}", formats="{html: {}, typst: {}}")
    found = []
    for _ in range(2):
        page(tmp_path)
        found.append({path.name: path.read_bytes() for path in (tmp_path / "_site").rglob("*") if path.is_file()})
    assert {"index.html", "index.pdf", "fig-a.svg"} <= set(found[0]) and b"<clipPath" in found[0]["fig-a.svg"] and found[0] == found[1]


def test_warnings_are_said_and_no_part_of_a_page(tmp_path):
    project(
        tmp_path,
        "```{python}\n#| echo: false\nimport sys, warnings\nwarnings.warn('careful')\nprint('a line', file=sys.stderr)\nprint('kept')\n```",
    )
    said = []
    render(tmp_path, said.append)
    text = (tmp_path / "_site" / "index.html").read_text()
    assert "careful" not in text and "a line" not in text and "kept" in text
    assert any("careful" in line for line in said) and any("a line" in line for line in said)


@pytest.mark.parametrize("value", ["<img src=x onerror=alert(1)>", "**bold** _it_ $x$ `y`", "[a](http://b)", "3 * 4 * 5", "a \\ b"])
def test_a_value_in_running_text_is_no_markup(tmp_path, value):
    project(tmp_path, f"```{{python}}\n#| include: false\nvalue = {value!r}\n```\n\nIt is `{{python}} value`.")
    soup = page(tmp_path)
    assert value in soup.get_text() and soup.find("img") is None and soup.find("main").find("em") is None


def test_a_figure_cell_makes_a_picture(tmp_path):
    project(tmp_path, '```{python}\n#| label: fig-a\n#| fig-alt: "nothing"\n"no picture"\n```')
    with pytest.raises(RenderError, match="the cell fig-a makes no picture"):
        page(tmp_path)


def test_one_render_at_a_time(tmp_path):
    project(tmp_path, "fine")
    with (tmp_path / "_quarto.yml").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(RenderError, match="another render"):
            page(tmp_path)
    page(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["_quarto.yml", "_site", "index.qmd"]


def test_one_page_alone(tmp_path):
    project(tmp_path, "fine")
    page(tmp_path)
    (tmp_path / "_site" / "other.html").write_text("kept")
    (tmp_path / "index.qmd").write_text("---\ntitle: A page\n---\n\nchanged\n")
    render(tmp_path, lambda line: None, only="index")
    assert "changed" in (tmp_path / "_site" / "index.html").read_text() and (tmp_path / "_site" / "other.html").exists()
    with pytest.raises(RenderError, match=r"no page 'nothing'; _quarto.yml lists index\.qmd"):
        render(tmp_path, only="nothing")


@pytest.mark.parametrize(("body", "message"), [
    ("See @fig-nowhere.", "fig-nowhere"),
    ("{{< video x.mp4 >}}", "video"),
    ("```{python}\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);\n```", "without fig-alt"),
    ("## A {#sec-a}\n\n## B {#sec-a}\n", "sec-a"),
])  # fmt: skip
def test_what_quarto_would_leave_unresolved_stops_the_render(tmp_path, body, message):
    project(tmp_path, body)
    with pytest.raises(RenderError, match=message):
        page(tmp_path)


def test_unknown_page_and_format(tmp_path):
    project(tmp_path, "x", formats="docx: {}")
    with pytest.raises(RenderError, match="docx"):
        page(tmp_path)
    (tmp_path / "index.qmd").unlink()
    with pytest.raises(RenderError, match=r"index\.qmd, which is not there"):
        page(tmp_path)


def test_the_command_exits_with_1_and_one_line(tmp_path):
    """Documents with a broken cell, rendered by the command as a user would."""
    project(tmp_path, "```{python}\n1 / 0\n```")
    command = [sys.executable, "-m", "src.render", "--preview"]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)}, capture_output=True, text=True)
    assert done.returncode == 1
    assert "index.qmd:6: ZeroDivisionError" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "_site").exists()


def test_quarto_is_used_where_it_is_there(tmp_path, monkeypatch):
    from src.render.site import find_quarto

    fake = tmp_path / "quarto"
    fake.write_text("#!/bin/sh\nexit 0\n")
    fake.chmod(0o755)
    monkeypatch.setenv("QUARTO", str(fake))
    assert find_quarto() == str(fake)
    fake.write_text("#!/bin/sh\nexit 3\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_quarto() is None or Path(find_quarto()) != fake


def test_an_output_of_type_html_is_refused(tmp_path):
    """Quarto would load libraries from another host beside it."""
    project(tmp_path, "```{python}\nfrom IPython.display import HTML\nHTML('<b>bold</b>')\n```")
    with pytest.raises(RenderError, match=r"index\.qmd:\d+: an output of type HTML"):
        page(tmp_path)
