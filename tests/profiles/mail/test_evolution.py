"""Evolution's account sources: every shape is edited exactly or refused unchanged, and put back to the last byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.errors import AccessDenied, Malformed, NoMatch, StoreInUse
from profiles.mail import client_of, evolution
from profiles.mail.client import Association
from profiles.mail.key_file import KeyFile, escaped, unescaped
from profiles.model import Location
from profiles.nss.store import NssStore
from tests.askers import Given
from tests.profiles.pkcs12.material import certificate
from tests.profiles.place import identity, person, put

if TYPE_CHECKING:
    from pathlib import Path

GROUP = evolution.GROUP
PLAIN = b"[Data Source]\nDisplayName=Work\nEnabled=true\n\n[Mail Identity]\nAddress=person@example.test\nName=P\n"
SMIME = b"\n[Secure MIME (S/MIME)]\nEncryptionCertificate=old\nSigningCertificate=\nSignByDefault=false\n"
SHAPES = {
    "without the group": PLAIN,
    "with it": PLAIN + SMIME,
    "the group in the middle": SMIME[1:] + b"\n" + PLAIN,
    "windows line ends": (PLAIN + SMIME).replace(b"\n", b"\r\n"),
    "no end of the last line": (PLAIN + SMIME)[:-1],
    "no end, and without the group": PLAIN[:-1],
    "no end, and windows line ends": PLAIN.replace(b"\n", b"\r\n")[:-2],
    "an empty group": PLAIN + b"\n[Secure MIME (S/MIME)]\n",
    "an empty group without end": PLAIN + b"\n[Secure MIME (S/MIME)]",
    "blank lines at the end": PLAIN + b"\n\n\n",
    "a blank before nothing": PLAIN + SMIME.replace(b"SigningCertificate=", b"SigningCertificate = "),
    "indented": b" [Data Source]\n\tDisplayName=Work\n  # a\n" + PLAIN[PLAIN.index(b"[Mail"):] + b" \n" + SMIME,
    "another of its keys": PLAIN + b"\n[Secure MIME (S/MIME)]\nSigningAlgorithm=sha256\n",
    "comments and odd blanks": b"# a comment\n\n" + PLAIN + SMIME.replace(b"Certificate=old", b"Certificate  = old"),
    "the same key twice": PLAIN + SMIME + b"EncryptionCertificate=later\n",
    "translated": PLAIN + b"Name[de]=\xc3\x84\n" + SMIME,
    "other bytes": PLAIN + b"X=\xff\xfe\n" + SMIME,
}


@pytest.fixture
def place(home) -> Path:
    """An empty directory of sources."""
    made = home / ".config/evolution/sources"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def store(home) -> NssStore:
    """A database with Alice, by the location that Evolution's has."""
    found = NssStore(Location("evolution"), home / ".pki/nssdb", "Evolution")
    found.unlock(Given(""))
    put(found, *identity(person("Alice"), "Alice ; \\ nick"))
    return found


def alice(account: str = "one", **more) -> Association:
    """What she wants."""
    mine = certificate(person("Alice"))
    return Association(account, "person@example.test", mine, mine, **more)


@pytest.mark.linux("the mode of a file stays")
@pytest.mark.parametrize("before", SHAPES.values(), ids=SHAPES.keys())
def test_set_and_put_back(place, store, before) -> None:
    """The account uses it, what GLib reads beside it is the same, and afterwards the file is what it was."""
    path = place / "one.source"
    path.write_bytes(before)
    path.chmod(0o640)
    client = client_of(store)
    point = client.prepare([alice(sign=True)])
    assert path.read_bytes() == before
    client.associate(point)
    client.associate(point)
    client.finish(point)
    (account,) = client_of(store).accounts()
    assert (account.email, account.name, account.signs, account.encrypts) == ("person@example.test", "Work", True, None)
    assert account.signing == account.encryption
    assert (account.signing.label, account.signing.sha256) == ("Alice ; \\ nick", person("Alice").sha256)
    assert path.stat().st_mode & 0o777 == 0o640
    kept = [line for line in before.splitlines()
            if line and b"Certificate" not in line and b"SignByDefault" not in line]
    assert [line for line in path.read_bytes().splitlines() if line in kept] == kept
    client.restore(point)
    client.restore(point)
    assert path.read_bytes() == before


def test_put_back_beside_what_was_set_since(place, store) -> None:
    """What somebody else set in the group that the step made keeps the group; all else is as it was."""
    path = place / "one.source"
    path.write_bytes(PLAIN)
    client = client_of(store)
    point = client.prepare([alice()])
    client.associate(point)
    path.write_bytes(path.read_bytes() + b"SigningAlgorithm=sha256\n")
    client.restore(point)
    assert path.read_bytes() == PLAIN + b"\n[Secure MIME (S/MIME)]\nSigningAlgorithm=sha256\n"


