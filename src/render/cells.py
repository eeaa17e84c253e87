"""Split a .qmd into front matter, text and Python cells; run the cells; weave the outputs back into markdown."""

import ast
import os
import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import yaml
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

_FENCE = re.compile(r"^(`{3,}|~{3,})\s*(\{python\})?")
_INLINE = re.compile(r"`\{python\}\s+([^`]+)`")
_SETUP = """import matplotlib
from matplotlib_inline.backend_inline import set_matplotlib_formats
matplotlib.rcParams["svg.hashsalt"] = "pages"  # equal figures are equal files
set_matplotlib_formats("svg")"""
_ENVIRONMENT = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "SOURCE_DATE_EPOCH": "0", "PYTHONUTF8": "1"}


class RenderError(RuntimeError):
    """A document that cannot be rendered; the message names the file and, where known, the line."""


@dataclass
class Text:
    """Markdown outside cells; `line` is the 1-based line of its first line."""

    source: str
    line: int


@dataclass
class Cell:
    """An executable cell: its code, its `#|` options and, once run, its outputs."""

    source: str
    line: int
    options: dict[str, Any] = field(default_factory=dict)
    inline: bool = False  # the value of an expression in running text
    outputs: list[Any] = field(default_factory=list)


def parse(path: Path) -> tuple[dict[str, Any], list[Text | Cell]]:
    """Front matter and the document's pieces in order; raises `RenderError` on an unclosed cell or bad YAML."""
    lines = path.read_text(encoding="utf-8").split("\n")
    meta: dict[str, Any] = {}
    start = 0
    if lines and lines[0] == "---":
        end = lines.index("---", 1) if "---" in lines[1:] else None
        if end is None:
            raise RenderError(f"{path}:1: the front matter is not closed")
        meta, start = _yaml("\n".join(lines[1:end]), path, 1) or {}, end + 1

    pieces: list[Text | Cell] = []
    text: list[str] = []
    text_line = start + 1
    i = start
    while i < len(lines):
        match = _FENCE.match(lines[i])
        if not match:
            text.append(lines[i])
            i += 1
            continue
        close = next((j for j in range(i + 1, len(lines)) if lines[j].rstrip() == match[1]), None)
        if close is None:
            raise RenderError(f"{path}:{i + 1}: this fence is not closed")
        if match[2]:
            pieces += _split_inline("\n".join(text), text_line)
            pieces.append(_cell(lines[i + 1 : close], i + 1, path))
            text, text_line = [], close + 2
        else:
            text += lines[i : close + 1]
        i = close + 1
    pieces += _split_inline("\n".join(text), text_line)
    return meta, pieces


def _yaml(source: str, path: Path, line: int) -> Any:
    try:
        return yaml.safe_load(source)
    except yaml.YAMLError as error:
        raise RenderError(f"{path}:{line}: bad YAML: {error}") from None


def _cell(lines: list[str], line: int, path: Path) -> Cell:
    n_options = next((k for k, text in enumerate(lines) if not text.startswith("#|")), len(lines))
    options = _yaml("\n".join(text[2:].removeprefix(" ") for text in lines[:n_options]), path, line) or {}
    if not isinstance(options, dict):
        raise RenderError(f"{path}:{line}: cell options must be `#| key: value` lines")
    return Cell("\n".join(lines[n_options:]), line + 1 + n_options, options)


def _split_inline(source: str, line: int) -> list[Text | Cell]:
    pieces: list[Text | Cell] = []
    position = 0
    for match in _INLINE.finditer(source):
        at = line + source.count("\n", 0, match.start())
        pieces.append(Text(source[position : match.start()], line))
        pieces.append(Cell(match[1], at, inline=True))
        position = match.end()
    return [*pieces, Text(source[position:], line)]


class _ThisInterpreter(AsyncKernelManager):
    """A kernel of this interpreter, whatever others are called python3."""

    kernel_spec = KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], language="python")  # pyright: ignore


