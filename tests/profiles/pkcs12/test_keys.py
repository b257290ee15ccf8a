"""Private keys know their public half, and prove that they work."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, padding, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)

from profiles import asn1
from profiles.errors import Malformed, Unsupported
from profiles.pkcs12.keys import (
    PrivateKey,
    dsa_pkcs8,
    ec_parts,
    ec_pkcs8,
    ed25519_pkcs8,
    rsa_numbers,
    rsa_pkcs8,
    verify,
)
from profiles.public_key import PublicKey
from tests import keys

KINDS = ("rsa-1024", "rsa-2048", "ec-p256", "ec-p384", "ec-p521", "ed25519")
EXOTIC = {
    "ed448": ed448.Ed448PrivateKey.generate,
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "brainpool": lambda: ec.generate_private_key(ec.BrainpoolP384R1()),
    "dsa-1024": lambda: dsa.generate_private_key(1024),
}


def pkcs8(key: object) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]


def spki(key: object) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]


def small_rsa(bits: int) -> PrivateKey:
    """An RSA key of a size that cryptography does not make."""
    def prime(size: int, start: int) -> int:
        number = (1 << size - 1) + (1 << size - 2) + start | 1
        while any(pow(base, number - 1, number) != 1 for base in (2, 3, 5, 7)) or number % 65537 == 1:
            number += 2
        return number

    p, q = prime(bits // 2, 12345), prime(bits // 2, 1 << 40)
    d = pow(65537, -1, (p - 1) * (q - 1))
    return PrivateKey.parse(rsa_pkcs8(p * q, 65537, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)))


@pytest.mark.parametrize("kind", KINDS)
def test_the_public_half_is_what_cryptography_says(kind: str) -> None:
    """The computed SubjectPublicKeyInfo is byte for byte that of another implementation."""
    key = keys.pooled(kind)
    mine = PrivateKey.parse(pkcs8(key))
    assert mine.public.der == spki(key)
    assert mine.name == kind
    assert mine.id == PublicKey.parse(spki(key)).id


@pytest.mark.parametrize("kind", EXOTIC)
def test_the_public_half_of_rarer_kinds(kind: str) -> None:
    """Also for the kinds that are not made by every CA."""
    key = EXOTIC[kind]()
    mine = PrivateKey.parse(pkcs8(key))
    assert mine.public.der == spki(key)
    assert verify(mine.public, b"message", mine.sign(b"message"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_proves_the_key(kind: str) -> None:
    """It verifies with the public half, and with nothing else."""
    key = PrivateKey.parse(pkcs8(keys.pooled(kind)))
    other = PrivateKey.parse(pkcs8(keys.generate(kind)))
    signature = key.sign(b"message")
    assert verify(key.public, b"message", signature)
    assert not verify(key.public, b"another", signature)
    assert not verify(other.public, b"message", signature)
    assert not verify(key.public, b"message", signature[:-1] + bytes((signature[-1] ^ 1,)))


def test_an_rsa_signature_is_one_for_others_too() -> None:
    """OpenSSL accepts it as PKCS#1 v1.5 with SHA-256."""
    key = keys.pooled("rsa-2048")
    signature = PrivateKey.parse(pkcs8(key)).sign(b"message")
    load_der_public_key(spki(key)).verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr,call-arg]


@pytest.mark.parametrize("bits", [512, 768, 1016])
def test_rsa_keys_that_cryptography_refuses_work(bits: int) -> None:
    """Small old keys have a public half and sign."""
    key = small_rsa(bits)
    assert key.name == f"rsa-{bits}"
    assert verify(key.public, b"message", key.sign(b"message"))
    assert not verify(key.public, b"another", key.sign(b"message"))


def test_an_rsa_key_too_small_for_a_signature_is_refused_by_name() -> None:
    """SHA-256 does not fit into 384 bits."""
    key = small_rsa(384)
    assert key.public.modulus
    with pytest.raises(Unsupported, match="rsa"):
        key.sign(b"message")


def test_a_key_agreement_key_signs_nothing_and_says_so() -> None:
    """X25519 has a public half, but no signatures."""
    key = PrivateKey.parse(pkcs8(x25519.X25519PrivateKey.generate()))
    assert key.name == "x25519"
    with pytest.raises(Unsupported, match="x25519"):
        key.sign(b"message")
    with pytest.raises(Unsupported, match="x25519"):
        verify(key.public, b"message", b"")


