"""RSA keys as CryptoAPI blobs: BLOBHEADER, RSAPUBKEY and little-endian numbers (wincrypt.h)."""

from __future__ import annotations

import struct

from profiles.errors import Malformed
from profiles.pkcs12.keys import RsaNumbers, rsa_pkcs8

_HEADER = struct.Struct("<BBHI4sII")
_PUBLIC, _PRIVATE, _VERSION = 6, 7, 2
_KEY_EXCHANGE = 0xA400  # CALG_RSA_KEYX


def fits(numbers: RsaNumbers) -> bool:
    """Whether CryptoAPI can hold such a key: whole words of modulus, and an exponent of 32 bits."""
    bits = numbers.n.bit_length()
    half = bits // 2
    return bits % 16 == 0 and numbers.e < 1 << 32 and max(numbers.p.bit_length(), numbers.q.bit_length()) <= half


def private(numbers: RsaNumbers) -> bytes:
    """A PRIVATEKEYBLOB."""
    bits = numbers.n.bit_length()
    whole, half = bits // 8, bits // 16
    parts = ((numbers.n, whole), (numbers.p, half), (numbers.q, half), (numbers.dp, half), (numbers.dq, half),
             (numbers.qinv, half), (numbers.d, whole))
    header = _HEADER.pack(_PRIVATE, _VERSION, 0, _KEY_EXCHANGE, b"RSA2", bits, numbers.e)
    return header + b"".join(number.to_bytes(size, "little") for number, size in parts)


def pkcs8(blob: bytes) -> bytes:
    """The PKCS#8 of a PRIVATEKEYBLOB."""
    kind, bits, e = _parsed(blob)
    if kind != b"RSA2":
        raise Malformed("Windows handed out a key blob without a private RSA key")
    whole, half = bits // 8, bits // 16
    n, p, q, dp, dq, qinv, d = _numbers(blob, (whole, half, half, half, half, half, whole))
    return rsa_pkcs8(n, e, d, p, q, dp, dq, qinv)


def modulus(blob: bytes) -> bytes:
    """The modulus in a PUBLICKEYBLOB, as ``PublicKey.modulus`` has it."""
    _, bits, _ = _parsed(blob)
    return _numbers(blob, (bits // 8,))[0].to_bytes(bits // 8, "big").lstrip(b"\0")


def _parsed(blob: bytes) -> tuple[bytes, int, int]:
    try:
        kind, _, _, _, magic, bits, e = _HEADER.unpack_from(blob)
    except struct.error:
        raise Malformed("Windows handed out a key blob that ends inside its header") from None
    if kind not in (_PUBLIC, _PRIVATE) or magic not in (b"RSA1", b"RSA2"):
        raise Malformed("Windows handed out a key blob that holds no RSA key")
    return magic, bits, e


def _numbers(blob: bytes, sizes: tuple[int, ...]) -> list[int]:
    found, at = [], _HEADER.size
    for size in sizes:
        found.append(int.from_bytes(blob[at : at + size], "little"))
        at += size
    if at > len(blob):
        raise Malformed("Windows handed out a key blob that ends inside its key")
    return found
