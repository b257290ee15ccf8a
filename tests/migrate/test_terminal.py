"""What a person at a terminal meets: questions, three tries, Ctrl-C."""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.command import argv, certferry

pytestmark = pytest.mark.linux("a pseudo-terminal, and signals")


class Person:
    """A process on a pseudo-terminal, and what its user sees and types."""

    def __init__(self, *arguments: str | Path, output: Path | None = None) -> None:
        import pty

        self.pid, self.handle = pty.fork()
        if not self.pid:
            if output is not None:
                os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT), 1)
            line = argv(*arguments)
            os.execv(line[0], line)
        self.seen = ""

    def until(self, text: str, seconds: float = 20) -> str:
        """Read until a text appears."""
        end = time.monotonic() + seconds
        while text not in self.seen and time.monotonic() < end:
            if select.select([self.handle], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.handle, 4096).decode(errors="replace")
                except OSError:
                    break
        assert text in self.seen, self.seen
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text: str) -> None:
        """A line, with return."""
        os.write(self.handle, text.encode() + b"\r")

    def end(self) -> int:
        """The exit status, everything read."""
        while True:
            try:
                data = os.read(self.handle, 4096)
            except OSError:
                break
            if not data:
                break
            self.seen += data.decode(errors="replace")
        os.close(self.handle)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.slow
def test_questions_and_three_tries(nss_database, alice):
    """The plan, a yes, a password that is typed wrong once and never shown; then the outcome."""
    source, target = nss_database("old one"), nss_database()
    source.add_p12(alice.p12())
    person = Person("migrate", f"nss:{source.path}", f"nss:{target.path}")
    shown = person.until("Go on? [Y/n] ")
    assert "identity Alice RSA, alice@example.test" in shown
    person.type("y")
    person.until("Enter the primary password of")
    person.until(": ")
    person.type("mistyped")
    person.until("That was not it. Enter")
    person.until(": ")
    person.type("old one")
    assert person.end() == 0
    assert "mistyped" not in person.seen and "old one" not in person.seen
    assert "done" in person.seen and "key signs" in person.seen
    assert target.flags()["Alice RSA"] == "u,u,u"


def test_three_wrong_passwords(nss_database, alice):
    """After the third wrong one the program ends with status 3."""
    source, target = nss_database("old one"), nss_database()
    source.add_p12(alice.p12())
    person = Person("migrate", f"nss:{source.path}", f"nss:{target.path}", "--yes")
    for _ in range(3):
        person.until("Enter the primary password of")
        person.until(": ")
        person.type("wrong")
    assert person.end() == 3
    assert not target.private_keys()


def test_no(nss_database, alice):
    """A no changes nothing and is no failure."""
    source, target = nss_database(), nss_database()
    source.add_p12(alice.p12())
    person = Person("migrate", f"nss:{source.path}", f"nss:{target.path}")
    person.until("Go on? [Y/n] ")
    person.type("n")
    assert person.end() == 0
    assert "nothing was changed" in person.seen
    assert not target.private_keys()


@pytest.mark.slow
def test_an_end_of_input_is_no(nss_database, alice):
    """Ctrl-D at a question agrees to nothing: neither to a move nor to its undoing."""
    source, target = nss_database(), nss_database()
    source.add_p12(alice.p12())
    words = ("migrate", f"nss:{source.path}", f"nss:{target.path}")
    for command in (words, ("undo",)):
        before = target.private_keys()
        person = Person(*command)
        person.until("Go on? [Y/n] ")
        os.write(person.handle, b"\x04")
        assert person.end() == 0
        assert "nothing was changed" in person.seen
        assert target.private_keys() == before
        assert certferry(*words).status == 0


def test_a_new_file_asks_twice(nss_database, alice, tmp_path):
    """The password of a backup is asked for twice; two different entries make no file."""
    source = nss_database()
    source.add_p12(alice.p12())
    file = tmp_path / "alice.p12"
    person = Person("backup", f"nss:{source.path}", file, "--yes")
    person.until("Enter the new password of")
    person.until(": ")
    person.type("one")
    person.until("Enter it again: ")
    person.type("another")
    assert person.end() == 3
    assert not file.exists()


@pytest.mark.slow
def test_interrupt(nss_database, alice):
    """Ctrl-C ends with one sentence and status 130, and the target is as it was."""
    source, target = nss_database(), nss_database()
    source.add_p12(alice.p12())
    with closing(sqlite3.connect(target.path / "cert9.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        process = subprocess.Popen(argv("migrate", f"nss:{source.path}", f"nss:{target.path}"), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "certferry: interrupted; what was under way was taken back"
    assert not target.private_keys()
    assert certferry("migrate", f"nss:{source.path}", f"nss:{target.path}").status == 0


@pytest.mark.parametrize("source", ["file:-", "fd:0"])
def test_both_passwords_from_one_stream(nss_database, alice, source):
    """Two options that name the same stream take its lines in turn."""
    database, target = nss_database("first line"), nss_database("second line")
    database.add_p12(alice.p12())
    options = ["--from-password", source, "--to-password", source]
    line = argv("migrate", f"nss:{database.path}", f"nss:{target.path}", *options)
    done = subprocess.run(line, input=b"first line\r\nsecond line\n", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert target.flags()["Alice RSA"] == "u,u,u"


def test_completion():
    """What the shell asks after `certferry mi<TAB>` is answered with the command."""
    script = Path(sys.executable).with_name("certferry")
    asked = {"_CERTFERRY_COMPLETE": "complete_bash", "COMP_WORDS": "certferry mi", "COMP_CWORD": "1"}
    done = subprocess.run([script], env=os.environ | asked, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["migrate"]
