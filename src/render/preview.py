"""The preview renderer: the same .qmd files, the same paths under _site/.

Parts: `cells` executes the code, pandoc converts the text (with `quarto.lua` for Quarto's own constructs, `cards.lua` for tables and its
citeproc for the references), `policy` says what a page may load, the `typst` package makes the PDF. It understands what this project's
documents use, and raises `RenderError` where a document uses something else that would come out wrong.
"""

import fcntl
import html as markup
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pypandoc
import typst
import yaml

from .cells import RenderError, execute, parse, weave
from .policy import PLACE, content_security_policy

HERE = Path(__file__).resolve().parent
# A circle cut by the chord of an angle, in the colour of the links.
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='-9 -9 18 18' fill='none' stroke='%230072b2' stroke-width='2'%3E"
    "%3Ccircle r='7'/%3E%3Cpath d='M0 0V-7M0 0 5 5'/%3E%3C/svg%3E"
)
_EXTENSIONS = "markdown+fenced_divs+bracketed_spans+implicit_figures+pipe_tables+tex_math_dollars-smart+smart"


def render(root: Path, say: Callable[[str], None] = print, folder: Path | None = None, only: str | None = None) -> list[Path]:
    """Render every page that `root/_quarto.yml` lists, or `only` the one of that name; returns the files written. Raises `RenderError`.

    The pages go to `folder`, by default the project's output-dir. It is replaced when every page is done: a render that
    fails leaves the old one.
    """
    project = yaml.safe_load((root / "_quarto.yml").read_text(encoding="utf-8"))
    site = folder or root / project["project"]["output-dir"]
    pages = listed(root, only)
    with _alone(root), tempfile.TemporaryDirectory(dir=site.parent, prefix="_preview-") as place:
        working, written = Path(place) / "site", []
        if only is not None and site.exists():
            shutil.copytree(site, working)
        with ThreadPoolExecutor(max_workers=2) as pool:  # each page waits for a kernel of its own
            for page, (files, seconds) in zip(pages, pool.map(lambda page: _page(root, working, page, project, say), pages), strict=True):
                say(f"  {page.relative_to(root)}, {seconds:.0f} s")
                written += files
        for resource in project["project"].get("resources", []):
            for path in root.glob(resource):
                target = working / path.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target)
        if site.exists():
            site.rename(Path(place) / "old")
        working.rename(site)
    return [site / path.relative_to(working) for path in written]


def listed(root: Path, only: str | None = None) -> list[Path]:
    """The pages that `root/_quarto.yml` lists, or the one called `only`: paper, paper/index.qmd, reproduce. Raises `RenderError`."""
    names = yaml.safe_load((root / "_quarto.yml").read_text(encoding="utf-8"))["project"]["render"]
    for name in names:
        if not (root / name).exists():
            raise RenderError(f"_quarto.yml lists {name}, which is not there")
    chosen = [name for name in names if only in (None, name, name.removesuffix(".qmd"), name.removesuffix("/index.qmd"))]
    if not chosen:
        raise RenderError(f"no page {only!r}; _quarto.yml lists {', '.join(names)}")
    return [root / name for name in chosen]


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Only one render of a project at a time: two would exchange each other's pages."""
    with (root / "_quarto.yml").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RenderError(f"another render of {root} is at work; wait for it") from None
        yield


