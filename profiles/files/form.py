"""What a kind of file has to say about itself to be a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from profiles.errors import Malformed, Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from profiles.model import Secret
    from profiles.pkcs12.contents import Contents, Item

Data = tuple[bytes | None, ...]
"""The content of each file of a store; None where it does not exist."""


class Format(Protocol):
    """How one kind of file is read and written."""

    @property
    def product(self) -> str:
        """What a person calls such a file."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files; those that hold keys last, for they are written first."""

    @property
    def always_sealed(self) -> bool:
        """Whether every file of the kind is made with a password, also one without keys."""

    def visible(self, data: Data) -> tuple[Contents, bool]:
        """What can be seen without a password, and whether there is more."""

    def opened(self, data: Data, password: Secret) -> Contents:
        """Everything; ``WrongPassword``."""

    def encoded(self, items: Sequence[Item], password: Secret) -> Data:
        """The new content of each file, None for one that stays as it is."""

    def require_mergeable(self, data: Data) -> None:
        """``Unsupported`` where a file of this form is read but not written."""

    def private(self, path: Path) -> bool:
        """Whether what is written there holds keys."""


@runtime_checkable
class KeyPasswords(Format, Protocol):
    """A format whose keys may have passwords of their own."""

    def with_key_password(self, password: Secret) -> KeyPasswords:
        """The same, trying that password on keys too."""


def required(data: Data, path: Path) -> bytes:
    """The content of the one file of a store; ``Malformed`` if it is empty."""
    if not data[0]:
        raise Malformed(f"{path} is empty")
    return data[0]


class ReadOnly:
    """The half of a ``Format`` of files that are read and never written."""

    def refused(self) -> Unsupported:
        """Why, and what to make instead."""
        raise NotImplementedError

    def encoded(self, _items: Sequence[Item], _password: Secret) -> Data:
        """See ``Format``: never."""
        raise self.refused()

    def require_mergeable(self, _data: Data) -> None:
        """See ``Format``: never."""
        raise self.refused()

    def private(self, _path: Path) -> bool:
        """See ``Format``."""
        return True
