"""Armour around other things than certificates and keys: opened where it holds a PKCS#12, refused by name elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profiles import asn1
from profiles.errors import Unsupported
from profiles.files import described
from profiles.files.armour import armour
from profiles.files.pem import PemFile
from profiles.files.pkcs12 import Pkcs12File
from profiles.files.recognition import recognise
from profiles.model import Location, Secret, Selection
from profiles.pkcs12.dialects import LEGACY
from profiles.pkcs12.seal import open_sealed
from profiles.pkcs12.writer import encode
from tests.command import certferry
from tests.profiles.files.asking import Answers
from tests.profiles.files.test_producers import made_by
from tests.profiles.files.test_stores import put
from tests.profiles.pkcs12 import material as m

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Leaf

OPENPGP = b"""-----BEGIN PGP PRIVATE KEY BLOCK-----
Version: GnuPG v2

lFgEZ2BzRBYJKwYBBAHaRw8BAQdA7Vv8R1vC5lB1M6f0Zy8T0mQxq2mS9L7b0Q==
=w2Bq
-----END PGP PRIVATE KEY BLOCK-----
"""


@pytest.mark.slow
def test_what_certtool_makes_without_being_told_otherwise(alice: Leaf, tmp_path: Path) -> None:
    """A PKCS#12 in armour: recognised, listed, opened and moved as the bare one."""
    key, certificate, made = tmp_path / "key.pem", tmp_path / "cert.pem", tmp_path / "made"
    key.write_bytes(alice.key_pem())
    certificate.write_bytes(alice.pem)
    made_by("certtool", "--to-p12", "--load-privkey", str(key), "--load-certificate", str(certificate),
            "--p12-name", "Alice", "--password", "secret", "--outfile", str(made))
    assert b"-----BEGIN PKCS12-----" in made.read_bytes()
    assert recognise(made) == Location("p12", str(made))
    for name in (str(made), f"p12:{made}"):
        moved = certferry("migrate", name, tmp_path / f"{len(name)}.p12", source="secret", target="new")
        assert moved.status == 0, moved.err


@pytest.mark.parametrize("label", ["PKCS12", "PFX"])
def test_a_pkcs12_in_armour(label: str, alice: Leaf, bob: Leaf, tmp_path: Path) -> None:
    """Read under each label that is in use; never written to, and beside other things it is named."""
    path = tmp_path / "file"
    wrapped = armour(label, encode([m.item(alice, "Alice")], Secret("secret"), LEGACY))
    path.write_bytes(b"Bag Attributes\r\n" + wrapped)
    assert described.form(path.read_bytes()) == ("PKCS#12, in armour", True)
    store = Pkcs12File(path)
    store.unlock(Answers("secret"))
    assert open_sealed(store.export(Selection.of([alice.sha256]))).items == (m.item(alice, "Alice"),)
    with pytest.raises(Unsupported, match="not written"):
        put(store, m.item(bob))
    path.write_bytes(wrapped + bob.pem)
    assert recognise(path) == Location("pem", str(path))
    assert "PKCS#12" in PemFile(path).list().problems[0].message


def test_openpgp_is_named(alice: Leaf, tmp_path: Path) -> None:
    """Its armour ends with a check that is no base64; that is no damage."""
    path = tmp_path / "key.asc"
    path.write_bytes(OPENPGP)
    with pytest.raises(Unsupported, match="OpenPGP"):
        recognise(path)
    path.write_bytes(OPENPGP + alice.pem)
    listing = PemFile(path).list()
    assert [entry.certificate for entry in listing.entries] == [m.certificate(alice)]
    assert "OpenPGP" in listing.problems[0].message


def test_a_keystore_for_fips_is_named(tmp_path: Path) -> None:
    """BCFKS is ASN.1 too, and no PKCS#12: what it is and how to go on is said."""
    algorithm = asn1.sequence(asn1.oid("2.16.840.1.101.3.4.1.47"), asn1.sequence())
    store = asn1.sequence(
        asn1.sequence(algorithm, asn1.octets(bytes(64))),
        asn1.sequence(algorithm, asn1.sequence(asn1.oid("1.2.840.113549.1.5.12"), asn1.null()), asn1.octets(bytes(64))))
    path = tmp_path / "keys.bcfks"
    path.write_bytes(store)
    for refused in (lambda: recognise(path), lambda: Pkcs12File(path).list()):
        with pytest.raises(Unsupported, match="BCFKS") as refusal:
            refused()
        assert "keytool" in refusal.value.hint
    checked = certferry("check", path)
    assert checked.status == 7
    assert "BCFKS" in checked.out
