"""What every store can do, and how a step arrives in one whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import TracebackType

    from profiles.certificate import Certificate
    from profiles.model import Listing, Location, SealedPfx, Secret, Selection, Trust
    from profiles.pkcs12.dialects import Dialect


def unheard(text: str) -> None:
    """Who is told what the system is about to ask its user, where nobody is."""


class Asker(Protocol):
    """Where a store gets its password from when it finds that it needs one."""

    @property
    def tries(self) -> int:
        """How many times it may be asked before a wrong password is final."""

    @property
    def explicit(self) -> bool:
        """Whether the user said where the password comes from: then a store to be made gets one."""

    def __call__(self, what: str, *, new: bool = False) -> Secret:
        """The password for ``what``; with ``new``, one to be set, asked for twice. Raises ``PasswordNeeded``."""


class Checkpoint(Protocol):
    """One step into a store. Nothing is written before ``commit``; leaving with an exception undoes all of it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def add_certificate(self, certificate: Certificate, nickname: str) -> None:
        """A certificate without key; one that is there already stays as it is."""

    def set_trust(self, certificate: Certificate, trust: Trust) -> None:
        """The trust of a certificate that is there or was just added."""

    def add_keys(self, pfx: SealedPfx) -> None:
        """Every key in the PFX with its certificate, or alone; friendlyName becomes the nickname.

        A taken nickname gets a new one, never a merge.
        """

    def commit(self) -> None:
        """Write all of it, whole or not at all, durably."""


@runtime_checkable
class NarrowTrust(Protocol):
    """A store that has a place for some kinds of trust and not for others."""

    def narrowed(self, certificate: Certificate, trust: Trust) -> Trust:
        """As much of a trust as it can hold of that certificate."""


@runtime_checkable
class Advising(Protocol):
    """A store of a program that a person has to point at what arrived."""

    def advice(self) -> tuple[str, ...]:
        """What to set by hand after the steps that were committed since the store was opened, a line each."""


class Store(Protocol):
    """A place that holds certificates and keys."""

    location: Location
    path: str
    """Where it lies on disk, as listings show it."""
    file: bool
    """A file that a person made to carry things: all of it is meant to move, also what has no key."""
    keeps_trust: bool
    """Whether trust can be written to it."""
    seals_trust: bool
    """Whether that takes its password, as keys do."""
    @property
    def dialect(self) -> Dialect:
        """How a PFX that is handed to it must be encoded."""

    def list(self, subjects: Collection[bytes] | None = None) -> Listing:
        """What is there, or only the certificates of those subjects (DER Names), and never a password asked."""

    def unlock(self, ask: Asker) -> None:
        """Make keys available; asks only if there is a password, ``WrongPassword`` when the tries are used up.

        Where each key has a passphrase of its own, that for new ones may be asked for after ``checkpoint`` was called.
        """

    def export(self, wanted: Selection) -> SealedPfx:
        """The selected certificates and keys; ``KeyNotExportable``, ``NoMatch``, ``Unsupported`` by name."""

    def sign(self, key_id: str, message: bytes) -> bytes:
        """A signature over ``message`` with the key of that id, read afresh; made as ``pkcs12.keys`` makes it."""

    def checkpoint(self) -> Checkpoint:
        """Begin a step into this store; ``AccessDenied`` or ``StoreInUse`` where it cannot be written."""

    @property
    def undo_point(self) -> str | None:
        """What ``undo`` needs to take back everything committed since the store was opened, or None."""

    def undo(self, point: str) -> int:
        """Take back what was committed since that point: how many certificates and keys went."""


@runtime_checkable
class Leaving(Protocol):
    """A store whose keys may have come into other use by the time a step is taken back."""

    @property
    def left(self) -> tuple[str, ...]:
        """What ``undo`` left where it is, and why, a sentence each."""


@runtime_checkable
class ProtectsKeys(Protocol):
    """A store that can bar its keys from leaving, or ask its user before they are used."""

    def protect(self, *, exportable: bool, strong: bool, announce: Callable[[str], None]) -> None:
        """How keys that come in are kept, and who is told before the system asks its user something."""


@runtime_checkable
class Keeping(Protocol):
    """A store that keeps a copy of what is taken back."""

    def foresee(self, point: str) -> tuple[str, ...]:
        """What becomes of files when that point is undone, a sentence each; ``StoreNotFound`` where it cannot be."""

    def keep(self, point: str) -> tuple[str, ...]:
        """Copy what is there now to where undoing that point leaves it: the places."""


@runtime_checkable
class Fingerprinted(Protocol):
    """A store whose content can be told from any other without a password."""

    def fingerprint(self) -> str:
        """What names its content as it is now."""
