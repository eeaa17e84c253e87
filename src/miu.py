"""Hofstadter's MU puzzle.

    python -m src.miu MIIII       # a shortest derivation
    python -m src.miu MU          # why there is none

A word is M followed by I and U alone.
"""

from typing import Annotated

import typer

from .numbers.miu import RULES, VISITS, construction, derivation, is_theorem, why_not

app = typer.Typer(add_completion=False)


@app.command()
def main(
    word: Annotated[str, typer.Argument(help="M followed by I and U alone, as MIIII or MU.")],
    visits: Annotated[int, typer.Option(help="How many words the search for a shortest derivation may see.", min=1)] = VISITS,
) -> None:
    """Derive a word of the MIU system from MI, or say why that cannot be done."""
    try:
        if not is_theorem(word):
            typer.echo(why_not(word))
            return
        try:
            steps, note = derivation(word, visits), "a shortest derivation"
        except RuntimeError:
            steps, note = construction(word), f"a derivation, not the shortest: {visits:,} words were not enough to find that"
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    for step in steps:
        typer.echo(f"{step.word}    " + (f"rule {step.rule}: {RULES[step.rule]}" if step.rule else "axiom"))
    typer.echo(f"{len(steps) - 1} steps, {note}")


if __name__ == "__main__":
    app()
