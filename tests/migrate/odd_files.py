"""PKCS#12 files as no writer here makes them: keys under passwords of their own, and things that are no identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles import asn1
from profiles.model import Secret
from profiles.pkcs12 import bags, passwords
from profiles.pkcs12.bags import Labels
from profiles.pkcs12.encryption import Encryption, seal
from profiles.pkcs12.mac import mac_data
from tests.profiles.pkcs12 import material as m

if TYPE_CHECKING:
    from tests.pki import Leaf

_COST = (2048, 8)


def key_under(leaf: Leaf, password: str) -> bytes:
    """The bag of a key, sealed under a password of its own, with the local id of its certificate."""
    algorithm, data = seal(leaf.pkcs8, Encryption.AES_256, passwords.proper(Secret(password)), "sha256", _COST)
    return bags.bag(bags.SHROUDED_KEY, asn1.sequence(algorithm, asn1.octets(data)), _labels(leaf))


def certificate(leaf: Leaf) -> bytes:
    """The bag of a certificate."""
    return bags.certificate_bag(leaf.der, _labels(leaf))


def revocation_list() -> bytes:
    """The bag of a CRL."""
    return bags.bag(bags.CRL, asn1.sequence(asn1.oid("1.2.3"), asn1.tlv(0xA0, asn1.octets(b"x"))), Labels())


def secret_value(name: str) -> bytes:
    """The bag of a secret that is no private key."""
    value = asn1.sequence(asn1.oid("1.2.3"), asn1.tlv(0xA0, asn1.octets(b"x")))
    return bags.bag(bags.SECRET, value, Labels(name))


def sealed_for_a_key() -> bytes:
    """A ContentInfo that only the holder of another key opens."""
    return asn1.sequence(asn1.oid("1.2.840.113549.1.7.3"), asn1.tlv(asn1.context(0), asn1.sequence(asn1.integer(0))))


def encrypted(password: str, *found: bytes) -> bytes:
    """A ContentInfo of those bags, sealed under a password."""
    algorithm, data = seal(asn1.sequence(*found), Encryption.AES_256, passwords.proper(Secret(password)), "sha256",
                           _COST)
    return m.encrypted(algorithm, data)


def pfx(*found: bytes, password: str = "secret", parts: tuple[bytes, ...] = ()) -> bytes:
    """A PFX of open and sealed bags and of whole parts, with an integrity check under a password."""
    plain = (m.data(asn1.sequence(*found)),) if found else ()
    safe = asn1.sequence(*plain, *parts)
    mac = mac_data(safe, "sha256", passwords.proper(Secret(password)), _COST)
    return asn1.sequence(asn1.integer(3), m.data(safe), mac)


def _labels(leaf: Leaf) -> Labels:
    found = m.certificate(leaf)
    return Labels(found.common_name, bytes.fromhex(found.public_key.id))
