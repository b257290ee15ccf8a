"""PEM and its relatives, as other programs write them, and what other programs make of ours."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from profiles import asn1
from profiles.errors import Malformed, Unsupported, WrongPassword
from profiles.files.armour import armour
from profiles.files.pem import PemFile
from profiles.files.recognition import recognise
from profiles.model import Level, Location, Selection, Trust
from profiles.pkcs12.contents import Item
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.seal import open_sealed, seal
from tests import keys
from tests.profiles.files.asking import Answers
from tests.profiles.files.test_stores import ROOT_TRUST, put
from tests.profiles.pkcs12 import material as m
from tests.profiles.pkcs12.test_programs import openssl

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.pki import Authority, Leaf

DEK = ("-des3", "-des", "-aes128", "-aes192", "-aes256", "-camellia256")


def items(path: Path, *passwords: str) -> list[Item]:
    """Everything that a PEM store hands out."""
    store = PemFile(path, new=False)
    store.unlock(Answers(*passwords))
    listing = store.list()
    pfx = store.export(Selection.of(
        [entry.certificate.sha256 for entry in listing.entries], [key.id for key in listing.pending_keys]))
    return list(open_sealed(pfx).items)


def found_keys(path: Path, *passwords: str) -> list[PrivateKey]:
    """Every key in a file."""
    return [item.key for item in items(path, *passwords) if item.key]


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256", "ec-p521", "ed25519"])
@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_open_keys_in_every_form(kind: str, form: str, tmp_path: Path) -> None:
    """PKCS#8 and the traditional form, armoured and not."""
    key = keys.pooled(kind)
    source, made = tmp_path / "source.pem", tmp_path / "made"
    source.write_bytes(armour("PRIVATE KEY", keys.pkcs8(key)))
    for options in ([], ["-traditional"]) if kind != "ed25519" else ([],):
        made.write_bytes(openssl("pkey", "-in", str(source), "-outform", form, *options))
        assert [one.public for one in found_keys(made)] == [PrivateKey.parse(keys.pkcs8(key)).public]


@pytest.mark.parametrize("cipher", DEK)
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_keys_under_dek_info(cipher: str, kind: str, tmp_path: Path) -> None:
    """What OpenSSL wrote before PKCS#8, with every cipher it still has."""
    key = keys.pooled("rsa-2048" if kind == "rsa" else "ec-p384")
    source, made = tmp_path / "source.pem", tmp_path / "made.pem"
    source.write_bytes(armour("PRIVATE KEY", keys.pkcs8(key)))
    options = ["-traditional"] if kind == "rsa" else []
    providers = ["-provider", "legacy", "-provider", "default"] if cipher == "-des" else []
    made.write_bytes(openssl(kind, "-in", str(source), cipher, *options, *providers, "-passout", "stdin",
                             stdin=b"secret\n"))
    assert b"DEK-Info" in made.read_bytes()
    assert [one.public for one in found_keys(made, "secret")] == [PrivateKey.parse(keys.pkcs8(key)).public]
    with pytest.raises(WrongPassword):
        items(made, "wrong")


@pytest.mark.parametrize("options", [
    ["-v2", "aes-256-cbc"], ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"], ["-v2", "des3"], ["-scrypt"],
    ["-v1", "PBE-SHA1-3DES"], ["-v1", "PBE-SHA1-2DES"], ["-v1", "PBE-SHA1-RC2-40"], ["-v1", "PBE-SHA1-RC4-128"],
    ["-v1", "PBE-MD5-DES"], ["-v1", "PBE-SHA1-DES"], ["-v2", "rc2-64-cbc"], ["-v2", "rc2-40-cbc"],
], ids=" ".join)
def test_sealed_pkcs8(options: Sequence[str], tmp_path: Path) -> None:
    """Every scheme of PKCS#5 and PKCS#12 that OpenSSL writes around a key."""
    key = keys.pooled("ec-p256")
    source, made = tmp_path / "source.pem", tmp_path / "made.pem"
    source.write_bytes(armour("PRIVATE KEY", keys.pkcs8(key)))
    made.write_bytes(openssl("pkcs8", "-topk8", "-in", str(source), *options, "-provider", "legacy",
                             "-provider", "default", "-passout", "stdin", stdin=b"secret\n"))
    assert [one.public for one in found_keys(made, "secret")] == [PrivateKey.parse(keys.pkcs8(key)).public]
    with pytest.raises(WrongPassword):
        items(made, "wrong")


