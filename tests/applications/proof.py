"""What a check of an application ends with."""

from __future__ import annotations

import logging
from dataclasses import dataclass

log = logging.getLogger("tests.applications")


class NotProven(Exception):
    """The application ran but did not use the expected certificate and key."""


class SetupError(Exception):
    """The check itself could not be carried out."""


@dataclass(frozen=True)
class Proof:
    """What an application was seen doing with a certificate."""

    application: str
    cn: str
    sha256: str
    shown: tuple[str, ...]
    """What was proven, in words, in the order it was."""

    def __str__(self) -> str:
        return f"{self.application} with CN={self.cn!r}, sha256={self.sha256}: {'; '.join(self.shown)}"
