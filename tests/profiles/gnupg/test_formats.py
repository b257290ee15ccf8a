"""GnuPG's formats: keys that GnuPG wrote are read, hostile ones refused, keygrips are the ones it computes."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.certificate import Certificate
from profiles.curves import CURVES
from profiles.errors import Error, KeyNotExportable, Malformed, PasswordNeeded, Unsupported, WrongPassword
from profiles.gnupg import keybox, protection, sexp, trustlist
from profiles.gnupg.grip import keygrip
from profiles.gnupg.keyfile import KeyFile, written
from profiles.model import NO_TRUST, Level, Secret, Trust
from profiles.pkcs12.keys import PrivateKey
from tests import keys, pki
from tests.profiles.gnupg.programs import Gnupg
from tests.profiles.pkcs12.material import generated

if TYPE_CHECKING:
    from pathlib import Path

SEXPS = st.recursive(st.binary(max_size=20), lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=12)
MAIL = Trust(email=Level.TRUSTED)


@given(SEXPS)
def test_both_forms_of_an_expression(value) -> None:
    """Whatever is in it comes back, from the canonical and from the readable form."""
    assert sexp.parse(sexp.canonical(value)) == value
    assert sexp.parse(sexp.advanced(value)) == value


def test_the_advanced_form_as_libgcrypt_writes_it() -> None:
    """Tokens, quoted strings with escapes, hex over several lines, base64."""
    text = b'(a "b \\"c\\" \\x41\\101\\n" #00\n 0A# |AQID|\n (nested-1.x))'
    assert sexp.parse(text) == (b"a", b'b "c" AA\n', b"\x00\x0a", b"\1\2\3", (b"nested-1.x",))


@pytest.mark.parametrize("data", [b"", b"(", b"(a", b"5:abc", b"99999999:a", b"(a))", b"#0#", b'"a', b"|a|", b"(" * 40])
def test_what_is_no_expression(data: bytes) -> None:
    """Is refused."""
    with pytest.raises(Malformed):
        sexp.parse(data)


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256", "ec-p384", "ec-p521"])
@pytest.mark.parametrize("password", ["", "pass wörd"])
def test_a_written_key_is_read(kind: str, password: str) -> None:
    """The same key, label included; another passphrase, and none, are told apart."""
    key = generated(kind)
    data = written(key, " Älice\n\\ ", Secret(password), 1024)
    found = KeyFile.parse(data)
    assert (found.label, found.sealed, found.open(Secret(password)).pkcs8) == (" Älice\n\\ ", bool(password), key.pkcs8)
    assert not any(line.endswith(b" ") for line in data.splitlines())
    if password:
        with pytest.raises(WrongPassword):
            found.open(Secret("another"))
        with pytest.raises(PasswordNeeded):
            found.open(None)


def test_keys_that_gpgsm_has_no_use_for() -> None:
    """Are refused by name."""
    with pytest.raises(Unsupported, match="ed25519"):
        written(PrivateKey.parse(keys.pkcs8(keys.generate("ed25519"))), "", Secret(""), 1024)


def older(key: PrivateKey, password: str, mode: bytes, length: int) -> bytes:
    """A key as GnuPG sealed it before OCB, built from agent/keyformat.txt: 2.2.40 reads it and writes it no more."""
    import hashlib

    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    from profiles.gnupg.numbers import expressions

    public, secret = expressions(key)
    at = (b"protected-at", b"20100101T000000")
    digest = hashlib.sha1(sexp.canonical((*public, *secret, at))).digest()
    plain = sexp.canonical((secret, (b"hash", b"sha1", digest)))
    plain += b"\x5a" * (-len(plain) % 16)
    stretched = protection.stretched(password.encode(), b"saltsalt", 1024, length)
    sealing = Cipher(algorithms.AES(stretched), modes.CBC(b"i" * 16)).encryptor()
    data = sealing.update(plain) + sealing.finalize()
    return sexp.canonical((b"protected-private-key", (
        *public, (b"protected", mode, ((b"sha1", b"saltsalt", b"1024"), b"i" * 16), data), at)))


@pytest.mark.parametrize(("mode", "length"), [
    (b"openpgp-s2k3-sha1-aes-cbc", 16), (b"openpgp-s2k3-sha1-aes256-cbc", 32)])
def test_keys_sealed_the_older_way(mode: bytes, length: int) -> None:
    """Are read; one that was tampered with, or another passphrase, is not taken for the key."""
    key = generated("ec-p256")
    data = older(key, "old", mode, length)
    assert KeyFile.parse(data).open(Secret("old")) == key
    for wrong, password in ((data, "no"), (data.replace(b"20100101", b"20100102"), "old")):
        with pytest.raises(WrongPassword):
            KeyFile.parse(wrong).open(Secret(password))


def test_hostile_key_files() -> None:
    """No count of octets that takes for ever, nothing unknown taken for known, a card's stub said to be one."""
    data = older(generated("ec-p256"), "x", b"openpgp-s2k3-sha1-aes-cbc", 16)
    for old, new, error in ((b"4:1024", b"11:99999999999", Unsupported), (b"4:1024", b"4:-100", Malformed),
                            (b"8:saltsalt", b"1:s", Malformed), (b"21:protected", b"21:protexted", Unsupported)):
        with pytest.raises(error):
            KeyFile.parse(data.replace(old, new)).open(Secret("x"))
    card = b"(20:shadowed-private-key(3:rsa(1:n1:a)(1:e1:b)(8:shadowed5:t1-v1(1:c1:d))))"
    with pytest.raises(KeyNotExportable, match="smart card"):
        KeyFile.parse(card).open(Secret("x"))