def _page(root: Path, site: Path, page: Path, project: dict[str, Any], say: Callable[[str], None]) -> tuple[list[Path], float]:
    """The files of a page, and the seconds that it took."""
    started = time.perf_counter()
    relative = page.relative_to(root)
    meta, pieces = parse(page)
    execute(relative, pieces, root, say)
    folder = site / relative.parent
    assets = folder / f"{page.stem}_files"
    folder.mkdir(parents=True, exist_ok=True)
    defaults = {**project.get("execute", {}), **(meta.get("execute") or {})}
    text = weave(relative, pieces, defaults, assets, assets.name)
    shortcode = re.search(r"\{\{<\s*(\w+)", text)
    if shortcode:
        raise RenderError(f"{relative}: the shortcode {shortcode[1]!r} is not one the preview knows")
    _copy_linked_files(text, page.parent, folder)

    formats = meta.get("format") or project.get("format") or {}
    formats = {formats: {}} if isinstance(formats, str) else formats
    bibliography = meta.get("bibliography") or project.get("bibliography")
    filters = [f"--lua-filter={HERE / name}" for name in ("quarto.lua", "cards.lua")]
    common = ["--wrap=none", "--columns=10000", *filters, f"--resource-path={page.parent}"]
    if bibliography:
        origin = page.parent if meta.get("bibliography") else root
        common += ["--citeproc", f"--bibliography={(origin / bibliography).resolve()}"]
        csl = project.get("csl")
        common += [f"--csl={root / csl}"] if csl else []
        common += ["-M", "link-citations=true"]
        common += [] if "::: {#refs}" in text else ["-M", "reference-section-title=References"]
    written = []
    for name, settings in formats.items():
        settings = {**((project.get("format") or {}).get(name) or {}), **(settings if isinstance(settings, dict) else {})}
        if name == "typst":
            written.append(_pdf(folder, page.stem, text, meta, settings, common))
        elif name == "revealjs":
            written.append(_html(root, site, relative, text, meta, settings, project, common, deck=True))
        elif name == "html":
            written.append(_html(root, site, relative, text, meta, settings, project, common, deck=False))
        else:
            raise RenderError(f"{relative}: the preview has no format {name!r}")
    return written, time.perf_counter() - started


def _copy_linked_files(text: str, source: Path, folder: Path) -> None:
    for link in re.findall(r"!?\[[^\]]*\]\(([^)#\s]+)", text):
        path = source / link
        if "://" not in link and path.is_file() and path.suffix not in (".qmd", ".md"):
            target = Path(os.path.normpath(folder / link))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)


def _front_matter(meta: dict[str, Any], extra: dict[str, Any]) -> str:
    keep = {key: meta[key] for key in ("title", "subtitle", "author", "abstract", "description", "nocite", "lang") if key in meta}
    return f"---\n{yaml.safe_dump({**keep, **extra}, allow_unicode=True)}---\n\n"


def _html(
    root: Path, site: Path, relative: Path, text: str, meta: dict[str, Any], settings: dict[str, Any],
    project: dict[str, Any], common: list[str], *, deck: bool,
) -> Path:  # fmt: skip
    up = "../" * len(relative.parent.parts)
    website = project["website"]
    nav = []
    for entry in website["navbar"]["left"]:
        href = str(Path(entry["href"]).with_suffix(".html")) if entry["href"].endswith(".qmd") else entry["href"]
        nav.append({"text": entry["text"], "href": href, "current": entry["href"] == str(relative)})
    has_pdf = isinstance(meta.get("format"), dict) and "typst" in meta["format"]
    extra = {
        "target": "slides" if deck else "html",
        "pagetitle": meta.get("pagetitle") or re.sub(r"[*_`]", "", meta.get("title", "")),
        "number-sections": bool(settings.get("number-sections", False)),
        "byline": " · ".join(filter(None, (meta.get("author"), _day(meta)))),
        "site": website["title"], "root": up, "nav": nav, "pdf": f"{relative.stem}.pdf" if has_pdf else False,
        "full": settings.get("page-layout", meta.get("page-layout")) == "full",
    }  # fmt: skip
    name = "deck" if deck else "page"
    variables = {
        "lang": project.get("lang", "en"), "icon": _ICON, "footer": markup.escape(website.get("page-footer", "")),
        "style": _read(f"{name}.css") + _read("shared.css"), "theme": _read("theme.js"), "shared": _read("shared.html"),
        "script": _read(f"{name}.js"),
    }  # fmt: skip
    arguments = [*common, "--standalone", "--mathml", "--syntax-highlighting=none", f"--template={HERE / f'{name}.html'}"]
    for variable, value in variables.items():
        arguments += ["-V", f"{variable}={value}"]
    if deck:
        arguments += ["--section-divs", "--reference-location=section"]
        text = _pauses(text)
    elif settings.get("toc"):
        arguments += ["--toc", "--toc-depth=3"]
    html = _pandoc(_front_matter(meta, extra) + text, "html", arguments, relative)
    if deck:
        html = re.sub(r'<section([^>]*) class="([^"]*\b)?level([12])\b', r'<section\1 class="slide \2level\3', html)
        html = _flatten_sections(html)
    html = re.sub(r'href="/([^"]*)"', rf'href="{up}\1"', html)  # from the root of the site, as in Quarto
    html = re.sub(r'href="([^":#]*)\.qmd(#[^"]*)?"', r'href="\1.html\2"', html)
    html = html.replace(PLACE, content_security_policy(html), 1)
    target = site / relative.with_suffix(".html")
    target.write_text(html, encoding="utf-8")
    return target


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _day(meta: dict[str, Any]) -> str:
    """The date of a document as 1 December 2026, or what stands in its place."""
    day = meta.get("date", "")
    return f"{day.day} {day:%B %Y}" if isinstance(day, date) else day


