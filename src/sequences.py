"""The registry of integer sequences.

    python -m src.sequences                              # with first terms
    python -m src.sequences --oeis stripped.gz           # and whether your copy of the OEIS has the same terms

The file is the OEIS's own list of terms.
"""

from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from .numbers.oeis import read_oeis, same_terms
from .numbers.sequences import REGISTRY

app = typer.Typer(add_completion=False)


@app.command()
def main(
    oeis: Annotated[Path | None, typer.Option(help="Your copy of the OEIS's file of terms, stripped.gz or unpacked.")] = None,
    shown: Annotated[int, typer.Option("--terms", help="How many first terms to show.", min=1, max=400)] = 8,
) -> None:
    """List the registry: number, class, name and first terms; with --oeis, how many terms agree with that file."""
    found = None
    if oeis is not None:
        try:
            found = read_oeis(oeis)
        except ValueError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from None
    table = Table("number", "class", "name", "terms", *(["agree with the file"] if found else []), box=SIMPLE_HEAD)
    for one in REGISTRY:
        terms = ", ".join(str(term) if abs(term) < 10**12 else f"{Decimal(term):.1e}" for term in islice(one.generate(), shown))
        agree = []
        if found:
            theirs = found.terms.get(one.number)
            number = None if theirs is None else same_terms(one, theirs)
            agree = ["not in the file" if theirs is None else "differ" if number is None else f"all {number}"]
        table.add_row(one.number, one.kind, one.name, terms, *agree)
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table)
    if found:
        typer.echo(f"{len(found.terms):,} sequences read, {found.skipped:,} malformed lines skipped")


if __name__ == "__main__":
    app()