def execute(path: Path, pieces: list[Text | Cell], cwd: Path, say: Callable[[str], None] = print) -> None:
    """Run all cells of a document in one fresh kernel, in `cwd`; outputs are stored in the cells. What goes to stderr is said, and no part
    of the document.

    A cell that raises stops the document: `RenderError` with the file, the cell's line and the error.
    """
    cells = [piece for piece in pieces if isinstance(piece, Cell) and piece.options.get("eval", True)]
    if not cells:
        return
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in (_SETUP, *(c.source for c in cells))])
    where = {"metadata": {"path": str(cwd)}}
    client = NotebookClient(notebook, kernel_manager_class=_ThisInterpreter, timeout=1200, resources=where)
    client.extra_arguments = ["--log-level=ERROR"]
    try:
        with tempfile.TemporaryDirectory() as place:  # no startup files of its user's
            own = os.pathsep.join([str(cwd), *filter(None, [os.environ.get("PYTHONPATH")])])  # the code beside the documents comes first
            page = {"QUARTO_PROJECT_ROOT": str(cwd), "QUARTO_DOCUMENT_PATH": str(cwd / path.parent)}  # as Quarto says where it is
            client.execute(env={**os.environ, **_ENVIRONMENT, **page, "IPYTHONDIR": place, "PYTHONPATH": own})
    except CellExecutionError as error:
        failed = next(k for k, c in enumerate(notebook.cells) if any(o.output_type == "error" for o in c.outputs)) - 1
        raise RenderError(f"{path}:{cells[failed].line}: {error.ename}: {error.evalue}") from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise RenderError(f"{path}: {error}") from None
    for cell, ran in zip(cells, notebook.cells[1:], strict=True):
        cell.outputs = [output for output in ran.outputs if output.get("name") != "stderr"]
        for output in ran.outputs:
            if output.get("name") == "stderr":
                say(f"{path}:{cell.line}: {output.text.rstrip()}")


def weave(path: Path, pieces: list[Text | Cell], defaults: dict[str, Any], figures: Path, link: str) -> str:
    """The document as plain markdown; figures are written to the folder `figures` and linked as `<link>/<name>.svg`."""
    out: list[str] = []
    for index, piece in enumerate(pieces):
        if isinstance(piece, Text):
            out.append(piece.source)
        elif piece.inline:
            out.append(_inline_value(piece))
        else:
            out.append(_block(path, piece, {**defaults, **piece.options}, figures, link, f"cell-{index}"))
    return "".join(out)


def _inline_value(cell: Cell) -> str:
    for output in cell.outputs:
        data = output.get("data", {})
        if "text/markdown" in data:
            return data["text/markdown"].strip()
        if "text/plain" in data:
            value = data["text/plain"]
            with suppress(ValueError, SyntaxError):
                text = ast.literal_eval(value)
                value = text if isinstance(text, str) else value
            return re.sub(r"([\\`*_{}\[\]<>$~^])", r"\\\1", value)  # a value is no markup
    return ""


def _block(path: Path, cell: Cell, options: dict[str, Any], figures: Path, link: str, default: str) -> str:
    if not options.get("include", True):
        return "\n"
    parts: list[str] = []
    if options.get("echo", True):
        code = f"```python\n{cell.source.strip()}\n```"
        if options.get("code-fold"):
            summary = options.get("code-summary", "Code")
            code = f'::: {{.code-fold summary="{summary}"}}\n{code}\n:::'
        parts.append(code)
    label = options.get("label", "")
    images = 0
    for output in cell.outputs if options.get("output", True) else []:
        data = output.get("data", {})
        if output.output_type == "stream":
            parts.append(output.text if options.get("output") == "asis" else f"```text\n{output.text.rstrip()}\n```")
        elif "image/svg+xml" in data:
            name = f"{label or default}{f'-{images}' if images else ''}.svg"
            figures.mkdir(parents=True, exist_ok=True)
            (figures / name).write_text(data["image/svg+xml"], encoding="utf-8")
            if "fig-alt" not in options:
                raise RenderError(f"{path}:{cell.line}: a figure without fig-alt")
            identifier = f"#{label} " if str(label).startswith("fig-") else ""
            alt = str(options["fig-alt"]).replace('"', "&quot;")
            parts.append(f'![{options.get("fig-cap", "")}]({link}/{name}){{{identifier}fig-alt="{alt}"}}')
            images += 1
        elif "text/markdown" in data:
            parts.append(data["text/markdown"])
        elif "text/html" in data:
            raise RenderError(f"{path}:{cell.line}: an output of type HTML, beside which Quarto loads libraries from another host")
        elif "text/plain" in data:
            parts.append(f"```text\n{data['text/plain']}\n```")
    if str(label).startswith("fig-") and not images and options.get("output", True):
        raise RenderError(f"{path}:{cell.line}: the cell {label} makes no picture")
    body = "\n\n".join(parts)
    if str(label).startswith("tbl-"):
        body = f"::: {{#{label}}}\n{body}\n\n{options.get('tbl-cap', '')}\n:::"
    elif options.get("classes"):
        body = f"::: {{{options['classes']}}}\n{body}\n:::"
    return f"\n{body}\n"
