"""convert makes a file anew: judged by openssl, and by check."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from profiles.model import Secret
from profiles.pkcs12.anatomy import anatomy
from profiles.pkcs12.dialects import STRONG
from profiles.pkcs12.reader import decode
from profiles.pkcs12.writer import encode
from tests import nss_tools
from tests.command import certferry
from tests.host import mode
from tests.profiles.pkcs12 import material as m
from tests.profiles.products import trees
from tests.system import done

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Authority, Leaf

pytestmark = pytest.mark.slow


@pytest.fixture
def old(tmp_path: Path, alice: Leaf) -> Path:
    """A file of Alice's, with AES-256."""
    path = tmp_path / "old.p12"
    path.write_bytes(alice.p12())
    return path


def opened(path: Path, password: str) -> pkcs12.PKCS12KeyAndCertificates:
    """What another reader finds."""
    return pkcs12.load_pkcs12(path.read_bytes(), password.encode())


def test_for_another_reader(old: Path, tmp_path: Path, alice: Leaf) -> None:
    """macOS 14 could not read it before and can now; the password stays; openssl reads it; nobody else may."""
    new = tmp_path / "new.p12"
    assert certferry("check", old, "--for", "macos14", file="secret").status == 1
    ran = certferry("convert", old, new, "--for", "macos14", file="secret")
    assert ran.status == 0, ran.err
    assert "old way" in ran.err
    assert certferry("check", new, "--for", "macos14", file="secret").status == 0
    assert {one.cipher for one in anatomy(new.read_bytes()).sealings} == {"3des"}
    said = done("openssl", "pkcs12", "-in", new, "-passin", "stdin", "-noout", "-info",
                stdin=b"secret\n").stderr.decode()
    assert "sha1, Iteration 2048" in said and "3-KeyTripleDES" in said
    assert opened(new, "secret").key.private_numbers() == alice.key.private_numbers()  # type: ignore[union-attr]
    assert mode(new) == 0o600
    assert opened(old, "secret").cert is not None


def test_another_password(old: Path, tmp_path: Path, alice: Leaf) -> None:
    """--to-password is the new one, and the old one no longer opens it."""
    new = tmp_path / "new.p12"
    assert certferry("convert", old, new, file="secret", target="neues Paßwort").status == 0
    assert opened(new, "neues Paßwort").cert.certificate == alice.certificate  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="password"):
        opened(new, "secret")


def test_a_file_without_password_gets_one(tmp_path: Path, alice: Leaf) -> None:
    """Where there is none to keep, one has to be given."""
    path, new = tmp_path / "open.pem", tmp_path / "new.p12"
    path.write_bytes(alice.pem + alice.key_pem())
    ran = certferry("convert", path, new)
    assert ran.status == 3 and not new.exists()
    assert certferry("convert", path, new, target="secret").status == 0
    assert opened(new, "secret").key is not None


def test_what_only_the_reader_here_opens(tmp_path: Path, alice: Leaf) -> None:
    """A password spelled in another code page: after convert everybody opens the file with the password as typed."""
    path, new = tmp_path / "old.p12", tmp_path / "new.p12"
    (tmp_path / "key.pem").write_bytes(alice.key_pem())
    (tmp_path / "leaf.pem").write_bytes(alice.pem)
    done("openssl", "pkcs12", "-export", "-inkey", tmp_path / "key.pem", "-in", tmp_path / "leaf.pem", "-out", path,
         "-passout", "stdin", stdin="Schlüssel\n".encode("cp850"))
    with pytest.raises(ValueError, match="password"):
        opened(path, "Schlüssel")
    assert certferry("convert", path, new, file="Schlüssel").status == 0
    assert opened(new, "Schlüssel").key is not None


def test_the_chain_is_completed(tmp_path: Path, home: Path, alice: Leaf, intermediate: Authority, root: Authority
                                ) -> None:
    """From the other stores on this computer."""
    database = nss_tools.create(home / trees.ANOTHER)
    database.add_certificate(intermediate.der, "between")
    database.add_certificate(root.der, "root")
    old, new = tmp_path / "old.p12", tmp_path / "new.p12"
    old.write_bytes(alice.p12(chain=[]))
    ran = certferry("convert", old, new, file="secret")
    assert ran.status == 0, ran.err
    assert {one.certificate for one in opened(new, "secret").additional_certs} == {
        intermediate.certificate, root.certificate}


def test_split(tmp_path: Path, alice: Leaf, bob: Leaf, intermediate: Authority, root: Authority) -> None:
    """One file for each identity and each bare key, every one with its chain; nothing is lost."""
    path, directory = tmp_path / "all.p12", tmp_path / "parts"
    lonely, stranger = m.generated("ec-p256"), root.intermediate("Other")
    items = [m.item(alice, "Alice"), m.item(bob, "Bob"), m.bare(intermediate), m.bare(root), m.bare(stranger),
             m.Item(None, lonely, "enrolment")]
    path.write_bytes(encode(items, Secret("secret"), STRONG))
    ran = certferry("convert", path, directory, "--split", "--json", file="secret")
    assert (ran.status, ran.json["status"]) == (0, "done"), ran.err
    files = {one.name: decode(one.read_bytes(), Secret("secret")).items for one in directory.iterdir()}
    year = f"{alice.certificate.not_valid_after_utc:%Y-%m}"
    assert set(files) == {f"alice_example.test_{year}.p12", f"bob_example.test_{year}.p12",
                          f"enrolment_{lonely.id[:8]}.p12", "certificates.p12"}
    assert len(files[f"alice_example.test_{year}.p12"]) == 3
    assert {one.certificate.der for found in files.values() for one in found if one.certificate} == {
        one.der for one in (alice, bob, intermediate, root, stranger)}
    assert sum(one.key is not None for found in files.values() for one in found) == 3
    assert {mode(one) for one in directory.iterdir()} == {0o600}
    again = certferry("convert", path, directory, "--split", file="secret")
    assert again.status == 4


