"""Undo takes away what came with it, and leaves what others wrote or have come to need."""

from __future__ import annotations

import pytest

from profiles.model import Level, Trust
from tests.profiles.nss.native import TRUSTED, exported, opened, put


def test_undo_leaves_what_others_wrote(nss_database, alice, bob):
    """Undo takes back exactly what was written here; what came later from NSS stays."""
    database = nss_database()
    store = opened(database.path)
    put(store, alice, "Alice", TRUSTED)
    database.add_p12(bob.p12())
    assert store.undo(store.undo_point)
    listing = opened(database.path).list()
    assert listing.entry(alice.sha256) is None
    assert listing.entry(bob.sha256).has_key
    assert [one.nickname for one in database.private_keys()] == ["Bob EC"]


def test_undo_of_a_new_database_removes_it(tmp_path, alice):
    """A database that was made for the step goes with it."""
    store = opened(tmp_path)
    put(store, alice, "Alice")
    store.undo(store.undo_point)
    assert not list(tmp_path.glob("*.db"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER")
def test_undo_leaves_a_key_that_a_later_certificate_needs(nss_database, intermediate, alice):
    """With its public half and its signatures: a renewed certificate of the same key goes on working."""
    database = nss_database()
    store = opened(database.path)
    put(store, alice, "Alice")
    renewed = intermediate.renewed(alice, same_key=True)
    database.add_certificate(renewed.der, "Renewed")
    database.delete("Alice")
    store.undo(store.undo_point)
    assert [one.nickname for one in database.certificates()] == ["Renewed"]
    assert database.flags()["Renewed"] == "u,u,u"
    assert exported(database, "Renewed").private_numbers() == alice.key.private_numbers()
    assert "a key stays" in " ".join(store.left)


def test_undo_takes_a_key_from_a_certificate_that_had_none(nss_database, alice):
    """Its certificate was there before; so it is again."""
    database = nss_database()
    database.add_certificate(alice.der, "Alice")
    store = opened(database.path)
    put(store, alice, "Alice")
    assert database.flags()["Alice"] == "u,u,u"
    store.undo(store.undo_point)
    assert (database.flags(), database.private_keys(), store.left) == ({"Alice": ",,"}, [], ())


@pytest.mark.parametrize("before", [",,", "C,,"], ids=["new", "changed"])
def test_undo_leaves_trust_that_was_set_since(nss_database, root, alice, before):
    """Authenticated as the user left it, in what the run had set too; in a trust of its own or one that it changed."""
    database = nss_database("secret")
    database.add_certificate(root.der, "Root", before)
    store = opened(database.path, "secret")
    put(store, alice, "Alice", TRUSTED)
    database.trust("Root", "CT,C,")
    store.undo(store.undo_point)
    assert database.flags() == {"Root": "CT,C,"}
    assert opened(database.path, "secret").list().entries[0].trust == Trust(
        Level.TRUSTED, Level.TRUSTED, Level.TRUSTED)
    assert any("trust" in text for text in store.left)
