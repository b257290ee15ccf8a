"""Keygrips: the name under which GnuPG files a private key, computed from its public half.

Source: Libgcrypt, ``compute_keygrip`` in cipher/rsa.c and cipher/ecc.c.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.curves import curve_of, uncompressed

if TYPE_CHECKING:
    from profiles.public_key import PublicKey

RSA = "1.2.840.113549.1.1.1"


def keygrip(public: PublicKey) -> str | None:
    """The keygrip in capital hex; None for kinds of keys that are not known here."""
    if public.algorithm == RSA:
        _, start, _ = asn1.header(public.value, 0)
        _, start, end = asn1.header(public.value, start)
        return _hashed(public.value[start:end])  # with the zero that DER puts before a high bit
    curve = curve_of(public)
    if curve is None:
        return None
    point = uncompressed(curve, public.value)
    parts = {"p": curve.p, "a": curve.a, "b": curve.b, "g": None, "n": curve.order, "q": None}
    values = {"g": curve.base, "q": point}
    hashed = b""
    for letter, number in parts.items():
        value = values.get(letter) or (number or 0).to_bytes(((number or 0).bit_length() + 7) // 8, "big")
        hashed += b"(1:%b%d:%b)" % (letter.encode(), len(value), value)
    return _hashed(hashed)


def _hashed(value: bytes) -> str:
    return hashlib.sha1(value, usedforsecurity=False).hexdigest().upper()
