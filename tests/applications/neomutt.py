"""Does neomutt, typed at on a terminal, sign with the key in its S/MIME directory?

In batch mode (standard input no terminal) neomutt 20220429 and mutt 2.2 sign nothing, whatever is set: so this is the
compose screen on a pseudo-terminal, with what a person would type.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import time
from typing import TYPE_CHECKING

from tests.applications.process import environment
from tests.applications.proof import NotProven
from tests.applications.signatures import verified
from tests.system import require

if TYPE_CHECKING:
    from pathlib import Path

_MUTTRC = """source /etc/{configuration}/smime.rc
set crypt_use_gpgme=no smime_is_default=yes crypt_autosign=yes smime_ask_cert_label=no
set sendmail="{sendmail}" editor="true" autoedit=yes fast_reply=yes abort_unmodified=no copy=no from="{sender}"
set folder="{folder}" spoolfile="{folder}" record="" postponed=""
{lines}
"""
_CONFIGURATIONS = {"neomutt": "neomuttrc.d", "mutt": "Muttrc.d"}


def signs(
    program: str, home: Path, directory: Path, *, lines: str, sender: str, password: str, ca: bytes, limit: float = 25,
) -> bytes:
    """The certificate (DER) that the message is signed with, which openssl verified up to ``ca``.

    ``lines`` are those that a person was told to write into muttrc. Raises ``NotProven``.
    """
    sent, script, muttrc = directory / "sent", directory / "sendmail", directory / "muttrc"
    script.write_text(f'#!/bin/sh\ncat > "{sent}.part" && mv "{sent}.part" "{sent}"\n')
    script.chmod(0o700)
    muttrc.write_text(_MUTTRC.format(configuration=_CONFIGURATIONS[program], sendmail=script, sender=sender,
                                     folder=directory, lines=lines))
    argv = [require(program), "-n", "-F", str(muttrc), "-s", "A letter", "somebody@example.test"]
    asked = [(b"To: ", b"\r")] if program == "mutt" else []  # which asks in spite of fast_reply
    typed = [*asked, (b"Security:", b"y"), (b"passphrase", password.encode() + b"\r")]
    said = _typed(argv, environment(home, directory, TERM="vt100", TMPDIR=str(directory)), typed, sent, limit)
    if not sent.exists():
        raise NotProven(f"{program} sent nothing; it said {said[-600:]!r}")
    message = sent.read_bytes()
    if b"multipart/signed" not in message:
        raise NotProven(f"{program} sent an unsigned message; it said {said[-600:]!r}")
    start = message.index(b"Content-Type: multipart/signed")
    return verified(b"MIME-Version: 1.0\n" + message[start:], directory, ca)[1]


def _typed(
    argv: list[str], env: dict[str, str], answers: list[tuple[bytes, bytes]], done: Path, limit: float
) -> bytes:
    """Run a program on a terminal of its own and type each answer when its question shows; what it showed."""
    import fcntl
    import pty
    import termios

    pid, terminal = pty.fork()
    if not pid:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        os.execve(argv[0], argv, env)
    said, seen, end, waiting = b"", 0, time.monotonic() + limit, list(answers)
    try:
        while time.monotonic() < end and not done.exists():
            if select.select([terminal], [], [], 0.2)[0]:
                try:
                    said += os.read(terminal, 65536)
                except OSError:  # it ended
                    break
            if waiting and waiting[0][0] in said[seen:]:
                seen = len(said)
                os.write(terminal, waiting.pop(0)[1])
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
    return said
