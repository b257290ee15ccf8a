"""What an NSS database holds, as values: certificates, private keys, trust; which key belongs to which certificate."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profiles.certificate import Certificate, PublicKey
from profiles.errors import Malformed
from profiles.model import NO_TRUST, Level, Problem, Trust
from profiles.nss import attributes as at
from profiles.nss.envelope import Keyring, PasswordEntry
from profiles.nss.sql import CERT_DB, KEY_DB, Table, reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

_CERTIFICATE_COLUMNS = (at.LABEL, at.VALUE, at.ID)
_KEY_COLUMNS = (at.LABEL, at.KEY_TYPE, at.ID, at.EXTRACTABLE, at.MODULUS, at.PUBLIC_EXPONENT, at.EC_PARAMS, at.NSS_DB,
                at.PRIME, at.SUBPRIME, at.BASE, *at.ENCRYPTED)
_TRUST_COLUMNS = (at.CLASS, at.ISSUER, at.SERIAL_NUMBER, at.TRUST_SERVER, at.TRUST_CLIENT, at.TRUST_CODE,
                  at.TRUST_EMAIL, at.CERT_SHA1, at.CERT_MD5, at.STEP_UP, at.NEW_SERVER, at.NEW_CLIENT, at.NEW_CODE,
                  at.NEW_EMAIL, at.CERT_HASH, at.HASH_MECHANISM)
_CHUNK = 500  # SQLite's limit of variables in one statement is 999 in old builds


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """A certificate object."""

    object_id: int
    certificate: Certificate
    nickname: str
    cka_id: bytes


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A private key object, its sealed values still sealed."""

    object_id: int
    row: at.Row

    @property
    def type(self) -> int:
        """CKA_KEY_TYPE."""
        return at.number(self.row.get(at.KEY_TYPE))

    @property
    def cka_id(self) -> bytes:
        """CKA_ID, which NSS pairs keys and certificates by."""
        return at.plain(self.row.get(at.ID))

    @property
    def public_value(self) -> bytes:
        """The modulus, EC point or DSA number where the database says it without a password, or nothing."""
        if self.type == at.RSA:
            return at.plain(self.row.get(at.MODULUS)).lstrip(b"\0")
        return at.plain(self.row.get(at.NSS_DB))

    @property
    def id(self) -> str:
        """SHA-1 of the public value in hex; CKA_ID where the public value is unknown."""
        value = self.public_value
        return hashlib.sha1(value, usedforsecurity=False).hexdigest() if value else self.cka_id.hex()

    @property
    def nickname(self) -> str:
        """CKA_LABEL."""
        return at.plain(self.row.get(at.LABEL)).decode("utf-8", "replace")

    @property
    def exportable(self) -> bool:
        """CKA_EXTRACTABLE; databases from before it was kept count as exportable, as NSS does."""
        return self.row.get(at.EXTRACTABLE) != at.FALSE

    @property
    def name(self) -> str:
        """The algorithm and size as in listings."""
        if self.type == at.RSA:
            return f"rsa-{int.from_bytes(self.public_value, 'big').bit_length()}"
        if self.type == at.DSA:
            return f"dsa-{int.from_bytes(at.plain(self.row.get(at.PRIME)), 'big').bit_length()}"
        if self.type in (at.EC, at.EC_EDWARDS):
            oid = {at.EC: "1.2.840.10045.2.1", at.EC_EDWARDS: "1.3.101.112"}[self.type]
            return PublicKey(oid, at.plain(self.row.get(at.EC_PARAMS)), b"", b"").name
        return at.KEY_TYPES.get(self.type, f"key type {self.type:#x}")

    def belongs_to(self, stored: StoredCertificate) -> bool:
        """Whether this is the key of the certificate: by public value, by CKA_ID only where there is none."""
        return paired(self, stored.certificate.public_key, stored.cka_id)


def paired(key: StoredKey, public: PublicKey, cka_id: bytes) -> bool:
    """Whether a stored key is the one of that public key."""
    value = key.public_value
    if not value:
        return bool(cka_id) and key.cka_id == cka_id
    return hashlib.sha1(value, usedforsecurity=False).hexdigest() == public.id


