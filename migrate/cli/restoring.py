"""``restore`` from a directory: every backup in it, as if it were one."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from migrate import elsewhere, passwords, render, report
from migrate.arrival import failed, given_up, name
from migrate.cli.advice import advised
from migrate.cli.asking import agreed
from migrate.cli.interrupts import broken_off, once
from migrate.cli.memory import Memory
from migrate.cli.moving import protect, status
from migrate.engine import Migration
from migrate.plan import Options, Plan
from migrate.report import Report
from profiles.commands import certferry
from profiles.errors import Error, Interrupted, NoMatch
from profiles.files.recognition import recognise
from profiles.model import Listing, Location, Problem
from profiles.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrate.cli.moving import Asked
    from profiles.model import Secret
    from profiles.store import Asker, Store


class _OneForAll:
    """An ``Asker`` for many files that were most likely made with one password."""

    def __init__(self, ask: Asker) -> None:
        self._ask, self._offered = ask, set[str]()
        self.tries, self.explicit = ask.tries + 1, ask.explicit
        self._last: Secret | None = None

    def __call__(self, what: str, *, new: bool = False) -> Secret:
        """The password that opened the file before, then one that is asked for."""
        if self._last is not None and what not in self._offered:
            self._offered.add(what)
            return self._last
        self._offered.add(what)
        self._last = self._ask(what, new=new)
        return self._last


def holds_backups(directory: Path) -> bool:
    """Whether it is a directory of PKCS#12 files, and no profile."""
    return directory.is_dir() and not (directory / "cert9.db").exists() and bool(_files(directory))


def restore(asked: Asked, directory: Path, *, dry_run: bool, yes: bool, to_json: bool) -> int:
    """Put what all files of a directory hold into one store: the exit status.

    Every file is opened before anything is changed.
    """
    if asked.associate is not None:
        raise passwords.BadSource("--associate takes one file",
                                  "Restore first, then say: "
                                  f"{certferry('mail', asked.target, '--set', asked.associate)}")
    target = open_store(asked.target, engine=asked.engine, new=True)
    protect(target, asked)
    works = _works(asked, directory, target)
    plans = [work.plan() for work in works]
    if dry_run:
        reports = [report.planned(plan) for plan in plans]
    else:
        if any(plan.steps for plan in plans) and not to_json:
            for plan in plans:
                render.plan(plan)
            if not yes and not agreed():
                render.note("nothing was changed")
                return 0
        with once():
            reports = _run(works, plans)
    found = broken_off(advised(_merged(directory, reports, dry_run=dry_run), target))
    if to_json:
        render.as_json(report.migration_json(found))
    elif dry_run:
        for plan in plans:
            render.plan(plan)
        render.remarks(found.remarks)
        render.say("dry run: nothing was changed")
    else:
        render.report(found)
    return 0 if dry_run else status(found)


def _run(works: Sequence[Migration], plans: Sequence[Plan]) -> list[Report]:
    """What became of each; what ends one of them after others arrived ends the rest too, and is in their reports."""
    reports: list[Report] = []
    for number, work in enumerate(works):
        try:
            reports.append(_as_shown(plans[number], work.run(work.plan())))
        except (KeyboardInterrupt, Error) as problem:
            if not any(outcome.outcome == "done" for one in reports for outcome in one.outcomes):
                raise
            error = problem if isinstance(problem, Error) else Interrupted("interrupted")
            reports += [given_up(plan, error) for plan in plans[number:]]
            break
    return reports


def _as_shown(plan: Plan, done: Report) -> Report:
    """With an outcome for what was shown and agreed to, and was not there any more when its turn came."""
    found = {*map(name, done.plan.steps), *done.plan.already_there}
    gone = NoMatch(f"it is not in {plan.source.path} any more", "See what became of the file, and restore it again.")
    return done._replace(outcomes=(
        *done.outcomes, *(failed(step, gone) for step in plan.steps if name(step) not in found)))


def _works(asked: Asked, directory: Path, target: Store) -> list[Migration]:
    """A migration for each file that holds something of what is wanted."""
    if asked.trust not in ("copy", "none"):
        raise passwords.BadSource("--trust takes copy or none")
    ask_file, ask_target = _OneForAll(passwords.parse(asked.file_password)), passwords.parse(
        asked.to_password, "--to-password")
    options = Options(asked.only, trust=asked.trust == "copy", roots=asked.roots)
    memory = Memory(str(_location(directory)), target)
    works = []
    for path in _files(directory):
        source = open_store(f"p12:{path}")
        work = Migration(source, target, options, ask_file, ask_target,
                         partial(elsewhere.listings, {source.path, target.path}), render.Progress(),
                         partial(memory.arrived, source))
        try:
            work.plan()
        except NoMatch:
            continue
        works.append(work)
    if not works:
        raise NoMatch(f"nothing in the files of {directory} matches what --only names",
                      "`certferry list FILE --file-password tty` shows what is in a file.")
    return works


def _files(directory: Path) -> list[Path]:
    """The PKCS#12 files in it, told by their content; not the copies of what was replaced."""
    found = []
    for path in sorted(directory.iterdir()):
        if path.name.startswith(".") or ".certferry-backup-" in path.name or not path.is_file():
            continue
        with suppress(Error):
            location = recognise(path)
            if location is not None and location.kind == "p12":
                found.append(path)
    return found


def _location(directory: Path) -> Location:
    return Location("p12", f"{directory.absolute()}/")


def _merged(directory: Path, reports: Sequence[Report], *, dry_run: bool) -> Report:
    """All reports as one, from the directory; what was wrong with a file says with which."""
    first = reports[0].plan
    problems = tuple(Problem(problem.code, f"{Path(one.plan.source.path).name}: {problem.message}")
                     for one in reports for problem in one.plan.source.problems)
    source = Listing(_location(directory), first.source.product, str(directory), problems=problems)
    plan = Plan(source, first.target, tuple(step for one in reports for step in one.plan.steps),
                tuple(name for one in reports for name in one.plan.already_there))
    return Report(plan, tuple(outcome for one in reports for outcome in one.outcomes), dry_run=dry_run)
