"""One command for all: `miiii train`, `miiii claims residues`, ... `python -m src.train` is the same function as `miiii train`."""

import sys
from importlib import import_module

import typer

from .network.session import run

COMMANDS = {
    "train": "train", "claims": "claims", "discover": "discover", "sweeps": "sweeps", "measure": "measure", "records": "records",
    "verify": "verify", "export": "export", "figures": "figures.__main__", "miu": "miu", "sequences": "sequences", "tables": "tables",
    "render": "render.__main__",
}  # fmt: skip


def build(names: list[str]) -> typer.Typer:
    """The application with some of the commands: importing them all takes seconds that one of them need not wait for."""
    app = typer.Typer(
        name="miiii", add_completion=False, no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False,
        help="MIIII: transformers that tell primes from composites, and the algorithm read back out of their weights.",
    )  # fmt: skip
    app.callback()(lambda: None)  # so that one command alone keeps its name
    for name in names:
        (command,) = import_module(f".{COMMANDS[name]}", __package__).app.registered_commands
        app.command(name, help=command.help)(command.callback)
    return app


def main() -> None:
    """The console command."""
    asked = [name for name in sys.argv[1:2] if name in COMMANDS]
    run(build(asked or list(COMMANDS)))


if __name__ == "__main__":
    main()
