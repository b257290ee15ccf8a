"""PKCS#12 and PEM files as stores: what both promise."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profiles.certificate import Certificate
from profiles.errors import (
    AccessDenied,
    Malformed,
    NoMatch,
    PasswordNeeded,
    StoreInUse,
    StoreNotFound,
    Unsupported,
    WrongPassword,
)
from profiles.files.pem import PemFile
from profiles.files.pkcs12 import Pkcs12File
from profiles.model import NO_TRUST, Level, Listing, Selection, Trust
from profiles.pkcs12.contents import Item
from profiles.pkcs12.dialects import LEGACY
from profiles.pkcs12.keys import verify
from profiles.pkcs12.seal import open_sealed, seal
from tests import pki
from tests.host import mode, set_mode
from tests.profiles.files.asking import Answers
from tests.profiles.pkcs12 import material as m
from tests.unprivileged import reachable, unprivileged

if TYPE_CHECKING:
    from profiles.files.store import FileStore
    from tests.pki import Authority, Leaf

ROOT_TRUST = Trust(Level.TRUSTED, Level.TRUSTED, Level.TRUSTED, Level.UNKNOWN)


@dataclass
class Place:
    """One kind of file store and where it is."""

    kind: str
    directory: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        names = {"p12": ("file.p12",), "pem": ("file.pem",), "pair": ("cert.pem", "key.pem")}
        return tuple(self.directory / name for name in names[self.kind])

    def open(self, password: str | None = "secret") -> FileStore:
        """The store, unlocked where there is a password to do so."""
        store = Pkcs12File(self.paths[0], LEGACY) if self.kind == "p12" else PemFile(*(*self.paths, None)[:2], LEGACY)
        if password is not None:
            store.unlock(Answers(password))
        return store

    def contents(self) -> dict[str, bytes]:
        """Every file in the directory."""
        return {path.name: path.read_bytes() for path in sorted(self.directory.iterdir())}


@pytest.fixture(params=["p12", "pem", "pair"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place for each kind, empty."""
    (tmp_path / "store").mkdir()
    return Place(request.param, tmp_path / "store")


def put(store: FileStore, *items: Item, trust: dict[Certificate, Trust] | None = None) -> None:
    """One step that arrives."""
    with store.checkpoint() as step:
        for item in items:
            if item.key is None and item.certificate is not None:
                step.add_certificate(item.certificate, item.nickname)
        for certificate, level in (trust or {}).items():
            step.set_trust(certificate, level)
        keyed = [item for item in items if item.key is not None]
        if keyed:
            step.add_keys(seal(keyed))
        step.commit()


def by_name(listing: Listing) -> dict[str, bool]:
    """Nickname to whether there is a key."""
    return {entry.nickname: entry.has_key for entry in listing.entries}


def test_what_goes_in_comes_out(place: Place, alice: Leaf, intermediate: Authority, root: Authority) -> None:
    """An identity, its chain, its names, its trust, and a key without certificate; read by a new store."""
    pending = Item(None, m.generated("ec-p384"), "soon")
    items = (m.item(alice, "Alice Ä"), m.bare(intermediate, "Middle"), m.bare(root), pending)
    put(place.open(), *items, trust={m.certificate(root): ROOT_TRUST})
    store = place.open()
    listing = store.list()
    assert listing.state == "ready"
    assert by_name(listing) == {"Alice Ä": True, "Middle": False, "": False}
    assert listing.entry(root.sha256).trust == ROOT_TRUST  # type: ignore[union-attr]
    assert [key.nickname for key in listing.pending_keys] == ["soon"]
    found = open_sealed(store.export(Selection.of(
        [entry.certificate.sha256 for entry in listing.entries], [key.id for key in listing.pending_keys])))
    assert {(item.certificate, item.key, item.nickname) for item in found.items} == {
        (item.certificate, item.key, item.nickname) for item in items}
    assert {item.trust for item in found.items} == {NO_TRUST, ROOT_TRUST}


def test_the_key_signs_as_a_fresh_read_finds_it(place: Place, alice: Leaf) -> None:
    """The signature verifies with the certificate; another key is not there."""
    put(place.open(), m.item(alice))
    store = place.open()
    assert verify(m.certificate(alice).public_key, b"message", store.sign(m.key(alice).id, b"message"))
    with pytest.raises(NoMatch):
        store.sign("00" * 20, b"message")
    for path in place.paths:
        path.unlink()
    with pytest.raises(NoMatch):
        store.sign(m.key(alice).id, b"message")


