"""The documents as Quarto would read them: what it would refuse or leave unresolved fails here, on any machine."""

import ast
import builtins
import importlib
import re
from itertools import pairwise

import pytest
import yaml

from src import documents
from src.network.definitions import global_names
from src.network.paths import PACKAGE
from src.render.cells import Cell, Text, parse
from src.results.claims import GROUPS, slugs

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


TOLD = [name for name in PAGES if name.startswith(("paper/", "slides/")) or name == "index.qmd"]  # pages that tell of results


@pytest.mark.parametrize("name", TOLD)
def test_no_number_of_a_result_is_typed_by_hand(name):
    """Accuracies, counts and steps in prose come from cells: no percentage or long number outside them."""
    _, pieces = parse(ROOT / name)
    text = re.sub(r"\$[^$]*\$|\$\$.*?\$\$", "", prose(pieces), flags=re.S)
    assert not re.findall(r"\d+(?:\.\d+)?\s?%|\b\d{1,3}(?:,\d{3})+\b|\b0\.\d{2,}", re.sub(r"99%|width=\"\d+%\"", "", text))


DOORS = {"cite", "span", "extremes", "reach", "short", "total", "via", "claims_link"}
MODULES = {n: getattr(getattr(documents, n), "__module__", "") for n in dir(documents)}
READERS = {n for n, module in MODULES.items() if module.endswith((".evidence", ".registry"))} | {"row", "rows"}
COUNTS = {"parameters", "cells", "step"}  # what of a manifest is no result


def reads_results(node, known):
    """Whether an expression's value comes from a result: from a function that reads them, from a name in `known` that was made so, or from
    a run's manifest or metrics. How many seeds or tasks there are is no result, and a door's number is one already."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in DOORS | {"len"}:
        return False
    if isinstance(node, ast.Attribute) and node.attr in ("size", "shape", "config", "dataset", "digest"):
        return False
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value in COUNTS:
        return False
    if isinstance(node, ast.Attribute) and node.attr in ("manifest", "metrics"):
        return True
    if isinstance(node, ast.Name):
        return node.id in known or node.id in READERS
    return any(reads_results(child, known) for child in ast.iter_child_nodes(node))


def made_of_results(source, known):
    """The names that a cell binds to values of results."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                paired = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                for name, value in zip(target.elts, node.value.elts, strict=True) if paired else [(target, node.value)]:
                    if reads_results(value, known | found):
                        found |= {one.id for one in ast.walk(name) if isinstance(one, ast.Name)}
    return found


def is_door(node):
    """Whether an inline expression is a door itself: formatted or joined, it is text that leads nowhere."""
    if isinstance(node, ast.Subscript):
        return is_door(node.value)
    if isinstance(node, ast.IfExp):
        return is_door(node.body) and is_door(node.orelse)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        return all(is_door(one) for one in node.args)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in DOORS


def not_doors(pieces):
    """Lines and expressions of running text whose number is a result and leads to no row."""
    known, found = set(), []
    for cell in (piece for piece in pieces if isinstance(piece, Cell)):
        if not cell.inline:
            known |= made_of_results(cell.source, known)
            continue
        node = ast.parse(cell.source, mode="eval").body
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        if not is_door(node) and (names & DOORS or reads_results(node, known)):
            found.append((cell.line, cell.source))
    return found


@pytest.mark.parametrize("name", TOLD)
def test_numbers_that_are_results_lead_to_their_rows(name):
    """`cite` and the like make a number of a result and link it: an expression over results in running text does not."""
    found = not_doors(parse(ROOT / name)[1])
    listed = "".join(f"\n{name}:{line}: {source}" for line, source in found)
    assert not found, f"numbers that are not made by {', '.join(sorted(DOORS))}:{listed}"


@pytest.mark.parametrize(("source", "leads"), [
    ('cite("residues.simplified.wrong-cells")', True), ('cite("residues.simplified.wrong-cells", ".0%")', True),
    ('extremes("a", "b")[0]', True), ('max(extremes("a", "b"))', True), ('len(a["loss"])', True), ("run.config.p", True),
    ('f"{run.manifest[\'cells\']:,}"', True), ('run.dataset.task_names', True),
    ('f"{cite(\'a\')} wrong"', False), ('" to ".join(extremes("a", "b"))', False), ("a['loss'].mean()", False), ("b", False),
    ('f"{run.manifest[\'wrong_cells\']:,}"', False), ('row("a").ours', False), ('circuits_of("paper")[0]["scores"].max()', False),
])  # fmt: skip
def test_what_counts_as_a_number_of_a_result(source, leads):
    cells = 'run, p = load_run("paper"), 113\na = arrays("addition-analysis")\nb = [x * 2 for x in a["loss"]]'
    assert bool(not_doors([Cell(cells, 1), Cell(source, 5, inline=True)])) is not leads


@pytest.mark.parametrize("name", [name for name in TOLD if not name.startswith("slides/")])
def test_no_heading_has_a_door(name):
    """A heading is a link in the contents, and a link has no link in it."""
    pieces = parse(ROOT / name)[1]
    for before, cell in pairwise(pieces):
        if isinstance(before, Text) and isinstance(cell, Cell) and cell.inline:
            assert not before.source.rpartition("\n")[2].startswith("#"), f"{name}:{cell.line}: {cell.source}"


@pytest.mark.parametrize("name", TOLD)
def test_tables_of_claims_are_short(name):
    """Ten rows at most: `claims_link` leads to the others."""
    calls = [
        node
        for cell in parse(ROOT / name)[1]
        if isinstance(cell, Cell) and "claims_table" in cell.source
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "claims_table"
    ]
    named = [[one.value for one in call.args if isinstance(one, ast.Constant)] for call in calls]
    rows = [sum(len(slugs(one)) if one in GROUPS else 1 for one in names) for names in named]
    assert max(rows, default=0) <= 10, f"{name}: tables of {rows} rows"


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
