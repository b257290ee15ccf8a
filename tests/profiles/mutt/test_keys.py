"""Key files of mutt's that are none, or have no certificate: they block nothing, and nothing is written over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profiles.model import Selection
from tests.askers import Given
from tests.profiles.directories.test_undo import ALICE, BOB, arrived, mutt_name, store
from tests.profiles.place import identity, person, put, require

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with Alice in it, and a damaged key for the certificate of Bob."""
    place = tmp_path / "m"
    arrived(store("mutt", place), password="right")
    (place / "certificates" / mutt_name(BOB)).write_bytes(BOB.pem)
    (place / "keys" / mutt_name(BOB)).write_bytes(b"garbage\n")
    return place


def test_a_damaged_one_blocks_nothing(place: Path) -> None:
    """It is named, its certificate is listed without a key, and the rest goes on."""
    source = store("mutt", place)()
    (problem,) = source.list().problems
    assert f"keys/{mutt_name(BOB)} cannot be read" in problem.message
    assert not source.list().entry(BOB.sha256).has_key
    source.unlock(Given("right"))
    source.export(Selection.of([ALICE.sha256]))
    carl = person("Carl")
    put(source, *identity(carl))
    require(source, ALICE, carl)


def test_the_place_of_a_damaged_one_is_not_taken(place: Path) -> None:
    """The key of that very certificate arrives beside it; undo takes only that away."""
    target = store("mutt", place)()
    target.unlock(Given("right"))
    put(target, *identity(BOB))
    require(target, ALICE, BOB)
    assert (place / "keys" / mutt_name(BOB)).read_bytes() == b"garbage\n"
    store("mutt", place)().undo(target.undo_point or "")
    assert (place / "keys" / mutt_name(BOB)).read_bytes() == b"garbage\n"
    assert not store("mutt", place)().list().entry(BOB.sha256).has_key


def test_a_key_without_its_certificate(place: Path) -> None:
    """Its name is taken: the identity arrives under another, and what stood there stays."""
    (place / "certificates" / mutt_name(BOB)).unlink()
    (place / "keys" / mutt_name(BOB)).write_bytes(BOB.key_pem())
    target = store("mutt", place)()
    target.unlock(Given("right"))
    put(target, *identity(BOB))
    require(target, ALICE, BOB)
    assert (place / "keys" / mutt_name(BOB)).read_bytes() == BOB.key_pem()
