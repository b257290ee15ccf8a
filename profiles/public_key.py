"""Public keys as certificates hold them: named, identified, compared (RFC 5280, 4.1.2.7)."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from profiles import asn1
from profiles.errors import Malformed

_CURVES = {
    "1.2.840.10045.3.1.7": "p256",
    "1.3.132.0.34": "p384",
    "1.3.132.0.35": "p521",
    "1.3.132.0.10": "secp256k1",
    "1.3.132.0.33": "p224",
    "1.2.840.10045.3.1.1": "p192",
}
_ALGORITHMS = {
    "1.2.840.113549.1.1.1": "rsa",
    "1.2.840.113549.1.1.10": "rsa-pss",
    "1.2.840.10040.4.1": "dsa",
    "1.2.840.10045.2.1": "ec",
    "1.3.101.110": "x25519",
    "1.3.101.111": "x448",
    "1.3.101.112": "ed25519",
    "1.3.101.113": "ed448",
    "1.2.840.10046.2.1": "dh",
    "1.2.840.113549.1.3.1": "dh",
    "2.16.840.1.101.3.4.4.1": "ml-kem-512",
    "2.16.840.1.101.3.4.4.2": "ml-kem-768",
    "2.16.840.1.101.3.4.4.3": "ml-kem-1024",
    "2.16.840.1.101.3.4.3.17": "ml-dsa-44",
    "2.16.840.1.101.3.4.3.18": "ml-dsa-65",
    "2.16.840.1.101.3.4.3.19": "ml-dsa-87",
    "1.2.643.2.2.19": "gost-2001",
    "1.2.643.7.1.1.1.1": "gost-2012-256",
    "1.2.643.7.1.1.1.2": "gost-2012-512",
}


AGREEING = ("x25519", "x448", "dh")
"""Families whose keys agree on secrets and sign nothing."""


class PublicKey(NamedTuple):
    """A SubjectPublicKeyInfo: ``value`` is the content of its BIT STRING, ``der`` the whole of it."""

    algorithm: str
    parameters: bytes
    value: bytes
    der: bytes

    @classmethod
    def parse(cls, der: bytes) -> PublicKey:
        """Read a DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7)."""
        _, start, end = asn1.header(der, 0)
        (_, _, algorithm, stop), (tag, _, bits, bits_end) = asn1.exactly(der, start, end, 2)
        parts = list(asn1.elements(der, algorithm, stop))
        if not parts or parts[0][0] != asn1.OID or tag != asn1.BIT_STRING or bits_end == bits:
            raise Malformed("a public key has no algorithm or no key in it")
        oid = asn1.dotted(der[parts[0][2] : parts[0][3]])
        return cls(oid, der[parts[0][3] : stop], der[bits + 1 : bits_end], der)

    @property
    def family(self) -> str:
        """The algorithm without size or curve: ``rsa``, ``ec``, ``gost-2001``, or the OID itself."""
        return _ALGORITHMS.get(self.algorithm, self.algorithm)

    @property
    def name(self) -> str:
        """The algorithm and size as in listings: ``rsa-2048``, ``ec-p256``, ``ed25519``, or the OID itself."""
        family = self.family
        if family in ("rsa", "rsa-pss", "dsa"):
            numbers = self.value if family == "dsa" else self.modulus
            if family == "dsa":
                numbers = self.parameters or self.value
                _, start, end = asn1.header(numbers, 0)
                if numbers[0] == asn1.SEQUENCE:
                    _, start, end = asn1.header(numbers, start)
                numbers = numbers[start:end]
            return f"{family}-{int.from_bytes(numbers, 'big').bit_length()}"
        if family == "ec":
            if self.parameters[:1] != bytes((asn1.OID,)):
                return "ec-explicit"
            _, start, end = asn1.header(self.parameters, 0)
            curve = asn1.dotted(self.parameters[start:end])
            return f"ec-{_CURVES.get(curve, curve)}"
        return family

    @property
    def modulus(self) -> bytes:
        """The modulus of an RSA key, unsigned, big endian, without leading zeros."""
        _, start, _ = asn1.header(self.value, 0)
        tag, start, end = asn1.header(self.value, start)
        if tag != asn1.INTEGER:
            raise Malformed("an RSA public key has no modulus")
        return self.value[start:end].lstrip(b"\0")

    @property
    def id(self) -> str:
        """The SHA-1 of the public value in hex: of the modulus, the EC point, or the DSA number, as NSS's CKA_ID."""
        family = _ALGORITHMS.get(self.algorithm, "")
        if family in ("rsa", "rsa-pss"):
            value = self.modulus
        elif family == "dsa":
            _, start, end = asn1.header(self.value, 0)
            value = self.value[start:end].lstrip(b"\0")
        else:
            value = self.full_value
        return hashlib.sha1(value, usedforsecurity=False).hexdigest()

    def same_key(self, other: PublicKey) -> bool:
        """Whether both are one key, whatever parameters or OID variant their encodings chose."""
        return self.full_value == other.full_value

    @property
    def full_value(self) -> bytes:
        """``value``, a compressed EC point with both coordinates, so that one key has one."""
        if self.family != "ec" or self.value[:1] not in (b"\2", b"\3"):
            return self.value
        from profiles.curves import curve_of, uncompressed

        curve = curve_of(self)
        return uncompressed(curve, self.value) if curve else self.value
