"""The commands that say what is wrong: ``check`` and ``doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate import elsewhere, passwords
from migrate.checkup.examination import Examination
from migrate.cli import EXIT_STATUS, findings
from profiles.errors import Unsupported

if TYPE_CHECKING:
    from migrate.checkup.checkup import Checkup
    from profiles.pkcs12.dialects import Dialect


def check(location: str, password: str | None, target: str | None, engine: str, *, to_json: bool) -> int:
    """Look at one store or file and print what there is to say: the exit status."""
    if target is not None:
        dialect_for(target)
    asker = passwords.parse(password)
    found = Examination(location, asker, given=password not in (None, "tty"), engine=engine, target=target or "",
                        others=elsewhere.listings).run()
    if to_json:
        from migrate import render

        render.as_json(found.as_json())
    else:
        findings.checkup(found)
    return status(found)


def dialect_for(target: str) -> Dialect:
    """The dialect of a ``--for``; a name that is not known is a mistake on the command line."""
    from profiles.pkcs12.dialects import named

    try:
        return named(target)
    except Unsupported as error:
        raise passwords.BadSource(error.message, error.hint) from None


def status(found: Checkup) -> int:
    """0 where nothing keeps it from working, 1 where something does; 3 and 7 where it does not open."""
    return {"sound": 0, "flawed": 1}.get(found.status, EXIT_STATUS.get(found.status, 1))
