"""JKS and JCEKS, the keystores of the JDK (OpenJDK: JavaKeyStore.java, JceKeyStore.java and their KeyProtectors)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import Malformed, Unsupported, WrongPassword, within_whole
from profiles.files.java.keystore import Count, Entry, Keystore, Other, Sealed, certificate, shown
from profiles.files.java.serialised import skip_sealed_object
from profiles.files.java.stream import DataInput
from profiles.pkcs12 import ciphers
from profiles.pkcs12.algorithms import Unhandled
from profiles.pkcs12.encryption import Scheme, parse_scheme, unseal
from profiles.pkcs12.passwords import seven_bits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from profiles.pkcs12.limits import Allowance
    from profiles.pkcs12.passwords import Spelling

JKS, JCEKS = b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"
_KEY, _CERTIFICATE, _SECRET = 1, 2, 3
_WHITENER = b"Mighty Aphrodite"
_JKS_PROTECTION, _JCEKS_PROTECTION = "1.3.6.1.4.1.42.2.17.1.1", "1.3.6.1.4.1.42.2.19.1"
_DIGEST = 20


def parse(data: bytes, allowance: Allowance) -> Keystore:
    """The keystore, nothing of it proved yet; ``Malformed``, ``Unsupported``."""
    stream = DataInput(data, 4)
    version, count = stream.number(4), Count()
    if version not in (1, 2):
        raise Unsupported(f"the keystore is of version {version}; 1 and 2 are known")
    found = tuple(_entry(stream, count, allowance, typed=version == 2, secrets=data.startswith(JCEKS))
                  for _ in range(count.take(stream.number(4))))
    end = stream.at
    digest = stream.octets(_DIGEST)

    def opened_by(spellings: Iterable[Spelling]) -> tuple[Entry, ...]:
        for secret in dict.fromkeys(spelling.bmp[:-2] for spelling in spellings):
            made = hashlib.sha1(secret + _WHITENER)
            made.update(memoryview(data)[:end])
            if hmac.compare_digest(made.digest(), digest):
                return found
        raise WrongPassword("the password is wrong, or the keystore was altered")

    return Keystore(found, opened_by, allowance)


def _entry(stream: DataInput, count: Count, allowance: Allowance, *, typed: bool, secrets: bool) -> Entry:
    tag, alias = stream.number(4), stream.text()
    stream.octets(8)  # when it was made
    if tag == _KEY:
        sealed = stream.counted()
        chain = tuple(certificate(stream, typed=typed) for _ in range(count.take(stream.number(4))))
        return Entry(alias, chain, _protected(sealed, alias, allowance))
    if tag == _CERTIFICATE:
        return Entry(alias, (certificate(stream, typed=typed),))
    if tag == _SECRET and secrets:
        return Entry(alias, (), _secret(stream, allowance))
    raise Malformed(f"{shown(alias)} of the keystore is of the unknown kind {tag}")


def _secret(stream: DataInput, allowance: Allowance) -> Other:
    """A secret key, left sealed: no target has a place for it. What it would cost is checked all the same."""
    parameters = skip_sealed_object(stream)
    if parameters:
        with within_whole():
            _, number, *_ = asn1.parse(parameters).sequence(2)
        allowance.reserve(number.integer())
    return Other("a secret key (a password or a symmetric key), which is no private key of a certificate")


def _protected(data: bytes, alias: str, allowance: Allowance) -> Sealed | Other:
    """An EncryptedPrivateKeyInfo (RFC 5958, section 3) under one of the JDK's own algorithms, or of PKCS#5."""
    try:
        algorithm, octets = asn1.parse(data, padded=True).sequence(2)[:2]
        oid, *parameters = algorithm.sequence(1)
        name, sealed = oid.oid(), octets.octets()
        if name == _JKS_PROTECTION:
            return JksProtected.parse(sealed)
        if name == _JCEKS_PROTECTION:
            salt, number = parameters[0].sequence(2)[:2] if parameters else algorithm.sequence(2)
            return JceksProtected.parse(salt.octets(), allowance.reserve(number.integer()), sealed)
    except Malformed as error:
        raise Malformed(f"{shown(alias)} of the keystore is damaged: {error.message}", error.hint) from error
    try:
        return _Standard(parse_scheme(algorithm, allowance), sealed)
    except Unhandled:
        return Other(f"a private key that is sealed in a way that is not handled here ({name})")


