"""doctor names what stands between a certificate and an application, and the commands it names mend it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from migrate.checkup.finding import Finding, Severity
from migrate.doctor.diagnosis import diagnosis
from migrate.doctor.patient import Patient, look_at
from profiles.discover import discover
from tests import nss_tools, pki
from tests.applications import firefox
from tests.applications.proof import NotProven
from tests.command import certferry
from tests.profiles.products import trees

if TYPE_CHECKING:
    from tests.pki import Authority, Leaf

FIXTURES = Path(__file__).parents[2] / "fixtures"
ROOT, BETWEEN = "Test Root - Certferry Tests", "Test Intermediate - Certferry Tests"


def mozilla(home: Path, where: str, name: str = "default-release", library: str = "") -> nss_tools.Database:
    """A profile that the application at that place starts with, its database made by the NSS tools."""
    path = home / where / f"abcd1234.{name}"
    database = nss_tools.create(path)
    trees.profile(path, "times.json", "prefs.js")
    (path / "compatibility.ini").write_text(f"[Compatibility]\nLastPlatformDir={library or '/usr/lib/firefox-esr'}\n")
    trees.write_ini(home / where, (name, path.name), install=path.name)
    return database


@pytest.fixture
def in_firefox(home: Path) -> nss_tools.Database:
    """The profile of Firefox."""
    return mozilla(home, trees.FIREFOX)


@pytest.fixture
def in_thunderbird(home: Path) -> nss_tools.Database:
    """The profile of Thunderbird."""
    return mozilla(home, trees.THUNDERBIRD, library="/usr/lib/thunderbird")


def doctor(kind: str) -> list[Finding]:
    """What is found in an application's stores."""
    patients = [look_at(found) for found in discover().found]
    return [finding for one in patients if one.kind == kind for finding in diagnosis(one, patients)]


def found(kind: str, code: str) -> Finding:
    """The one finding of that code, which must be there."""
    (one,) = [finding for finding in doctor(kind) if finding.code == code]
    return one


def problems(kind: str) -> list[str]:
    """What keeps things from working."""
    return [one.code for one in doctor(kind) if one.severity is Severity.PROBLEM]


def mend(finding: Finding) -> None:
    """Do what the finding says."""
    ran = certferry(*finding.command)
    assert ran.status == 0, ran.err


def test_nothing_wrong(in_firefox, alice: Leaf) -> None:
    """A profile in order has no findings."""
    in_firefox.add_p12(alice.p12())
    assert doctor("firefox") == []


@pytest.mark.slow
def test_no_stores() -> None:
    """A computer without stores is no failure."""
    ran = certferry("doctor", "--json")
    assert (ran.status, ran.json["status"]) == (0, "sound")
    assert {store["location"] for store in ran.json["stores"]} == trees.OF_SYSTEM


@pytest.mark.parametrize(("options", "code"), [
    ({"valid": pki.EXPIRED}, "expired"),
    ({"valid": pki.FUTURE}, "not-yet-valid"),
    ({"eku": (pki.Eku.EMAIL_PROTECTION,)}, "usage"),
    ({"usage": pki.ENCRYPT_EC}, "usage"),
])
def test_what_firefox_does_not_offer(in_firefox, intermediate: Authority, options: dict[str, Any], code: str) -> None:
    """By validity and by use."""
    in_firefox.add_p12(intermediate.leaf("Alice", email="a@example.test", **options).p12())
    assert problems("firefox") == [code]


@pytest.mark.slow
@pytest.mark.linux("Firefox as Debian packs it")
@pytest.mark.xdist_group("applications")
@pytest.mark.parametrize("options", [{"valid": pki.EXPIRED}, {"eku": (pki.Eku.EMAIL_PROTECTION,)}],
                         ids=["expired", "for mail only"])
def test_firefox_agrees(in_firefox, intermediate: Authority, root: Authority, options: dict[str, Any]) -> None:
    """Real Firefox presents what doctor finds nothing wrong with, and does not present the others."""
    in_firefox.add_p12(intermediate.leaf("Sound", email="a@example.test").p12())
    assert problems("firefox") == []
    firefox.authenticates(profile=in_firefox.path, cn="Sound", ca=root.pem)
    in_firefox.add_p12(intermediate.leaf("Unfit", email="b@example.test", **options).p12())
    assert [(one.subject, one.severity) for one in doctor("firefox")] == [("Unfit", Severity.PROBLEM)]
    with pytest.raises(NotProven):
        firefox.authenticates(profile=in_firefox.path, cn="Unfit", ca=root.pem)


