"""What a result hangs on: the definitions that it reaches, and nothing else, wherever they stand."""

import ast
import shutil

import pytest

from src.network.definitions import LOADERS, bound_names, digest, parse, reached
from src.network.paths import PACKAGE

A = '''"""A module."""
from .b import LIMIT as most
from .b import helper, unused_there
from . import c

FACTOR = 2
UNUSED = 1


def study(x, factor=FACTOR):
    """Docstring."""
    # a comment
    local = [helper(y) for y in range(x)]  # another
    return factor * sum(local) + most + c.through(x)


def other():
    return UNUSED
'''
B = """LIMIT = 10


def helper(y):
    return y + inner(y)


def inner(y):
    return min(y, LIMIT)


def unused_there():
    return 0
"""
C = '''class Thing:
    """A thing."""

    size: int = 3

    def grow(self):
        return self.size


def through(x):
    return Thing().grow() + x
'''


@pytest.fixture
def package(tmp_path):
    """A package whose files may be written anew; every question is asked of a copy, since modules are parsed once a process."""
    count = iter(range(1000))

    def ask(files, module="a", without=()):
        folder = tmp_path / str(next(count))
        folder.mkdir()
        for name, text in {"a": A, "b": B, "c": C, **files}.items():
            (folder / f"{name}.py").write_text(text)
        return reached((module, "study"), package=folder, without=without)

    return ask


def test_names_are_followed_through_imports_aliases_modules_and_defaults(package):
    assert set(package({})) == {"study", "FACTOR", "LIMIT", "helper", "inner", "through", "Thing"}
    assert set(package({}, without=("c",))) == {"study", "FACTOR", "LIMIT", "helper", "inner"}


@pytest.mark.parametrize("files", [
    {"a": A + "\n\nNEW = 5\n\n\ndef new(x):\n    return study(x)\n"},
    {"b": B.replace("return 0", "return 1")},
    {"a": A.replace("UNUSED = 1", "UNUSED = 2")},
    {"a": A.replace('"""Docstring."""', '"""Of\n    two lines."""').replace("# a comment", "# a different one").replace("  # another", "")},
    {"c": C.replace('"""A thing."""', '"""Something else."""')},
    {"a": A.replace("\n\n\n", "\n\n\n\n").replace("return factor * sum(local)", "return factor * sum(\n        local\n    )")},
    {"b": B.replace("def helper(y):", "def helper(y: int) -> int:")},
], ids=["added", "unreached body", "unreached constant", "comments", "docstring of a class", "layout", "annotations"])  # fmt: skip
def test_what_is_not_reached_changes_nothing(package, files):
    assert package(files) == package({})


def test_moving_a_definition_to_another_module_changes_nothing(package):
    body = B[B.index("def inner") : B.index("def unused_there")]
    moved = {"b": "from .d import LIMIT, inner\n\n\n" + B.replace(body, "").replace("LIMIT = 10\n", ""), "d": "LIMIT = 10\n\n\n" + body}
    assert package(moved) == package({})


@pytest.mark.parametrize(("files", "name"), [
    ({"b": B.replace("LIMIT = 10", "LIMIT = 11")}, "LIMIT"),
    ({"b": B.replace("y + inner(y)", "y - inner(y)")}, "helper"),
    ({"b": B.replace("min(y", "max(y")}, "inner"),
    ({"a": A.replace("FACTOR = 2", "FACTOR = 3")}, "FACTOR"),
    ({"a": A.replace("factor=FACTOR", "factor=4")}, "study"),
    ({"c": C.replace("return self.size", "return self.size + 1")}, "Thing"),
    ({"a": A.replace("import LIMIT as most", "import OTHER as most"), "b": B + "\n\nOTHER = 10\n"}, "study"),
    ({"c": "from math import floor as through_\n" + C.replace("+ x", "+ through_(x)")}, "through"),
], ids=["constant", "helper", "helper's helper", "default's constant", "default", "method", "renamed", "a new import"])  # fmt: skip
def test_what_is_reached_changes_under_its_name(package, files, name):
    before, after = package({}), package(files)
    changed = {one for one in before if before[one] != after.get(one)}
    assert name in changed and changed <= {name, "study", "FACTOR", "LIMIT"}


