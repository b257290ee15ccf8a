"""Which account gets which certificate: one clear outcome for every case, and the accounts show it afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrate import accounts
from migrate.engine import Migration
from migrate.mailing import Wish
from migrate.plan import Options
from profiles.errors import NoMatch, StoreInUse, VerificationFailed
from profiles.mail import recover
from profiles.mail.prefs import Prefs
from profiles.model import Level, Trust
from tests import keys, pki
from tests.askers import Given
from tests.profiles.mail.accounts import FOR_EMAIL, client, opened, profile
from tests.profiles.memory import MemoryStore, Shelf
from tests.profiles.pkcs12.material import bare, certificate
from tests.profiles.place import identity, middle, person, put

ALICE = "alice@example.test"


def leaf(cn: str = "Alice", email: object = ALICE, **more: object) -> pki.Leaf:
    """Somebody with a certificate for mail."""
    return middle().leaf(cn, email=email, **more)


def holding(*leaves: pki.Leaf, trust: Trust = FOR_EMAIL) -> MemoryStore:
    """A source with these people, their root trusted."""
    store = MemoryStore(Shelf())
    for one in leaves:
        put(store, *identity(one), trust={one.chain[-1]: trust})
    return store


def migration(source: MemoryStore, place, wish: Wish | None = None, **options: object) -> Migration:
    """From that source into a mail profile."""
    return Migration(source, opened(place), Options(**options), Given(""), Given(""), client=client(place),
                     wish=wish or Wish())


def run(source: MemoryStore, place, wish: Wish | None = None, **options: object):
    """Carried out."""
    moving = migration(source, place, wish, **options)
    return moving.run(moving.plan())


def used(place) -> dict[str, tuple[str | None, str | None]]:
    """What each account signs and encrypts with, read afresh."""
    return {one.id: (one.signing.sha256 if one.signing else None, one.encryption.sha256 if one.encryption else None)
            for one in client(place).accounts()}


def outcomes(report) -> dict[str, tuple[str, str]]:
    """By account."""
    return {use.account.id: (use.outcome, use.code) for use in report.uses}


def test_one_certificate_for_one_account(tmp_path):
    """It arrives, the account uses it, a second run plans nothing, and the way back is exact."""
    alice, place = leaf(email="Alice@EXAMPLE.test"), profile(tmp_path / "p", {"id1": ALICE, "id2": "bob@example.test"})
    before = (place / "prefs.js").read_bytes()
    moving = migration(holding(alice), place)
    report = moving.run(moving.plan())
    assert (report.status, outcomes(report)) == ("done", {"id1": ("set", ""), "id2": ("left", "no-match")})
    assert used(place) == {"id1": (alice.sha256, alice.sha256), "id2": (None, None)}
    again = run(holding(alice), place)
    assert (again.status, outcomes(again)["id1"]) == ("nothing", ("kept", ""))
    (point,) = moving.points
    client(place).restore(point)
    assert (place / "prefs.js").read_bytes() == before


def test_there_already_but_not_associated(tmp_path):
    """Only the account changes; no password is asked for."""
    alice = leaf()
    place = profile(tmp_path / "p", {"id1": ALICE}, alice)
    moving = replace(migration(holding(alice), place), ask_target=Given("wrong"))
    plan = moving.plan()
    assert [(step.moves_key, step.additions, step.trust) for step in plan.steps] == [(False, (), ())]
    assert moving.run(plan).status == "done"
    assert used(place)["id1"] == (alice.sha256, alice.sha256)


def test_two_accounts_with_one_address(tmp_path):
    """Both use it."""
    alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE, "id2": ALICE.upper()})
    run(holding(alice), place)
    assert set(used(place).values()) == {(alice.sha256, alice.sha256)}


def test_one_certificate_for_several_addresses(tmp_path):
    """Each account with one of them, also across the two ways to write an international domain."""
    alice = leaf(email=["a@example.test", "b@xn--bcher-kva.example"])
    place = profile(tmp_path / "p", {"id1": "A@example.test", "id2": "b@b\u00fccher.example", "id3": "c@example.test"})
    run(holding(alice), place)
    both = (alice.sha256, alice.sha256)
    assert used(place) == {"id1": both, "id2": both, "id3": (None, None)}


def test_two_certificates_for_one_address(tmp_path):
    """Both move; the one issued last is used."""
    older = leaf(valid=pki.Validity(pki.NOW - pki.timedelta(days=30), pki.NOW + pki.timedelta(days=900)))
    newer, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
    report = run(holding(newer, older), place)
    assert [one.outcome for one in report.outcomes] == ["done", "done"]
    assert used(place)["id1"] == (newer.sha256, newer.sha256)


def test_a_later_one_in_use_stays(tmp_path):
    """With auto; not where the user names the address."""
    older = leaf(valid=pki.Validity(pki.NOW - pki.timedelta(days=30), pki.NOW + pki.timedelta(days=900)))
    newer, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
    run(holding(newer), place)
    report = run(holding(older), place)
    assert outcomes(report) == {"id1": ("kept", "")}
    assert "issued later" in report.uses[0].reason
    assert used(place)["id1"] == (newer.sha256, newer.sha256)
    assert outcomes(run(holding(older), place, Wish(ALICE))) == {"id1": ("set", "")}
    assert used(place)["id1"] == (older.sha256, older.sha256)


def test_what_is_replaced_is_said(tmp_path):
    """The plan names the certificate that an account gives up, and what a person should know of the account."""
    from migrate import render

    old, place = leaf("Former"), profile(tmp_path / "p", {"id1": ALICE}, id1__openpgp_key_id="0123")
    run(holding(old), place)
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "note", lines.append)
        render.plan(migration(holding(leaf("Present", valid=pki.LONG)), place, Wish(ALICE)).plan())
    assert any("signs and encrypts with Present, instead of Former" in line for line in lines)
    assert any("OpenPGP" in line for line in lines)


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256"])
def test_a_pair(tmp_path, kind):
    """One signs, the other is encrypted to: told apart by their key usage, and set together."""
    signing, encryption = middle().pair("Alice", email=ALICE, key=kind)
    place = profile(tmp_path / "p", {"id1": ALICE})
    report = run(holding(encryption, signing), place)
    assert used(place)["id1"] == (signing.sha256, encryption.sha256)
    assert [bool(one.associated) for one in report.outcomes] == [False, True]
    assert run(holding(encryption, signing), place).status == "nothing"


def test_half_of_a_pair(tmp_path):
    """Where the other half does not come out of the source, the account is left as it was, and the half arrives."""
    signing, encryption = middle().pair("Alice", email=ALICE)
    source, place = holding(signing, encryption), profile(tmp_path / "p", {"id1": ALICE})
    source.shelf.barred.add(certificate(encryption).public_key.id)
    before = (place / "prefs.js").read_bytes()
    report = run(source, place)
    assert sorted(one.outcome for one in report.outcomes) == ["done", "failed"]
    assert outcomes(report) == {"id1": ("failed", "not-arrived")}
    assert (place / "prefs.js").read_bytes() == before


def test_expired(tmp_path):
    """It moves, so that old mail opens, and is not set."""
    old, place = leaf(valid=pki.EXPIRED), profile(tmp_path / "p", {"id1": ALICE})
    report = run(holding(old), place)
    assert [one.outcome for one in report.outcomes] == ["done"]
    assert (report.status, outcomes(report)) == ("partial", {"id1": ("skipped", "expired")})
    assert used(place) == {"id1": (None, None)}


@pytest.mark.parametrize(("more", "code"), [
    ({"valid": pki.FUTURE}, "not-yet-valid"), ({"eku": (pki.Eku.CLIENT_AUTH,)}, "wrong-usage")])
def test_unfit(tmp_path, more, code):
    """A mail program would refuse it: so it is not set, and that is said."""
    place = profile(tmp_path / "p", {"id1": ALICE})
    assert outcomes(run(holding(leaf(**more)), place)) == {"id1": ("skipped", code)}


def test_why_none_of_several_fits(tmp_path):
    """Each is named in plain words, the one that was for mail first."""
    place = profile(tmp_path / "p", {"id1": ALICE})
    web, old = leaf("Web", eku=(pki.Eku.CLIENT_AUTH,)), leaf("Old", valid=pki.EXPIRED)
    (use,) = run(holding(web, old), place).uses
    assert (use.outcome, use.code) == ("skipped", "expired")
    assert use.reason.startswith("Old expired on")
    assert use.reason.endswith("; Web is for signing in to web sites, not for e-mail")


def test_any_use_is_not_enough(tmp_path):
    """Thunderbird and Evolution refuse it (tried with 153 and with libcamel 3.46); one for mail is taken before it."""
    every, mail = leaf("Every", eku=(pki.Eku.ANY_EXTENDED_KEY_USAGE,), valid=pki.LONG), leaf("Mail")
    (use,) = run(holding(every), profile(tmp_path / "p", {"id1": ALICE})).uses
    assert (use.code, use.reason) == (
        "wrong-usage", "Every is for any use, and Thunderbird takes only what names e-mail")
    place = profile(tmp_path / "q", {"id1": ALICE})
    run(holding(every, mail), place)
    assert used(place)["id1"] == (mail.sha256, mail.sha256)


def test_an_expired_one_beside_a_good_one(tmp_path):
    """The good one is used, whichever comes first."""
    old, good = leaf(valid=pki.EXPIRED), leaf()
    for number, both in enumerate(((old, good), (good, old))):
        place = profile(tmp_path / str(number), {"id1": ALICE})
        run(holding(*both), place)
        assert used(place)["id1"] == (good.sha256, good.sha256)


def test_signing_only(tmp_path):
    """A certificate that only signs leaves what the account encrypts with."""
    both, signs = leaf(valid=pki.LONG), leaf(usage=pki.SIGN)
    place = profile(tmp_path / "p", {"id1": ALICE})
    run(holding(both), place)
    run(holding(signs), place, Wish(ALICE))
    assert used(place)["id1"] == (signs.sha256, both.sha256)


def test_no_account_with_that_address(tmp_path):
    """Named, it is refused before anything changes; with auto the certificate moves and that is noted."""
    alice, place = leaf(), profile(tmp_path / "p", {"id1": "bob@example.test", "id2": ""})
    with pytest.raises(NoMatch, match="no account of Thunderbird has the address"):
        run(holding(alice), place, Wish(ALICE))
    with pytest.raises(NoMatch, match="no certificate with a key"):
        run(holding(alice), place, Wish("bob@example.test"))
    report = run(holding(alice), place)
    assert outcomes(report) == {"id1": ("left", "no-match"), "id2": ("left", "no-address")}
    assert "no account of Thunderbird" in report.outcomes[0].step.notes[-1]
    assert report.status == "done"


def test_a_removed_account(tmp_path):
    """What is left of its settings is no account."""
    place = profile(tmp_path / "p", {"id1": "bob@example.test"}, id9__useremail=ALICE)
    before = (place / "prefs.js").read_bytes()
    with pytest.raises(NoMatch):
        run(holding(leaf()), place, Wish(ALICE))
    run(holding(leaf()), place)
    assert (place / "prefs.js").read_bytes() == before


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


class TestWhole:
    """Keys and accounts arrive together or not at all."""

    def test_settings_that_cannot_be_written(self, tmp_path, monkeypatch):
        """The key is taken back; both are as they were."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        before, moving = (place / "prefs.js").read_bytes(), migration(holding(alice), place)
        plan = moving.plan()

        def fail(*_: object) -> None:
            raise VerificationFailed("the disk")

        monkeypatch.setattr(type(moving.client), "associate", fail)
        report = moving.run(plan)
        assert [one.code for one in report.outcomes] == ["verification-failed"]
        assert outcomes(report)["id1"] == ("failed", "not-arrived")
        assert opened(place).list().entries == ()
        assert (place / "prefs.js").read_bytes() == before
        assert client(place).unfinished() == ()

    def test_settings_that_do_not_show_it(self, tmp_path, monkeypatch):
        """Success is what a fresh look says."""
        place = profile(tmp_path / "p", {"id1": ALICE})
        moving, before = migration(holding(leaf()), place), (place / "prefs.js").read_bytes()
        plan = moving.plan()
        monkeypatch.setattr(type(moving.client), "associate", lambda *_: None)
        assert [one.code for one in moving.run(plan).outcomes] == ["verification-failed"]
        assert opened(place).list().entries == ()
        assert (place / "prefs.js").read_bytes() == before

    def test_a_record_that_cannot_be_closed(self, tmp_path, monkeypatch):
        """What arrived has arrived; the next start closes it, and it can be undone."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        moving, before = migration(holding(alice), place), (place / "prefs.js").read_bytes()

        def fail(*_: object) -> None:
            raise VerificationFailed("the disk")

        plan = moving.plan()
        monkeypatch.setattr(type(moving.client), "finish", fail)
        assert moving.run(plan).status == "done"
        monkeypatch.undo()
        assert used(place)["id1"] == (alice.sha256, alice.sha256)
        client(place).restore(moving.points[0])
        assert (place / "prefs.js").read_bytes() == before

    @pytest.mark.parametrize("moment", ["prepare", "associate", "finish"])
    def test_ctrl_c(self, tmp_path, monkeypatch, moment):
        """Whenever it comes, the next start finds both or neither."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        moving, before = migration(holding(alice), place), (place / "prefs.js").read_bytes()
        plan, real = moving.plan(), getattr(type(moving.client), moment)

        def interrupt(*arguments: object) -> None:
            real(*arguments)
            raise KeyboardInterrupt

        monkeypatch.setattr(type(moving.client), moment, interrupt)
        with pytest.raises(KeyboardInterrupt):
            moving.run(plan)
        monkeypatch.undo()
        there = opened(place).list().entry(alice.sha256) is not None
        assert used(place)["id1"] == ((alice.sha256, alice.sha256) if there else (None, None))
        assert there is (moment == "finish")
        assert there or (place / "prefs.js").read_bytes() == before

    @pytest.mark.parametrize("moment", ["prepare", "associate"])
    def test_another_certferry_meanwhile(self, tmp_path, monkeypatch, moment):
        """Whoever opens the store while a run is under way leaves what that run has pending."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        moving = migration(holding(alice), place)
        plan, real = moving.plan(), getattr(type(moving.client), moment)

        def looked(*arguments: object) -> object:
            done = real(*arguments)
            recover(opened(place))
            return done

        monkeypatch.setattr(type(moving.client), moment, looked)
        report = moving.run(plan)
        assert (report.status, outcomes(report)["id1"]) == ("done", ("set", ""))
        assert used(place)["id1"] == (alice.sha256, alice.sha256)
        assert client(place).unfinished() == ()

    def test_taken_back_before_the_end(self, tmp_path, monkeypatch):
        """By somebody who did not wait: the key is there, and nobody is told that the account uses it."""
        alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
        moving = migration(holding(alice), place)
        plan, real = moving.plan(), type(moving.client).finish

        def late(mail: object, point: str) -> None:
            client(place).restore(point)
            real(mail, point)

        monkeypatch.setattr(type(moving.client), "finish", late)
        report = moving.run(plan)
        assert (report.status, outcomes(report)["id1"]) == ("partial", ("failed", "store-in-use"))
        assert moving.points == []
        assert opened(place).list().entry(alice.sha256).has_key

    def test_while_the_program_runs(self, tmp_path, monkeypatch):
        """Refused before a password is asked for and before anything is written."""
        place = profile(tmp_path / "p", {"id1": ALICE})
        moving = migration(holding(leaf()), place)
        plan, asked = moving.plan(), Given("")

        def running(*_: object) -> None:
            raise StoreInUse("Thunderbird is running")

        monkeypatch.setattr(type(moving.client), "require_writable", running)
        with pytest.raises(StoreInUse):
            replace(moving, ask_target=asked, ask_source=asked).run(plan)
        assert asked.asked == 0
        assert opened(place).list().entries == ()


def test_defaults_on_wish(tmp_path):
    """Signing and encrypting by default, on and off; left alone otherwise, and not set where nothing could do it."""
    alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE, "id2": "bob@example.test"})
    run(holding(alice), place, Wish(sign=True, encrypt=True))
    assert [(one.signs, one.encrypts) for one in client(place).accounts()] == [(True, True), (False, False)]
    run(holding(alice), place, Wish(encrypt=False))
    assert next((one.signs, one.encrypts) for one in client(place).accounts()) == (True, False)
    assert Prefs((place / "prefs.js").read_bytes()).value("mail.identity.id1.encryptionpolicy") == 0


def test_defaults_of_an_account_whose_certificate_stays(tmp_path):
    """They are set as wished, and taken back; the later certificate is left alone."""
    older = leaf(valid=pki.Validity(pki.NOW - pki.timedelta(days=30), pki.NOW + pki.timedelta(days=900)))
    newer, place = leaf(), profile(tmp_path / "p", {"id1": ALICE})
    run(holding(newer), place)
    before = (place / "prefs.js").read_bytes()
    moving = migration(holding(older), place, Wish(sign=True))
    report = moving.run(moving.plan())
    assert (report.status, outcomes(report)) == ("done", {"id1": ("set", "")})
    assert used(place)["id1"] == (newer.sha256, newer.sha256)
    assert client(place).accounts()[0].signs is True
    assert run(holding(older), place, Wish(sign=True)).status == "nothing"
    client(place).restore(moving.points[0])
    assert (place / "prefs.js").read_bytes() == before
    run(holding(older), place, Wish(sign=True))
    assert client(place).accounts()[0].signs is True


def test_a_wish_that_cannot_be_met(tmp_path):
    """What can be set is, the rest is said with a code of its own, and it is no success; once more likewise."""
    signs, place = leaf(usage=pki.SIGN), profile(tmp_path / "p", {"id1": ALICE})
    report = run(holding(signs), place, Wish(ALICE, sign=True, encrypt=True))
    assert (report.status, outcomes(report)) == ("partial", {"id1": ("set", "cannot-encrypt")})
    assert report.uses[0].reason == "--encrypt is not set: the account has no certificate that encrypts"
    assert [(one.signs, one.encrypts) for one in client(place).accounts()] == [(True, False)]
    assert outcomes(run(holding(signs), place, Wish(ALICE, encrypt=True))) == {"id1": ("kept", "cannot-encrypt")}
    run(holding(leaf(valid=pki.LONG)), place)
    assert outcomes(run(holding(signs), place, Wish(ALICE, encrypt=True)))["id1"] == ("set", "")
    assert [(one.signs, one.encrypts) for one in client(place).accounts()] == [(True, True)]


def test_what_the_mail_program_cannot_be_given(tmp_path):
    """A plan says it already: the certificate moves, that account is skipped, and the others are set."""
    alice, place = leaf(), profile(tmp_path / "p", {"id1": ALICE, "id2": ALICE})
    (place / "user.js").write_text('user_pref("mail.identity.id1.signing_cert_name", "Fixed");\n')
    moving = migration(holding(alice), place)
    plan = moving.plan()
    assert [(use.outcome, use.code) for use in plan.uses] == [("skipped", "unsupported"), ("set", "")]
    assert "user.js" in plan.uses[0].reason
    report = moving.run(plan)
    assert (report.status, outcomes(report)["id2"]) == ("partial", ("set", ""))
    assert used(place)["id2"] == (alice.sha256, alice.sha256)


def test_contacts(tmp_path):
    """Other people's e-mail certificates come along when asked for; nothing else that has no key does."""
    alice, friend = leaf(), leaf("Friend", "friend@example.test")
    server = leaf("Server", "hostmaster@example.test", eku=(pki.Eku.SERVER_AUTH,))
    source = holding(alice)
    put(source, bare(friend, "Friend"), bare(server, "Server"))
    for contacts in (False, True):
        place = profile(tmp_path / str(contacts), {"id1": ALICE})
        run(source, place, contacts=contacts, only=(ALICE,))
        listing = opened(place).list()
        assert (listing.entry(friend.sha256) is not None) is contacts
        assert listing.entry(server.sha256) is None


