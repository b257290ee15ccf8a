"""The commands that change a target: ``migrate`` and ``restore``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from migrate import elsewhere, passwords, render, report
from migrate.cli import EXIT_STATUS, asking, sealing
from migrate.cli.advice import advised
from migrate.cli.interrupts import broken_off, once
from migrate.cli.memory import Memory
from migrate.engine import Migration
from migrate.plan import Options
from profiles.disk import same
from profiles.errors import NoMatch, StoreInUse, Unsupported
from profiles.opening import open_store
from profiles.products.guided import GUIDED
from profiles.store import Asker, ProtectsKeys, Store

if TYPE_CHECKING:
    from migrate.mailing import Wish
    from migrate.plan import Plan
    from migrate.report import Report
    from profiles.mail.client import MailClient
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
    associate: str | None = None
    sign: bool | None = None
    encrypt: bool | None = None
    contacts: bool = False
    not_exportable: bool = False
    protect: bool = False


def migrate(asked: Asked, *, dry_run: bool, yes: bool, to_json: bool) -> int:
    """Plan, ask, move, report: the exit status."""
    if asked.trust not in ("copy", "none"):
        raise passwords.BadSource("--trust takes copy or none")
    if asked.associate is None and (asked.sign, asked.encrypt) != (None, None):
        raise passwords.BadSource("--sign and --encrypt belong to --associate")
    dialect = sealing.chosen(asked.reader) if asked.reader else None
    source = open_store(asked.source, engine=asked.engine, announce=render.announcement)
    target = open_store(asked.target, engine=asked.engine, new=True, dialect=dialect)
    if dialect and target.location.kind != "p12":
        raise passwords.BadSource("--for is for PKCS#12 files", "Name the target as p12:FILE, or leave --for out.")
    if dialect and dialect.weak:
        render.note(sealing.remarks(dialect, asked.reader)[0])
    if same(source.path, target.path):
        raise NoMatch("source and target are the same store", "Name two different stores.")
    protect(target, asked)
    return _migrate(asked, source, target, dry_run=dry_run, yes=yes, to_json=to_json)


def migrate_in(asked: Asked, *, dry_run: bool, yes: bool, to_json: bool) -> int:
    """The same within one store: its accounts are to use what is there already."""
    store = open_store(asked.source, announce=render.announcement)
    return _migrate(asked, store, store, dry_run=dry_run, yes=yes, to_json=to_json)


def _migrate(asked: Asked, source: Store, target: Store, *, dry_run: bool, yes: bool, to_json: bool) -> int:
    try:
        return _run(_migration(asked, source, target), dry_run=dry_run, yes=yes, to_json=to_json)
    except StoreInUse as error:
        users = {str(user) for user in map(_user, (source, target)) if user and str(user) not in error.message}
        raise StoreInUse(f"{error.message} ({' and '.join(users)})" if users else error.message, error.hint) from error


def protect(target: Store, asked: Asked) -> None:
    """Tell a store how to keep the keys that come in; ``Unsupported`` where it knows no such thing."""
    if isinstance(target, ProtectsKeys):
        target.protect(exportable=not asked.not_exportable, strong=asked.protect, announce=render.announcement)
    elif asked.not_exportable or asked.protect:
        raise Unsupported(f"{target.location} cannot bar its keys from leaving or guard their use",
                          "--not-exportable and --protect are for the Windows stores; leave them out.")


def _migration(asked: Asked, source: Store, target: Store) -> Migration:
    if asked.file_password is not None and not (source.file or target.file):
        raise passwords.BadSource("--file-password is for files, and here is none",
                                  "--from-password and --to-password are for the passwords of stores.")
    ask_target: Asker = passwords.parse(asked.to_password or (asked.file_password if target.file else None),
                                        "--to-password")
    kind = target.location.kind
    if kind == "p12" or kind in GUIDED:
        ask_target = sealing.NewPassword(ask_target, sealing.chosen("any" if kind in GUIDED else asked.reader))
    memory = Memory(str(source.location), target)
    return Migration(
        source, target,
        Options(asked.only, skip_expired=asked.skip_expired, trust=asked.trust == "copy", roots=asked.roots,
                contacts=asked.contacts),
        passwords.parse(asked.from_password or (asked.file_password if source.file else None), "--from-password"),
        ask_target,
        lambda: elsewhere.listings({source.path, target.path}), render.Progress(),
        partial(memory.arrived, source), *_mail(asked, target), memory.points,
    )


def _mail(asked: Asked, target: Store) -> tuple[MailClient | None, Wish | None]:
    """The mail program whose accounts are to use what arrives, and how."""
    if asked.associate is None:
        return None, None
    from migrate.cli.mail import required_client
    from migrate.mailing import Wish

    return required_client(target), Wish(asked.associate, bool(asked.only), asked.sign, asked.encrypt,
                                         None if asked.trust == "copy" else frozenset())


def _run(migration: Migration, *, dry_run: bool, yes: bool, to_json: bool) -> int:
    plan = migration.plan()
    if not dry_run and any(step.widened for step in plan.steps) and not _trust_agreed(
            plan, migration.client.name if migration.client else "", yes=yes, to_json=to_json):
        migration = replace(migration, wish=migration.wish and migration.wish._replace(widen=frozenset()))
        plan = migration.plan()
    if dry_run:
        _show(report.planned(plan), to_json=to_json)
        return 0
    if plan.steps and not to_json:
        render.plan(plan)
        if not yes and not asking.agreed():
            render.note("nothing was changed")
            return 0
    user = _user(migration.target) if plan.steps else None
    with once():
        found = broken_off(migration.run(plan))
    if user:
        text = f"{user} is running: it sees what arrived, but may need a restart for a site that it has refused before"
        found = found._replace(notes=(*found.notes, text))
    by_hand = GUIDED.get(migration.target.location.kind)
    if by_hand:
        found = report.referred(found, by_hand.product, migration.target.location.kind, migration.target.path)
    found = advised(found, migration.target)
    _show(found, to_json=to_json)
    return status(found)


def _user(store: Store) -> Running | None:
    """The application that has a store's profile open."""
    from profiles.products.running import profile_user

    return None if store.file else profile_user(Path(store.path))


