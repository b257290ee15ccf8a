"""One step's change to a database as data: what goes in, what is overwritten, and the public part that is logged."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from profiles.errors import Malformed
from profiles.nss import attributes as at
from profiles.nss.contents import CERT_HANDLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from profiles.nss.attributes import Row
    from profiles.nss.envelope import PasswordEntry
    from profiles.nss.sql import Table

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Overwrite:
    """New values for some attributes of one object, and what they replace."""

    old: Row
    new: Row


@dataclass
class Change:
    """Rows by object id for either file, and rows of metaData by name."""

    cert_inserts: dict[int, Row] = field(default_factory=dict)
    cert_updates: dict[int, Overwrite] = field(default_factory=dict)
    key_inserts: dict[int, Row] = field(default_factory=dict)
    meta_inserts: dict[str, bytes] = field(default_factory=dict)
    meta_updates: dict[str, tuple[bytes | None, bytes]] = field(default_factory=dict)
    entry: PasswordEntry | None = None
    """What the secrets in it are sealed under."""

    def __bool__(self) -> bool:
        return bool(self.cert_inserts or self.cert_updates or self.key_inserts)

    def public(self) -> Logged:
        """The part that recovery and undo need; no private row is in it, sealed or not."""
        return Logged(
            cert_inserts=dict(self.cert_inserts), cert_updates=dict(self.cert_updates),
            key_ids=tuple(self.key_inserts), meta_names=tuple(self.meta_inserts),
            meta_updates=dict(self.meta_updates),
        )

    def apply_to_keys(self, table: Table) -> None:
        """Write the key4.db half inside the table's transaction."""
        for object_id, row in self.key_inserts.items():
            table.insert(object_id, row)
        for name, value in self.meta_inserts.items():
            table.put_meta(name, value)
        for name, (_, value) in self.meta_updates.items():
            table.put_meta(name, value)


@dataclass(frozen=True, slots=True)
class Logged:
    """A change without its secrets, as it stands in the intent file and the undo log."""

    cert_inserts: dict[int, Row]
    cert_updates: dict[int, Overwrite]
    key_ids: tuple[int, ...]
    meta_names: tuple[str, ...]
    meta_updates: dict[str, tuple[bytes | None, bytes]]

    def keys_written(self, table: Table) -> bool:
        """Whether the key4.db half is there: it is one transaction, so any of it means all of it."""
        if self.key_ids:
            return any(table.taken(object_id) for object_id in self.key_ids)
        if self.meta_names or self.meta_updates:
            return any(table.signature(name) is not None for name in self.meta_names) or any(
                table.signature(name) == new for name, (_, new) in self.meta_updates.items())
        return True

    def apply_to_certificates(self, table: Table) -> None:
        """Write the cert9.db half inside the table's transaction; what is there already stays."""
        for object_id, row in self.cert_inserts.items():
            if not table.taken(object_id):
                table.insert(object_id, row)
        for object_id, overwrite in self.cert_updates.items():
            table.update(object_id, overwrite.new)

    def revert_certificates(self, table: Table, needed: Callable[[bytes | None], bool]) -> tuple[int, frozenset[int]]:
        """Take the cert9.db half back where it is still as it was written.

        How many certificates went, and the objects that stay: what somebody changed since, and the public halves of
        keys whose CKA_ID is ``needed``.
        """
        gone, stay = 0, set()
        kinds = {object_id: at.number(row.get(at.CLASS)) for object_id, row in self.cert_inserts.items()}
        for object_id in sorted(kinds, key=lambda one: kinds[one] == at.PUBLIC_KEY):  # after the certificates
            row = self.cert_inserts[object_id]
            if unchanged(table, object_id, row) and not (kinds[object_id] == at.PUBLIC_KEY and needed(row.get(at.ID))):
                table.delete(object_id)
                gone += kinds[object_id] == at.CERTIFICATE
            elif table.taken(object_id):
                stay.add(object_id)
        for object_id, overwrite in self.cert_updates.items():
            if unchanged(table, object_id, overwrite.new):
                table.update(object_id, overwrite.old)
            elif not unchanged(table, object_id, overwrite.old):
                stay.add(object_id)
        return gone, frozenset(stay)

    def revert_keys(self, table: Table, keep: frozenset[int], stay: frozenset[int]) -> int:
        """Take the key4.db half back, but for the keys in ``keep`` and what signs what stays; how many keys went."""
        gone = 0
        kept = {f"sig_key_{one:08x}" for one in keep}
        kept |= {f"sig_cert_{one | bits:08x}" for one in stay for bits in (0, CERT_HANDLE)}
        for object_id in self.key_ids:
            if object_id not in keep and table.taken(object_id):
                table.delete(object_id)
                gone += 1
        for name in self.meta_names:
            if name.rpartition("_")[0] not in kept:
                table.delete_meta(name)
        for name, (old, new) in self.meta_updates.items():
            if name.rpartition("_")[0] not in kept and table.signature(name) == new:
                table.put_meta(name, old) if old is not None else table.delete_meta(name)
        return gone

    def encode(self) -> bytes:
        """The JSON form with a checksum, so that a torn file is recognised."""
        body = json.dumps({
            "version": _VERSION,
            "cert_inserts": {str(key): _hex(row) for key, row in self.cert_inserts.items()},
            "cert_updates": {str(key): [_hex(one.old), _hex(one.new)] for key, one in self.cert_updates.items()},
            "key_ids": self.key_ids,
            "meta_names": self.meta_names,
            "meta_updates": {name: [old.hex() if old is not None else None, new.hex()]
                             for name, (old, new) in self.meta_updates.items()},
        }, separators=(",", ":")).encode()
        return hashlib.sha256(body).hexdigest().encode() + b"\n" + body

    @classmethod
    def decode(cls, data: bytes) -> Logged:
        """Read ``encode``'s form; ``Malformed`` for anything else."""
        checksum, _, body = data.partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != checksum:
            raise Malformed("the record of an unfinished step is cut off or damaged")
        found: dict[str, Any] = json.loads(body)
        if found["version"] != _VERSION:
            raise Malformed("the record of an unfinished step was written by a newer certferry")
        return cls(
            cert_inserts={int(key): _row(row) for key, row in found["cert_inserts"].items()},
            cert_updates={int(key): Overwrite(_row(old), _row(new))
                          for key, (old, new) in found["cert_updates"].items()},
            key_ids=tuple(found["key_ids"]),
            meta_names=tuple(found["meta_names"]),
            meta_updates={name: (bytes.fromhex(old) if old is not None else None, bytes.fromhex(new))
                          for name, (old, new) in found["meta_updates"].items()},
        )


def unchanged(table: Table, object_id: int, row: Row) -> bool:
    """Whether an object is there with those values."""
    found = table.rows("id = ?", (object_id,), row)
    return bool(found) and all(found[0][1].get(name) == value for name, value in row.items() if name in table.columns)


def _hex(row: Row) -> dict[str, str | None]:
    return {name: value.hex() if value is not None else None for name, value in row.items()}


def _row(found: dict[str, str | None]) -> Row:
    return {name: bytes.fromhex(value) if value is not None else None for name, value in found.items()}
