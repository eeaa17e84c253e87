"""The site: with Quarto where it is there, else with the preview.

Quarto is looked for in $QUARTO, on the PATH, and in the environment's `quarto-cli` package, which is tried once: it downloads a release
from elsewhere while it installs.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .cells import RenderError
from .preview import listed, render

RELEASES = "https://github.com/quarto-dev/quarto-cli/releases"
PATIENCE = 10  # seconds


def find_quarto() -> str | None:
    """The path of a Quarto that runs, or None."""
    beside = Path(sys.executable).parent
    for candidate in (os.environ.get("QUARTO"), shutil.which("quarto"), str(beside / "quarto")):
        if candidate and shutil.which(candidate) and _runs([candidate, "--version"], 30):
            return candidate
    return None


def try_quarto_package(root: Path, say: Callable[[str], None]) -> None:
    """Try once per environment to install the `quarto-cli` package that `requirements-quarto.txt` pins; where its release cannot be
    downloaded, give up within `PATIENCE` seconds."""
    stamp, pinned = Path(sys.prefix) / ".quarto-cli-tried", root / "requirements-quarto.txt"
    if stamp.exists() or not pinned.is_file():
        return
    stamp.touch()
    if not _runs([sys.executable, "-c", f"import urllib.request as u; u.urlopen({RELEASES!r}, timeout={PATIENCE})"], PATIENCE):
        say("No Quarto here, and its release cannot be downloaded")
        return
    say(f"No Quarto here: downloading its release, once, as {pinned.name} pins it (make site PREVIEW=1 does without)")
    _runs([sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--no-deps", "--require-hashes", "-r", str(pinned)], 600)


def _runs(command: list[str], seconds: int) -> bool:
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=seconds).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def environment() -> dict[str, str]:
    """What Quarto's kernel needs to be this interpreter, with the backend of pages; `src.documents` checks the interpreter."""
    backend = "module://matplotlib_inline.backend_inline"
    return {"QUARTO_PYTHON": sys.executable, "MIIII_PYTHON": sys.prefix, "MPLBACKEND": backend, "PYTHONUTF8": "1"}


def find_documents() -> Path:
    """The folder of the documents: the working folder if it has a `_quarto.yml`, else the checkout. Raises `RenderError`."""
    for folder in (Path.cwd(), Path(__file__).resolve().parent.parent.parent):
        if (folder / "_quarto.yml").is_file():
            return folder
    raise RenderError(f"no documents here: {Path.cwd()} has no _quarto.yml; run this in a checkout of the project")


def render_site(root: Path, *, only: str | None = None, preview: bool = False, say: Callable[[str], None] = print) -> Path:
    """Render every page of `root`, or `only` one, into its `_site/`; returns the home page. `preview` passes over a Quarto that is there.

    Raises `RenderError` where a page cannot be rendered.
    """
    quarto = None if preview else find_quarto()
    if quarto is None and not preview:
        try_quarto_package(root, say)
        quarto = find_quarto()
    if quarto is None:
        say("Rendering with the preview (no Quarto here)" if not preview else "Rendering with the preview")
        render(root, say, only=only)
    else:
        say(f"Rendering with Quarto ({quarto})")
        what = root if only is None else listed(root, only)[0]
        code = subprocess.run([quarto, "render", str(what)], env={**os.environ, **environment()}).returncode
        if code:
            raise RenderError(f"quarto render ended with exit code {code}")
    return root / "_site" / "index.html"
