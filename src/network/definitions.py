"""The source of the definitions that a function reaches: what its result hangs on.

A *definition* is a function, a class or a constant at the top of one of our modules. From a function we follow every global name that it
uses, through our imports, to the definitions behind them, and so on. Comments, docstrings, annotations and layout do not count, nor does
the module that a definition stands in: adding something unused, or moving a definition, changes nothing; changing a constant, a helper's
body, a default or what an import binds changes exactly what reaches it. Digests are the same on every Python that we support.

    reached(("studies.residues", "analyse"), without=LOADERS)      # {"analyse": "8c1f...", "waves": "02ab...", ...}

The modules keep to what can be followed (a test says so): top-level names are bound once, by def, class, assignment or import.
"""

import ast
import dis
import hashlib
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from .paths import PACKAGE

# What only makes, keeps or loads runs: the weights and the data that come of it are in the key of every result.
LOADERS = tuple(f"network.{name}" for name in (
    "checkpoint", "config", "dataset", "definitions", "manifest", "memory", "optimizers", "paths", "presets", "records", "runs",
    "session", "tasks", "trainer",
))  # fmt: skip
_STARTED = time.time()
_SKIPPED = {
    "ctx",
    "kind",
    "type_comment",
    "type_ignores",
    "type_params",
}  # fields of trees that say nothing, or not on every Python


class Source(NamedTuple):
    """One module: the code of its definitions, the names that each uses, and what imported names are."""

    code: dict[str, str]
    uses: dict[str, frozenset[str]]  # "waves", and "module.waves" where a name is read from another
    imports: dict[str, tuple[str, str | None]]  # of ours: local name -> (module, name there), or (module, None) for a module
    others: dict[str, str]  # of other packages: local name -> what it is


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


def _canonical(node: Any) -> str:
    """A syntax tree as text, the same on every Python: node names and fields, without places."""
    if isinstance(node, ast.JoinedStr):  # some Pythons have empty parts in f-strings
        parts = [part for part in node.values if not (isinstance(part, ast.Constant) and part.value == "")]
        return f"JoinedStr({','.join(map(_canonical, parts))})"
    if isinstance(node, ast.AST):
        fields = (f"{name}={_canonical(value)}" for name, value in ast.iter_fields(node) if name not in _SKIPPED)
        return f"{type(node).__name__}({','.join(fields)})"
    if isinstance(node, list):
        return f"[{','.join(map(_canonical, node))}]"
    return repr(node)


def global_names(code: CodeType) -> Iterator[str]:
    """The global names that a code object and those inside it load."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from global_names(constant)


def bound_names(node: ast.stmt) -> list[str]:
    """The names that a definition binds: one, or several for `A, B = ...`; none for another statement."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    elements = [e for target in targets for e in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return [element.id for element in elements if isinstance(element, ast.Name)]


def _ours(node: ast.ImportFrom, module: str, package: Path) -> dict[str, tuple[str, str | None]]:
    inside = module.split(".") if (package / module.replace(".", "/")).is_dir() else module.split(".")[:-1]
    base = inside[: len(inside) - node.level + 1] + (node.module.split(".") if node.module else [])
    found: dict[str, tuple[str, str | None]] = {}
    for alias in node.names:
        whole = ".".join([*base, alias.name])
        found[alias.asname or alias.name] = (whole, None) if _file(package, whole).exists() else (".".join(base), alias.name)
    return found


@cache
def parse(module: str, package: Path = PACKAGE) -> Source:
    """A module of the package by its name without the package's own, as "lens.fourier"."""
    code, uses, imports, others = {}, {}, {}, {}
    for node in ast.parse(_file(package, module).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            imports |= _ours(node, module, package)
        elif isinstance(node, ast.ImportFrom):
            others |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            others |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in node.names}
        names = bound_names(node)
        if not names:
            continue
        stripped = _Strip().visit(node)
        pairs = {f"{n.value.id}.{n.attr}" for n in ast.walk(stripped) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
        used = frozenset(global_names(compile(ast.Module([stripped], []), "<definition>", "exec", optimize=0))) | pairs
        code |= dict.fromkeys(names, _canonical(stripped))
        uses |= dict.fromkeys(names, used)
    return Source(code, uses, imports, others)


def _bindings(source: Source, used: frozenset[str]) -> list[str]:
    """What imported names stand for, where their name alone does not say it."""
    renamed = {alias: name for alias, (_, name) in source.imports.items() if name is not None and name != alias}
    return [f"{name} is {(source.others | renamed)[name]}" for name in sorted(used) if name in source.others or name in renamed]


def reached(*starts: tuple[str, str], without: tuple[str, ...] = (), package: Path = PACKAGE) -> dict[str, str]:
    """Every definition that the starts, (module, name) each, reach, themselves among them: by name, the sha256 of its code (of all, where a
    name is defined in several modules). Modules named in `without`, and what is inside them, are not entered.

    Raises `ValueError` where a start is no definition.
    """
    for module, name in starts:
        source = parse(module, package)
        if name not in source.code and name not in source.imports:
            raise ValueError(f"{module} defines no {name}: only a function at the top of a module can be followed")
    found: dict[tuple[str, str], str] = {}
    todo = list(starts)
    while todo:
        where, what = todo.pop()
        if (where, what) in found or any(where == out or where.startswith(f"{out}.") for out in without):
            continue
        source = parse(where, package)
        if what in source.imports and what not in source.code:
            module, name = source.imports[what]
            todo += [(module, name)] if name else []
        elif what in source.code:
            found[where, what] = "\n".join([source.code[what], *_bindings(source, source.uses[what])])
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


def changed_since_start(package: Path = PACKAGE) -> bool:
    """Whether a module was written after this process began: then what runs may not be what stands in the files."""
    return any(path.stat().st_mtime > _STARTED for path in package.rglob("*.py"))
