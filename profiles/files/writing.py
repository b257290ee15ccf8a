"""Writes files that hold keys: private from the first byte, whole or not at all, and never through a link."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from profiles import disk
from profiles.errors import AccessDenied, StoreInUse
from profiles.files.reading import explained, read

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.disk import Access

_MARK = "certferry"


def write_new(path: Path, data: bytes, access: Access = disk.OWNER_ONLY) -> None:
    """Make a file that was not there; ``AccessDenied`` where anything is, a dangling link too."""
    with explained(path):
        _refuse_present(path)
        made = draft(path, data, access)
        try:
            disk.publish(made, path)
        finally:
            with suppress(OSError):
                made.unlink()
        try:
            disk.sync(path.parent)
        except OSError:
            if read(path) == data:  # it may not last, so it is not there
                path.unlink()
            raise


def replace(path: Path, data: bytes, expected: bytes, access: Access = disk.OWNER_ONLY) -> None:
    """Put ``data`` in place of a file that still holds ``expected``; ``StoreInUse`` if it does not.

    ``AccessDenied`` where it is no regular file, or has other names that would go on showing the old content.
    """
    owner = require_plain(path)
    if read(path) != expected:
        raise StoreInUse(f"{path} was changed by another program meanwhile", "Start again; it was left as it is.")
    with explained(path):
        made = draft(path, data, access, owner)
        try:
            made.replace(path)
        except BaseException:
            with suppress(OSError):
                made.unlink()
            raise
        disk.sync(path.parent)


def remove(path: Path, expected: bytes) -> None:
    """Remove a file that still holds ``expected``; ``StoreInUse`` if it does not."""
    require_plain(path)
    if read(path) != expected:
        raise StoreInUse(f"{path} was changed by another program meanwhile", "It was left as it is.")
    with explained(path):
        path.unlink()
        disk.sync(path.parent)


def back_up(path: Path, data: bytes) -> Path:
    """A copy of what ``path`` holds beside it, under a name that says when and by whom."""
    stem = f"{path.name}.{_MARK}-backup-{time.strftime('%Y%m%d-%H%M%S')}"
    for number in range(1, 100):
        copy = path.with_name(stem if number == 1 else f"{stem}-{number}")
        if not os.path.lexists(copy):
            write_new(copy, data)
            return copy
    raise AccessDenied(f"there is no free name for a backup of {path}", "Move older backups away.")


def writable(path: Path) -> None:
    """``AccessDenied`` or ``StoreNotFound`` where a file could not be written."""
    if os.path.lexists(path):
        require_plain(path)
    directory = path.parent
    with explained(path):
        if not stat.S_ISDIR(directory.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(directory, os.W_OK | os.X_OK):
        raise AccessDenied(f"{directory} may not be written", "Check who owns the directory and its mode.")


def sweep(path: Path) -> None:
    """Remove drafts of ``path`` that a killed run left; those of a running one are locked and stay."""
    _sweep(path.parent, f".{_escaped(path.name)}.{_MARK}-*")


def sweep_all(directory: Path) -> None:
    """The same for every file in a directory."""
    _sweep(directory, f".*.{_MARK}-*")


def drafts(directory: Path) -> list[Path]:
    """The drafts that are in a directory."""
    return list(directory.glob(f".*.{_MARK}-*"))


def _sweep(directory: Path, pattern: str) -> None:
    with suppress(OSError):
        for left in directory.glob(pattern):
            with suppress(OSError):
                if disk.WINDOWS:
                    left.unlink()  # which fails while it is open
                    continue
                handle = os.open(left, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
                try:
                    _lock(handle)
                    left.unlink()
                finally:
                    os.close(handle)


def _escaped(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _refuse_present(path: Path) -> None:
    if os.path.lexists(path):
        raise AccessDenied(f"{path} is there already", "Choose another name.")


def require_plain(path: Path, hint: str = "") -> tuple[int, int]:
    """Whose it is, if it is a regular file of one name; the hint is for a file that nobody can name differently."""
    with explained(path):
        status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise AccessDenied(f"{path} is a link, and links are not written through",
                           hint or "Name the file it points to.")
    if not stat.S_ISREG(status.st_mode):
        raise AccessDenied(f"{path} is not a regular file", hint or "Choose another name.")
    if status.st_nlink > 1:
        raise AccessDenied(f"{path} has {status.st_nlink} names (hard links), which would come apart",
                           hint or "Choose another name, or remove the other links.")
    return status.st_uid, status.st_gid


def draft(path: Path, data: bytes, access: Access, owner: tuple[int, int] | None = None) -> Path:
    """A complete and durable file beside ``path``, locked while it grows."""
    made = path.with_name(f".{path.name}.{_MARK}-{secrets.token_hex(6)}")
    handle = disk.create(made, access)
    try:
        _lock(handle)
        disk.give(handle, disk.OWNER_ONLY)
        _write_all(handle, data)
        if owner is not None and hasattr(os, "fchown"):
            with suppress(PermissionError):  # only root can give a file away, and then should
                os.fchown(handle, *owner)
        disk.give(handle, access)
        os.fsync(handle)
    except BaseException:
        with suppress(OSError):
            made.unlink()
        raise
    finally:
        os.close(handle)
    return made


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest):]


def _lock(handle: int) -> None:
    """Held by whoever writes a draft; ``OSError`` where another does. Windows forbids removing open files anyway."""
    with suppress(ImportError):
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
