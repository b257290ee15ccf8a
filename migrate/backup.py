"""Saving what a store holds in PKCS#12 files: all in one, or one for each identity, each re-opened and proved."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from migrate.arrival import Observer, failed, name, silent, skipped
from migrate.engine import Migration
from migrate.naming import Content, file_names
from profiles.errors import Error, Interrupted, PasswordNeeded, WrongPassword
from profiles.files import writing
from profiles.files.pkcs12 import Pkcs12File

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from migrate.plan import Options, Plan, Step
    from migrate.report import Outcome
    from profiles.files.store import FileStore
    from profiles.model import Listing
    from profiles.pkcs12.dialects import Dialect
    from profiles.store import Asker, Store


class Saved(NamedTuple):
    """How one step ended, and the file it is in; None where it is in none."""

    outcome: Outcome
    file: FileStore | None


@dataclass(frozen=True)
class Backup:
    """An open store, what of it is wanted, and how its files are to be made."""

    source: Store
    options: Options
    dialect: Dialect
    ask_source: Asker
    ask_file: Asker
    """For the password of the new files; asked once for each of them."""
    replace: bool = False
    """Whether a file that is there gives way; ``undo`` brings it back."""
    others: Callable[[], Iterable[Listing]] = tuple
    observe: Observer = silent
    remembered: Callable[[Store], Callable[[Sequence[Step]], None]] = lambda _store: lambda _steps: None
    """Called with each file's store: what is to be called with the steps that are in it, so that it can be undone."""

    def plan(self, path: Path) -> Plan:
        """What would be saved, as if all of it went into one new file at ``path``."""
        return self._migration(self._file(path), self.options).plan()

    def places(self, plan: Plan, directory: Path) -> list[Path]:
        """A file in ``directory`` for each step of a plan, in its order."""
        def taken(file: str) -> bool:
            writing.sweep(directory / file)
            return not self.replace and os.path.lexists(directory / file)

        contents = [Content(step.certificate, name(step), step.nickname) for step in plan.steps]
        return [directory / file for file in file_names(contents, taken)]

    def together(self, plan: Plan, path: Path) -> list[Saved]:
        """Everything in one file; raises what stops all of it."""
        store = self._file(path)
        return [_saved(outcome, store) for outcome in self._migration(store, self.options).run(plan).outcomes]

    def apart(self, plan: Plan, places: Sequence[Path]) -> Iterator[Saved]:
        """One file for each step; one that cannot be made does not stop the others.

        Raises what stops them all: a password that is wrong or not to be had. Ctrl-C leaves the files that are there.
        """
        stopped: Interrupted | None = None
        for number, (step, path) in enumerate(zip(plan.steps, places, strict=True)):
            self.observe("saved", number, len(plan.steps))
            if stopped is not None:
                yield Saved(failed(step, stopped, f"not tried after: {stopped.message}"), None)
                continue
            try:
                yield self._one(step, path)
            except KeyboardInterrupt:
                if not number:
                    raise
                stopped = Interrupted("interrupted")
                yield Saved(failed(step, stopped), None)
            except (PasswordNeeded, WrongPassword):
                raise
            except Error as error:
                if len(plan.steps) == 1:
                    raise
                yield Saved(failed(step, error), None)
        self.observe("saved", len(plan.steps), len(plan.steps))

    def _one(self, step: Step, path: Path) -> Saved:
        if step.skip:
            return Saved(skipped(step), None)
        store = self._file(path)
        migration = self._migration(store, replace(self.options, only=(name(step),)))
        return _saved(migration.run(migration.plan()).outcomes[0], store)

    def _file(self, path: Path) -> FileStore:
        return Pkcs12File(path, self.dialect, afresh=self.replace)

    def _migration(self, store: FileStore, options: Options) -> Migration:
        return Migration(self.source, store, options, self.ask_source, self.ask_file, self.others,
                         committed=self.remembered(store))


def _saved(outcome: Outcome, store: FileStore) -> Saved:
    return Saved(outcome, store if outcome.outcome == "done" else None)
