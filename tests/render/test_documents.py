"""The documents as Quarto would read them: what it would refuse or leave unresolved fails here, on any machine."""

import ast
import builtins
import importlib
import re

import pytest
import yaml

from src.network.definitions import global_names
from src.network.paths import PACKAGE
from src.render.cells import Cell, Text, parse

ROOT = PACKAGE.parent

PROJECT = yaml.safe_load((ROOT / "_quarto.yml").read_text())
PAGES = PROJECT["project"]["render"]
OPTIONS = {
    "label", "fig-cap", "fig-alt", "tbl-cap", "include", "echo", "output", "eval", "warning", "classes", "code-fold", "code-summary",
}  # fmt: skip
DIVS = {
    "columns",
    "column",
    "panel-tabset",
    "notes",
    "aside",
    "incremental",
    "fragment",
    "column-margin",
    "content-visible",
    "content-hidden",
}


def prose(pieces):
    """The text without code blocks and math, where an @ or a # means something else."""
    text = "\n".join(piece.source for piece in pieces if isinstance(piece, Text))
    return re.sub(r"(?s)```.*?```|`[^`\n]*`", "", text)


def labels(pieces):
    text = prose(pieces)
    found = re.findall(r"\{[^}\n]*#((?:fig|tbl|eq|sec)-[\w-]+)", text)
    return found + [str(p.options["label"]) for p in pieces if isinstance(p, Cell) and "label" in p.options]


@pytest.fixture(params=PAGES)
def page(request):
    meta, pieces = parse(ROOT / request.param)
    return request.param, meta, pieces


def test_cross_references_resolve_and_labels_are_unique(page):
    name, _, pieces = page
    known = labels(pieces)
    assert len(known) == len(set(known)), f"{name}: a label is used twice"
    for reference in re.findall(r"@((?:fig|tbl|eq|sec)-[\w-]+)", prose(pieces)):
        assert reference in known, f"{name}: @{reference} has no label"


def test_citations_are_in_the_bibliography(page):
    name, meta, pieces = page
    bibliography = (ROOT / PROJECT["bibliography"]).read_text()
    keys = set(re.findall(r"@\w+\{([\w-]+),", bibliography))
    for key in re.findall(r"(?<![\w.])@([a-z][\w-]*)", prose(pieces) + str(meta.get("nocite", ""))):
        assert key in keys or re.match(r"(fig|tbl|eq|sec)-", key), f"{name}: @{key} is not in the bibliography"


def test_every_reference_can_be_found():
    entries = re.split(r"(?m)^@", (ROOT / PROJECT["bibliography"]).read_text())[1:]
    assert len(entries) >= 11
    for entry in entries:
        assert re.search(r"(?m)^\s*(doi|eprint|isbn|url)\s*=", entry), entry.split(",")[0]


def test_cells_are_quartos(page):
    name, _, pieces = page
    for cell in (piece for piece in pieces if isinstance(piece, Cell)):
        where = f"{name}:{cell.line}"
        assert set(cell.options) <= OPTIONS, f"{where}: {set(cell.options) - OPTIONS}"
        ast.parse(cell.source)
        label = str(cell.options.get("label", ""))
        if label.startswith("fig-"):
            assert "fig-cap" in cell.options and "fig-alt" in cell.options, where
        if label.startswith("tbl-"):
            assert "tbl-cap" in cell.options, where
        if re.search(r"(?m)^fig_\w+\(", cell.source):
            assert len(cell.options.get("fig-alt", "")) > 40, f"{where}: a figure needs fig-alt"


def test_only_documented_constructs(page):
    name, meta, pieces = page
    text = prose(pieces)
    assert "{{<" not in text, f"{name}: shortcodes are not used here"
    assert not re.search(r"<(script|iframe|link)\b", text), name
    for div in re.findall(r"(?m)^:::+\s*\{([^}]*)\}", text):
        for class_ in re.findall(r"\.([\w-]+)", div):
            assert class_ in DIVS or class_.startswith("callout-"), f"{name}: unknown div .{class_}"
    formats = meta.get("format", {})
    assert set([formats] if isinstance(formats, str) else formats) <= {"html", "typst", "revealjs"}
    opened = len(re.findall(r"(?m)^:::+\s*\{", text))
    assert opened == len(re.findall(r"(?m)^:::+\s*$", text)), f"{name}: a div is not closed"


def test_links_between_pages_exist(page):
    name, _, pieces = page
    for link in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", prose(pieces)):
        target = (ROOT / name).parent / link
        assert target.exists() or (target.suffix == ".pdf" and target.with_suffix(".qmd").exists()), f"{name}: {link}"


@pytest.mark.parametrize("name", ["paper/index.qmd", "slides/index.qmd", "index.qmd"])
def test_no_number_of_a_result_is_typed_by_hand(name):
    """Accuracies, counts and steps in prose come from cells: no percentage or long number outside them."""
    _, pieces = parse(ROOT / name)
    text = re.sub(r"\$[^$]*\$|\$\$.*?\$\$", "", prose(pieces), flags=re.S)
    assert not re.findall(r"\d+(?:\.\d+)?\s?%|\b\d{1,3}(?:,\d{3})+\b|\b0\.\d{2,}", re.sub(r"99%|width=\"\d+%\"", "", text))


def test_the_project_is_offline():
    text = (ROOT / "_quarto.yml").read_text()
    assert PROJECT["format"]["html"]["html-math-method"] == "mathml" and PROJECT["project"]["execute-dir"] == "project"
    assert "://" not in text


def test_cells_use_names_that_they_have(page):
    """Every name in a cell or in the text is a builtin, comes with an import of the document, or was made in a cell before."""
    name, _, pieces = page
    known = set(dir(builtins)) | {"__name__"}
    for cell in (piece for piece in pieces if isinstance(piece, Cell)):
        code = compile(cell.source, f"{name}:{cell.line}", "exec")
        known |= {n for node in ast.walk(ast.parse(cell.source)) for n in _bound(node)}
        missing = {n for n in global_names(code) if n not in known}
        assert not missing, f"{name}:{cell.line}: {', '.join(sorted(missing))}"


def _bound(node):
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        return [n for n in dir(importlib.import_module(node.module)) if not n.startswith("_")]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    return [node.name] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else []
