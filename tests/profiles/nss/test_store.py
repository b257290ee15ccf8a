"""The native NSS engine, judged by the NSS tools: what it writes they accept, what they write it reads."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from profiles.certificate import Certificate
from profiles.errors import (
    KeyNotExportable,
    Malformed,
    StoreNotFound,
    Unsupported,
    WrongPassword,
)
from profiles.model import Level, Location, Secret, Selection, Trust
from profiles.nss.store import NssStore
from profiles.pkcs12.contents import Item
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.reader import decode
from profiles.pkcs12.seal import open_sealed, seal
from tests import keys, nss_tools
from tests.askers import Given
from tests.host import mode, run
from tests.profiles.nss.native import TRUSTED, exported, opened, put

KINDS = ["rsa-2048", "ec-p256", *(pytest.param(kind, marks=pytest.mark.slow) for kind in (
    "rsa-1024", "rsa-3072", "rsa-4096", "rsa-8192", "ec-p384", "ec-p521"))]


@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("password", [None, "Sup3r pw! ü"])
def test_written_identity_is_nss_s_own(nss_database, root, kind, password):
    """certutil lists u,u,u and the key, accepts the chain, and pk12util exports the very same key."""
    key = keys.pooled(kind)
    leaf = root.intermediate().leaf("Carol", email="carol@example.test", key=key)
    database = nss_database(password)
    put(opened(database.path, password or ""), leaf, "Carol's", TRUSTED)
    assert database.flags()["Carol's"] == "u,u,u"
    assert database.flags()["Test Root"] == "CT,C,C"
    assert [one.nickname for one in database.private_keys()] == ["Carol's"]
    assert database.verify("Carol's", "C") is None
    assert exported(database, "Carol's").private_numbers() == key.private_numbers()


@pytest.mark.parametrize("modern", [False, True])
@pytest.mark.parametrize("password", [None, "a password"])
@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p384"])
def test_reads_what_nss_wrote(nss_database, root, modern, password, kind):
    """An identity imported by pk12util comes out with its own key, whatever NSS wrote it."""
    key = keys.pooled(kind)
    leaf = root.leaf("Dave", key=key)
    database = nss_database(password, modern=modern)
    database.add_p12(leaf.p12())
    database.trust("Test Root - Certferry Tests", "CT,,C")
    store = opened(database.path, password or "")
    listing = store.list()
    entry = listing.entry(leaf.sha256)
    assert entry is not None and entry.has_key and entry.nickname == "Dave"
    above = listing.entry(root.sha256)
    assert above is not None
    assert above.trust == Trust(Level.TRUSTED, Level.TRUSTED, Level.UNKNOWN, Level.TRUSTED)
    (item,) = open_sealed(store.export(Selection.of([leaf.sha256]))).items
    assert item.key is not None and item.key.pkcs8 == leaf.pkcs8


def test_listing_asks_for_nothing(nss_database, alice):
    """A locked database is listed without its password, keys included."""
    database = nss_database("locked up")
    database.add_p12(alice.p12())
    store = NssStore(Location("nss", str(database.path)), database.path)
    entry = store.list().entry(alice.sha256)
    assert entry is not None and entry.has_key


def test_wrong_password(nss_database):
    """A wrong password is refused after exactly the tries that were allowed."""
    database = nss_database("right")
    store = NssStore(Location("nss", str(database.path)), database.path)
    ask = Given("wrong", tries=3)
    with pytest.raises(WrongPassword):
        store.unlock(ask)
    assert ask.asked == 3


def test_no_password_is_never_asked_for(nss_database):
    """A database without a password opens without a question."""
    ask = Given("unused")
    database = nss_database()
    NssStore(Location("nss", str(database.path)), database.path).unlock(ask)
    assert ask.asked == 0


@pytest.mark.parametrize("modern", [False, True])
def test_after_a_password_change(nss_database, root, alice, modern):
    """Keys and authenticated trust survive NSS's own password change, also the signatures it files elsewhere."""
    database = nss_database("first", modern=modern)
    database.add_p12(alice.p12())
    database.trust("Test Root - Certferry Tests", "CT,C,C")
    database = database.change_password("second")
    store = opened(database.path, "second")
    above = store.list().entry(root.sha256)
    assert above is not None and above.trust == TRUSTED
    (item,) = open_sealed(store.export(Selection.of([alice.sha256]))).items
    assert item.key is not None and item.key.pkcs8 == alice.pkcs8