@dataclass(frozen=True, slots=True)
class StoredTrust:
    """A trust object, of either class."""

    object_id: int
    row: at.Row

    @property
    def new_class(self) -> bool:
        """CKO_TRUST (NSS 3.114 and later) and not CKO_NSS_TRUST."""
        return at.number(self.row.get(at.CLASS)) == at.TRUST

    def is_for(self, certificate: Certificate) -> bool:
        """Whether the hash in the object, if there is one, is the certificate's."""
        if self.new_class:
            expected = at.plain(self.row.get(at.CERT_HASH))
            return not expected or expected == hashlib.sha256(certificate.der).digest()
        expected = at.plain(self.row.get(at.CERT_SHA1))
        return not expected or expected == hashlib.sha1(certificate.der, usedforsecurity=False).digest()

    def trust(self) -> Trust:
        """What the object says, unauthenticated."""
        if self.new_class:
            columns, levels = (at.NEW_SERVER, at.NEW_CLIENT, at.NEW_EMAIL, at.NEW_CODE), at.NEW_LEVELS
        else:
            columns = (at.TRUST_SERVER, at.TRUST_CLIENT, at.TRUST_EMAIL, at.TRUST_CODE)
            levels = at.OLD_LEVELS
        known = {value: level for level, value in levels.items()}
        found = [known.get(at.number(self.row.get(column)), Level.UNKNOWN) for column in columns]
        return Trust(*(Level.UNKNOWN if level is Level.MUST_VERIFY else level for level in found))


@dataclass
class Contents:
    """One reading of a profile directory; nothing of it stays open."""

    certificates: list[StoredCertificate] = field(default_factory=list)
    keys: list[StoredKey] = field(default_factory=list)
    trusts: dict[tuple[bytes, bytes], list[StoredTrust]] = field(default_factory=dict)
    signatures: dict[str, bytes] = field(default_factory=dict)
    password: PasswordEntry | None = None
    problems: list[Problem] = field(default_factory=list)

    def key_of(self, stored: StoredCertificate) -> StoredKey | None:
        """The private key of a certificate."""
        return next((key for key in self._candidates(stored) if key.belongs_to(stored)), None)

    def _candidates(self, stored: StoredCertificate) -> Iterable[StoredKey]:
        if not hasattr(self, "_by_id"):
            self._by_id: dict[str, list[StoredKey]] = {}
            for key in self.keys:
                for name in {key.id, key.cka_id.hex()}:
                    self._by_id.setdefault(name, []).append(key)
        identifier = stored.certificate.public_key.id
        return self._by_id.get(identifier, []) + self._by_id.get(stored.cka_id.hex(), [])

    def trust_object(self, certificate: Certificate, *, new_class: bool) -> StoredTrust | None:
        """The trust object of that class for a certificate."""
        found = self.trusts.get((certificate.issuer, serial_tlv(certificate)), [])
        return next((one for one in found if one.new_class == new_class and one.is_for(certificate)), None)

    def trust_of(self, certificate: Certificate, ring: Keyring | None) -> Trust:
        """The trust of a certificate, the new class before the old; with a keyring only what its signatures prove."""
        for new_class in (True, False):
            stored = self.trust_object(certificate, new_class=new_class)
            if stored is not None:
                trust = stored.trust()
                return trust if not trust or ring is None or self._authentic(stored, ring) else NO_TRUST
        return NO_TRUST

    def _authentic(self, stored: StoredTrust, ring: Keyring) -> bool:
        levels = (at.NEW_SERVER, at.NEW_CLIENT, at.NEW_CODE, at.NEW_EMAIL) if stored.new_class else (
            at.TRUST_SERVER, at.TRUST_CLIENT, at.TRUST_CODE, at.TRUST_EMAIL)
        for column in levels:
            value = stored.row.get(column)
            if value is None:
                continue
            found = [self.signatures[name] for name in _names(stored.object_id, column) if name in self.signatures]
            if not any(ring.verify(one, stored.object_id, at.code(column), at.plain(value)) for one in found):
                return False
        return True


def signature_name(kind: str, object_id: int, column: str) -> str:
    """The name of the metaData row that signs one attribute of one object; kind is ``cert`` or ``key`` by its file."""
    return f"sig_{kind}_{object_id:08x}_{at.code(column):08x}"


def _names(object_id: int, column: str) -> tuple[str, str]:
    """Where a signature may be: a password change in some NSS versions files it under the object's handle."""
    return signature_name("cert", object_id, column), signature_name("cert", object_id | 0xC0000000, column)


def serial_tlv(certificate: Certificate) -> bytes:
    """CKA_SERIAL_NUMBER: the serial number as a DER INTEGER."""
    from profiles import asn1

    return asn1.tlv(asn1.INTEGER, certificate.serial)


