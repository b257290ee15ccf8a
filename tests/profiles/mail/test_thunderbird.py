"""Thunderbird's accounts: read as it reads them, changed as it would change them, or left exactly as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from profiles.errors import AccessDenied, Malformed, NoMatch, StoreInUse, StoreNotFound, Unsupported
from profiles.mail import client_of, recover
from profiles.mail.client import Association
from profiles.mail.prefs import Prefs
from profiles.model import Location
from profiles.nss.store import NssStore
from tests.applications.certificates import db_key
from tests.profiles.mail.accounts import client, opened, profile, settings
from tests.profiles.pkcs12.material import certificate
from tests.profiles.place import middle, person

if TYPE_CHECKING:
    from pathlib import Path

ALICE = {"id1": "alice@example.test"}
HOLD = ("import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); "
        "sys.stdin.read()")


@pytest.fixture
def place(tmp_path) -> Path:
    """A profile with one account, and Alice in its store."""
    return profile(tmp_path / "profile", ALICE, person("Alice"))


def association(**more: object) -> Association:
    """Alice for her account."""
    alice = certificate(person("Alice"))
    return Association(**{"account": "id1", "email": ALICE["id1"], "signing": alice, "encryption": alice, **more})


def test_what_is_written(place):
    """The names and keys that Thunderbird looks for, in the account's lines, and nothing else."""
    before = (place / "prefs.js").read_bytes()
    mail = client(place)
    point = mail.prepare([association(sign=True, encrypt=True)])
    assert (place / "prefs.js").read_bytes() == before
    mail.associate(point)
    mail.associate(point)
    mail.finish(point)
    key = db_key(person("Alice").der)
    added = [("signing_cert_name", '"Alice"'), ("signing_cert_dbkey", f'"{key}"'), ("encryption_cert_name", '"Alice"'),
             ("encryption_cert_dbkey", f'"{key}"'), ("sign_mail", "true"), ("encryptionpolicy", "2")]
    line = b'user_pref("mail.identity.id1.useremail", "alice@example.test");\n'
    lines = "".join(f'user_pref("mail.identity.id1.{name}", {value});\n' for name, value in added).encode()
    assert (place / "prefs.js").read_bytes() == before.replace(line, line + lines)
    (account,) = client(place).accounts()
    assert account.signing == account.encryption
    assert (account.signing.label, account.signing.sha256) == ("Alice", person("Alice").sha256)
    assert (account.signs, account.encrypts, account.signing.entry.has_key) == (True, True, True)
    mail.restore(point)
    mail.restore(point)
    assert (place / "prefs.js").read_bytes() == before


def test_defaults_are_left_alone(place):
    """Signing and encrypting by default change only when asked for."""
    mail = client(place)
    mail.associate(mail.prepare([association()]))
    names = Prefs((place / "prefs.js").read_bytes()).names
    assert not {name for name in names if name.endswith((".sign_mail", ".encryptionpolicy", ".e2etechpref"))}


def test_which_accounts_there_are(tmp_path):
    """Those that are listed: removed ones are not, doubled ones once; one without an address has none."""
    place = tmp_path / "profile"
    place.mkdir()
    (place / "prefs.js").write_bytes(b"""
user_pref("mail.accountmanager.accounts", "account2, account1,,account9,account2");
user_pref("mail.account.account1.identities", "id1,id2,id1");
user_pref("mail.account.account2.identities", "id7");
user_pref("mail.account.account3.identities", "id3");
user_pref("mail.identity.id1.useremail", " alice@example.test ");
user_pref("mail.identity.id1.fullName", "Alice");
user_pref("mail.identity.id1.label", "Work");
user_pref("mail.identity.id2.fullName", "No Address");
user_pref("mail.identity.id3.useremail", "removed@example.test");
user_pref("mail.identity.id7.useremail", "first@example.test");
user_pref("mail.identity.id7.useremail", "last@example.test");
user_pref("mail.identity.id7.openpgp_key_id", "0123");
user_pref("mail.identity.id7.signing_cert_name", "Gone");
user_pref("mail.identity.id7.signing_cert_dbkey", "AAAA");
user_pref("mail.identity.id7.encryption_cert_name", "");
user_pref("mail.identity.id7.encryption_cert_dbkey", "AAAA");
""")
    found = client(place).accounts()
    assert [(one.id, one.email, one.name) for one in found] == [
        ("id7", "last@example.test", ""), ("id1", "alice@example.test", "Work"), ("id2", "", "No Address")]
    assert (found[0].signing, found[0].encryption) == (("Gone", "", None), None)
    assert "OpenPGP" in found[0].notes[0]


def test_a_key_with_line_breaks(tmp_path):
    """Old versions wrapped it."""
    key = db_key(person("Alice").der)
    wrapped = "\r\n".join(key[at : at + 64] for at in range(0, len(key), 64))
    place = profile(tmp_path / "profile", ALICE, person("Alice"), id1__signing_cert_name="A",
                    id1__signing_cert_dbkey=wrapped)
    assert client(place).accounts()[0].signing.sha256 == person("Alice").sha256