def test_forged_trust_is_not_believed(nss_database, root):
    """A trust row whose signature does not fit counts as no trust, as in NSS itself."""
    database = nss_database()
    database.add_certificate(root.der, "root", ",,")
    database.trust("root", "C,,")
    with closing(sqlite3.connect(database.path / "cert9.db")) as connection, connection:
        connection.execute("UPDATE nssPublic SET ace53635b = x'ce534352' WHERE a0 = x'ce534353'")
    assert opened(database.path).list().entry(root.sha256).trust == Trust()


def test_trust_is_overwritten_in_the_class_that_is_there(nss_database, root, alice):
    """Where NSS 3.114 and later left a CKO_TRUST object, that one is changed, and both NSS versions agree."""
    database = nss_database("pw", modern=True)
    database.add_p12(alice.p12())
    database.trust("Test Root - Certferry Tests", "C,,")
    store = opened(database.path, "pw")
    with store.checkpoint() as checkpoint:
        checkpoint.set_trust(Certificate.parse(root.der), TRUSTED)
        checkpoint.commit()
    assert database.flags()["Test Root - Certferry Tests"] == "CT,C,C"
    assert store.list().entry(root.sha256).trust == TRUSTED


def test_trust_written_natively_is_read_by_both(nss_database, alice):
    """Trust in a database made by the newest NSS is seen by it."""
    database = nss_database(modern=True)
    put(opened(database.path), alice, "Alice", TRUSTED)
    assert database.flags()["Test Root"] == "CT,C,C"
    assert database.verify("Alice", "C") is None


def test_twins_stay_two(nss_database, intermediate, alice):
    """A renewed certificate of the same subject keeps a nickname of its own, and both keys are there."""
    renewed = intermediate.renewed(alice)
    database = nss_database()
    store = opened(database.path)
    put(store, alice, "Alice")
    put(store, renewed, "Alice")
    listing = store.list()
    assert {entry.nickname for entry in listing.entries if entry.has_key} == {"Alice", "Alice #2"}
    assert len(database.private_keys()) == 2
    items = open_sealed(store.export(Selection.of([alice.sha256, renewed.sha256]))).items
    assert {item.key.pkcs8 for item in items} == {alice.pkcs8, renewed.pkcs8}


def test_same_nickname_other_subject(nss_database, root):
    """A collision of nicknames gives a new nickname, never a merge."""
    database = nss_database()
    store = opened(database.path)
    for name in ("Erin", "Erwin"):
        put(store, root.leaf(name), "mail")
    assert {one.nickname for one in database.certificates() if one.flags == "u,u,u"} == {"mail", "mail #2"}


def test_one_key_with_two_certificates(nss_database, intermediate, alice):
    """Two certificates of one key are two entries over one private key object."""
    again = intermediate.renewed(alice, same_key=True)
    database = nss_database()
    store = opened(database.path)
    put(store, alice, "one")
    put(store, again, "two")
    assert sum(entry.has_key for entry in store.list().entries) == 2
    assert len(database.private_keys()) == 1


def test_pending_key(nss_database, root):
    """A key without certificate is listed, exported and written as such, and its certificate finds it later."""
    leaf = root.leaf("Frank", key="rsa-2048")
    database = nss_database()
    store = opened(database.path)
    with store.checkpoint() as checkpoint:
        checkpoint.add_keys(seal([Item(None, PrivateKey.parse(leaf.pkcs8), "enrolment")]))
        checkpoint.commit()
    (pending,) = store.list().pending_keys
    assert pending.key == "rsa-2048" and pending.nickname == "enrolment"
    assert open_sealed(store.export(Selection.of(keys=[pending.id]))).items[0].key.pkcs8 == leaf.pkcs8
    database.add_certificate(leaf.der, "Frank")
    assert database.flags()["Frank"] == "u,u,u"
    assert store.list().entry(leaf.sha256).has_key and not store.list().pending_keys


def test_non_exportable_key_is_respected(nss_database, alice):
    """A key that its database marks CKA_EXTRACTABLE false stays where it is, and the reason is said."""
    database = nss_database()
    put(opened(database.path), alice, "Alice")
    with closing(sqlite3.connect(database.path / "key4.db")) as connection, connection:
        connection.execute("UPDATE nssPrivate SET a162 = x'00'")
    with pytest.raises(KeyNotExportable) as refused:
        opened(database.path).export(Selection.of([alice.sha256]))
    assert "not exportable" in refused.value.message and refused.value.hint


