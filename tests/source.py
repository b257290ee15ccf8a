"""The program's own source, as the tests about it see it."""

from __future__ import annotations

import ast
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("profiles", "migrate")
"""The lower one first."""


@dataclass(frozen=True)
class Module:
    """One source file."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        """Whether the file is the face of a package."""
        return self.path.name == "__init__.py"


def modules(root: Path) -> dict[str, Module]:
    """Every module of both packages below `root`, by dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            text = path.read_text(encoding="utf-8")
            found[name] = Module(name, path, text, ast.parse(text, str(path)))
    return found


def published(root: Path) -> list[Path]:
    """Every file that git tracks or would track; without git, every file that is no by-product."""
    argv = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
        found = [root / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = list(_walked(root))
    return [path for path in found if path.is_file()]


def _walked(root: Path) -> Iterator[Path]:
    for place, directories, files in os.walk(root):
        directories[:] = [name for name in directories if not _by_product(name)]
        yield from (Path(place, name) for name in files if not _by_product(name))


def _by_product(name: str) -> bool:
    return (name.startswith(".") and name != ".ci") or name.endswith(("__pycache__", ".egg-info"))
