"""Doing something as a user without rights, also where the tests run as root: in a fork, everything imported before."""

from __future__ import annotations

import ast
import importlib
import os
import pickle
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from tests.source import REPOSITORY, modules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOBODY = 65534


def reachable(place: Path) -> None:
    """Let other users into a directory below the tests' private one, without letting them write."""
    for path in (place, *place.parents):
        if path.stat().st_uid == os.getuid() and path.stat().st_mode & 0o005 != 0o005:
            path.chmod(0o755)


@cache
def load_everything() -> None:
    """Import what the program may import, as a user without rights may not be able to read it."""
    found = modules(REPOSITORY).values()
    names = {module.name for module in found}
    for node in (node for module in found for node in ast.walk(module.tree)):
        names |= {one.name for one in node.names} if isinstance(node, ast.Import) else {
            node.module} if isinstance(node, ast.ImportFrom) and node.module else set()
    for name in sorted(names):
        if not name.endswith(("__main__", "library_worker")):
            with suppress(ImportError):
                importlib.import_module(name)


def unprivileged(act: Callable[[], object]) -> object:
    """What ``act`` returns, or the exception it raises, when it runs without root's rights."""
    if os.geteuid():
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - the caller judges it
            return error
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(unprivileged(act), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    return pickle.loads(data)
