"""A store in memory that keeps every promise: the contract in short, and a store to test the engine with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from profiles.errors import KeyNotExportable, NoMatch, PasswordNeeded, StoreNotFound, WrongPassword
from profiles.model import Entry, Listing, Location, PendingKey, SealedPfx, Selection, Trust
from profiles.pkcs12.contents import Item
from profiles.pkcs12.dialects import SEALED
from profiles.pkcs12.seal import open_sealed, seal

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import TracebackType

    from profiles.certificate import Certificate
    from profiles.pkcs12.keys import PrivateKey
    from profiles.store import Asker


@dataclass(frozen=True)
class Kept:
    """Certificates by fingerprint and keys by id, each an item without the other half."""

    certificates: dict[str, Item] = field(default_factory=dict)
    keys: dict[str, Item] = field(default_factory=dict)

    @property
    def pending(self) -> dict[str, Item]:
        """The keys that no certificate belongs to."""
        owned = {item.certificate.public_key.id for item in self.certificates.values() if item.certificate}
        return {name: item for name, item in self.keys.items() if name not in owned}

    def __len__(self) -> int:
        return len(self.certificates) + len(self.keys)


@dataclass
class Shelf:
    """Where a memory store keeps its things, so that it can be opened afresh."""

    password: str = ""
    kept: Kept = field(default_factory=Kept)
    barred: set[str] = field(default_factory=set)
    """Ids of keys that are never handed out."""
    points: dict[str, Kept] = field(default_factory=dict)
    """What was there before, by undo point."""


class MemoryCheckpoint:
    """One step into a memory store."""

    def __init__(self, store: MemoryStore) -> None:
        self.store, self.shelf = store, store.shelf
        self.before = self.shelf.kept

    def __enter__(self) -> Self:
        self.before = self.shelf.kept
        self.draft = Kept(dict(self.before.certificates), dict(self.before.keys))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.shelf.kept = self.before

    def add_certificate(self, certificate: Certificate, nickname: str) -> None:
        """See ``Checkpoint``."""
        if certificate.sha256 not in self.draft.certificates:
            item = Item(certificate, None, self.free(nickname or certificate.common_name))
            self.draft.certificates[certificate.sha256] = item

    def free(self, nickname: str) -> str:
        """The nickname, or one made of it that is not taken."""
        taken = {item.nickname for item in self.draft.certificates.values()}
        names = (nickname, *(f"{nickname} #{number}" for number in range(2, len(taken) + 3)))
        return next(name for name in names if name not in taken)

    def set_trust(self, certificate: Certificate, trust: Trust) -> None:
        """See ``Checkpoint``."""
        item = self.draft.certificates[certificate.sha256]
        self.draft.certificates[certificate.sha256] = replace(item, trust=trust)

    def add_keys(self, pfx: SealedPfx) -> None:
        """See ``Checkpoint``."""
        self.store.require_unlocked()
        for item in open_sealed(pfx).items:
            if item.certificate is not None:
                self.add_certificate(item.certificate, item.nickname)
            if item.key is not None:
                self.add_key(item.key, item.nickname)

    def add_key(self, key: PrivateKey, nickname: str) -> None:
        """One key by its id."""
        self.draft.keys.setdefault(key.id, Item(None, key, nickname))

    def commit(self) -> None:
        """See ``Checkpoint``."""
        if self.draft != self.before:
            self.shelf.points.setdefault(self.store.run, self.before)
            self.shelf.kept = self.draft


class MemoryStore:
    """A ``Store`` over a shelf; ``step`` is what its checkpoints are."""

    file = False
    keeps_trust = True
    seals_trust = True
    dialect = SEALED

    def __init__(self, shelf: Shelf, step: type[MemoryCheckpoint] = MemoryCheckpoint) -> None:
        self.location, self.path = Location("memory"), ""
        self.shelf, self.step = shelf, step
        self.unlocked = not shelf.password
        self.run = secrets.token_hex(8)

    def list(self, subjects: Collection[bytes] | None = None) -> Listing:
        """See ``Store``."""
        kept = self.shelf.kept
        entries = tuple(
            Entry(item.certificate, item.nickname, item.certificate.public_key.id in kept.keys, item.trust)
            for item in kept.certificates.values()
            if item.certificate is not None and (subjects is None or item.certificate.subject in subjects))
        pending = tuple(PendingKey(name, item.key.name, item.nickname) for name, item in kept.pending.items()
                        if item.key is not None and subjects is None)
        return Listing(self.location, "memory", self.path, "ready" if kept else "empty", entries, pending)

    def unlock(self, ask: Asker) -> None:
        """See ``Store``."""
        for _ in range(ask.tries):
            if self.unlocked:
                return
            self.unlocked = ask("the password of the memory").reveal().decode() == self.shelf.password
        if not self.unlocked:
            raise WrongPassword("that is not the password of the memory")

    def require_unlocked(self) -> None:
        """``PasswordNeeded`` while locked."""
        if not self.unlocked:
            raise PasswordNeeded("the memory is locked")

    def export(self, wanted: Selection) -> SealedPfx:
        """See ``Store``."""
        kept = self.shelf.kept
        wanted.require(kept.certificates, kept.keys)
        items = []
        for sha256 in wanted.certificates:
            item = kept.certificates[sha256]
            owner = item.certificate.public_key.id if item.certificate else ""
            items.append(replace(item, key=self.handed_out(owner).key) if owner in kept.keys else item)
        return seal([*items, *map(self.handed_out, wanted.keys)])

    def handed_out(self, key_id: str) -> Item:
        """A key for the outside; ``KeyNotExportable``."""
        self.require_unlocked()
        if key_id in self.shelf.barred:
            raise KeyNotExportable(f"the key {key_id} is not exportable")
        return self.shelf.kept.keys[key_id]

    def sign(self, key_id: str, message: bytes) -> bytes:
        """See ``Store``."""
        item = self.shelf.kept.keys.get(key_id)
        if item is None or item.key is None:
            raise NoMatch(f"the key {key_id} is not in the memory")
        self.require_unlocked()
        return item.key.sign(message)

    def checkpoint(self) -> MemoryCheckpoint:
        """See ``Store``."""
        return self.step(self)

    @property
    def undo_point(self) -> str | None:
        """See ``Store``."""
        return self.run if self.shelf.points.get(self.run, self.shelf.kept) != self.shelf.kept else None

    def undo(self, point: str) -> int:
        """See ``Store``."""
        if point not in self.shelf.points:
            raise StoreNotFound("nothing was committed under that point")
        after, self.shelf.kept = self.shelf.kept, self.shelf.points.pop(point)
        return len(after) - len(self.shelf.kept)
