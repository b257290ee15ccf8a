"""What the system says of a file, as an error that a caller can act on: the one table of its reasons."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from profiles.disk import WINDOWS, in_use
from profiles.errors import AccessDenied, Error, Malformed, StoreInUse, StoreNotFound, ToolFailed

if TYPE_CHECKING:
    from pathlib import Path

_LOOK = ("Check whether another program has it open, and who may write there." if WINDOWS  # which says the same of both
         else "Check who owns the file and its directory, and their modes.")
_SAID: tuple[tuple[tuple[int, ...], type[Error], str, str], ...] = (
    ((errno.ENOENT, errno.ENOTDIR), StoreNotFound, "there is no {missing}", "Check the path."),
    ((errno.ENAMETOOLONG,), StoreNotFound, "there is no file {path}: no name can be that long here", "Check the path."),
    ((errno.EEXIST,), AccessDenied, "{path} is there already", "Choose another name."),
    ((errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP), AccessDenied,
     "{path} may not be read or written here: {reason}", _LOOK),
    ((errno.ENOSPC, errno.EDQUOT), ToolFailed, "{path} could not be written: the disk is full",
     "Make room and start again."),
    ((errno.EFBIG,), ToolFailed, "{path} could not be written: the disk is full, or no file may be that large here",
     "Make room, or raise the limit (ulimit -f), and start again."),
    ((errno.EISDIR,), Malformed, "{path} is a directory", ""),
    ((), ToolFailed, "{path} could not be read or written: {reason}", "Check the disk."),
)
"""Codes of the system, and what they mean to a user; the last row is for all others."""


def refusal(error: OSError, path: Path | str | None = None) -> Error:
    """The error for what the system said of ``path``, or of the file that it names itself."""
    what = str(path or error.filename or "")
    reason = error.strerror or str(error) or type(error).__name__
    if not what:
        return Error(f"the system refused: {reason}")
    if in_use(error):
        return StoreInUse(f"{what} is open in another program", "Close it and try again.")
    _, kind, sentence, hint = next(row for row in _SAID if error.errno in row[0] or not row[0])
    return kind(sentence.format(path=what, reason=reason, missing=_missing(what)), hint)


def _missing(path: str) -> str:
    above = os.path.dirname(path)  # noqa: PTH120 - of a text, which is shown as it is
    return f"directory {above}" if above and not os.path.isdir(above) else f"file {path}"  # noqa: PTH112 - likewise
