"""One step into an NSS database: gathered in memory, checked against what is there, committed in one."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from profiles.errors import PasswordNeeded
from profiles.model import NO_TRUST, SealedPfx, Trust
from profiles.nss import attributes as at
from profiles.nss import contents as stored
from profiles.nss import objects
from profiles.nss.change import Change, Overwrite
from profiles.nss.keys import plain_row
from profiles.nss.reading import read
from profiles.nss.sql import CERT_DB, KEY_DB, Table, fresh_id, reading
from profiles.pkcs12.seal import open_sealed

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from profiles.certificate import Certificate
    from profiles.nss.commit import Run
    from profiles.nss.envelope import Keyring, PasswordEntry
    from profiles.pkcs12.contents import Item
    from profiles.pkcs12.keys import PrivateKey


class NssCheckpoint:
    """A ``Checkpoint`` of the NSS store."""

    def __init__(
        self, directory: Path, run: Run, ring: Keyring | None, entry: PasswordEntry | None,
        new_entry: PasswordEntry | None,
    ) -> None:
        self._directory, self._run, self._ring, self._new_entry = directory, run, ring, new_entry
        self._change = Change(entry=entry)
        self._added: dict[bytes, int] = {}
        self._nicknames: set[str] = set()
        self._step: int | None = None
        self._tables = ExitStack()

    def __enter__(self) -> Self:
        self._certs = self._open(CERT_DB)
        self._keys = self._open(KEY_DB)
        return self

    def _open(self, name: str) -> Table | None:
        path = self._directory / name
        return self._tables.enter_context(reading(path)) if path.exists() else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tables.close()
        if kind is not None and self._step is not None:
            self._run.revert(self._step)

    def add_certificate(self, certificate: Certificate, nickname: str) -> None:
        """See ``Checkpoint``."""
        if certificate.der in self._added or self._present(certificate):
            return
        object_id = self._fresh(self._certs)
        row = objects.certificate(certificate, self._free_nickname(nickname or certificate.common_name))
        self._change.cert_inserts[object_id] = row
        self._added[certificate.der] = object_id

    def set_trust(self, certificate: Certificate, trust: Trust) -> None:
        """See ``Checkpoint``."""
        ring = self._unlocked()
        present = read(self._directory, {certificate.subject}) if self._certs else stored.Contents()
        found = [one for new_class in (True, False)
                 if (one := present.trust_object(certificate, new_class=new_class)) is not None]
        for one in found:
            self._overwrite_trust(one, trust, ring)
        if not found and trust != NO_TRUST:
            object_id = self._fresh(self._certs)
            row = objects.trust_object(certificate, trust)
            self._change.cert_inserts[object_id] = row
            self._change.meta_inserts |= objects.signatures("cert", object_id, row, ring)

    def _overwrite_trust(self, one: stored.StoredTrust, trust: Trust, ring: Keyring) -> None:
        new = objects.trust_values(trust, new_class=one.new_class)
        old = {column: one.row.get(column) for column in new}
        self._change.cert_updates[one.object_id] = Overwrite(old, new)
        # All of the object's signatures are made anew: one that was filed under another name is not looked for first.
        for name, signature in objects.signatures("cert", one.object_id, {**one.row, **new}, ring).items():
            previous = self._keys.signature(name) if self._keys else None
            self._change.meta_updates[name] = (previous, signature)

    def add_keys(self, pfx: SealedPfx) -> None:
        """See ``Checkpoint``."""
        for item in open_sealed(pfx).items:
            if item.certificate is not None:
                self.add_certificate(item.certificate, item.nickname)
            if item.key is not None:
                self._add_key(item.key, item)

    def _add_key(self, key: PrivateKey, item: Item) -> None:
        ring = self._unlocked()
        cka_id = bytes.fromhex(key.id)
        knows_edwards = self._certs is not None and self._certs.has(at.NEW_SERVER)
        plain, secret = plain_row(key, knows_edwards=knows_edwards)
        change = self._change
        if not self._has(self._keys, at.PRIVATE_KEY, cka_id) and not _inserted(change.key_inserts, cka_id):
            object_id = self._fresh(self._keys)
            sealed, signed = objects.seal(object_id, secret, ring)
            subject = item.certificate.subject if item.certificate else b""
            row = objects.private_key(plain, cka_id, item.nickname, subject)
            change.key_inserts[object_id] = row | sealed
            change.meta_inserts |= signed | objects.signatures("key", object_id, row, ring)
        if not self._has(self._certs, at.PUBLIC_KEY, cka_id) and not any(
            row.get(at.ID) == cka_id and row.get(at.CLASS) == at.ulong(at.PUBLIC_KEY)
            for row in change.cert_inserts.values()
        ):
            object_id = self._fresh(self._certs)
            public = objects.public_key(plain, cka_id)
            change.cert_inserts[object_id] = public
            change.meta_inserts |= objects.signatures("cert", object_id, public, ring)

    def commit(self) -> None:
        """See ``Checkpoint``."""
        self._tables.close()
        self._certs = self._keys = None
        if self._change:
            self._step = self._run.commit(self._change, self._new_entry)

    def _unlocked(self) -> Keyring:
        if self._ring is None:
            raise PasswordNeeded(f"{self._directory} is locked", "Give its primary password.")
        return self._ring

    def _present(self, certificate: Certificate) -> bool:
        if self._certs is None:
            return False
        found = self._certs.rows("a101 = ? AND a0 = ?", (at.stored(certificate.subject), at.ulong(at.CERTIFICATE)),
                                 (at.VALUE,))
        return any(row.get(at.VALUE) == certificate.der for _, row in found)

    def _has(self, table: Table | None, kind: int, cka_id: bytes) -> bool:
        return table is not None and bool(
            table.rows("a102 = ? AND a0 = ?", (cka_id, at.ulong(kind)), (at.ID,)))

    def _fresh(self, table: Table | None) -> int:
        used = {*self._change.cert_inserts, *self._change.key_inserts}
        if table is not None:
            return fresh_id(table, used)
        return max(used, default=1000) + 1  # a database that is yet to be made

    def _free_nickname(self, wanted: str) -> str:
        candidate, count = wanted, 1
        while candidate in self._nicknames or self._labelled(candidate):
            count += 1
            candidate = f"{wanted} #{count}"
        self._nicknames.add(candidate)
        return candidate

    def _labelled(self, nickname: str) -> bool:
        return self._certs is not None and bool(
            self._certs.rows("a3 = ? AND a0 = ?", (nickname.encode(), at.ulong(at.CERTIFICATE)), (at.ID,)))


def _inserted(rows: dict[int, at.Row], cka_id: bytes) -> bool:
    return any(row.get(at.ID) == cka_id for row in rows.values())
