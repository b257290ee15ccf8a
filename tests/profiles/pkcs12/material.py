"""Items from test certificates, and PFX files put together by hand where no writer would make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from profiles import asn1
from profiles.certificate import Certificate
from profiles.pkcs12 import bags
from profiles.pkcs12.bags import NO_LABELS, Labels
from profiles.pkcs12.contents import Item
from profiles.pkcs12.keys import PrivateKey
from tests import keys

if TYPE_CHECKING:
    from profiles.asn1 import Node
    from tests.pki import Leaf

DATA, ENCRYPTED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
PBE_3DES = "1.2.840.113549.1.12.1.3"
PBES2, PBKDF2, SCRYPT = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12", "1.3.6.1.4.1.11591.4.11"
AES_256 = "2.16.840.1.101.3.4.1.42"
PBMAC1, HMAC_SHA256, SHA1 = "1.2.840.113549.1.5.14", "1.2.840.113549.2.9", "1.3.14.3.2.26"


def certificate(leaf: Leaf) -> Certificate:
    """The certificate as certferry holds it."""
    return Certificate.parse(leaf.der)


def key(leaf: Leaf) -> PrivateKey:
    """The key as certferry holds it."""
    return PrivateKey.parse(leaf.pkcs8)


def item(leaf: Leaf, nickname: str = "", **more: object) -> Item:
    """The identity of a leaf."""
    return Item(certificate(leaf), key(leaf), nickname, **more)  # type: ignore[arg-type]


def bare(leaf: Leaf, nickname: str = "", **more: object) -> Item:
    """The certificate of a leaf alone."""
    return Item(certificate(leaf), None, nickname, **more)  # type: ignore[arg-type]


def certified(leaf: Leaf, spki: bytes) -> Certificate:
    """A leaf's certificate for another public key, signed by the same issuer."""
    assert leaf.issuer is not None
    assert isinstance(leaf.issuer.key, ec.EllipticCurvePrivateKey)
    tbs, algorithm, _ = asn1.parse(leaf.der).children
    made = asn1.sequence(*(spki if number == 6 else asn1.der(node) for number, node in enumerate(tbs.children)))
    signature = leaf.issuer.key.sign(made, ec.ECDSA(hashes.SHA256()))
    return Certificate.parse(asn1.sequence(made, asn1.der(algorithm), asn1.bits(signature)))


def generated(kind: str) -> PrivateKey:
    """A key of a kind that no certificate needs."""
    return PrivateKey.parse(keys.pkcs8(keys.pooled(kind)))


# -- PFX by hand


def data(content: bytes) -> bytes:
    """A ContentInfo of the kind data."""
    return asn1.sequence(asn1.oid(DATA), asn1.tlv(asn1.context(0), asn1.octets(content)))


def encrypted(algorithm: bytes, content: bytes = bytes(16)) -> bytes:
    """A ContentInfo of the kind encryptedData."""
    info = asn1.sequence(asn1.oid(DATA), algorithm, asn1.tlv(asn1.context(0, constructed=False), content))
    return asn1.sequence(asn1.oid(ENCRYPTED), asn1.tlv(asn1.context(0), asn1.sequence(asn1.integer(0), info)))


def pfx(*parts: bytes, mac: bytes = b"") -> bytes:
    """A PFX of those ContentInfos."""
    return asn1.sequence(asn1.integer(3), data(asn1.sequence(*parts)), mac)


def key_bag(found: PrivateKey, labels: Labels = NO_LABELS) -> bytes:
    """An open key."""
    return bags.bag(bags.KEY, found.pkcs8, labels)


def shrouded_bag(algorithm: bytes, content: bytes = bytes(16)) -> bytes:
    """A sealed key."""
    return bags.bag(bags.SHROUDED_KEY, asn1.sequence(algorithm, asn1.octets(content)), NO_LABELS)


def nested_bag(*inner: bytes) -> bytes:
    """Bags in a bag."""
    return bags.bag(bags.NESTED, asn1.sequence(*inner), NO_LABELS)


def pbes1(iterations: int, salt: bytes = bytes(8)) -> bytes:
    """The AlgorithmIdentifier of 3DES by password."""
    return asn1.sequence(asn1.oid(PBE_3DES), asn1.sequence(asn1.octets(salt), asn1.integer(iterations)))


def pbkdf2(*parameters: bytes) -> bytes:
    """The AlgorithmIdentifier of PBKDF2 with HMAC-SHA256."""
    prf = asn1.sequence(asn1.oid(HMAC_SHA256), asn1.null())
    return asn1.sequence(asn1.oid(PBKDF2), asn1.sequence(*parameters, prf))


def pbes2(derivation: bytes) -> bytes:
    """The AlgorithmIdentifier of AES-256 by password."""
    cipher = asn1.sequence(asn1.oid(AES_256), asn1.octets(bytes(16)))
    return asn1.sequence(asn1.oid(PBES2), asn1.sequence(derivation, cipher))


def scrypt(cost: int, block: int = 8, parallel: int = 1) -> bytes:
    """The AlgorithmIdentifier of scrypt."""
    numbers = map(asn1.integer, (cost, block, parallel))
    return asn1.sequence(asn1.oid(SCRYPT), asn1.sequence(asn1.octets(bytes(8)), *numbers))


def mac(iterations: int, salt: bytes = bytes(8)) -> bytes:
    """A MacData of SHA-1 that fits nothing."""
    algorithm = asn1.sequence(asn1.oid(SHA1), asn1.null())
    info = asn1.sequence(algorithm, asn1.octets(bytes(20)))
    return asn1.sequence(info, asn1.octets(salt), asn1.integer(iterations))


def pbmac1(derivation: bytes) -> bytes:
    """A MacData of PBMAC1 that fits nothing."""
    scheme = asn1.sequence(asn1.oid(HMAC_SHA256), asn1.null())
    algorithm = asn1.sequence(asn1.oid(PBMAC1), asn1.sequence(derivation, scheme))
    return asn1.sequence(asn1.sequence(algorithm, asn1.octets(bytes(32))), asn1.octets(bytes(8)))


def as_ber(node: Node) -> bytes:
    """The same element with indefinite lengths, and octet strings in two pieces."""
    if node.tag == asn1.OCTET_STRING and len(node.content) > 1:
        half = len(node.content) // 2
        pieces = asn1.octets(node.content[:half]) + asn1.octets(node.content[half:])
        return bytes((asn1.OCTET_STRING | asn1.CONSTRUCTED, 0x80)) + pieces + b"\0\0"
    if not node.tag & asn1.CONSTRUCTED:
        return asn1.tlv(node.tag, node.content)
    return bytes((node.tag, 0x80)) + b"".join(map(as_ber, node.children)) + b"\0\0"