@pytest.mark.parametrize("password", ["", "of its own"])
def test_new_database(tmp_path, alice, password):
    """A profile that never had a database gets one that NSS opens, with the password that was asked for."""
    store = opened(tmp_path, password)
    assert store.list().state == "empty"
    put(store, alice, "Alice", TRUSTED)
    database = nss_tools.Database(tmp_path, password or None)
    assert database.flags()["Alice"] == "u,u,u"
    assert database.verify("Alice", "C") is None
    assert {mode(path) for path in tmp_path.glob("*.db")} == {0o600}
    newer = nss_tools.Database(tmp_path, password or None, modern=True)
    assert newer.flags()["Alice"] == "u,u,u"


def test_failing_step_is_taken_back(nss_database, alice):
    """An exception after the commit leaves the rows as they were."""
    database = nss_database()
    before = (database.certificates(), database.private_keys())
    store = opened(database.path)
    with pytest.raises(ZeroDivisionError), store.checkpoint() as checkpoint:  # noqa: PT012
        checkpoint.add_keys(seal([Item(Certificate.parse(alice.der), PrivateKey.parse(alice.pkcs8), "Alice")]))
        checkpoint.commit()
        _ = 1 / 0
    assert (database.certificates(), database.private_keys()) == before


@pytest.mark.parametrize("kind", ["rsa-512", "secp256k1", "ed25519"])
def test_kinds_nss_does_not_take_are_named(nss_database, kind):
    """A key that NSS has no place for is refused with its name, before anything is written."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from tests.system import require

    if kind == "rsa-512":
        pem = run([require("openssl"), "genrsa", "512"]).stdout
        pkcs8 = run([require("openssl"), "pkcs8", "-topk8", "-nocrypt", "-outform", "DER"], stdin=pem).stdout
    else:
        pkcs8 = keys.pkcs8(ec.generate_private_key(ec.SECP256K1()) if kind == "secp256k1" else keys.generate(kind))
    store = opened(nss_database().path)
    with pytest.raises(Unsupported, match=kind), store.checkpoint() as checkpoint:
        checkpoint.add_keys(seal([Item(None, PrivateKey.parse(pkcs8), "odd")]))
    assert not store.list().pending_keys


def test_what_is_no_database(tmp_path, nss_database):
    """Missing, foreign, cut off, old and newer databases are each refused in words."""
    with pytest.raises(StoreNotFound):
        NssStore(Location("nss"), tmp_path / "absent")
    (tmp_path / "letter.txt").write_text("hello")
    with pytest.raises(Malformed, match="not an NSS profile"):
        NssStore(Location("nss"), tmp_path)
    cut = nss_database()
    content = (cut.path / "cert9.db").read_bytes()
    (cut.path / "cert9.db").write_bytes(content[: len(content) // 2])
    with pytest.raises(Malformed):
        NssStore(Location("nss"), cut.path).list()
    newer = nss_database()
    with closing(sqlite3.connect(newer.path / "key4.db")) as connection:
        connection.execute("PRAGMA user_version = 7")
    with pytest.raises(Unsupported, match="newer format"):
        NssStore(Location("nss"), newer.path).list()
    legacy = tmp_path / "legacy"
    legacy.mkdir()
    (legacy / "cert8.db").touch()
    with pytest.raises(Unsupported, match="old format"):
        NssStore(Location("nss"), legacy)


@pytest.mark.slow
def test_ed25519_where_the_writer_knows_it(nss_database, root):
    """A database that NSS 3.114 or later wrote takes Ed25519, and that NSS exports the very key."""
    leaf = root.leaf("Dora", key="ed25519")
    database = nss_database("pw", modern=True)
    store = opened(database.path, "pw")
    put(store, leaf, "Dora")
    assert database.flags()["Dora"] == "u,u,u"
    ours = [item.key.pkcs8 for item in decode(database.export_p12("Dora"), Secret("secret")).items if item.key]
    assert ours == [leaf.pkcs8]
    (item,) = open_sealed(store.export(Selection.of([leaf.sha256]))).items
    assert item.key is not None and item.key.pkcs8 == leaf.pkcs8


def test_a_commit_that_is_interrupted_at_its_end(nss_database, alice, monkeypatch):
    """Ctrl-C while the record is filed: the step is taken back, and nothing is left of it."""
    from profiles.nss import commit

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    database = nss_database()
    store = opened(database.path)
    monkeypatch.setattr(commit, "_finish", interrupt)
    with pytest.raises(KeyboardInterrupt):
        put(store, alice, "Alice")
    monkeypatch.undo()
    assert store.undo_point is None
    assert (database.certificates(), database.private_keys()) == ([], [])
