"""Run by Quarto after it has rendered (`post-render` in `_quarto.yml`): a render of another format leaves the site where it is.

`quarto render --to typst` empties the output folder before it begins, the pages of the site with the rest. So each render that makes pages
leaves a copy of the folder, from which one that makes none takes back what is missing. This file needs nothing but Python.
"""

import os
import shutil
from pathlib import Path

KEPT = Path(".quarto") / "kept-site"


def keep(root: Path, made: list[str], site: Path) -> None:
    """Copy `site` if a page is among the files that were made, else take back from the last copy what `site` lacks."""
    kept = root / KEPT
    if any(name.endswith(".html") for name in made):
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(site, kept)
    elif kept.is_dir():
        for path in kept.rglob("*"):
            there = site / path.relative_to(kept)
            if path.is_file() and not there.exists():
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, there)


if __name__ == "__main__":
    keep(Path.cwd(), os.environ["QUARTO_PROJECT_OUTPUT_FILES"].splitlines(), Path(os.environ["QUARTO_PROJECT_OUTPUT_DIR"]))
