"""Round trips through the programs that people have: OpenSSL, the NSS tools, Java."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from profiles import asn1
from profiles.model import Secret
from profiles.pkcs12.contents import Item
from profiles.pkcs12.dialects import LEGACY, SEALED, STRONG
from profiles.pkcs12.encryption import Encryption
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.reader import decode
from profiles.pkcs12.writer import encode
from tests import keys, nss_tools
from tests.host import run
from tests.profiles.pkcs12 import material as m
from tests.system import require

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pki import Authority, Leaf

DIALECTS = {
    "sealed": SEALED,
    "strong": STRONG,
    "legacy": LEGACY,
    "rc2": replace(LEGACY, certificates=Encryption.PBE_RC2_40),
    "aes-128": replace(SEALED, keys=Encryption.AES_128, certificates=Encryption.AES_128, prf="sha512", mac="sha512"),
}
PASSWORDS = {"ascii": "secret", "empty": "", "unicode": "Hällo, 世界 🔑", "long": "x" * 100}


def openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    """What openssl prints; a test fails with what it says."""
    done = run([require("openssl"), *arguments], stdin=stdin, timeout=60)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def opened_by_openssl(path: Path, password: str) -> bytes:
    """All PEM of a PKCS#12."""
    legacy = ["-legacy"] if b"legacy" in openssl("list", "-providers", "-provider", "legacy") else []
    return openssl("pkcs12", *legacy, "-in", str(path), "-passin", "stdin", "-nodes", stdin=password.encode() + b"\n")


@pytest.mark.slow
@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_openssl_reads_every_dialect(
    dialect: str, password: str, alice: Leaf, intermediate: Authority, root: Authority, tmp_path: Path
) -> None:
    """Key, certificate, chain and name, whatever the password is written with."""
    path = tmp_path / "file.p12"
    items = [m.item(alice, "Alice"), m.bare(intermediate), m.bare(root)]
    path.write_bytes(encode(items, Secret(PASSWORDS[password]), DIALECTS[dialect]))
    found = opened_by_openssl(path, PASSWORDS[password])
    assert keys.pkcs8(load_pem_private_key(found, None)) == alice.pkcs8  # type: ignore[arg-type]
    assert found.count(b"BEGIN CERTIFICATE") == 3
    assert b"friendlyName: Alice" in found


@pytest.mark.parametrize("kind", ["rsa-1024", "rsa-2048", "ec-p256", "ec-p384", "ec-p521", "ed25519"])
def test_openssl_reads_every_kind_of_key(kind: str, intermediate: Authority, tmp_path: Path) -> None:
    """What it takes out signs like what went in."""
    leaf = intermediate.leaf("Someone", key=kind)
    path = tmp_path / "file.p12"
    path.write_bytes(encode([m.item(leaf, "Someone")], Secret("secret"), LEGACY))
    assert keys.pkcs8(load_pem_private_key(opened_by_openssl(path, "secret"), None)) == leaf.pkcs8  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [
    [],
    ["-legacy"],
    ["-descert", "-legacy"],
    ["-keypbe", "AES-128-CBC", "-certpbe", "AES-192-CBC", "-macalg", "sha512"],
    ["-keypbe", "PBE-SHA1-RC4-128", "-certpbe", "PBE-SHA1-RC4-40", "-legacy"],
    ["-keypbe", "PBE-SHA1-2DES", "-certpbe", "PBE-SHA1-RC2-128", "-legacy", "-macalg", "sha384"],
    ["-keypbe", "DES-EDE3-CBC", "-certpbe", "CAMELLIA-256-CBC", "-macalg", "sha224"],
    ["-keypbe", "NONE", "-certpbe", "NONE"],
    ["-nomac"],
    ["-nomaciter", "-noiter"],
    ["-iter", "100000"],
    ["-keypbe", "PBE-MD5-DES", "-certpbe", "PBE-SHA1-RC2-64", "-legacy"],
], ids=" ".join)
@pytest.mark.parametrize("password", ["secret", "", "Hällo, 世界"])
def test_what_openssl_writes_is_read(
    options: list[str], password: str, alice: Leaf, intermediate: Authority, tmp_path: Path
) -> None:
    """Every cipher and check that openssl offers."""
    (tmp_path / "key.pem").write_bytes(alice.key_pem())
    (tmp_path / "leaf.pem").write_bytes(alice.pem)
    (tmp_path / "chain.pem").write_bytes(intermediate.pem)
    made = openssl(
        "pkcs12", "-export", *options, "-inkey", str(tmp_path / "key.pem"), "-in", str(tmp_path / "leaf.pem"),
        "-certfile", str(tmp_path / "chain.pem"), "-name", "Alice Ä", "-passout", "stdin",
        stdin=password.encode() + b"\n")
    found = decode(made, Secret(password))
    assert found.items == (m.item(alice, "Alice Ä"), m.bare(intermediate))
    assert [problem.code for problem in found.problems] == (["no-integrity"] if "-nomac" in options else [])


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sealed", "strong", "legacy", "rc2"])
def test_the_nss_tools_read_every_dialect(
    dialect: str, alice: Leaf, bob: Leaf, root: Authority, nss_database: Callable[..., nss_tools.Database]
) -> None:
    """Two identities and a root go in, both keys arrive under their names."""
    database = nss_database("primary")
    data = encode([m.item(alice, "Alice"), m.item(bob, "Bob"), m.bare(root)], Secret("pässword"), DIALECTS[dialect])
    database.add_p12(data, "pässword")
    assert sorted(one.id for one in database.private_keys()) == sorted((m.key(alice).id, m.key(bob).id))
    assert {"Alice", "Bob"} <= {one.nickname for one in database.certificates()}


