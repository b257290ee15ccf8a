"""The integrity check of a PFX: HMAC with a key of RFC 7292, appendix B, or PBMAC1 (RFC 9579)."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import Malformed
from profiles.pkcs12 import kdf, limits
from profiles.pkcs12.algorithms import DIGESTS, HMACS, require_digest
from profiles.pkcs12.encryption import Pbkdf2, parse_derivation, pbkdf2_der

if TYPE_CHECKING:
    from collections.abc import Iterable

    from profiles.asn1 import Node
    from profiles.pkcs12.limits import Allowance
    from profiles.pkcs12.passwords import Spelling

PBMAC1 = "1.2.840.113549.1.5.14"
_SHORTEST_KEY = 20


@dataclass(frozen=True, slots=True)
class Mac:
    """The MacData of one PFX; ``derivation`` is set for PBMAC1."""

    digest: str
    value: bytes
    salt: bytes
    iterations: int
    derivation: Pbkdf2 | None = None

    def secret(self, spelling: Spelling) -> bytes:
        """What of a spelled password goes into the derivation."""
        return spelling.octets if self.derivation else spelling.bmp

    def made(self, secret: bytes, content: bytes) -> bytes:
        """The check value over ``content``."""
        if self.derivation:
            key = self.derivation.derive(secret, self.derivation.key_length or 0)
        else:
            size = hashlib.new(self.digest).digest_size
            key = kdf.pkcs12(self.digest, secret, self.salt, self.iterations, kdf.MAC, size)
        return hmac.digest(key, content, self.digest)

    def opened_by(self, content: bytes, spellings: Iterable[Spelling], allowance: Allowance) -> Spelling | None:
        """The first spelling of the password under which ``content`` is unaltered, or None."""
        tried: set[bytes] = set()
        for spelling in spellings:
            secret = self.secret(spelling)
            if secret in tried:
                continue
            if tried:
                if not allowance.affords(self.iterations):
                    break
                allowance.reserve(self.iterations)
            tried.add(secret)
            if hmac.compare_digest(self.made(secret, content), self.value):
                return spelling
        return None


def parse_mac(node: Node, allowance: Allowance) -> Mac:
    """Read a MacData (RFC 7292, section 4), and take its iterations from the allowance."""
    info, salt, *iterations = node.sequence(2)
    algorithm, value = info.sequence(2)[:2]
    name, *parameters = algorithm.sequence(1)
    oid = name.oid()
    if oid == PBMAC1:
        return _parse_pbmac1(parameters, value.octets(), allowance)
    digest = require_digest("its integrity check", oid, DIGESTS)
    count = allowance.reserve(iterations[0].integer() if iterations else 1)
    return _sized(Mac(digest, value.octets(), limits.salt(salt.octets()), count))


def _parse_pbmac1(parameters: list[Node], value: bytes, allowance: Allowance) -> Mac:
    """PBMAC1-params with the restrictions of RFC 9579, section 4: PBKDF2, and a key length that is stated."""
    if len(parameters) != 1:
        raise Malformed("PBMAC1 lacks its parameters")
    derivation, scheme = parameters[0].sequence(2)[:2]
    source = parse_derivation(derivation, allowance)
    digest = require_digest("its integrity check", scheme.sequence(1)[0].oid(), HMACS)
    if not isinstance(source, Pbkdf2) or source.key_length is None or source.key_length < _SHORTEST_KEY:
        raise Malformed(f"the key length of PBMAC1 is missing or shorter than {_SHORTEST_KEY} bytes (RFC 9579)")
    return _sized(Mac(digest, value, source.salt, source.iterations, source))


def _sized(mac: Mac) -> Mac:
    if len(mac.value) != hashlib.new(mac.digest).digest_size:
        raise Malformed("the integrity check of the file has the wrong length")
    return mac


def mac_data(content: bytes, digest: str, password: Spelling, cost: tuple[int, int], *, pbmac1: bool = False) -> bytes:
    """MacData as DER over ``content`` with a fresh salt; ``cost`` is iterations and salt length."""
    iterations, salt = cost[0], os.urandom(cost[1])
    derivation = Pbkdf2(salt, iterations, digest, hashlib.new(digest).digest_size) if pbmac1 else None
    mac = Mac(digest, b"", salt, iterations, derivation)
    value = mac.made(mac.secret(password), content)
    if derivation:
        numbers = (iterations, derivation.key_length or 0)
        hmac_oid = next(oid for oid, name in HMACS.items() if name == digest)
        algorithm = asn1.sequence(asn1.oid(PBMAC1), asn1.sequence(
            pbkdf2_der((asn1.octets(salt), *map(asn1.integer, numbers)), digest),
            asn1.sequence(asn1.oid(hmac_oid), asn1.null()),
        ))
    else:
        digest_oid = next(oid for oid, name in DIGESTS.items() if name == digest)
        algorithm = asn1.sequence(asn1.oid(digest_oid), asn1.null())
    shown = 1 if derivation else iterations  # RFC 9579: only for readers that insist on one
    last = asn1.integer(shown) if shown != 1 else b""
    return asn1.sequence(asn1.sequence(algorithm, asn1.octets(value)), asn1.octets(salt), last)
