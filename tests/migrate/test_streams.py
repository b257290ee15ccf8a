"""Streams that are closed, full or no terminal: the work is done all the same, and only what is true is said."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.command import argv, certferry
from tests.migrate.test_terminal import Person

pytestmark = pytest.mark.linux("a shell's redirections, /dev/full, a pseudo-terminal")


def shell(redirection: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A run with its streams redirected by the shell."""
    line = ["sh", "-c", f'exec "$@" {redirection}', "sh", *argv(*arguments)]
    return subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          start_new_session=True)


@pytest.fixture
def stores(nss_database, alice):
    """A source with an identity and an empty target."""
    source, target = nss_database(), nss_database()
    source.add_p12(alice.p12())
    return f"nss:{source.path}", f"nss:{target.path}", target


@pytest.mark.slow
@pytest.mark.parametrize("command", ["list", "stores", "check", "--version", "--help"])
def test_closed_output(stores, command):
    """With nowhere to print to, a command ends as it would, without a word."""
    arguments = [command, stores[0]] if command in ("list", "check") else [command]
    done = shell(">&-", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (certferry(*arguments).status, "", "")


@pytest.mark.slow
def test_moving_with_closed_output(stores):
    """The move and its undoing are done; the databases never land in the place of a closed stream."""
    source, target, database = stores
    done = shell("0<&- >&- 2>&-", "migrate", source, target)
    assert done.returncode == 0
    assert database.flags()["Alice RSA"] == "u,u,u"
    assert shell(">&-", "undo", target).returncode == 0
    assert not database.private_keys()


def test_closed_errors(stores):
    """What belongs beside the result never gets into it."""
    source, target, _ = stores
    done = shell("2>&-", "migrate", source, target, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["status"] == "done"


def test_closed_input_is_no_empty_password(stores, tmp_path):
    """A password from an input that is closed is one that cannot be read."""
    file = tmp_path / "new.p12"
    done = shell("<&-", "backup", stores[0], file, "--file-password", "file:-", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "usage"
    assert not file.exists()


def test_full_output(stores):
    """Where the report cannot be written, it is not said that nothing was done."""
    source, target, database = stores
    done = shell(">/dev/full", "migrate", source, target)
    assert done.returncode == 1
    assert "its report could not be written: No space left on device" in done.stderr
    assert "nothing half done" not in done.stderr and "taken back" not in done.stderr
    assert database.flags()["Alice RSA"] == "u,u,u"


def test_full_errors(stores):
    """That a note cannot be written is no reason to stop in the middle."""
    source, target, database = stores
    done = shell("2>/dev/full", "migrate", source, target, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["status"] == "done"
    assert database.flags()["Alice RSA"] == "u,u,u"


def test_end_of_input_at_a_prompt(nss_database, alice):
    """Ctrl-D at a password prompt: no password came, from a terminal that is there; the option is named."""
    source, target = nss_database("old one"), nss_database()
    source.add_p12(alice.p12())
    person = Person("migrate", f"nss:{source.path}", f"nss:{target.path}", "--yes")
    person.until("Enter the primary password of")
    person.until(": ")
    os.write(person.handle, b"\x04")
    assert person.end() == 3
    assert "and none was entered" in person.seen and "no terminal" not in person.seen
    assert "--from-password" in person.seen and "--…-password" not in person.seen


def test_interrupt_at_a_prompt(nss_database, alice, tmp_path):
    """Ctrl-C there with --json is told in JSON too."""
    source = nss_database("old one")
    source.add_p12(alice.p12())
    out = tmp_path / "out"
    person = Person("migrate", f"nss:{source.path}", f"nss:{tmp_path}/new", "--json", output=out)
    person.until("Enter the primary password of")
    person.until(": ")
    os.write(person.handle, b"\x03")
    assert person.end() == 130
    assert json.loads(out.read_text())["error"]["code"] == "interrupted"


@pytest.mark.parametrize(("terminal", "coloured"), [("xterm", True), ("dumb", False)])
def test_dumb_terminal(stores, monkeypatch, terminal, coloured):
    """A terminal that says that it knows no escape sequences gets none."""
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.delenv("NO_COLOR", raising=False)
    person = Person("list", stores[0])
    assert person.end() == 0
    assert ("\x1b[" in person.seen) is coloured
