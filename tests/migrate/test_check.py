"""check names the right cause: each of the files that programs call "wrong password", made by its real producer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from migrate.checkup.checkup import Checkup, Password
from migrate.checkup.examination import Examination
from migrate.checkup.finding import Severity
from migrate.cli import findings
from profiles import asn1
from profiles.errors import Malformed
from profiles.model import Secret
from profiles.opening import open_store
from profiles.pkcs12.dialects import LEGACY
from profiles.pkcs12.writer import encode
from tests import nss_tools, pki
from tests.askers import Given
from tests.command import certferry
from tests.migrate import odd_files as odd
from tests.profiles.files.java import making
from tests.profiles.pkcs12 import material as m
from tests.system import done

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pki import Authority, Leaf


def looked(path: Path, password: str | bytes | None = "secret", **more: object) -> Checkup:
    """What check finds, with a password given or without one."""
    given = Given("")
    if password is not None:
        given.secret = Secret(password)
    return Examination(str(path), given, given=password is not None, **more).run()  # type: ignore[arg-type]


def codes(found: Checkup, severity: Severity = Severity.PROBLEM) -> list[str]:
    """The findings of one severity."""
    return [one.code for one in found.findings if one.severity is severity]


def said(found: Checkup, code: str) -> str:
    """The sentence of a finding that must be there."""
    (message,) = [one.message for one in found.findings if one.code == code]
    return message


@pytest.fixture
def made(tmp_path: Path, alice: Leaf, intermediate: Authority, root: Authority) -> Callable[..., Path]:
    """A PKCS#12 by openssl, password "secret" or the given bytes."""
    def make(*options: str, password: bytes = b"secret", leaf: Leaf = alice) -> Path:
        (tmp_path / "key.pem").write_bytes(leaf.key_pem())
        (tmp_path / "leaf.pem").write_bytes(leaf.pem)
        (tmp_path / "chain.pem").write_bytes(intermediate.pem + root.pem)
        inputs = [] if "-nokeys" in options else ["-inkey", str(tmp_path / "key.pem")]
        path = tmp_path / "made.p12"
        done("openssl", "pkcs12", "-export", *inputs, "-in", str(tmp_path / "leaf.pem"),
                        "-certfile", str(tmp_path / "chain.pem"), "-name", "Alice", *options, "-out", str(path),
                        "-passout", "stdin", stdin=password + b"\n")
        return path

    return make


def test_a_sound_file(made) -> None:
    """Right password, complete chain, a key that signs: nothing but notes, and who opens it."""
    found = looked(made())
    assert (found.status, found.password, codes(found)) == ("sound", Password.RIGHT, [])
    assert list(found.proved.values()) == [True]
    assert found.anatomy is not None and found.anatomy.integrity is not None
    assert (found.anatomy.integrity.digest, found.anatomy.integrity.iterations) == ("sha256", 2048)
    refused = {one.name: one for one in found.readers if one.refusal}
    assert re.search("AES-256|SHA256", refused["macos14"].refusal)
    assert refused["macos14"].target == "macos14"


def test_without_a_password(made) -> None:
    """What can be seen from outside, and that the rest needs the password; nothing is wrong with that."""
    from migrate import passwords

    found = Examination(str(made()), passwords.parse(None), given=False).run()
    assert (found.status, found.password, codes(found)) == ("sound", Password.NOT_GIVEN, [])
    assert "password-not-given" in codes(found, Severity.NOTE)
    assert found.anatomy is not None and found.anatomy.key_names == ("Alice",)
    assert [one.cipher for one in found.anatomy.sealings] == ["aes-256-cbc"] * 2


def test_wrong_password(made) -> None:
    """The password is wrong, and it is neither the file nor its cipher."""
    found = looked(made(), "Geheim")
    assert (found.status, codes(found)) == ("wrong-password", ["wrong-password"])
    assert "tested against the file's integrity check" in said(found, "wrong-password")


