"""Whether an application has a profile open, and which process it is; nothing is locked or changed to find out.

The lock files stay behind after a clean exit, so that one is there says nothing: only the lock on it does
(toolkit/profile/nsProfileLock.cpp; Chromium: chrome/browser/process_singleton_posix.cc).
"""

from __future__ import annotations

import os
import stat
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

_CLOCK_SLACK = 5.0
"""Seconds by which a process may seem younger than the lock that it made."""
_SHARING_VIOLATION = 32


@dataclass(frozen=True, slots=True)
class Running:
    """Who has a profile open; ``pid`` is None where the system does not tell."""

    name: str
    pid: int | None = None

    def __str__(self) -> str:
        return self.name if self.pid is None else f"{self.name} (process {self.pid})"


def profile_user(directory: Path, product: str = "another program") -> Running | None:
    """Who has a Mozilla profile open, or None; ``product`` is the name where the system tells no better one."""
    if sys.platform == "win32":
        return Running(product) if _held_open(directory / "parent.lock") else None
    holder = _lock_holder(directory / ".parentlock")
    if holder is not None and holder != 0:
        return Running(_name(holder) or product, holder) if holder > 0 else Running(product)
    return _linked(directory / "lock", product, locked=holder)


def browser_user(user_data: Path, product: str = "a browser") -> Running | None:
    """Which Chromium-based browser uses its data directory, or None."""
    target = _link(user_data / "SingletonLock")
    host, separator, number = target.rpartition("-")
    if not separator or not _is_pid(number):
        return None
    if host != _host_name():
        return Running(f"{product} on {host}")
    pid = int(number)
    return Running(_name(pid) or product, pid) if _made_by(user_data / "SingletonLock", pid) else None


def _linked(link: Path, product: str, *, locked: int | None) -> Running | None:
    """What the older symbolic link ``IP:+PID`` says; ``+``: a lock on .parentlock was held besides."""
    address, separator, number = _link(link).rpartition(":")
    fcntl_too = number.startswith("+")
    number = number.removeprefix("+")
    if not separator or not _is_pid(number) or (fcntl_too and locked == 0):
        return None
    if not _is_local(address):
        return None if fcntl_too else Running(f"{product} on {address}")
    pid = int(number)
    return Running(_name(pid) or product, pid) if _made_by(link, pid) else None


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except (OSError, ValueError):
        return ""


def _is_pid(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < len(text) < 11


def _lock_holder(path: Path) -> int | None:
    """The process that holds a POSIX write lock on the file: 0 none, -1 one unknown, None if that cannot be asked."""
    import fcntl

    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        answer = fcntl.fcntl(handle, fcntl.F_GETLK, _flock(fcntl.F_WRLCK))
    except OSError:
        return None
    finally:
        os.close(handle)
    kind, pid = _unflock(answer)
    if kind == fcntl.F_UNLCK:
        return 0
    return pid if pid > 0 else -1  # 0: in another container; negative: on another computer


_LINUX_FLOCK, _BSD_FLOCK = "hhqqi0q", "qqihh0q"
"""``struct flock`` with 64-bit offsets: (type, whence, start, length, pid), or (start, length, pid, type, whence)."""


def _flock(kind: int) -> bytes:
    if sys.platform == "linux":
        return struct.pack(_LINUX_FLOCK, kind, os.SEEK_SET, 0, 0, 0)
    return struct.pack(_BSD_FLOCK, 0, 0, 0, kind, os.SEEK_SET)


def _unflock(answer: bytes) -> tuple[int, int]:
    if sys.platform == "linux":
        kind, _, _, _, pid = struct.unpack(_LINUX_FLOCK, answer)
    else:
        _, _, pid, kind, _ = struct.unpack(_BSD_FLOCK, answer)
    return kind, pid


def _held_open(path: Path) -> bool:
    """Whether another process has the file open without sharing it, as Firefox does on Windows."""
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    kernel.CreateFileW.argtypes = [ctypes.c_wchar_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p,
                                   ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p]
    kernel.CreateFileW.restype = ctypes.c_void_p
    kernel.CloseHandle.argtypes = [ctypes.c_void_p]
    read, share_all, open_existing = 0x80000000, 0x7, 3
    handle = kernel.CreateFileW(str(path), read, share_all, None, open_existing, 0, None)
    if handle == ctypes.c_void_p(-1).value:
        return bool(ctypes.get_last_error() == _SHARING_VIOLATION)  # type: ignore[attr-defined,unused-ignore]
    kernel.CloseHandle(handle)
    return False


def _name(pid: int) -> str:
    import psutil  # type: ignore[import-untyped,unused-ignore]

    try:
        process = psutil.Process(pid)
        try:
            return Path(process.exe()).name or str(process.name())
        except psutil.AccessDenied:
            return str(process.name())
    except (psutil.Error, OSError):
        return ""


def _made_by(link: Path, pid: int) -> bool:
    """Whether the process lives and is old enough to have made the link: pids are given out again."""
    import psutil  # type: ignore[import-untyped,unused-ignore]

    try:
        return bool(psutil.Process(pid).create_time() <= link.lstat().st_mtime + _CLOCK_SLACK)
    except psutil.AccessDenied:
        return True
    except (psutil.Error, OSError, OverflowError):
        return False


def _host_name() -> str:
    import socket

    return socket.gethostname()


def _is_local(address: str) -> bool:
    if address.startswith("127."):
        return True
    import psutil  # type: ignore[import-untyped,unused-ignore]

    return any(one.address == address for found in psutil.net_if_addrs().values() for one in found)