def test_listing_never_asks_and_says_what_is_locked(place: Place, alice: Leaf) -> None:
    """Without the password the state is locked; certificates of a PEM file show all the same."""
    put(place.open(), m.item(alice, "Alice"))
    store = place.open(None)
    listing = store.list()
    assert listing.state == "locked"
    assert [problem.code for problem in listing.problems] == ["password-needed"]
    assert by_name(listing) == ({} if place.kind == "p12" else {"Alice": False})
    with pytest.raises(PasswordNeeded):
        store.export(Selection.of([alice.sha256]))
    store.unlock(Answers("secret"))
    assert store.list().state == "ready"
    assert by_name(store.list()) == {"Alice": True}


def test_a_wrong_password_is_asked_for_again_and_then_final(place: Place, alice: Leaf) -> None:
    """As often as the one who answers may be asked; naming the file."""
    put(place.open(), m.item(alice))
    patient = Answers("wrong", "also wrong", "secret")
    place.open(None).unlock(patient)
    assert patient.questions == [(f"the password of {place.open(None).location}", False)] * 3
    with pytest.raises(WrongPassword, match="wrong password for"):
        place.open(None).unlock(Answers("wrong", "again"))


def test_a_file_without_password_never_asks(place: Place, alice: Leaf) -> None:
    """An empty password is none."""
    put(place.open(""), m.item(alice))
    store = place.open(None)
    assert store.list().state == "ready"
    nobody = Answers()
    store.unlock(nobody)
    assert nobody.questions == []
    assert store.sign(m.key(alice).id, b"message")


def test_a_file_that_is_not_there_is_empty(place: Place, alice: Leaf) -> None:
    """As a target it is asked a new password for; as a source it is not found."""
    store = place.open(None)
    assert store.list().state == "empty"
    assert [problem.code for problem in store.list().problems] == ["store-not-found"]
    with pytest.raises(StoreNotFound):
        store.export(Selection.of([alice.sha256]))
    answers = Answers("secret")
    store.unlock(answers)
    put(store, m.item(alice))
    (question,) = answers.questions
    assert question[1], "a new password is asked for as one"
    with pytest.raises(StoreNotFound):
        (Pkcs12File if place.kind == "p12" else PemFile)(place.directory / "absent", new=False)


def test_what_is_not_there_is_no_match(place: Place, alice: Leaf, bob: Leaf) -> None:
    """A selection is served whole or refused."""
    put(place.open(), m.item(alice))
    with pytest.raises(NoMatch):
        place.open().export(Selection.of([alice.sha256, bob.sha256]))


def test_a_second_step_adds_to_the_file(place: Place, alice: Leaf, bob: Leaf, root: Authority) -> None:
    """What was there stays, with its names and trust; the file before is kept beside it, private."""
    put(place.open(), m.item(alice, "Alice"), m.bare(root, "Root"), trust={m.certificate(root): ROOT_TRUST})
    before = place.contents()
    store = place.open()
    put(store, m.item(bob, "Bob"))
    listing = place.open().list()
    assert by_name(listing) == {"Alice": True, "Bob": True, "Root": False}
    assert listing.entry(root.sha256).trust == ROOT_TRUST  # type: ignore[union-attr]
    backups = [name for name in place.contents() if ".certferry-backup-" in name]
    assert sorted(place.contents()[name] for name in backups) == sorted(before.values())
    for path in place.directory.iterdir():
        assert mode(path) == 0o600, path


def test_several_steps_keep_one_backup(place: Place, alice: Leaf, bob: Leaf, intermediate: Authority) -> None:
    """The state before the first of them."""
    put(place.open(), m.item(alice))
    before = place.contents()
    store = place.open()
    put(store, m.item(bob))
    put(store, m.bare(intermediate))
    backups = [data for name, data in place.contents().items() if ".certferry-backup-" in name]
    assert sorted(backups) == sorted(before.values())


def test_a_taken_nickname_gets_another(place: Place, intermediate: Authority) -> None:
    """Two people of one name stay two."""
    old = intermediate.leaf("Same")
    new = intermediate.renewed(old)
    put(place.open(), m.item(old, "Same"))
    put(place.open(), m.item(new, "Same"))
    assert by_name(place.open().list()) == {"Same": True, "Same #2": True}