def _pauses(text: str) -> str:
    """`. . .` reveals the rest of a slide on the next key; `.incremental` lists come item by item."""
    slides = re.split(r"(?m)^(?=#{1,2} )", text)
    out = []
    for slide in slides:
        head, *rest = re.split(r"(?m)^\. \. \.\s*$", slide)
        out.append(head + "".join(f"\n::: {{.fragment}}\n{part.strip()}\n:::\n\n" for part in rest))
    return "".join(out)


def _flatten_sections(html: str) -> str:
    """Level-2 slides stand inside their level-1 section in pandoc's output; a deck needs them side by side."""
    out, depth = [], []
    for token in re.split(r"(<section\b[^>]*>|</section>)", html):
        if token.startswith("<section"):
            level = re.search(r"slide [^\"]*level([12])", token)
            if level and level[1] == "2" and depth and depth[-1] == "1":
                out.append("</section>")
                depth[-1] = "closed"
            depth.append(level[1] if level else "other")
            out.append(token)
        elif token == "</section>":
            if depth.pop() != "closed":
                out.append(token)
        else:
            out.append(token)
    html = "".join(out)
    return re.sub(
        r'(<div class="incremental">)(.*?)(</div>)', lambda m: m[1] + m[2].replace("<li>", '<li class="fragment">') + m[3], html, flags=re.S
    )


def _pdf(folder: Path, stem: str, text: str, meta: dict[str, Any], settings: dict[str, Any], common: list[str]) -> Path:
    extra = {"target": "typst", "number-sections": bool(settings.get("number-sections", False)), "date": _day(meta)}
    variables = {
        "papersize": settings.get("papersize", "a4"), "fontsize": "10pt", "mainfont": "Libertinus Serif", "page-numbering": "1",
        "header-includes": _read("print.typ"), **({"section-numbering": "1.1"} if extra["number-sections"] else {}),
    }  # fmt: skip
    arguments = [*common, "--standalone", "--shift-heading-level-by=-1"]
    for variable, value in variables.items():
        arguments += ["-V", f"{variable}={value}"]
    source = _pandoc(_front_matter(meta, extra) + text, "typst", arguments, folder / f"{stem}.qmd")
    path = folder / f".{stem}.typ"
    path.write_text(source, encoding="utf-8")
    try:
        target = folder / f"{stem}.pdf"
        typst.compile(str(path), output=str(target), root=str(folder))
    except typst.TypstError as error:
        raise RenderError(f"{folder.name}/{stem}.qmd: typst: {error}") from None
    finally:
        path.unlink()
    return target


def _pandoc(text: str, to: str, arguments: list[str], page: Path) -> str:
    try:
        return pypandoc.convert_text(text, to, format=_EXTENSIONS, extra_args=[*arguments, "--fail-if-warnings"])
    except RuntimeError as error:
        raise RenderError(f"{page}: pandoc: {str(error).strip()[-800:]}") from None