@pytest.mark.parametrize("strength", ["-pvk-none", "-pvk-weak", "-pvk-strong"])
def test_pvk(strength: str, tmp_path: Path) -> None:
    """Microsoft's own form, open, export grade and sealed."""
    source, made = tmp_path / "source.pem", tmp_path / "made.pvk"
    source.write_bytes(armour("PRIVATE KEY", keys.pkcs8(keys.pooled("rsa-2048"))))
    openssl("rsa", "-in", str(source), "-outform", "PVK", strength, "-out", str(made), "-provider", "legacy",
            "-provider", "default", "-passout", "stdin", stdin=b"secret\n")
    expected = PrivateKey.parse(keys.pkcs8(keys.pooled("rsa-2048"))).public
    assert [one.public for one in found_keys(made, "secret")] == [expected]
    if strength != "-pvk-none":
        with pytest.raises(WrongPassword):
            items(made, "wrong")


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_pkcs7(form: str, alice: Leaf, intermediate: Authority, root: Authority, tmp_path: Path) -> None:
    """The certificates of a PKCS#7, as CAs send them."""
    source, made = tmp_path / "chain.pem", tmp_path / "made.p7b"
    source.write_bytes(alice.pem + intermediate.pem + root.pem)
    made.write_bytes(openssl("crl2pkcs7", "-nocrl", "-certfile", str(source), "-outform", form))
    assert {item.certificate for item in items(made)} == {m.certificate(one) for one in (alice, intermediate, root)}


def test_a_trusted_certificate_brings_its_trust(root: Authority, tmp_path: Path) -> None:
    """What OpenSSL keeps behind a certificate: alias, purposes it is trusted for, purposes it is refused for."""
    source, made = tmp_path / "root.pem", tmp_path / "trusted.pem"
    source.write_bytes(root.pem)
    made.write_bytes(openssl("x509", "-in", str(source), "-trustout", "-setalias", "My Root", "-addtrust", "serverAuth",
                             "-addtrust", "emailProtection", "-addreject", "codeSigning"))
    (item,) = items(made)
    assert item.certificate == m.certificate(root)
    assert item.nickname == "My Root"
    assert item.trust == Trust(Level.TRUSTED, Level.UNKNOWN, Level.TRUSTED, Level.DISTRUSTED)


def test_one_file_with_everything(alice: Leaf, bob: Leaf, root: Authority, tmp_path: Path) -> None:
    """Several keys and certificates in any order, text between them, line ends of Windows: all paired."""
    path = tmp_path / "all.pem"
    pieces = (b"# for the web server", bob.key_pem(), root.pem, alice.pem, b"subject=Bob", bob.pem, alice.key_pem())
    path.write_bytes(b"\n".join(pieces).replace(b"\n", b"\r\n"))
    assert set(items(path)) == {m.item(alice), m.item(bob), m.bare(root)}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-16-be"])
def test_text_encodings_of_windows_editors(encoding: str, alice: Leaf, tmp_path: Path) -> None:
    """Saved as "Unicode" by somebody who looked into it."""
    path = tmp_path / "saved.pem"
    text = (alice.pem + alice.key_pem()).decode()
    path.write_bytes(("\ufeff" + text if encoding == "utf-16-be" else text).encode(encoding))
    assert items(path) == [m.item(alice)]


def test_base64_without_armour(alice: Leaf, tmp_path: Path) -> None:
    """Pasted without its first and last line."""
    path = tmp_path / "pasted.cer"
    path.write_bytes(base64.encodebytes(alice.der))
    assert items(path) == [m.bare(alice)]
    with pytest.raises(Unsupported, match="not written"):
        put(PemFile(path), Item(None, m.generated("ec-p256")))


def test_friendly_names_of_openssl_are_read(alice: Leaf, tmp_path: Path) -> None:
    """The bag attributes that openssl pkcs12 prints before each piece."""
    path = tmp_path / "printed.pem"
    path.write_bytes(b"Bag Attributes\n    friendlyName: Alice at work\n    localKeyID: 01\n" + alice.pem)
    assert items(path) == [m.bare(alice, "Alice at work")]


def test_what_is_not_handled_is_named(alice: Leaf, tmp_path: Path) -> None:
    """Beside a certificate it is a problem, alone a refusal; and nothing is added to a file that would lose it."""
    path = tmp_path / "mixed.pem"
    foreign = armour("OPENSSH PRIVATE KEY", b"openssh-key-v1\0") + armour("X509 CRL", asn1.sequence())
    path.write_bytes(alice.pem + foreign)
    listing = PemFile(path).list()
    assert [entry.certificate for entry in listing.entries] == [m.certificate(alice)]
    assert "OpenSSH" in listing.problems[0].message
    assert "revocation list" in listing.problems[1].message
    with pytest.raises(Unsupported, match="OpenSSH"), PemFile(path).checkpoint():
        pass
    path.write_bytes(foreign)
    with pytest.raises(Unsupported, match="OpenSSH"):
        PemFile(path).list()


