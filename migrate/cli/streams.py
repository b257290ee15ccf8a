"""The three streams of a process, also where whoever started it gave it fewer."""

from __future__ import annotations

import io
import os
import sys


def settle() -> None:
    """Have all three, so that no file is opened in the place of one and no text for one lands in another.

    A name that the terminal's code page lacks is shown by its code, not an end; ``--json`` is ASCII anyway.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # the lowest number that is free is this one; what is to be read from it is not there, and no empty line
            os.set_inheritable(os.open(os.devnull, os.O_WRONLY), True)
    sys.stdin = sys.stdin or _nothing("r")
    sys.stdout = sys.stdout or _nothing("w")
    sys.stderr = sys.stderr or _nothing("w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nothing(mode: str) -> io.TextIOWrapper:
    stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115, PTH123 - for as long as the process runs
    assert isinstance(stream, io.TextIOWrapper)
    return stream
