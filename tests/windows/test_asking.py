"""Keys whose user Windows asks before they are used or leave: announced, only for a person, and each for itself."""

from __future__ import annotations

import pytest

from migrate.checkup import proof
from migrate.engine import Migration
from migrate.plan import Options
from profiles.errors import LeftToUser
from profiles.model import Selection
from profiles.windows.store import USER, WindowsStore
from tests.askers import Given
from tests.profiles.memory import MemoryStore, Shelf
from tests.profiles.place import exported, identity, neighbour, person, put

KINDS = ["rsa-2048", "ec-p256"]


@pytest.fixture
def said():
    """What was announced."""
    return []


@pytest.fixture
def guarded(windows, tmp_path, said):
    """Opens a store with Rita's key under strong protection, and Neil's without; makes keys of one kind."""

    def made(kind):
        store = WindowsStore(USER, windows.native(), tmp_path)
        store.protect(exportable=True, strong=True, announce=lambda _: None)
        put(store, *identity(person("Rita", kind)))
        put(WindowsStore(USER, windows.native(), tmp_path), *identity(neighbour(kind)))
        windows.asked.clear()
        return WindowsStore(USER, windows.native(), tmp_path, announce=said.append)

    return made


def outcomes(store):
    """How the move of each of them out of there ends."""
    migration = Migration(store, MemoryStore(Shelf()), Options(), Given(""), Given(""))
    report = migration.run(migration.plan())
    return {one.step.title: (one.outcome, one.code) for one in report.outcomes}


@pytest.mark.parametrize("kind", KINDS)
def test_handing_out_is_announced(windows, guarded, said, kind):
    """Once, in one window."""
    store = guarded(kind)
    assert exported(store, person("Rita", kind))
    assert len(windows.asked) == 1 == len(said) and "handing out the key of Rita" in said[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_no_to_one_key_is_of_that_key_alone(windows, guarded, said, kind):
    """It is referred to its user, who is not asked twice; the neighbour arrives."""
    store = guarded(kind)
    windows.consents = False
    assert outcomes(store) == {"Rita": ("referred", "left-to-user"), "Neil": ("done", "")}
    assert len(windows.asked) == 1 == len(said)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_to_ask(windows, guarded, kind):
    """The key is left to its user too, and nobody calls it not exportable or broken."""
    store = guarded(kind)
    windows.desktop = False
    with pytest.raises(LeftToUser, match="has no desktop"):
        store.export(Selection.of([person("Rita", kind).sha256]))
    assert outcomes(store) == {"Rita": ("referred", "left-to-user"), "Neil": ("done", "")}
    proved, findings = proof.prove(store, store.list())
    assert (proved[person("Rita", kind).sha256], proved[neighbour(kind).sha256]) == (None, True)
    assert [one.code for one in findings] == ["unproved-key"]
