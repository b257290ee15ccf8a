"""What a directory holds, as values: certificates, and keys that are each sealed on their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from profiles.model import NO_TRUST, Problem, Trust

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from profiles.certificate import Certificate
    from profiles.directories.together import Edit
    from profiles.model import Secret
    from profiles.pkcs12.contents import Item
    from profiles.pkcs12.keys import PrivateKey


class HeldKey(Protocol):
    """A private key in a file of its own."""

    @property
    def sealed(self) -> bool:
        """Whether it takes a passphrase."""

    def open(self, password: Secret | None) -> PrivateKey:
        """The key; ``WrongPassword``, ``PasswordNeeded``, ``KeyNotExportable``, ``Unsupported``, ``Malformed``."""


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate, and its key where that is there too."""

    certificate: Certificate
    nickname: str = ""
    trust: Trust = NO_TRUST
    key: HeldKey | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything in a directory, each certificate once."""

    held: tuple[Held, ...] = ()
    problems: tuple[Problem, ...] = ()
    said: Mapping[str, Trust] = field(default_factory=dict)
    """What is said of certificates, also of such as are not there, by their thumbprints (SHA-1)."""


@dataclass(frozen=True, slots=True)
class Additions:
    """What one step brings that is not there yet."""

    certificates: Sequence[tuple[Certificate, str]]
    """With their nicknames, issuers first as far as the caller put them so."""
    trust: Sequence[tuple[Certificate, Trust]]
    keys: Sequence[Item]
    """Each with its certificate, which is in ``certificates`` or was there before."""
    password: Secret


Note = dict[str, list[str]]
"""What a step added, for taking it back: ``certificates`` (SHA-256), ``keys`` (files), and what else a form notes."""


class Form(Protocol):
    """How one program lays its directory out."""

    @property
    def product(self) -> str:
        """What a person calls it."""

    @property
    def passphrase_of(self) -> str:
        """What is asked for, as in "the passphrase of the keys in …"."""

    def read(self, directory: Path) -> Contents:
        """Everything in it; also where the directory is not there."""

    def require_writable(self, directory: Path) -> None:
        """``Unsupported`` or another error where nothing can be added."""

    def guarded(self, directory: Path) -> AbstractContextManager[None]:
        """Keep the program itself from writing meanwhile; ``StoreInUse`` after a bounded wait."""

    def tidy(self, directory: Path) -> None:
        """Remove what a killed run left of ``guarded``."""

    def added(self, directory: Path, additions: Additions) -> tuple[list[Edit], Note]:
        """What to write for a step, and how it is noted; ``Unsupported`` by name for what it has no use for."""

    def removed(self, directory: Path, note: Note) -> tuple[list[Edit], list[str]]:
        """What to write to take a step back, whatever else came into the directory since.

        And a sentence for each certificate or key that has to stay for that.
        """

    def settle(self, directory: Path) -> None:
        """After a step: tell running parts of the program, as far as they need to know."""

    def advice(self, directory: Path, notes: Sequence[Note]) -> tuple[str, ...]:
        """What a person still has to set by hand after those steps."""

    def narrowed(self, certificate: Certificate, trust: Trust) -> Trust:
        """As much of a trust as the program has a place for."""
