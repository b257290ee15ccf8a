"""The commit protocol: a step reaches the stores whole or not at all, whatever interrupts it.

record of the step on disk → certificates without keys → key containers → certificates with keys → what is altered and
what goes → roots of the user → the record becomes an entry of the undo log. A key is always there before the
certificate that names it; and what Windows asks its user about comes last, as taking it back would ask them again. The
record holds names of containers and certificates and no secret.
"""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from profiles.errors import Error, LeftToUser
from profiles.files import writing
from profiles.files.reading import explained
from profiles.nss.lock import locked
from profiles.nss.schema import private_directory
from profiles.windows.crypt32 import FRIENDLY_NAME, KEY_LINK, USAGES, friendly
from profiles.windows.reversal import INTENT, attempted, require_nothing, require_settled, settle
from profiles.windows.stores import Stores, asks, require_person

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.windows.change import Addition, Change, Record, Value
    from profiles.windows.crypt32 import KeyLink
    from profiles.windows.keys import Keys

_KEPT_RUNS = 10


class Run:
    """Everything one opened store commits: one undo log with an entry for each step."""

    def __init__(self, keys: Keys, own: Path) -> None:
        self.keys, self.own = keys, own
        self.name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        self.path = own / self.name
        self._steps = self._reverted = 0
        self._declined: set[bytes] = set()

    @property
    def point(self) -> str | None:
        """The name by which ``undo`` finds this run, once something was committed."""
        return self.name if self._steps > self._reverted else None

    def require_settled(self) -> None:
        """Have nothing left of an interrupted step; see ``reversal``."""
        if self.own.is_dir():
            with locked(self.own):
                require_settled(self.keys, self.own)

    def commit(self, change: Change) -> int:
        """Make a change durably and return its number, or leave everything as it was."""
        self._require_person(change)
        with explained(self.own):
            self.own.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_directory(self.own)
        with locked(self.own):
            require_settled(self.keys, self.own)
            private_directory(self.path)
            intent, record = self._intent(self._steps + 1), change.record()
            writing.write_new(intent, record.encode())
            try:
                self._make(change, record, intent)
            except BaseException as error:
                require_nothing(attempted(partial(settle, self.keys, intent, ask=True)), self.keys, error)
                raise
            with explained(intent):
                intent.rename(self._entry(self._steps + 1))
            self._steps += 1
            _prune(self.own)
        return self._steps

    def _intent(self, step: int) -> Path:
        return self.own / f"{INTENT}{self.name}-{step:04d}.json"

    def _entry(self, step: int) -> Path:
        return self.path / f"{step:04d}.json"

    def _require_person(self, change: Change) -> None:
        """Where Windows will ask its user, somebody must be there, and is asked the same only once."""
        for one in change.additions:
            if asks(self.keys, one.store):
                if one.certificate.der in self._declined:
                    raise LeftToUser(f"that {one.certificate.common_name} be trusted was declined in the window of "
                                     "Windows", "With --trust none everything but the trust moves.")
                require_person(self.keys, one.certificate.der, "trust")
        for gone in change.removals:
            if asks(self.keys, gone.store):
                require_person(self.keys, gone.der, "delete")

    def _make(self, change: Change, record: Record, intent: Path) -> None:
        with Stores(self.keys) as stores:
            add = partial(self._add, stores, record, intent)
            asked = [one for one in change.additions if asks(self.keys, one.store)]
            others = [one for one in change.additions if one not in asked]
            for one in (one for one in others if not one.with_key):
                add(one)
            links = {}
            for number, (key_id, (key, certificate, proposed)) in enumerate(change.keys.items()):
                links[key_id] = self.keys.take_in(key, certificate, proposed)
                if links[key_id] != proposed:
                    record.keys[number] = links[key_id]
                    _rewrite(intent, record)
            for one in (one for one in others if one.with_key):
                add(one, links.get(one.key, one.link))
            for altered in change.alterations:
                new = altered.new | ({KEY_LINK: links[altered.key]} if altered.key in links else {})
                stores.change(altered.store, altered.der, new)
            for gone in sorted(change.removals, key=lambda gone: asks(self.keys, gone.store)):
                stores.remove(gone.store, gone.der)
            for one in asked:
                add(one)

    def _add(self, stores: Stores, record: Record, intent: Path, one: Addition, link: KeyLink | None = None) -> None:
        der = one.certificate.der
        properties: dict[int, Value] = {FRIENDLY_NAME: friendly(one.name)} if one.name else {}
        if one.usages:
            properties[USAGES] = one.usages
        if link is not None:
            properties[KEY_LINK] = link
        try:
            added = stores.add(one.store, der, properties)
        except LeftToUser:
            self._declined.add(der)
            raise
        if not added:  # another program was faster: it is not ours to take back
            record.added.remove((one.store, der))
            _rewrite(intent, record)

    def revert(self, step: int) -> Error | None:
        """Take one committed step back and forget it; what is left of it, if anything is."""
        self._reverted += 1
        return attempted(partial(self._revert, step))

    def _revert(self, step: int) -> list[str]:
        with locked(self.own):
            intent = self._intent(step)
            with explained(intent):
                self._entry(step).rename(intent)  # from here on it is one that was interrupted
            with suppress(OSError):
                self.path.rmdir()
            return settle(self.keys, intent, ask=True)


def _rewrite(intent: Path, record: Record) -> None:
    with explained(intent):
        before = intent.read_bytes()
    writing.replace(intent, record.encode(), before)


def _prune(own: Path) -> None:
    for path in sorted(path for path in own.iterdir() if path.is_dir())[:-_KEPT_RUNS]:
        with suppress(OSError, Error):
            for entry in path.iterdir():
                entry.unlink()
            path.rmdir()
