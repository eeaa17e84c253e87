"""The claims page: every row as a table that needs no script, the source of what computes it, and the digests of what it is made of.

DataTables, as the wheel of `itables` ships it, makes the table searchable; it stands in the page, so nothing is asked for.
"""

import inspect
import json
import re
from collections.abc import Sequence
from html import escape
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from ..network.paths import measurements
from ..network.runs import committed_seeds, find_run, list_runs
from . import store
from .claims.claim import STATUSES, Claim
from .glossary import anchor, glossary
from .measure import run_digest, status
from .registry import MEASUREMENTS, RECORDED

HEADER = ("Claim", "Median (range)", "Seeds", "Goal, anchor", "Status", "Made by, of")
SHOWN = 16  # digits of a digest


def text(value: str) -> str:
    """Text for the page. Nothing in it ends the raw block in which it stands."""
    return escape(value, quote=False).replace("`", "&#96;")


def claims_html(rows: Sequence[Claim]) -> str:
    """The filters, the table, the sources and the digests as HTML, with style and script."""
    style, script = (Path(__file__).with_suffix(f".{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return "\n".join((
        f"<style>\n{style}</style>", '<div class="claims">', _filters(rows), _table(rows),
        '<h2 id="code">What computes them</h2>', *_sources(rows),
        '<h2 id="from">What they are made of</h2>', _results(rows), _runs(), "</div>",
        f'<script type="application/json" id="terms">{terms()}</script>', f'<script type="module">\n{datatables()}\n{script}</script>',
    ))  # fmt: skip


def datatables() -> str:
    """DataTables with its jQuery, a module, and a line that names its constructor. Raises `ValueError` where the file has changed."""
    bundle = files("itables").joinpath("html/dt_bundle.js").read_text(encoding="utf-8")
    exported = re.search(r"export\s*\{[^}]*?([\w$]+) as jQuery[^}]*\}", bundle)
    if exported is None or "</script" in bundle:
        raise ValueError("the bundle of itables has changed: it exports no jQuery, or cannot stand in a page")
    bundle = bundle.replace("<!--", r"<\!--")  # the same in its strings and patterns, and no comment in a page
    return f"{bundle}\nconst DataTable = {exported[1]}.fn.dataTable;"


def terms() -> str:
    """Every term of the glossary with its anchor there and what it means, as JSON that can stand in a page."""
    found = {name: (anchor(name), entry["means"]) for terms in glossary().values() for name, entry in terms.items()}
    return json.dumps(found, ensure_ascii=False).replace("<", "\\u003c").replace("`", "\\u0060")


def _filters(rows: Sequence[Claim]) -> str:
    def choice(name: str, values: Sequence[str]) -> str:
        options = "".join(f'<option value="{one}">{one}</option>' for one in values)
        return f'<label>{name.title()} <select name="{name}"><option value="">all</option>{options}</select></label>'

    groups = list(dict.fromkeys(one.slug.partition(".")[0] for one in rows))
    found = [one for one in STATUSES if any(row.status == one for row in rows)]
    search = '<label>Text <input type="search" name="text" placeholder="words, in any order"></label>'
    count = f'<output aria-live="polite">{len(rows):,} rows</output>'
    every = '<button type="button" hidden>show all rows</button>'
    return f'<form class="claims-filters" hidden>{choice("group", groups)}{choice("status", found)}{search}{count}{every}</form>'


def _table(rows: Sequence[Claim]) -> str:
    head = "".join(f"<th>{one}</th>" for one in HEADER)
    firsts = {one.slug.partition(".")[0]: one.slug for one in reversed(rows)}
    lines = "\n".join(_row(one, first=one.slug in firsts.values()) for one in rows)
    return f'<table id="claims" data-quarto-disable-processing="true"><thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody></table>'


def _row(row: Claim, *, first: bool) -> str:
    """One row; the first of a group has a second anchor, where a link to the group leads without a script."""
    group = f'<span id="group={row.slug.partition(".")[0]}"></span>' if first else ""
    why = f'<p class="why">{text(row.reason[:1].upper() + row.reason[1:])}.</p>' if row.reason else ""
    anchor = f"<small>anchor: {text(row.anchor)}</small>" if row.anchor != "none" else ""
    goal = "" if row.goal is None else text(row.goal_text)
    name = row.function.removeprefix("results.claims.")
    made = " ".join(f'<a href="#from.{one}">{one}</a>' for one in row.made_of) or "numbers alone"
    cells = (
        f'{group}{text(row.claim)} <a class="slug" href="#{row.slug}">{row.slug}</a>{why}',
        text(row.span), str(len(row.values)), f"{goal}{anchor}", row.status,
        f'<a class="code" href="#code.{name}">{name.rpartition(".")[2]}</a> <small>{row.kind}, of {made}</small>',
    )  # fmt: skip
    return f'<tr id="{row.slug}" class="{row.status}">' + "".join(f"<td>{one}</td>" for one in cells) + "</tr>"


def _sources(rows: Sequence[Claim]) -> list[str]:
    out = []
    for full in dict.fromkeys(one.function for one in rows):
        module, _, name = full.rpartition(".")
        function = getattr(import_module(f"...{module}", __name__), name)
        source, line = inspect.getsourcelines(function)
        code = text("".join(source).rstrip())
        where = f"src/{module.replace('.', '/')}.py:{line}"
        identifier = full.removeprefix("results.claims.")
        summary = f"<summary><code>{name}</code> <small>{where}</small></summary>"
        out.append(f'<details>{summary}<pre id="code.{identifier}"><code>{code}</code></pre></details>')
    return out


def _results(rows: Sequence[Claim]) -> str:
    runs = {run for run, _ in list_runs()}
    lines = [_result(name) for name in sorted({name for one in rows for name in one.made_of} - runs)]
    return _digests(("Result", "Made by", "Of", "Digest of its arrays"), lines)


def _result(name: str) -> str:
    if name in MEASUREMENTS:
        found = status(name, MEASUREMENTS[name]).provenance
        made = found["function"].partition(".")[2]
    else:
        found, made = store.read(measurements() / f"{name}.npz")[1], RECORDED[name]
    runs = dict.fromkeys(one.partition("/")[0] for one in found.get("inputs", {}) if "/" in one)
    of = " ".join(f'<a href="#from.{run}">{run}</a>' for run in runs) or ("trainings of its own" if "command" in found else "no run")
    return _line(name, f"<code>{text(made)}</code>", of, f"<code>{found['digest'][:SHOWN]}</code>")


def _runs() -> str:
    lines = []
    for run in dict.fromkeys(name for name, _ in list_runs()):
        digests = ", ".join(f"{seed}: <code>{run_digest(find_run(run, seed))[:SHOWN]}</code>" for seed in committed_seeds(run))
        lines.append(_line(run, digests))
    return _digests(("Run", "Digests of weights and data, by seed"), lines)


def _line(name: str, *cells: str) -> str:
    return f'<tr id="from.{name}">' + "".join(f"<td>{one}</td>" for one in (name, *cells)) + "</tr>"


def _digests(header: Sequence[str], lines: Sequence[str]) -> str:
    head, body = "".join(f"<th>{one}</th>" for one in header), "\n".join(lines)
    return f'<table class="digests" data-quarto-disable-processing="true"><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>'
