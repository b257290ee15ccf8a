"""Private keys as values: a PKCS#8 that knows its public half and can prove that it works."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

from profiles import asn1
from profiles.errors import Unsupported
from profiles.pkcs12 import key_numbers as kn
from profiles.pkcs12 import signatures
from profiles.pkcs12.key_numbers import (
    RsaNumbers,
    dsa_pkcs8,
    ec_parts,
    ec_pkcs8,
    ed25519_pkcs8,
    rsa_numbers,
    rsa_pkcs8,
)
from profiles.pkcs12.signatures import verify
from profiles.public_key import PublicKey

__all__ = [
    "PrivateKey", "RsaNumbers", "dsa_pkcs8", "ec_parts", "ec_pkcs8", "ed25519_pkcs8", "rsa_numbers", "rsa_pkcs8",
    "verify",
]

_ED25519 = "1.3.101.112"


@dataclass(frozen=True)
class PrivateKey:
    """A private key as PKCS#8 DER (RFC 5208); never shown by ``repr``."""

    pkcs8: bytes = field(repr=False)
    certified: PublicKey | None = field(default=None, repr=False, compare=False)
    """The public key of the certificate it was found with, for kinds whose public half cannot be computed."""

    @classmethod
    def parse(cls, pkcs8: bytes) -> PrivateKey:
        """A key of sound outer structure, made DER of version 0 (RFC 5208); of whatever algorithm."""
        info = kn.PrivateKeyInfo.parse(pkcs8)
        if info.algorithm == kn.EC and info.parameters == asn1.oid(_ED25519):
            # NSS (as of 3.125) exports an Ed25519 key dressed up as one of an elliptic curve of that name.
            return cls(ed25519_pkcs8(asn1.parse(info.body).sequence(2)[1].octets()))
        if info.algorithm == kn.EC and (mended := kn.ec_mended(info)):
            return cls(mended)
        key = cls(info.der)
        key.__dict__["info"] = info  # the cached property, known already
        return key

    @classmethod
    def sound(cls, pkcs8: bytes) -> PrivateKey:
        """As ``parse``, and ``Malformed`` also where the numbers in it do not belong together."""
        key = cls.parse(pkcs8)
        with suppress(Unsupported):
            _ = key.public
        return key

    @cached_property
    def info(self) -> kn.PrivateKeyInfo:
        """Algorithm, parameters and secret part."""
        return kn.PrivateKeyInfo.parse(self.pkcs8)

    @cached_property
    def public(self) -> PublicKey:
        """The public half, computed, or else as the key or its certificate has it; ``Unsupported`` by name."""
        try:
            return self.computed
        except Unsupported:
            if self.certified is not None:
                return self.certified
            if self.info.algorithm != kn.EC:
                raise
        parameters, _, point = kn.ec_body_parts(self.info)
        return _public(asn1.sequence(asn1.oid(kn.EC), parameters), point)

    @cached_property
    def computed(self) -> PublicKey:
        """As ``public``, and never believed."""
        info = self.info
        if info.algorithm in kn.RSA_FAMILY:
            numbers, _ = kn.rsa_body_primes(info)
            return _public(info.algorithm_der, asn1.sequence(asn1.integer(numbers.n), asn1.integer(numbers.e)))
        if info.algorithm == kn.DSA:
            p, _, g, x = kn.dsa_numbers(info)
            return _public(info.algorithm_der, asn1.integer(pow(g, x, p)))
        if info.algorithm == kn.EC:
            parameters, _, point = kn.ec_computed_parts(info)
            return _public(asn1.sequence(asn1.oid(kn.EC), parameters), point)
        return _computed(info)

    @property
    def name(self) -> str:
        """Algorithm and size as in listings; ``Unsupported`` as for ``public``."""
        return self.public.name

    @property
    def kind(self) -> str:
        """The algorithm's name or OID, also where the public half cannot be computed."""
        return _kind(self.info)

    @property
    def id(self) -> str:
        """The SHA-1 of the public value in hex, as NSS computes CKA_ID."""
        return self.public.id

    def sign(self, message: bytes) -> bytes:
        """A signature over ``message`` that ``verify`` accepts."""
        return signatures.sign(self.info, self.kind, message)


def _public(algorithm_der: bytes, value: bytes) -> PublicKey:
    return PublicKey.parse(asn1.sequence(algorithm_der, asn1.bits(value)))


def _kind(info: kn.PrivateKeyInfo) -> str:
    return PublicKey(info.algorithm, b"", b"", b"").family


def _computed(info: kn.PrivateKeyInfo) -> PublicKey:
    """The public half of a kind that needs no knowledge of ours, as far as the installed cryptography has it."""
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

    try:
        with kn.quietly():
            public = load_der_private_key(info.bare, None).public_key()
            return PublicKey.parse(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):  # the last for Ed448 of a wrong length
        raise Unsupported(
            f"the file holds a private key of the kind {_kind(info)} ({info.algorithm}), which is not handled here"
        ) from None
