"""The command line as a Windows user meets it: paths of every form, code pages, no terminal, Ctrl-C, closed pipes."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests import nss_tools
from tests.windows.wine import PYTHON

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pki import Authority, Leaf
    from tests.windows.wine import Machine

pytestmark = pytest.mark.slow
OLD, NEW, FILE = "old password", "neues Paßwort", "file password"


@pytest.fixture
def source(nss_database: Callable[..., nss_tools.Database], alice: Leaf) -> nss_tools.Database:
    """A profile with Alice's identity, made by the NSS tools."""
    database = nss_database(OLD)
    database.add_p12(alice.p12())
    database.trust("Test Root - Certferry Tests", "CT,C,")
    return database


def check(target: Path, password: str | None = NEW) -> None:
    """What the NSS tools, on the Linux around, say of a profile after Alice arrived."""
    database = nss_tools.Database(target, password)
    assert database.flags()["Alice RSA"] == "u,u,u"
    assert database.flags()["Test Root - Certferry Tests"] == "CT,C,"
    assert database.verify("Alice RSA", "C") is None


def moved(machine: Machine, source: nss_tools.Database, place: str, target: Path) -> None:
    """Move Alice to a place that is named as Windows names it, and look for her where Linux finds it."""
    ran = machine.certferry("migrate", machine_place(machine, source), place, source=OLD, target=NEW)
    assert ran.status == 0, ran.err
    check(target)


def machine_place(machine: Machine, database: nss_tools.Database) -> str:
    """The location of a database on this system."""
    return f"nss:{machine.path(database.path)}"


