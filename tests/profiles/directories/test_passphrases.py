"""Whom a directory asks for which passphrase, and how new keys are sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profiles.errors import Unsupported, WrongPassword
from profiles.gnupg import sexp
from profiles.gnupg.form import KEYS
from profiles.gnupg.keyfile import KeyFile
from profiles.model import Selection
from tests.askers import Given
from tests.profiles.directories.test_undo import ALICE, BOB, GPGSM, arrived, store
from tests.profiles.place import identity, put, require

if TYPE_CHECKING:
    from pathlib import Path

KINDS = pytest.mark.parametrize("kind", [pytest.param("gpgsm", marks=GPGSM), "mutt"])
NEW = "passphrase of new keys"


def sealed(kind: str, place: Path) -> list[bool]:
    """Whether each key of a store is."""
    return sorted(one.key.sealed for one in store(kind, place)().contents().held if one.key)


@KINDS
def test_new_keys_beside_open_ones(tmp_path: Path, kind: str) -> None:
    """A store that is written to asks for a passphrase for them, and seals them with it; the old one stays open."""
    place, ask = tmp_path / "d", Given(NEW)
    opened = store(kind, place)
    arrived(opened)
    target = opened()
    target.checkpoint()
    target.unlock(ask)
    put(target, *identity(BOB))
    assert ask.asked == 1 and sealed(kind, place) == [False, True]
    require(target, ALICE, BOB)


@KINDS
def test_a_store_that_is_only_read_asks_nothing(tmp_path: Path, kind: str) -> None:
    """Where all keys are open."""
    opened, ask = store(kind, tmp_path / "d"), Given("unasked")
    arrived(opened)
    source = opened()
    source.unlock(ask)
    source.export(Selection.of([ALICE.sha256]))
    assert ask.asked == 0


def on_a_card(place: Path) -> None:
    """Put a stub as for a smart card in place of the only key."""
    (path,) = (place / KEYS).iterdir()
    key = sexp.items(KeyFile.parse(path.read_bytes()).expression)[1]
    stub = (b"shadowed-private-key", (*sexp.items(key)[:-1], (b"shadowed", b"t1-v1", (b"1234", b"OPENPGP.3"))))
    path.write_bytes(sexp.canonical(stub))


@GPGSM
def test_new_keys_beside_those_of_a_card(tmp_path: Path) -> None:
    """A stub takes no passphrase and stands for no key here: new ones are sealed."""
    place, ask = tmp_path / "d", Given(NEW)
    opened = store("gpgsm", place)
    arrived(opened)
    on_a_card(place)
    target = opened()
    target.checkpoint()
    target.unlock(ask)
    put(target, *identity(BOB))
    assert ask.asked == 1 and sealed("gpgsm", place) == [False, True]


@GPGSM
def test_a_cipher_that_is_not_known_is_named(tmp_path: Path) -> None:
    """And the passphrase is not called wrong for it, nor asked for again; beside a key that it fits it is no matter."""
    place, ask = tmp_path / "d", Given("right", tries=3)
    opened = store("gpgsm", place)
    arrived(opened, password="right")
    (path,) = (place / KEYS).iterdir()
    whole = sexp.canonical(KeyFile.parse(path.read_bytes()).expression)
    path.write_bytes(whole.replace(b"20:openpgp-s2k3-ocb-aes", b"20:openpgp-s2k9-ocb-aes"))
    with pytest.raises(Unsupported, match=r"the key of Alice .*s2k9"):
        opened().unlock(ask)
    assert ask.asked == 1
    path.write_bytes(whole)
    arrived(opened, BOB, "right")
    path.write_bytes(whole.replace(b"20:openpgp-s2k3-ocb-aes", b"20:openpgp-s2k9-ocb-aes"))
    opened().unlock(Given("right"))
    with pytest.raises(WrongPassword):
        opened().unlock(Given("wrong"))
