"""BKS and UBER, the keystores of Bouncy Castle (bc-java: BcKeyStoreSpi.java)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from profiles.errors import Malformed, Unsupported, WrongPassword, within_whole
from profiles.files.java.keystore import Count, Entry, Keystore, Other, Sealed, certificate, shown
from profiles.files.java.stream import DataInput
from profiles.pkcs12 import ciphers, kdf, limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from profiles.pkcs12.limits import Allowance
    from profiles.pkcs12.passwords import Spelling

VERSIONS = (0, 1, 2)
_END, _CERTIFICATE, _KEY, _SECRET, _SEALED = range(5)
_PRIVATE, _PUBLIC, _SYMMETRIC = range(3)
_PKCS8 = ("PKCS#8", "PKCS8")
_DIGEST = 20
_LATEST = 1 << 43
"""Of the dates that entries have, in milliseconds: the year 2248."""
_HEADER = 13
"""Version, length of the salt, iterations, and a first octet of content."""


class _Header(NamedTuple):
    version: int
    salt: bytes
    iterations: int
    end: int


def resembles(data: bytes) -> bool:
    """Whether a file begins as BKS and UBER do; they have no magic number."""
    if len(data) < _HEADER + _DIGEST or int.from_bytes(data[:4], "big") not in VERSIONS:
        return False
    salt = int.from_bytes(data[4:8], "big")
    if not 8 <= salt <= 64 or len(data) < 12 + salt + _DIGEST:
        return False
    rest = data[12 + salt :]
    return (rest[0] <= _SEALED) or not len(rest) % 16


def parse(data: bytes, allowance: Allowance) -> Keystore:
    """The keystore, nothing of it proved yet; an UBER shows nothing. ``Malformed``, ``Unsupported``."""
    stream = DataInput(data)
    version = stream.number(4)
    if version not in VERSIONS:
        raise Unsupported(f"the keystore is of version {version}; 0 to 2 are known")
    salt = limits.salt(stream.counted())
    if not salt:
        raise Malformed("the keystore has no salt")
    header = _Header(version, salt, allowance.reserve(stream.signed()), stream.at)
    try:
        entries = _entries(stream, allowance)
        digest = stream.octets(_DIGEST)
    except Malformed:
        if not _may_be_uber(data, header) or _begins_as_entry(data[header.end :]):
            raise
        return _uber(header, data[header.end :], allowance)
    if stream.at != len(data) and _may_be_uber(data, header):  # sealed octets that happen to begin like entries
        return _uber(header, data[header.end :], allowance)
    return _bks(header, data[header.end : stream.at - _DIGEST], digest, entries, allowance)


def _may_be_uber(data: bytes, header: _Header) -> bool:
    """Both kinds begin alike; an UBER goes on with whole blocks."""
    return len(data) > header.end and not (len(data) - header.end) % 16


def _begins_as_entry(content: bytes) -> bool:
    """Whether a BKS begins there, damaged or cut off further on: in the sealed octets of an UBER never by chance."""
    stream = DataInput(content)
    try:
        kind, _, made = stream.number(1), stream.text(), stream.number(8)
    except Malformed:
        return False
    return _END < kind <= _SEALED and made < _LATEST


def _bks(
    header: _Header, content: bytes, digest: bytes, entries: tuple[Entry, ...], allowance: Allowance
) -> Keystore:
    size = _DIGEST if header.version == 2 else _DIGEST // 8  # version 1 took the number of octets for one of bits

    def proved(secret: bytes) -> tuple[Entry, ...] | None:
        key = kdf.pkcs12("sha1", secret, header.salt, header.iterations, kdf.MAC, size)
        return entries if hmac.compare_digest(hmac.digest(key, content, "sha1"), digest) else None

    return Keystore(entries, _trying(proved, header, allowance), allowance)


def _uber(header: _Header, sealed: bytes, allowance: Allowance) -> Keystore:
    """The whole store under Twofish, with a SHA-1 of itself at its end."""
    if not header.version:
        raise Unsupported("the keystore is an UBER of version 0, sealed in a way that was dropped long ago")

    def proved(secret: bytes) -> tuple[Entry, ...] | None:
        from profiles.files.java.twofish import decrypt_cbc

        allowance.reserve_slow(len(sealed), "Twofish")
        key, iv = (kdf.pkcs12("sha1", secret, header.salt, header.iterations, purpose, size)
                   for purpose, size in ((kdf.KEY, 32), (kdf.IV, 16)))
        plain = decrypt_cbc(key, iv, sealed)
        padding = plain[-1]
        content, digest = plain[: -padding - _DIGEST], plain[-padding - _DIGEST : -padding]
        if not 1 <= padding <= 16 or not hmac.compare_digest(hashlib.sha1(content).digest(), digest):
            return None
        with within_whole():
            return _entries(DataInput(content), allowance)

    return Keystore(None, _trying(proved, header, allowance), allowance)


def _trying(
    proved: Callable[[bytes], tuple[Entry, ...] | None], header: _Header, allowance: Allowance
) -> Callable[[Iterable[Spelling]], tuple[Entry, ...]]:
    def opened_by(spellings: Iterable[Spelling]) -> tuple[Entry, ...]:
        for number, secret in enumerate(dict.fromkeys(spelling.bmp for spelling in spellings)):
            if number:
                if not allowance.affords(header.iterations):
                    break
                allowance.reserve(header.iterations)
            found = proved(secret)
            if found is not None:
                return found
        raise WrongPassword("the password is wrong, or the keystore was altered")

    return opened_by


def _entries(stream: DataInput, allowance: Allowance) -> tuple[Entry, ...]:
    count, found = Count(), []
    while (tag := stream.number(1)) != _END:
        count.take(1)
        alias = stream.text()
        stream.octets(8)  # when it was made
        chain = tuple(certificate(stream) for _ in range(count.take(stream.number(4))))
        if tag == _CERTIFICATE:
            found.append(Entry(alias, (certificate(stream), *chain)))
        elif tag == _KEY:
            found.append(Entry(alias, chain, _key(stream)))
        elif tag == _SECRET:
            stream.counted()
            found.append(Entry(alias, chain, Other("a value that is no key (a secret that was stored as it is)")))
        elif tag == _SEALED:
            found.append(Entry(alias, chain, BksSealed.parse(stream.counted(), alias, allowance)))
        else:
            raise Malformed(f"{shown(alias)} of the keystore is of the unknown kind {tag}")
    return tuple(found)


def _key(stream: DataInput) -> bytes | Other:
    """A key that lies open: its kind, format, algorithm and encoding."""
    kind, form, algorithm, encoded = stream.number(1), stream.text(), stream.text(), stream.counted()
    if kind == _PRIVATE:
        if form in _PKCS8:
            return encoded
        return Other(f"a private key in the form {form[:40]!r}, which is not handled here")
    if kind == _PUBLIC:
        return Other(f"a public key ({algorithm[:40]}), and a certificate takes the private one")
    if kind == _SYMMETRIC:
        return Other(f"a secret key ({algorithm[:40]}), which is no private key of a certificate")
    raise Malformed(f"a key in the keystore is of the unknown kind {kind}")


@dataclass(frozen=True, slots=True)
class BksSealed:
    """A key under PBEWithSHAAnd3-KeyTripleDES-CBC (RFC 7292, appendix C)."""

    salt: bytes
    iterations: int
    sealed: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes, alias: str, allowance: Allowance) -> Sealed:
        """Its salt and count, checked and taken from the allowance."""
        stream = DataInput(data)
        with within_whole():
            salt = limits.salt(stream.counted())
            count = allowance.reserve(stream.signed())
        sealed = data[stream.at :]
        if not sealed or len(sealed) % ciphers.DES_EDE3.block:
            raise Malformed(f"{shown(alias)} of the keystore is damaged: it is not a whole number of cipher blocks")
        return cls(salt, count, sealed)

    def open(self, spellings: Iterable[Spelling], allowance: Allowance) -> bytes | Other:
        """See ``Sealed``."""
        for number, secret in enumerate(dict.fromkeys(spelling.bmp for spelling in spellings)):
            if number:
                if not allowance.affords(self.iterations):
                    break
                allowance.reserve(self.iterations)
            key, iv = (kdf.pkcs12("sha1", secret, self.salt, self.iterations, purpose, size)
                       for purpose, size in ((kdf.KEY, 24), (kdf.IV, 8)))
            try:
                return _key(DataInput(ciphers.DES_EDE3.decrypt(key, iv, self.sealed)))
            except Malformed:
                continue
        raise WrongPassword("the password is wrong")
