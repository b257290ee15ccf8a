"""What is left to a person after something arrived."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from profiles.errors import Error
from profiles.model import Location
from profiles.store import Advising

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrate.report import Report
    from profiles.store import Store

_SERVED = Location("windows", "machine")


def advised(found: Report, target: Store) -> Report:
    """The report with what to set by hand now, where some of it arrived."""
    if found.dry_run or not any(outcome.outcome == "done" for outcome in found.outcomes):
        return found
    return found._replace(notes=(*found.notes, *_advice(target)))


def _advice(target: Store) -> Iterator[str]:
    if isinstance(target, Advising):
        yield from target.advice()
    if target.location == _SERVED:
        from migrate.checkup import windows

        with suppress(Error):  # what arrived has arrived, and `check` says it again
            for one in windows.findings(target.list()):
                if one.code == windows.OUTDATED:
                    yield f"{one.subject}: {one.message}. {one.remedy}"
