"""The command that makes a file anew: ``convert``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migrate import elsewhere, passwords, render, report
from migrate.cli import sealing
from migrate.cli.interrupts import once
from migrate.cli.moving import status
from migrate.conversion import Conversion, Made, Passwords, not_made, refuse_present
from profiles.commands import certferry
from profiles.discover import resolve
from profiles.errors import StoreNotFound, Unsupported
from profiles.opening import open_store
from profiles.products.places import named_path

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEW = "--to-password"


@dataclass(frozen=True)
class Asked:
    """What stands on the command line."""

    source: str
    out: str
    target: str | None = None
    only: tuple[str, ...] = ()
    split: bool = False
    file_password: str | None = None
    to_password: str | None = None


def convert(asked: Asked, *, dry_run: bool, to_json: bool) -> int:
    """Make the new files and prove them: the exit status."""
    dialect = sealing.chosen(asked.target)
    source = open_store(asked.source)
    if not source.file:
        raise Unsupported(f"{source.location} is not a file, and convert makes files from files",
                          f"`{certferry('backup', source.location, 'FILE.p12')}` makes one from a store.")
    asker = Passwords(passwords.parse(asked.file_password),
                      passwords.parse(asked.to_password, _NEW) if asked.to_password else None,
                      passwords.parse(None, _NEW))
    conversion = Conversion(source, dialect, asker, asked.only, lambda: elsewhere.listings({source.path}))
    parts = conversion.split(named_path(asked.out)) if asked.split else conversion.whole(*_output(asked.out))
    planned = conversion.plans(parts)
    if not to_json:
        for _, _, plan in planned:
            render.plan(plan)
    if dry_run:
        reports = [Made(part.path, report.planned(plan)) for part, _, plan in planned]
    else:
        with once():
            reports = list(conversion.run(planned))
    _show(reports, asked, to_json=to_json)
    if not (dry_run or to_json) and dialect.weak:
        render.note("This is the old way to seal a file, for a reader that knows no better: its password is all that "
                    "protects it, so let it be a long one.")
    return 0 if dry_run else max((status(one.report) for one in reports), default=0)


def _output(text: str) -> tuple[str, str]:
    """The kind and the place of the file to make; what a bare path is decides its name, for nothing is there yet."""
    refuse_present(named_path(text))
    try:
        location = resolve(text).location
    except StoreNotFound:
        raise not_made(text) from None
    return location.kind, location.where


def _show(made: Sequence[Made], asked: Asked, *, to_json: bool) -> None:
    if to_json:
        render.as_json(_json(made, asked))
        return
    for one in made:
        if one.report.dry_run:
            render.say(f"dry run: {render.visible_sentence(one.path)} was not made")
            continue
        render.outcomes(one.report)
        if one.report.status in ("done", "partial"):
            render.say(f"      in {render.visible_sentence(one.path)}, read back")
    render.remarks(text for one in made for text in one.report.remarks)


def _json(made: Sequence[Made], asked: Asked) -> dict[str, Any]:
    files = [{"path": one.path, **report.migration_json(one.report)} for one in made]
    for one in files:
        del one["schema"]
    states = {str(one["status"]) for one in files}
    overall = next(iter(states)) if len(states) == 1 else "partial" if states else "nothing"
    return {"schema": report.SCHEMA, "status": overall, "from": asked.source, "for": asked.target, "files": files}
