"""Which programs run on Windows, by the names of their files (Toolhelp32; tlhelp32.h).

Not through psutil: it opens every process to name it, which fails for those of others, and for all of them under Wine.
"""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, NamedTuple

from profiles.errors import ToolFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SNAP_PROCESSES = 0x2
_NO_MORE_FILES = 18
_INVALID_HANDLE = ctypes.c_void_p(-1).value


class Program(NamedTuple):
    """A running program: the name of its file, and its process."""

    name: str
    pid: int


class _Entry(ctypes.Structure):
    """PROCESSENTRY32W."""

    _fields_ = (
        ("dwSize", ctypes.c_uint32),
        ("cntUsage", ctypes.c_uint32),
        ("th32ProcessID", ctypes.c_uint32),
        ("th32DefaultHeapID", ctypes.c_size_t),
        ("th32ModuleID", ctypes.c_uint32),
        ("cntThreads", ctypes.c_uint32),
        ("th32ParentProcessID", ctypes.c_uint32),
        ("pcPriClassBase", ctypes.c_int32),
        ("dwFlags", ctypes.c_uint32),
        ("szExeFile", ctypes.c_wchar * 260),
    )


def running(names: Iterable[str]) -> tuple[Program, ...]:
    """Those of the named programs (``outlook.exe``, any case) that run now; none on another system.

    Raises ``ToolFailed`` where Windows does not tell.
    """
    wanted = {name.casefold() for name in names}
    return tuple(one for one in _all() if one.name.casefold() in wanted)


def _all() -> Iterator[Program]:
    if sys.platform != "win32":
        return
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateToolhelp32Snapshot.argtypes = [ctypes.c_uint32, ctypes.c_uint32]
    kernel.CreateToolhelp32Snapshot.restype = ctypes.c_void_p
    for call in (kernel.Process32FirstW, kernel.Process32NextW):
        call.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Entry)]
        call.restype = ctypes.c_int
    kernel.CloseHandle.argtypes = [ctypes.c_void_p]
    snapshot = kernel.CreateToolhelp32Snapshot(_SNAP_PROCESSES, 0)
    if snapshot == _INVALID_HANDLE:
        raise _refused()
    try:
        entry = _Entry(dwSize=ctypes.sizeof(_Entry))
        more = kernel.Process32FirstW(snapshot, ctypes.byref(entry))
        while more:
            yield Program(str(entry.szExeFile), int(entry.th32ProcessID))
            more = kernel.Process32NextW(snapshot, ctypes.byref(entry))
        if ctypes.get_last_error() != _NO_MORE_FILES:
            raise _refused()
    finally:
        kernel.CloseHandle(snapshot)


def _refused() -> ToolFailed:
    return ToolFailed("Windows does not tell which programs are running",
                      "Close your mail programs yourself and start again.")
