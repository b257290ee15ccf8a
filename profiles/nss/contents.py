"""What an NSS database holds, as values: certificates, private keys, trust; which key belongs to which certificate."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from profiles.model import NO_TRUST, Level, Problem, Secret, Trust
from profiles.nss import attributes as at
from profiles.public_key import PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from profiles.certificate import Certificate
    from profiles.nss.envelope import Keyring, PasswordEntry

CERT_HANDLE = 0xC0000000
"""What the handle of an object in cert9.db has besides its id."""


class StoredCertificate(NamedTuple):
    """A certificate object."""

    object_id: int
    certificate: Certificate
    nickname: str
    cka_id: bytes


class StoredKey(NamedTuple):
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
        return paired(self, stored.certificate.key_id, stored.cka_id)


def paired(key: StoredKey, key_id: str, cka_id: bytes) -> bool:
    """Whether a stored key is the one of that id; CKA_ID decides only where its public value is not known."""
    if not key.public_value:
        return bool(cka_id) and key.cka_id == cka_id
    return key.id == key_id


_OLD_LEVELS, _NEW_LEVELS = (
    {value: level for level, value in levels.items() if level is not Level.MUST_VERIFY}
    for levels in (at.OLD_LEVELS, at.NEW_LEVELS))


class StoredTrust(NamedTuple):
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
        """What the object says, unauthenticated; "must verify" is how softoken writes that nothing is said."""
        known = _NEW_LEVELS if self.new_class else _OLD_LEVELS
        return Trust(*(known.get(at.number(self.row.get(column)), Level.UNKNOWN) for column in self.levels))

    @property
    def levels(self) -> tuple[str, str, str, str]:
        """The columns of server, client, e-mail and code."""
        if self.new_class:
            return at.NEW_SERVER, at.NEW_CLIENT, at.NEW_EMAIL, at.NEW_CODE
        return at.TRUST_SERVER, at.TRUST_CLIENT, at.TRUST_EMAIL, at.TRUST_CODE


@dataclass
class Contents:
    """One reading of a profile directory; nothing of it stays open."""

    certificates: list[StoredCertificate] = field(default_factory=list)
    keys: list[StoredKey] = field(default_factory=list)
    trusts: dict[tuple[bytes, bytes], list[StoredTrust]] = field(default_factory=dict)
    signatures: dict[str, bytes] = field(default_factory=dict)
    password_row: tuple[bytes, bytes] | None = None
    """Global salt and sealed check text, if key4.db has a password entry (also the empty password has one)."""
    problems: list[Problem] = field(default_factory=list)

    @property
    def password(self) -> PasswordEntry | None:
        """The password entry; what opens it is imported no earlier."""
        from profiles.nss.envelope import PasswordEntry

        return PasswordEntry(*self.password_row) if self.password_row else None

    def key_of(self, stored: StoredCertificate) -> StoredKey | None:
        """The private key of a certificate."""
        return next((key for key in self._candidates(stored) if key.belongs_to(stored)), None)

    def _candidates(self, stored: StoredCertificate) -> Iterable[StoredKey]:
        if not hasattr(self, "_by_id"):
            self._by_id: dict[str, list[StoredKey]] = {}
            for key in self.keys:
                for name in {key.id, key.cka_id.hex()}:
                    self._by_id.setdefault(name, []).append(key)
        identifier = stored.certificate.key_id
        return self._by_id.get(identifier, []) + self._by_id.get(stored.cka_id.hex(), [])

    def trust_object(self, certificate: Certificate, *, new_class: bool) -> StoredTrust | None:
        """The trust object of that class for a certificate."""
        found = self.trusts.get(certificate.issuer_and_serial, [])
        return next((one for one in found if one.new_class == new_class and one.is_for(certificate)), None)

    def trust_of(self, certificate: Certificate, ring: Keyring | None) -> Trust:
        """The trust of a certificate, the new class before the old: what its signatures prove.

        Without a keyring, a database that is locked is believed unproved, as ``certutil -L`` does.
        """
        for new_class in (True, False):
            stored = self.trust_object(certificate, new_class=new_class)
            if stored is not None:
                trust = stored.trust()
                return trust if not trust or self._believed(stored, ring) else NO_TRUST
        return NO_TRUST

    def _believed(self, stored: StoredTrust, ring: Keyring | None) -> bool:
        if ring is not None or self.password is None:
            return ring is not None and self._authentic(stored, ring)
        return self._authentic(stored, self.password.keyring(Secret(""))) or self.unlocked() is None

    def unlocked(self) -> Keyring | None:
        """The keys of a database that has no password, or None."""
        return self.password.open(Secret("")) if self.password else None

    def _authentic(self, stored: StoredTrust, ring: Keyring) -> bool:
        for column in stored.levels:
            value = stored.row.get(column)
            if value is None:
                continue
            names = signature_names(stored.object_id, column)
            found = [self.signatures[name] for name in names if name in self.signatures]
            if not any(ring.verify(one, stored.object_id, at.code(column), at.plain(value)) for one in found):
                return False
        return True


def signature_name(kind: str, object_id: int, column: str) -> str:
    """The name of the metaData row that signs one attribute; kind is ``cert`` or ``key`` by the object's file."""
    return f"sig_{kind}_{object_id:08x}_{at.code(column):08x}"


def signature_names(object_id: int, column: str) -> tuple[str, str]:
    """Where a signature may be: a password change in some NSS versions files it under the object's handle."""
    return signature_name("cert", object_id, column), signature_name("cert", object_id | CERT_HANDLE, column)
