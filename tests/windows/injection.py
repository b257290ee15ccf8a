"""Native calls that fail when they are told to: the N-th one, alone or with all that follow, undone or done."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from profiles.windows.native import PROTOTYPES, Fails, Native, NativeError

if TYPE_CHECKING:
    from collections.abc import Callable

HARMLESS = ("GetProcessWindowStation", "GetUserObjectInformationW", "GetTokenInformation",
            "GetCurrentPackageFullName")


class Failing(Native):
    """The calls of another, of which the ``number``-th that can fail does; with ``done`` after it did its work."""

    def __init__(self, real: Native, number: int, code: int, *, lasting: bool = False, done: bool = False) -> None:
        self.real, self.number, self.code, self.lasting, self.done = real, number, code, lasting, done
        self.count = 0
        self.hit = ""

    def call(self, name: str, *arguments: Any) -> Any:
        """As ``Native.call``."""
        if PROTOTYPES[name].fails is Fails.NEVER or name in HARMLESS:
            return self.real.call(name, *arguments)
        self.count += 1
        if self.count == self.number or (self.lasting and self.count > self.number):
            self.hit = self.hit or name
            if self.done and name != "PFXImportCertStore":  # without its result nobody could know what it stored
                with suppress(NativeError):
                    self.real.call(name, *arguments)
            raise NativeError(name, self.code)
        return self.real.call(name, *arguments)


def calls(real: Native, work: Callable[[Native], object]) -> int:
    """How many calls that can fail a piece of work makes."""
    counting = Failing(real, 0, 0)
    work(counting)
    return counting.count
