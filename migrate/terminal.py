"""Whether a person sits at a stream, and what can be shown there."""

from __future__ import annotations

import os
from typing import TextIO

_VIRTUAL_TERMINAL = 0x0004
"""ENABLE_VIRTUAL_TERMINAL_PROCESSING: the console understands escape sequences (Learn: SetConsoleMode)."""


def is_terminal(stream: TextIO | None) -> bool:
    """Whether it is one that a person reads or types at.

    On Windows ``isatty`` is true for NUL as well, where a question would wait for ever.
    """
    try:
        return stream is not None and stream.isatty() and (os.name != "nt" or _console_mode(stream) is not None)
    except (OSError, ValueError):  # it was closed
        return False


def shows_colours(stream: TextIO) -> bool:
    """Whether it is a terminal that takes escape sequences; a console of Windows is asked to."""
    if not is_terminal(stream):
        return False
    if os.name != "nt":
        return os.environ.get("TERM") not in ("dumb", "", None)
    mode = _console_mode(stream)
    return mode is not None and bool(mode & _VIRTUAL_TERMINAL or _set_console_mode(stream, mode | _VIRTUAL_TERMINAL))


def _console_mode(stream: TextIO) -> int | None:
    import ctypes
    import msvcrt

    mode = ctypes.c_uint32()
    handle = ctypes.c_void_p(msvcrt.get_osfhandle(stream.fileno()))  # type: ignore[attr-defined,unused-ignore]
    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    return mode.value if kernel.GetConsoleMode(handle, ctypes.byref(mode)) else None


def _set_console_mode(stream: TextIO, mode: int) -> bool:
    import ctypes
    import msvcrt

    handle = ctypes.c_void_p(msvcrt.get_osfhandle(stream.fileno()))  # type: ignore[attr-defined,unused-ignore]
    return bool(ctypes.WinDLL("kernel32").SetConsoleMode(handle, mode))  # type: ignore[attr-defined,unused-ignore]