@pytest.mark.slow
def test_what_the_nss_tools_write_is_read(
    alice: Leaf, intermediate: Authority, root: Authority, nss_database: Callable[..., nss_tools.Database]
) -> None:
    """BER, 600,000 iterations, AES-128 certificates, the chain: all of it."""
    database = nss_database("primary")
    database.add_p12(alice.p12())
    nickname = next(one.nickname for one in database.certificates() if one.flags == "u,u,u")
    found = decode(database.export_p12(nickname, "pässword"), Secret("pässword"))
    assert found.items[0] == m.item(alice, nickname)
    assert {item.certificate for item in found.items[1:]} == {m.certificate(intermediate), m.certificate(root)}


def keytool(directory: Path, *arguments: str, password: str) -> str:
    """What keytool prints; its password goes by file."""
    secret = directory / "password"
    secret.write_text(password)
    done = run([require("keytool"), *arguments, "-storetype", "PKCS12", "-storepass:file", secret], timeout=60)
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
    return done.stdout.decode(errors="replace")


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["strong", "legacy"])
def test_java_reads_every_identity(
    dialect: str, alice: Leaf, bob: Leaf, intermediate: Authority, tmp_path: Path
) -> None:
    """Both are key entries with their chains."""
    path = tmp_path / "file.p12"
    items = [m.item(alice, "alice"), m.item(bob, "bob"), m.bare(intermediate)]
    path.write_bytes(encode(items, Secret("secret"), DIALECTS[dialect]))
    said = keytool(tmp_path, "-list", "-keystore", str(path), password="secret")
    assert said.count("PrivateKeyEntry") == 2


@pytest.mark.slow
def test_what_java_writes_is_read(tmp_path: Path) -> None:
    """A keystore that keytool made, with two identities."""
    path = tmp_path / "file.p12"
    for alias, kind in (("one", "RSA"), ("two", "EC")):
        keytool(tmp_path, "-genkeypair", "-keystore", str(path), "-alias", alias, "-keyalg", kind,
                "-dname", f"CN={alias}", password="changeit")
    found = decode(path.read_bytes(), Secret("changeit"))
    assert [(item.nickname, item.key is not None) for item in found.items] == [("one", True), ("two", True)]
    assert found.problems == ()


@pytest.mark.parametrize("kind", ["ed25519", "rsa-2048"])
def test_a_key_with_its_public_half_is_written_so_that_all_read_it(
    kind: str, intermediate: Authority, tmp_path: Path
) -> None:
    """PKCS#8 of version 2 (RFC 5958) is what OpenSSL 3.0, NSS and gpgsm refuse; attributes of the key stay."""
    leaf = intermediate.leaf("Someone", key=kind)
    usage = asn1.tlv(asn1.context(0), asn1.sequence(asn1.oid("2.5.29.15"), asn1.set_of(asn1.tlv(3, b"\x07\x80"))))
    _, *rest = map(asn1.der, asn1.parse(leaf.pkcs8).children)
    public = asn1.tlv(asn1.context(1, constructed=False), b"\0" + m.certificate(leaf).public_key.value)
    found = PrivateKey.parse(asn1.sequence(asn1.integer(1), *rest, usage, public))
    assert found.pkcs8 == asn1.sequence(asn1.integer(0), *rest, usage)
    path = tmp_path / "file.p12"
    path.write_bytes(encode([Item(m.certificate(leaf), found)], Secret("secret"), LEGACY))
    assert keys.pkcs8(load_pem_private_key(opened_by_openssl(path, "secret"), None)) == leaf.pkcs8  # type: ignore[arg-type]
