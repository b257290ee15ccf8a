"""The contract, first half: what goes into a store is what it shows and hands out, whatever it is."""

from __future__ import annotations

import pytest

from profiles.model import NO_TRUST, Level, Selection, Trust
from profiles.pkcs12.contents import Item
from profiles.pkcs12.seal import open_sealed, seal
from tests import pki
from tests.profiles import place as place_of
from tests.profiles.pkcs12.material import bare, certificate, item, key
from tests.profiles.place import ANCHOR, identity, middle, person, put, require

TRUSTS = {
    "anchor": ANCHOR,
    "websites": Trust(Level.TRUSTED, Level.VALID_CA),
    "email": Trust(email=Level.TRUSTED),
    "valid": Trust(Level.VALID_CA, Level.VALID_CA, Level.VALID_CA),
    "peer": Trust(Level.PEER, Level.PEER, Level.PEER),
    "refused": Trust(Level.DISTRUSTED, Level.DISTRUSTED, Level.DISTRUSTED, Level.DISTRUSTED),
}
"""As the tools of NSS set it: what is said of servers is said of clients too."""
KINDS = ("rsa-2048", "ec-p256", "ec-p384", "ec-p521")


class Holding:
    """What a store holds."""

    def test_it_starts_empty(self, make):
        """A new place lists nothing, locked or not."""
        place = make()
        for store in (place.locked(), place.open()):
            listing = store.list()
            assert (listing.entries, listing.pending_keys, store.undo_point) == ((), (), None)

    @pytest.mark.parametrize("kind", KINDS)
    def test_an_identity_arrives(self, make, kind):
        """Read afresh it has its key, nickname and chain; the key comes out equal, signs and verifies."""
        place, leaf = make(), person("Somebody", kind)
        put(place.open(), *identity(leaf, "their nickname"))
        listing = place.list()
        assert listing.entry(leaf.sha256).nickname == "their nickname"
        assert all(listing.entry(above.sha256) for above in leaf.chain)
        assert len(listing.entries) == 3
        require(place.open(), leaf)

    @pytest.mark.parametrize("trust", TRUSTS.values(), ids=TRUSTS.keys())
    def test_trust_survives(self, make, trust):
        """Of a certificate that came in the same step; the others get none."""
        place, leaf = make(), person("Alice")
        authority = leaf.chain[-1]
        trusts = {authority: trust} if place.open().keeps_trust else {}
        put(place.open(), *identity(leaf), trust=trusts)
        found = {entry.certificate.sha256: entry.trust for entry in place.list().entries}
        assert found == {one.sha256: trusts.get(one, NO_TRUST) for one in (leaf, *leaf.chain)}

    def test_trust_is_set_again(self, make):
        """Of a certificate that was there before, with trust or without."""
        place, leaf = make(), person("Alice")
        if not place.open().keeps_trust:
            return
        put(place.open(), *identity(leaf))
        for trust in (*TRUSTS.values(), NO_TRUST):
            put(place.open(), trust={leaf.chain[-1]: trust})
            assert place.list().entry(leaf.chain[-1].sha256).trust == trust
        require(place.open(), leaf)

    @pytest.mark.parametrize("name", pki.NASTY_NAMES.values(), ids=pki.NASTY_NAMES.keys())
    def test_nasty_names_survive(self, make, name):
        """As the subject and as the nickname, and in what is exported."""
        place, leaf = make(), person(name)
        put(place.open(), item(leaf, name))
        store = place.open()
        (entry,) = store.list({certificate(leaf).subject}).entries
        (out,) = open_sealed(store.export(Selection.of([leaf.sha256]))).items
        assert (entry.nickname, out.nickname, out.key) == (name, name, key(leaf))

    def test_twins_stay_two(self, make):
        """A renewed certificate of the same subject stands beside the old one, each with its own key."""
        place, old = make(), person("Alice")
        renewed = middle().renewed(old)
        for leaf in (old, renewed):
            put(place.open(), *identity(leaf, "Alice"))
        require(place.open(), old, renewed)

    def test_twins_have_nicknames_of_their_own(self, make):
        """So that a person can tell them apart, and a tool that takes nicknames finds both."""
        place, old = make(), person("Alice")
        for leaf in (old, middle().renewed(old)):
            put(place.open(), *identity(leaf, "Alice"))
        names = [entry.nickname for entry in place.list().entries if entry.has_key]
        assert "Alice" in names and len(set(names)) == 2

    def test_a_taken_nickname_gets_another(self, make):
        """Two people of one nickname stay two, and the first keeps it."""
        place, first, second = make(), person("Erin"), person("Erwin")
        for leaf in (first, second):
            put(place.open(), *identity(leaf, "mail"))
        require(place.open(), first, second)
        names = [place.list().entry(leaf.sha256).nickname for leaf in (first, second)]
        assert names[0] == "mail" and names[1] not in ("mail", "")

    def test_one_key_with_two_certificates(self, make):
        """Both have it, and it is one key."""
        place, old = make(), person("Alice")
        again = middle().renewed(old, same_key=True)
        for leaf, nickname in ((old, "one"), (again, "two")):
            put(place.open(), *identity(leaf, nickname))
        require(place.open(), old, again)
        assert place.list().pending_keys == ()

    def test_several_identities_in_one_step(self, make):
        """All of them arrive, in one PFX or several."""
        place, people = make(), (person("Alice"), person("Bob"), person("Somebody", "rsa-2048"))
        with place.open().checkpoint() as step:
            step.add_keys(seal([item(people[0], "a"), item(people[1], "b")]))
            step.add_keys(seal([item(people[2], "c")]))
            step.commit()
        require(place.open(), *people)

    def test_a_key_without_certificate(self, make):
        """It is listed as pending, but not among the certificates of a subject; it comes out as it went in."""
        place, leaf = make(), person("Frank")
        put(place.open(), Item(None, key(leaf), "enrolment"))
        listing = place.list()
        assert listing.entries == ()
        assert [(one.id, one.key, one.nickname) for one in listing.pending_keys] == [
            (key(leaf).id, place_of.KIND, "enrolment")]
        assert place.open().list({certificate(leaf).subject}).pending_keys == ()
        assert open_sealed(place.open().export(Selection.of(keys=[key(leaf).id]))).items[0].key == key(leaf)

    def test_a_key_is_joined_by_its_certificate(self, make):
        """Which arrives later, alone; then nothing is pending."""
        place, leaf = make(), person("Frank")
        put(place.open(), Item(None, key(leaf), "enrolment"))
        put(place.open(), bare(leaf, "Frank"))
        require(place.open(), leaf)
        assert place.list().pending_keys == ()

    def test_a_certificate_is_joined_by_its_key(self, make):
        """Which arrives later, with it or alone; the certificate stays the one it was."""
        for joining in (item(person("Frank"), "new"), Item(None, key(person("Frank")), "new")):
            place, leaf = make(), person("Frank")
            put(place.open(), bare(leaf, "old"))
            put(place.open(), joining)
            require(place.open(), leaf)
            assert [entry.nickname for entry in place.list().entries] == ["old"]

    def test_a_certificate_without_key(self, make):
        """It is listed without one, and comes out."""
        place, leaf = make(), person("Correspondent")
        put(place.open(), bare(leaf, "friend"))
        (entry,) = place.list().entries
        assert (entry.certificate, entry.has_key) == (certificate(leaf), False)
        (out,) = open_sealed(place.open().export(Selection.of([leaf.sha256]))).items
        assert (out.certificate, out.key) == (certificate(leaf), None)

    def test_a_certificate_without_key_has_its_nickname(self, make):
        """The one it came with."""
        place, leaf = make(), person("Correspondent")
        put(place.open(), bare(leaf, "friend"))
        assert [entry.nickname for entry in place.list().entries] == ["friend"]

    def test_certificates_of_one_nickname_are_all_kept(self, make):
        """Also without keys, and in one step."""
        place, people = make(), [person(name) for name in ("Alice", "Bob", "Erin")]
        put(place.open(), bare(people[0], "friend"))
        put(place.open(), *(bare(leaf, "friend") for leaf in people[1:]))
        assert {entry.certificate.sha256 for entry in place.list().entries} == {leaf.sha256 for leaf in people}
