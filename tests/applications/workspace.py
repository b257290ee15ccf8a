"""Copies to work on: an application never gets the profile or home it is asked about."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.applications.proof import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEFT_OUT = shutil.ignore_patterns(
    *("lock", ".parentlock", "parent.lock", "MarionetteActivePort", "SingletonLock", "SingletonCookie"),
    *("SingletonSocket", "cache2", "startupCache", "crashes", "minidumps", "Crash Reports", "Cache", "Code Cache"),
    *("GPUCache", "thumbnails", "datareporting", "saved-telemetry-pings"),
)


@contextmanager
def workspace() -> Iterator[Path]:
    """A private temporary directory, gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="check-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def copy(source: Path, target: Path) -> Path:
    """Copy a profile without locks and caches, readable and writable for its owner."""
    if not source.is_dir():
        raise SetupError(f"no such directory: {source}")
    shutil.copytree(source, target, symlinks=True, ignore=LEFT_OUT)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)
    return target


def copy_home(source: Path, target: Path, parts: Sequence[str]) -> Path:
    """Copy those directories of a home that are there."""
    if not source.is_dir():
        raise SetupError(f"no such directory: {source}")
    target.mkdir(parents=True)
    for part in parts:
        if (source / part).is_dir():
            copy(source / part, target / part)
    return target