def _trust_agreed(plan: Plan, program: str, *, yes: bool, to_json: bool) -> bool:
    """Whether authorities may be trusted beyond the source: said on a terminal, or beforehand with --yes.

    Otherwise no: that somebody holds a certificate does not make its issuer trusted for everybody's mail.
    """
    if yes:
        return True
    if to_json or not asking.possible():
        return False
    roots = [one for step in plan.steps for one in step.widened]
    names = " and ".join(map(render.visible, dict.fromkeys(one.common_name for one in roots)))
    why = (f"{plan.source.location} trusts {names} for that, which --no-roots leaves behind"
           if all(map(plan.source_trusts, roots))
           else f"Neither {plan.source.location} nor {plan.target.location} trusts {names} for that")
    render.note(f"{program} signs mail only below an authority that it trusts for e-mail. {why}.")
    return asking.yes("Trust it for e-mail? Mail that others sign below it will count as genuine.", default=False)


def _show(found: Report, *, to_json: bool) -> None:
    if to_json:
        render.as_json(report.migration_json(found))
    elif found.dry_run and found.outcomes:
        render.plan(found.plan)
        render.remarks(found.remarks)
        render.say("dry run: nothing was changed")
    else:
        render.report(found)


def status(found: Report) -> int:
    """The exit status of a finished migration."""
    codes = [outcome.code for outcome in found.outcomes if outcome.outcome == "failed"]
    for code in ("interrupted", "key-not-exportable", "verification-failed"):
        if code in codes:
            return EXIT_STATUS[code]
    if codes and len(set(codes)) == 1 and len(codes) == len(found.outcomes):
        return EXIT_STATUS.get(codes[0], 1)
    return int(found.lossy or any(outcome.outcome != "done" for outcome in found.outcomes)
               or any(use.falls_short for use in found.uses))
