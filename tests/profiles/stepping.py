"""The contract, second half: a step arrives whole or not at all, and a secret is asked for when it is needed."""

from __future__ import annotations

import pytest

from profiles.errors import KeyNotExportable, NoMatch, PasswordNeeded, StoreNotFound, WrongPassword
from profiles.model import Selection
from profiles.pkcs12.contents import Item
from tests.askers import Given
from tests.profiles.pkcs12.material import certificate, generated, key
from tests.profiles.place import ANCHOR, exported, fill, identity, middle, person, put, require, seen

ABSENT = "00" * 20


class Stepping:
    """How a store changes, and whom it asks."""

    def test_adding_again_changes_nothing(self, make):
        """What is there stays as it is, whatever nickname comes with it; no file is touched."""
        place, leaf = make(), person("Alice")
        authority = leaf.chain[-1]
        put(place.open(), *identity(leaf, "first"), trust={authority: ANCHOR} if place.open().keeps_trust else {})
        before, files = seen(place.list()), place.files()
        put(place.open(), *identity(leaf, "second"))
        assert seen(place.list()) == before
        assert place.files() == files
        require(place.open(), leaf)

    def test_a_listing_by_subject(self, make):
        """Shows the certificates of those subjects, twins included, and nothing else."""
        place, alice = make(), person("Alice")
        renewed = middle().renewed(alice)
        for leaf in (alice, renewed, person("Bob")):
            put(place.open(), *identity(leaf))
        store, subject = place.open(), certificate(alice).subject
        listing = store.list({subject})
        assert {entry.certificate.sha256 for entry in listing.entries} == {alice.sha256, renewed.sha256}
        assert set(listing.entries) < set(store.list().entries)
        assert store.list(()).entries == store.list({certificate(person("Nobody")).subject}).entries == ()

    def test_listing_never_asks(self, make):
        """Neither before it is unlocked nor after."""
        place, leaf = make(), person("Alice")
        put(place.open(), *identity(leaf))
        store, ask = place.locked(), Given(place.password)
        store.list()
        store.unlock(ask)
        asked = ask.asked
        store.list()
        store.list({certificate(leaf).subject})
        assert ask.asked == asked <= bool(place.password)

    @pytest.mark.parametrize("tries", [1, 3])
    def test_a_wrong_password_is_final_after_its_tries(self, make, tries):
        """No question more; and none at all where there is no password."""
        place, leaf = make(), person("Alice")
        put(place.open(), *identity(leaf))
        ask = Given(place.password + "wrong", tries)
        if not place.password:
            place.locked().unlock(ask)
            assert ask.asked == 0
            return
        with pytest.raises(WrongPassword):
            place.locked().unlock(ask)
        assert ask.asked == tries
        require(place.open(), leaf)

    def test_an_unlocked_store_does_not_ask_again(self, make):
        """One question is enough for as long as it is open."""
        place, leaf = make(), person("Alice")
        put(place.open(), *identity(leaf))
        store, ask = place.locked(), Given(place.password)
        for _ in range(2):
            store.unlock(ask)
        put(store, *identity(person("Bob")))
        require(store, leaf, person("Bob"))
        assert ask.asked == bool(place.password)

    def test_a_locked_store_hands_out_nothing(self, make):
        """A key needs the password, and the error says that; without one, no unlocking is needed."""
        place, leaf = make(), person("Alice")
        put(place.open(), *identity(leaf))
        store = place.locked()
        if not place.password:
            assert exported(store, leaf) == {leaf.sha256: leaf.pkcs8}
            return
        with pytest.raises(PasswordNeeded):
            store.export(Selection.of([leaf.sha256]))
        with pytest.raises(PasswordNeeded):
            store.sign(key(leaf).id, b"a message")

    def test_what_is_absent_is_no_match(self, make):
        """A selection is served whole or refused; so is a signature."""
        place, leaf = make(), person("Alice")
        put(place.open(), *identity(leaf))
        store = place.open()
        with pytest.raises(NoMatch):
            store.export(Selection.of([leaf.sha256, person("Nobody").sha256]))
        with pytest.raises(NoMatch):
            store.export(Selection.of([leaf.sha256], [ABSENT]))
        with pytest.raises(NoMatch):
            store.sign(ABSENT, b"a message")

    def test_a_barred_key_stays(self, make):
        """A key marked never to be handed out is listed and not exported; other keys are."""
        place, leaf, other = make(), person("Alice"), person("Bob")
        if place.bar is None:
            return
        for one in (leaf, other):
            put(place.open(), *identity(one))
        place.bar(key(leaf).id)
        with pytest.raises(KeyNotExportable):
            place.open().export(Selection.of([leaf.sha256]))
        assert place.list().entry(leaf.sha256).has_key
        assert exported(place.open(), other) == {other.sha256: other.pkcs8}

    def test_exporting_twice_gives_the_same_keys(self, make):
        """Under another passphrase, and with nothing changed."""
        place, people = make(), (person("Alice"), person("Bob"))
        for leaf in people:
            put(place.open(), *identity(leaf))
        before = place.files()
        store = place.open()
        chosen = Selection.of(leaf.sha256 for leaf in people)
        first, second = store.export(chosen), store.export(chosen)
        assert first.passphrase.reveal() != second.passphrase.reveal()
        assert exported(store, *people) == exported(place.open(), *people)
        assert place.files() == before

    @pytest.mark.parametrize("old", [False, True], ids=["empty", "old content"])
    def test_nothing_is_written_before_commit(self, make, old):
        """Neither where there is something nor where there is nothing; without a commit, never."""
        place = self._place(make, old=old)
        before, files = seen(place.list()), place.files()
        with place.open().checkpoint() as step:
            fill(step, *identity(person("Bob")))
            assert seen(place.list()) == before
            assert place.files() == files
        assert seen(place.list()) == before
        assert place.files() == files

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
    @pytest.mark.parametrize("old", [False, True], ids=["empty", "old content"])
    def test_an_error_before_commit_leaves_nothing(self, make, old, error):
        """Whatever kind of error it is; and the store can be written afterwards."""
        place = self._place(make, old=old)
        before, files, store = seen(place.list()), place.files(), place.open()
        with pytest.raises(error), store.checkpoint() as step:  # noqa: PT012
            fill(step, *identity(person("Bob")))
            raise error
        assert seen(place.list()) == before
        assert place.files() == files
        assert store.undo_point is None
        put(store, *identity(person("Bob")))
        assert place.list().entry(person("Bob").sha256).has_key

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
    @pytest.mark.parametrize("old", [False, True], ids=["empty", "old content"])
    def test_an_error_after_commit_takes_all_of_it_back(self, make, old, error):
        """What was there before is as it was, and the store can be written afterwards."""
        place = self._place(make, old=old)
        before, store = seen(place.list()), place.open()
        with pytest.raises(error), store.checkpoint() as step:  # noqa: PT012
            fill(step, *identity(middle().renewed(person("Alice"))), *identity(person("Bob")))
            step.commit()
            assert seen(place.list()) != before
            raise error
        assert seen(place.list()) == before
        put(store, *identity(person("Bob")))
        assert place.list().entry(person("Bob").sha256).has_key

    def test_a_failing_step_spares_the_one_before(self, make):
        """Of the same run; undo then takes back the one that arrived."""
        place = make()
        before, store = seen(place.list()), place.open()
        put(store, *identity(person("Alice")))
        between = seen(place.list())
        with pytest.raises(RuntimeError), store.checkpoint() as step:  # noqa: PT012
            fill(step, *identity(person("Bob")), trust={person("Bob").chain[-1]: ANCHOR} if store.keeps_trust else {})
            step.commit()
            raise RuntimeError
        assert seen(place.list()) == between
        require(place.open(), person("Alice"))
        place.locked().undo(store.undo_point)
        assert seen(place.list()) == before

    @pytest.mark.parametrize("old", [False, True], ids=["empty", "old content"])
    def test_undo_takes_back_every_step(self, make, old):
        """Of this run, trust included, and counts certificates and keys; there is no second time."""
        place = self._place(make, old=old)
        before, store = seen(place.list()), place.open()
        renewed = middle().renewed(person("Alice"))
        put(store, *identity(renewed), trust={renewed.chain[-1]: ANCHOR} if store.keeps_trust else {})
        point = store.undo_point
        put(store, *identity(person("Bob"), "Alice"))
        assert store.undo_point == point
        assert place.locked().undo(point) == (4 if old else 6)
        assert seen(place.list()) == before
        with pytest.raises(StoreNotFound):
            place.locked().undo(point)
        put(place.open(), *identity(person("Bob")))
        assert place.list().entry(person("Bob").sha256).has_key

    def test_undo_takes_back_a_key_without_certificate(self, make):
        """And leaves the one that was there before."""
        place = make()
        put(place.open(), Item(None, key(person("Frank")), "old"))
        before, store = seen(place.list()), place.open()
        put(store, Item(None, generated("ec-p384"), "new"))
        assert place.locked().undo(store.undo_point) == 1
        assert seen(place.list()) == before

    @staticmethod
    def _place(make, *, old):
        """A place, with something in it where ``old``."""
        place = make()
        if old:
            put(place.open(), *identity(person("Alice")))
        return place
