"""What the computer lends its user, and a policy the computer: it counts, and nobody deletes it."""

from __future__ import annotations

import pytest

from migrate.engine import Migration
from migrate.plan import Options
from profiles import asn1
from profiles.model import Level, Trust
from profiles.windows.crypt32 import USAGES
from profiles.windows.store import MACHINE, USER
from tests.askers import Given
from tests.profiles.memory import MemoryStore, Shelf
from tests.profiles.pkcs12.material import bare, certificate
from tests.profiles.place import ANCHOR, identity, middle, person, put
from tests.windows.fake import Kept

EMAIL = asn1.sequence(asn1.oid("1.3.6.1.5.5.7.3.4"))
ROOT = middle().chain[-1]


def moved(target, trust=ANCHOR):
    """Alice's identity with the trust of its root goes there: the outcome of the one step."""
    shelf = Shelf()
    put(MemoryStore(shelf), *identity(person("Alice")), trust={ROOT: trust})
    migration = Migration(MemoryStore(shelf), target, Options(), Given(""), Given(""))
    (outcome,) = migration.run(migration.plan()).outcomes
    return outcome


def test_what_the_computer_has_too_is_the_computers(windows, store):
    """The user gets a copy of their own, which ``undo`` takes back; the computer's stays."""
    bob = person("Bob")
    windows.stores[True, "AddressBook"] = {bob.der: Kept(bob.der)}
    before, opened = windows.state(), store()
    put(opened, bare(bob, "Bob"))
    assert set(windows.stores[False, "AddressBook"]) == {bob.der}
    store().undo(opened.undo_point)
    assert windows.state() == before


def test_a_root_that_counts_for_less_there(windows, store):
    """The step arrives with trust of the user's own; the root of the computer is as it was, also after ``undo``."""
    windows.stores[True, "ROOT"] = {ROOT.der: Kept(ROOT.der, {USAGES: EMAIL})}
    before, opened = windows.state(), store()
    assert moved(opened).outcome == "done"
    assert store().list().entry(ROOT.sha256).trust == ANCHOR
    store().undo(opened.undo_point)
    assert windows.state() == before


@pytest.mark.parametrize("location", [USER, MACHINE])
def test_a_root_from_a_policy_is_trusted_already(windows, store, location):
    """No copy is made of it, it is listed with its trust, and ``undo`` leaves it."""
    windows.policy["ROOT"] = {ROOT.der: Kept(ROOT.der)}
    before, opened = windows.state(), store(location)
    assert moved(opened).outcome == "done"
    assert not windows.stores[location == MACHINE, "ROOT"] and not windows.asked
    assert store(location).list().entry(ROOT.sha256).trust == ANCHOR
    store(location).undo(opened.undo_point)
    assert windows.state() == before


def test_a_root_from_a_policy_is_refused_by_an_entry_beside_it(windows, store):
    """It is not the computer's to delete."""
    windows.policy["ROOT"] = {ROOT.der: Kept(ROOT.der)}
    put(store(MACHINE), bare(ROOT, "root"), trust={ROOT: Trust(*[Level.DISTRUSTED] * 4)})
    assert store(MACHINE).list({certificate(ROOT).subject}).entry(ROOT.sha256).trust.server is Level.DISTRUSTED
    assert ROOT.der in windows.policy["ROOT"]


def test_what_another_program_put_in_meanwhile(windows, store):
    """Is not taken back with the step that wanted to put it in too."""
    bob, opened = person("Bob"), store()
    with opened.checkpoint() as step:
        step.add_certificate(certificate(bob), "Bob")
        step.add_certificate(certificate(person("Carol")), "Carol")
        windows.stores[False, "AddressBook"][bob.der] = Kept(bob.der)
        step.commit()
    store().undo(opened.undo_point)
    assert set(windows.stores[False, "AddressBook"]) == {bob.der}