def test_within_one_store(tmp_path):
    """An account takes up a certificate that is there; nobody else's surroundings are touched."""
    alice, other = leaf(), leaf("Bob", "bob@example.test")
    place = profile(tmp_path / "p", {"id1": ALICE}, alice, other, trusted=False)
    store = opened(place)
    moving = Migration(store, store, Options(), Given(""), Given(""), client=client(place), wish=Wish(ALICE))
    plan = moving.plan()
    assert [(step.title, len(step.trust), len(step.additions)) for step in plan.steps] == [("Alice", 1, 0)]
    assert moving.run(plan).status == "done"
    assert used(place)["id1"] == (alice.sha256, alice.sha256)


def test_what_is_wrong_with_an_account(tmp_path):
    """Each fault is told by its own code."""
    cases = {
        "ok": leaf(), "expired": leaf(valid=pki.EXPIRED), "other-address": leaf(email="bob@example.test"),
        "wrong-usage": leaf(eku=(pki.Eku.CLIENT_AUTH,)), "not-yet-valid": leaf(valid=pki.FUTURE),
    }
    for code, one in cases.items():
        place = profile(tmp_path / code, {"id1": ALICE}, one)
        assert _codes(place, one) == (code, code)
    one = leaf(usage=pki.SIGN)
    assert _codes(profile(tmp_path / "sign", {"id1": ALICE}, one), one) == ("ok", "wrong-usage")
    one = leaf(key=keys.generate("ec-p256"))
    assert _codes(profile(tmp_path / "trust", {"id1": ALICE}, one, trusted=False), one) == ("not-trusted",) * 2
    assert _codes(profile(tmp_path / "missing", {"id1": ALICE}), one) == ("missing", "missing")
    place = profile(tmp_path / "no-key", {"id1": ALICE}, person("Bob"))
    store = opened(place)
    put(store, bare(one, "no key"))
    assert _codes(place, one) == ("no-key", "no-key")
    place = profile(tmp_path / "none", {"id1": ALICE})
    assert [(one.signing.code, one.encryption.code)
            for one in accounts.judge(client(place), opened(place).list(), pki.NOW)] == [("none", "none")]


def _codes(place, one: pki.Leaf) -> tuple[str, str]:
    """What is said of an account that uses that certificate for both."""
    from tests.applications.thunderbird_profile import certificate_settings, write

    write(place, certificate_settings("id1", one.der))
    (found,) = accounts.judge(client(place), opened(place).list(), pki.NOW)
    return found.signing.code, found.encryption.code
