"""Names of files tell whose they are, are safe everywhere, and never meet."""

from __future__ import annotations

import re
import unicodedata

import pytest

from migrate.naming import Content, file_names
from profiles.certificate import Certificate
from tests import pki

MONTH = f"{pki.CURRENT.end:%Y-%m}"
SAFE = re.compile(r"[\w.-]+_\d{4}-\d{2}(_[0-9a-f]{8})?(_\d+)?\.p12")


def step(leaf: pki.Leaf, nickname: str = "") -> Content:
    """An identity to be saved."""
    return Content(Certificate.parse(leaf.der), leaf.sha256, nickname)


def named(*steps: Content, taken: tuple[str, ...] = ()) -> list[str]:
    """Their files."""
    return file_names(steps, lambda name: name in taken)


def test_whose_it_is_and_until_when(root: pki.Authority) -> None:
    """The address first, the name where there is none."""
    alice, bob = root.leaf("Alice", email="alice@example.com"), root.leaf("Bob Łukasz Müller")
    assert named(step(alice), step(bob)) == [f"alice_example.com_{MONTH}.p12", f"Bob_Łukasz_Muller_{MONTH}.p12"]


def test_two_of_one_person(root: pki.Authority) -> None:
    """A certificate to sign and one to encrypt: told apart by fingerprint; so is one that differs in case only."""
    emails = ("carol@example.com", "carol@example.com", "Carol@Example.com")
    leaves = [root.leaf("Carol", email=email) for email in emails]
    assert named(*map(step, leaves)) == [f"{email.replace('@', '_')}_{MONTH}_{leaf.sha256[:8]}.p12"
                                         for email, leaf in zip(emails, leaves, strict=True)]


def test_what_is_there_is_not_met(root: pki.Authority) -> None:
    """A number then."""
    alice = step(root.leaf("Alice", email="alice@example.com"))
    there = (f"alice_example.com_{MONTH}.p12", f"alice_example.com_{MONTH}_2.p12")
    assert named(alice, taken=there) == [f"alice_example.com_{MONTH}_3.p12"]


@pytest.mark.parametrize("nasty", [
    "../../etc/passwd", "..", ".", "/", "a/b\\c:d", "-rf", ".hidden", "CON", "con.example", "LPT1", "a\0b", "a\nb",
    "\u202egnp.exe", "\x1b[31mred", "x" * 200, "ü" * 200, '*?<>|"', " ", "名前", "…", "e\u0301", "~root", "$(id)",
])
def test_nasty_names(root: pki.Authority, nasty: str) -> None:
    """Nothing hidden, no path, no option, no device, no more than a file system takes, no letters that hide."""
    try:
        leaf = root.leaf(nasty)
    except ValueError:  # no certificate has such a name
        leaf = root.leaf("Alice")
    (name,) = named(step(leaf, nasty))
    assert SAFE.fullmatch(name), name
    assert len(name.encode()) < 120
    assert name[0] not in ".-" and name.partition(".")[0].casefold() not in ("con", "lpt1")
    assert unicodedata.normalize("NFC", name) == name


def test_a_key_alone() -> None:
    """By its nickname and its id."""
    bare = Content(None, "91b19e9d2e847f41b8c00735070025e5c7f7af80", "Enrolment: 7")
    assert named(bare) == ["Enrolment_7_91b19e9d.p12"]
