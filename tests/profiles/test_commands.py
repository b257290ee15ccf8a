"""What is told to type works when it is pasted."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from profiles.commands import certferry, typed

ODD = "/home/al'ice $HOME/`id` \"x\" \\é;#.p12"


@pytest.mark.linux("a POSIX shell")
def test_a_shell_takes_every_word_as_it_is() -> None:
    """Spaces, quotes, dollars and whatever else a file may be called."""
    line = typed("printf", "%s\n", ODD, "-")
    assert subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout == f"{ODD}\n-\n"


def test_plain_words_stay_plain() -> None:
    """And a PKCS#12 file is called by its path."""
    assert certferry("check", "p12:/home/a.p12", "--for", "java8") == "certferry check /home/a.p12 --for java8"


@pytest.mark.linux("a POSIX shell")
def test_certferry() -> None:
    """A whole command splits into what it was made of."""
    assert shlex.split(certferry("list", f"nss:{ODD}")) == ["certferry", "list", f"nss:{ODD}"]