def test_split_is_no_matter_of_all_or_nothing(tmp_path: Path, alice: Leaf, bob: Leaf) -> None:
    """One that cannot be made is reported beside the one that was; a dry run makes not even the directory."""
    path, directory = tmp_path / "all.p12", tmp_path / "parts"
    path.write_bytes(encode([m.item(bob, "Bob"), m.item(alice, "Alice")], Secret("secret"), STRONG))
    asked = ("convert", path, directory, "--split", "--for", "gpgsm")
    assert certferry(*asked, "--dry-run", file="secret").status == 0
    assert not directory.exists()
    ran = certferry(*asked, "--json", file="secret")
    assert (ran.status, ran.json["status"]) == (7, "partial"), ran.err
    outcomes = {step["subject"]: step["outcome"] for one in ran.json["files"] for step in one["steps"]}
    assert sorted(outcomes.values()) == ["done", "failed"]
    (made,) = directory.iterdir()
    assert "alice" in made.name and len(decode(made.read_bytes(), Secret("secret")).items) == 1


@pytest.mark.parametrize("kind", ["file", "hard link", "directory", "itself", *(
    pytest.param(kind, marks=pytest.mark.linux("symbolic links and FIFOs")) for kind in ("link", "dangling", "fifo"))])
def test_never_replaces(old: Path, tmp_path: Path, kind: str) -> None:
    """Whatever is at the output stays, and what a link points to too."""
    new, other = tmp_path / "new.p12", tmp_path / "other"
    other.write_bytes(b"precious")
    match kind:
        case "file":
            new.write_bytes(b"precious")
        case "link":
            new.symlink_to(other)
        case "dangling":
            new.symlink_to(tmp_path / "nowhere")
        case "hard link":
            new.hardlink_to(other)
        case "fifo":
            os.mkfifo(new)
        case "directory":
            new.mkdir()
        case _:
            new = old
    before = {one.name: one.lstat() for one in tmp_path.iterdir()}
    ran = certferry("convert", old, new, file="secret", timeout=20)
    words = {"link": "is a link", "dangling": "is a link", "directory": "is a directory"}
    assert ran.status == 4 and words.get(kind, "is there already") in ran.err, ran.err
    ran = certferry("convert", old, f"p12:{new}", "--json", file="secret", timeout=20)
    assert (ran.status, ran.json["error"]["code"]) == (4, "access-denied")
    assert {one.name: one.lstat().st_ino for one in tmp_path.iterdir()} == {
        name: status.st_ino for name, status in before.items()}
    assert other.read_bytes() == b"precious"


def test_dry_run_wrong_password_and_stores(old: Path, tmp_path: Path) -> None:
    """Nothing is made by a dry run, under a wrong password, for an unknown reader, or from what is no file."""
    new = tmp_path / "new.p12"
    ran = certferry("convert", old, new, "--dry-run", "--json", file="secret")
    assert (ran.status, ran.json["status"]) == (0, "planned")
    assert certferry("convert", old, new, file="wrong").status == 3
    assert certferry("convert", old, new, "--for", "nobody", file="secret").status == 2
    database = nss_tools.create(tmp_path / "db")
    ran = certferry("convert", f"nss:{database.path}", new)
    assert ran.status == 7 and "certferry backup" in ran.err
    assert not new.exists()


@pytest.mark.parametrize(("name", "hint"), [
    ("new.der", ".p12, .pfx or .pem"), ("new", ".p12, .pfx or .pem"), ("new.jks", "--for java"), ("nss:new", ".pem")])
def test_what_cannot_be_made(old: Path, tmp_path: Path, name: str, hint: str) -> None:
    """It is said what can, and not that a path would be wrong."""
    place = name if ":" in name else str(tmp_path / name)
    ran = certferry("convert", old, place, "--json", file="secret")
    assert (ran.status, ran.json["error"]["code"]) == (7, "unsupported")
    assert hint in ran.json["error"]["hint"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.p12"]


def test_a_comma_in_a_name(old: Path, tmp_path: Path, alice: Leaf) -> None:
    """One file, whether it is there or yet to be made; two where the location says so."""
    for name in ("Smith, John.pem", "Smith, Jane.p12"):
        assert certferry("convert", old, tmp_path / name, file="secret", target="other").status == 0
        assert sorted(path.name for path in tmp_path.glob("Smith*")) == [name]
        for form in ("{}", f"{name[-3:]}:{{}}"):
            assert certferry("list", form.format(tmp_path / name)).status == 0
        ran = certferry("check", tmp_path / name, "--json", file="other")
        assert (ran.status, ran.json["password"]) == (0, "right")
        assert certferry("convert", tmp_path / name, tmp_path / "again.p12", file="other").status == 0
        (tmp_path / name).unlink()
        (tmp_path / "again.p12").unlink()
    pair = f"pem:{tmp_path / 'a,b.crt'},{tmp_path / 'a,b.key'}"
    assert certferry("convert", old, pair, file="secret").status == 0
    assert (tmp_path / "a,b.crt").read_bytes().count(b"BEGIN CERTIFICATE") == 3
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in (tmp_path / "a,b.key").read_bytes()
    assert certferry("convert", pair, tmp_path / "again.p12", file="secret").status == 0
    assert opened(tmp_path / "again.p12", "secret").key.private_numbers() == alice.key.private_numbers()  # type: ignore[union-attr]
