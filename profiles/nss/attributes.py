"""PKCS#11 constants as NSS stores them (pkcs11t.h, pkcs11n.h), and how a value stands in a column (softoken, sdb.c)."""

from __future__ import annotations

from profiles.model import Level

CERTIFICATE, PUBLIC_KEY, PRIVATE_KEY = 1, 2, 3
TRUST = 0x0B
NSS_TRUST = 0xCE534353

CLASS, TOKEN, PRIVATE, LABEL, VALUE = "a0", "a1", "a2", "a3", "a11"
CERTIFICATE_TYPE, ISSUER, SERIAL_NUMBER = "a80", "a81", "a82"
KEY_TYPE, SUBJECT, ID = "a100", "a101", "a102"
SENSITIVE, EXTRACTABLE = "a103", "a162"
MODULUS, PUBLIC_EXPONENT, PRIVATE_EXPONENT = "a120", "a122", "a123"
PRIME_1, PRIME_2, EXPONENT_1, EXPONENT_2, COEFFICIENT = "a124", "a125", "a126", "a127", "a128"
EC_PARAMS, EC_POINT = "a180", "a181"
PRIME, SUBPRIME, BASE = "a130", "a131", "a132"
MODIFIABLE = "a170"
NSS_EMAIL = "ace534352"
NSS_DB = "ad5a0db00"
"""The public value of a private key, raw."""

RSA, DSA, EC, EC_EDWARDS = 0, 1, 3, 0x40
KEY_TYPES = {RSA: "rsa", DSA: "dsa", 2: "dh", EC: "ec", EC_EDWARDS: "ec-edwards", 0x41: "ec-montgomery"}

ENCRYPTED = (VALUE, PRIVATE_EXPONENT, PRIME_1, PRIME_2, EXPONENT_1, EXPONENT_2, COEFFICIENT)
"""Attributes of a private key that are sealed with the password."""

TRUST_SERVER, TRUST_CLIENT, TRUST_CODE, TRUST_EMAIL = "ace536358", "ace536359", "ace53635a", "ace53635b"
STEP_UP, CERT_SHA1, CERT_MD5 = "ace536360", "ace5363b4", "ace5363b5"
NEW_SERVER, NEW_CLIENT, NEW_CODE, NEW_EMAIL = "a62c", "a62d", "a62e", "a62f"
CERT_HASH, HASH_MECHANISM = "a635", "a8c"

OLD_LEVELS = {
    Level.TRUSTED: 0xCE534352,
    Level.PEER: 0xCE534351,
    Level.MUST_VERIFY: 0xCE534353,
    Level.UNKNOWN: 0xCE534355,
    Level.DISTRUSTED: 0xCE53435A,
    Level.VALID_CA: 0xCE53435B,
}
"""CKT values of CKO_NSS_TRUST."""
NEW_LEVELS = {Level.UNKNOWN: 0, Level.PEER: 1, Level.TRUSTED: 2, Level.DISTRUSTED: 3, Level.MUST_VERIFY: 4}
"""CKT values of CKO_TRUST (PKCS#11 3.2), which has none for ``VALID_CA``."""

EMPTY = b"\xa5\x00\x5a"
TRUE, FALSE = b"\1", b"\0"

Row = dict[str, bytes | None]
"""One object: column name to value, without its id; absent and None are the same."""


def ulong(value: int) -> bytes:
    """A CK_ULONG as the databases keep it: four bytes, big endian."""
    return value.to_bytes(4, "big")


def number(value: bytes | None) -> int:
    """The CK_ULONG in a column, or -1 where there is none."""
    return int.from_bytes(value, "big") if value else -1


def stored(value: bytes) -> bytes:
    """A value as its column holds it: the empty one has a mark of its own."""
    return value or EMPTY


def plain(value: bytes | None) -> bytes:
    """A column's value without the mark for the empty one."""
    return b"" if value is None or value == EMPTY else value


def code(column: str) -> int:
    """The attribute type that a column name stands for."""
    return int(column[1:], 16)
