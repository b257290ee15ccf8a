"""Which account gets which certificate: one clear outcome for every case, and the accounts show it afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrate.mailing import Wish
from profiles.errors import NoMatch
from tests import pki
from tests.askers import Given
from tests.migrate.mailing import ALICE, holding, leaf, migration, outcomes, run, used
from tests.profiles.mail.accounts import client, profile
from tests.profiles.pkcs12.material import certificate
from tests.profiles.place import middle


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