def test_a_key_finds_the_certificate_that_waits_for_it(place: Place, alice: Leaf) -> None:
    """A bare certificate becomes an identity when its key arrives, and the other way round."""
    put(place.open(), m.bare(alice, "Alice"))
    put(place.open(), Item(None, m.key(alice), "whatever"))
    assert by_name(place.open().list()) == {"Alice": True}
    assert place.open().list().pending_keys == ()


def test_nothing_is_written_before_commit(place: Place, alice: Leaf) -> None:
    """A step that is left without commit leaves no trace, in an old file or none."""
    with place.open().checkpoint() as step:
        step.add_keys(seal([m.item(alice)]))
        assert place.contents() == {}
    assert place.contents() == {}


@pytest.mark.parametrize("existing", [False, True])
def test_an_error_after_commit_takes_everything_back(
    place: Place, alice: Leaf, bob: Leaf, *, existing: bool
) -> None:
    """Byte for byte, and no backup, draft or undo point stays."""
    if existing:
        put(place.open(), m.item(alice))
        set_mode(place.paths[0], 0o604)
    before = place.contents()
    store = place.open()
    with pytest.raises(RuntimeError), store.checkpoint() as step:  # noqa: PT012 - a step is a block
        step.add_keys(seal([m.item(bob)]))
        step.commit()
        assert place.contents() != before
        raise RuntimeError
    assert place.contents() == before
    assert store.undo_point is None
    if existing:
        assert mode(place.paths[0]) == 0o604


@pytest.mark.parametrize("existing", [False, True])
def test_undo_by_a_later_run(place: Place, alice: Leaf, bob: Leaf, intermediate: Authority, *, existing: bool) -> None:
    """Everything since the store was opened is taken back; the point was known after the first step."""
    if existing:
        put(place.open(), m.item(alice))
    before = place.contents()
    store = place.open()
    put(store, m.item(bob))
    point = store.undo_point
    assert point is not None
    put(store, m.bare(intermediate))
    assert store.undo_point == point
    assert place.open(None).undo(point) == 3
    assert place.contents() == before
    with pytest.raises(StoreNotFound):
        place.open(None).undo(point)


def test_undo_refuses_to_lose_a_later_change(place: Place, alice: Leaf) -> None:
    """A file that was changed since is left as it is."""
    store = place.open()
    put(store, m.item(alice))
    place.paths[0].write_bytes(b"mine now")
    with pytest.raises(StoreInUse, match="changed after"):
        place.open(None).undo(store.undo_point or "")
    assert place.paths[0].read_bytes() == b"mine now"


@pytest.mark.parametrize("point", ["", "nonsense", "../../etc/passwd", "20250101-000000-00000000"])
def test_undo_of_nothing_is_refused(place: Place, point: str) -> None:
    """A point that no run left."""
    with pytest.raises(StoreNotFound):
        place.open(None).undo(point)


def test_a_change_by_another_program_is_not_overwritten(place: Place, alice: Leaf, bob: Leaf) -> None:
    """Between reading and writing somebody else wrote: theirs stays."""
    put(place.open(), m.item(alice))
    with pytest.raises(StoreInUse), place.open().checkpoint() as step:  # noqa: PT012 - a step is a block
        step.add_keys(seal([m.item(bob)]))
        for path in place.paths:
            path.write_bytes(path.read_bytes() + b"\n")
        theirs = place.contents()
        step.commit()
    assert {name: data for name, data in place.contents().items() if "backup" not in name} == theirs