@pytest.mark.slow
def test_an_encryption_certificate_beside_its_mate(in_firefox, intermediate: Authority) -> None:
    """Of a pair, the one for encryption is not for logging in: that is as it should be."""
    for one in intermediate.pair("Alice", email="a@example.test", key="ec-p256"):
        in_firefox.add_p12(one.p12())
    assert problems("firefox") == []


@pytest.mark.slow
def test_key_in_another_store(in_firefox, in_thunderbird, alice: Leaf, intermediate: Authority) -> None:
    """Where the key is, and the command that brings it; after it nothing is missing."""
    in_firefox.add_p12(alice.p12())
    in_thunderbird.add_certificate(alice.der, "Alice")
    missing = found("thunderbird", "key-missing")
    assert "firefox:default-release has both" in missing.message
    mend(missing)
    assert "key-missing" not in problems("thunderbird")
    assert [one.nickname for one in in_thunderbird.private_keys()]


@pytest.mark.slow
def test_a_bare_key_in_another_store(in_firefox, in_thunderbird, alice: Leaf) -> None:
    """A pending key here and its certificate there find each other."""
    in_firefox.add_p12(alice.p12())
    in_firefox.delete("Alice RSA")  # the certificate alone: its key stays
    in_thunderbird.add_certificate(alice.der, "Alice")
    assert "the key is in firefox:default-release" in found("thunderbird", "key-missing").message
    waiting = found("firefox", "certificate-missing")
    assert "thunderbird:default-release has it" in waiting.message
    mend(waiting)
    assert "certificate-missing" not in [one.code for one in doctor("firefox")]


def test_other_peoples_certificates(in_thunderbird, bob: Leaf) -> None:
    """A correspondent's certificate has no key, and needs none."""
    in_thunderbird.add_certificate(bob.der, "Bob")
    assert problems("thunderbird") == []


@pytest.mark.slow
def test_chain(in_firefox, in_thunderbird, alice: Leaf, intermediate: Authority, root: Authority) -> None:
    """Which certificate is missing, where it is, and that bringing it over is enough."""
    in_firefox.add_p12(alice.p12(chain=[]))
    assert problems("firefox") == ["chain-incomplete"]
    in_thunderbird.add_certificate(intermediate.der, "between")
    in_thunderbird.add_certificate(root.der, "root", "C,C,")
    missing = found("firefox", "chain-incomplete")
    assert "thunderbird:default-release has it" in missing.message
    mend(missing)
    assert problems("firefox") == []


@pytest.mark.slow
def test_trust_for_mail(in_firefox, in_thunderbird, alice: Leaf) -> None:
    """Thunderbird signs only below an authority that is trusted for e-mail; another store's trust is brought over."""
    in_thunderbird.add_p12(alice.p12())
    assert problems("thunderbird") == ["not-trusted-for-mail"]
    assert found("thunderbird", "not-trusted-for-mail").command == ()
    in_firefox.add_p12(alice.p12())
    in_firefox.trust(ROOT, "C,C,")
    mend(found("thunderbird", "not-trusted-for-mail"))
    assert problems("thunderbird") == []
    assert in_thunderbird.flags()[ROOT].split(",")[1] == "C"


@pytest.mark.parametrize("eku", [pki.Eku.CLIENT_AUTH, pki.Eku.ANY_EXTENDED_KEY_USAGE])
def test_use_in_mail(in_thunderbird, intermediate: Authority, eku: Any) -> None:
    """A certificate for logging in is of no use for mail."""
    in_thunderbird.add_p12(intermediate.leaf("Alice", email="a@x.test", eku=(eku,)).p12())
    assert problems("thunderbird") == ["usage"]


@pytest.mark.slow
def test_another_profile_than_the_one_in_use(in_firefox, home: Path, alice: Leaf) -> None:
    """The identity is in a profile that Firefox does not start with."""
    other = nss_tools.create(home / trees.FIREFOX / "efgh5678.old")
    other.add_p12(alice.p12())
    trees.write_ini(home / trees.FIREFOX, ("default-release", "abcd1234.default-release"),
                    ("old", "efgh5678.old"), install="abcd1234.default-release")
    unused = found("firefox", "profile-not-used")
    assert unused.severity is Severity.PROBLEM
    assert unused.command == ("migrate", "firefox:old", "firefox:default-release")


