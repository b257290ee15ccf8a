"""Java keystores: what they hold and what not, passwords, damage, bombs; written here from the formats."""

from __future__ import annotations

import struct
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from profiles import asn1
from profiles.errors import Error, Malformed, PasswordNeeded, Unsupported, WrongPassword
from profiles.files.java.jks import JceksProtected
from profiles.files.java.store import KeystoreFile, parse
from profiles.files.java.stream import modified_utf8
from profiles.files.java.twofish import Twofish
from profiles.files.recognition import recognise
from profiles.model import Location, Secret, Selection
from profiles.opening import open_store
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.limits import Allowance
from profiles.pkcs12.passwords import spellings
from profiles.pkcs12.seal import open_sealed
from tests.command import argv, certferry
from tests.profiles.files.asking import Answers
from tests.profiles.files.java import making
from tests.profiles.pkcs12 import material as m

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pki import Authority, Leaf

STORE, KEY = "störe", "key pass"
COUNTS = (0, -1, 2**31 - 1, 2**64)


def ders(leaf: Leaf) -> list[bytes]:
    """A leaf and everything above it."""
    return [leaf.der, *(above.der for above in leaf.chain)]


def keystore(kind: str, leaf: Leaf, root: Authority, key_password: str = KEY) -> bytes:
    """One identity under a password of its own, and one trusted root."""
    if kind in ("JKS", "JKS 1"):
        version = 1 if kind == "JKS 1" else 2
        typed = "X.509" if version == 2 else None
        return making.jks([making.jks_key("leaf", making.jks_sealed(leaf.pkcs8, key_password), ders(leaf), typed),
                           making.jks_certificate("root", root.der, typed)], STORE, version=version)
    if kind == "JCEKS":
        return making.jks([making.jceks_secret("secret"),
                           making.jks_key("leaf", making.jceks_sealed(leaf.pkcs8, key_password), ders(leaf)),
                           making.jks_certificate("root", root.der)], STORE, making.JCEKS)
    entries = [making.bks_sealed("leaf", making.plain_key(leaf.pkcs8), ders(leaf), key_password),
               making.bks_certificate("root", root.der)]
    if kind == "UBER":
        return making.uber(entries, STORE)
    return making.bks(entries, STORE, 1 if kind == "BKS 1" else 2)


KINDS = ("JKS", "JKS 1", "JCEKS", "BKS", "BKS 1", "UBER")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    """Writes a file without an extension."""
    def written(data: bytes) -> Path:
        path = tmp_path / "keystore"
        path.write_bytes(data)
        return path

    return written


