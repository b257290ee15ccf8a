"""Mail accounts from the command line: --associate, the mail command, the question about trust, and undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import pki
from tests.command import certferry
from tests.migrate.test_terminal import Person
from tests.profiles.mail.accounts import FOR_EMAIL, opened, profile, settings
from tests.profiles.place import middle, person

if TYPE_CHECKING:
    from pathlib import Path

ALICE = "person@example.test"
"""The address in everybody's certificate here."""


@pytest.fixture
def source(tmp_path) -> Path:
    """A profile with Alice, whose root it trusts for e-mail."""
    return profile(tmp_path / "source", {}, person("Alice"))


@pytest.fixture
def place(tmp_path) -> Path:
    """A profile with her mail account."""
    return profile(tmp_path / "place", {"id1": ALICE, "id2": "bob@example.test"})


@pytest.mark.slow
def test_there_and_back(source, place):
    """Moved and set in one step, seen by `mail`, nothing left to do, and taken back to the last byte."""
    before = (place / "prefs.js").read_bytes()
    ran = certferry("migrate", f"nss:{source}", f"nss:{place}", "--associate", "auto", "--sign", "--json")
    (step,) = ran.json["steps"]
    assert (ran.status, ran.json["status"], step["associated"], step["trust_beyond_source"]) == (
        0, "done", [ALICE], [])
    assert [(one["account"], one["outcome"], one["signing"]) for one in ran.json["associations"]] == [
        ("id1", "set", person("Alice").sha256), ("id2", "left", None)]
    shown = certferry("mail", f"nss:{place}", "--json").json["accounts"]
    assert [(one["email"], one["sign"], one["signing"] and one["signing"]["code"]) for one in shown] == [
        (ALICE, True, "ok"), ("bob@example.test", False, None)]
    again = certferry("migrate", f"nss:{source}", f"nss:{place}", "--associate", "auto")
    assert again.status == 0 and "nothing to do" in again.out and "uses that already" in again.out
    ran = certferry("undo", "--yes")
    assert ran.status == 0 and "mail accounts use what they used" in ran.out
    assert (place / "prefs.js").read_bytes() == before
    assert opened(place).list().entries == ()


def test_an_account_without_a_name(source, tmp_path):
    """It is called something all the same."""
    place = profile(tmp_path / "p", {"id7": ""})
    ran = certferry("migrate", f"nss:{source}", f"nss:{place}", "--associate", "auto")
    assert "the account without an address (id7) is left as it is" in ran.out


def test_a_plan_changes_nothing(source, place):
    """--dry-run says which account would use what."""
    before = {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}
    ran = certferry("migrate", f"nss:{source}", f"nss:{place}", "--associate", ALICE, "--dry-run")
    assert ran.status == 0 and f"the account {ALICE} (id1) signs and encrypts with Alice" in ran.err
    assert {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()} == before


@pytest.mark.slow
def test_undo_says_what_it_leaves(source, place):
    """An account that somebody changed since keeps that, and is named; the keys go all the same."""
    assert certferry("migrate", f"nss:{source}", f"nss:{place}", "--associate", "auto").status == 0
    theirs = settings({"id1": ALICE, "id2": "bob@example.test"}, id1__signing_cert_name="Mine",
                      id1__signing_cert_dbkey="AAAA")
    (place / "prefs.js").write_bytes(theirs)
    ran = certferry("undo", "--yes")
    assert ran.status == 0
    assert f"the account {ALICE} was changed since: what it uses stays" in ran.err
    assert "as it was before, but for what is told below" in ran.out and "use what they used" not in ran.out
    assert (place / "prefs.js").read_bytes() == theirs
    assert opened(place).list().entries == ()


