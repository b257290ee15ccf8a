"""The commands that change a target: ``migrate``, ``restore``, ``undo``."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migrate import elsewhere, journal, passwords, render, report
from migrate.cli import EXIT_STATUS, sealing
from migrate.engine import Migration
from migrate.plan import Options, Plan
from migrate.report import Report
from profiles.errors import NoMatch, StoreInUse, StoreNotFound, WrongPassword
from profiles.opening import open_store
from profiles.store import Asker, Store

if TYPE_CHECKING:
    from profiles.products.running import Running


@dataclass(frozen=True)
class Asked:
    """What stands on the command line of a move."""

    source: str
    target: str
    only: tuple[str, ...] = ()
    skip_expired: bool = False
    trust: str = "copy"
    roots: bool = True
    from_password: str | None = None
    to_password: str | None = None
    file_password: str | None = None
    engine: str = "native"
    reader: str | None = None
    """Whom a PKCS#12 file is made for."""


def migrate(asked: Asked, *, dry_run: bool, yes: bool, to_json: bool) -> int:
    """Plan, ask, move, report: the exit status."""
    if asked.trust not in ("copy", "none"):
        raise passwords.BadSource("--trust takes copy or none")
    dialect = sealing.chosen(asked.reader) if asked.reader else None
    source = open_store(asked.source, engine=asked.engine)
    target = open_store(asked.target, engine=asked.engine, new=True, dialect=dialect)
    if dialect and target.location.kind != "p12":
        raise passwords.BadSource("--for is for PKCS#12 files", "Name the target as p12:FILE, or leave --for out.")
    if dialect and dialect.weak:
        render.note(sealing.remarks(dialect, asked.reader)[0])
    if os.path.realpath(source.path) == os.path.realpath(target.path):
        raise NoMatch("source and target are the same store", "Name two different stores.")
    try:
        return _run(_migration(asked, source, target), dry_run=dry_run, yes=yes, to_json=to_json)
    except StoreInUse as error:
        users = {str(user) for user in map(_user, (source, target)) if user}
        raise StoreInUse(f"{error.message} ({' and '.join(users)})" if users else error.message, error.hint) from error


def _migration(asked: Asked, source: Store, target: Store) -> Migration:
    ask_target: Asker = passwords.parse(asked.to_password or (asked.file_password if target.file else None))
    if target.location.kind == "p12":
        ask_target = sealing.NewPassword(ask_target, sealing.chosen(asked.reader))
    return Migration(
        source, target,
        Options(asked.only, skip_expired=asked.skip_expired, trust=asked.trust == "copy", roots=asked.roots),
        passwords.parse(asked.from_password or (asked.file_password if source.file else None)), ask_target,
        lambda: elsewhere.listings({source.path, target.path}), render.Progress(), lambda: remember(source, target),
    )


def remember(source: Store, target: Store) -> None:
    """Write down what has just changed, so that ``undo`` finds it."""
    point = target.undo_point
    if point is None:
        return
    try:
        journal.record(journal.Move.now(str(source.location), str(target.location), point))
    except OSError as error:
        render.note(f"this move could not be written down, so `undo` will not find it: {error.strerror}")


def _run(migration: Migration, *, dry_run: bool, yes: bool, to_json: bool) -> int:
    plan = migration.plan()
    if dry_run:
        _show(Report(plan, report.planned(plan), dry_run=True, notes=_left_behind(plan)), to_json=to_json)
        return 0
    if plan.steps and not to_json:
        render.plan(plan)
        if not yes and not agreed():
            render.note("nothing was changed")
            return 0
    user = _user(migration.target) if plan.steps else None
    found = migration.run(plan)
    found = found._replace(notes=_left_behind(plan))
    if user:
        text = f"{user} is running: it sees what arrived, but may need a restart for a site that it has refused before"
        found = found._replace(notes=(*found.notes, text))
    _show(found, to_json=to_json)
    locked = any(problem.code == WrongPassword.code for problem in plan.source.problems)
    return status(found) or int(locked)


def _left_behind(plan: Plan) -> tuple[str, ...]:
    """What of the source never became a step, and why."""
    return tuple(f"{plan.source.location}: {problem.message}" for problem in plan.source.problems)


def _user(store: Store) -> Running | None:
    """The application that has a store's profile open."""
    from profiles.products.running import profile_user

    return None if store.file else profile_user(Path(store.path))


def agreed() -> bool:
    """Ask on a terminal; without one the command itself is the agreement."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    print("Go on? [Y/n] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in ("", "y", "yes")


def _show(found: Report, *, to_json: bool) -> None:
    if to_json:
        render.as_json(report.migration_json(found))
    elif found.dry_run and found.outcomes:
        render.plan(found.plan)
        for text in found.notes:
            render.note(text)
        render.say("dry run: nothing was changed")
    else:
        render.report(found)


def status(found: Report) -> int:
    """The exit status of a finished migration."""
    codes = [outcome.code for outcome in found.outcomes if outcome.outcome == "failed"]
    for code in ("key-not-exportable", "verification-failed"):
        if code in codes:
            return EXIT_STATUS[code]
    if codes and len(set(codes)) == 1 and len(codes) == len(found.outcomes):
        return EXIT_STATUS.get(codes[0], 1)
    return int(any(outcome.outcome != "done" for outcome in found.outcomes))


def undo(location: str | None, *, yes: bool, to_json: bool) -> None:
    """Take the last migration back, of all or into one store."""
    target = str(open_store(location).location) if location else None
    move = journal.last(target)
    if move is None:
        raise StoreNotFound("there is no migration to take back",
                            "Only what certferry did on this account can be undone.")
    store = open_store(move.target)
    if not to_json and not yes:
        render.note(f"taking back what went from {move.source} to {move.target} at {move.when}")
        if not agreed():
            render.note("nothing was changed")
            return
    removed = store.undo(move.point)
    journal.record(journal.Move(move.when, move.source, move.target, move.point, undone=True))
    if to_json:
        render.as_json({"schema": report.SCHEMA, "status": "done", "from": move.source, "to": move.target,
                        "removed": removed})
    else:
        render.say(f"undone  {move.target} is as it was before ({removed} certificates and keys taken back)")

