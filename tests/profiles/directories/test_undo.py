"""Undo in a directory: the very bytes of before where nothing else happened, and never what came since."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profiles.certificate import Certificate
from profiles.directories.store import DirectoryStore
from profiles.directories.together import Edit
from profiles.directories.traces import Trace
from profiles.gnupg import trustlist
from profiles.gnupg.form import KEYS, GnupgForm
from profiles.model import Location
from profiles.mutt.form import MuttForm
from profiles.mutt.naming import subject_hash
from profiles.pkcs12.dialects import STRONG
from tests.askers import Given
from tests.profiles.mail.accounts import FOR_EMAIL
from tests.profiles.place import identity, middle, person, put
from tests.system import require

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS = {"gpgsm": GnupgForm(1024, Path("/nonexistent")),
         "mutt": MuttForm(replace(STRONG, iterations=2048, mac_iterations=2048), Path("/nonexistent"))}
ALICE, BOB = person("Alice"), person("Bob")
GPGSM = pytest.mark.linux("gpgsm as Debian packs it")


def store(kind: str, place: Path) -> Callable[[], DirectoryStore]:
    """Opens the directory afresh."""
    return partial(DirectoryStore, Location(kind, str(place)), place, FORMS[kind], new=True)


def arrived(opened: Callable[[], DirectoryStore], leaf=ALICE, password="") -> str:
    """An identity arrives with trust in its root: what undo knows the run by."""
    target = opened()
    target.unlock(Given(password))
    put(target, *identity(leaf), trust={leaf.chain[-1]: FOR_EMAIL})
    assert target.list().entry(leaf.sha256).has_key
    return target.undo_point or ""


def files(place: Path) -> dict[str, bytes]:
    """All but certferry's own."""
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*"))
            if path.is_file() and ".certferry" not in path.parts}


def mutt_name(leaf) -> str:
    """The file that mutt has for the certificate."""
    return f"{subject_hash(Certificate.parse(leaf.der).subject)}.0"


@pytest.mark.parametrize("old", [b"include-default", b"# mine\r\n", b"", trustlist.NEW])
@GPGSM
def test_the_list_of_roots_is_as_it_was(tmp_path: Path, old: bytes) -> None:
    """Without end of line, with nothing in it, or as certferry would begin one."""
    place = tmp_path / "g"
    place.mkdir(mode=0o700)
    (place / "trustlist.txt").write_bytes(old)
    opened = store("gpgsm", place)
    opened().undo(arrived(opened))
    assert files(place) == {"trustlist.txt": old}


def test_mutts_files_are_as_they_were(tmp_path: Path) -> None:
    """A certificate with its line and without a key keeps the line; neither index nor bundle gets an end of line."""
    place, name = tmp_path / "m", mutt_name(ALICE)
    (place / "certificates").mkdir(parents=True)
    (place / "certificates" / name).write_bytes(ALICE.pem)
    (place / "certificates/.index").write_bytes(
        f"person@example.test {name} me ? t\nother@example.test deadbeef.0 other ? t".encode())
    (place / "ca-bundle.crt").write_bytes(BOB.pem.rstrip(b"\n"))
    before, opened = files(place), store("mutt", place)
    opened().undo(arrived(opened))
    assert files(place) == before


def test_lines_that_were_there_stay_when_others_came(tmp_path: Path) -> None:
    """Of mutt's index only the lines of the run go: its key's, not the certificate's own that it found."""
    place, name = tmp_path / "m", mutt_name(ALICE)
    (place / "certificates").mkdir(parents=True)
    (place / "certificates" / name).write_bytes(ALICE.pem)
    index = place / "certificates/.index"
    index.write_bytes(f"person@example.test {name} me ? t\n".encode())
    opened = store("mutt", place)
    point = arrived(opened)
    index.write_bytes(index.read_bytes() + b"new@example.test 12345678.0 new ? t\n")
    opened().undo(point)
    assert index.read_bytes() == f"person@example.test {name} me ? t\nnew@example.test 12345678.0 new ? t\n".encode()
    assert name not in {path.name for path in (place / "keys").iterdir()}


