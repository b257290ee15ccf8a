"""What a run is about to set in a mail program, and what was there before: the points of every ``MailClient``.

A point is one JSON file of settings by name, without secrets: pending while a step is under way, kept for ``undo``
after it, marked when it was undone.
"""

from __future__ import annotations

import json
import operator
import os
import secrets
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from profiles.errors import Malformed, StoreInUse, StoreNotFound, VerificationFailed
from profiles.files.reading import explained
from profiles.files.writing import write_new
from profiles.mail.client import Unfinished
from profiles.nss.lock import locked
from profiles.nss.sql import BUSY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

_VERSION = 1
_PENDING, _KEPT, _UNDONE = ".pending.json", ".json", ".undone.json"
_MARK = "mail-"
_LOCK = "accounts.lock"
_MOST = 200
"""So many finished points are kept."""


class Settings(Protocol):
    """A mail program's settings as texts by name; a name and a text mean what the client wants them to."""

    def values(self, names: Collection[str]) -> dict[str, str | None]:
        """Each of them as it is now, read afresh; None for one that is not set."""

    def write(self, values: Mapping[str, str | None]) -> None:
        """Set all of them, whole or not at all as far as the medium allows; None removes one."""


@dataclass(frozen=True)
class Records:
    """The points of one mail program, kept in a directory of certferry's own."""

    directory: Path
    settings: Settings
    same: Callable[[str | None, str | None], bool] = operator.eq
    """Whether two texts of one setting mean the same."""

    @contextmanager
    def alone(self, patience: float = BUSY_SECONDS) -> Iterator[None]:
        """See ``MailClient``."""
        self._make_directory()
        with locked(self.directory, _LOCK, patience):
            yield

    def prepare(self, wanted: Mapping[str, str | None], needs: Iterable[str], owners: Mapping[str, str]) -> str:
        """See ``MailClient``; ``wanted`` is every setting as it should become, ``needs`` fingerprints.

        ``owners`` says of a setting whose it is: the address of the account.
        """
        now = self.settings.values(wanted)
        changes = {name: (now[name], value) for name, value in wanted.items() if not self.same(now[name], value)}
        point = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        self._make_directory()
        self._prune()
        body = {"version": _VERSION, "needs": sorted(needs), "changes": changes,
                "owners": {name: owners[name] for name in changes if name in owners}}
        write_new(self._path(point, _PENDING), json.dumps(body).encode())
        return point

    def associate(self, point: str) -> None:
        """See ``MailClient``."""
        changes = self._changes(point)
        now = self.settings.values(changes)
        if any(not self.same(now[name], old) and not self.same(now[name], new)
               for name, (old, new) in changes.items()):
            raise StoreInUse("the mail program's settings were changed by another program meanwhile", "Try again.")
        self._write({name: new for name, (_, new) in changes.items()}, now)

    def finish(self, point: str) -> None:
        """See ``MailClient``."""
        if self._path(point, _PENDING).exists():
            self._rename(point, _PENDING, _KEPT)
        elif not self._path(point, _KEPT).exists():
            raise _no_record()

    def restore(self, point: str) -> tuple[str, ...]:
        """See ``MailClient``."""
        if self._path(point, _UNDONE).exists():
            return ()
        changes, owners = self._changes(point), self._load(point).get("owners", {})
        now = self.settings.values(changes)
        self._write({name: old for name, (old, new) in changes.items() if self.same(now[name], new)}, now)
        for state in (_PENDING, _KEPT):
            if self._path(point, state).exists():
                self._rename(point, state, _UNDONE)
        return tuple(dict.fromkeys(str(owners.get(name, name)) for name, (old, new) in changes.items()
                                   if not self.same(now[name], new) and not self.same(now[name], old)))

    def unfinished(self) -> tuple[Unfinished, ...]:
        """See ``MailClient``."""
        if not self.directory.is_dir():
            return ()
        found = []
        for path in sorted(self.directory.glob(f"{_MARK}*{_PENDING}")):
            point = path.name.removeprefix(_MARK).removesuffix(_PENDING)
            try:
                needs = self._load(point)["needs"]
            except Malformed:
                with suppress(OSError):
                    path.rename(path.with_suffix(".damaged"))
                continue
            found.append(Unfinished(point, tuple(needs)))
        return tuple(found)

    def _write(self, values: Mapping[str, str | None], now: Mapping[str, str | None]) -> None:
        changed = {name: value for name, value in values.items() if not self.same(now[name], value)}
        if not changed:
            return
        self.settings.write(changed)
        after = self.settings.values(changed)
        wrong = [name for name, value in changed.items() if not self.same(after[name], value)]
        if wrong:
            raise VerificationFailed(f"a fresh read of the mail program's settings does not show {', '.join(wrong)}",
                                     "What was there before is put back.")

    def _changes(self, point: str) -> dict[str, tuple[str | None, str | None]]:
        return {name: (old, new) for name, (old, new) in self._load(point)["changes"].items()}

    def _load(self, point: str) -> dict[str, Any]:
        for state in (_PENDING, _KEPT):
            try:
                found = json.loads(self._path(point, state).read_bytes())
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                raise Malformed(f"the record of a mail setting ({point}) cannot be read") from error
            if not isinstance(found, dict) or found.get("version") != _VERSION:
                raise Malformed(f"the record of a mail setting ({point}) was not written by this version")
            return found
        raise _no_record()

    def _make_directory(self) -> None:
        with explained(self.directory):
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _path(self, point: str, state: str) -> Path:
        return self.directory / f"{_MARK}{os.path.basename(point)}{state}"  # noqa: PTH119 - a name, not a path

    def _rename(self, point: str, old: str, new: str) -> None:
        with explained(self._path(point, old)):
            self._path(point, old).replace(self._path(point, new))

    def _prune(self) -> None:
        finished = sorted(path for path in self.directory.glob(f"{_MARK}*.json")
                          if not path.name.endswith(_PENDING))
        for path in finished[:-_MOST]:
            with suppress(OSError):
                path.unlink()


def _no_record() -> StoreNotFound:
    return StoreNotFound("there is no record of that change to the mail settings", "It may have been undone already.")


class Recorded:
    """The half of a ``MailClient`` that its records do alone."""

    _records: Records

    def alone(self, patience: float = BUSY_SECONDS) -> AbstractContextManager[None]:
        """See ``MailClient``."""
        return self._records.alone(patience)

    def associate(self, point: str) -> None:
        """See ``MailClient``."""
        self._records.associate(point)

    def finish(self, point: str) -> None:
        """See ``MailClient``."""
        self._records.finish(point)

    def restore(self, point: str) -> tuple[str, ...]:
        """See ``MailClient``."""
        return self._records.restore(point)

    def unfinished(self) -> tuple[Unfinished, ...]:
        """See ``MailClient``."""
        return self._records.unfinished()