@pytest.mark.parametrize("kind", KINDS)
def test_an_identity_with_its_chain_and_trust(
    kind: str, alice: Leaf, root: Authority, write: Callable[[bytes], Path]
) -> None:
    """Recognised by content; the key's own password is asked for by its alias; a trusted root is trusted."""
    path = write(keystore(kind, alice, root))
    assert recognise(path) == Location("jks", str(path))
    store, answers = KeystoreFile(path), Answers(STORE, KEY)
    store.unlock(answers)
    assert len(answers.questions) == 2
    assert "'leaf'" in answers.questions[1][0]
    listing = store.list()
    assert (listing.state, listing.product) == ("ready", "Java keystore")
    assert [problem for problem in listing.problems if "secret key" not in problem.message] == []
    by_name = {entry.nickname: entry for entry in listing.entries}
    assert by_name["leaf"].has_key
    assert by_name["root"].trust.server.value == "trusted"
    assert not by_name["leaf"].trust
    assert {entry.certificate.der for entry in listing.entries} == set(ders(alice))
    (item,) = open_sealed(store.export(Selection.of([alice.sha256]))).items
    assert (item.nickname, item.key) == ("leaf", m.key(alice))


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_under_the_keystores_password_is_not_asked_for(
    kind: str, bob: Leaf, write: Callable[[bytes], Path]
) -> None:
    """One password, one question."""
    sealed = making.bks_sealed("leaf", making.plain_key(bob.pkcs8), ders(bob), "a")
    path = write({
        "JCEKS": lambda: making.jks([making.jks_key("leaf", making.jceks_sealed(bob.pkcs8, "a"), ders(bob))], "a",
                                    making.JCEKS),
        "UBER": lambda: making.uber([sealed], "a"),
        "BKS": lambda: making.bks([sealed], "a"),
        "BKS 1": lambda: making.bks([sealed], "a", 1),
    }.get(kind, lambda: making.jks([making.jks_key("leaf", making.jks_sealed(bob.pkcs8, "a"), ders(bob))], "a"))())
    answers = Answers("a", "never asked for")
    store = KeystoreFile(path)
    store.unlock(answers)
    assert len(answers.questions) == 1
    assert store.list().entry(bob.sha256).has_key  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_password_everything_open_is_listed(
    kind: str, alice: Leaf, root: Authority, write: Callable[[bytes], Path]
) -> None:
    """Certificates and which of them have a key; of an UBER nothing, and it says so."""
    store = KeystoreFile(write(keystore(kind, alice, root)))
    listing = store.list()
    assert listing.state == "locked"
    shown = {entry.certificate.sha256: entry.has_key for entry in listing.entries}
    assert shown == ({} if kind == "UBER" else {one.sha256: one is alice for one in (alice, *alice.chain)})
    with pytest.raises(PasswordNeeded):
        store.export(Selection.of([alice.sha256]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_password_or_an_altered_keystore(
    kind: str, alice: Leaf, root: Authority, write: Callable[[bytes], Path]
) -> None:
    """Is noticed before any key is tried; only a wrong keystore password is asked for again."""
    data = keystore(kind, alice, root)
    path = write(data)
    answers = Answers("wrong", STORE, KEY)
    KeystoreFile(path).unlock(answers)
    assert len(answers.questions) == 3
    place = data.index(b"root") if b"root" in data else len(data) - 40
    path.write_bytes(data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :])
    with pytest.raises(WrongPassword):
        KeystoreFile(path).unlock(Answers(STORE))


def test_a_key_whose_password_nobody_knows_is_named(alice: Leaf, bob: Leaf, write: Callable[[bytes], Path]) -> None:
    """Beside one that opens it is left behind with its name; alone it is a wrong password. Nothing is dropped."""
    known = making.jks_key("known", making.jks_sealed(alice.pkcs8, "a"), ders(alice))
    other = making.jks_key("other", making.jks_sealed(bob.pkcs8, "b"), ders(bob))
    store = KeystoreFile(write(making.jks([known, other], "a")))
    store.unlock(Answers("a", "no", "no"))
    listing = store.list()
    assert listing.entry(alice.sha256).has_key  # type: ignore[union-attr]
    assert not listing.entry(bob.sha256).has_key  # type: ignore[union-attr]
    assert ["'other'" in problem.message for problem in listing.problems] == [True]
    with pytest.raises(WrongPassword, match="'other'"):
        KeystoreFile(write(making.jks([other], "a"))).unlock(Answers("a"))


def test_what_is_no_private_key_is_named(alice: Leaf, write: Callable[[bytes], Path]) -> None:
    """Secrets, public keys, values, other certificates, garbage and damage, each by its alias; the rest is read."""
    entries = [
        making.bks_key("fine", alice.pkcs8, ders(alice)),
        b"\2" + making.text("raw") + making.DATE + making.chain(()) + making.plain_key(bytes(16), 2, "RAW"),
        b"\2" + making.text("public") + making.DATE + making.chain(()) + making.plain_key(b"x", 1, "X.509"),
        b"\2" + making.text("odd") + making.DATE + making.chain(()) + making.plain_key(b"x", 0, "OTHER"),
        b"\3" + making.text("value") + making.DATE + making.chain(()) + making.counted(b"anything"),
        making.bks_key("garbage", b"garbage", ()),
        b"\1" + making.text("card") + making.DATE + making.chain(()) + making.certificate(b"x", "CVC"),
        making.bks_certificate("torn", alice.der[:50]),
    ]
    store = KeystoreFile(write(making.bks(entries, "a")))
    store.unlock(Answers("a"))
    assert [entry.nickname for entry in store.list().entries if entry.has_key] == ["fine"]
    said = [problem.message for problem in store.list().problems]
    assert len(said) == 7
    for alias in ("raw", "public", "odd", "value", "garbage", "card", "torn"):
        assert sum(f"'{alias}'" in one and "left behind" in one for one in said) == 1


def test_two_entries_under_one_alias_stay_two(alice: Leaf, bob: Leaf, write: Callable[[bytes], Path]) -> None:
    """Java shows the last one only; here nothing is dropped, and it is said."""
    entries = [making.jks_certificate("same", one.der) for one in (alice, bob)]
    listing = KeystoreFile(write(making.jks(entries, ""))).list()
    assert {entry.certificate.sha256 for entry in listing.entries} == {alice.sha256, bob.sha256}
    assert [problem.code for problem in listing.problems] == ["duplicate-alias"]


@pytest.mark.parametrize("make", [lambda: making.jks((), ""), lambda: making.jks((), "", making.JCEKS),
                                  lambda: making.bks((), ""), lambda: making.uber((), "x")])
def test_an_empty_keystore_is_valid(make: Callable[[], bytes], write: Callable[[bytes], Path]) -> None:
    """Nothing in it and nothing wrong with it."""
    store = KeystoreFile(write(make()))
    store.unlock(Answers("x"))
    assert (store.list().entries, store.list().problems) == ((), ())


def test_an_uber_that_begins_like_a_bks(alice: Leaf, monkeypatch: pytest.MonkeyPatch) -> None:
    """One in 256 does: its first sealed octet is the one that ends a BKS."""
    for number in range(5000):
        monkeypatch.setattr(making.os, "urandom", lambda size, number=number: number.to_bytes(size, "big"))
        data = making.uber([making.bks_certificate("a", alice.der)], "x")
        if data[32] == 0:
            break
    assert data[32] == 0
    (entry,) = parse(data).opened_by(spellings(Secret("x")))
    assert entry.alias == "a"


def test_java_s_utf_8() -> None:
    """NUL in two octets, a character beyond 16 bits as two surrogates, and no text refused."""
    assert modified_utf8(b"a\xc0\x80\xed\xa0\xbd\xed\xb8\x80") == "a\0\N{GRINNING FACE}"
    with pytest.raises(Malformed):
        modified_utf8(b"\xff")


def test_a_salt_of_two_equal_halves() -> None:
    """Sealed by JDK 17 with the salt 01020304 01020304, three iterations: it turns the first half round."""
    sealed = JceksProtected.parse(bytes((1, 2, 3, 4) * 2), 3, bytes.fromhex("68cbd7475706c2a8"))
    assert sealed.open(spellings(Secret("secret")), Allowance()) == asn1.sequence(asn1.integer(5))


def test_twofish_known_answers() -> None:
    """From the paper of 1998: the iterated tests with keys of 128, 192 and 256 bits."""
    for size, key, sealed in (
        (16, "00" * 16, "9f589f5cf6122c32b6bfec2f2ae8c35a"),
        (24, "0123456789abcdeffedcba98765432100011223344556677", "cfd1d2e5a9be9cdf501f13b892bd2248"),
        (32, "0123456789abcdeffedcba987654321000112233445566778899aabbccddeeff", "37527be0052334b89f0cfccae87cfa20"),
    ):
        cipher = Twofish(bytes.fromhex(key))
        assert len(bytes.fromhex(key)) == size
        assert cipher.decrypt(bytes.fromhex(sealed)) == bytes(16)
        assert making.Encrypting(bytes.fromhex(key)).encrypt(bytes(16)).hex() == sealed


def test_an_ec_key_with_a_zero_too_many_is_put_right(bob: Leaf) -> None:
    """As Java 5 to 7 wrote half of them; strict readers refuse such a key."""
    plain = m.key(bob)
    body = asn1.parse(plain.info.body).sequence(2)
    longer = asn1.sequence(asn1.integer(1), asn1.octets(b"\0" + body[1].octets()))
    odd = PrivateKey.parse(asn1.sequence(asn1.integer(0), plain.info.algorithm_der, asn1.octets(longer)))
    assert odd.public == plain.public
    assert odd.sign(b"m")


# -- hostile


BOMBS: dict[str, Callable[[int], bytes]] = {
    "JCEKS private key": lambda count: making.jks(
        [making.jks_key("a", making.jceks_sealed(bytes(8), "a", shown=count), ())], "a", making.JCEKS),
    "JCEKS secret key": lambda count: making.jks([making.jceks_secret("a", count)], "a", making.JCEKS),
    "JKS key by PBES1": lambda count: making.jks([making.jks_key(
        "a", asn1.sequence(m.pbes1(count), asn1.octets(bytes(8))), ())], "a"),
    "JKS key by PBES2": lambda count: making.jks([making.jks_key("a", asn1.sequence(
        m.pbes2(m.pbkdf2(asn1.octets(bytes(8)), asn1.integer(count))), asn1.octets(bytes(16))), ())], "a"),
    "JKS key by scrypt": lambda count: making.jks([making.jks_key("a", asn1.sequence(
        m.pbes2(m.scrypt(count)), asn1.octets(bytes(16))), ())], "a"),
    "BKS": lambda count: making.bks((), "a", shown=count),
    "BKS sealed key": lambda count: making.bks([making.bks_sealed("a", bytes(8), (), "a", count)], "a"),
    "UBER": lambda count: making.uber((), "a", count),
    "key sealed in an UBER": lambda count: making.uber([making.bks_sealed("a", bytes(8), (), "a", count)], "a"),
}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("place", BOMBS)
def test_a_derivation_bomb_is_refused_at_once(place: str, count: int, write: Callable[[bytes], Path]) -> None:
    """Zero, negative and huge counts wherever one can stand (an ``int`` of 2⁶⁴ is 0), in a tenth of a second."""
    store = KeystoreFile(write(BOMBS[place](count)))
    started = time.process_time()
    with pytest.raises((Malformed, Unsupported), match=r"iteration|scrypt"):
        store.unlock(Answers("a"))
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize("data", [
    b"\xfe\xed\xfe\xed", b"\xfe\xed\xfe\xed" + struct.pack(">II", 3, 0) + bytes(20),
    b"\xfe\xed\xfe\xed" + struct.pack(">II", 2, 2**32 - 1) + bytes(20),
    b"\xfe\xed\xfe\xed" + struct.pack(">III", 2, 1, 9) + making.text("a") + bytes(40),
    b"\xfe\xed\xfe\xed" + struct.pack(">III", 2, 1, 3) + making.text("a") + bytes(40),
    b"\xfe\xed\xfe\xed" + struct.pack(">III", 2, 1, 1) + making.text("a") + making.DATE + struct.pack(">I", 2**31),
    making.jks((), "")[:-1], making.bks((), "a")[:-1], making.bks([b"\5" + making.text("x") + bytes(20)], "a"),
    struct.pack(">II", 2, 2**31) + bytes(100), struct.pack(">II", 2, 0) + bytes(100),
], ids=["magic alone", "later version", "endless count", "unknown entry", "secret key", "endless key", "cut short",
        "cut Bouncy Castle", "unknown kind", "endless salt", "no salt"])
def test_damage_is_one_clear_sentence(data: bytes) -> None:
    """Cut off, counts beyond the end, unknown kinds and versions."""
    with pytest.raises((Malformed, Unsupported)) as refusal:
        parse(data)
    assert len(refusal.value.message) > 20


def test_foreign_java_objects_are_refused_by_name() -> None:
    """Nothing is deserialised: classes that are not the sealed key's, deep classes, loops, odd fields."""
    good = making.jceks_secret("a")
    assert parse(making.jks([good], "a", making.JCEKS)).entries
    for old, new, said in (
        (b"SealedObjectForKeyProtector", b"SealedObjectForKeyProtectox", "Protectox"),
        (bytes.fromhex("02000078 72"), bytes.fromhex("03000078 72"), "never read"),
        (bytes.fromhex("71007e0002"), bytes.fromhex("71007e0001"), "shape"),
        (bytes.fromhex("71007e0005"), bytes.fromhex("71007e00ff"), "refers"),
        (b"\xac\xed\x00\x05", b"\xac\xed\x00\x06", "no serialised"),
    ):
        with pytest.raises(Error, match=said):
            parse(making.jks([good.replace(old, new, 1)], "a", making.JCEKS))


# -- from the command line


@pytest.mark.slow
def test_a_keystore_is_never_a_target(alice: Leaf, tmp_path: Path) -> None:
    """Neither a new one nor one that is there, and the way on is named."""
    source, there = tmp_path / "alice.p12", tmp_path / "there"
    source.write_bytes(alice.p12())
    there.write_bytes(making.jks((), ""))
    for target in (f"jks:{tmp_path}/new", str(tmp_path / "new.jks"), str(there), f"jks:{there}"):
        before = sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir())
        done = certferry("migrate", str(source), target)
        assert done.status == 7
        assert ".p12" in done.err
        assert sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir()) == before
    with pytest.raises(Unsupported, match="not written"):
        open_store(f"jks:{there}").checkpoint().__enter__()