@pytest.mark.parametrize(("typed", "why"), [
    ("SECRET", "Caps Lock"), (" secret ", "blanks"),
])
def test_a_slip(made, typed: str, why: str) -> None:
    """Still a wrong password, but which slip it is."""
    found = looked(made(), typed)
    assert found.status == "wrong-password"
    assert why in said(found, "wrong-password")


def test_unsupported_cipher(made) -> None:
    """The password is right; it is the cipher, by its name."""
    found = looked(made("-keypbe", "ARIA-256-CBC", "-certpbe", "ARIA-256-CBC"))
    assert (found.status, found.password) == ("unsupported", Password.RIGHT)
    assert "ARIA-256-CBC" in said(found, "unsupported-cipher")
    assert "the password is right" in said(found, "password-right")


def test_unsupported_where_it_has_to_be_read(made) -> None:
    """With --for: the reader that cannot, and the command that makes a file for it."""
    found = looked(made(), target="macos14")
    (one,) = [one for one in found.findings if one.code == "unreadable-there"]
    assert one.command[0] == "convert" and one.command[-2:] == ("--for", "macos14")
    assert found.status == "flawed"
    assert looked(made("-legacy", "-descert"), target="macos14").status == "sound"


def test_truncated(made) -> None:
    """How much is there, of how much."""
    path = made()
    whole = path.read_bytes()
    for size in (len(whole) - 1, len(whole) // 2, 60):
        path.write_bytes(whole[:size])
        found = looked(path)
        assert (found.status, codes(found)) == ("malformed", ["truncated"])
        assert f"{size} bytes of the {len(whole)}" in said(found, "truncated")


def test_truncated_where_no_length_says_so(tmp_path: Path, alice: Leaf) -> None:
    """BER as NSS writes it, PEM and Java keystores: cut off all the same, wherever the cut is."""
    key = making.jks_key("mine", making.jks_sealed(alice.pkcs8, "secret"), [alice.der])
    own = making.bks_key("mine", alice.pkcs8, [alice.der])
    files = {
        "nss.p12": m.as_ber(asn1.parse(encode([m.item(alice)], Secret("secret"), LEGACY))),
        "a.jks": making.jks([key], "secret"), "a.jceks": making.jks([key], "secret", making.JCEKS),
        "a.bks": making.bks([own], "secret"), "a.pem": alice.pem + alice.key_pem(),
    }
    for name, whole in files.items():
        path = tmp_path / name
        for size in (len(whole) * 9 // 10, len(whole) // 2, 300):
            path.write_bytes(whole[:size])
            found = looked(path)
            sound = bool(found.listing.entries)  # the certificate before the key that is cut
            assert sound == (name == "a.pem" and size > len(alice.pem))
            assert found.status == ("flawed" if sound else "malformed"), (name, size)
            assert codes(found) == ["truncated", "key-missing"][: 1 + sound]
            assert "cut off" in said(found, "truncated")


def test_altered(made) -> None:
    """The password opens what is inside, but the integrity check fails: not a wrong password."""
    path = made()
    data = bytearray(path.read_bytes())
    data[-20] ^= 1  # within the salt of the check
    path.write_bytes(data)
    found = looked(path)
    assert codes(found) == ["altered"]
    assert "the password is right" in said(found, "altered")


STRANGERS = {
    "a web page (HTML)": b"<!DOCTYPE html>\n<html><head><title>Log in</title></head></html>\n",
    "an Outlook message (.msg)": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
    "empty": b"",
    "nothing but zeros": bytes(3000),
    "a ZIP archive": b"PK\x03\x04\x14\0\0\0\x08\0",
    "an e-mail message": b"Received: from a by b\r\nFrom: a@example.test\r\nSubject: your key\r\n\r\nHello\r\n",
    "a PDF document": b"%PDF-1.7\n",
    "plain text": b"Dear Alice,\nyour certificate is ready.\n",
}


@pytest.mark.parametrize("what", STRANGERS)
@pytest.mark.parametrize("form", ["{}", "p12:{}"])
def test_not_a_pkcs12(tmp_path: Path, what: str, form: str) -> None:
    """What it is instead, and that no password would help."""
    path = tmp_path / "alice.p12"
    path.write_bytes(STRANGERS[what])
    found = Examination(form.format(path), Given("secret"), given=True).run()
    assert (found.status, codes(found)) == ("malformed", ["not-a-store"])
    assert what in said(found, "not-a-store")


@pytest.mark.parametrize("what", sorted(STRANGERS.keys() - {"empty"}))  # an empty one is there to be written to
@pytest.mark.parametrize("form", ["{}", "p12:{}"])
def test_nothing_moves_out_of_it(tmp_path: Path, what: str, form: str) -> None:
    """And whoever tries is told the same."""
    path = tmp_path / "alice.p12"
    path.write_bytes(STRANGERS[what])
    with pytest.raises(Malformed, match=re.escape(what)):
        open_store(form.format(path)).list()


@pytest.mark.parametrize(("form", "what"), [("PEM", "PEM"), ("DER", "a single certificate"), ("p7b", "PKCS#7")])
def test_another_form_under_the_name(tmp_path: Path, alice: Leaf, form: str, what: str) -> None:
    """A certificate saved as .p12: said to be one, and that its key is missing."""
    path = tmp_path / "alice.p12"
    path.write_bytes(alice.pem if form == "PEM" else alice.der)
    if form == "p7b":
        (tmp_path / "a.pem").write_bytes(alice.pem)
        done("openssl", "crl2pkcs7", "-nocrl", "-certfile", str(tmp_path / "a.pem"),
                        "-outform", "DER", "-out", str(path))
    found = looked(path, None)
    assert what in said(found, "misnamed")
    assert "key-missing" in codes(found)


def test_no_integrity_check(made) -> None:
    """A PFX without MAC opens, and is said to be refused elsewhere."""
    found = looked(made("-nomac"))
    assert (found.status, found.password) == ("sound", Password.RIGHT)
    assert "no-integrity" in codes(found, Severity.WARNING)


@pytest.mark.parametrize(("absent", "code"), [(False, "empty-password"), (True, "absent-password")])
def test_empty_against_absent(made, tmp_path: Path, alice: Leaf, absent: bool, code: str) -> None:
    """No password: which of the two ways to have none; and one that is given for it is wrong."""
    path = made(password=b"")
    if absent:
        path.write_bytes(_under_no_password(alice))
    for password in (None, ""):
        found = looked(path, password)
        assert (found.status, found.password) == ("sound", Password.NONE)
        assert code in codes(found, Severity.NOTE)
        assert "no-password" in codes(found, Severity.WARNING)
    found = looked(path, "secret")
    assert found.status == "wrong-password"
    assert "was made without one" in said(found, "wrong-password")


def _under_no_password(leaf: Leaf) -> bytes:
    """As writers that pass NULL make it; openssl's command cannot."""
    from unittest import mock

    from profiles.pkcs12.passwords import Spelling

    with mock.patch("profiles.pkcs12.passwords.proper", return_value=Spelling(b"", b"")):
        return encode([m.item(leaf, "Alice"), *map(m.bare, leaf.chain)], Secret(""), LEGACY)


@pytest.mark.parametrize(("page", "options", "how"), [
    ("latin-1", [], "Latin-1"),
    ("cp850", [], "code page 850"),
    ("cp850", ["-legacy", "-descert"], "code page 850"),
])
def test_password_in_another_encoding(made, page: str, options: list[str], how: str) -> None:
    """openssl, fed with the bytes of another code page: the password is right, and which page it was."""
    found = looked(made(*options, password="Schlüssel".encode(page)), "Schlüssel")
    assert (found.status, found.password) == ("sound", Password.RIGHT)
    assert how in said(found, "password-spelling")


def test_password_widened(alice: Leaf, tmp_path: Path) -> None:
    """As OpenSSL before 1.1 did with UTF-8."""
    path = tmp_path / "old.p12"
    path.write_bytes(encode([m.item(alice)], Secret("Schlüssel".encode().decode("latin-1")), LEGACY))
    assert "OpenSSL before 1.1" in said(looked(path, "Schlüssel"), "password-spelling")


def test_password_file_in_latin_1(made) -> None:
    """The password file is of another system: it opens all the same, and nothing is wrong with the file."""
    found = looked(made(password="Schlüssel".encode()), "Schlüssel".encode("latin-1"))
    assert (found.password, codes(found)) == (Password.RIGHT, [])
    assert "password-spelling" not in codes(found, Severity.WARNING)


def test_key_missing(made) -> None:
    """A PKCS#12 of certificates alone."""
    found = looked(made("-nokeys"))
    assert codes(found) == ["key-missing"]
    assert "the private key is missing" in said(found, "key-missing")


def test_key_of_another_certificate(tmp_path: Path, alice: Leaf, bob: Leaf) -> None:
    """The key in the file is not the certificate's."""
    path = tmp_path / "mixed.pem"
    path.write_bytes(alice.pem + bob.key_pem())
    found = looked(path, None)
    assert "key-of-another" in codes(found)
    path = tmp_path / "mixed.p12"
    path.write_bytes(encode([m.bare(alice, "Alice"), m.Item(None, m.key(bob), "Alice")], Secret("secret"), LEGACY))
    assert "key-of-another" in codes(looked(path))


@pytest.mark.slow
def test_chain_incomplete(tmp_path: Path, alice: Leaf, intermediate: Authority, nss_database) -> None:
    """The issuer is missing, and where it is."""
    path = tmp_path / "leaf.p12"
    path.write_bytes(alice.p12(chain=[]))
    found = looked(path)
    assert codes(found) == ["chain-incomplete"]
    assert "Test Intermediate" in said(found, "chain-incomplete")
    from profiles.opening import open_store

    database = nss_database()
    database.add_certificate(intermediate.der, "between")
    others = [open_store(f"nss:{database.path}").list()]
    found = looked(path, others=lambda _known: others)
    assert f"nss:{database.path} has it" in said(found, "chain-incomplete")
    path.write_bytes(alice.p12(chain=[intermediate]))
    found = looked(path)
    assert (codes(found), codes(found, Severity.WARNING)) == ([], ["chain-incomplete"])  # the root may be known


@pytest.mark.parametrize(("valid", "code"), [(pki.EXPIRED, "expired"), (pki.FUTURE, "not-yet-valid")])
def test_validity(tmp_path: Path, intermediate: Authority, valid: pki.Validity, code: str) -> None:
    """Expired, and not yet valid."""
    path = tmp_path / "old.p12"
    path.write_bytes(intermediate.leaf("Old", email="old@example.test", valid=valid).p12())
    assert codes(looked(path)) == [code]


def test_renewed(tmp_path: Path, intermediate: Authority) -> None:
    """An expired certificate beside its successor keeps nothing from working."""
    old = intermediate.leaf("Old", email="old@example.test", valid=pki.EXPIRED)
    path = tmp_path / "both.p12"
    new = intermediate.renewed(old)
    chain = [m.bare(one) for one in old.chain]
    path.write_bytes(encode([m.item(old), m.item(new), *chain], Secret("secret"), LEGACY))
    found = looked(path)
    assert (codes(found), "expired" in codes(found, Severity.NOTE)) == ([], True)


@pytest.mark.slow
def test_weak(made, tmp_path: Path, intermediate: Authority) -> None:
    """A short key, a signature with SHA-1, and ciphers that anybody breaks."""
    weak = intermediate.leaf("Weak", key="rsa-1024")
    assert "1024 bits" in said(looked(made(leaf=weak)), "weak-key")
    assert "RC2-40" in said(looked(made("-legacy")), "weak-cipher")
    path = tmp_path / "sha1.pem"
    done("openssl", "req", "-x509", "-sha1", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Root",
                    "-keyout", str(tmp_path / "ca.key"), "-out", str(tmp_path / "ca.pem"))
    (tmp_path / "leaf.key").write_bytes(weak.key_pem())
    done("openssl", "req", "-new", "-key", str(tmp_path / "leaf.key"), "-subj", "/CN=Leaf",
                    "-out", str(tmp_path / "leaf.csr"))
    done("openssl", "x509", "-req", "-sha1", "-in", str(tmp_path / "leaf.csr"), "-CA",
                    str(tmp_path / "ca.pem"), "-CAkey", str(tmp_path / "ca.key"), "-CAcreateserial", "-out",
                    str(path))
    path.write_bytes(path.read_bytes() + weak.key_pem())
    assert "SHA-1" in said(looked(path, None), "weak-signature")


@pytest.mark.slow
@pytest.mark.parametrize("legacy", [False, True])
def test_keytool(tmp_path: Path, legacy: bool) -> None:
    """What Java's own tool writes: its iterations, its salt, and a key that signs."""
    path = tmp_path / "java.p12"
    with nss_tools.secret_file("secret") as secret:
        done("keytool", *(["-J-Dkeystore.pkcs12.legacy"] if legacy else []), "-genkeypair",
                        "-keyalg", "RSA", "-alias", "alice", "-dname", "CN=Alice", "-keystore", str(path),
                        "-storetype", "PKCS12", "-storepass:file", str(secret))
    found = looked(path)
    assert found.password is Password.RIGHT and list(found.proved.values()) == [True]
    assert found.anatomy is not None
    assert {one.salt for one in found.anatomy.sealings} == {20}


@pytest.mark.linux("python-nss as Debian packs it")
@pytest.mark.slow
def test_a_profile(nss_database, alice: Leaf, tmp_path: Path) -> None:
    """A store: its password, its keys, and the second opinion of NSS's own library."""
    database = nss_database("primary")
    database.add_p12(alice.p12())
    where = f"nss:{database.path}"
    ran = certferry("check", where, "--json", source="primary")
    assert (ran.status, ran.json["status"], ran.json["password"]) == (0, "sound", "right"), ran.out
    (own,) = [one for one in ran.json["certificates"] if one["has_key"]]
    assert own["key_signs"] is True
    assert certferry("check", where, source="wrong").status == 3
    assert certferry("check", where).status == 0
    ran = certferry("check", where, "--engine", "python-nss", "--json", source="primary")
    assert ran.status == 0, ran.err
    assert "engines-agree" in [one["code"] for one in ran.json["findings"]]


@pytest.mark.slow
def test_what_pk12util_writes(nss_database, alice: Leaf, tmp_path: Path) -> None:
    """BER, 600,000 iterations and AES-128 certificates are what the file says of itself."""
    database = nss_database()
    database.add_p12(alice.p12())
    path = tmp_path / "nss.p12"
    path.write_bytes(database.export_p12("Alice RSA"))
    found = looked(path)
    assert found.anatomy is not None and not found.anatomy.der and found.status == "sound"
    assert {one.cipher for one in found.anatomy.sealings} == {"aes-128-cbc", "aes-256-cbc"}
    assert found.anatomy.integrity is not None and found.anatomy.integrity.iterations == 600_000


@pytest.mark.slow
def test_exit_status_and_words(made, tmp_path: Path) -> None:
    """0 sound, 1 flawed, 3 wrong password, 7 unreadable, 8 not there; in words, with the command that mends it."""
    path = made()
    ran = certferry("check", path, file="secret")
    assert ran.status == 0
    assert re.search("the password is right, but macOS 14 and older .*(AES-256|SHA256)", ran.out)
    assert f"certferry convert {path} NEW.p12 --for macos14" in ran.out
    assert certferry("check", path, "--for", "macos14", file="secret").status == 1
    assert certferry("check", path, file="wrong").status == 3
    assert certferry("check", path, "--for", "nobody").status == 2
    assert certferry("check", tmp_path / "none.p12").status == 8
    path.write_bytes(b"<html>")
    assert certferry("check", path).status == 7


@pytest.mark.parametrize("found", [(), (odd.secret_value("Safe"),)], ids=["nothing", "a secret"])
def test_an_empty_file(tmp_path: Path, found: tuple[bytes, ...]) -> None:
    """Nothing in it works anywhere: a problem, and no command that would make nothing of it."""
    path = tmp_path / "empty.p12"
    path.write_bytes(odd.pfx(*found))
    seen = looked(path)
    assert (seen.status, codes(seen)) == ("flawed", ["empty"])
    assert not any(one.command for one in seen.findings) and not any(one.target for one in seen.readers)


@pytest.mark.parametrize(("cipher", "everywhere"), [
    ("PBE-SHA1-3DES", True), ("PBE-SHA1-2DES", False), ("PBE-SHA1-RC4-128", False), ("PBE-SHA1-RC2-128", False),
    ("DES-EDE3-CBC", False)])
def test_old_ciphers(made, cipher: str, everywhere: bool) -> None:
    """Only 3DES as PKCS#12 defined it is read by every program, and said to be."""
    found = looked(made("-legacy", "-keypbe", cipher, "-certpbe", cipher))
    assert ("every program reads it" in said(found, "old-cipher")) is everywhere
    assert "old way (" in said(found, "old-cipher")


def test_what_was_proved(tmp_path: Path, alice: Leaf, bob: Leaf, capsys: pytest.CaptureFixture[str]) -> None:
    """That a certificate verifies is said where there is one."""
    path = tmp_path / "keys.pem"
    for content, words in (
        (alice.key_pem(), "1 of 1 proved: it signs\n"),
        (alice.key_pem() + alice.pem, "1 of 1 proved: it signs, and its certificate verifies\n"),
        (alice.key_pem() + alice.pem + bob.key_pem(),
         "2 of 2 proved: it signs, and its certificate verifies where there is one\n"),
    ):
        path.write_bytes(content)
        findings.checkup(looked(path, None))
        assert words in capsys.readouterr().out


UNHANDLED = {
    "cipher": m.pfx(m.encrypted(asn1.sequence(asn1.oid("1.2.410.200004.1.4"), asn1.octets(bytes(16))))),
    "digest": m.pfx(m.data(asn1.sequence()), mac=asn1.sequence(
        asn1.sequence(asn1.sequence(asn1.oid("1.2.643.7.1.1.2.3")), asn1.octets(bytes(64))), asn1.octets(bytes(8)))),
    "prf": m.pfx(m.encrypted(m.pbes2(asn1.sequence(asn1.oid(m.PBKDF2), asn1.sequence(
        asn1.octets(bytes(8)), asn1.integer(1000), asn1.sequence(asn1.oid("1.2.643.7.1.1.4.2"))))))),
    "traditional": b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
                   b"DEK-Info: ARIA-128-CBC,00112233445566770011223344556677\n\n"
                   b"AAAAAAAAAAAAAAAAAAAAAA==\n-----END RSA PRIVATE KEY-----\n",
}


@pytest.mark.parametrize("what", UNHANDLED)
def test_every_algorithm_that_is_not_known(tmp_path: Path, what: str) -> None:
    """One code for all of them, and a next step that gets around it."""
    path = tmp_path / "odd"
    path.write_bytes(UNHANDLED[what])
    found = looked(path)
    assert (found.status, codes(found)) == ("unsupported", ["unsupported-cipher"])
    (remedy,) = [one.remedy for one in found.findings if one.code == "unsupported-cipher"]
    assert "export it anew" in remedy


def test_another_kind_of_use_is_no_cipher(tmp_path: Path) -> None:
    """What a file cannot be read for is told by what it is, not by the words it is told in."""
    path = tmp_path / "odd.p12"
    path.write_bytes(m.pfx(asn1.sequence(asn1.oid("1.2.840.113549.1.7.5"), asn1.tlv(asn1.context(0), asn1.null()))))
    assert codes(looked(path)) == ["unsupported"]