@given(st.integers(0, 700), st.binary(min_size=1, max_size=3))
def test_damaged_key_files(at: int, junk: bytes) -> None:
    """Give an error that a caller knows, whatever is changed."""
    data = DAMAGED[:at] + junk + DAMAGED[at + len(junk) :]
    with suppress(Error):
        KeyFile.parse(data).open(Secret("x"))


DAMAGED = written(generated("ec-p256"), "label", Secret("x"), 1024)


@given(st.binary(max_size=60) | st.integers(0, 200).map(lambda at: (0, 0, 0, 32, 1, 1, 0, 0, *b"KBXf", at)).map(bytes))
def test_damaged_keyboxes(data: bytes) -> None:
    """Likewise."""
    with suppress(Error):
        keybox.certificates(data)


def test_keyboxd(tmp_path: Path, alice: pki.Leaf) -> None:
    """The database of GnuPG 2.4, in the tables of kbx/backend-sqlite.c: certificates that are there for good."""
    path = tmp_path / "pubring.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE pubkey (ubid BLOB NOT NULL PRIMARY KEY, type INTEGER NOT NULL, ephemeral "
                           "INTEGER NOT NULL DEFAULT 0, revoked INTEGER NOT NULL DEFAULT 0, keyblob BLOB NOT NULL)")
        rows = [(b"1", 1, 0, b"openpgp"), (b"2", 2, 0, alice.der), (b"3", 2, 1, b"seen once")]
        connection.executemany("INSERT INTO pubkey (ubid, type, ephemeral, keyblob) VALUES (?, ?, ?, ?)", rows)
    assert keybox.from_keyboxd(path) == [alice.der]
    path.write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(Malformed):
        keybox.from_keyboxd(path)


def test_the_list_of_roots(root: pki.Authority) -> None:
    """Lines as people write them are understood; one is added, turned and taken away without another byte changing."""
    certificate = Certificate.parse(root.der)
    name = trustlist.fingerprint(certificate)
    for line, trust in ((name + b" S relax", MAIL), (name.replace(b":", b"").lower() + b" *", MAIL), (name, MAIL),
                        (b"!" + name + b" S", Trust(email=Level.DISTRUSTED)), (name + b" P", MAIL),
                        (b"# " + name + b" S", NO_TRUST)):
        assert trustlist.trusts(b"include-default\r\n" + line + b"\r\n").get(name, NO_TRUST) == trust, line
    for before in (b"", b"# a\n\n", b"# no end of line", b"AA" * 20 + b" S\r\n# end\r\n"):
        after = trustlist.changed(before, certificate, MAIL)
        assert after.startswith(before)
        assert trustlist.trusts(after)[name] == MAIL
        turned = trustlist.changed(after, certificate, Trust(email=Level.DISTRUSTED))
        assert trustlist.trusts(turned)[name].email is Level.DISTRUSTED
        assert trustlist.changed(turned, certificate, NO_TRUST).rstrip(b"\n") == before.rstrip(b"\n")


@pytest.mark.linux("gpgsm as Debian packs it")
@pytest.mark.slow
def test_keygrips_are_gpgsms(tmp_path: Path) -> None:
    """Of RSA and of every curve, also where the certificate has the point compressed."""
    from cryptography.hazmat.primitives.asymmetric import ec

    authority = pki.root()
    curves = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1, ec.SECP256K1, ec.BrainpoolP256R1, ec.BrainpoolP384R1,
              ec.BrainpoolP512R1)
    assert len(curves) == len(CURVES)
    people = [authority.leaf(curve.name, key=ec.generate_private_key(curve())) for curve in curves]
    people.append(authority.leaf("rsa", key="rsa-2048"))
    with Gnupg(tmp_path / "gnupg", "") as gnupg:
        gnupg.run("--import", data=b"".join(one.pem for one in people))
        listed = gnupg.run("--with-keygrip", "--with-colons", "-k").decode()
    theirs = {line.split(":")[9] for line in listed.splitlines() if line.startswith("grp:")}
    assert {keygrip(Certificate.parse(one.der).public_key) for one in people} == theirs
