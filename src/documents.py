"""What the documents' cells need, in one import.

    from src.documents import *

Figures, results by name, tables, the constants of the text, and `cite`, which prints a claim by its slug.
"""

import inspect

from IPython.display import Markdown

from .figures import *
from .results.claims import row, rows
from .results.evidence import (
    NETWORKS,
)  # fmt: skip
from .results.tables import (
    claims_markdown,
)  # fmt: skip


def cite(slug: str, spec: str = "") -> str:
    """The median of a claim over seeds, in the claim's own form or in `spec`."""
    found = row(slug)
    return format(found.ours, spec) if spec else found.form(found.ours)


def span(slug: str) -> str:
    """The median of a claim with the range over seeds."""
    return row(slug).span


def extremes(*slugs: str) -> tuple[str, str]:
    """The smallest and the largest value of several claims over all their seeds, in the form of the first."""
    found = [row(slug) for slug in slugs]
    values = [value for one in found for value in one.values]
    return found[0].form(min(values)), found[0].form(max(values))


def of_networks(rest: str) -> tuple[str, ...]:
    """The claims about the circuits of each network that are called `rest`."""
    return tuple(f"circuits.{run}.{rest}" for run in NETWORKS)


def claims_table(group: str) -> Markdown:
    """Every row of a group of claims."""
    return Markdown(claims_markdown(rows(group)))


def source(*functions) -> str:
    """The code of some functions, as markdown."""
    return "```python\n" + "\n\n".join(inspect.getsource(one) for one in functions) + "```"
