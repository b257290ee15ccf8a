"""Real Firefox and Chromium use what certferry moved: a server that demands the certificate is the judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import nss_tools
from tests.applications import chromium, firefox
from tests.command import certferry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Leaf

pytestmark = [
    pytest.mark.linux("applications as Debian packs them"), pytest.mark.slow, pytest.mark.xdist_group("applications"),
]


def moved(source: nss_tools.Database, target: Path, password: str | None) -> None:
    """Run the main job into a profile."""
    ran = certferry("migrate", f"nss:{source.path}", f"nss:{target}", source=source.password, target=password)
    assert ran.status == 0, ran.err


@pytest.fixture(params=["rsa", "ec"])
def leaf(request, alice, bob) -> Leaf:
    """One identity of each algorithm."""
    return alice if request.param == "rsa" else bob


@pytest.fixture
def source(nss_database, leaf) -> nss_tools.Database:
    """A profile with the identity, behind a password."""
    database = nss_database("old")
    database.add_p12(leaf.p12())
    database.trust("Test Root - Certferry Tests", "CT,C,C")
    return database


@pytest.mark.parametrize("password", [None, "Sup3r pw!"])
def test_firefox(source, nss_database, leaf, root, password):
    """Firefox presents the migrated certificate with its intermediate, with and without a primary password."""
    target = nss_database(password)
    moved(source, target.path, password)
    proof = firefox.authenticates(profile=target.path, cn=leaf.cn, password=password, ca=root.pem, sha256=leaf.sha256)
    assert proof.sha256 == leaf.sha256


def test_firefox_with_a_password_of_its_own(source, tmp_path, leaf, root):
    """Into and out of a profile whose primary password Firefox itself set (48-byte salt, SHA-384)."""
    profile = tmp_path / "profile"
    nss_tools.create(profile)
    firefox.set_password(profile, "set by Firefox")
    import sqlite3

    salt = sqlite3.connect(profile / "key4.db").execute("SELECT item1 FROM metaData WHERE id = 'password'").fetchone()
    assert len(salt[0]) == 48
    moved(source, profile, "set by Firefox")
    firefox.authenticates(profile=profile, cn=leaf.cn, password="set by Firefox", ca=root.pem)
    back = tmp_path / "back"
    nss_tools.create(back)
    moved(nss_tools.Database(profile, "set by Firefox", modern=True), back, None)
    assert nss_tools.Database(back).flags()[leaf.cn] == "u,u,u"
    assert nss_tools.Database(back).verify(leaf.cn, "C") is None


def test_firefox_on_a_database_certferry_made(source, tmp_path, leaf, root):
    """A profile that had no database before is one that Firefox takes as its own."""
    profile = tmp_path / "fresh"
    profile.mkdir()
    moved(source, profile, None)
    firefox.authenticates(profile=profile, cn=leaf.cn, ca=root.pem)


@pytest.mark.parametrize("password", [None, "Sup3r pw!"])
def test_chromium(source, nss_database, leaf, root, password):
    """Chromium presents the migrated certificate, with and without a password on its database."""
    target = nss_database(password)
    moved(source, target.path, password)
    chromium.authenticates(nssdb=target.path, cn=leaf.cn, password=password, ca=root.pem, sha256=leaf.sha256)


def test_chromium_finds_it_by_itself(source, home, leaf, root):
    """The location word `chromium` is the database that Chromium looks into."""
    ran = certferry("migrate", f"nss:{source.path}", "chromium", source=source.password)
    assert ran.status == 0, ran.err
    assert not (home / ".pki").exists()
    chromium.authenticates(home=home, cn=leaf.cn, ca=root.pem)


def test_firefox_that_runs(source, tmp_path, leaf):
    """Into a running Firefox: it sees the certificate at once, and nothing is replaced under it."""
    from tests.applications import gecko
    from tests.applications.workspace import workspace

    profile = tmp_path / "profile"
    nss_tools.create(profile)
    inodes = [(profile / name).stat().st_ino for name in ("cert9.db", "key4.db")]
    with workspace() as directory, gecko.running(firefox.BINARY, directory, profile=profile) as marionette:
        marionette.start()
        moved(source, profile, None)
        listed = marionette.script("firefox_certificates")
    assert any(leaf.cn in str(one) for one in listed)
    assert [(profile / name).stat().st_ino for name in ("cert9.db", "key4.db")] == inodes
