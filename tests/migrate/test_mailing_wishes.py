"""What a user wants of accounts besides a certificate, what comes along, and what is wrong with one."""

from __future__ import annotations

from migrate import accounts
from migrate.engine import Migration
from migrate.mailing import Wish
from migrate.plan import Options
from profiles.mail.prefs import Prefs
from tests import keys, pki
from tests.askers import Given
from tests.migrate.mailing import ALICE, holding, leaf, migration, outcomes, run, used
from tests.profiles.mail.accounts import client, opened, profile
from tests.profiles.pkcs12.material import bare
from tests.profiles.place import person, put


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
