"""Identities whose certificate or key says the same in another way than most: they move like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from profiles import asn1
from profiles.errors import Unsupported
from profiles.model import Secret
from profiles.pkcs12.contents import Item
from profiles.pkcs12.dialects import LEGACY
from profiles.pkcs12.keys import PrivateKey, ec_parts, ec_pkcs8, verify
from profiles.pkcs12.reader import decode
from profiles.pkcs12.writer import encode
from profiles.public_key import PublicKey
from tests import keys
from tests.command import certferry
from tests.profiles.pkcs12 import material as m
from tests.profiles.pkcs12.test_programs import openssl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pki import Authority, Leaf

PASSWORD = "secret"


def compressed(public: PublicKey) -> bytes:
    """The same EC key with a compressed point."""
    half = len(public.value) // 2
    point = bytes((2 + (public.value[-1] & 1),)) + public.value[1 : half + 1]
    return asn1.sequence(asn1.sequence(asn1.oid(public.algorithm), public.parameters), asn1.bits(point))


def moved(item: Item, tmp_path: Path, target: str) -> Item:
    """What arrives where, moved as a user would, with the key proved."""
    path = tmp_path / "source.p12"
    path.write_bytes(encode([item], Secret(PASSWORD), LEGACY))
    done = certferry("migrate", path, target, "--json", source=PASSWORD, target=PASSWORD)
    assert done.status == 0, done.err + done.out
    assert [step["verified"] for step in done.json["steps"]] == [True]
    back = tmp_path / "back.p12"
    done = certferry("migrate", target, back, source=PASSWORD, target=PASSWORD)
    assert done.status == 0, done.err + done.out
    found = [one for one in decode(back.read_bytes(), Secret(PASSWORD)).items if one.key]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("kind", ["ec-p256", "ec-p384", "ec-p521"])
def test_a_compressed_point_is_the_same_key(kind: str, intermediate: Authority) -> None:
    """One id, one key, whether a certificate holds one coordinate or both (SEC 1, 2.3.4)."""
    leaf = intermediate.leaf("Someone", key=kind)
    public = m.certificate(leaf).public_key
    other = PublicKey.parse(compressed(public))
    assert other.id == public.id == m.key(leaf).id
    assert other.same_key(public)
    assert not other.same_key(m.certificate(intermediate.leaf("Other", key=kind)).public_key)


@pytest.mark.slow
@pytest.mark.parametrize("target", [
    "p12:{}/new.p12", "pem:{}/new.pem", "nss:{}/profile",
    pytest.param("gpgsm:{}/gnupg", marks=pytest.mark.linux("gpgsm as Debian packs it"))])
def test_a_certificate_with_a_compressed_point_moves(target: str, intermediate: Authority, tmp_path: Path) -> None:
    """It arrives with its key, which signs, and is never called damaged."""
    leaf = intermediate.leaf("Someone", key="ec-p256")
    certificate = m.certified(leaf, compressed(m.certificate(leaf).public_key))
    arrived = moved(Item(certificate, m.key(leaf)), tmp_path, target.format(tmp_path))
    assert arrived.certificate == certificate
    assert arrived.key is not None
    assert ec_parts(arrived.key.pkcs8) == ec_parts(leaf.pkcs8)


AGREEING: dict[str, Callable[[], object]] = {
    "x25519": x25519.X25519PrivateKey.generate, "x448": x448.X448PrivateKey.generate,
}


def pkcs8(key: object) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("kind", AGREEING)
def test_a_key_that_signs_nothing_moves(kind: str, intermediate: Authority, tmp_path: Path) -> None:
    """It is proved by its public half, and nobody is told that it signs."""
    key = PrivateKey.parse(pkcs8(AGREEING[kind]()))
    certificate = m.certified(intermediate.leaf("Someone", key="ec-p256"), key.public.der)
    path = tmp_path / "source.p12"
    path.write_bytes(encode([Item(certificate, key), Item(None, PrivateKey.parse(pkcs8(AGREEING[kind]())))],
                            Secret(PASSWORD), LEGACY))
    for target in (tmp_path / "new.p12", tmp_path / "new.pem"):
        done = certferry("migrate", path, target, source=PASSWORD, target=PASSWORD)
        assert done.status == 0, done.err + done.out
        assert done.out.count("read back, same key") == 2
        assert "signs" not in done.out
    refused = certferry("migrate", path, f"nss:{tmp_path / 'profile'}", source=PASSWORD, target=PASSWORD)
    assert refused.status != 0
    assert kind in refused.out + refused.err


def odd_forms(leaf: Leaf) -> dict[str, bytes]:
    """An EC key as other programs have written it: only the last two are what RFC 5915 and RFC 8410 want."""
    parameters, scalar, point = ec_parts(leaf.pkcs8)
    other = ec_parts(keys.pkcs8(keys.generate("ec-p256")))[2]
    spelled = explicit(leaf)
    inside = asn1.sequence(asn1.integer(1), asn1.octets(scalar), asn1.tlv(asn1.context(0), parameters))
    return {
        "another's point": ec_pkcs8(parameters, scalar, other),
        "compressed point": ec_pkcs8(parameters, scalar, bytes((2 + (point[-1] & 1),)) + point[1:33]),
        "a zero too many": ec_pkcs8(parameters, b"\0" + scalar, point),
        "explicit curve": ec_pkcs8(spelled, scalar, point),
        "curve inside": asn1.sequence(asn1.integer(0), asn1.sequence(asn1.oid("1.2.840.10045.2.1")),
                                      asn1.octets(inside)),
        "no point": ec_pkcs8(parameters, scalar),
    }


def explicit(leaf: Leaf) -> bytes:
    """The curve of a leaf's key spelled out by OpenSSL."""
    made = openssl("ec", "-inform", "DER", "-param_enc", "explicit", "-outform", "DER", stdin=leaf.pkcs8)
    node = asn1.parse(made)
    return asn1.der(next(child for child in node.children if child.tag == asn1.context(0)).children[0])


