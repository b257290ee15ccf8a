"""Keys in a file that have passwords of their own: each is asked for by its name, what is left behind says so."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from profiles.errors import PasswordNeeded, WrongPassword

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from profiles.files.form import Format
    from profiles.model import Location, Secret
    from profiles.pkcs12.contents import Contents
    from profiles.store import Asker

_HINT = ("A key that Java stored may have a password of its own. A script gives it in the next line of file:- or fd:N, "
         "after that of the file.")


def unlocked(
    location: Location, form: Format, ask: Asker, opened: Callable[[Format], Contents]
) -> tuple[Format, Contents]:
    """The format with every key password that was found, and what it opens.

    ``opened`` reads the file once more. Raises ``WrongPassword`` where no key opens at all.
    """
    from profiles.files.form import KeyPasswords

    contents = opened(form)
    seen: set[str] = set()
    tried: set[bytes] = set()
    while isinstance(form, KeyPasswords) and (names := [name for name in contents.locked if name not in seen]):
        seen.add(names[0])
        for password in _answers(ask, f"the password of the key {names[0]!r} in {location} (none to leave it behind)"):
            if password.reveal() in tried:
                continue
            tried.add(password.reveal())
            wider = form.with_key_password(password)
            found = opened(wider)
            if len(found.locked) < len(contents.locked):
                form, contents = wider, found
            if names[0] not in contents.locked:
                break
    if contents.locked and not any(item.key for item in contents.items):
        raise WrongPassword(f"the password opens {location}, but not the key {contents.locked[0]!r} in it", _HINT)
    return form, contents


def _answers(ask: Asker, what: str) -> Iterator[Secret]:
    """As many as there are tries; none where there is nobody to ask, or where nothing is answered."""
    for _ in range(max(ask.tries, 1)):
        with suppress(PasswordNeeded):
            password = ask(what)
            if password:
                yield password
                continue
        return