@dataclass(frozen=True, slots=True)
class JksProtected:
    """A key XORed with a chain of SHA-1 over password and salt, and a check over both behind it."""

    salt: bytes
    sealed: bytes = field(repr=False)
    check: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> JksProtected:
        """Salt, key, check; ``Malformed`` where they do not fit."""
        if len(data) <= 2 * _DIGEST:
            raise Malformed("the sealed key is too short")
        return cls(data[:_DIGEST], data[_DIGEST:-_DIGEST], data[-_DIGEST:])

    def open(self, spellings: Iterable[Spelling], _allowance: Allowance) -> bytes:
        """See ``Sealed``."""
        size = len(self.sealed)
        for secret in dict.fromkeys(spelling.bmp[:-2] for spelling in spellings):
            stream, block = bytearray(), self.salt
            while len(stream) < size:
                block = hashlib.sha1(secret + block).digest()
                stream += block
            mask = int.from_bytes(stream[:size], "big")
            plain = (int.from_bytes(self.sealed, "big") ^ mask).to_bytes(size, "big")
            if hmac.compare_digest(hashlib.sha1(secret + plain).digest(), self.check):
                return plain
        raise WrongPassword("the password is wrong")


@dataclass(frozen=True, slots=True)
class JceksProtected:
    """A key under PBEWithMD5AndTripleDES, which only Sun ever had (PBES1Core.java)."""

    salt: bytes
    iterations: int
    sealed: bytes = field(repr=False)

    @classmethod
    def parse(cls, salt: bytes, count: int, data: bytes) -> JceksProtected:
        """``Malformed`` where the lengths are wrong; the count is taken from the allowance already."""
        if len(salt) != 8 or not data or len(data) % 8:
            raise Malformed("the salt or the length of the sealed key is wrong")
        return cls(salt, count, data)

    def open(self, spellings: Iterable[Spelling], allowance: Allowance) -> bytes:
        """See ``Sealed``."""
        secrets = dict.fromkeys(map(seven_bits, spellings))  # newer JDKs refuse what is not ASCII
        tries = [(secret, halves) for secret in secrets for halves in self._halves()]
        for number, (secret, halves) in enumerate(tries):
            if number:
                if not allowance.affords(self.iterations):
                    break
                allowance.reserve(self.iterations)
            derived = b"".join(self._derived(half, secret) for half in halves)
            try:
                plain = ciphers.DES_EDE3.decrypt(derived[:24], derived[24:], self.sealed)
                asn1.parse(plain)
            except Malformed:
                continue
            return plain
        raise WrongPassword("the password is wrong")

    def _halves(self) -> tuple[tuple[bytes, bytes], ...]:
        """The halves of the salt; where both are the same the first is turned round, by older JDKs with a slip."""
        first, second = self.salt[:4], self.salt[4:]
        if first != second:
            return ((first, second),)
        a, b, _, d = first
        return (first[::-1], second), (bytes((d, a, b, d)), second)

    def _derived(self, half: bytes, secret: bytes) -> bytes:
        value = half
        for _ in range(self.iterations):
            value = hashlib.md5(value + secret).digest()
        return value


@dataclass(frozen=True, slots=True)
class _Standard:
    scheme: Scheme
    sealed: bytes = field(repr=False)

    def open(self, spellings: Iterable[Spelling], allowance: Allowance) -> bytes:
        """See ``Sealed``."""
        return asn1.der(unseal(self.scheme, self.sealed, spellings, allowance)[0])
