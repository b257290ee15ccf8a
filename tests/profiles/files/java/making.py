"""Java keystores written from their formats, for what no program at hand would make: hostile counts, odd entries."""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.files.java.twofish import Twofish
from profiles.model import Secret
from profiles.pkcs12 import ciphers, kdf
from profiles.pkcs12.passwords import proper

if TYPE_CHECKING:
    from collections.abc import Iterable

JKS, JCEKS = "JKS", "JCEKS"
_MAGIC = {JKS: "feedfeed", JCEKS: "cececece"}
PROTECTED = {JKS: "1.3.6.1.4.1.42.2.17.1.1", JCEKS: "1.3.6.1.4.1.42.2.19.1"}
DATE = bytes(8)
COUNT = 5


def text(value: str) -> bytes:
    """What ``writeUTF`` writes: surrogates one by one, NUL in two octets."""
    units = value.encode("utf-16-be", "surrogatepass")
    octets = b"".join(chr(unit).encode("utf-8", "surrogatepass") for (unit,) in struct.iter_unpack(">H", units))
    octets = octets.replace(b"\0", b"\xc0\x80")
    assert len(octets) < 1 << 16, "a name in a keystore has at most 65,535 octets"
    return struct.pack(">H", len(octets)) + octets


def counted(value: bytes) -> bytes:
    """A length and what it counts."""
    return struct.pack(">I", len(value)) + value


def certificate(der: bytes, kind: str | None = "X.509") -> bytes:
    """A certificate with its type, or without as in version 1 of JKS."""
    return (b"" if kind is None else text(kind)) + counted(der)


def chain(ders: Iterable[bytes], kind: str | None = "X.509") -> bytes:
    """A counted chain."""
    made = [certificate(der, kind) for der in ders]
    return struct.pack(">I", len(made)) + b"".join(made)


# -- JKS and JCEKS


def jks_key(alias: str, sealed: bytes, ders: Iterable[bytes], kind: str | None = "X.509") -> bytes:
    """A key entry."""
    return struct.pack(">I", 1) + text(alias) + DATE + counted(sealed) + chain(ders, kind)


def jks_certificate(alias: str, der: bytes, kind: str | None = "X.509") -> bytes:
    """A trusted certificate."""
    return struct.pack(">I", 2) + text(alias) + DATE + certificate(der, kind)


def jks(entries: Iterable[bytes], password: str, kind: str = JKS, version: int = 2) -> bytes:
    """The keystore with its digest."""
    made = list(entries)
    data = bytes.fromhex(_MAGIC[kind]) + struct.pack(">II", version, len(made)) + b"".join(made)
    return data + hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + data).digest()


def jks_sealed(pkcs8: bytes, password: str) -> bytes:
    """A key as the JDK's KeyProtector seals it."""
    secret, salt, mask = password.encode("utf-16-be"), os.urandom(20), b""
    block = salt
    while len(mask) < len(pkcs8):
        block = hashlib.sha1(secret + block).digest()
        mask += block
    masked = bytes(a ^ b for a, b in zip(pkcs8, mask, strict=False))
    return _info(asn1.sequence(asn1.oid(PROTECTED[JKS]), asn1.null()),
                 salt + masked + hashlib.sha1(secret + pkcs8).digest())


def jceks_sealed(pkcs8: bytes, password: str, count: int = COUNT, shown: int | None = None) -> bytes:
    """A key under PBEWithMD5AndTripleDES; ``shown`` is the count that stands there, if another."""
    salt = b"\1\2\3\4\5\6\7\x08"
    derived = b""
    for half in (salt[:4], salt[4:]):
        value = half
        for _ in range(count):
            value = hashlib.md5(value + password.encode("ascii")).digest()
        derived += value
    parameters = asn1.sequence(asn1.octets(salt), asn1.integer(count if shown is None else shown))
    sealed = ciphers.DES_EDE3.encrypt(derived[:24], derived[24:], pkcs8)
    return _info(asn1.sequence(asn1.oid(PROTECTED[JCEKS]), parameters), sealed)


def _info(algorithm: bytes, sealed: bytes) -> bytes:
    return asn1.sequence(algorithm, asn1.octets(sealed))


def jceks_secret(alias: str, count: int = COUNT) -> bytes:
    """A secret key: a serialised SealedObjectForKeyProtector, as JDK 8 writes it."""
    parameters = asn1.sequence(asn1.octets(bytes(8)), asn1.integer(count))
    name = "PBEWithMD5AndTripleDES"
    return b"".join((
        struct.pack(">I", 3), text(alias), DATE, bytes.fromhex("aced0005 73 72"),
        text("com.sun.crypto.provider.SealedObjectForKeyProtector"), bytes.fromhex("cd57ca59e730bb53 02 0000 78 72"),
        text("javax.crypto.SealedObject"), bytes.fromhex("3e363da6c3b75470 02 0004"),
        b"[", text("encodedParams"), b"t", text("[B"),
        b"[", text("encryptedContent"), bytes.fromhex("71 007e0002"),
        b"L", text("paramsAlg"), b"t", text("Ljava/lang/String;"),
        b"L", text("sealAlg"), bytes.fromhex("71 007e0003"), b"xp",
        b"ur", text("[B"), bytes.fromhex("acf317f8060854e0 02 0000 78 70"), counted(parameters),
        b"uq", bytes.fromhex("007e0005"), counted(bytes(32)), b"t", text(name), b"t", text(name)))