@pytest.mark.slow
def test_set_in_place(tmp_path):
    """`mail --set` gives the account what the store holds already; undo gives back what it had."""
    older = middle().leaf("Older", email=ALICE)
    place = profile(tmp_path / "place", {"id1": ALICE}, older)
    assert certferry("mail", f"nss:{place}", "--set", ALICE).status == 0
    first = (place / "prefs.js").read_bytes()
    profile(tmp_path / "place", {}, middle().leaf("Newer", email=ALICE))
    (place / "prefs.js").write_bytes(first)
    shown = certferry("mail", f"nss:{place}").out
    assert "signs with  Older" in shown and shown.count("  ok") == 2
    ran = certferry("mail", f"nss:{place}", "--set", ALICE, "--only", "Newer", "--json")
    assert (ran.status, ran.json["associations"][0]["outcome"]) == (0, "set")
    assert "signs with  Newer" in certferry("mail", f"nss:{place}").out
    assert certferry("undo", f"nss:{place}", "--yes").status == 0
    assert (place / "prefs.js").read_bytes() == first


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "status", "says"), [
    (("migrate", "{source}", "{place}", "--associate", "nobody@example.test"), 8, "bob@example.test"),
    (("migrate", "{source}", "{place}", "--sign"), 2, "--associate"),
    (("migrate", "{place}", "{source}", "--associate", "auto"), 7, "no mail accounts"),
    (("mail", "{source}"), 7, "no mail accounts"),
    (("mail", "{place}", "--set", "bob@example.test"), 8, "no certificate with a key"),
    (("mail", "{place}", "--set", "oops"), 8, "no account"),
])
def test_refused(source, place, arguments, status, says):
    """One sentence, what to do next, and nothing changed."""
    (source / "prefs.js").write_text('user_pref("browser.startup.page", 3);\n')
    before = (place / "prefs.js").read_bytes()
    ran = certferry(*(one.format(source=f"nss:{source}", place=f"nss:{place}") for one in arguments))
    assert ran.status == status and says in ran.err, ran.err
    assert (place / "prefs.js").read_bytes() == before
    assert opened(place).list().entries == ()


@pytest.mark.parametrize("option", [("--sign",), ("--no-encrypt",), ("--only", "x"), ("--to-password", "tty"),
                                    ("--dry-run",)])
def test_what_belongs_to_set(place, option):
    """Without it nothing would be done: that is a mistake on the command line, not a list."""
    ran = certferry("mail", f"nss:{place}", *option, "--yes")
    assert (ran.status, ran.out) == (2, "")
    assert f"{option[0].replace('no-', '')} belongs to --set" in ran.err


def test_a_wish_that_cannot_be_met(tmp_path, place):
    """Its status is no success, and the account is named with what is missing, in the plan and afterwards."""
    source = profile(tmp_path / "signing", {}, middle().leaf("Signer", email=ALICE, usage=pki.SIGN))
    ran = certferry("migrate", f"nss:{source}", f"nss:{place}", "--associate", ALICE, "--encrypt")
    assert ran.status == 1
    assert "--encrypt is not set" in ran.err and "signs with Signer" in ran.out and "--encrypt is not set" in ran.out


@pytest.fixture
def wary(tmp_path) -> Path:
    """A profile with Alice that trusts her root for nothing."""
    return profile(tmp_path / "wary", {}, person("Alice"), trusted=False)


def _trusted(place: Path) -> bool:
    return opened(place).list().entry(person("Alice").chain[-1].sha256).trust == FOR_EMAIL


@pytest.mark.slow
def test_trust_without_a_terminal(wary, place):
    """Nobody was asked, so nothing more is trusted and the account is left; --yes is an answer."""
    ran = certferry("migrate", f"nss:{wary}", f"nss:{place}", "--associate", ALICE)
    assert ran.status == 1 and "with --yes" in ran.out
    assert not _trusted(place)
    ran = certferry("migrate", f"nss:{wary}", f"nss:{place}", "--associate", ALICE, "--yes", "--json")
    assert (ran.status, ran.json["steps"][0]["associated"]) == (0, [ALICE])
    assert ran.json["steps"][0]["trust_beyond_source"] == [person("Alice").chain[-1].sha256]
    assert _trusted(place)


@pytest.mark.linux("a pseudo-terminal")
@pytest.mark.slow
@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("", 1), ("n", 1)])
def test_trust_at_a_terminal(wary, place, answer, status):
    """The question names the authority, says what follows, and takes no for the default."""
    user = Person("migrate", f"nss:{wary}", f"nss:{place}", "--associate", ALICE)
    asked = user.until("[y/N]")
    assert "Contract Root" in asked and "count as genuine" in asked
    user.type(answer)
    user.until("Go on?")
    user.type("y")
    assert user.end() == status
    assert _trusted(place) is (status == 0)
    assert (b"signing_cert_name" in (place / "prefs.js").read_bytes()) is (status == 0)