def read(directory: Path, subjects: Collection[bytes] | None = None) -> Contents:
    """Everything in the profile, or only certificates of those subjects with their keys and trust."""
    contents = Contents()
    with ExitStack() as stack:
        tables = {name: stack.enter_context(reading(directory / name)) if (directory / name).exists() else None
                  for name in (CERT_DB, KEY_DB)}
        certs, keys = tables[CERT_DB], tables[KEY_DB]
        for name, table in tables.items():
            if table is None:
                contents.problems.append(Problem("incomplete", f"{name} is missing from the profile"))
        if certs is not None:
            _read_certificates(certs, contents, subjects)
        if keys is not None:
            _read_keys(keys, contents, None if subjects is None else _key_ids(contents.certificates))
        if certs is not None:
            _read_trust(certs, keys, contents, subjects)
    return contents


def read_key(directory: Path, key_id: str) -> Contents:
    """Only the private key of that id (see ``StoredKey.id``) and the password entry."""
    contents = Contents()
    if not (directory / KEY_DB).exists():
        return contents
    with reading(directory / KEY_DB) as table:
        _read_keys(table, contents, {bytes.fromhex(key_id)})
        contents.keys = [key for key in contents.keys if key.id == key_id]
        if not contents.keys:  # a key whose CKA_ID its maker chose
            _read_keys(table, contents, None)
            contents.keys = [key for key in contents.keys if key.id == key_id]
    return contents


def _read_certificates(table: Table, contents: Contents, subjects: Collection[bytes] | None) -> None:
    for object_id, row in _selected(table, at.CERTIFICATE, at.SUBJECT, subjects, _CERTIFICATE_COLUMNS):
        try:
            certificate = Certificate.parse(at.plain(row.get(at.VALUE)))
        except Malformed as error:
            contents.problems.append(Problem("malformed", f"certificate object {object_id}: {error.message}"))
            continue
        nickname = at.plain(row.get(at.LABEL)).decode("utf-8", "replace")
        contents.certificates.append(StoredCertificate(object_id, certificate, nickname, at.plain(row.get(at.ID))))


def _read_keys(table: Table, contents: Contents, wanted: Collection[bytes] | None) -> None:
    for object_id, row in _selected(table, at.PRIVATE_KEY, at.ID, wanted, _KEY_COLUMNS):
        contents.keys.append(StoredKey(object_id, row))
    entry = table.meta("password").get("password")
    if entry is not None and entry[1] is not None:
        contents.password = PasswordEntry(entry[0], entry[1])


def _key_ids(certificates: Iterable[StoredCertificate]) -> set[bytes]:
    return {value for stored in certificates
            for value in (stored.cka_id, bytes.fromhex(stored.certificate.public_key.id))}


def _read_trust(
    certs: Table, keys: Table | None, contents: Contents, subjects: Collection[bytes] | None
) -> None:
    issuers = None if subjects is None else {stored.certificate.issuer for stored in contents.certificates}
    serials = {serial_tlv(stored.certificate) for stored in contents.certificates}
    for kind in (at.NSS_TRUST, at.TRUST):
        for object_id, row in _selected(certs, kind, at.ISSUER, issuers, _TRUST_COLUMNS):
            serial = at.plain(row.get(at.SERIAL_NUMBER))
            if serial in serials:
                trust = StoredTrust(object_id, row)
                contents.trusts.setdefault((at.plain(row.get(at.ISSUER)), serial), []).append(trust)
    if keys is None:
        return
    if subjects is None:
        contents.signatures = {name: one for name, (one, _) in keys.meta("sig_cert_%").items()} if any(
            one.trust() for found in contents.trusts.values() for one in found) else {}
        return
    names = (name for found in contents.trusts.values() for stored in found for column in stored.row
             for name in _names(stored.object_id, column))
    contents.signatures = {name: one for name in names if (one := keys.signature(name)) is not None}


def _selected(
    table: Table, kind: int, column: str, values: Collection[bytes] | None, columns: tuple[str, ...]
) -> Iterable[tuple[int, at.Row]]:
    if values is None:
        yield from table.rows("a0 = ?", (at.ulong(kind),), columns)
        return
    ordered = sorted(values)
    for start in range(0, len(ordered), _CHUNK):
        part = ordered[start : start + _CHUNK]
        marks = ", ".join("?" * len(part))
        yield from table.rows(f"{column} IN ({marks}) AND a0 = ?", (*part, at.ulong(kind)), columns)
