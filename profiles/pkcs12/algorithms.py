"""Object identifiers of digests, and names for what is recognised but not handled."""

from __future__ import annotations

import hashlib

from profiles.errors import Unsupported

DIGESTS = {
    "1.2.840.113549.2.4": "md4",
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.5": "sha512_224",
    "2.16.840.1.101.3.4.2.6": "sha512_256",
    "2.16.840.1.101.3.4.2.7": "sha3_224",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
    "1.3.36.3.2.1": "ripemd160",
    "1.2.156.10197.1.401": "sm3",
    "1.0.10118.3.0.55": "whirlpool",
    "1.3.6.1.4.1.1722.12.2.1.16": "blake2b",
    "1.3.6.1.4.1.1722.12.2.2.8": "blake2s",
}
"""As Python calls them; ``require_digest`` says whether this one has them."""
HMACS = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
    "1.2.840.113549.2.12": "sha512_224",
    "1.2.840.113549.2.13": "sha512_256",
    "1.2.840.113549.2.6": "md5",
    "1.3.6.1.5.5.8.1.1": "md5",
    "1.3.6.1.5.5.8.1.2": "sha1",
    "1.2.156.10197.1.401.3.1": "sm3",
    "2.16.840.1.101.3.4.2.13": "sha3_224",
    "2.16.840.1.101.3.4.2.14": "sha3_256",
    "2.16.840.1.101.3.4.2.15": "sha3_384",
    "2.16.840.1.101.3.4.2.16": "sha3_512",
}
_UNHANDLED = {
    "1.2.643.2.2.9": "GOST R 34.11-94",
    "1.2.643.2.2.10": "HMAC GOST R 34.11-94",
    "1.2.643.2.2.21": "GOST 28147-89",
    "1.2.643.7.1.1.2.2": "Streebog-256",
    "1.2.643.7.1.1.2.3": "Streebog-512",
    "1.2.643.7.1.1.4.1": "HMAC Streebog-256",
    "1.2.643.7.1.1.4.2": "HMAC Streebog-512",
    "1.2.643.7.1.1.5.1.1": "Magma CTR-ACPKM",
    "1.2.643.7.1.1.5.1.2": "Magma CTR-ACPKM-OMAC",
    "1.2.643.7.1.1.5.2.1": "Kuznyechik CTR-ACPKM",
    "1.2.643.7.1.1.5.2.2": "Kuznyechik CTR-ACPKM-OMAC",
    "1.2.840.113549.1.5.1": "PBE MD2 DES",
    "1.2.840.113549.1.5.4": "PBE MD2 RC2",
    "1.2.840.113549.2.2": "MD2",
    "1.2.840.113549.3.9": "RC5-CBC",
    "1.2.410.200004.1.15": "PBE SHA-1 SEED",
    "1.2.410.200046.1.1.2": "ARIA-128-CBC",
    "1.2.410.200046.1.1.7": "ARIA-192-CBC",
    "1.2.410.200046.1.1.12": "ARIA-256-CBC",
    "1.2.156.10197.1.104.3": "SM4-OFB",
    "1.2.156.10197.1.104.4": "SM4-CFB",
    "1.3.14.3.2.8": "DES-OFB",
    "1.3.14.3.2.9": "DES-CFB",
    "1.3.14.3.2.17": "DES-EDE",
    "2.16.840.1.101.3.4.1.7": "AES-128-CCM",
    "2.16.840.1.101.3.4.1.27": "AES-192-CCM",
    "2.16.840.1.101.3.4.1.47": "AES-256-CCM",
    "2.16.840.1.101.3.4.1.6": "AES-128-GCM",
    "2.16.840.1.101.3.4.1.26": "AES-192-GCM",
    "2.16.840.1.101.3.4.1.46": "AES-256-GCM",
    "2.16.840.1.101.3.4.2.11": "SHAKE128",
    "2.16.840.1.101.3.4.2.12": "SHAKE256",
}


class Unhandled(Unsupported):
    """An algorithm that is known by its name at most."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint or "Open it with the program that made it and export it anew, with AES-256.")


def called(oid: str) -> str:
    """The name of an algorithm that is recognised but not handled; the OID itself where it has none."""
    return _UNHANDLED.get(oid, oid)


def unhandled(what: str, oid: str) -> Unhandled:
    """The refusal of an algorithm, by name where it has one and by its object identifier."""
    name = f"{_UNHANDLED[oid]} ({oid})" if oid in _UNHANDLED else oid
    return Unhandled(f"the file uses {name} as {what}, which is not handled here")


def require_digest(what: str, oid: str, known: dict[str, str]) -> str:
    """The digest of a table as Python calls it; ``Unhandled`` by name where neither knows it."""
    name = known.get(oid)
    if name is None:
        raise unhandled(what, oid)
    try:
        hashlib.new(name)
    except ValueError:
        raise unhandled(what, f"{name.upper()} ({oid})") from None
    return name
