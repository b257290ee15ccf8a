"""Reads a file that a person named: nothing but regular files, nothing larger than any key file is."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from profiles.disk import WINDOWS
from profiles.errors import Malformed, StoreNotFound, Unsupported
from profiles.pkcs12 import limits
from profiles.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READ = "PKCS#12, PEM, DER, PKCS#7 and PVK files, Java keystores and key backups of IIS 4"
"""What a file may be."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system says about ``path`` into an ``Error`` that a caller can act on."""
    try:
        yield
    except OSError as error:
        raise refusal(error, path) from None


def read(path: Path) -> bytes:
    """All bytes of a regular file; ``StoreNotFound``, ``AccessDenied``, ``Malformed`` or ``Unsupported`` otherwise."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    with explained(path):
        try:
            handle = os.open(path, flags)
        except PermissionError:
            if WINDOWS and path.is_dir():  # where directories do not open as files
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)) from None
            raise
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not stat.S_ISREG(status.st_mode):
                raise Malformed(f"{path} is not a regular file")
            limits.file_size(status.st_size)
            data = file.read(limits.MAX_FILE + 1)
    limits.file_size(len(data))
    return data


def read_if_there(path: Path) -> bytes | None:
    """As ``read``, and None where there is nothing at ``path``."""
    try:
        return read(path)
    except StoreNotFound:
        return None


@contextmanager
def named(path: str) -> Iterator[None]:
    """Say which file it is that is malformed or of a kind that is not handled."""
    try:
        yield
    except (Malformed, Unsupported) as error:
        if path in error.message:
            raise
        hints = {Malformed.code: "It may be cut off or damaged: fetch it once more from where it came from.",
                 Unsupported.code: f"certferry takes {READ}."}
        raise type(error)(f"{path} cannot be read: {error.message}", error.hint or hints[error.code]) from error
