"""Key backups of IIS 4, put together from the description of the format; OpenSSL seals as the plain variant does.

No program that is still built reads the whole format: OpenSSL dropped ``-inform NET`` with 1.1, LibreSSL after it.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from profiles import asn1
from profiles.errors import Malformed, Unsupported, WrongPassword
from profiles.files.iis import KeyBackup, KeyBackupFile
from profiles.files.recognition import recognise
from profiles.files.strangers import stranger
from profiles.model import Location, Secret, Selection
from profiles.opening import open_store
from profiles.pkcs12 import ciphers
from profiles.pkcs12.seal import open_sealed
from tests.command import certferry
from tests.profiles.files.asking import Answers
from tests.profiles.pkcs12 import material as m
from tests.profiles.pkcs12.test_programs import openssl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Leaf

RC4 = "1.2.840.113549.3.4"
JUNK = b"\x0a\0\0\0private-key\0Key Manager 4.0 certificate\x30\x82\0\1certificate\x30\x80" + bytes(range(40))


def sealed(key: bytes, *, cipher: str = RC4) -> bytes:
    """The structure around a sealed key."""
    algorithm = asn1.sequence(asn1.oid(cipher), asn1.null())
    return asn1.sequence(asn1.octets(b"private-key"), asn1.sequence(algorithm, asn1.octets(key)))


def wrapped(certificate: bytes) -> bytes:
    """The structure around a certificate."""
    return asn1.sequence(asn1.octets(b"certificate"), certificate)


def rc4(pkcs8: bytes, password: str, *, sgc: bool = False) -> bytes:
    """A key sealed in one of both ways."""
    key = hashlib.md5(password.encode()).digest()
    return ciphers.RC4_128.encrypt(hashlib.md5(key + b"SGCKEYSALT").digest() if sgc else key, b"", pkcs8)


@pytest.mark.parametrize("sgc", [False, True])
@pytest.mark.parametrize("before", [b"", os.urandom(1), JUNK, os.urandom(64)], ids=["none", "1", "text", "64"])
@pytest.mark.parametrize("between", [b"", b"\0\0", JUNK])
def test_a_backup_with_its_certificate(
    alice: Leaf, tmp_path: Path, before: bytes, between: bytes, *, sgc: bool
) -> None:
    """Whatever stands around the two pieces, plain and for Server Gated Cryptography."""
    path = tmp_path / "backup"
    path.write_bytes(before + sealed(rc4(alice.pkcs8, "geheim", sgc=sgc)) + between + wrapped(alice.der) + JUNK)
    assert recognise(path) == Location("iis", str(path))
    store = open_store(str(path))
    listing = store.list()
    assert (listing.state, listing.product) == ("locked", "IIS 4 key backup")
    assert [(entry.certificate.sha256, entry.has_key) for entry in listing.entries] == [(alice.sha256, True)]
    store.unlock(Answers("wrong", "geheim"))
    (item,) = open_sealed(store.export(Selection.of([alice.sha256]))).items
    assert item.key == m.key(alice)
    assert store.list().problems == ()


def test_openssl_seals_the_same_way(alice: Leaf, tmp_path: Path) -> None:
    """Its RC4 with a key of one round of MD5 and no salt is what NET was sealed with."""
    plain = tmp_path / "plain"
    plain.write_bytes(alice.pkcs8)
    made = openssl("enc", "-rc4", "-nosalt", "-md", "md5", "-k", "a word", "-in", str(plain),
                   "-provider", "legacy", "-provider", "default")
    found = KeyBackup.parse(JUNK + sealed(made)).opened(Secret("a word"))
    assert [item.key for item in found.items] == [m.key(alice)]


def test_a_pending_request_is_a_pending_key(alice: Leaf, tmp_path: Path) -> None:
    """A backup without certificate, as the Key Manager made it while the request was out."""
    path = tmp_path / "pending.key"
    path.write_bytes(JUNK + sealed(rc4(alice.pkcs8, "pässword".encode().decode())) + JUNK)
    store = KeyBackupFile(path)
    store.unlock(Answers("pässword"))
    listing = store.list()
    assert ([key.id for key in listing.pending_keys], listing.entries) == ([m.key(alice).id], ())


def test_a_password_in_the_encoding_of_its_time(alice: Leaf) -> None:
    """Windows NT took the characters of its own code page."""
    data = ciphers.RC4_128.encrypt(hashlib.md5("pässword".encode("latin-1")).digest(), b"", alice.pkcs8)
    assert KeyBackup.parse(sealed(data)).opened(Secret("pässword")).items[0].key == m.key(alice)


@pytest.mark.parametrize("sgc", [False, True])
def test_a_wrong_password(alice: Leaf, *, sgc: bool) -> None:
    """Shows by there being no sound key; RC4 checks nothing."""
    backup = KeyBackup.parse(sealed(rc4(alice.pkcs8, "right", sgc=sgc)) + wrapped(alice.der))
    for wrong in ("", "Right", "right "):
        with pytest.raises(WrongPassword):
            backup.opened(Secret(wrong))


def test_a_key_of_another_certificate_is_said(alice: Leaf, bob: Leaf) -> None:
    """Both come out, apart, with the reason."""
    found = KeyBackup.parse(sealed(rc4(alice.pkcs8, "x")) + wrapped(bob.der)).opened(Secret("x"))
    assert [(item.certificate is None, item.key is None) for item in found.items] == [(False, True), (True, False)]
    assert "do not match" in found.problems[0].message


def test_what_is_none_is_refused(alice: Leaf) -> None:
    """Another cipher by its name, a cut key, words alone."""
    with pytest.raises(Unsupported, match=r"1\.2\.3"):
        KeyBackup.parse(sealed(b"x", cipher="1.2.3"))
    whole = sealed(rc4(alice.pkcs8, "x"))
    for data in (whole[:-1], JUNK, b"", b"private-key"):
        with pytest.raises(Malformed):
            KeyBackup.parse(data)


@pytest.mark.slow
def test_it_moves_and_is_never_a_target(alice: Leaf, tmp_path: Path) -> None:
    """To PKCS#12, which every later IIS takes."""
    path, out = tmp_path / "old.key", tmp_path / "new.pfx"
    path.write_bytes(JUNK + sealed(rc4(alice.pkcs8, "x", sgc=True)) + wrapped(alice.der))
    done = certferry("migrate", path, out, source="x", target="new")
    assert done.status == 0, done.err
    assert "key signs" in done.out
    before = path.read_bytes()
    refused = certferry("migrate", out, f"iis:{path}", source="new")
    assert (refused.status, path.read_bytes()) == (7, before)
    assert ".pfx" in refused.err


SURROUNDINGS = {
    "a request": b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    "what BKS begins with": b"\0\0\0\1\0\0\0\x14" + b"x" * 20 + b"\0\0\4\0\1" + b"z" * 7,
    "what JKS begins with": b"\xfe\xed\xfe\xed",
    "what a mail begins with": b"From: me\r\nSubject: x\r\n",
    "what a program begins with": b"MZ",
    "what a page begins with": b"\xef\xbb\xbf<html>",
    "what DER begins with": b"\x30\x82\1\0",
}


@pytest.mark.parametrize("before", SURROUNDINGS)
def test_what_stands_before_the_key_makes_it_nothing_else(before: str, alice: Leaf, tmp_path: Path) -> None:
    """The mark of the key says more than how the file happens to begin."""
    path = tmp_path / "old.key"
    path.write_bytes(SURROUNDINGS[before] + sealed(rc4(alice.pkcs8, "x")) + wrapped(alice.der))
    assert recognise(path) == Location("iis", str(path))
    assert stranger(path.read_bytes()) is None
    store = open_store(str(path))
    store.unlock(Answers("x"))
    assert [entry.has_key for entry in store.list().entries] == [True]
