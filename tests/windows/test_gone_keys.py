"""Certificates whose key is gone, or that only an administrator may look at."""

from __future__ import annotations

import pytest

from migrate.cli.moving import status
from migrate.engine import Migration
from migrate.plan import Options
from profiles.errors import AccessDenied, NoMatch
from profiles.model import Selection
from profiles.pkcs12.contents import Item
from profiles.windows.native import NativeError
from profiles.windows.store import MACHINE, USER, WindowsStore
from tests.askers import Given
from tests.profiles.memory import MemoryStore, Shelf
from tests.profiles.pkcs12.material import certificate, key
from tests.profiles.place import identity, neighbour, person, put, require
from tests.windows.injection import Failing

KINDS = ["rsa-2048", "ec-p256"]


def migration(source, target):
    """All that is in one, into the other."""
    return Migration(source, target, Options(), Given(""), Given(""))


def filled(*leaves):
    """A store in memory that has these identities."""
    store = MemoryStore(Shelf())
    put(store, *(item for leaf in leaves for item in identity(leaf)))
    return store


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_is_gone_comes_back(windows, store, kind):
    """The certificate is listed without it, which is said, and a move of the identity restores it."""
    leaf = person("Rita", kind)
    put(store(), *identity(leaf))
    windows.keys.clear()
    listing = store().list()
    assert not listing.entry(leaf.sha256).has_key
    assert "the key of Rita is not on this computer any more" in listing.problems[0].message
    work = migration(filled(leaf), store())
    (outcome,) = work.run(work.plan()).outcomes
    assert outcome.outcome == "done"
    require(store(), leaf)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_goes_while_it_is_moved(windows, store, tmp_path, kind):
    """Is said of it alone; its neighbour moves."""
    leaf, other = person("Rita", kind), neighbour(kind)
    put(store(), *identity(leaf), *identity(other))
    work = migration(store(), MemoryStore(Shelf()))
    plan = work.plan()
    del windows.keys[next(iter(windows.keys))]
    assert [one.outcome for one in work.run(plan).outcomes] == ["failed", "done"]


def test_an_export_that_finds_no_key(windows, store, tmp_path):
    """As PFXExportCertStoreEx says it."""

    class Without(Failing):
        def call(self, name, *arguments):
            if name == "PFXExportCertStoreEx":
                raise NativeError(name, 0x80092004)
            return super().call(name, *arguments)

    put(store(), *identity(person("Alice")))
    with pytest.raises(NoMatch, match="only its certificate"):
        WindowsStore(USER, Without(windows.native(), 0, 0), tmp_path).export(Selection.of([person("Alice").sha256]))


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_the_computer_without_rights(windows, store, kind):
    """Nobody says that they are gone: they are listed, and moving them takes an administrator, status 4."""
    leaf = person("Rita", kind)
    put(store(MACHINE), *identity(leaf))
    windows.admin = False
    listing = store(MACHINE).list()
    assert listing.entry(leaf.sha256).has_key
    (problem,) = listing.problems
    assert problem.code == "access-denied" and "Run as administrator" in problem.message
    with pytest.raises(AccessDenied):
        store(MACHINE).sign(certificate(leaf).key_id, b"message")
    work = migration(store(MACHINE), MemoryStore(Shelf()))
    report = work.run(work.plan())
    assert [(one.outcome, one.code) for one in report.outcomes] == [("failed", "access-denied")]
    assert "administrator" in report.outcomes[0].hint and status(report) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_the_computer_that_is_gone(windows, store, kind):
    """An administrator is told so."""
    put(store(MACHINE), *identity(person("Rita", kind)))
    windows.keys.clear()
    (problem,) = store(MACHINE).list().problems
    assert problem.code == "no-match" and not store(MACHINE).list().entry(person("Rita", kind).sha256).has_key


def test_a_waiting_key_that_is_gone(windows, store):
    """It is not listed and not planned, which is said; the same key can come again, and then there is one."""
    put(store(), Item(None, key(person("Frank")), "enrolment"))
    before = windows.state()
    windows.keys.clear()
    listing = store().list()
    assert not listing.pending_keys and "that waits" in listing.problems[0].message
    again = store()
    put(again, Item(None, key(person("Frank")), "enrolment"))
    listing = store().list()
    assert [one.nickname for one in listing.pending_keys] == ["enrolment"] and not listing.problems
    store().undo(again.undo_point)
    assert windows.state()[0] == before[0]
