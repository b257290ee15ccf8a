"""Real Thunderbird uses what certferry moved and set: it signs with it, and opens what is encrypted to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import nss_tools, pki
from tests.applications import thunderbird, thunderbird_profile
from tests.applications.proof import NotProven
from tests.command import certferry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Leaf

pytestmark = [
    pytest.mark.linux("Thunderbird as Debian packs it"), pytest.mark.slow, pytest.mark.xdist_group("applications"),
]
ROOT = "Test Root - Certferry Tests"
FIREFOX_INI = """[Install3B6073811A6ABF12]
Default=aaaa.default-esr
[Profile0]
Name=default-esr
IsRelative=1
Path=aaaa.default-esr
[General]
Version=2
"""
THUNDERBIRD_INI = FIREFOX_INI.replace("3B6073811A6ABF12", "FDC34C9F024745EB")


def source(nss_database, *leaves: Leaf, trust: str = "CT,C,C") -> nss_tools.Database:
    """A profile with these identities, behind a password."""
    database = nss_database("old")
    for leaf in leaves:
        database.add_p12(leaf.p12(name=leaf.cn))
    database.trust(ROOT, trust)
    return database


def mailbox(nss_database, address: str, password: str | None = None, **more: object) -> Path:
    """A Thunderbird profile with one account and nothing in its store."""
    place = nss_database(password).path
    thunderbird_profile.with_account(place, address)
    thunderbird_profile.write(place, {f"mail.identity.id1.{name}": value for name, value in more.items()})
    return place


def moved(database: nss_tools.Database, place: Path, password: str | None = None, *more: str) -> None:
    """The main job, with the association."""
    ran = certferry("migrate", f"nss:{database.path}", f"nss:{place}", "--associate", "auto", *more,
                    source=database.password, target=password)
    assert ran.status == 0, ran.out + ran.err


@pytest.mark.parametrize("password", [None, "Sup3r pw!"])
@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256"])
def test_signs_and_decrypts(nss_database, intermediate, root, kind, password):
    """RSA and EC, with and without a primary password, below the chain that came along."""
    leaf = intermediate.leaf(f"Person {kind}", email="person@example.test", key=kind)
    place = mailbox(nss_database, "Person@Example.Test", password)
    moved(source(nss_database, leaf), place, password)
    proof = thunderbird.signs_and_decrypts(profile=place, cn=leaf.cn, password=password, ca=root.pem)
    assert proof.sha256 == leaf.sha256
    assert len(proof.shown) == 3


@pytest.mark.parametrize("password", [None, "Sup3r pw!"])
@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256"])
def test_a_pair(nss_database, intermediate, root, kind, password):
    """One certificate signs, mail is encrypted to the other, with and without a primary password."""
    signing, encryption = intermediate.pair("Dual Key", email="dual@example.test", key=kind)
    database = nss_database("old")
    for leaf in (signing, encryption):
        database.add_p12(leaf.p12())
    database.trust(ROOT, "CT,C,C")
    place = mailbox(nss_database, "dual@example.test", password)
    moved(database, place, password)
    assert signing.sha256 != encryption.sha256
    proof = thunderbird.signs_and_decrypts(profile=place, cn="Dual Key", password=password, ca=root.pem,
                                           encryption=encryption.sha256)
    assert proof.sha256 == signing.sha256
    assert len(proof.shown) == 3
    (account,) = certferry("mail", f"nss:{place}", "--json").json["accounts"]
    assert (account["signing"]["sha256"], account["encryption"]["sha256"]) == (signing.sha256, encryption.sha256)


def test_any_use_is_not_enough(nss_database, intermediate):
    """Thunderbird refuses to sign with a certificate that does not name e-mail: so it is moved and not set."""
    leaf = intermediate.leaf("Any Use", email="any@example.test", eku=(pki.Eku.ANY_EXTENDED_KEY_USAGE,))
    database, place = source(nss_database, leaf), mailbox(nss_database, "any@example.test")
    ran = certferry("migrate", f"nss:{database.path}", f"nss:{place}", "--associate", "auto", source="old")
    assert ran.status == 1 and "takes only what names e-mail" in ran.out
    thunderbird_profile.write(place, thunderbird_profile.certificate_settings("id1", leaf.der))
    with pytest.raises(NotProven, match="not approved"):
        thunderbird.signs_and_decrypts(profile=place, cn=leaf.cn, encrypt=False)


def test_the_words_for_both_programs(nss_database, alice, root, home):
    """`migrate firefox thunderbird`: both profiles are found, and Thunderbird picks the one that was set."""
    firefox, mail = home / ".mozilla" / "firefox", home / ".thunderbird"
    for tree, text in ((firefox, FIREFOX_INI), (mail, THUNDERBIRD_INI)):
        (tree / "aaaa.default-esr").mkdir(parents=True)
        (tree / "profiles.ini").write_text(text)
    browser = nss_tools.create(firefox / "aaaa.default-esr", "old")
    browser.add_p12(alice.p12())
    browser.trust(ROOT, "CT,C,C")
    thunderbird_profile.with_account(mail / "aaaa.default-esr", "alice@example.test")
    ran = certferry("migrate", "firefox", "thunderbird", "--associate", "auto", "--json", source="old")
    assert ran.status == 0 and ran.json["steps"][0]["associated"] == ["alice@example.test"], ran.out
    assert thunderbird.signs_and_decrypts(home=home, cn=alice.cn, ca=root.pem).sha256 == alice.sha256


def test_trust_that_was_agreed_to(nss_database, alice, root):
    """Below a root that the source does not trust for mail: with --yes Thunderbird signs."""
    place = mailbox(nss_database, "alice@example.test")
    moved(source(nss_database, alice, trust="CT,,"), place, None, "--yes")
    assert thunderbird.signs_and_decrypts(profile=place, cn=alice.cn, ca=root.pem, encrypt=False)


def test_the_old_certificate_still_opens_old_mail(nss_database, intermediate, root):
    """A renewed certificate is used, the expired one comes along and decrypts."""
    old = intermediate.leaf("Old Person", email="p@example.test", key="rsa-2048", valid=pki.EXPIRED)
    new = intermediate.leaf("New Person", email="p@example.test", key="rsa-2048")
    place = mailbox(nss_database, "p@example.test")
    moved(source(nss_database, old, new), place)
    assert thunderbird.signs_and_decrypts(profile=place, cn="New Person", ca=root.pem).sha256 == new.sha256
    assert thunderbird.decrypts(profile=place, cn="Old Person").sha256 == old.sha256


def test_contacts(nss_database, intermediate, alice):
    """Mail to a correspondent, whose certificate came along without a key, can be encrypted."""
    friend = intermediate.leaf("Friend", email="Friend@Example.Test", key="rsa-2048")
    database = source(nss_database, alice)
    database.add_certificate(friend.der, "Friend")
    place = mailbox(nss_database, "alice@example.test")
    moved(database, place, None, "--with-contacts")
    assert thunderbird.certificate_for("friend@example.test", profile=place) == friend.sha256
    with pytest.raises(NotProven, match="no valid certificate"):
        thunderbird.certificate_for("nobody@example.test", profile=place)


def test_undone(nss_database, alice):
    """Thunderbird no longer signs after undo."""
    place = mailbox(nss_database, "alice@example.test")
    moved(source(nss_database, alice), place)
    assert certferry("undo", "--yes").status == 0
    with pytest.raises(NotProven, match="no identity"):
        thunderbird.signs_and_decrypts(profile=place, cn=alice.cn, encrypt=False)
