"""Hints with commands in them: pasted into a shell, they name the place that they are about."""

from __future__ import annotations

import re
import shlex
import shutil

import pytest

from tests.command import certferry

pytestmark = pytest.mark.linux("a POSIX shell")
NAME = "al'ice $x & co"


@pytest.fixture
def odd(nss_database, alice, tmp_path):
    """A profile and a file in a directory with such a name, and the directory."""
    place = tmp_path / NAME
    place.mkdir()
    database = nss_database()
    database.add_p12(alice.p12())
    shutil.copytree(database.path, place / "profile")
    (place / "a.p12").write_bytes(alice.p12("pw"))
    (place / "empty").mkdir()
    return place


def words(hint: str) -> list[str]:
    """The command in a hint, as a shell takes it."""
    return shlex.split(re.search(r"`(.*)`", hint)[1] if "`" in hint else hint)


@pytest.mark.slow
def test_commands_in_hints(odd):
    """Each names the odd place as one word."""
    profile, file = f"nss:{odd}/profile", f"{odd}/a.p12"
    for arguments, wanted in [
        (["migrate", profile, "p12:new.p12", "--only", "nobody"], ["certferry", "list", profile]),
        (["convert", profile, "new.p12"], ["certferry", "backup", profile, "FILE.p12"]),
        (["doctor", file], ["certferry", "check", file]),
    ]:
        assert words(certferry(*arguments, "--json").json["error"]["hint"]) == wanted
    found = certferry("restore", odd, f"nss:{odd}/profile", "--associate", "a@example.test", "--json").json["error"]
    assert words(found["hint"].partition("say: ")[2]) == [
        "certferry", "mail", profile, "--set", "a@example.test"]
    hint = certferry("list", odd / "empty", "--json").json["error"]["hint"]
    assert words(hint.partition("say ")[2].removesuffix(".")) == [f"nss:{odd}/empty"]


def test_a_file_to_carry(odd):
    """A referral and its guide name the file so that it can be typed."""
    made = f"{odd}/for notes.p12"
    found = certferry("migrate", f"nss:{odd}/profile", f"notes:{made}", "--yes", file="a long new password")
    (hint,) = [line for line in found.out.splitlines() if "certferry guide" in line]
    assert words(hint) == ["certferry", "guide", "notes", "--file", made]
    text = certferry(*words(hint)[1:]).out
    assert shlex.split(text.partition("Look with: ")[2].splitlines()[0]) == ["certferry", "list", made]


def test_the_remedy_of_an_old_database(odd, tmp_path):
    """list and doctor name one command, which the NSS tools take."""
    old = odd / "old"
    old.mkdir()
    for name in ("cert8.db", "key3.db"):
        (old / name).write_bytes(b"\0")
    hint = certferry("list", f"nss:{old}", "--json").json["error"]["hint"]
    assert shlex.split(hint.partition(": ")[2]) == [
        "certutil", "--merge", "-d", f"sql:{old}", "--source-dir", f"dbm:{old}"]
    (finding,) = certferry("doctor", f"nss:{old}", "--json").json["stores"][0]["findings"]
    assert finding["remedy"] == hint
