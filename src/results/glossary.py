"""The terms of `glossary.yml`: in running text with their definition at hand, and all of them as a page."""

import re
from functools import cache
from html import escape
from itertools import count
from typing import NotRequired, Required, TypedDict

import yaml

from ..network.paths import PACKAGE
from .doors import up

FILE = PACKAGE.parent / "glossary.yml"
_numbers = count(1)


# What is said of a term: `means` in plain text, `from` whom it comes (a key of the bibliography), `see` other terms.
Entry = TypedDict("Entry", {"means": Required[str], "from": NotRequired[str], "see": NotRequired[list[str]]})


@cache
def glossary() -> dict[str, dict[str, Entry]]:
    """Groups of terms, and in each the entry of every term, in the order of the file."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def anchor(name: str) -> str:
    """The id of a term on the glossary page."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())


class Term(str):
    """Words for a term of the glossary: in a web page a link to its entry that shows the definition on hover and focus, elsewhere just
    the words."""

    name: str

    def __new__(cls, words: str, name: str) -> "Term":
        self = super().__new__(cls, words)
        self.name = name
        return self

    def _repr_markdown_(self) -> str:
        identifier = f"term-{next(_numbers)}"
        start = f'<span class="term"><a href="{up()}glossary.html#{anchor(self.name)}" aria-describedby="{identifier}">'
        end = f'</a><span class="definition" role="tooltip" id="{identifier}">{_text(entry(self.name)["means"])}</span></span>'
        return f"`{start}`{{=html}}{self}`{end}`{{=html}}"


def term(name: str, words: str = "") -> Term:
    """`term("tiling")`, or with other words for it: `term("tiling", "tiles")`. Raises `KeyError` where the glossary has no such term."""
    entry(name)
    return Term(words or name, name)


def entry(name: str) -> Entry:
    """The entry of a term. Raises `KeyError` where there is none."""
    for terms in glossary().values():
        if name in terms:
            return terms[name]
    raise KeyError(f"{FILE.name} has no term {name!r}")


def glossary_markdown() -> str:
    """Every group with its terms as definition lists, each term with an id of its own."""
    out = []
    for group, terms in glossary().items():
        out.append(f"## {group}\n")
        for name in sorted(terms, key=str.lower):
            found = terms[name]
            source = f" [@{found['from']}]" if "from" in found else ""
            others = ", ".join(f"[{other}](#{anchor(other)})" for other in found.get("see", []))
            out.append(f"[{name}]{{#{anchor(name)}}}\n:   {found['means']}{source}{f' See {others}.' if others else ''}\n")
    return "\n".join(out)


def _text(text: str) -> str:
    """Plain text inside a raw HTML span of markdown, be it in the cell of a table."""
    return escape(text).replace("`", "&#96;").replace("|", "&#124;")
