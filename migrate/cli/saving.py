"""The command that saves: ``backup``."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrate import elsewhere, passwords, render, report
from migrate.backup import Backup, Saved
from migrate.cli import sealing
from migrate.cli.asking import agreed
from migrate.cli.interrupts import broken_off, once
from migrate.cli.memory import Memory
from migrate.cli.moving import status
from migrate.plan import Options
from migrate.report import Report
from profiles.commands import typed
from profiles.disk import same
from profiles.errors import AccessDenied, NoMatch
from profiles.files import writing
from profiles.files.reading import explained
from profiles.model import Location
from profiles.opening import open_store
from profiles.products.places import named_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrate.plan import Plan
    from profiles.model import Listing
    from profiles.store import Asker


_OTHER_FORMS = (".pem", ".crt", ".cer", ".der", ".key", ".p7b", ".jks")


@dataclass(frozen=True)
class Asked:
    """What stands on the command line of a backup."""

    source: str
    place: str
    only: tuple[str, ...] = ()
    reader: str | None = None
    together: bool = False
    replace: bool = False
    generate: bool = False
    write_password: str | Path | None = None
    from_password: str | None = None
    file_password: str | None = None
    engine: str = "native"


@dataclass(frozen=True)
class Place:
    """Where the files go: a directory, or one file in it."""

    path: Path
    many: bool

    @classmethod
    def of(cls, asked: Asked) -> Place:
        """The place that was named, if it can take what is wanted; nothing is made yet."""
        path = named_path(asked.place)
        slash = asked.place.endswith(("/", os.sep))
        # A link may be planted where a file is expected: it is a directory only to somebody who says so.
        if slash or (path.is_dir() and not path.is_symlink()):
            if asked.together:
                raise passwords.BadSource("--together makes one file, and a directory was named", "Name the file.")
            if os.path.lexists(path) and not path.is_dir():
                raise AccessDenied(f"{path} is no directory", "Choose another name.")
            if not path.is_dir():
                writing.writable(path)
            return cls(path, many=True)
        if path.suffix.lower() in _OTHER_FORMS:
            raise passwords.BadSource(f"a backup is a PKCS#12 file, and by its name {path.name} is taken for another",
                                      "Give it a name that ends in .p12.")
        writing.sweep(path)
        if os.path.lexists(path) and not asked.replace:
            raise AccessDenied(f"{path} is there already, and a backup never replaces a file unless it is told to",
                               "Choose another name, or say --replace: `certferry undo` brings back what is there now.")
        writing.writable(path)
        return cls(path, many=False)

    def make(self) -> bool:
        """Make the directory, private, where there is none; whether there was none."""
        if not self.many or self.path.is_dir():
            return False
        with explained(self.path):
            self.path.mkdir(mode=stat.S_IRWXU)
        return True


def backup(asked: Asked, *, dry_run: bool, yes: bool, to_json: bool) -> int:
    """Plan, ask, save, re-open, report: the exit status."""
    dialect = sealing.chosen(asked.reader)
    ask_file = _asker(asked)
    place = Place.of(asked)
    source = open_store(asked.source, engine=asked.engine, announce=render.announcement)
    work = Backup(
        source, Options(asked.only), dialect,
        passwords.parse(asked.from_password or (asked.file_password if source.file else None), "--from-password"),
        ask_file,
        replace=asked.replace, others=cache(lambda: tuple(elsewhere.listings({source.path}))),
        observe=render.Progress(),
        remembered=lambda store: partial(Memory(str(source.location), store).arrived, source))
    plan = work.plan(place.path / "backup.p12" if place.many else place.path)
    if place.many:
        location = Location("p12", os.path.join(place.path, ""))  # noqa: PTH118 - a Path would drop the last slash
        plan = replace(plan, target=plan.target._replace(location=location))
    if not place.many and not asked.together and len(plan.steps) > 1:
        raise passwords.BadSource(
            f"there are {len(plan.steps)} things to save, and each goes into a file of its own",
            f"Name a directory ({typed(asked.place.removesuffix('.p12') + '/')}) for them, pick one with --only, or "
            "put them all into this file with --together.")
    places = work.places(plan, place.path) if place.many else [place.path] * len(plan.steps)
    if any(same(source.path, path) for path in places):
        raise NoMatch("source and target are the same store", "Name two different stores.")
    if dry_run:
        return _planned(asked, plan, places, to_json=to_json)
    if plan.steps and not to_json:
        _show_plan(plan, places)
        if not yes and not agreed():
            render.note("nothing was changed")
            return 0
    with once():
        saved = _saved(work, plan, place, places, ask_file)
    found = broken_off(Report(plan, tuple(one.outcome for one in saved)))
    if to_json:
        render.as_json(_json(asked, found, saved, ask_file))
    else:
        render.report(found)
        _show(asked, saved)
    return status(found)


def _asker(asked: Asked) -> Asker:
    dialect = sealing.chosen(asked.reader)
    if not asked.generate:
        if asked.write_password is not None:
            raise passwords.BadSource("--password-to is for a password that --generate makes",
                                      "--file-password says where another one comes from.")
        return sealing.NewPassword(passwords.parse(asked.file_password), dialect)
    if asked.file_password is not None:
        raise passwords.BadSource("--generate and --file-password are two passwords for one file", "Give one of them.")
    path = named_path(str(asked.write_password)) if asked.write_password else None
    if path is not None and (os.path.lexists(path) or same(path, named_path(asked.place))):
        raise AccessDenied(f"{path} is there already, or is the backup itself", "Choose another file for the password.")
    return sealing.MadePassword(dialect, path)


def _saved(work: Backup, plan: Plan, place: Place, places: Sequence[Path], ask_file: Asker) -> list[Saved]:
    made, saved = place.make(), list[Saved]()
    try:
        if place.many:
            saved.extend(work.apart(plan, places))
        else:
            saved.extend(work.together(plan, place.path))
        return saved
    finally:
        if not any(one.file for one in saved):
            if isinstance(ask_file, sealing.MadePassword):
                ask_file.forget()
            if made:
                with suppress(OSError):
                    place.path.rmdir()


def _planned(asked: Asked, plan: Plan, places: Sequence[Path], *, to_json: bool) -> int:
    found = report.planned(plan)
    if to_json:
        body = _json(asked, found, [], None)
        body["planned_files"] = sorted({str(path) for path in places})
        render.as_json(body)
    else:
        _show_plan(plan, places)
        render.remarks(found.remarks)
        render.say("dry run: nothing was changed")
    return 0


def _show_plan(plan: Plan, places: Sequence[Path]) -> None:
    render.plan(plan)
    for path in dict.fromkeys(places):
        there = ", in place of what is there" if path.exists() else ""
        render.note(f"  into {render.visible_sentence(str(path))}{there}")


def _show(asked: Asked, saved: Sequence[Saved]) -> None:
    """Where it is, what is in it, what is not, and that it was proved."""
    files = _files(saved)
    for path, listing in files.items():
        render.say(f"{render.coloured('saved', 'green', sys.stdout)}  {render.visible_sentence(path)}")
        for line in _contents(listing):
            render.say(f"    {line}")
    if not files:
        return
    for remark in sealing.remarks(sealing.chosen(asked.reader), asked.reader):
        render.note(remark)
    trusted = {render.visible(entry.certificate.common_name) for listing in files.values()
               for entry in listing.entries if entry.trust}
    if trusted:
        render.note(f"trust in {', '.join(sorted(trusted))} is noted in it for `certferry restore`; other programs "
                    "pass that over: there you trust it by hand, or let `certferry migrate` move it store to store")
    else:
        render.note("no trust settings are in it: the source has none above these certificates")
    render.note("keep the file and its password in two safe places")


def _contents(listing: Listing) -> list[str]:
    """What a fresh read of a file shows."""
    lines = [f"{render.visible(entry.certificate.common_name)}, until {entry.certificate.validity[1]:%Y-%m-%d}: "
             "certificate and key; the key signs for it" for entry in listing.entries if entry.has_key]
    lines += [f"a key without certificate, {key.key}; it signs" for key in listing.pending_keys]
    above = [render.visible(entry.certificate.common_name) for entry in listing.entries if not entry.has_key]
    return lines + ([f"with {', '.join(above)}"] if above else [])


def _files(saved: Sequence[Saved]) -> dict[str, Listing]:
    """Each file once, as a fresh read shows it."""
    return {one.file.path: one.file.list() for one in saved if one.file is not None}


def _json(asked: Asked, found: Report, saved: Sequence[Saved], ask_file: Asker | None) -> dict[str, Any]:
    dialect = sealing.chosen(asked.reader)
    body = report.migration_json(found) | {"for": asked.reader, "dialect": dialect.name, "weak": dialect.weak}
    for step, one in zip(body["steps"], saved, strict=False):
        step["file"] = one.file.path if one.file else None
    body["files"] = [{
        "path": path,
        "identities": [entry.certificate.sha256 for entry in listing.entries if entry.has_key],
        "certificates": [entry.certificate.sha256 for entry in listing.entries if not entry.has_key],
        "pending_keys": [key.id for key in listing.pending_keys],
    } for path, listing in _files(saved).items()]
    body["notes"] += sealing.remarks(dialect, asked.reader)
    if isinstance(ask_file, sealing.MadePassword) and ask_file.made and body["files"]:
        body["password"] = {"bits": ask_file.made.bits, "file": str(ask_file.path) if ask_file.path else None}
    return body