# -- BKS and UBER


def bks_key(alias: str, pkcs8: bytes, ders: Iterable[bytes]) -> bytes:
    """A private key that lies open."""
    return b"\2" + text(alias) + DATE + chain(ders) + plain_key(pkcs8)


def plain_key(encoded: bytes, kind: int = 0, form: str = "PKCS#8") -> bytes:
    """Kind (private, public, secret), format, algorithm and encoding."""
    return bytes((kind,)) + text(form) + text("EC") + counted(encoded)


def bks_sealed(alias: str, key: bytes, ders: Iterable[bytes], password: str, shown: int | None = None) -> bytes:
    """A sealed entry; ``shown`` is the count that stands there, if another than the one used."""
    salt, secret = os.urandom(20), proper(Secret(password)).bmp
    derived, iv = (kdf.pkcs12("sha1", secret, salt, COUNT, purpose, size)
                   for purpose, size in ((kdf.KEY, 24), (kdf.IV, 8)))
    blob = counted(salt) + _int(COUNT if shown is None else shown) + ciphers.DES_EDE3.encrypt(derived, iv, key)
    return b"\4" + text(alias) + DATE + chain(ders) + counted(blob)


def bks_certificate(alias: str, der: bytes) -> bytes:
    """A trusted certificate."""
    return b"\1" + text(alias) + DATE + chain(()) + certificate(der)


def bks(entries: Iterable[bytes], password: str, version: int = 2, shown: int | None = None) -> bytes:
    """A BKS with its HMAC."""
    content, salt = b"".join(entries) + b"\0", os.urandom(20)
    size = 20 if version == 2 else 2
    key = kdf.pkcs12("sha1", proper(Secret(password)).bmp, salt, COUNT, kdf.MAC, size)
    return _header(version, salt, shown) + content + hmac.digest(key, content, "sha1")


def uber(entries: Iterable[bytes], password: str, shown: int | None = None, *, raw: bytes | None = None) -> bytes:
    """An UBER; ``raw`` replaces the entries as bytes."""
    content, salt = raw if raw is not None else b"".join(entries) + b"\0", os.urandom(20)
    plain = content + hashlib.sha1(content).digest()
    count = 16 - len(plain) % 16
    secret = proper(Secret(password)).bmp
    key, iv = (kdf.pkcs12("sha1", secret, salt, COUNT, purpose, size)
               for purpose, size in ((kdf.KEY, 32), (kdf.IV, 16)))
    return _header(1, salt, shown) + twofish_cbc(key, iv, plain + bytes((count,)) * count)


def _header(version: int, salt: bytes, shown: int | None) -> bytes:
    return struct.pack(">I", version) + counted(salt) + _int(COUNT if shown is None else shown)


def _int(number: int) -> bytes:
    """An ``int``; what does not fit loses its upper bits, as in Java."""
    return (number & 0xFFFFFFFF).to_bytes(4, "big")


class Encrypting(Twofish):
    """The other direction."""

    def encrypt(self, block: bytes) -> bytes:
        """One block."""
        keys, (s0, s1, s2, s3) = self._keys, self._boxes
        a, b, c, d = (int.from_bytes(block[4 * i : 4 * i + 4], "little") ^ keys[i] for i in range(4))
        for at in range(8, 40, 2):
            t0 = s0[a & 255] ^ s1[a >> 8 & 255] ^ s2[a >> 16 & 255] ^ s3[a >> 24]
            t1 = s1[b & 255] ^ s2[b >> 8 & 255] ^ s3[b >> 16 & 255] ^ s0[b >> 24]
            c ^= t0 + t1 + keys[at] & 0xFFFFFFFF
            c = c >> 1 | (c & 1) << 31
            d = (d << 1 | d >> 31) & 0xFFFFFFFF ^ (t0 + 2 * t1 + keys[at + 1] & 0xFFFFFFFF)
            a, b, c, d = c, d, a, b
        return b"".join((word ^ keys[4 + i]).to_bytes(4, "little") for i, word in enumerate((c, d, a, b)))


def twofish_cbc(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Whole blocks encrypted."""
    cipher, out, before = Encrypting(key), b"", iv
    for at in range(0, len(data), 16):
        before = cipher.encrypt(bytes(a ^ b for a, b in zip(data[at : at + 16], before, strict=True)))
        out += before
    return out
