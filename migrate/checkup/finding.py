"""One thing that somebody should know about a store, a file or a certificate."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(Enum):
    """How much a finding matters; the value is the name in JSON."""

    PROBLEM = "problem"
    """It keeps something from working."""
    WARNING = "warning"
    """It works, but not everywhere, not for long, or not safely."""
    NOTE = "note"


class Finding(NamedTuple):
    """A cause, in words a help desk can use, and what to do about it."""

    code: str
    severity: Severity
    subject: str
    """What it is about: a certificate's name, a location, or nothing where that is plain."""
    message: str
    remedy: str = ""
    command: tuple[str, ...] = ()
    """The certferry command that does it, as arguments."""

    def as_json(self) -> dict[str, object]:
        """The object in ``--json``."""
        return {"code": self.code, "severity": self.severity.value, "subject": self.subject, "message": self.message,
                "remedy": self.remedy, "command": list(self.command)}


def problem(code: str, subject: str, message: str, remedy: str = "", command: Iterable[str] = ()) -> Finding:
    """A finding that keeps something from working."""
    return Finding(code, Severity.PROBLEM, subject, message, remedy, tuple(command))


def warning(code: str, subject: str, message: str, remedy: str = "", command: Iterable[str] = ()) -> Finding:
    """A finding that will matter somewhere or some day."""
    return Finding(code, Severity.WARNING, subject, message, remedy, tuple(command))


def note(code: str, subject: str, message: str, remedy: str = "", command: Iterable[str] = ()) -> Finding:
    """A finding that is good to know."""
    return Finding(code, Severity.NOTE, subject, message, remedy, tuple(command))


def ordered(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once, what keeps things from working first."""
    ranks = list(Severity)
    return tuple(sorted(dict.fromkeys(found), key=lambda one: ranks.index(one.severity)))
