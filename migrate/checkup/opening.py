"""Why a file does not open: not what its name says, cut off, of an unknown cipher, or under another password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.checkup.finding import Finding, note, problem, warning
from profiles.errors import Error, Malformed, Truncated, WrongPassword
from profiles.files import armour, described
from profiles.files.reading import read
from profiles.files.strangers import stranger
from profiles.model import Location
from profiles.pkcs12.algorithms import Unhandled
from profiles.products.locations import FILES
from profiles.products.places import named_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from profiles.model import Secret
    from profiles.store import Asker, Store

_MANY = 8_000_000
"""Iterations that may be spent on guessing what was meant."""


def content(location: str) -> tuple[bytes | None, Path | None]:
    """The bytes of the one file that a location names, and its path; None where it names something else."""
    kind, colon, where = location.partition(":")
    path = named_path(where if colon and kind in FILES else location)
    return (read(path), path) if path.is_file() else (None, None)


def called(location: str) -> Location:
    """What to call a file that is of no kind: as it was named, or by what its name says."""
    kind, colon, where = location.partition(":")
    if colon and kind in FILES:
        return Location(kind, where)
    path = named_path(location)
    return Location("p12" if path.suffix.lower() in (".p12", ".pfx") else "pem", str(path))


def form(data: bytes) -> str:
    """What kind of file it is."""
    return described.form(data).what


def unlike_anything(data: bytes, path: Path) -> Finding | None:
    """What a file is that holds neither certificates nor keys."""
    found = stranger(data)
    if found is None:
        return None
    wanted = f"not a {path.suffix[1:].upper()} file" if path.suffix.lower() in (".p12", ".pfx", ".pem") else \
        "not a file of certificates or keys"
    return problem("not-a-store", "", f"{path.name} is {found.what}, {wanted}; it has nothing to do with the password",
                   found.advice)


def names(data: bytes, path: Path) -> Iterator[Finding]:
    """A name that makes programs take the file for something else."""
    found = described.form(data)
    if described.misnamed(path, found):
        yield warning("misnamed", "", f"the file is {found.what} although its name ends in {path.suffix}: "
                      'programs that go by the name refuse it, some with "wrong password"',
                      "Make a real one." if not found.pkcs12 else "Give it a name that ends in .p12.",
                      () if found.pkcs12 else ("convert", str(path), "NEW.p12"))


def refusal(error: Error, data: bytes | None) -> Finding:
    """Why a file cannot be read."""
    missing = described.missing_bytes(data) if data is not None else None
    if missing is not None or isinstance(error, Truncated):
        how = f"it has {missing[0]} bytes of the {missing[1]} it should have" if missing else "its end is missing"
        return problem("truncated", "", f"the file is cut off: {how}; no password opens it",
                       "Fetch or copy it once more from where it came from.")
    if isinstance(error, Malformed):
        return problem("malformed", "", error.message, error.hint)
    return problem("unsupported-cipher" if isinstance(error, Unhandled) else "unsupported", "", error.message,
                   error.hint)


def judged(why: Finding, *, right: bool) -> Finding:
    """What can be said of the password of a file that cannot be read."""
    if right:
        return note("password-right", "", "the password is right: that is not what keeps the file from being opened")
    return problem(WrongPassword.code, "", "the password is wrong (tested against the integrity check), and besides: "
                   f"{why.message}")


def integrity(data: bytes, password: Secret) -> bool | None:
    """Whether the integrity check of a PKCS#12 accepts a password; None where that cannot be told."""
    from profiles.pkcs12 import trial

    return trial.integrity_holds(armour.unwrapped(data), password)


class Remembering:
    """An asker that lets somebody know which password was given last."""

    def __init__(self, ask: Asker, keep: Callable[[Secret], None]) -> None:
        self._ask, self._keep = ask, keep

    @property
    def tries(self) -> int:
        """See ``Asker``."""
        return self._ask.tries

    @property
    def explicit(self) -> bool:
        """See ``Asker``."""
        return self._ask.explicit

    def __call__(self, what: str, *, new: bool = False) -> Secret:
        """See ``Asker``."""
        secret = self._ask(what, new=new)
        self._keep(secret)
        return secret


class Altered(Exception):
    """The password is right, and the file is not as it was made."""

    def __init__(self) -> None:
        super().__init__("altered")
        self.finding = problem("altered", "", "the password is right, but the file was altered after it was made: its "
                               "integrity check fails",
                               "Fetch it once more from where it came from; do not use this one.")


def wrong(error: Error, store: Store, data: bytes | None, password: Secret | None) -> Finding:
    """The password did not open everything: whether it is the password, that of a key, or how it was typed.

    Raises ``Altered`` where it is the file.
    """
    from profiles.pkcs12 import trial

    if store.file and store.list().state == "ready":
        return problem("key-password", "", error.message, error.hint)
    if data is None or password is None or store.location.kind != "p12":
        return problem(WrongPassword.code, "", error.message, error.hint)
    bare = armour.unwrapped(data)
    if trial.altered(bare, password):
        raise Altered
    if trial.integrity_holds(bare, password):
        return problem("key-password", "", "the password is right for the file, but what is inside is sealed with "
                       "another one", "Ask whoever made it for that password, or for a file with one password.")
    for slip in trial.slips(password):
        if _affordable(bare) and trial.integrity_holds(bare, slip.secret):
            return problem(WrongPassword.code, "", f"the password is wrong, but it would be right if {slip.how}",
                           "Type it so.")
    tested = "tested against the file's integrity check" if trial.integrity_holds(bare, password) is False else \
        "nothing in the file opens with it"
    return problem(WrongPassword.code, "", f"the password is wrong ({tested}); the file itself is whole and its "
                   "ciphers are known", error.hint)


def _affordable(data: bytes) -> bool:
    from profiles.pkcs12.anatomy import anatomy

    check = anatomy(data).integrity
    return check is not None and check.iterations * 4 <= _MANY


def not_sealed(store: Store) -> Finding:
    """A password was given for a file that has none."""
    return problem(WrongPassword.code, "", f"the password is wrong: {store.location} was made without one",
                   "Leave the password empty where a program asks for it.")


def spelling(data: bytes, password: Secret, store: Store) -> Iterator[Finding]:
    """A password that other programs would call wrong, for how the file's maker spelled it."""
    from profiles.pkcs12 import passwords, trial

    how = trial.spelled(armour.unwrapped(data), password)
    again = ("convert", str(store.location), "NEW.p12")
    if how in (passwords.EMPTY, passwords.ABSENT):
        other = "no password at all" if how == passwords.EMPTY else "an empty password"
        mine = "an empty password" if how == passwords.EMPTY else "no password at all"
        yield note("empty-password" if how == passwords.EMPTY else "absent-password", "",
                   f"the file was made with {mine}, which is not the same as {other}: some programs know only one of "
                   "the two and call the file damaged or its password wrong")
    elif how:
        yield warning("password-spelling", "", f"the password is right, but the program that made the file {how}: "
                      "other programs will say that it is wrong", "Make a new file, which all programs open.", again)


