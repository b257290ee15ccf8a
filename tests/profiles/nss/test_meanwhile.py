"""What another program wrote between the plan of a step and its commit is kept, and nothing is there twice."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from profiles.certificate import Certificate
from profiles.errors import (
    ChangedMeanwhile,
    StoreInUse,
)
from profiles.model import Level, Trust
from profiles.nss.store import NssStore
from profiles.pkcs12.contents import Item
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.seal import seal
from tests import nss_tools, pki
from tests.profiles.nss.native import TRUSTED, opened, put


def one_of_each(database: nss_tools.Database) -> None:
    """No object is there twice."""
    with closing(sqlite3.connect(database.path / "cert9.db")) as certs:
        found = certs.execute("SELECT a0, a11, a102, a81, a82 FROM nssPublic").fetchall()
    with closing(sqlite3.connect(database.path / "key4.db")) as keys:
        found += keys.execute("SELECT a0, a102 FROM nssPrivate").fetchall()
    assert len(found) == len(set(found))


def steps_at_once(database: nss_tools.Database, first: pki.Leaf, second: pki.Leaf) -> tuple[NssStore, NssStore]:
    """Two programs that both read, and then both write."""
    stores = opened(database.path), opened(database.path)
    with stores[0].checkpoint() as one, stores[1].checkpoint() as other:
        for step, leaf in ((one, first), (other, second)):
            for above in leaf.chain:
                step.add_certificate(Certificate.parse(above.der), "")
            step.set_trust(Certificate.parse(leaf.chain[-1].der), TRUSTED)
            step.add_keys(seal([Item(Certificate.parse(leaf.der), PrivateKey.parse(leaf.pkcs8), "The same name")]))
        one.commit()
        with pytest.raises(ChangedMeanwhile):
            other.commit()
    return stores


def test_what_came_meanwhile_is_not_written_twice(nss_database, alice):
    """The second of two is refused under the lock, wrote nothing, and has nothing to undo."""
    database = nss_database()
    first, second = steps_at_once(database, alice, alice)
    one_of_each(database)
    assert second.undo_point is None
    first.undo(first.undo_point)
    assert (database.certificates(), database.private_keys()) == ([], [])


def test_a_name_or_a_trust_that_came_meanwhile(nss_database, root):
    """Two people of one nickname and one root do not become one; a trust that was changed stays as it was set."""
    database, leaves = nss_database(), (root.leaf("Ann"), root.leaf("Ben"))
    first, _ = steps_at_once(database, *leaves)
    put(opened(database.path), leaves[1], "The same name", TRUSTED)
    one_of_each(database)
    assert {"The same name", "The same name #2"} <= set(database.flags())
    with first.checkpoint() as step:
        step.set_trust(Certificate.parse(root.der), Trust(Level.DISTRUSTED))
        database.trust("Test Root", ",C,")
        with pytest.raises(ChangedMeanwhile):
            step.commit()
    assert database.flags()["Test Root"] == ",C,"


def test_a_password_that_was_set_meanwhile(nss_database, tmp_path, alice, bob):
    """A key sealed with the old one would open with none: it is not written, into an old database or a new one."""
    database = nss_database("old")
    store = opened(database.path, "old")
    with store.checkpoint() as step:
        step.add_keys(seal([Item(Certificate.parse(alice.der), PrivateKey.parse(alice.pkcs8), "Alice")]))
        database = database.change_password("new")
        with pytest.raises(StoreInUse, match="password"):
            step.commit()
    assert not database.private_keys()
    late, early = opened(tmp_path / "fresh", "one"), opened(tmp_path / "fresh", "two")
    put(early, alice, "Alice")
    with pytest.raises(StoreInUse, match="password"):
        put(late, bob, "Bob")
    found = nss_tools.Database(tmp_path / "fresh", "two")
    assert [one.nickname for one in found.private_keys()] == ["Alice"]
