"""Every store on this computer or on a mounted disk, and the store that a location's text stands for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.disk import real
from profiles.errors import StoreNotFound
from profiles.products import locations, mail_directories
from profiles.products.home import WINDOWS, Home, above_barred, is_directory, on_disk, shown
from profiles.products.naming import Found, named, search
from profiles.products.places import enter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profiles.model import Problem

__all__ = ["Discovery", "Found", "discover", "resolve"]


@dataclass(frozen=True, slots=True)
class Discovery:
    """All stores that were found, and what kept others from being found."""

    found: tuple[Found, ...]
    problems: tuple[Problem, ...]


def discover(root: Path | None = None, env: Mapping[str, str] | None = None) -> Discovery:
    """Every application's stores of this user, or of all users on a disk mounted at ``root``; nothing is changed.

    Raises ``StoreNotFound`` if ``root`` is not a directory, ``AccessDenied`` if it may not be looked into.
    """
    if root is not None:
        root = Path(real(root))
        enter(root)
        if not is_directory(root):
            raise StoreNotFound(f"there is no directory {shown(root)}", "Name the directory where the disk is mounted.")
    found: dict[str, Found] = {}
    problems: list[Problem] = [] if root is None else list(above_barred(root))
    for home in [_current(env)] if root is None else on_disk(root):
        candidates, wrong = search(home)
        problems += wrong
        for _, one in named(home, candidates):
            found.setdefault(one.path, one)
        if root is None and home.system == WINDOWS:
            found |= {one.path: one for one in locations.windows_stores()}
        for mail in mail_directories.find(home):  # Evolution may share the database of Chromium
            found.setdefault(f"{mail.location.kind}:{mail.path}", mail)
        problems += mail_directories.barred(home)
    return Discovery(tuple(found.values()), tuple(dict.fromkeys(problems)))


def resolve(text: str, env: Mapping[str, str] | None = None) -> Found:
    """The store that a location's text stands for, or the place of one that can be made.

    Raises ``StoreNotFound`` with a hint what there is, ``NoMatch`` where several are meant, ``AccessDenied``,
    ``Malformed`` for a file of no known kind, and ``Unsupported`` for kinds of later versions.
    """
    return locations.resolve(text, _current(env))


def _current(env: Mapping[str, str] | None) -> Home:
    return Home.current(os.environ if env is None else env)