@pytest.mark.linux("the database of Chromium")
@pytest.mark.slow
def test_a_database_that_chromium_does_not_read(home: Path, alice: Leaf) -> None:
    """An empty ~/.pki/nssdb hides the certificates at the newer place."""
    nss_tools.create(home / ".local/share/pki/nssdb").add_p12(alice.p12())
    nss_tools.create(home / ".pki/nssdb")
    patients = [look_at(one) for one in discover().found]
    wrong = [finding for one in patients for finding in diagnosis(one, patients) if finding.code == "hidden"]
    (hidden,) = wrong
    assert hidden.command == ("migrate", f"nss:{home}/.local/share/pki/nssdb", "chromium")


@pytest.mark.linux("the database of Chromium")
def test_a_password_too_new_for_chromium(home: Path) -> None:
    """Chromium's NSS is the system's, and calls the right password wrong; so does its certutil."""
    path = home / ".pki/nssdb"
    shutil.copytree(FIXTURES / "nss-3.125-password", path)
    with pytest.raises(nss_tools.ToolError):
        nss_tools.Database(path, "Fixture pässword").private_keys()
    unreadable = found("chromium", "password-unreadable")
    assert unreadable.severity is Severity.PROBLEM
    shutil.rmtree(path)
    shutil.copytree(FIXTURES / "nss-3.87-password", path)
    assert "password-unreadable" not in problems("chromium")


@pytest.mark.slow
def test_old_databases(home: Path, alice: Leaf) -> None:
    """cert8.db alone, and cert8.db beside a new database without keys."""
    path = home / trees.FIREFOX / "abcd1234.default-release"
    nss_tools.create(path, kind="dbm").add_p12(alice.p12())
    trees.profile(path, "times.json", "compatibility.ini")
    trees.write_ini(home / trees.FIREFOX, ("default-release", path.name), install=path.name)
    assert problems("firefox") == ["legacy-database"]
    for one in nss_tools.create(home / "elsewhere").path.iterdir():  # in place, certutil would bring the old one in
        shutil.copy(one, path)
    assert problems("firefox") == ["legacy-beside"]
    remedy = found("firefox", "legacy-beside").remedy
    assert f"certutil --merge -d sql:{path} --source-dir dbm:{path}" in remedy


@pytest.mark.slow
def test_trust_of_another_database(in_thunderbird, tmp_path: Path, alice: Leaf) -> None:
    """cert9.db copied to another key4.db: its trust is there to see, and counts for nothing."""
    in_thunderbird.add_p12(alice.p12())
    in_thunderbird.trust(ROOT, "C,C,")
    assert problems("thunderbird") == []
    other = nss_tools.create(tmp_path / "other")
    other.add_p12(alice.p12())
    shutil.copyfile(other.path / "key4.db", in_thunderbird.path / "key4.db")
    assert "trust-not-proved" in problems("thunderbird")


@pytest.mark.slow
def test_a_locked_database(in_firefox, alice: Leaf) -> None:
    """A program that holds the database is no reason for a traceback."""
    in_firefox.add_p12(alice.p12())
    with closing(sqlite3.connect(in_firefox.path / "cert9.db", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert problems("firefox") == ["store-in-use"]


@pytest.mark.slow
def test_words_and_status(in_firefox, in_thunderbird, alice: Leaf, tmp_path: Path) -> None:
    """1 where something stands in the way, 0 where nothing does; one application, one location, or all."""
    in_firefox.add_p12(alice.p12())
    ran = certferry("doctor", "firefox")
    assert ran.status == 0 and "nothing stands in the way" in ran.out
    in_thunderbird.add_certificate(alice.der, "Alice")
    ran = certferry("doctor")
    assert ran.status == 1
    assert "certferry migrate firefox:default-release thunderbird:default-release --only" in ran.out
    ran = certferry("doctor", f"nss:{in_thunderbird.path}", "--json")
    assert (ran.status, [store["location"] for store in ran.json["stores"]]) == (1, ["thunderbird:default-release"])
    (tmp_path / "a.p12").write_bytes(alice.p12())
    ran = certferry("doctor", tmp_path / "a.p12")
    assert ran.status == 7 and "certferry check" in ran.err
    assert certferry("doctor", "seamonkey").status == 8


def test_it_changes_nothing(in_firefox, home: Path, alice: Leaf) -> None:
    """Not a byte, not a time."""
    in_firefox.add_p12(alice.p12())
    (top, *_), before = Path(trees.FIREFOX).parts, trees.fingerprint(home)
    assert isinstance(look_at(discover().found[0]), Patient)
    assert doctor("firefox") == []
    assert trees.fingerprint(home) == before
    assert [one.name for one in home.iterdir()] == [top]
