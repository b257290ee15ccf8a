"""An authority is trusted for mail as far as that is needed and agreed to, and said by name."""

from __future__ import annotations

import pytest

from migrate.mailing import Wish
from profiles.model import Level, Trust
from tests import keys, pki
from tests.askers import Given
from tests.migrate.mailing import ALICE, holding, leaf, migration, outcomes, run, used
from tests.profiles.mail.accounts import FOR_EMAIL, opened, profile
from tests.profiles.memory import MemoryStore, Shelf
from tests.profiles.pkcs12.material import bare
from tests.profiles.place import identity, put


class TestTrust:
    """Thunderbird signs nothing below an authority that is not trusted for e-mail."""

    ELSEWHERE = Trust(server=Level.TRUSTED, client=Level.TRUSTED)

    def test_as_the_source_trusts(self, tmp_path):
        """Nothing beyond the source is needed then."""
        plan = migration(holding(leaf()), profile(tmp_path / "p", {"id1": ALICE})).plan()
        assert [step.widened for step in plan.steps] == [()]

    def test_beyond_the_source(self, tmp_path):
        """Is in the plan by name, beside what the source trusts; and alike for whatever else stands below."""
        alice, bob = leaf(), leaf("Bob", "bob@example.test")
        place = profile(tmp_path / "p", {"id1": ALICE})
        moving = migration(holding(alice, bob, trust=self.ELSEWHERE), place)
        plan = moving.plan()
        assert sum(map(len, (step.widened for step in plan.steps))) == 1
        assert moving.run(plan).status == "done"
        trust = opened(place).list().entry(alice.chain[-1].sha256).trust
        assert trust == self.ELSEWHERE._replace(email=Level.TRUSTED)

    def test_nobody_agreed(self, tmp_path):
        """The certificate moves, the account stays as it was, and nothing more is trusted."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        report = run(holding(alice, trust=self.ELSEWHERE), place, Wish(widen=frozenset()))
        assert (report.status, outcomes(report)) == ("partial", {"id1": ("skipped", "trust-needed")})
        assert used(place) == {"id1": (None, None)}
        assert opened(place).list().entry(alice.chain[-1].sha256).trust == self.ELSEWHERE

    def test_what_comes_to_light_later_is_no_consent(self, tmp_path):
        """A source that only seemed to trust the root before it was unlocked: nobody agreed to trust it."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        moving = migration(holding(alice), place)
        plan = moving.plan()
        put(moving.source, trust={alice.chain[-1]: self.ELSEWHERE})
        report = moving.run(plan)
        assert outcomes(report) == {"id1": ("skipped", "trust-needed")}
        assert opened(place).list().entry(alice.chain[-1].sha256).trust == self.ELSEWHERE

    def test_the_root_was_left_behind(self, tmp_path):
        """There is nothing to trust then."""
        place = profile(tmp_path / "p", {"id1": ALICE})
        assert outcomes(run(holding(leaf()), place, roots=False)) == {"id1": ("skipped", "trust-needed")}

    def test_the_target_distrusts(self, tmp_path):
        """That stays."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        store = opened(place)
        store.unlock(Given(""))
        put(store, bare(alice.chain[-1], "root"), trust={alice.chain[-1]: Trust(email=Level.DISTRUSTED)})
        assert outcomes(run(holding(alice), place)) == {"id1": ("skipped", "distrusted")}

    def test_an_incomplete_chain(self, tmp_path):
        """The mail program may know the root by itself: it is set, with a word of warning."""
        alice, place, source = leaf(), profile(tmp_path / "p", {"id1": ALICE}), MemoryStore(Shelf())
        put(source, identity(alice)[-1])
        report = run(source, place)
        assert outcomes(report) == {"id1": ("set", "")}
        assert any("must know it by itself" in note for note in report.outcomes[0].step.notes)


    @pytest.mark.parametrize("wish", [Wish(), Wish(ALICE)])
    @pytest.mark.parametrize("ca", [False, True])
    def test_signed_by_itself(self, tmp_path, ca, wish):
        """Thunderbird refuses it whatever is trusted (tried with 140): it moves and is not set.

        So it is with what ``openssl req -x509`` makes, which may issue others.
        """
        from tests import issuing

        key = keys.generate("ec-p256")
        extensions = [(pki.x509.SubjectAlternativeName([pki.x509.RFC822Name(ALICE)]), False)]
        own = pki.Leaf(issuing.issue(None, issuing.name_of("Own"), key, pki.CURRENT, [
            (pki.x509.BasicConstraints(ca=ca, path_length=None), True), *extensions]), key)
        place, source = profile(tmp_path / "p", {"id1": ALICE}), MemoryStore(Shelf())
        put(source, *identity(own))
        report = run(source, place, wish)
        assert (report.outcomes[0].outcome, outcomes(report)) == ("done", {"id1": ("skipped", "self-signed")})
        assert "Own is signed by itself" in report.uses[0].reason

    @pytest.mark.parametrize(("trusted", "options", "says"), [
        (False, {"trust": False}, "neither the source nor Thunderbird trusts Contract Root, which --trust none"),
        (True, {"trust": False}, "--trust none leaves the source's trust in Contract Root behind"),
        (True, {"roots": False}, "--no-roots leaves Contract Root behind"),
    ])
    def test_why_there_is_no_trust(self, tmp_path, trusted, options, says):
        """Whoever is to blame is named: the source, or an option."""
        source = holding(leaf(), trust=FOR_EMAIL if trusted else self.ELSEWHERE)
        (use,) = run(source, profile(tmp_path / "p", {"id1": ALICE}), **options).uses
        assert (use.outcome, use.code) == ("skipped", "trust-needed")
        assert says in use.reason

    def test_a_root_that_is_there_without_the_trust_of_the_source(self, tmp_path):
        """With --no-roots it stays so, or is trusted as the source does: never as if the source did not."""
        from migrate import render

        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        store = opened(place)
        store.unlock(Given(""))
        put(store, bare(alice.chain[-1], "root"))
        moving = migration(holding(alice), place, Wish(widen=frozenset()), roots=False)
        assert "--no-roots leaves the source's trust in Contract Root behind" in moving.plan().uses[0].reason
        lines: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(render, "note", lines.append)
            render.plan(migration(holding(alice), place, roots=False).plan())
        assert any("trusting Contract Root for e-mail, as the source does" in line for line in lines)
