"""The lock that every part of GnuPG takes before it writes a keybox (common/dotlock.c)."""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from profiles.errors import StoreInUse
from profiles.files.reading import explained

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECONDS = 8.0
_OURS = re.compile(r"\.#lk[0-9a-f]{16}\.([0-9]+)")


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold GnuPG's lock of a file; ``StoreInUse`` while a living process has it."""
    lock = path.with_name(path.name + ".lock")
    with explained(lock):
        _take(lock)
    try:
        yield
    finally:
        with suppress(OSError):
            lock.unlink()


def sweep(path: Path) -> None:
    """Remove what a run of certferry left that was killed while it held the lock."""
    for draft in path.parent.glob(".#lk*.*"):
        if (found := _OURS.fullmatch(draft.name)) and not _alive(int(found[1])):
            with suppress(OSError):
                draft.unlink()
    lock = path.with_name(path.name + ".lock")
    if lock.exists():
        _stale(lock)


def _take(lock: Path) -> None:
    """GnuPG's way: a file of our own, linked to the name of the lock."""
    draft = lock.with_name(f".#lk{secrets.token_hex(8)}.{os.getpid()}")
    content = f"{os.getpid():10d}\n{socket.gethostname()}\n".encode()
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        end = time.monotonic() + _SECONDS
        while True:
            try:
                os.link(draft, lock)
            except FileExistsError:
                if not _stale(lock):
                    if time.monotonic() > end:
                        raise StoreInUse(f"GnuPG is writing to {lock.parent}", "Try again in a moment.") from None
                    time.sleep(0.05)
            else:
                return
    finally:
        draft.unlink(missing_ok=True)


def _stale(lock: Path) -> bool:
    """Whether the process that made the lock is gone from this computer; then the lock goes too."""
    try:
        pid, host = lock.read_bytes().decode("utf-8", "replace").splitlines()[:2]
        number = int(pid)
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    if host != socket.gethostname() or _alive(number):
        return False
    with suppress(OSError):
        lock.unlink()
    return True


def _alive(pid: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(pid))