@pytest.mark.parametrize(("oid", "name"), [
    ("1.2.643.7.1.1.1.1", "gost-2012-256"), ("1.2.643.2.2.19", "gost-2001"), ("1.2.3.4.5", "1.2.3.4.5"),
])
def test_an_unknown_kind_is_refused_by_name(oid: str, name: str) -> None:
    """A key of an algorithm that is not handled is not called broken."""
    key = PrivateKey.parse(asn1.sequence(asn1.integer(0), asn1.sequence(asn1.oid(oid)), asn1.octets(b"\4\0")))
    assert key.kind == name
    with pytest.raises(Unsupported, match=name):
        _ = key.public
    with pytest.raises(Unsupported, match=name):
        key.sign(b"message")


def test_attributes_after_a_key_are_passed_over() -> None:
    """Windows and NSS write keyUsage behind the key."""
    plain = pkcs8(keys.pooled("rsa-2048"))
    usage = asn1.sequence(asn1.oid("2.5.29.15"), asn1.set_of(asn1.tlv(asn1.BIT_STRING, b"\0\x10")))
    longer = asn1.sequence(*(asn1.der(node) for node in asn1.parse(plain).children), asn1.tlv(0xA0, usage))
    key = PrivateKey.parse(longer)
    assert key.public == PrivateKey.parse(plain).public
    assert verify(key.public, b"message", key.sign(b"message"))


def test_numbers_survive_both_ways() -> None:
    """What a store keeps apart comes back as the same key."""
    rsa, curve = pkcs8(keys.pooled("rsa-2048")), pkcs8(keys.pooled("ec-p384"))
    assert PrivateKey.parse(rsa_pkcs8(*rsa_numbers(rsa))).public == PrivateKey.parse(rsa).public
    parameters, scalar, point = ec_parts(curve)
    assert len(scalar) == 48
    assert PrivateKey.parse(ec_pkcs8(parameters, scalar, point)).public == PrivateKey.parse(curve).public
    assert PrivateKey.parse(ec_pkcs8(parameters, scalar)).public == PrivateKey.parse(curve).public
    edwards = keys.pooled("ed25519")
    assert ed25519_pkcs8(edwards.private_bytes_raw()) == pkcs8(edwards)  # type: ignore[union-attr]


def test_a_wrong_stored_point_does_no_harm() -> None:
    """The public half of an EC key is computed, not believed."""
    parameters, scalar, point = ec_parts(pkcs8(keys.pooled("ec-p256")))
    other = ec_parts(pkcs8(keys.generate("ec-p256")))[2]
    assert PrivateKey.parse(ec_pkcs8(parameters, scalar, other)).public.value == point


def test_numbers_that_do_not_belong_together_are_refused() -> None:
    """A damaged key is called so before it is written anywhere."""
    numbers = rsa_numbers(pkcs8(keys.pooled("rsa-2048")))
    with pytest.raises(Malformed):
        _ = PrivateKey.parse(rsa_pkcs8(*numbers._replace(p=numbers.p + 2))).public
    with pytest.raises(Malformed):
        _ = PrivateKey.parse(dsa_pkcs8(23, 11, 2, 0)).public
    parameters, _, point = ec_parts(pkcs8(keys.pooled("ec-p256")))
    with pytest.raises(Malformed):
        _ = PrivateKey.parse(ec_pkcs8(parameters, bytes(32), point)).public


def test_a_key_is_not_shown() -> None:
    """Neither repr nor the text of an error holds any of it."""
    der = pkcs8(keys.pooled("ec-p256"))
    key = PrivateKey.parse(der)
    _ = key.public
    assert repr(key) == "PrivateKey()"
    assert der.hex()[20:60] not in repr(key.__dict__.get("public"))


@pytest.mark.parametrize("garbage", [b"", b"\x30", b"\x30\x00", b"\x30\x03\x02\x01\x00", b"\x04\x02ab", bytes(64)])
def test_garbage_is_malformed(garbage: bytes) -> None:
    """Nothing but ``Malformed`` comes out of bytes that are no key."""
    with pytest.raises(Malformed):
        PrivateKey.parse(garbage)
