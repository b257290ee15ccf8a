"""What ``stores``, ``list`` and ``doctor`` say of stores that are missing, old or broken: the same, with the reason."""

from __future__ import annotations

import os

import pytest

from tests.command import certferry

pytestmark = pytest.mark.linux("where Firefox keeps its profiles on Linux")


@pytest.fixture
def profile(home):
    """The profile that Firefox uses, empty yet."""
    made = home / ".mozilla" / "firefox" / "p.default"
    made.mkdir(parents=True)
    (made.parent / "profiles.ini").write_text("[Profile0]\nName=default\nIsRelative=1\nPath=p.default\nDefault=1\n")
    (made / "compatibility.ini").write_text("[Compatibility]\n")
    return made


def test_no_store_at_all():
    """It is said, in words and in JSON."""
    assert certferry("list").out == "no store was found\n"
    assert certferry("list", "--json").json == {"schema": 1, "stores": [], "problems": []}


def test_one_of_several_that_is_broken(nss_database):
    """It stands beside the others, with no empty columns."""
    found = certferry("list", "nope", f"nss:{nss_database().path}")
    assert found.status == 1
    assert found.out.splitlines()[0] == "nope  broken"


@pytest.mark.slow
def test_a_damaged_database(profile):
    """It is broken wherever it is shown, and why; nobody counts what is in it."""
    for name in ("cert9.db", "key4.db"):
        (profile / name).write_bytes(b"no database at all" * 100)
    for command in ("stores", "doctor"):
        store = certferry(command, "--json").json["stores"][0]
        assert (store["state"], store["identities"]) == ("broken", None)
        said = certferry(command).out
        assert "Firefox, broken" in said or "Firefox  broken" in said
        assert "is not a sound database file" in said and "0 identities" not in said


@pytest.mark.slow
def test_an_old_database(profile):
    """It is called old by both, and stores says what is the matter with it too."""
    (profile / "cert8.db").write_bytes(b"\0")
    for command in ("stores", "doctor"):
        assert certferry(command, "--json").json["stores"][0]["state"] == "legacy"
    assert "holds a database of the old format" in certferry("stores").out
    assert certferry("stores", "--json").json["stores"][0]["problems"][0]["code"] == "unsupported"


def test_file_password_without_a_file(nss_database):
    """An option that has nothing to say is refused, and not passed over."""
    location, other = f"nss:{nss_database().path}", f"nss:{nss_database().path}"
    for arguments in (["list", location], ["migrate", location, other]):
        found = certferry(*arguments, "--json", file="pw")
        assert found.status == 2
        assert "--file-password is for files" in found.json["error"]["message"]


def test_for_without_a_pkcs12_file(nss_database, tmp_path):
    """Nor is one that says who has to open a file, where there is none to open."""
    (tmp_path / "broken.p12").write_bytes(b"0\x82\x10\0\x02\x01\x030")
    found = certferry("check", f"nss:{nss_database().path}", "--for", "java8", "--json")
    assert (found.status, found.json["error"]["code"]) == (2, "usage")
    assert certferry("check", tmp_path / "broken.p12", "--for", "java8", "--json").status == 7


def test_who_is_in_the_way_is_said_once(nss_database, alice, home):
    """The program that has the target open stands in the sentence, and not behind it once more."""
    import fcntl

    source, database = nss_database(), nss_database()
    source.add_p12(alice.p12())
    profile = home / ".thunderbird" / "p.default"
    profile.parent.mkdir()
    database.path.rename(profile)
    (profile.parent / "profiles.ini").write_text("[Profile0]\nName=default\nIsRelative=1\nPath=p.default\nDefault=1\n")
    (profile / "compatibility.ini").write_text("[Compatibility]\n")
    (profile / "prefs.js").write_text('user_pref("mail.identity.id1.useremail", "alice@example.test");\n'
                                      'user_pref("mail.account.account1.identities", "id1");\n'
                                      'user_pref("mail.accountmanager.accounts", "account1");\n')
    with (profile / ".parentlock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        found = certferry("migrate", f"nss:{source.path}", "thunderbird:default", "--associate", "auto", "--yes")
    assert found.status == 4
    assert "is running" in found.err and found.err.count(f"(process {os.getpid()})") == 1