@pytest.mark.parametrize("form", ["another's point", "compressed point", "a zero too many", "explicit curve",
                                  "curve inside", "no point"])
def test_an_ec_key_in_an_odd_form_is_made_right(form: str, intermediate: Authority) -> None:
    """It signs here, is the certificate's, and what is written of it is the form that every program takes."""
    leaf = intermediate.leaf("Someone", key="ec-p256")
    key = PrivateKey.parse(odd_forms(leaf)[form])
    assert verify(m.certificate(leaf).public_key, b"m", key.sign(b"m"))
    assert key.name == "ec-p256"
    if form != "no point":
        assert key.pkcs8 == ec_pkcs8(*ec_parts(leaf.pkcs8))
    written = load_der_private_key(key.pkcs8, None)
    assert keys.pkcs8(written) == leaf.pkcs8  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_certificate_with_its_curve_spelled_out_is_the_key_s(intermediate: Authority, tmp_path: Path) -> None:
    """Both in numbers, as old smart cards have them; another base point is another curve."""
    leaf = intermediate.leaf("Someone", key="ec-p256")
    public, spelled = m.certificate(leaf).public_key, explicit(leaf)
    algorithm = asn1.sequence(asn1.oid(public.algorithm), spelled)
    certificate = m.certified(leaf, asn1.sequence(algorithm, asn1.bits(public.value)))
    key = PrivateKey.parse(odd_forms(leaf)["explicit curve"])
    arrived = moved(Item(certificate, key), tmp_path, f"p12:{tmp_path / 'new.p12'}")
    assert arrived == Item(certificate, key, arrived.nickname)
    parts = [asn1.der(node) for node in asn1.parse(spelled).children]
    parts[3] = asn1.octets(public.value)
    foreign = PrivateKey.parse(ec_pkcs8(asn1.sequence(*parts), ec_parts(leaf.pkcs8)[1], public.value))
    with pytest.raises(Unsupported):
        _ = foreign.computed
    with pytest.raises(Unsupported):
        foreign.sign(b"m")


def test_no_library_speaks_to_the_user(intermediate: Authority, tmp_path: Path) -> None:
    """What cryptography thinks of a Diffie-Hellman key is not shown, with its source, in between."""
    made = openssl("genpkey", "-algorithm", "DH", "-pkeyopt", "group:modp_2048")
    path = tmp_path / "dh.pem"
    path.write_bytes(made + intermediate.pem)
    done = certferry("list", path)
    assert done.status == 0
    assert "Warning" not in done.err
    assert "dh" in done.out
