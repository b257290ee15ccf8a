"""Where a secret comes from: the terminal, a file, a descriptor, a command's output, the keyring; never argv."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrate.terminal import is_terminal
from profiles.errors import Error, PasswordNeeded
from profiles.model import Secret
from profiles.products.places import expanded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LONGEST = 4096
_TERMINAL_TRIES = 3
_SEEN_BY_OTHERS = "a password may not stand on the command line or in the environment, where others can read it"
FORMS = "tty, file:PATH (file:- is standard input), fd:N, cmd:COMMAND or keyring:SERVICE/USER"


class BadSource(Error):
    """What stands on the command line cannot be; the text of a password option is never repeated in the message."""

    code = "usage"


@dataclass(frozen=True)
class Source:
    """A secret's address, parsed; an ``Asker`` for stores."""

    get: Callable[[str, bool], Secret]
    tries: int
    explicit: bool

    def __call__(self, what: str, *, new: bool = False) -> Secret:
        """The secret for ``what``."""
        return self.get(what, new)


def parse(text: str | None, option: str = "--file-password") -> Source:
    """The source for the value of that option; the terminal where there is none."""
    if text in (None, "tty"):
        return Source(Terminal(option), _TERMINAL_TRIES, explicit=text is not None)
    kind, colon, rest = text.partition(":")
    readers: Mapping[str, Callable[[str], bytes]] = {
        "file": _from_file, "fd": _from_descriptor, "cmd": _from_command, "keyring": _from_keyring}
    if not colon or kind not in readers or not rest:
        raise BadSource(_SEEN_BY_OTHERS if kind in ("pass", "env") else "that is not where a password can come from",
                        f"Say where it is: {FORMS}.")
    if kind == "fd" and not re.fullmatch("[0-9]{1,9}", rest):
        raise BadSource("fd: wants the number of an open descriptor", f"Say where it is: {FORMS}.")
    return Source(lambda _what, _new: Secret(readers[kind](rest)), 1, explicit=True)


class Terminal:
    """Asks on the terminal, never echoing; says so when it has to ask for the same once more."""

    def __init__(self, option: str) -> None:
        self._option = option
        self._asked: set[str] = set()

    def __call__(self, what: str, new: bool) -> Secret:
        """What was typed; twice the same for a new password."""
        again = "That was not it. " if what in self._asked and not new else ""
        self._asked.add(what)
        first = self._prompt(f"{again}Enter {what}: ", what)
        if new and self._prompt("Enter it again: ", what).reveal() != first.reveal():
            raise PasswordNeeded("the two entries were not the same", "Start again; nothing was changed.")
        return first

    def _prompt(self, text: str, what: str) -> Secret:
        import getpass
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            try:
                _require_terminal()
                return Secret(getpass.getpass(text))
            except EOFError:
                raise PasswordNeeded(f"a password is needed: {what}, and none was entered",
                                     f"Start again, or say where it is with {self._option}: {FORMS}.") from None
            except (OSError, getpass.GetPassWarning):
                raise PasswordNeeded(f"a password is needed: {what}, and there is no terminal to ask on",
                                     f"Say where it is with {self._option}: {FORMS}.") from None


def _require_terminal() -> None:
    """``OSError`` where there is nobody to ask; getpass alone would fall back to reading, and echoing, input."""
    if os.name != "nt":
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    elif not is_terminal(sys.stdin):
        raise OSError


def _line(handle: int) -> bytes:
    """One line, read octet by octet so that what follows is left for the next one who asks."""
    line = bytearray()
    while len(line) < _LONGEST:
        octet = os.read(handle, 1)
        if not octet or octet == b"\n":
            return bytes(line.removesuffix(b"\r"))
        line += octet
    raise BadSource(f"the password is longer than {_LONGEST} octets", "Is that the right file?")


def _from_file(where: str) -> bytes:
    if where == "-":
        return _from_descriptor("0")
    try:
        handle = os.open(expanded(where), os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise BadSource(f"the password file {where} cannot be read: {error.strerror}", "Check its path.") from None
    try:
        return _line(handle)
    except IsADirectoryError:
        raise BadSource(f"the password file {where} is a directory", "Check its path.") from None
    finally:
        os.close(handle)


def _from_descriptor(number: str) -> bytes:
    try:
        return _line(int(number))
    except OSError as error:
        raise BadSource(f"descriptor {number} cannot be read: {error.strerror}", "Open it in the shell.") from None


def _from_command(command: str) -> bytes:
    try:
        argv = command if os.name == "nt" else shlex.split(command)  # where every program splits its line itself
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    except (OSError, ValueError, IndexError, subprocess.CalledProcessError):
        raise BadSource("the command that should print the password failed", "Run it by itself to see why.") from None
    return done.stdout.split(b"\n", 1)[0].removesuffix(b"\r")


def _from_keyring(where: str) -> bytes:
    service, _, user = where.partition("/")
    try:
        import keyring
    except ImportError:
        raise BadSource("the keyring is not available", "pip install 'certferry[keyring]'") from None
    found = keyring.get_password(service, user)
    if found is None:
        raise PasswordNeeded(f"the keyring has no password for {service}/{user}", "Store it there first.")
    return str(found).encode()