def test_before_the_certificate_is_there(home, place) -> None:
    """A step notes what it will set by fingerprint, names the nickname that the certificate got, and can go back."""
    path = place / "one.source"
    path.write_bytes(PLAIN + SMIME)
    store = NssStore(Location("evolution"), home / ".pki/nssdb", "Evolution")
    store.unlock(Given(""))
    put(store, *identity(person("Bob"), "Alice"))
    client = client_of(store)
    point = client.prepare([alice()])
    with pytest.raises(NoMatch):
        client.associate(point)
    assert path.read_bytes() == PLAIN + SMIME
    put(store, *identity(person("Alice"), "Alice"))
    client.associate(point)
    assert b"SigningCertificate=Alice #2\n" in path.read_bytes()
    store.undo(store.undo_point)  # certificates go first, as after a failure
    client.restore(point)
    assert path.read_bytes() == PLAIN + SMIME


def test_what_somebody_chose_since_stays(place, store) -> None:
    """Neither the step nor its undoing overwrites it."""
    path = place / "one.source"
    path.write_bytes(PLAIN + SMIME)
    put(store, *identity(person("Bob"), "Bob"))
    client = client_of(store)
    point = client.prepare([alice()])
    chosen = path.read_bytes().replace(b"SigningCertificate=\n", b"SigningCertificate=Bob\n")
    path.write_bytes(chosen)
    with pytest.raises(StoreInUse):
        client.associate(point)
    assert client.restore(point) == ("person@example.test",)
    assert path.read_bytes() == chosen


def test_an_interrupted_run_is_finished(place, store) -> None:
    """The next start sets what was prepared, since the keys are there."""
    path = place / "one.source"
    path.write_bytes(PLAIN)
    client_of(store).prepare([alice()])
    (account,) = client_of(store).accounts()
    assert account.signing.sha256 == person("Alice").sha256


@pytest.mark.parametrize("data", [b"Mail Identity\n", b"[Mail Identity]\nno value\n", b"[Mail Identity\nAddress=a@b\n"])
def test_what_glib_would_not_read_is_refused(place, store, data) -> None:
    """It says so of that account, with the line, and stays; other accounts are not kept from theirs."""
    path = place / "one.source"
    path.write_bytes(data)
    (place / "two.source").write_bytes(PLAIN)
    client = client_of(store)
    first, second = client.accounts()
    assert (first.id, first.fault.code, second.fault) == ("one", "malformed", None)
    assert "line" in first.notes[0] and "correct that line" in first.fault.hint
    assert [bool(one.association) for one in client.foresee([alice(), alice("two")])] == [False, True]
    with pytest.raises(Malformed, match=r"one\.source"):
        client.prepare([alice()])
    assert path.read_bytes() == data
    client.associate(client.prepare([alice("two")]))
    assert client.accounts()[1].signing.sha256 == person("Alice").sha256


@pytest.mark.linux("modes, and a service of Linux")
def test_refusals(place, store, monkeypatch) -> None:
    """An account that is gone, a file that may not be written, a service that runs."""
    path = place / "one.source"
    path.write_bytes(PLAIN)
    client = client_of(store)
    with pytest.raises(NoMatch, match="two"):
        client.prepare([alice("two")])
    path.chmod(0o444)
    assert client.foresee([alice()])[0].code == "access-denied"
    with pytest.raises(AccessDenied):
        client.prepare([alice()])
    path.chmod(0o644)
    calendar = place / "calendar.source"
    calendar.write_bytes(b"[Data Source]\n")
    calendar.chmod(0o444)
    client.restore(client.prepare([alice()]))
    monkeypatch.setattr(evolution, "_PROCESSES", (_my_name(),))
    with pytest.raises(StoreInUse, match="is running"):
        client.prepare([alice()])
    assert path.read_bytes() == PLAIN


def _my_name() -> str:
    import psutil

    return psutil.Process().name()


def test_nobody_is_there(home, store) -> None:
    """Without sources there is no mail program."""
    assert client_of(store) is None


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\v\f\x85\x1c\x1d\x1e"), max_size=30))
def test_values(text: str) -> None:
    """Whatever the nickname, it is read back, and nothing else of the file changes."""
    assert unescaped(escaped(text)) == text
    data = KeyFile(PLAIN + SMIME).edited(GROUP, {"SigningCertificate": escaped(text)})
    assert KeyFile(data).text(GROUP, "SigningCertificate") == text
    assert KeyFile(data).edited(GROUP, {"SigningCertificate": ""}) == PLAIN + SMIME


parts = st.lists(st.sampled_from(
    [b"[G]", b" [H]", b"k=v", b"\tk = w ", b"z=", b"# c", b"  #", b"", b" ", b"k[de]=x", b"z=1\r"]), max_size=8)


@given(parts, st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_setting_back_gives_the_same_bytes(lines: list[bytes], end: bytes, ended: bool) -> None:
    """Whatever stands in the file, also at its end."""
    data = b"[Data Source]" + end + end.join(lines) + (end if ended else b"")
    file = KeyFile(data)
    for wanted in ({"k": "new"}, {"k": "new", "z": "too"}, {"other": "one"}):
        old = {key: file.value("G", key) for key in wanted}
        new = KeyFile(file.edited("G", wanted))
        assert {key: new.value("G", key) for key in wanted} == wanted
        assert new.edited("G", old, keep=file.has("G")) == data
