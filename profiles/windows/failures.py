"""What a native error means to a user: one sentence, and what to do next."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from profiles.errors import AccessDenied, Error, LeftToUser, StoreInUse, ToolFailed
from profiles.windows import native as n

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise a native error as the error of the project that says the same of ``what``."""
    try:
        yield
    except n.NativeError as error:
        raise meaning(error, what) from error


def meaning(error: n.NativeError, what: str) -> Error:
    """The error that a caller can act on."""
    if error.code in n.REFUSED:
        return denied(what)
    if error.code in n.DECLINED:
        return LeftToUser(f"the question of Windows about {what} was answered with no",
                          "Run the same command again to be asked again.")
    if error.code == n.SILENT_CONTEXT:
        return LeftToUser(f"Windows wants to ask a person about {what}, and nobody can be asked here",
                          "Run the same command in a terminal on the desktop of that computer.")
    if error.code in (n.DISK_FULL, 0x80070070):
        return ToolFailed(f"the disk is full: Windows could not write {what}", "Free some space, then try again.")
    if error.code in (32, 33, 0x80070020):
        return StoreInUse(f"another program holds {what}", "Close it, then try again.")
    return ToolFailed(f"Windows refused {what}: {error.call} gave {_text(error.code)}",
                      "Nothing was changed. `certferry guide` names the ways by hand.")


def denied(what: str) -> AccessDenied:
    """It takes more rights."""
    return AccessDenied(f"Windows does not let this user read or change {what}",
                        "Start the terminal with `Run as administrator`, or ask who administers this computer.")


def _text(code: int) -> str:
    number = f"error 0x{code:08X}" if code else "no reason"
    if sys.platform != "win32" or not code:
        return number
    import ctypes

    return f"{number} ({ctypes.FormatError(code - (1 << 32) if code >> 31 else code).strip()})"