def test_what_an_import_of_another_package_binds_is_part_of_the_code(package):
    one, other = ({"c": f"from math import {what} as f\n" + C.replace("+ x", "+ f(x)")} for what in ("sin", "cos"))
    assert package(one)["through"] != package(other)["through"]


def test_definitions_of_one_name_are_kept_apart():
    both = reached(("network.packing", "margins"), ("studies.addition", "loss"), ("network.model", "dropout"))
    assert {"margins", "loss", "dropout"} <= set(both)


@pytest.mark.parametrize("name", ["nothing", "<lambda>", "Thing.grow"])
def test_a_start_that_is_no_definition_is_an_error(name):
    with pytest.raises(ValueError, match="defines no"):
        reached(("studies.residues", name))


FOLLOWED = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if len(path.relative_to(PACKAGE).parts) > 1 and not {"render", "__main__.py"} & {*path.parts}
]


@pytest.mark.parametrize("path", FOLLOWED, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_keep_to_what_can_be_followed(path):
    """Top-level names are bound once, by def, class, plain assignment or import; no import of ours is hidden; modules are used by name."""
    tree = ast.parse(path.read_text())
    names, modules = [], set()
    for node in tree.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assert docstring or bound_names(node) or isinstance(node, (ast.Import, ast.ImportFrom)), f"line {node.lineno}"
        names += bound_names(node)
    assert len(set(names)) == len(names), sorted(names)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node in tree.body and all(alias.name != "*" for alias in node.names), f"line {node.lineno}"
    module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
    modules = {name for name, (_, inner) in parse(module).imports.items() if inner is None}
    read = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Name) and node.id in modules and id(node) not in read), f"line {node.lineno}: {node.id}"


def test_a_local_name_hides_a_definition(package):
    hidden = A.replace("def study(x, factor=FACTOR):", "def study(x, factor=FACTOR, UNUSED=0):").replace(
        "return factor", "return UNUSED + factor"
    )
    assert "UNUSED" not in package({"a": hidden})


STARTS = (("network.model", "Transformer"), ("studies.residues", "analyse"))


def copy_of_package(tmp_path, change):
    """The definitions that `studies.residues.analyse` reaches in a copy of our package in which one file was changed."""
    shutil.copytree(PACKAGE, tmp_path / "package", ignore=shutil.ignore_patterns("__pycache__"))
    name, edit = change
    path = tmp_path / "package" / name
    path.write_text(edit(path.read_text()))
    return reached(*STARTS, without=LOADERS, package=tmp_path / "package")


@pytest.fixture(scope="module")
def today():
    return reached(*STARTS, without=LOADERS)


@pytest.mark.parametrize("change", [
    ("network/model.py", lambda text: text + "\n\nUNUSED = 3\n"),
    ("network/tasks/digits.py", lambda text: text + "\n\ndef another(config):\n    return residues(config)\n"),
    ("network/presets.py", lambda text: text.replace("steps=1250", "steps=1251")),
    ("numbers/integers.py", lambda text: text + "\n\ndef unused(n):\n    return n\n"),
    ("network/trainer.py", lambda text: text.replace("> 30", "> 31")),
], ids=["a constant of the model", "a task", "a preset", "a function", "the trainer"])  # fmt: skip
def test_in_this_package_what_a_measurement_does_not_reach_stales_nothing(tmp_path, today, change):
    assert copy_of_package(tmp_path, change) == today


@pytest.mark.parametrize(("change", "name"), [
    (("network/model.py", lambda text: text.replace("mid + mlp_out", "mid - mlp_out")), "Block"),
    (("lens/fourier.py", lambda text: text.replace("norm > 1e-6", "norm > 1e-5")), "waves"),
    (("studies/residues.py", lambda text: text.replace("LABELLED = 0.85", "LABELLED = 0.86")), "LABELLED"),
    (("studies/residues.py", lambda text: text.replace("rows: int = 1500", "rows: int = 1501")), "neuron_effects"),
], ids=["the forward pass", "a helper two rooms down", "a constant", "a default"])  # fmt: skip
def test_in_this_package_what_it_reaches_stales_it_by_name(tmp_path, today, change, name):
    after = copy_of_package(tmp_path, change)
    assert {one for one in after if after[one] != today.get(one)} == {name} and digest(after) != digest(today)