def test_user_js_counts(place):
    """It is what Thunderbird shows; what it fixes cannot be set behind its back."""
    (place / "user.js").write_text('user_pref("mail.identity.id1.signing_cert_name", "Fixed");\n')
    before = (place / "prefs.js").read_bytes()
    assert client(place).accounts()[0].signing.label == "Fixed"
    with pytest.raises(Unsupported, match=r"user\.js"):
        client(place).prepare([association()])
    assert client(place).foresee([association()])[0].association is None
    (place / "user.js").write_text("oops")
    with pytest.raises(Malformed, match=r"user\.js"):
        client(place).accounts()
    assert (place / "prefs.js").read_bytes() == before


@pytest.mark.linux("modes and owners")
def test_mode_and_owner_stay(place):
    """Whatever they are."""
    (place / "prefs.js").chmod(0o640)
    if os.geteuid() == 0:
        os.chown(place / "prefs.js", 65534, 65534)
    before = (place / "prefs.js").stat()
    mail = client(place)
    mail.associate(mail.prepare([association()]))
    after = (place / "prefs.js").stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert client(place).accounts()[0].signing.sha256


@pytest.mark.linux("Wine makes no symbolic links")
def test_a_link_stays_a_link(place, tmp_path):
    """What it points to is edited, and put back."""
    elsewhere = tmp_path / "elsewhere.js"
    (place / "prefs.js").rename(elsewhere)
    (place / "prefs.js").symlink_to(elsewhere)
    before, mail = elsewhere.read_bytes(), client(place)
    point = mail.prepare([association()])
    mail.associate(point)
    assert (place / "prefs.js").readlink() == elsewhere
    assert b"signing_cert_name" in elsewhere.read_bytes()
    mail.restore(point)
    assert elsewhere.read_bytes() == before


def _read_only(place: Path) -> None:
    (place / "prefs.js").chmod(0o400)


def _two_names(place: Path) -> None:
    os.link(place / "prefs.js", place / "same.js")


def _dangling(place: Path) -> None:
    (place / "prefs.js").unlink()
    (place / "prefs.js").symlink_to(place / "nowhere")


def _malformed(place: Path) -> None:
    (place / "prefs.js").write_bytes(settings(ALICE) + b"<<<<<<< mine\n")


def _directory(place: Path) -> None:
    (place / "prefs.js").unlink()
    (place / "prefs.js").mkdir()


def _gone(place: Path) -> None:
    (place / "prefs.js").write_bytes(settings({"id2": "other@example.test"}))


@pytest.mark.parametrize(("spoil", "error"), [
    (_read_only, AccessDenied), (_two_names, AccessDenied), (_malformed, Malformed), (_directory, AccessDenied),
    (_dangling, StoreNotFound), (_gone, NoMatch)])
def test_what_is_not_edited_is_left(place, spoil, error):
    """A file that must not or cannot be changed exactly is refused before anything is noted or written."""
    spoil(place)
    file = place / "prefs.js"
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(error):
        client(place).prepare([association()])
    assert (file.read_bytes() if file.is_file() else None) == before
    assert not list((place / ".certferry").glob("mail-*"))


