"""The house rules a linter does not know: sizes, names, one-sentence docstrings, no traces of a machine."""

from __future__ import annotations

import ast
import os
import re
import sys
from typing import TYPE_CHECKING

import pytest

from tests.source import REPOSITORY, Module, modules, published

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MODULE_LINES, FUNCTION_LINES = 350, 60
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
"""Names that say nothing of what is inside."""
MACHINE_PATHS = re.compile(b"|".join(re.escape(os.fsencode(str(place))) for place in (REPOSITORY, sys.prefix)) + rb"\b")
"""Where this checkout and its Python happen to lie."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def too_long(found: Mapping[str, Module]) -> list[str]:
    """Modules and functions beyond the limits; a docstring does not count."""
    sizes = ((module.name, len(module.text.splitlines())) for module in found.values())
    wrong = [f"{name} has {lines} lines" for name, lines in sizes if lines > MODULE_LINES]
    functions = (
        (f"{module.name}.{node.name}", _length(node))
        for module in found.values()
        for node in ast.walk(module.tree)
        if isinstance(node, Function)
    )
    return wrong + [f"{name} has {lines} lines" for name, lines in functions if lines > FUNCTION_LINES]


def _length(node: Function) -> int:
    whole = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is None:
        return whole
    docstring = node.body[0]
    return whole - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def badly_named(found: Mapping[str, Module]) -> list[str]:
    """Modules whose name says nothing."""
    return [name for name in found if EMPTY_NAMES & set(name.split("."))]


def undocumented(found: Mapping[str, Module]) -> list[str]:
    """Public modules, classes, functions and methods without a docstring."""
    return [
        f"{module.name}{where}"
        for module in found.values()
        for where, node in _public(module.tree, "")
        if module.text.strip() and not ast.get_docstring(node)
    ]


def _public(
    node: ast.Module | ast.ClassDef | Function, where: str
) -> Iterator[tuple[str, ast.Module | ast.ClassDef | Function]]:
    yield where, node
    if isinstance(node, Function):
        return
    for below in node.body:
        if isinstance(below, ast.ClassDef | Function) and not below.name.startswith("_") and not _overload(below):
            yield from _public(below, f"{where}.{below.name}")


def _overload(node: ast.ClassDef | Function) -> bool:
    return any(ast.unparse(decorator).endswith((".setter", "overload")) for decorator in node.decorator_list)


def traces(root: Path) -> list[str]:
    """Published files that name a place on the machine they were written on."""
    return [str(path.relative_to(root)) for path in published(root) if MACHINE_PATHS.search(path.read_bytes())]


def not_packages(root: Path) -> list[str]:
    """Test directories that are no package: their names would hide the program's packages of the same name."""
    return sorted({str(path.parent) for path in (root / "tests").rglob("test_*.py")} - _packages(root))


def _packages(root: Path) -> set[str]:
    return {str(path.parent) for path in (root / "tests").rglob("__init__.py")}


FOUND = modules(REPOSITORY)


def test_nothing_is_too_long() -> None:
    """A module has at most 350 lines, a function 60."""
    assert too_long(FOUND) == []


def test_names_say_what_is_inside() -> None:
    """No utils, helpers or manager."""
    assert badly_named(FOUND) == []


def test_everything_public_is_documented() -> None:
    """Each public thing has a sentence."""
    assert undocumented(FOUND) == []


def test_no_traces_of_a_machine() -> None:
    """No published file names a place outside the repository."""
    assert traces(REPOSITORY) == []


def test_test_directories_are_packages() -> None:
    """So that tests/profiles never stands in for profiles."""
    assert not_packages(REPOSITORY) == []


@pytest.mark.parametrize(
    ("path", "text", "wrong"),
    [
        ("profiles/long.py", '"""A."""\n' * (MODULE_LINES + 1), too_long),
        ("profiles/long.py", "def f():\n" + "    pass\n" * FUNCTION_LINES, too_long),
        ("migrate/utils.py", "", badly_named),
        ("profiles/manager/store.py", "", badly_named),
        ("profiles/store.py", "A = 1\n", undocumented),
        ("profiles/store.py", '"""A."""\ndef f(): ...', undocumented),
        ("profiles/store.py", '"""A."""\nclass A:\n    """A."""\n    def f(self): ...', undocumented),
        ("README.md", f"see {REPOSITORY}/DESIGN.md", traces),
        ("fixtures/pkcs11.txt", f"configdir='sql:{sys.prefix}/x'", traces),
        ("tests/profiles/test_it.py", "", not_packages),
    ],
)
def test_a_bad_tree_is_noticed(path: str, text: str, wrong: object, tmp_path: Path) -> None:
    """Each rule sees the violation it is for."""
    good = tmp_path / "profiles" / "good.py"
    good.parent.mkdir()
    good.write_text('"""Good."""\n\n\ndef _f():\n    pass\n\n\ndef g():\n    """G."""\n')
    judge = (lambda: wrong(tmp_path)) if wrong in (traces, not_packages) else (lambda: wrong(modules(tmp_path)))
    assert judge() == []
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert len(judge()) == 1