@pytest.mark.parametrize("kind", [pytest.param("gpgsm", marks=GPGSM), "mutt"])
@pytest.mark.slow
def test_after_many_runs_it_is_still_exact(tmp_path: Path, kind: str) -> None:
    """However few backups are kept: each run takes back its own, to the byte."""
    place, points, states = tmp_path / kind, [], []
    opened = store(kind, place)
    for number in range(13):
        points.append(arrived(opened, person(f"Person {number}")))
        states.append(files(place))
    assert len(list((place / ".certferry").glob("backup-*"))) == 10
    for point, state in zip(reversed(points[1:]), reversed(states[:-1]), strict=True):
        opened().undo(point)
        assert files(place) == state
    opened().undo(points[0])
    assert files(place) == {}


@GPGSM
def test_a_key_that_a_renewal_needs_stays(tmp_path: Path) -> None:
    """And that is said; the certificate that was moved goes, and the renewal signs."""
    place = tmp_path / "g"
    opened = store("gpgsm", place)
    renewed = middle().renewed(ALICE, same_key=True)
    point = arrived(opened)
    subprocess.run([require("gpgsm"), "--homedir", place, "--batch", "--no-autostart", "--disable-dirmngr", "--import"],
                   input=renewed.pem, capture_output=True, check=True, timeout=60)
    undone = opened()
    assert undone.undo(point) == 3
    (text,) = undone.left
    assert KEYS in text and "Alice" in text
    assert [entry.certificate.sha256 for entry in opened().list().entries if entry.has_key] == [renewed.sha256]
    assert opened().list().entry(ALICE.sha256) is None


@GPGSM
def test_a_key_for_a_certificate_that_waited_for_it_goes(tmp_path: Path) -> None:
    """The certificate was there before the run, without the key, and is so again."""
    place = tmp_path / "g"
    opened = store("gpgsm", place)
    with opened().checkpoint() as step:
        step.add_certificate(Certificate.parse(ALICE.der), "")
        step.commit()
    undone = opened()
    undone.undo(arrived(opened))
    assert not undone.left and not list((place / KEYS).iterdir())
    assert [entry.certificate.sha256 for entry in opened().list().entries] == [ALICE.sha256]


def test_what_was_put_in_place_of_mutts_files_stays(tmp_path: Path) -> None:
    """A certificate and key of somebody else under the name that the run had chosen; it is said."""
    place, name = tmp_path / "m", mutt_name(ALICE)
    opened = store("mutt", place)
    point = arrived(opened)
    (place / "certificates" / name).write_bytes(BOB.pem)
    (place / "keys" / name).write_bytes(BOB.key_pem())
    undone = opened()
    undone.undo(point)
    assert len(undone.left) == 2 and all(name in text for text in undone.left)
    assert opened().list().entry(BOB.sha256).has_key


def test_a_key_whose_passphrase_was_changed_goes(tmp_path: Path) -> None:
    """It is still the key of the certificate beside it."""
    place, name = tmp_path / "m", mutt_name(ALICE)
    opened = store("mutt", place)
    point = arrived(opened)
    (place / "keys" / name).write_bytes(ALICE.key_pem("another"))
    undone = opened()
    undone.undo(point)
    assert undone.left == () and files(place) == {}


@pytest.mark.parametrize(("old", "new"), [
    (None, b"abc"), (b"", b"abc"), (b"abc", b"abxc"), (b"aaa", b"aaaa"), (b"abc", b""), (b"ab", b"abab"), (b"x", b"y")])
def test_traces(old: bytes | None, new: bytes) -> None:
    """Whatever was written over what: the bytes of before come back, and where more happened the edit stays."""
    trace = Trace.of(Edit("f", old, new))
    assert trace.undone(Edit("f", new, b"edited")).new == old
    assert trace.undone(Edit("f", new + b"more", b"edited")).new == b"edited"
