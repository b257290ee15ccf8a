"""Keys from passwords: RFC 7292 appendix B, PBKDF1 and PBKDF2 (RFC 8018). Callers have checked every count."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from hashlib import _Hash as Hash

KEY, IV, MAC = 1, 2, 3
"""The purposes of RFC 7292, B.3."""


def pkcs12(digest: str, password: bytes, salt: bytes, iterations: int, purpose: int, length: int) -> bytes:
    """``length`` bytes for one purpose from a BMPString password (RFC 7292, B.2)."""
    hash_ = _hash(digest)
    block = hash_(b"").block_size
    inputs = bytearray(_filled(salt, block) + _filled(password, block))
    out = b""
    while True:
        value: bytes = hash_(bytes((purpose,)) * block + inputs).digest()
        for _ in range(iterations - 1):
            value = hash_(value).digest()
        out += value
        if len(out) >= length:
            return out[:length]
        _step(inputs, value, block)


def _step(inputs: bytearray, value: bytes, block: int) -> None:
    """What the next round is fed with (RFC 7292, B.2, step 6C)."""
    addend = int.from_bytes((value * (block // len(value) + 1))[:block], "big") + 1
    for start in range(0, len(inputs), block):
        total = int.from_bytes(inputs[start : start + block], "big") + addend
        inputs[start : start + block] = (total % (1 << 8 * block)).to_bytes(block, "big")


def even(digest: str, password: bytes, salt: bytes, iterations: int) -> bool:
    """Whether no block that the second round for a key is fed with begins with a zero.

    gpgsm 2.2 drops such a zero, and so derives another key from one salt in about a hundred: it then cannot open the
    file (GnuPG, sm/minip12.c, string_to_key: a number is printed without its leading zeros).
    """
    block = _hash(digest)(b"").block_size
    inputs = bytearray(_filled(salt, block) + _filled(password, block))
    _step(inputs, pkcs12(digest, password, salt, iterations, KEY, _hash(digest)(b"").digest_size), block)
    return all(inputs[start] for start in range(0, len(inputs), block))


def _hash(digest: str) -> Callable[[bytes], Hash]:
    """The quick way to a digest, which not every one has."""
    return getattr(hashlib, digest, None) or partial(hashlib.new, digest)


def _filled(value: bytes, block: int) -> bytes:
    if not value:
        return b""
    size = -(-len(value) // block) * block
    return (value * (size // len(value) + 1))[:size]


def pbkdf1(digest: str, password: bytes, salt: bytes, iterations: int) -> bytes:
    """One digest's length from a password (RFC 8018, 5.1)."""
    hash_ = _hash(digest)
    value: bytes = hash_(password + salt).digest()
    for _ in range(iterations - 1):
        value = hash_(value).digest()
    return value


def pbkdf2(digest: str, password: bytes, salt: bytes, iterations: int, length: int) -> bytes:
    """``length`` bytes from a password (RFC 8018, 5.2)."""
    return hashlib.pbkdf2_hmac(digest, password, salt, iterations, length)


def scrypt(password: bytes, salt: bytes, cost: tuple[int, int, int], length: int) -> bytes:
    """``length`` bytes from a password and (N, r, p) (RFC 7914)."""
    n, r, p = cost
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=256 << 20, dklen=length)