@pytest.mark.parametrize("damage", [
    lambda pem: pem[:200],
    lambda pem: pem.replace(b"END CERTIFICATE", b"END CERTIFICATES"),
    lambda pem: pem.replace(b"M", b"!"),
    lambda _: b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    lambda _: b"-----BEGIN " * 100_000,
    lambda _: b"-----BEGIN A-----\n" * 100_000,
])
def test_broken_armour_is_malformed(damage: object, alice: Leaf, tmp_path: Path) -> None:
    """And is found out at once."""
    path = tmp_path / "broken.pem"
    path.write_bytes(damage(alice.pem))  # type: ignore[operator]
    with pytest.raises(Malformed):
        PemFile(path).list()


def test_openssl_reads_what_is_written(alice: Leaf, intermediate: Authority, root: Authority, tmp_path: Path) -> None:
    """Leaf first, then its chain; the key sealed; the labels between do not disturb."""
    path = tmp_path / "out.pem"
    store = PemFile(path)
    store.unlock(Answers("secret"))
    put(store, m.item(alice, "Alice -----BEGIN CERTIFICATE-----\n"), m.bare(intermediate, "Middle"), m.bare(root))
    text = path.read_bytes()
    assert keys.pkcs8(load_pem_private_key(text, b"secret")) == alice.pkcs8  # type: ignore[arg-type]
    said = openssl("pkey", "-in", str(path), "-passin", "stdin", stdin=b"secret\n")
    assert keys.pkcs8(load_pem_private_key(said, None)) == alice.pkcs8  # type: ignore[arg-type]
    assert b"Alice" in openssl("x509", "-in", str(path), "-noout", "-subject")
    order = [text.index(base64.b64encode(one.der)[:64]) for one in (alice, intermediate, root)]
    assert order == sorted(order)


def test_a_pair_keeps_the_key_apart(alice: Leaf, tmp_path: Path) -> None:
    """No key in the certificate's file, no certificate in the key's."""
    store = PemFile(tmp_path / "cert.pem", tmp_path / "key.pem")
    store.unlock(Answers(""))
    put(store, m.item(alice))
    assert (tmp_path / "cert.pem").read_bytes() == armour("CERTIFICATE", alice.der)
    assert (tmp_path / "key.pem").read_bytes() == armour("PRIVATE KEY", alice.pkcs8)
    assert str(store.location) == f"pem:{tmp_path / 'cert.pem'},{tmp_path / 'key.pem'}"


def test_a_first_key_in_a_file_of_certificates_gets_a_password(alice: Leaf, root: Authority, tmp_path: Path) -> None:
    """Asked for when it is needed, and not before."""
    path = tmp_path / "roots.pem"
    path.write_bytes(root.pem)
    store, answers = PemFile(path), Answers("secret")
    store.unlock(answers)
    assert answers.questions == []
    put(store, m.item(alice))
    assert [new for _, new in answers.questions] == [True]
    assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()


def test_trust_and_names_are_plain_text(root: Authority, tmp_path: Path) -> None:
    """Anybody can read what a file says of a certificate."""
    path = tmp_path / "root.pem"
    put(PemFile(path), m.bare(root, "Our Root"), trust={m.certificate(root): ROOT_TRUST})
    assert path.read_text().startswith("Nickname: Our Root\nTrust: CT,C,\n-----BEGIN CERTIFICATE-----\n")


def test_recognition(alice: Leaf, tmp_path: Path) -> None:
    """By content, whatever the name; what is known but not handled is refused by name."""
    path = tmp_path / "no-extension"

    def of(data: bytes) -> Location | None:
        path.write_bytes(data)
        return recognise(path)

    pem, p12 = Location("pem", str(path)), Location("p12", str(path))
    sealed = seal([m.item(alice)]).data
    assert of(sealed) == of(m.as_ber(asn1.parse(sealed))) == of(base64.encodebytes(sealed)) == p12
    assert of(sealed[:100]) == p12
    for data in (alice.pem, alice.key_pem(), alice.key_pem("x"), alice.der, alice.pkcs8, b"text\n" + alice.pem):
        assert of(data) == pem
    for data in (b"", b"hello", bytes(100), b"\x30\x00", b"SQLite format 3\0", asn1.sequence(asn1.integer(5))):
        assert of(data) is None
    for data in (b"\xfe\xed\xfe\xed\0\0\0\2", b"\xce\xce\xce\xce\0\0\0\2"):
        assert of(data) == Location("jks", str(path))
    for data, name in ((b"PuTTY-User-Key-File-2: ssh-rsa", "PuTTY"), (armour("OPENSSH PRIVATE KEY", b"x"), "OpenSSH"),
                       (armour("PGP PRIVATE KEY BLOCK", b"x"), "OpenPGP")):
        with pytest.raises(Unsupported, match=name):
            of(data)
