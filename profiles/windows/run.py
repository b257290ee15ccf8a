"""The commit protocol: a step reaches the stores whole or not at all, whatever interrupts it.

record of the step on disk → certificates without keys → key containers → certificates with keys → the record becomes an
entry of the undo log. A key is always there before the certificate that names it. ``recover`` takes an interrupted step
back before anything else; the record holds names of containers and certificates and no secret.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self

from profiles.errors import Error, LeftToUser, Malformed, StoreNotFound
from profiles.files import writing
from profiles.files.reading import explained
from profiles.nss.lock import locked
from profiles.nss.schema import private_directory
from profiles.windows import contents as stored
from profiles.windows.change import Record
from profiles.windows.crypt32 import FRIENDLY_NAME, KEY_LINK, USAGES, friendly, system_store
from profiles.windows.failures import translated
from profiles.windows.native import has_desktop
from profiles.windows.usages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.windows.change import Addition, Change, Value
    from profiles.windows.crypt32 import KeyLink, SystemStore
    from profiles.windows.keys import Keys

_INTENT, _KEPT_RUNS = "intent-", 10


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

    def commit(self, change: Change) -> int:
        """Make a change durably and return its number, or leave everything as it was."""
        self._require_person(change)
        with explained(self.own):
            self.own.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_directory(self.own)
        with locked(self.own):
            _recover(self.keys, self.own)
            private_directory(self.path)
            intent = self.own / f"{_INTENT}{self.name}-{self._steps + 1:04d}.json"
            record = change.record()
            writing.write_new(intent, record.encode())
            try:
                self._make(change, record, intent)
            except BaseException:
                revert(self.keys, record)
                _remove(intent)
                raise
            with explained(intent):
                intent.rename(self.path / f"{self._steps + 1:04d}.json")
            self._steps += 1
            _prune(self.own)
        return self._steps

    def _require_person(self, change: Change) -> None:
        """Windows asks its user about every new root of theirs: somebody must be there, and is asked once."""
        for one in change.additions:
            if one.store != ROOT or self.keys.machine:
                continue
            title = one.certificate.common_name
            if one.certificate.der in self._declined:
                raise LeftToUser(f"that {title} be trusted was declined in the window of Windows",
                                 "With --trust none everything but the trust moves.")
            if not has_desktop(self.keys.native):
                raise LeftToUser(
                    f"Windows lets only a person at its desktop trust a root such as {title}, and nobody is there",
                    "Run the same command in a terminal on the desktop; or with --trust none, which leaves the trust "
                    "out; or name windows:machine as administrator, which trusts it for everybody on this computer.")

    def _make(self, change: Change, record: Record, intent: Path) -> None:
        with _Stores(self.keys) as stores:
            def add(one: Addition, link: KeyLink | None = None) -> None:
                if not self._add(stores, one, link):  # another program was faster: it is not ours to take back
                    record.added.remove((one.store, one.certificate.der))
                    writing.replace(intent, record.encode(), intent.read_bytes())

            for one in (one for one in change.additions if not one.with_key):
                add(one)
            links = {}
            for number, (key_id, (key, certificate, proposed)) in enumerate(change.keys.items()):
                links[key_id] = self.keys.take_in(key, certificate, proposed)
                if links[key_id] != proposed:
                    record.keys[number] = links[key_id]
                    writing.replace(intent, record.encode(), intent.read_bytes())
            for one in (one for one in change.additions if one.with_key):
                add(one, links.get(one.key, one.link))
            for altered in change.alterations:
                new = altered.new | ({KEY_LINK: links[altered.key]} if altered.key in links else {})
                with translated(f"the certificate store {altered.store}"):
                    stores.open(altered.store).change(altered.der, new)
            for gone in change.removals:
                with translated(f"the certificate store {gone.store}"):
                    stores.open(gone.store).remove(gone.der)

    def _add(self, stores: _Stores, one: Addition, link: KeyLink | None) -> bool:
        properties: dict[int, Value] = {FRIENDLY_NAME: friendly(one.name)} if one.name else {}
        if one.usages:
            properties[USAGES] = one.usages
        if link is not None:
            properties[KEY_LINK] = link
        title = one.certificate.common_name
        if one.store == ROOT and not self.keys.machine:
            self.keys.announce(f"Windows now asks in a window whether to trust the root {title}: compare the "
                               f"fingerprint it shows with {_sha1(one.certificate.der)}")
        try:
            with translated(f"that {title} be in the certificate store {one.store}"):
                return stores.open(one.store).add(one.certificate.der, properties)
        except LeftToUser:
            self._declined.add(one.certificate.der)
            raise

    def revert(self, step: int) -> None:
        """Take one committed step back and forget it."""
        entry = self.path / f"{step:04d}.json"
        with locked(self.own):
            _recover(self.keys, self.own)
            revert(self.keys, Record.decode(entry.read_bytes()))
            _remove(entry)
            with suppress(OSError):
                self.path.rmdir()
        self._reverted += 1


def waiting(own: Path) -> bool:
    """Whether a step was interrupted."""
    return any(own.glob(f"{_INTENT}*.json"))


def recover(keys: Keys, own: Path) -> None:
    """Take back a step that was interrupted; costs one look into the directory where there is none."""
    if waiting(own):
        with locked(own):
            _recover(keys, own)


def _recover(keys: Keys, own: Path) -> None:
    for intent in sorted(own.glob(f"{_INTENT}*.json")):
        try:
            record = Record.decode(intent.read_bytes())
        except Malformed:
            intent.rename(intent.with_suffix(".damaged"))
            raise
        revert(keys, record)
        _remove(intent)


def undo(keys: Keys, own: Path, run: str) -> int:
    """Take back every step of a run, newest first: how many certificates and keys went."""
    path = own / run
    if not run or path.parent != own or not path.is_dir():
        raise StoreNotFound("there is no record of that migration into the Windows stores",
                            "It may have been undone already.")
    with locked(own):
        _recover(keys, own)
        gone = 0
        for entry in sorted(path.glob("[0-9]*.json"), reverse=True):
            gone += revert(keys, Record.decode(entry.read_bytes()))
            _remove(entry)
        path.rmdir()
    return gone


def revert(keys: Keys, record: Record) -> int:
    """Take a step back as far as it was made: how many certificates and keys went.

    Certificates go before keys, so that an interruption leaves a key without its certificate, never the reverse; and a
    key that a certificate still names stays.
    """
    gone: set[bytes] = set()
    with _Stores(keys) as stores, translated("the certificate stores"):
        for store, element in record.removed:
            stores.open(store).put_back(element)
        for store, der, old in record.altered:
            if stores.open(store).find(der) is not None:
                stores.open(store).change(der, old)
        for store, der in reversed(record.added):
            if stores.open(store).remove(der) and store != stored.REQUEST:
                gone.add(der)
        gone = {der for der in gone if not any(stores.open(store).find(der) for store in stored.STORES)}
        named = {one.link for store in (stored.MY, stored.REQUEST) for one in stores.open(store).held() if one.link}
    containers = {(link.container, link.machine) for link in named}
    removed = [link for link in record.keys if (link.container, link.machine) not in containers and keys.remove(link)]
    return len(gone) + len(removed)


class _Stores:
    """The system stores of one location, each opened for writing when it is first needed."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._open: dict[str, SystemStore] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def open(self, name: str) -> SystemStore:
        """The store of that name."""
        if name not in self._open:
            self._open[name] = self._stack.enter_context(
                system_store(self._keys.native, name, machine=self._keys.machine, write=True))
        return self._open[name]


def _sha1(der: bytes) -> str:
    return hashlib.sha1(der).hexdigest().upper()


def _remove(path: Path) -> None:
    with explained(path):
        path.unlink(missing_ok=True)


def _prune(own: Path) -> None:
    for path in sorted(path for path in own.iterdir() if path.is_dir())[:-_KEPT_RUNS]:
        with suppress(OSError, Error):
            for entry in path.iterdir():
                entry.unlink()
            path.rmdir()