@pytest.mark.linux("root gives a file away")
def test_a_link_to_somebody_elses_file(place, tmp_path):
    """Is not written through."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    elsewhere = tmp_path / "theirs.js"
    (place / "prefs.js").rename(elsewhere)
    os.chown(elsewhere, 65534, 65534)
    (place / "prefs.js").symlink_to(elsewhere)
    with pytest.raises(AccessDenied, match="another user"):
        client(place).prepare([association()])


@pytest.mark.linux("a POSIX lock")
def test_while_it_runs(place):
    """A running program would overwrite its settings."""
    lock = place / ".parentlock"
    argv = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        held.stdout.readline()
        with pytest.raises(StoreInUse, match="running"):
            client(place).prepare([association()])
        held.stdin.close()
    assert client(place).prepare([association()])


def test_what_somebody_changed_meanwhile_is_left(place):
    """Neither half of the association is set then, and nothing of theirs is put back over."""
    mail = client(place)
    point = mail.prepare([association()])
    theirs = settings(ALICE, id1__signing_cert_name="Mine")
    (place / "prefs.js").write_bytes(theirs)
    with pytest.raises(StoreInUse, match="changed by another program"):
        mail.associate(point)
    assert mail.restore(point) == (ALICE["id1"],)
    assert (place / "prefs.js").read_bytes() == theirs


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("arrived", [False, True])
def test_an_interrupted_step(place, arrived, written):
    """The next start sets what belongs to a key that arrived, and takes back what belongs to one that did not."""
    mail, before = client(place), (place / "prefs.js").read_bytes()
    one = association() if arrived else association(signing=certificate(person("Bob")), encryption=None)
    point = mail.prepare([one])
    if written:
        mail.associate(point)
    recover(opened(place))
    (account,) = client(place).accounts()
    assert bool(account.signing and account.signing.sha256) is arrived
    assert ((place / "prefs.js").read_bytes() == before) is not arrived
    assert client(place).unfinished() == ()


def test_an_interrupted_step_and_a_person_who_chose_since(place):
    """Their choice stays."""
    client(place).prepare([association()])
    theirs = settings(ALICE, id1__signing_cert_name="Mine", id1__signing_cert_dbkey="AAAA")
    (place / "prefs.js").write_bytes(theirs)
    recover(opened(place))
    assert (place / "prefs.js").read_bytes() == theirs
    assert client(place).unfinished() == ()


def test_an_interrupted_step_before_settings_that_cannot_be_read(place):
    """The store opens all the same, and the record waits until they can."""
    client(place).prepare([association()])
    sound = (place / "prefs.js").read_bytes()
    (place / "prefs.js").write_bytes(b"oops")
    recover(opened(place))
    assert len(client(place).unfinished()) == 1
    (place / "prefs.js").write_bytes(sound)
    recover(opened(place))
    assert client(place).accounts()[0].signing.sha256 == person("Alice").sha256


def test_a_step_under_way_is_none_that_was_interrupted(place):
    """Its point is left to it as long as it lives, and settled afterwards."""
    mail = client(place)
    with mail.alone():
        point = mail.prepare([association()])
        recover(opened(place))
        assert [one.point for one in mail.unfinished()] == [point]
        with pytest.raises(StoreInUse), client(place).alone(patience=0):
            pass
    recover(opened(place))
    assert client(place).accounts()[0].signing.sha256 == person("Alice").sha256


def test_a_point_that_was_taken_back_cannot_be_finished(place):
    """As if it had held; once more after it did is harmless."""
    mail = client(place)
    point = mail.prepare([association()])
    mail.finish(point)
    mail.finish(point)
    mail.restore(point)
    with pytest.raises(StoreNotFound):
        mail.finish(point)


def test_a_damaged_record_is_put_aside(place):
    """It stands in nobody's way."""
    client(place).prepare([association()])
    (record,) = (place / ".certferry").glob("mail-*.pending.json")
    record.write_text("{")
    assert client(place).unfinished() == ()
    assert not record.exists()


def test_undo_after_thunderbird_rewrote_its_file(place):
    """Other quotes, order and line ends are still the same settings."""
    mail = client(place)
    point = mail.prepare([association()])
    mail.associate(point)
    mail.finish(point)
    prefs = Prefs((place / "prefs.js").read_bytes())
    lines = [f"user_pref('{name}',{prefs.literal(name)} ) ;" for name in sorted(prefs.names, reverse=True)]
    (place / "prefs.js").write_text("\r\n".join(lines), newline="")
    mail.restore(point)
    left = Prefs((place / "prefs.js").read_bytes())
    assert sorted(left.names) == sorted(Prefs(settings(ALICE)).names)


@pytest.mark.parametrize("kind", ["thunderbird", "nss"])
def test_a_huge_file_of_settings(place, kind):
    """It is named with what to do; that there are no accounts would not be true."""
    many = (b'user_pref("n.%d", "%s");\n' % (one, b"x" * 100) for one in range(75000))
    (place / "prefs.js").write_bytes(settings(ALICE) + b"".join(many))
    mail = client_of(NssStore(Location(kind, str(place)), place))
    with pytest.raises(Unsupported, match=r"prefs\.js: the file has") as caught:
        mail.accounts()
    assert "so large" in caught.value.hint


def test_where_there_is_no_mail_program(tmp_path):
    """A database, and a browser's profile."""
    for name, text in (("bare", ""), ("browser", 'user_pref("browser.startup.page", 3);\n')):
        directory = profile(tmp_path / name, ALICE, person("Alice"))
        (directory / "prefs.js").write_text(text)
        assert client_of(NssStore(Location("nss", str(directory)), directory)) is None
    assert client_of(NssStore(Location("firefox", "x"), tmp_path / "bare")) is None


def test_names_and_keys_of_odd_certificates(tmp_path):
    """A name is never empty, since that means nothing is set; long serial numbers keep their leading zero."""
    for number, subject in enumerate(('Alice "Q" \\ Žofie', "\u8a3c\U0001f512", "   ", "x\x00y", "nl\nnl")):
        leaf = middle().leaf(subject, email="alice@example.test", serial=0xFF00000000000000000000000000000000 + number)
        place = profile(tmp_path / str(number), ALICE, leaf)
        mail, before = client(place), (place / "prefs.js").read_bytes()
        point = mail.prepare([association(signing=certificate(leaf), encryption=None)])
        mail.associate(point)
        (account,) = client(place).accounts()
        assert (account.signing.sha256, account.encryption) == (leaf.sha256, None)
        prefs = Prefs((place / "prefs.js").read_bytes())
        assert prefs.value("mail.identity.id1.signing_cert_dbkey") == db_key(leaf.der)
        mail.restore(point)
        assert (place / "prefs.js").read_bytes() == before
