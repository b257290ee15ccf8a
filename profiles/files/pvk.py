"""PVK files: private keys as Microsoft's makecert and signtool kept them, little endian, sealed with RC4 if at all."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profiles.errors import Malformed, Unsupported, WrongPassword
from profiles.pkcs12 import ciphers, limits
from profiles.pkcs12.keys import PrivateKey, dsa_pkcs8, rsa_pkcs8

if TYPE_CHECKING:
    from profiles.model import Secret

MAGIC = bytes.fromhex("1ef1b5b0")
_HEADER = struct.Struct("<4sIIIII")
_BLOB_HEADER = 8
_MAX_BITS = 16384


@dataclass(frozen=True, slots=True)
class Pvk:
    """A PVK taken apart; ``salt`` is empty where the key lies open."""

    salt: bytes
    blob: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> Pvk:
        """Read the header and split salt and key blob."""
        try:
            magic, _, _, sealed, salt_length, key_length = _HEADER.unpack_from(data)
        except struct.error:
            raise Malformed("the PVK file ends inside its header") from None
        rest = data[_HEADER.size :]
        if magic != MAGIC or salt_length + key_length > len(rest) or bool(sealed) != bool(salt_length):
            raise Malformed("the PVK file is not as long as its header says")
        if salt_length > limits.MAX_SALT or key_length < _BLOB_HEADER + 12:
            raise Malformed("the lengths in the PVK file make no sense")
        return cls(rest[:salt_length], rest[salt_length : salt_length + key_length])

    @property
    def sealed(self) -> bool:
        """Whether it takes a password."""
        return bool(self.salt)

    def open(self, password: Secret | None) -> PrivateKey:
        """The key; ``WrongPassword``."""
        if not self.sealed:
            return _key(self.blob[_BLOB_HEADER:])
        secret = password.reveal() if password else b""
        full = hashlib.sha1(self.salt + secret).digest()[:16]
        for key in (full, full[:5] + bytes(11)):  # the export-grade form keeps 40 bits of it
            body = ciphers.RC4_128.decrypt(key, b"", self.blob[_BLOB_HEADER:])
            if body[:4] in (b"RSA2", b"DSS2"):
                return _key(body)
        raise WrongPassword("the password is wrong")


def _key(body: bytes) -> PrivateKey:
    """RSAPUBKEY or DSSPUBKEY and the numbers behind it (MS-MQQB 2.2, wincrypt.h)."""
    magic, bits = struct.unpack_from("<4sI", body)
    if magic not in (b"RSA2", b"DSS2"):
        raise Unsupported(f"the PVK file holds a key of the kind {magic!r}, which is not handled here")
    if not 0 < bits <= _MAX_BITS:
        raise Malformed("the key length in the PVK file makes no sense")
    whole, half = (bits + 7) // 8, (bits + 15) // 16
    if magic == b"RSA2":
        (e,) = struct.unpack_from("<I", body, 8)
        n, p, q, dp, dq, qinv, d = _numbers(body[12:], (whole, half, half, half, half, half, whole))
        return PrivateKey.parse(rsa_pkcs8(n, e, d, p, q, dp, dq, qinv))
    p, q, g, x = _numbers(body[8:], (whole, 20, whole, 20))
    return PrivateKey.parse(dsa_pkcs8(p, q, g, x))


def _numbers(data: bytes, sizes: tuple[int, ...]) -> list[int]:
    found, at = [], 0
    for size in sizes:
        found.append(int.from_bytes(data[at : at + size], "little"))
        at += size
    if at > len(data):
        raise Malformed("the PVK file ends inside its key")
    return found
