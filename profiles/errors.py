"""Every error a caller can act on, one class each; ``code`` is the stable name in JSON."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Error(Exception):
    """Base of all errors: a sentence for the user and a hint what to do next."""

    code = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[Error], tuple[str, str]]:
        return type(self), (self.message, self.hint)


class StoreNotFound(Error):
    """There is no store at the location."""

    code = "store-not-found"


class StoreInUse(Error):
    """Another program holds the store and did not let go in time."""

    code = "store-in-use"


class ChangedMeanwhile(StoreInUse):
    """Another program wrote between reading and writing; nothing was written, and a second try may well do."""


class AccessDenied(Error):
    """The system does not let this user read or write the store."""

    code = "access-denied"


class WrongPassword(Error):
    """A password was given and it is not the store's."""

    code = "wrong-password"


class PasswordNeeded(Error):
    """The store is locked and nobody could be asked."""

    code = "password-needed"


class KeyNotExportable(Error):
    """The store holds the key but is marked never to hand it out."""

    code = "key-not-exportable"


class Malformed(Error):
    """The bytes are not what their format demands."""

    code = "malformed"


class Truncated(Malformed):
    """The bytes end before what they began is complete."""

    CUT_OFF = "truncated"
    """What a problem is called that comes of it, where the rest of a file is read all the same."""


@contextmanager
def within_whole() -> Iterator[None]:
    """Inside a file that is all there: what ends too early in it is damaged and not cut off."""
    try:
        yield
    except Truncated as error:
        raise Malformed(error.message, error.hint) from error


class Unsupported(Error):
    """Well-formed, but of an algorithm, version or kind that is not handled here."""

    code = "unsupported"


class VerificationFailed(Error):
    """The fresh read of the target does not show what was written."""

    code = "verification-failed"


class NoMatch(Error):
    """Nothing in the store is what was asked for."""

    code = "no-match"


class ToolFailed(Error):
    """A program or library that was needed did not do its work."""

    code = "tool-failed"


class Interrupted(Error):
    """The user broke it off; what was under way was taken back, and what had arrived before stays."""

    code = "interrupted"


class LastCopy(Error):
    """It would destroy a private key of which no other copy is known; nothing was changed."""

    code = "last-copy"


class LeftToUser(Error):
    """Only a person can allow or do it, and did not, or is not there; nothing was changed."""

    code = "left-to-user"
