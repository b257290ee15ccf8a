"""Certificates and keys as they come wrapped: under another label, one behind the other, with bytes at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profiles import asn1
from profiles.errors import Malformed
from profiles.files.armour import armour
from profiles.files.loose import Loose
from profiles.model import Secret
from profiles.pkcs12 import encryption, passwords
from profiles.pkcs12.contents import Item
from tests.profiles.files.test_pem import items
from tests.profiles.pkcs12 import material as m
from tests.profiles.pkcs12.test_programs import openssl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Authority, Leaf

NETSCAPE = "2.16.840.1.113730.2.5"


def opened(*files: bytes) -> set[Item]:
    """What stands open in files."""
    return set(Loose.parse(files).opened(None).items)


@pytest.mark.parametrize("label", ["CERTIFICATE", "CERTIFICATE CHAIN", "PKCS #7 SIGNED DATA", "PKCS7", "CMS"])
def test_a_bundle_under_any_label(label: str, alice: Leaf, root: Authority, tmp_path: Path) -> None:
    """OpenSSL, NSS and others each have their own, and all take a bundle where a certificate is announced."""
    (tmp_path / "chain.pem").write_bytes(alice.pem + root.pem)
    bundle = openssl("crl2pkcs7", "-nocrl", "-certfile", str(tmp_path / "chain.pem"), "-outform", "DER")
    assert opened(armour(label, bundle), alice.key_pem()) == {m.item(alice), m.bare(root)}


def test_a_certificate_sequence_of_netscape(alice: Leaf, root: Authority) -> None:
    """What its servers sent with ``application/x-x509-ca-cert``."""
    made = asn1.sequence(asn1.oid(NETSCAPE), asn1.tlv(0xA0, asn1.sequence(alice.der, root.der)))
    assert opened(made) == {m.bare(alice), m.bare(root)}


def test_der_one_behind_the_other(alice: Leaf, root: Authority) -> None:
    """As ``cat`` puts it together; a piece that is damaged is told."""
    assert opened(alice.der + root.der + alice.pkcs8) == {m.item(alice), m.bare(root)}
    found = Loose.parse([alice.der + asn1.sequence(asn1.integer(0), asn1.sequence(), asn1.octets(b"")) + root.der])
    assert {one.certificate for one in found.certificates} == {m.certificate(alice), m.certificate(root)}
    assert len(found.problems) == 1


@pytest.mark.parametrize("form", ["PRIVATE KEY", "RSA PRIVATE KEY"])
def test_a_byte_behind_a_key(form: str, alice: Leaf, tmp_path: Path) -> None:
    """It is no part of it."""
    der = alice.pkcs8 if form == "PRIVATE KEY" else asn1.parse(alice.pkcs8).children[2].octets()
    assert [item.key for item in opened(armour(form, der + b"\1"))] == [m.key(alice)]
    (tmp_path / "key.der").write_bytes(der + b"\1")
    assert [item.key for item in items(tmp_path / "key.der")] == [m.key(alice)]


@pytest.mark.parametrize("bits", [1025, 1031, 2040])
def test_a_pvk_of_an_odd_length(bits: int, tmp_path: Path) -> None:
    """Halves are rounded up, as OpenSSL writes them; bytes at the end are no part of it."""
    made = openssl("genrsa", "-traditional", str(bits))
    (key,) = [item.key for item in opened(made)]
    (tmp_path / "key.pem").write_bytes(made)
    data = openssl("rsa", "-in", str(tmp_path / "key.pem"), "-outform", "PVK", "-pvk-none")
    for content in (data, data + b"\0\1"):
        assert [item.key for item in opened(content)] == [key]
    with pytest.raises(Malformed):
        opened(data[:-1])


def test_a_sealed_key_of_a_bad_plain_text_is_no_wrong_password(alice: Leaf) -> None:
    """The password opens it; what is inside is damaged, which is told beside the certificate."""
    rsa = asn1.sequence(asn1.oid("1.2.840.113549.1.1.1"), asn1.null())
    plain = asn1.sequence(asn1.integer(0), rsa, asn1.octets(b""))
    algorithm, data = encryption.seal(plain, encryption.Encryption.AES_256, passwords.proper(Secret("x")), "sha256",
                                      (1, 8))
    sealed = armour("ENCRYPTED PRIVATE KEY", asn1.sequence(algorithm, asn1.octets(data)))
    found = Loose.parse([alice.pem + sealed]).opened(Secret("x"))
    assert found.items == (m.bare(alice),)
    assert [problem.code for problem in found.problems] == ["malformed"]
    with pytest.raises(Malformed):
        Loose.parse([sealed]).opened(Secret("x"))
