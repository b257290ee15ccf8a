"""Backups of IIS 4's Key Manager (``.key``): a key under RC4 and perhaps its certificate, somewhere in a larger file.

The two pieces are what OpenSSL until 1.1 read as ``-inform NET`` (crypto/asn1/n_pkey.c) and Netscape's certificate
wrapper; what stands before, between and after them is not documented and passed over.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.certificate import Certificate
from profiles.errors import Malformed, Unsupported, WrongPassword
from profiles.files.form import Data, ReadOnly, required
from profiles.files.store import FileStore
from profiles.model import Location, Problem, Secret
from profiles.pkcs12 import ciphers
from profiles.pkcs12.algorithms import Unhandled
from profiles.pkcs12.bags import NO_LABELS
from profiles.pkcs12.contents import Contents
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.pairing import FoundCertificate, FoundKey, paired
from profiles.pkcs12.passwords import octet_spellings, spellings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KEY, _CERTIFICATE = (asn1.octets(name) for name in (b"private-key", b"certificate"))
_RC4 = "1.2.840.113549.3.4"
_SGC_SALT = b"SGCKEYSALT"
_MAX_PIECES = 64


@dataclass(frozen=True, slots=True)
class KeyBackup:
    """What stands in a backup; a backup of a pending request has no certificate."""

    sealed: tuple[bytes, ...] = field(repr=False)
    certificates: tuple[Certificate, ...]

    @classmethod
    def parse(cls, data: bytes) -> KeyBackup:
        """Find the pieces; ``Malformed`` where there is no sealed key, ``Unsupported`` for another cipher than RC4."""
        sealed = tuple(dict.fromkeys(_sealed(node) for node in _pieces(data, _KEY)))
        if not sealed:
            raise Malformed("the file holds no private key as IIS 4 backed it up")
        certificates = []
        for node in _pieces(data, _CERTIFICATE):
            try:
                certificates.append(Certificate.parse(asn1.der(node)))
            except Malformed:
                continue  # the word stands in other text too
        return cls(sealed, tuple(dict.fromkeys(certificates)))

    def opened(self, password: Secret) -> Contents:
        """The keys with their certificates; ``WrongPassword``."""
        keys = [FoundKey(key) for data in self.sealed if (key := _opened(data, password)) is not None]
        if not keys:
            raise WrongPassword("the password is wrong")
        left = len(self.sealed) - len(keys)
        problems = [Problem(WrongPassword.code, "a private key is sealed with another password; it was left behind")
                    ] * left
        found = paired(keys, self._found(), problems)
        if self.certificates and not any(item.key and item.certificate for item in found.items):
            problem = Problem(Malformed.code, "the private key and the certificate in the backup do not match")
            return Contents(found.items, (*found.problems, problem))
        return found

    def seen(self) -> Contents:
        """The certificates; that each has its key is what the backup is for."""
        found = paired((), self._found())
        keyed = frozenset(one.sha256 for one in self.certificates) if len(self.certificates) == 1 else frozenset()
        return Contents(found.items, found.problems, keyed)

    def _found(self) -> list[FoundCertificate]:
        return [FoundCertificate(one, NO_LABELS) for one in self.certificates]


def is_backup(data: bytes) -> bool:
    """Whether the mark of a key stands anywhere in a file, with what must follow it."""
    return next(_pieces(data, _KEY), None) is not None


def _pieces(data: bytes, mark: bytes) -> Iterator[asn1.Node]:
    """The structure behind every mark; what is none, or is cut off, is passed over."""
    at = data.find(mark)
    for _ in range(_MAX_PIECES):
        if at < 0:
            return
        at += len(mark)
        try:
            _, _, end = asn1.header(data, at)
            node = asn1.parse(data[at:end])
        except Malformed:
            node = asn1.Node(asn1.NULL, b"")
        if node.tag == asn1.SEQUENCE:
            yield node
        at = data.find(mark, at)


def _sealed(node: asn1.Node) -> bytes:
    algorithm, octets = node.sequence(2)[:2]
    oid = algorithm.sequence(1)[0].oid()
    if oid != _RC4:
        raise Unhandled(f"the private key in the backup is sealed with {oid} and not with RC4, the only cipher known")
    return octets.octets()


def _opened(data: bytes, password: Secret) -> PrivateKey | None:
    """The key, sealed the usual way or for Server Gated Cryptography; RC4 has no check, so a sound key is the proof."""
    secrets = dict.fromkeys(octets for spelling in spellings(password) for octets in octet_spellings(spelling))
    for secret in secrets:
        plain_key = hashlib.md5(secret).digest()
        for key in (plain_key, hashlib.md5(plain_key + _SGC_SALT).digest()):
            try:
                found = PrivateKey.parse(asn1.der(asn1.parse(ciphers.RC4_128.decrypt(key, b"", data), padded=True)))
                _ = found.public
            except (Malformed, Unsupported):
                continue
            return found
    return None


@dataclass(frozen=True)
class KeyBackupFormat(ReadOnly):
    """One backup in one file."""

    paths: tuple[Path, ...]
    product: str = "IIS 4 key backup"
    always_sealed: bool = True

    def visible(self, data: Data) -> tuple[Contents, bool]:
        """See ``Format``: the certificate."""
        return self._parsed(data).seen(), True

    def opened(self, data: Data, password: Secret) -> Contents:
        """See ``Format``."""
        return self._parsed(data).opened(password)

    def refused(self) -> Unsupported:
        """See ``ReadOnly``."""
        return read_only(self.paths[0])

    def _parsed(self, data: Data) -> KeyBackup:
        return KeyBackup.parse(required(data, self.paths[0]))


def read_only(path: Path | str) -> Unsupported:
    """The refusal to write one."""
    return Unsupported(f"{path} would be a key backup of IIS 4, and those are read and not written",
                       "Every IIS since takes PKCS#12: name a file that ends in .pfx as the target.")


def KeyBackupFile(path: Path, *, new: bool = False) -> FileStore:  # noqa: N802 - named as what it makes
    """The store that a key backup is; ``Unsupported`` with ``new``, for it is never written."""
    if new:
        raise read_only(path)
    return FileStore(Location("iis", str(path)), KeyBackupFormat((path,)), new=False)
