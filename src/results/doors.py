"""Numbers that are doors: text that stands for a row of the claims page, and is a link to it where it is shown in a web page.

In f-strings, in a PDF and in a terminal a `Door` is its text and nothing else.
"""

import os
import re
from collections.abc import Callable
from html import escape
from urllib.parse import urlencode

from IPython.display import Markdown

from .claims import GROUPS, row, rows, slugs
from .claims.claim import Claim

PAGE = "claims.html"


def up() -> str:
    """The way from the page that is rendered now to the root of the site: "../" in paper/. Quarto and the preview say where the page is."""
    folder, root = (os.environ.get(f"QUARTO_{name}") for name in ("DOCUMENT_PATH", "PROJECT_ROOT"))
    below = os.path.relpath(folder, root) if folder and root else "."
    return "" if below == "." else "../" * len(below.split(os.sep))


def plain(text: str) -> str:
    """Text from a file or a row, in which nothing is markup."""
    return re.sub(r"([\\`*_{}\[\]<>$~^&#])", r"\\\1", text)


class Door(str):
    """Text that leads to a place on the claims page: `fragment` is a row's slug, or filters as `group=residues&status=short`. `title` is
    shown on hover."""

    fragment: str
    title: str

    def __new__(cls, text: str, fragment: str, title: str = "") -> "Door":
        self = super().__new__(cls, text)
        self.fragment, self.title = fragment, title
        return self

    def _repr_markdown_(self) -> str:
        """What Quarto and the preview put in running text: the tags are HTML and left out of a PDF, the text is both."""
        where = f"{up()}{PAGE}#{self.fragment}"
        hint = f' title="{escape(self.title)}"' if self.title else ""
        start = f'<a class="claim" href="{escape(where)}"{hint}>'.replace("`", "&#96;")
        return f"`{start}`{{=html}}{plain(self)}`</a>`{{=html}}"


def hint(found: Claim) -> str:
    """What a row says, in a line."""
    goal = f"; goal {found.goal_text}: {found.status}" if found.goal else ""
    return f"{found.claim}{goal}"


def door(found: Claim, text: str) -> Door:
    """Text that leads to a row."""
    return Door(text, found.slug, hint(found))


def cite(slug: str, spec: str | Callable[[float], str] = "") -> Door:
    """The median of a claim over seeds, in the claim's own form, in `spec` as for format(), or as a function writes it."""
    found = row(slug)
    write = spec if callable(spec) else (lambda value: format(value, spec)) if spec else found.form
    return door(found, write(found.ours))


def span(slug: str) -> Door:
    """The median of a claim with the range over seeds."""
    found = row(slug)
    return door(found, found.span)


def extremes(*slugs: str) -> tuple[Door, Door]:
    """The smallest and the largest value of several claims over all their seeds, in the form of the first; each leads to its own row."""
    found = [row(slug) for slug in slugs]
    least, most = min(found, key=lambda one: min(one.values)), max(found, key=lambda one: max(one.values))
    return door(least, found[0].form(min(least.values))), door(most, found[0].form(max(most.values)))


def reach(*slugs: str, between: str = " to ") -> Markdown:
    """`extremes` as running text, both of them doors; one where they are the same."""
    least, most = extremes(*slugs)
    shown = (least,) if least == most else (least, most)
    return Markdown(between.join(one._repr_markdown_() for one in shown))


def total(slug: str) -> Door:
    """The sum of a claim's values over seeds."""
    found = row(slug)
    return door(found, found.form(sum(found.values)))


def via(slug: str, text: str) -> Door:
    """Text that was computed from a row, as a ratio or a count over its seeds, and leads to it."""
    return door(row(slug), text)


def short(slug: str, text: str = "short") -> Door:
    """A word for a row that falls short, which leads to why. Raises `ValueError` where the row does not fall short."""
    found = row(slug)
    if not found.reason:
        raise ValueError(f"{slug} is no shortfall: its status is {found.status}")
    return Door(text, slug, f"{hint(found)}: {found.reason}")


def claims_link(group: str = "", text: str = "", *, status: str = "", search: str = "") -> Door:
    """A link to the claims page with these filters set, by default called by the number of rows: "118 rows". `search` finds words in any
    order. Raises `ValueError` for a group or a status that is not there."""
    if group and group not in GROUPS:
        raise ValueError(f"no group {group!r}; there are {', '.join(GROUPS)}")
    groups = [group] if group else list(GROUPS)
    if status and not any(one.status == status for name in groups for one in rows(name)):
        raise ValueError(f"no row of {group or 'any group'} has the status {status!r}")
    if not text:
        if search:
            raise ValueError("what is searched for needs a text of its own")
        count = sum(one.status == status for name in groups for one in rows(name)) if status else sum(len(slugs(name)) for name in groups)
        text = f"{count:,} row{'s' * (count != 1)}"
    given = {"group": group, "status": status, "text": search}
    return Door(text, urlencode({name: value for name, value in given.items() if value}) or "claims")
