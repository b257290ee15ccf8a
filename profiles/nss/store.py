"""The NSS store: a profile directory with cert9.db and key4.db, through the native engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from profiles.commands import typed
from profiles.errors import (
    AccessDenied,
    Malformed,
    NoMatch,
    PasswordNeeded,
    StoreNotFound,
    Unsupported,
    WrongPassword,
)
from profiles.model import Entry, Listing, Location, PendingKey, Problem, SealedPfx, Secret, Selection
from profiles.nss.contents import Contents
from profiles.nss.intent import OWN, pending
from profiles.nss.sql import CERT_DB, KEY_DB, translated

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from profiles.nss.commit import Run
    from profiles.nss.envelope import Keyring, PasswordEntry
    from profiles.pkcs12.dialects import Dialect
    from profiles.store import Asker, Checkpoint

LEGACY = ("cert8.db", "key3.db", "cert7.db")
_PROFILE_MARKS = ("prefs.js", "times.json", "compatibility.ini", "pkcs11.txt", "places.sqlite", "user.js")


def present(directory: Path) -> bool:
    """Whether there is an NSS database in the directory, whole or in part."""
    return any(os.path.exists(f"{directory}{os.sep}{name}") for name in (CERT_DB, KEY_DB))  # noqa: PTH110 - of a whole fleet


def upgrade(directory: Path | str) -> str:
    """What to do about databases of the format before 2018."""
    command = typed("certutil", "--merge", "-d", f"sql:{directory}", "--source-dir", f"dbm:{directory}")
    return f"Make a backup of the directory, then bring the old ones in with: {command}"


class NssStore:
    """A ``Store`` over one profile directory; opening it finishes or takes back what a crash left behind."""

    file = False
    keeps_trust = True
    seals_trust = True

    def __init__(
        self, location: Location, directory: Path, product: str = "NSS database", *, new: bool = False
    ) -> None:
        self.location, self.directory, self.product, self.path = location, directory, product, str(directory)
        self._ring: Keyring | None = None
        self._entry: PasswordEntry | None = None
        """What the ring was opened from."""
        self._new_entry: PasswordEntry | None = None
        self._run: Run | None = None
        self.left: tuple[str, ...] = ()
        with translated(directory):
            self._check_place(new=new)
        self._waiting = pending(directory)
        if self._waiting and os.access(directory, os.W_OK):
            from profiles.nss.commit import recover

            recover(directory)
            self._waiting = False

    def _check_place(self, *, new: bool) -> None:
        """Where an application keeps its store, one may be made; elsewhere only in a new or an empty directory."""
        directory, application = self.directory, self.location.kind != "nss"
        if present(directory):
            return
        if not directory.exists():
            if application or (new and directory.parent.is_dir()):
                return
            raise StoreNotFound(f"there is no directory {directory}",
                                "Check the path; `certferry stores` lists profiles.")
        if not directory.is_dir():
            raise Malformed(f"{directory} is not a profile directory")
        names = {path.name for path in directory.iterdir()}
        if names & set(LEGACY):
            raise Unsupported(f"{directory} holds a database of the old format (cert8.db, key3.db)",
                              upgrade(directory))
        if not application and names - {OWN} and not names & set(_PROFILE_MARKS):
            raise Malformed(f"{directory} is not an NSS profile: it has neither cert9.db nor key4.db",
                            "Name the directory that holds these two files, or an empty one for a new database.")

    @property
    def dialect(self) -> Dialect:
        """See ``Store``."""
        from profiles.pkcs12.dialects import SEALED

        return SEALED

    # -- reading

    def list(self, subjects: Collection[bytes] | None = None) -> Listing:
        """See ``Store``."""
        contents = self._read(subjects)
        keys = {stored.object_id: key.object_id for stored in contents.certificates
                if (key := contents.key_of(stored)) is not None}
        entries = tuple(
            Entry(stored.certificate, stored.nickname, stored.object_id in keys,
                  contents.trust_of(stored.certificate, self._ring))
            for stored in contents.certificates)
        owned = set(keys.values())
        pending = tuple(PendingKey(key.id, key.name, key.nickname) for key in contents.keys
                        if key.object_id not in owned) if subjects is None else ()
        problems = tuple(contents.problems)
        if self._waiting:
            text = "an interrupted step waits here, and the directory cannot be written"
            problems += (Problem("access-denied", text),)
        state = "ready" if present(self.directory) else "empty"
        return Listing(self.location, self.product, str(self.directory), state, entries, pending, problems)

    def _read(self, subjects: Collection[bytes] | None = None, *, whole_keys: bool = False) -> Contents:
        from profiles.nss.reading import read

        return read(self.directory, subjects, whole_keys=whole_keys) if present(self.directory) else Contents()

    def unlock(self, ask: Asker) -> None:
        """See ``Store``."""
        if self._ring is not None:
            return
        contents = self._read(())
        entry = contents.password
        if entry is None:
            what = f"the new primary password of {self.location}"
            from profiles.nss.envelope import PasswordEntry

            password = ask(what, new=True) if ask.explicit else Secret("")
            entry = self._entry = self._new_entry = PasswordEntry.create(password)
            self._ring = entry.open(password)
            return
        self._entry = entry
        self._ring = contents.unlocked()
        for _ in range(ask.tries):
            if self._ring is not None:
                return
            self._ring = entry.open(ask(f"the primary password of {self.location}"))
        if self._ring is None:
            raise WrongPassword(f"that is not the primary password of {self.location}",
                                "It is the one that the application asks for when it first uses a certificate.")

    def export(self, wanted: Selection) -> SealedPfx:
        """See ``Store``."""
        from profiles.nss.keys import private_key, sealed_values
        from profiles.pkcs12.contents import Item
        from profiles.pkcs12.seal import seal

        contents = self._read(whole_keys=True)
        chosen = {stored.certificate.sha256: stored for stored in reversed(contents.certificates)
                  if stored.certificate.sha256 in wanted.certificates}
        loose = {key.id: key for key in contents.keys if key.id in wanted.keys}
        wanted.require(chosen, loose)
        pairs = [(stored, contents.key_of(stored)) for stored in chosen.values()]
        keys = [key for _, key in pairs if key is not None] + [*loose.values()]
        ring = self._unlocked(contents) if keys else None
        if ring is not None:
            ring.prepare(blob for key in keys if key.exportable for blob in sealed_values(key))
        items = [Item(stored.certificate, private_key(key, ring) if key and ring else None, stored.nickname,
                      contents.trust_of(stored.certificate, ring or self._ring))
                 for stored, key in pairs]
        items += [Item(None, private_key(key, ring), key.nickname) for key in loose.values() if ring]
        return seal(items)

    def sign(self, key_id: str, message: bytes) -> bytes:
        """See ``Store``."""
        from profiles.nss.keys import private_key

        contents = self._key(key_id)
        if not contents.keys:
            raise NoMatch(f"the key {key_id} is not in {self.location}")
        return private_key(contents.keys[0], self._unlocked(contents)).sign(message)

    def _key(self, key_id: str) -> Contents:
        from profiles.nss.reading import read_key

        return read_key(self.directory, key_id) if present(self.directory) else Contents()

    def _unlocked(self, contents: Contents) -> Keyring:
        ring = self._ring or contents.unlocked()
        if ring is None:
            raise PasswordNeeded(f"{self.location} is locked", "Give its primary password.")
        return ring

    # -- writing

    def checkpoint(self) -> Checkpoint:
        """See ``Store``."""
        from profiles.nss.checkpoint import NssCheckpoint
        from profiles.nss.commit import Run

        place = self.directory
        while not place.exists():
            place = place.parent
        if not os.access(place, os.W_OK | os.X_OK):
            raise AccessDenied(f"{self.directory} may not be written", "Check who owns the directory and its mode.")
        entry = self._new_entry
        if entry is None and not all((self.directory / name).exists() for name in (CERT_DB, KEY_DB)):
            from profiles.nss.envelope import PasswordEntry

            entry = self._read(()).password or PasswordEntry.create(Secret(""))
        self._run = self._run or Run(self.directory)
        return NssCheckpoint(self.directory, self._run, self._ring, self._entry if self._ring else None, entry)

    @property
    def undo_point(self) -> str | None:
        """See ``Store``."""
        return self._run.point if self._run else None

    def foresee(self, point: str) -> tuple[str, ...]:
        """See ``Keeping``."""
        from profiles.nss.undoing import recorded

        recorded(self.directory, point)
        return ()

    def keep(self, point: str) -> tuple[str, ...]:
        """See ``Keeping``: in the record of the run, which opens as ``nss:DIR``."""
        from profiles.nss.undoing import keep

        return (str(keep(self.directory, point)),)

    def undo(self, point: str) -> int:
        """See ``Store``."""
        from profiles.nss.undoing import left, undo

        gone = sum(undo(self.directory, point))
        self.left = left(self.directory, point)
        return gone

