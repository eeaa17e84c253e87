"""The gallery: every figure of `entries` drawn, with the call that makes it and the places in the documents that show it."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from ..network.paths import root
from .entries import GALLERY, Entry

ENTRIES = Path(__file__).with_name("entries.py")
DOCUMENTS = {"index.qmd": "Home", "paper/index.qmd": "Paper", "slides/index.qmd": "Talk"}  # names; others go by their titles


@cache
def calls() -> dict[str, str]:
    """For each figure the call that makes it, for a reader to run: read off the entries, without the target."""
    found = {}
    for node in ast.walk(ast.parse(ENTRIES.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(value, ast.Call) and ast.unparse(value.func) == "Entry":
                    call = value.args[0].body  # pyright: ignore[reportAttributeAccessIssue]
                    call.keywords = [keyword for keyword in call.keywords if keyword.arg != "target"]
                    found[ast.literal_eval(key)] = ast.unparse(call)  # pyright: ignore[reportArgumentType]
    return found


class Place(NamedTuple):
    """Where a document shows a figure."""

    text: str
    href: str  # from the root of the site, to the document's source


def _slug(heading: str) -> str:
    """Pandoc's identifier of a heading."""
    explicit = re.search(r"\{[^}]*#([\w-]+)", heading)
    if explicit:
        return explicit[1]
    plain = re.sub(r"[^\w\s.-]", "", re.sub(r"\{[^}]*\}|\^\[[^\]]*\]", "", heading)).strip().lower()
    return re.sub(r"^[^a-z]+", "", re.sub(r"\s+", "-", plain))


def _cells(source: str) -> list[tuple[str, str, str]]:
    """The heading above each Python cell, the cell's label and its code."""
    out, above = [], ""
    for heading, cell in re.findall(r"^#{1,4} ([^\n]+)$|^```\{python\}\n(.*?)^```", source, flags=re.MULTILINE | re.DOTALL):
        if cell:
            label = re.search(r"^#\| label: (\S+)", cell, flags=re.MULTILINE)
            out.append((above, label[1] if label else "", cell))
        else:
            above = heading
    return out


def _entry_of(cell: str) -> list[str]:
    """The entries whose figures a cell draws."""
    drawn = set(re.findall(r"\bfig_\w+(?=\()", cell))
    by_function: dict[str, list[str]] = {}
    for name, call in calls().items():
        by_function.setdefault(call.partition("(")[0], []).append(name)
    found = []
    for function in drawn & set(by_function):
        names = by_function[function]
        found.append(next((n for n in names if GALLERY[n].told_by and GALLERY[n].told_by in cell), names[0]))
    return found


def places(folder: Path | None = None) -> dict[str, list[Place]]:
    """For each figure the places in the documents of `folder`, by default of the checkout, that show it."""
    folder = folder or root()
    sources = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in sorted(folder.glob("**/*.qmd"))}
    sources = {name: text for name, text in sources.items() if not re.match(r"[._]|figures/", name)}
    within = {  # a file that another one includes is read there
        (Path(name).parent / part).as_posix(): name
        for name, text in sources.items()
        for part in re.findall(r"\{\{< include (\S+) >\}\}", text)
    }
    out: dict[str, list[Place]] = {name: [] for name in GALLERY}
    for name, text in sources.items():
        page = within.get(name, name)
        title = re.search(r'^title: "?(.+?)"?$', sources[page], flags=re.MULTILINE)
        document = DOCUMENTS.get(page, title[1] if title else page)
        for heading, label, cell in _cells(text):
            plain = re.sub(r"\s*\{[^}]*\}", "", heading)
            for entry in _entry_of(cell):
                anchor = label if label.startswith("fig-") and not page.startswith("slides/") else _slug(heading)
                out[entry].append(Place(f"{document}: {plain}" if plain else document, f"{page}#{anchor}"))
    return out


def write(name: str, entry: Entry, folder: Path) -> Figure:
    """Draw a figure and write <name>.svg and <name>.pdf, byte for byte the same each time."""
    with plt.rc_context({"svg.hashsalt": "miiii", "svg.fonttype": "path"}):
        figure = entry.make("paper")
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None, "ModDate": None})
    return figure


def save_gallery(folder: Path | None = None) -> list[str]:
    """Write every figure of the gallery to `folder`, by default `figures/` of the checkout; returns their names."""
    for name, entry in GALLERY.items():
        write(name, entry, folder or root() / "figures")
    return list(GALLERY)