@pytest.mark.linux("Wine makes no symbolic links")
def test_a_link_is_not_written_through(place: Place, alice: Leaf, tmp_path: Path) -> None:
    """Neither a planted link nor a file of several names."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"")
    place.paths[-1].symlink_to(victim)
    with pytest.raises(AccessDenied, match="link"):
        put(place.open(None), m.item(alice))
    assert victim.read_bytes() == b""
    place.paths[-1].unlink()
    os.link(victim, place.paths[-1])
    with pytest.raises(AccessDenied, match="names"):
        put(place.open(None), m.item(alice))
    assert victim.read_bytes() == b""


@pytest.mark.linux("Wine makes no symbolic links")
def test_a_dangling_link_is_not_filled(place: Place, alice: Leaf, tmp_path: Path) -> None:
    """What it points to is not created."""
    place.paths[-1].symlink_to(tmp_path / "nowhere")
    with pytest.raises(AccessDenied):
        put(place.open(None), m.item(alice))
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.linux("a FIFO in a directory")
def test_a_fifo_does_not_hang(place: Place) -> None:
    """It is refused at once."""
    os.mkfifo(place.paths[0])
    with pytest.raises(Malformed, match="regular"):
        place.open(None).list()


def test_a_directory_is_refused(place: Place) -> None:
    """By what it is."""
    place.paths[0].mkdir()
    with pytest.raises(Malformed, match="directory"):
        place.open(None).list()


def test_a_directory_that_is_not_there_is_named(place: Place, alice: Leaf) -> None:
    """A target in a directory that does not exist."""
    missing = Place(place.kind, place.directory / "no" / "such")
    with pytest.raises(StoreNotFound):
        put(missing.open(None), m.item(alice))


@pytest.mark.linux("a fork gives up its rights")
def test_a_directory_that_may_not_be_written_is_named(place: Place, alice: Leaf) -> None:
    """Before anything is asked of the source."""
    put(place.open(None), m.item(alice))
    reachable(place.directory)
    place.directory.chmod(0o555)
    refused = unprivileged(lambda: place.open(None).checkpoint())
    place.directory.chmod(0o755)
    assert isinstance(refused, AccessDenied)


def test_garbage_is_malformed(place: Place) -> None:
    """Text, noise and half a file are named as what they are."""
    for data in (b"hello\n", os.urandom(500), b"\x30\x82\x10\x00\x02\x01\x03", b"\0" * 100):
        place.paths[0].write_bytes(data)
        with pytest.raises((Malformed, Unsupported)):
            place.open(None).list()


def test_a_huge_file_is_refused(place: Place) -> None:
    """Without reading it."""
    with place.paths[0].open("wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(Unsupported, match="bytes"):
        place.open(None).list()


def test_drafts_of_a_killed_run_are_swept(place: Place, alice: Leaf) -> None:
    """What an interrupted write left beside the file goes with the next step; other files stay."""
    left = place.directory / f".{place.paths[0].name}.certferry-0123456789ab"
    left.write_bytes(b"half")
    other = place.directory / ".unrelated.certferry-0123456789ab"
    other.write_bytes(b"")
    put(place.open(), m.item(alice))
    assert not left.exists()
    assert other.exists()


@pytest.mark.parametrize("name", pki.NASTY_NAMES)
def test_nasty_names_survive(place: Place, name: str, alice: Leaf) -> None:
    """Whatever somebody called a certificate."""
    put(place.open(""), m.item(alice, pki.NASTY_NAMES[name]))
    assert [entry.nickname for entry in place.open(None).list().entries] == [pki.NASTY_NAMES[name]]


def test_listing_of_some_subjects(place: Place, alice: Leaf, bob: Leaf) -> None:
    """Only the certificates that were asked about."""
    put(place.open(""), m.item(alice, "Alice"), m.item(bob, "Bob"))
    assert by_name(place.open("").list({m.certificate(bob).subject})) == {"Bob": True}


@pytest.mark.parametrize("place", ["p12"], indirect=True)
def test_a_change_between_a_step_and_its_taking_back(place: Place, alice: Leaf, bob: Leaf) -> None:
    """Another program's change stays, and so does the backup of what was there before both."""
    put(place.open(), m.item(alice))
    before = place.paths[0].read_bytes()
    with pytest.raises(RuntimeError), place.open().checkpoint() as step:  # noqa: PT012 - a step is a block
        step.add_keys(seal([m.item(bob)]))
        step.commit()
        place.paths[0].write_bytes(b"mine now")
        raise RuntimeError
    assert sorted(place.contents().values()) == sorted([b"mine now", before])


def test_what_is_taken_back_can_be_kept(place: Place, alice: Leaf) -> None:
    """Every file beside it, byte for byte and private; and it is foreseen that it goes."""
    store = place.open()
    put(store, m.item(alice))
    before, point = place.contents(), store.undo_point or ""
    assert all(any(str(path) in text and "goes" in text for text in store.foresee(point)) for path in place.paths)
    kept = [Path(one) for one in store.keep(point)]
    store.undo(point)
    assert sorted(path.read_bytes() for path in kept) == sorted(before.values())
    assert {path.name for path in kept} == set(place.contents()) and {mode(path) for path in kept} == {0o600}
