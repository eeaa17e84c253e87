"""The source of the definitions that a function reaches: what its result hangs on.

A *definition* is a function, a class or a constant at the top of one of our modules. From a function we follow every global name that it
uses, through our imports, to the definitions behind them, and so on. Comments, docstrings, annotations' names and blank lines do not
count, nor does the module that a definition stands in: adding something unused, or moving a definition, changes nothing; changing a
constant, a helper's body or a default changes exactly what reaches it.

    reached("studies.residues", "analyse", without=LOADERS)      # {("analyse", "8c1f..."), ("waves", "02ab..."), ...}
"""

import ast
import dis
import hashlib
import io
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from .paths import PACKAGE

# What only makes, keeps or loads runs: the weights and the data that come of it are in the key of every result.
LOADERS = tuple(f"network.{name}" for name in (
    "checkpoint", "config", "dataset", "definitions", "optimizers", "paths", "presets", "records", "runs", "tasks", "trainer",
))  # fmt: skip


class Source(NamedTuple):
    """One module: the code of its definitions, the global names that each uses, and where imported names come from."""

    code: dict[str, str]
    uses: dict[str, frozenset[str]]  # "waves", and "module.waves" where a name is read from another
    imports: dict[str, tuple[str, str | None]]  # local name -> (module, name there), or (module, None) for a module


def _file(package: Path, module: str) -> Path:
    path = package / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


class _Strip(ast.NodeTransformer):
    """Takes docstrings and annotations out of a definition."""

    def visit(self, node: Any) -> Any:
        self.generic_visit(node)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass(lineno=node.lineno, col_offset=0)]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None, lineno=node.lineno, col_offset=0)
        return node


def global_names(code: CodeType) -> Iterator[str]:
    """The global names that a code object and those inside it load."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from global_names(constant)


def _plain(source: str, tree: ast.Module) -> list[str]:
    """The lines without comments and docstrings."""
    lines = source.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node, clean=False) is not None:
            first, last = node.body[0].lineno, node.body[0].end_lineno or node.body[0].lineno
            lines[first - 1 : last] = [""] * (last - first + 1)
    return [line.rstrip() for line in lines]


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


def _imports(node: ast.stmt, module: str, package: Path) -> Iterator[tuple[str, tuple[str, str | None]]]:
    if not isinstance(node, ast.ImportFrom) or not node.level:
        return
    inside = module.split(".") if (package / module.replace(".", "/")).is_dir() else module.split(".")[:-1]
    base = inside[: len(inside) - node.level + 1] + (node.module.split(".") if node.module else [])
    for alias in node.names:
        whole = ".".join([*base, alias.name])
        found = (whole, None) if _file(package, whole).exists() else (".".join(base), alias.name)
        yield alias.asname or alias.name, found


@cache
def parse(module: str, package: Path = PACKAGE) -> Source:
    """A module of the package by its name without the package's own, as "lens.fourier"."""
    text = _file(package, module).read_text()
    tree = ast.parse(text)
    lines = _plain(text, tree)
    code, uses, imports = {}, {}, {}
    for node in tree.body:
        imports.update(_imports(node, module, package))
        names = _names(node)
        if not names:
            continue
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        plain = "\n".join(line for line in lines[first - 1 : node.end_lineno] if line)
        attributes = {f"{n.value.id}.{n.attr}" for n in ast.walk(node) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
        compiled = compile(ast.Module([_Strip().visit(node)], []), "<definition>", "exec")
        used = frozenset(global_names(compiled)) | attributes
        code |= dict.fromkeys(names, plain)
        uses |= dict.fromkeys(names, used)
    return Source(code, uses, imports)


def reached(module: str, name: str, *, without: tuple[str, ...] = (), package: Path = PACKAGE) -> dict[str, str]:
    """Every definition that `name` of `module` reaches, itself among them: by name, the sha256 of its code (of all, where a name is
    defined in several modules). Modules named in `without`, and what is inside them, are not entered."""
    found: dict[tuple[str, str], str] = {}
    todo = [(module, name)]
    while todo:
        where, what = todo.pop()
        if (where, what) in found or any(where == out or where.startswith(f"{out}.") for out in without):
            continue
        source = parse(where, package)
        if what in source.imports and what not in source.code:
            module_, name_ = source.imports[what]
            todo += [(module_, name_)] if name_ else []
            continue
        if what not in source.code:
            continue
        found[where, what] = source.code[what]
        for used in source.uses[what]:
            base, _, attribute = used.rpartition(".")
            if not base:
                todo.append((where, used))
            elif source.imports.get(base, ("", ""))[1] is None:
                todo.append((source.imports[base][0], attribute))
    texts: dict[str, list[str]] = {}
    for (_, what), text in found.items():
        texts.setdefault(what, []).append(text)
    return {what: hashlib.sha256("\n\n".join(sorted(parts)).encode()).hexdigest() for what, parts in sorted(texts.items())}


def digest(definitions: dict[str, str]) -> str:
    """One sha256 over what `reached` found."""
    return hashlib.sha256("".join(f"{name} {code}\n" for name, code in sorted(definitions.items())).encode()).hexdigest()
