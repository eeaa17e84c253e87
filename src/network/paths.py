"""Where committed runs and measurements are: in the checkout that this package stands in, or where MIIII_ROOT says."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
VARIABLE = "MIIII_ROOT"


def root() -> Path:
    """The folder that holds `checkpoints/` and `measurements/`: MIIII_ROOT if it is set, else the checkout, else the working folder."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser().resolve()
    return next((folder for folder in (PACKAGE.parent, Path.cwd()) if (folder / "checkpoints").is_dir()), Path.cwd())


def checkpoints() -> Path:
    """The folder of the committed runs."""
    return root() / "checkpoints"


def measurements() -> Path:
    """The folder of the committed measurements."""
    return root() / "measurements"


def where() -> str:
    """For a message: where runs were looked for, and how to name another folder."""
    looked = f"{VARIABLE}={os.environ[VARIABLE]}" if os.environ.get(VARIABLE) else str(checkpoints())
    return f"looked in {looked}; set {VARIABLE} to a folder that holds checkpoints/ to look elsewhere"


def command(text: str) -> str:
    """A command of this package as a user types it: `command("sweeps residues-p")`."""
    return f"python -m {__name__.partition('.')[0]}.{text}"