def test_a_keystore_of_newer_java_is_pkcs12(alice: Leaf, write: Callable[[bytes], Path]) -> None:
    """Whatever its name: said to be a keystore of Java, it opens all the same."""
    store = open_store(f"jks:{write(alice.p12())}")
    store.unlock(Answers("secret"))
    assert store.list().entry(alice.sha256).has_key  # type: ignore[union-attr]


@pytest.mark.slow
def test_both_passwords_from_a_script_and_what_stays_is_said(alice: Leaf, bob: Leaf, tmp_path: Path) -> None:
    """The key's password is the next line of the same input; what cannot be carried is named."""
    source, target = tmp_path / "store.jceks", tmp_path / "out.p12"
    source.write_bytes(making.jks([
        making.jceks_secret("token"), making.jks_key("alice", making.jceks_sealed(alice.pkcs8, KEY), ders(alice)),
        making.jks_key("bob", making.jceks_sealed(bob.pkcs8, "unknown"), ders(bob))], STORE, making.JCEKS))
    secret = tmp_path / "password"
    secret.write_text("out\n")
    done = subprocess.run(
        argv("migrate", source, target, "--from-password", "file:-", "--to-password", f"file:{secret}"),
        input=f"{STORE}\n{KEY}\n\n", capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 1
    assert "Alice RSA  (read back, key signs)" in done.stdout
    for alias in ("token", "bob"):
        assert f"entry '{alias}'" in done.stderr
