"""Imports point one way, and only the command line prints, exits and knows its libraries."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.source import PACKAGES, REPOSITORY, Module, modules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

RANKS: dict[str, dict[str, int]] = {
    "profiles": {
        "errors": 0,
        **dict.fromkeys(("asn1", "names", "curves", "public_key", "certificate", "model", "disk", "descriptors"), 1),
        **dict.fromkeys(("commands", "refusals"), 1),
        **dict.fromkeys(("trust", "pkcs12", "store"), 2),
        "*": 3,  # the stores, and where products keep them
        **dict.fromkeys(("discover", "opening"), 4),
    },
    "migrate": {
        **dict.fromkeys(("chain", "plan", "fitness", "mailing", "attaching"), 1),
        **dict.fromkeys(("verify", "report", "journal", "passwords", "terminal"), 1),
        "*": 2,  # the engine, and what else puts those together
        **dict.fromkeys(("render", "inventory"), 3),
        "cli": 4,
        "__main__": 5,
    },
}
"""A module imports its own rank and those below; ``*`` is every module not named."""

SPEAKING = ("migrate.cli", "migrate.render", "migrate.__main__")
"""The only modules that print, exit, or know typer and rich."""
LATE = ("psutil", "rich", "platformdirs", "cryptography", "zxcvbn")
"""Imported when needed: they are what makes a start slow."""

FORKED = "migrate.parallel:"
"""Its forked children must end without unwinding into the parent's code."""
ELSEWHERE = ("profiles.nss.library_worker",)
"""Started by path under a Python that has python-nss, and never imported."""


def rank(module: str) -> tuple[int, int]:
    """How high a module stands: its package first, then its place within."""
    package, _, rest = module.partition(".")
    ranks = RANKS[package]
    if not rest:
        return PACKAGES.index(package), 0
    return PACKAGES.index(package), ranks.get(rest.partition(".")[0], ranks["*"])


def imports(module: Module) -> Iterator[tuple[str, int]]:
    """Every module imported anywhere in a file, late and type-checking imports included, with the line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.name.split(".")[: -node.level + module.is_package or None] if node.level else []
            origin = ".".join([*above, *filter(None, [node.module])])
            yield from ((f"{origin}.{name.name}", node.lineno) for name in node.names)


def upward(found: Mapping[str, Module]) -> list[str]:
    """Imports that point up."""
    return [
        f"{module.name}:{line} imports {imported}"
        for module in found.values()
        for imported, line in imports(module)
        if imported.partition(".")[0] in PACKAGES and rank(imported) > rank(module.name)
    ]


def part(module: str) -> str:
    """The unit within its package a module belongs to: ``profiles.nss.sql`` to ``profiles.nss``."""
    return ".".join(module.split(".")[:2])


def circles(found: Mapping[str, Module]) -> list[str]:
    """Pairs of units that reach each other when they run (imports for type checking set aside)."""
    direct: dict[str, set[str]] = {}
    for module in found.values():
        if "." not in module.name:
            continue
        typing_only = {
            node.lineno
            for guard in ast.walk(module.tree)
            if isinstance(guard, ast.If) and ast.unparse(guard.test) == "TYPE_CHECKING"
            for node in ast.walk(guard)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        reached = {part(name) for name, line in imports(module) if line not in typing_only}
        reached &= {part(name) for name in found if "." in name}
        direct.setdefault(part(module.name), set()).update(reached - {part(module.name)})
    whole = {unit: _reachable(unit, direct) for unit in direct}
    return sorted(f"{a} and {b}" for a in whole for b in whole[a] if a < b and a in whole.get(b, ()))


def _reachable(unit: str, direct: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    todo = [unit]
    while todo:
        new = direct.get(todo.pop(), set()) - seen
        seen |= new
        todo += new
    return seen


def outspoken(found: Mapping[str, Module]) -> list[str]:
    """Where something other than the command line prints, exits, or imports its libraries."""
    wrong = []
    for module in found.values():
        if module.name.startswith(SPEAKING):
            continue
        for name, line in imports(module):
            if name.partition(".")[0] in ("typer", "rich", "click"):
                wrong.append(f"{module.name}:{line} imports {name}")
        for node in ast.walk(module.tree):
            said = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if said in ("print", "sys.exit", "exit", "quit", "os._exit", "SystemExit", "sys.stdout.write"):
                wrong.append(f"{module.name}:{node.lineno} calls {said}")
    return wrong


FOUND = modules(REPOSITORY)


def test_imports_point_down() -> None:
    """From migrate to profiles, and within both from the top to the bottom."""
    assert upward(FOUND) == []


def test_no_circles() -> None:
    """No two units need each other."""
    assert circles(FOUND) == []


def test_only_the_command_line_speaks() -> None:
    """Printing, exiting, typer and rich stay in migrate.cli and migrate.render."""
    assert [one for one in outspoken(FOUND) if not one.startswith(FORKED)] == []


@pytest.mark.parametrize("name", sorted(FOUND))
def test_every_module_imports_here(name: str) -> None:
    """Also the parts for other systems."""
    if name not in ELSEWHERE and not name.endswith("__main__"):
        importlib.import_module(name)


def test_slow_libraries_come_late() -> None:
    """Starting the command line loads none of the libraries that only some commands need."""
    argv = [sys.executable, "-X", "importtime", "-c", "import migrate.cli"]
    done = subprocess.run(argv, cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "migrate" in loaded
    assert loaded.isdisjoint(LATE), loaded & set(LATE)


@pytest.mark.parametrize(
    ("path", "text", "wrong"),
    [
        ("profiles/nss/store.py", "from migrate.plan import Plan", upward),
        ("profiles/model.py", "def late():\n    from profiles.nss import store", upward),
        ("profiles/errors.py", "from profiles import model", upward),
        ("profiles/nss/store.py", "from .. import discover", upward),
        ("profiles/pkcs12/__init__.py", "from ..discover import discover", upward),
        ("profiles/pkcs12/reader.py", "import profiles.discover", upward),
        ("migrate/plan.py", "from migrate import engine", upward),
        ("migrate/engine.py", "from migrate.cli import app", upward),
        ("migrate/engine.py", "from migrate import render", upward),
        ("profiles/files/store.py", "from profiles.nss import store", circles),
        ("migrate/engine.py", "def f():\n    print(1)", outspoken),
        ("profiles/model.py", "import sys\nsys.exit(3)", outspoken),
        ("migrate/plan.py", "raise SystemExit(2)", outspoken),
        ("profiles/model.py", "from rich import box", outspoken),
    ],
)
def test_a_bad_tree_is_noticed(path: str, text: str, wrong: object, tmp_path: Path) -> None:
    """Each rule sees the violation it is for."""
    for there in ("profiles/discover.py", "profiles/model.py", "profiles/nss/store.py", "profiles/files/store.py"):
        _write(tmp_path / there, "")
    _write(tmp_path / "profiles/nss/store.py", "from profiles.files import store")
    _write(tmp_path / "migrate/cli/app.py", "import typer\nprint(1)")
    assert callable(wrong)
    assert wrong(modules(tmp_path)) == []
    _write(tmp_path / path, text)
    assert len(wrong(modules(tmp_path))) == 1


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
