"""What goes wrong is told the same way everywhere: a sentence or one JSON object, a status, and never a traceback."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from migrate.cli import main
from tests.command import Ran, certferry
from tests.conftest import isolate
from tests.unprivileged import load_everything, unprivileged

UNKNOWN = "~no-user-of-that-name"
LINUX_NAMES = pytest.mark.linux("how long a name may be")


@pytest.mark.parametrize("arguments", [
    ["migrate"], ["list", "--bogus"], ["nope"], ["migrate", "a"], ["check", "x", "--engine", "foo"],
    ["migrate", "a", "b", "--engine", "foo"], [],
], ids=" ".join)
def test_usage(arguments):
    """A command line that cannot be is a usage error, in JSON where that was asked for."""
    found = certferry(*arguments, "--json")
    assert found.status == 2 and found.err == ""
    assert found.json["error"]["code"] == "usage"
    assert "--help`" in found.json["error"]["hint"]
    plain = certferry(*arguments)
    assert plain.status == 2 and plain.out == "" and plain.err


@pytest.mark.parametrize("arguments", [
    ["list", f"nss:{UNKNOWN}/x"], ["list", f"p12:{UNKNOWN}/x.p12"], ["list", f"pem:a,{UNKNOWN}/b"],
    ["list", f"pem:{UNKNOWN}/a,b"], ["check", f"{UNKNOWN}/x"], ["restore", f"{UNKNOWN}/x.p12", "nss:new"],
    ["stores", "--root", UNKNOWN], ["doctor", f"nss:{UNKNOWN}"],
    pytest.param(["list", f"nss:{'x' * 300}"], marks=LINUX_NAMES),
    pytest.param(["list", "p12:" + "x" * 300], marks=LINUX_NAMES),
], ids=lambda arguments: " ".join(arguments)[:40])
def test_no_such_place(arguments):
    """A home of nobody, or a name that no file can have, is a place where nothing is."""
    found = certferry(*arguments, "--json")
    assert found.status == 8
    assert found.json["error"]["code"] == "store-not-found"


@pytest.mark.parametrize("source", ["fd:²", "fd:99999999999999999999", f"file:{UNKNOWN}/x", "fd:987"])
def test_no_such_password(nss_database, alice, source):
    """A password that is nowhere is a usage error, whatever is mistyped."""
    database = nss_database("secret")
    database.add_p12(alice.p12())
    found = certferry("backup", f"nss:{database.path}", database.path.parent / "new.p12", "--from-password", source,
                      "--file-password", source, "--json")
    assert found.status == 2
    assert found.json["error"]["code"] == "usage"


@pytest.mark.parametrize("command", ["backup", "convert", "password"])
def test_no_home_to_write_to(nss_database, alice, tmp_path, command):
    """A file that would be made there is refused before anything is done."""
    database = nss_database()
    database.add_p12(alice.p12())
    file = tmp_path / "alice.p12"
    file.write_bytes(alice.p12("pw"))
    found = {"backup": lambda: certferry("backup", f"nss:{database.path}", f"{UNKNOWN}/x.p12", "--json"),
             "convert": lambda: certferry("convert", file, f"{UNKNOWN}/d/e", "--split", "--json", file="pw"),
             "password": lambda: certferry("backup", f"nss:{database.path}", tmp_path / "new.p12", "--generate",
                                           "--password-to", f"{UNKNOWN}/x", "--json")}[command]()
    assert found.status == 8
    assert "there is no directory" in found.json["error"]["message"]
    assert not (tmp_path / "new.p12").exists()


@pytest.mark.slow
def test_missing_directory_is_said_first(nss_database, alice, tmp_path):
    """That the directory of a new file is missing is said before a plan is shown."""
    database = nss_database()
    database.add_p12(alice.p12())
    for arguments in (("migrate", f"nss:{database.path}", tmp_path / "nodir" / "x.p12"),
                      ("backup", f"nss:{database.path}", tmp_path / "nodir" / "x.p12"),
                      ("backup", f"nss:{database.path}", f"{tmp_path}/nodir/more/")):
        found = certferry(*arguments, file="pw")
        assert found.status == 8
        assert found.err.splitlines()[0] == f"certferry: there is no directory {tmp_path / 'nodir'}"


def as_nobody(*arguments: object) -> Ran:
    """The command line in a process of a user without rights, loaded before."""
    def act() -> tuple[int, str, str]:
        sys.argv = ["certferry", *map(str, arguments)]
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            try:
                main()
            except SystemExit as end:
                return int(end.code or 0), out.getvalue(), err.getvalue()
        return 0, out.getvalue(), err.getvalue()

    found = unprivileged(act)
    assert isinstance(found, tuple), found
    return Ran(*found)


@pytest.fixture
def closed(nss_database, alice, monkeypatch):
    """A profile and a file in a directory that only another user may look into; beside it an open one, and a home."""
    if not hasattr(os, "geteuid") or os.geteuid():
        pytest.skip("takes root to make what another user may not see")
    with tempfile.TemporaryDirectory() as made:  # the directories of the tests are closed to others
        place = Path(made, "closed")
        shutil.copytree(_filled(nss_database, alice), place / "profile")
        shutil.copytree(place / "profile", Path(made, "open"))
        for path in (Path(made), *Path(made, "open").iterdir()):
            path.chmod(0o755)
        (place / "a.p12").write_bytes(alice.p12("pw"))
        place.chmod(0o700)
        Path(made, "home").mkdir()
        isolate(monkeypatch, Path(made, "home"))
        monkeypatch.chdir(made)
        load_everything()
        yield place
        monkeypatch.undo()


def _filled(nss_database, alice):
    database = nss_database()
    database.add_p12(alice.p12())
    return database.path


@pytest.mark.linux("owners and modes of files")
@pytest.mark.parametrize("arguments", [
    ["list", "nss:{closed}"], ["list", "nss:{closed}/profile"], ["list", "{closed}"], ["list", "{closed}/a.p12"],
    ["list", "../{name}/closed"], ["list", "firefox:{closed}/"], ["doctor", "nss:{closed}/profile"],
    ["check", "{closed}/a.p12"], ["check", "p12:{closed}/a.p12"], ["migrate", "nss:{closed}/profile", "p12:new.p12"],
    ["backup", "nss:{open}", "{closed}/y.p12"], ["restore", "{closed}/a.p12", "nss:new"],
    ["undo", "nss:{closed}/profile"], ["stores", "--root", "{closed}"], ["convert", "{closed}/a.p12", "new.p12"],
    ["migrate", "nss:{open}", "p12:{closed}/new.p12"],
], ids=" ".join)
def test_a_place_that_may_not_be_looked_into(closed, arguments):
    """It is neither empty nor missing: access is denied, with status 4 and one object."""
    words = [word.format(closed=closed, name=closed.parent.name, open=closed.parent / "open") for word in arguments]
    found = as_nobody(*words, "--json")
    assert found.status == 4, (found.out, found.err)
    assert found.json["error"]["code"] == "access-denied"
    assert str(closed) in found.json["error"]["message"]


@pytest.mark.linux("owners and modes of files")
def test_a_file_that_may_not_be_read(closed):
    """Likewise where its directory may be looked into."""
    closed.chmod(0o755)
    (closed / "a.p12").chmod(0o600)
    for arguments in (["restore", closed / "a.p12", "nss:new"], ["list", closed / "a.p12"]):
        found = as_nobody(*arguments, "--json")
        assert found.status == 4
        assert found.json["error"]["code"] == "access-denied"


@pytest.mark.linux("owners and modes of files")
@pytest.mark.parametrize("barred", [".mozilla", ".mozilla/firefox", ".pki", ".config", ".gnupg"])
def test_an_application_whose_place_is_barred(closed, barred):
    """That nothing was found there is no news where nobody could look."""
    home = closed.parent / "home"
    (home / barred).mkdir(parents=True)
    (home / barred).chmod(0o700)
    for command in ("stores", "doctor"):
        found = as_nobody(command)
        assert "no store was found" in found.out
        assert f"{home / barred} may not be entered" in found.err
    problems = as_nobody("stores", "--json").json["problems"]
    assert [one["code"] for one in problems] == ["access-denied"]
    if barred.startswith(".mozilla"):
        found = as_nobody("list", "firefox", "--json")
        assert found.status == 4
        assert "may not be entered" in found.json["error"]["message"]


def test_a_root_with_dots(nss_database, tmp_path, home):
    """A disk that is named by way of its parent directory is looked at as any other."""
    firefox = home / ".mozilla" / "firefox"
    firefox.mkdir(parents=True)
    nss_database().path.rename(firefox / "p.default")
    (firefox / "profiles.ini").write_text("[Profile0]\nName=default\nIsRelative=1\nPath=p.default\nDefault=1\n")
    found = certferry("stores", "--root", f"{home}/../{home.name}", "--json").json
    assert found["problems"] == []
    assert [one["path"] for one in found["stores"]] == [os.path.realpath(firefox / "p.default")]


@pytest.mark.linux("names that are not UTF-8")
def test_a_name_that_is_not_text(nss_database, alice, tmp_path):
    """No file is made under a name that could not be read back by it."""
    database = nss_database()
    database.add_p12(alice.p12())
    name = f"{tmp_path}/q\udcff.p12"
    found = certferry("backup", f"nss:{database.path}", name, file="pw")
    assert found.status == 8
    assert found.err.splitlines()[0] == f"certferry: '{tmp_path}/q\\udcff.p12' is not a location"
    assert not os.path.lexists(name)
    assert certferry("list", name).err == certferry("check", name).err == found.err


def test_a_database_file_names_its_profile(nss_database, alice):
    """With its kind as without."""
    database = nss_database()
    database.add_p12(alice.p12())
    for location in (database.path / "cert9.db", f"nss:{database.path / 'cert9.db'}"):
        assert certferry("list", location, "--json").json["stores"][0]["location"] == f"nss:{database.path}"


def test_a_database_that_is_a_directory(nss_database):
    """It is said what it is, and not that a disk failed."""
    database = nss_database()
    (database.path / "cert9.db").unlink()
    (database.path / "cert9.db").mkdir()
    found = certferry("list", f"nss:{database.path}", "--json")
    assert found.status == 7
    assert found.json["error"]["message"] == f"{database.path / 'cert9.db'} is a directory"
