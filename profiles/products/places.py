"""Paths as people name them, and whether this user may see what is there."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from profiles.disk import extended, real
from profiles.errors import AccessDenied, StoreNotFound
from profiles.products.home import barrier, shown
from profiles.products.ini import printable

LOOK = "Check who owns the directory and its mode."
"""What to do about a directory that is refused."""


def named_path(text: str) -> Path:
    """The absolute path of a store or file; ``StoreNotFound`` where it can be none, or its name is not text."""
    require_text(text)
    return extended(_straight(expanded(text).absolute()))


def expanded(text: str) -> Path:
    """The path that a text names; ``~`` at its start is a home where there is such a user."""
    path = Path(text)
    with suppress(RuntimeError):  # no user of that name: then it is a file's
        path = path.expanduser()
    return path


def _straight(path: Path) -> Path:
    """Without ``..``; a link that has the last name stays one, for whoever has to refuse it."""
    if ".." not in path.parts:
        return path
    return Path(real(path)) if path.name == ".." else Path(real(path.parent), path.name)


def require_text(text: str) -> None:
    """Raise ``StoreNotFound`` where a text can stand for no place, or for none whose name can be told."""
    if not text or not printable(text):
        hint = ("Give a kind, kind:where or a path." if printable(text)
                else "Give the file or directory another name: this one is not UTF-8.")
        raise StoreNotFound(f"'{shown(text)}' is not a location", hint)


def enter(path: Path) -> None:
    """Raise ``AccessDenied`` where this user may not see what a directory holds."""
    if (found := barrier(path)) is not None:
        raise AccessDenied(f"{shown(found)} may not be entered", LOOK)
