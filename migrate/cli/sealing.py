"""What the command line has to say about how a PKCS#12 file is sealed: for whom, how well, and with which password."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from migrate import render
from migrate.cli import asking
from migrate.passwords import BadSource
from migrate.terminal import is_terminal
from profiles.errors import Error, PasswordNeeded, Unsupported

if TYPE_CHECKING:
    from migrate.passphrases import Generated, Strength
    from profiles.model import Secret
    from profiles.pkcs12.dialects import Dialect
    from profiles.store import Asker

_ROUNDS = 3


def chosen(reader: str | None) -> Dialect:
    """The dialect for the value of ``--for``, the strong one without; a usage error lists the names."""
    from profiles.pkcs12.dialects import STRONG, named

    try:
        return named(reader) if reader is not None else STRONG
    except Unsupported as error:
        raise BadSource(f"--for does not know {render.visible(reader or '')!r}", error.hint) from None


def remarks(dialect: Dialect, reader: str | None) -> list[str]:
    """What a user should know of a file of that dialect: how well it is sealed, and who will not open it."""
    from profiles.pkcs12.dialects import TARGETS
    from profiles.pkcs12.readers import READERS, anatomy_of

    said = []
    if dialect.weak:
        said.append(f"made for {TARGETS[reader].title if reader else 'old readers'}, with weak ciphers (3DES, SHA-1): "
                    "what protects it is a long password, and where it is kept")
    seen = anatomy_of(dialect)
    refusing = [one.title for one in READERS if one.refusal(seen)]
    if refusing:
        said.append(f"not opened by: {'; '.join(refusing)} (--for makes files for them)")
    return said


class NewPassword:
    """An ``Asker`` that says of a new password how long it would stand; a weak one is taken if the user insists."""

    def __init__(self, ask: Asker, dialect: Dialect) -> None:
        self._ask, self._dialect = ask, dialect
        self.tries, self.explicit = ask.tries, ask.explicit
        self._made: Secret | None = None

    def __call__(self, what: str, *, new: bool = False) -> Secret:
        """The password; a new one is asked for once, however many files get it."""
        if not new:
            return self._ask(what)
        if self._made is None:
            self._made = self._judged(what)
        return self._made

    def _judged(self, what: str) -> Secret:
        from migrate.passphrases import strength

        for _ in range(_ROUNDS):
            password = self._ask(what, new=True)
            found = strength(password, self._dialect)
            if found.weak and self.tries > 1 and not _insists(found):
                continue
            if found.weak and self.tries == 1:
                render.note(_weak(found))
            elif not found.weak:
                render.note(f"  by estimate one graphics card would guess {found.duration} at that password")
            if not password.reveal().isascii():
                render.note("  it has characters beyond ASCII, which some programs spell in another way")
            return password
        raise PasswordNeeded("no password was settled on", "Start again; nothing was changed. --generate makes one.")


def _weak(found: Strength) -> str:
    if not found.bits:
        return "  that is no password at all: whoever has the file has the key"
    return f"  that password is weak: by estimate one graphics card would find it in {found.duration}"


def _insists(found: Strength) -> bool:
    render.note(_weak(found))
    return asking.yes("Use it all the same?", default=False)


class MadePassword:
    """An ``Asker`` that makes the password and shows it once on the terminal, or writes it into a private file."""

    tries, explicit = 1, True

    def __init__(self, dialect: Dialect, path: Path | None) -> None:
        if path is None and not is_terminal(sys.stderr):
            raise BadSource("--generate has no terminal to show the password on",
                            "Name a new file for it with --password-to FILE.")
        self._dialect, self.path = dialect, path
        self.made: Generated | None = None

    def __call__(self, what: str, *, new: bool = False) -> Secret:  # noqa: ARG002 - an Asker is asked so
        """The password, made when it is first asked for."""
        if self.made is None:
            from migrate.passphrases import generate

            self.made = generate(self._dialect)
            self._hand_over(self.made)
        return self.made.secret

    def _hand_over(self, made: Generated) -> None:
        """Before anything is sealed with it, so that no file is left that nobody can open."""
        text = made.secret.reveal().decode()
        if self.path is None:
            render.note(f"the password ({made.bits} bits, shown only now; write it down):\n\n    {text}\n")
            return
        from profiles.files import writing

        writing.write_new(self.path, f"{text}\n".encode())
        render.note(f"the password ({made.bits} bits) is in {render.visible_sentence(str(self.path))}; keep it apart "
                    "from the backup")

    def forget(self) -> None:
        """Remove the file again, where nothing was sealed with what is in it."""
        if self.made is None or self.path is None:
            return
        from profiles.files import writing

        with suppress(Error):
            writing.remove(self.path, self.made.secret.reveal() + b"\n")
