"""Ctrl-C: it breaks a command off once, what was under way is taken back in peace, and what had arrived is told."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from profiles.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrate.report import Report


@contextmanager
def once() -> Iterator[None]:
    """Let the first Ctrl-C through; further ones, which would hit what the first one takes back, are ignored."""
    old = signal.getsignal(signal.SIGINT)
    if old is signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield
        return

    def first(*_: object) -> NoReturn:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)


def broken_off(found: Report) -> Report:
    """The same, with how to go on where it was interrupted."""
    if all(outcome.code != Interrupted.code for outcome in found.outcomes):
        return found
    text = ("interrupted: what is said to be done is there and stays, what was under way was taken back. Run the "
            "command again for the rest, or take back what is there: certferry undo")
    return found._replace(notes=(*found.notes, text))
