"""How key4.db seals and signs values: password check, PBES2, PBMAC1, and the 3DES of older databases.

Source: NSS softoken (sftkpwd.c, lowpbe.c) and RFC 8018. One derivation serves all values that share a salt.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from profiles import asn1
from profiles.errors import Malformed, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    from profiles.model import Secret


_PBES2, _PBKDF2, _PBMAC1 = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12", "1.2.840.113549.1.5.14"
_HMAC_SHA256, _AES256 = "1.2.840.113549.2.9", "2.16.840.1.101.3.4.1.42"
_HMACS = {"1.2.840.113549.2.7": "sha1", _HMAC_SHA256: "sha256", "1.2.840.113549.2.10": "sha384",
          "1.2.840.113549.2.11": "sha512"}
_TRIPLE_DES = "1.2.840.113549.1.12.5.1.3"
_CHECK = b"password-check"

MAX_ITERATIONS = 5_000_000
DEFAULT_ITERATIONS = 10_000


class _Derivation(NamedTuple):
    salt: bytes
    iterations: int
    length: int
    prf: str


class _Sealed(NamedTuple):
    """A parsed EncryptedData value: how to derive, the IV octets, the ciphertext."""

    derivation: _Derivation | None
    salt: bytes
    iv: bytes
    ciphertext: bytes


def _iterations(node: asn1.Node) -> int:
    count = node.integer()
    if not 1 <= count <= MAX_ITERATIONS:
        raise Unsupported(f"a value in key4.db asks for {count} key derivation rounds",
                          "The database is damaged, or made to waste time; no software writes such a number.")
    return count


def _pbkdf2(node: asn1.Node) -> _Derivation:
    oid, parameters = node.sequence(2)[:2]
    if oid.oid() != _PBKDF2:
        raise Unsupported(f"key4.db uses the unknown key derivation {oid.oid()}")
    salt, count, *rest = parameters.sequence(2)
    length, prf = 32, "sha1"
    for item in rest:
        if item.tag == asn1.INTEGER:
            length = item.integer()
        else:
            name = item.sequence(1)[0].oid()
            prf = _HMACS.get(name, "")
            if not prf:
                raise Unsupported(f"key4.db uses the unknown pseudo-random function {name}")
    if not 1 <= length <= 64:
        raise Malformed("a key length in key4.db is absurd")
    return _Derivation(salt.octets(), _iterations(count), length, prf)


def _parse_sealed(blob: bytes) -> _Sealed:
    algorithm, ciphertext = asn1.parse(blob).sequence(2)[:2]
    oid, parameters = algorithm.sequence(2)[:2]
    if oid.oid() == _TRIPLE_DES:
        salt, count = parameters.sequence(2)[:2]
        _iterations(count)
        return _Sealed(None, salt.octets(), b"", ciphertext.octets())
    if oid.oid() != _PBES2:
        raise Unsupported(f"key4.db seals its keys with the unknown method {oid.oid()}")
    derivation, cipher = parameters.sequence(2)[:2]
    name, iv = cipher.sequence(2)[:2]
    if name.oid() != _AES256:
        raise Unsupported(f"key4.db seals its keys with the unknown cipher {name.oid()}")
    octets = iv.octets()
    # NSS keeps 14 random octets and takes their whole DER encoding (04 0e …) as the 16-octet IV.
    return _Sealed(_pbkdf2(derivation), b"", octets if len(octets) == 16 else asn1.octets(octets), ciphertext.octets())


def _triple_des(pass_key: bytes, sealed: _Sealed) -> bytes:
    salt = sealed.salt
    padded = salt.ljust(20, b"\0")
    outer = hashlib.sha1(pass_key + salt).digest()
    first = hmac.digest(outer, padded + salt, "sha1")
    middle = hmac.digest(outer, padded, "sha1")
    material = first + hmac.digest(outer, middle + salt, "sha1")
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    return _unpad(Cipher(TripleDES(material[:24]), modes.CBC(material[-8:])), sealed.ciphertext, 8)


def _aes(key: bytes, iv: bytes) -> Cipher[CBC]:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return Cipher(algorithms.AES(key), modes.CBC(iv))


def _unpad(cipher: Cipher[CBC], ciphertext: bytes, block: int) -> bytes:
    if not ciphertext or len(ciphertext) % block:
        raise Malformed("a sealed value in key4.db has an odd length")
    decryptor = cipher.decryptor()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    pad = padded[-1]
    if not 1 <= pad <= block or padded[-pad:] != bytes((pad,)) * pad:
        raise Malformed("a sealed value in key4.db does not open")
    return padded[:-pad]


class PasswordEntry(NamedTuple):
    """The ``password`` row of metaData: the global salt and the sealed check text."""

    salt: bytes
    check: bytes

    @classmethod
    def create(cls, password: Secret) -> PasswordEntry:
        """A fresh entry for that password (the empty one for none), in the form that every NSS since 3.12 opens."""
        salt = os.urandom(20)
        ring = Keyring(salt, password, DEFAULT_ITERATIONS if password else 1)
        return cls(salt, ring.seal(_CHECK))

    def keyring(self, password: Secret) -> Keyring:
        """The keys that this password would give, right or not."""
        return Keyring(self.salt, password, 1)

    def open(self, password: Secret) -> Keyring | None:
        """The keys of the database, or None when the password is not the one."""
        sealed = _parse_sealed(self.check)
        count = sealed.derivation.iterations if sealed.derivation else DEFAULT_ITERATIONS
        ring = Keyring(self.salt, password, count if password else 1)
        try:
            return ring if ring.unseal(self.check) == _CHECK else None
        except Malformed:
            return None


@dataclass
class Keyring:
    """The keys that a password opens; everything sealed or signed in one database goes through it."""

    global_salt: bytes
    password: Secret = field(repr=False)
    iterations: int
    _derived: dict[_Derivation, bytes] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        # NSS 3.118 and later: a password set by them has a salt of 48 octets and SHA-384 (sftkpwd.c).
        digest = hashlib.sha384 if len(self.global_salt) == 48 else hashlib.sha1
        self._pass_key = digest(self.global_salt + self.password.reveal()).digest()

    # One salt for each purpose: a batch costs two derivations however many values it has.

    @cached_property
    def _seal_with(self) -> _Derivation:
        return _Derivation(os.urandom(32), self.iterations, 32, "sha256")

    @cached_property
    def _sign_with(self) -> _Derivation:
        return _Derivation(os.urandom(32), self.iterations, 32, "sha256")

    def _key(self, how: _Derivation) -> bytes:
        if how not in self._derived:
            self._derived[how] = hashlib.pbkdf2_hmac(how.prf, self._pass_key, how.salt, how.iterations, how.length)
        return self._derived[how]

    def prepare(self, blobs: Iterable[bytes]) -> None:
        """Derive the keys for many sealed values at once, on all cores."""
        wanted = {sealed.derivation for sealed in map(_parse_sealed, blobs) if sealed.derivation} - set(self._derived)
        if len(wanted) > 1:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(self._key, wanted))

    def unseal(self, blob: bytes) -> bytes:
        """The value in a sealed column."""
        sealed = _parse_sealed(blob)
        if sealed.derivation is None:
            return _triple_des(self._pass_key, sealed)
        cipher = _aes(self._key(sealed.derivation), sealed.iv)
        return _unpad(cipher, sealed.ciphertext, 16)

    def seal(self, value: bytes) -> bytes:
        """A value as a sealed column holds it: PBES2 with AES-256-CBC."""
        tail = os.urandom(14)
        pad = 16 - len(value) % 16
        encryptor = _aes(self._key(self._seal_with), asn1.octets(tail)).encryptor()
        ciphertext = encryptor.update(value + bytes((pad,)) * pad) + encryptor.finalize()
        scheme = asn1.sequence(asn1.oid(_AES256), asn1.octets(tail))
        parameters = asn1.sequence(_encode_pbkdf2(self._seal_with), scheme)
        return asn1.sequence(asn1.sequence(asn1.oid(_PBES2), parameters), asn1.octets(ciphertext))

    def sign(self, object_id: int, attribute: int, value: bytes) -> bytes:
        """A ``sig_…`` row over one attribute; for sealed attributes ``object_id`` is 0 and the value the plain one."""
        mac = hmac.digest(self._key(self._sign_with), _signed(object_id, attribute, value), "sha256")
        parameters = asn1.sequence(
            _encode_pbkdf2(self._sign_with), asn1.sequence(asn1.oid(_HMAC_SHA256))
        )
        return asn1.sequence(asn1.sequence(asn1.oid(_PBMAC1), parameters), asn1.octets(mac))

    def verify(self, signature: bytes, object_id: int, attribute: int, value: bytes) -> bool:
        """Whether a ``sig_…`` row is right."""
        try:
            derivation, digest, mac = _parse_signature(signature)
        except (Malformed, Unsupported):
            return False
        expected = hmac.digest(self._key(derivation), _signed(object_id, attribute, value), digest)
        return hmac.compare_digest(expected, mac)


_USUAL_SIGNATURE = re.compile(
    rb"\x30\x81.\x30.\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e\x30.\x30.\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"
    rb"\x30.\x04\x20(.{32})\x02[\x01-\x03](.{1,3})\x02\x01\x20\x30\x0a\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x09"
    rb"\x30\x0a\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x09\x04\x20(.{32})", re.DOTALL)
"""The very form that softoken writes: salt, iterations and value, ten times faster than by the ASN.1."""


def _parse_signature(signature: bytes) -> tuple[_Derivation, str, bytes]:
    """Derivation, digest and value of a PBMAC1 (RFC 8018, A.5)."""
    usual = _USUAL_SIGNATURE.fullmatch(signature)
    if usual is not None:
        salt, count, value = usual.groups()
        return _Derivation(salt, int.from_bytes(count, "big"), 32, "sha256"), "sha256", value
    algorithm, mac = _pair(_inside(signature, (0, 0, 0, len(signature)), top=True))
    oid, parameters = _pair(_inside(signature, algorithm))
    derivation, scheme = _pair(_inside(signature, parameters))
    name = _inside(signature, scheme)[0]
    digest = _HMACS.get(asn1.dotted(signature[name[2] : name[3]]))
    if asn1.dotted(signature[oid[2] : oid[3]]) != _PBMAC1 or digest is None:
        raise Unsupported("a signature in key4.db is of an unknown kind")
    return _derivation(signature[derivation[1] : derivation[3]]), digest, signature[mac[2] : mac[3]]


_Element = tuple[int, int, int, int]


def _inside(data: bytes, element: _Element, *, top: bool = False) -> list[_Element]:
    start, end = asn1.header(data, 0)[1:] if top else element[2:]
    found = list(asn1.elements(data, start, end))
    if not found or (not top and element[0] != asn1.SEQUENCE):
        raise Malformed("a signature in key4.db is cut off")
    return found


def _pair(found: list[_Element]) -> tuple[_Element, _Element]:
    if len(found) < 2:
        raise Malformed("a signature in key4.db is cut off")
    return found[0], found[1]


@lru_cache(256)
def _derivation(der: bytes) -> _Derivation:
    return _pbkdf2(asn1.parse(der))


def _signed(object_id: int, attribute: int, value: bytes) -> bytes:
    return object_id.to_bytes(4, "big") + attribute.to_bytes(4, "big") + value


def _encode_pbkdf2(how: _Derivation) -> bytes:
    prf = asn1.sequence(asn1.oid(_HMAC_SHA256))
    parameters = asn1.sequence(
        asn1.octets(how.salt), asn1.integer(how.iterations), asn1.integer(how.length), prf
    )
    return asn1.sequence(asn1.oid(_PBKDF2), parameters)
