"""One certferry at a time in one profile: an advisory lock on a file beside the databases."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from profiles import disk
from profiles.errors import StoreInUse
from profiles.nss.sql import BUSY_SECONDS, translated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(own: Path, name: str = "lock", patience: float = BUSY_SECONDS) -> Iterator[None]:
    """Hold a lock in certferry's own directory of a profile; ``StoreInUse`` after so many seconds.

    The system lets go of it when the process ends, however it ends.
    """
    path = own / name
    with translated(path):
        if disk.WINDOWS and not path.exists():
            with suppress(FileExistsError):
                os.close(disk.create(path))
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        end = time.monotonic() + patience
        while not _try(handle):
            if time.monotonic() > end:
                raise StoreInUse(f"another certferry is writing to {own.parent}",
                                 "Wait until it is done, then try again.")
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def _try(handle: int) -> bool:
    try:
        if disk.WINDOWS:
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