FORMS = {
    "spaces": r"nss:C:\Program Data\my profile",
    "not ASCII": r"nss:C:\Profile\Jürgen Größe 中文 é",
    "slashes": "nss:C:/with/slashes",
    "another drive": r"nss:E:\profile",
    "verbatim": r"nss:\\?\C:\verbatim",
    "share": r"nss:\\server\share\profile",
    "special characters": r"nss:C:\100% & (#1) 'it'^",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_path(form: str, machine: Machine, source: nss_tools.Database, tmp_path: Path) -> None:
    """A new profile is made there, whole, and the source, named with a drive letter, is read."""
    machine.drive("e", tmp_path)
    (machine.prefix / "dosdevices/unc/server").mkdir(parents=True)
    (machine.prefix / "dosdevices/unc/server/share").symlink_to(tmp_path)
    place = FORMS[form].removeprefix("nss:")
    target = tmp_path / "profile" if form == "share" else machine.place(place.removeprefix("\\\\?\\"))
    target.parent.mkdir(parents=True, exist_ok=True)
    moved(machine, source, FORMS[form], target)
    listed = machine.certferry("list", place, "--json")  # the bare path is recognised too
    assert [one["has_key"] for one in listed.json["stores"][0]["certificates"]].count(True) == 1


def test_a_path_beyond_260_characters(machine: Machine, source: nss_tools.Database) -> None:
    """Profile, backup file and the way back, at a place that the classic limit of Windows would refuse."""
    deep = machine.disk.joinpath(*["a directory with a long name"] * 10)
    deep.mkdir(parents=True)
    place = machine.path(deep)
    assert len(place) > 280
    moved(machine, source, f"nss:{place}\\profile", deep / "profile")
    ran = machine.certferry("backup", f"nss:{place}\\profile", f"{place}\\alice.p12", source=NEW, file=FILE)
    assert ran.status == 0, ran.err
    ran = machine.certferry("restore", f"{place}\\alice.p12", f"nss:{place}\\second", target=NEW, file=FILE)
    assert ran.status == 0, ran.err
    check(deep / "second")
    assert machine.certferry("undo", "--yes").status == 0
    assert not (deep / "second/key4.db").exists()


def test_the_form_that_long_paths_take(shared_machine: Machine) -> None:
    """Wine takes any length, Windows takes long paths in one form only: they get it, short ones stay as they are."""
    code = r"""
from pathlib import Path
from profiles.disk import extended
long = "\\".join(["long name"] * 30)
for start in (r"C:", r"\\server\share", r"\\?\C:"):
    print(str(extended(Path(start + "\\" + long))).replace(long, "long"), extended(Path(start + "\\short")))
"""
    said = shared_machine.python("-c", code)
    assert said.out.splitlines() == [
        r"\\?\C:\long C:\short", r"\\?\UNC\server\share\long \\server\share\short", r"\\?\C:\long \\?\C:\short",
    ], said.err


def test_files_by_kind_and_drive(machine: Machine, source: nss_tools.Database, tmp_path: Path) -> None:
    """``p12:C:\\…``, a PEM pair with two drive letters, and a file with a drive letter but no kind."""
    machine.drive("e", tmp_path)
    chain = [(machine_place(machine, source), r"p12:C:\alice.p12", OLD, FILE),
             (r"C:\alice.p12", r"pem:C:\alice.crt,E:\alice.key", FILE, None),
             (r"pem:C:\alice.crt,E:\alice.key", r"nss:E:\end", None, NEW)]
    for start, end, opens, seals in chain:
        ran = machine.certferry("migrate", start, end, source=opens, target=seals or "")
        assert ran.status == 0, ran.err
    check(tmp_path / "end")


@pytest.mark.parametrize("variable", [{"PYTHONUTF8": "0"}, {"PYTHONUTF8": "0", "PYTHONIOENCODING": "cp437"},
                                      {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}])
def test_a_name_that_the_code_page_lacks(variable: dict[str, str], machine: Machine, root: Authority,
                                         nss_database: Callable[..., nss_tools.Database]) -> None:
    """It is shown as well as can be, the move goes on, and JSON has it whole."""
    leaf = root.leaf("Zoë 中文 ✓ Пример", email="zoe@example.test", key="rsa-2048")
    database = nss_database()
    database.add_p12(leaf.p12())
    location = machine_place(machine, database)
    listed = machine.certferry("list", location, env=variable)
    assert listed.status == 0 and "zoe@example.test" in listed.out, listed.err
    moved_there = machine.certferry("migrate", location, r"nss:C:\new", target="", env=variable)
    assert moved_there.status == 0 and "done" in moved_there.out, moved_there.err
    found = machine.certferry("list", r"nss:C:\new", "--json", env=variable)
    assert found.out.isascii()
    assert leaf.cn in [json.loads(found.out)["stores"][0]["certificates"][number]["nickname"] for number in (0, 1)]


def test_without_a_terminal_nothing_waits(machine: Machine, source: nss_tools.Database) -> None:
    """NUL, which calls itself a terminal there, and an empty pipe: the sentence, the hint, the status."""
    words = ("migrate", machine_place(machine, source), r"nss:C:\new")
    for stdin in (None, b""):
        ran = machine.certferry(*words, stdin=stdin, timeout=60)
        assert ran.status == 3 and "no terminal" in ran.err and "file:PATH" in ran.err, ran.err
        as_json = machine.certferry(*words, "--json", stdin=stdin, timeout=60)
        assert (as_json.status, as_json.json["error"]["code"]) == (3, "password-needed")
    assert not (machine.disk / "new").exists()


def test_passwords_on_standard_input(machine: Machine, source: nss_tools.Database) -> None:
    """Two lines as a Windows shell pipes them, with characters beyond ASCII."""
    options = ("--from-password", "file:-", "--to-password", "file:-")
    ran = machine.certferry("migrate", machine_place(machine, source), r"nss:C:\new", *options,
                            stdin=f"{OLD}\r\n{NEW}\r\n".encode())
    assert ran.status == 0, ran.err
    check(machine.disk / "new")


def test_a_password_from_a_command(machine: Machine, source: nss_tools.Database) -> None:
    """Whose path has backslashes, as those of Windows have."""
    (machine.disk / "password.txt").write_text(f"{NEW}\n", encoding="utf-8")
    ran = machine.certferry("migrate", machine_place(machine, source), r"nss:C:\new", "--to-password",
                            r"cmd:C:\windows\system32\cmd.exe /c type C:\password.txt", source=OLD)
    assert ran.status == 0, ran.err
    check(machine.disk / "new")


@pytest.mark.parametrize(("status", "words"), [
    (0, ("stores",)), (2, ("no-such-command",)), (8, ("list", r"nss:C:\absent")), (8, ("list", r"Q:\absent")),
    (7, ("list", r"C:\windows\win.ini")), (8, ("migrate", "firefox", r"nss:C:\x")), (8, ("undo",)),
    (8, ("backup", "firefox", r"C:\a<b>?.p12")), (7, ("list", r"nss:C:\windows\system32")),
])
def test_exit_status(status: int, words: tuple[str, ...], shared_machine: Machine) -> None:
    """The numbers of the README, with one sentence."""
    ran = shared_machine.certferry(*words)
    assert ran.status == status, ran.err
    assert status in (0, 2) or ran.err.count("certferry: ") == 1


def test_a_wrong_password(shared_machine: Machine, source: nss_tools.Database) -> None:
    """Status 3, and no target appears."""
    ran = shared_machine.certferry("migrate", machine_place(shared_machine, source), r"nss:C:\wrong", source="wrong",
                                   target=NEW)
    assert ran.status == 3 and "not the primary password" in ran.err
    assert not (shared_machine.disk / "wrong").exists()


def test_a_closed_pipe(shared_machine: Machine, source: nss_tools.Database) -> None:
    """Whoever read the output went away: no traceback, no complaint about the system."""
    for words in (("list", machine_place(shared_machine, source)), ("--help",)):
        process = shared_machine.start(PYTHON, "-m", "migrate", *words)
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read().decode()
        process.stderr.close()
        assert process.wait(60) in (0, 1)
        assert said == ""


def test_ctrl_c(machine: Machine, source: nss_tools.Database, nss_database: Callable[..., nss_tools.Database]) -> None:
    """One sentence, status 130, and the target as it was. (Raised in the process: Wine has no console here.)"""
    import sqlite3

    target = nss_database()
    code = ("import sys, threading, _thread; from migrate.cli import main\n"
            "threading.Timer(float(sys.argv.pop(1)), _thread.interrupt_main).start()\nmain()")
    words = ("-c", code, "3", "migrate", machine_place(machine, source), machine_place(machine, target))
    holder = sqlite3.connect(target.path / "cert9.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    secret = machine.home / "secret"
    secret.write_text(OLD)
    process = machine.start(PYTHON, *words, "--from-password", f"file:{machine.path(secret)}")
    _, said = process.communicate(timeout=60)
    holder.close()
    assert process.returncode == 130
    assert said.decode().splitlines()[-1].startswith("certferry: interrupted")
    assert not target.private_keys()


def test_applications_are_found_in_appdata(machine: Machine, source: nss_tools.Database) -> None:
    """Firefox and Thunderbird where Windows keeps them, by name, and by name from one to the other."""
    for root, password in (("Mozilla/Firefox", OLD), ("Thunderbird", NEW)):
        directory = machine.roaming / root / "Profiles/abcd1234.default-release"
        directory.mkdir(parents=True)
        if password == OLD:
            for name in ("cert9.db", "key4.db"):
                (directory / name).write_bytes((source.path / name).read_bytes())
        else:
            nss_tools.create(directory, NEW)
        (directory / "prefs.js").touch()
        (machine.roaming / root / "profiles.ini").write_text(
            "[Install308046B0AF4A39CB]\nDefault=Profiles/abcd1234.default-release\nLocked=1\n\n[Profile0]\n"
            "Name=default-release\nIsRelative=1\nPath=Profiles/abcd1234.default-release\n", newline="\r\n")
    stores = machine.certferry("stores", "--json").json["stores"]
    assert [(one["location"], one["state"], one["identities"]) for one in stores] == [
        ("firefox:default-release", "ready", 1), ("thunderbird:default-release", "ready", 0),
        ("windows", "ready", 0), ("windows:machine", "ready", 0)]
    assert stores[0]["path"].startswith("C:\\users\\")
    ran = machine.certferry("migrate", "firefox", "thunderbird", source=OLD, target=NEW)
    assert ran.status == 0, ran.err
    check(machine.roaming / "Thunderbird/Profiles/abcd1234.default-release")
    journal = list(machine.local.rglob("journal.jsonl"))
    assert len(journal) == 1 and "certferry" in str(journal[0])
    assert machine.certferry("migrate", "firefox", "thunderbird", "--json").json["status"] == "nothing"
    assert machine.certferry("undo", "--yes").status == 0
    assert not nss_tools.Database(machine.roaming / "Thunderbird/Profiles/abcd1234.default-release", NEW).private_keys()


HOLD = ("import _winapi, sys, time\n"
        "_winapi.CreateFile(sys.argv[1], 0xC0000000, 0, 0, 4, 0, 0)\n"
        "open(sys.argv[2], 'w').close(); sys.stdin.read()")


def test_a_running_application_is_noticed(machine: Machine, source: nss_tools.Database) -> None:
    """Its lock is held as Firefox holds it: opened without sharing (nsProfileLock.cpp). Released, nothing is said."""
    directory = machine.disk / "running"
    nss_tools.create(directory, NEW)
    held = machine.home / "held"
    process = machine.start(PYTHON, "-c", HOLD, directory / "parent.lock", held, stdin=subprocess.PIPE)
    end = time.monotonic() + 60
    while not held.exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    words = ("migrate", machine_place(machine, source), r"nss:C:\running")
    ran = machine.certferry(*words, source=OLD, target=NEW)
    assert ran.status == 0 and "is running" in ran.err, ran.err
    process.communicate(timeout=60)
    assert machine.certferry("undo", "--yes").status == 0
    ran = machine.certferry(*words, source=OLD, target=NEW)
    assert ran.status == 0 and "is running" not in ran.err, ran.err
