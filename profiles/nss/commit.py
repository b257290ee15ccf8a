"""The commit protocol: a step reaches both files whole or not at all, whatever interrupts it.

backup (once) → intent of public rows → one key4 transaction → one cert9 transaction → the intent becomes the undo log.
``recover`` rolls an interrupted step forward or back before anything else, needs no secret, and knows no absolute
path, so a profile that was copied after a crash recovers too.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from profiles import disk
from profiles.errors import AccessDenied, Malformed, ToolFailed
from profiles.nss import attributes as at
from profiles.nss import schema
from profiles.nss.change import Change, Logged
from profiles.nss.intent import INTENT, OWN, pending
from profiles.nss.lock import locked
from profiles.nss.meanwhile import require_as_read
from profiles.nss.sql import CERT_DB, KEY_DB, Table, commit, reading, translated, writing

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.nss.envelope import PasswordEntry

_KEPT_RUNS = 10


class Run:
    """Everything one opened store commits: one backup, one undo log with an entry for each step."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.own = directory / OWN
        self.name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        self.path = self.own / self.name
        self.steps = 0
        self._reverted = 0

    @property
    def point(self) -> str | None:
        """The name by which ``undo`` finds this run, once something was committed."""
        return self.name if self.steps > self._reverted else None

    def commit(self, change: Change, entry: PasswordEntry | None) -> int:
        """Write a step durably and return its number; ``entry`` makes a key4.db that is missing."""
        _make_directory(self.directory)
        schema.private_directory(self.own)
        with locked(self.own):
            settle(self.directory, self.own)
            made = schema.create(self.directory, entry) if entry is not None else []
            try:
                self._commit(change, made)
            except BaseException:
                discard_empty(self.directory, made)
                raise
        self.steps += 1
        return self.steps

    def _commit(self, change: Change, made: list[str]) -> None:
        logged = change.public()
        intent = self.own / f"{INTENT}{self.name}-{self.steps + 1:04d}.json"
        with_keys = bool(change.key_inserts or change.meta_inserts or change.meta_updates)
        try:
            with ExitStack() as stack:
                certs = stack.enter_context(writing(self.directory / CERT_DB))
                keys = stack.enter_context(writing(self.directory / KEY_DB)) if with_keys else None
                require_as_read(change, certs, keys)
                self._prepare(made)
                _write(intent, logged.encode())
                if keys is not None:
                    with translated(keys.path):
                        change.apply_to_keys(keys)
                    commit(keys)
                with translated(certs.path):
                    logged.apply_to_certificates(certs)
                commit(certs)
            _finish(intent, self.path)
        except BaseException:
            entry = self._entry(self.steps + 1)
            if intent.exists() or entry.exists():
                take_back(self.directory, logged, self.path / CERT_DB)
                _remove(intent)
                _remove(entry)
            raise

    def _entry(self, step: int) -> Path:
        return self.path / f"{step:04d}.json"

    def _prepare(self, made: list[str]) -> None:
        """The backup before the first write, complete and durable; the caller holds both write locks."""
        if self.path.exists():
            return
        draft = schema.private_directory(self.own / f"{self.name}.new")
        try:
            for name in (CERT_DB, KEY_DB):
                if name not in made:
                    copy(self.directory / name, draft / name)
            _write(draft / "created", "\n".join(made).encode())
            with translated(self.path):
                draft.rename(self.path)
            schema.sync(self.own)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        _prune(self.own)

    def revert(self, step: int) -> None:
        """Take one committed step back and forget it."""
        entry = self._entry(step)
        with locked(self.own):
            settle(self.directory, self.own)
            take_back(self.directory, Logged.decode(entry.read_bytes()), self.path / CERT_DB)
            discard_empty(self.directory, created(self.path))
            _remove(entry)
        self._reverted += 1


def recover(directory: Path) -> None:
    """Finish or take back a step that was interrupted; costs one look into the directory where there is none."""
    own = directory / OWN
    if not pending(directory):
        return
    with locked(own):
        settle(directory, own)


def settle(directory: Path, own: Path) -> None:
    """Finish or take back what was interrupted; the caller holds the lock."""
    for intent in sorted(own.glob(f"{INTENT}*.json")):
        try:
            logged = Logged.decode(intent.read_bytes())
        except Malformed:
            intent.replace(intent.with_suffix(".damaged"))
            raise
        with ExitStack() as stack:
            certs = stack.enter_context(writing(directory / CERT_DB))
            if (directory / KEY_DB).exists():
                keys = stack.enter_context(writing(directory / KEY_DB))
                if not logged.keys_written(keys):
                    _remove(intent)
                    continue
            with translated(certs.path):
                logged.apply_to_certificates(certs)
            commit(certs)
        run = intent.name.removeprefix(INTENT).rsplit("-", 1)[0]
        _finish(intent, own / run)


def take_back(directory: Path, logged: Logged, before: Path) -> tuple[int, int]:
    """Take a step back: how many certificates and keys went; ``before`` is cert9.db as the run found it.

    Certificates first: a crash between the two leaves a key without its certificate, never the reverse.
    """
    with writing(directory / CERT_DB) as certs:
        with translated(certs.path):
            certificates, stay = logged.revert_certificates(certs, partial(_needed, certs, before))
        commit(certs)
    if not (logged.key_ids or logged.meta_names or logged.meta_updates):
        return certificates, 0
    with writing(directory / KEY_DB) as keys:
        with translated(keys.path):
            gone = logged.revert_keys(keys, _still_used(directory, keys, logged.key_ids, before), stay)
        commit(keys)
    return certificates, gone


def _still_used(directory: Path, keys: Table, ids: tuple[int, ...], before: Path) -> frozenset[int]:
    """Of those keys, the ones that a certificate in cert9.db needs."""
    if not ids:
        return frozenset()
    with reading(directory / CERT_DB) as certs:
        return frozenset(object_id for object_id in ids for _, row in keys.rows("id = ?", (object_id,), (at.ID,))
                         if _needed(certs, before, row.get(at.ID)))


def _needed(certs: Table, before: Path, cka_id: bytes | None) -> bool:
    """Whether there is a certificate of that key that was not there without it before the run."""
    found = _certificates(certs, cka_id)
    if not found or not before.exists():
        return bool(found)
    with reading(before) as old:
        return bool(found - _certificates(old, cka_id))


def _certificates(table: Table, cka_id: bytes | None) -> set[bytes | None]:
    rows = table.rows("a102 = ? AND a0 = ?", (cka_id, at.ulong(at.CERTIFICATE)), (at.VALUE,))
    return {row.get(at.VALUE) for _, row in rows}


def _make_directory(directory: Path) -> None:
    if not directory.is_dir():
        with translated(directory):
            directory.parent.mkdir(parents=True, exist_ok=True)
            disk.make_private_directory(directory)


def discard_empty(directory: Path, made: list[str]) -> None:
    """Remove the database files that this run made, if nothing is in them."""
    if not made:
        return
    for name in (CERT_DB, KEY_DB):
        if (directory / name).exists():
            with reading(directory / name) as table:
                if table.rows("1", (), (at.CLASS,)):
                    return
    for name in made:
        (directory / name).unlink(missing_ok=True)


def created(run: Path) -> list[str]:
    """The database files that a run made."""
    try:
        return [name for name in (run / "created").read_text().split("\n") if name in (CERT_DB, KEY_DB)]
    except OSError:
        return []


def _write(path: Path, data: bytes) -> None:
    """A new file, 0600, complete under its name or not there, durable."""
    draft = path.with_name(path.name + ".part")
    with translated(path):
        draft.unlink(missing_ok=True)
        handle = disk.create(draft)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    schema.sync(path.parent)


def copy(source: Path, target: Path) -> None:
    """A durable copy of a database that nobody writes to meanwhile, read back."""
    with translated(target), os.fdopen(disk.create(target), "wb") as file, source.open("rb") as original:
        shutil.copyfileobj(original, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    with reading(target) as copy, reading(source) as table:
        if copy.columns != table.columns or target.stat().st_size != source.stat().st_size:
            raise ToolFailed(f"the backup of {source} could not be read back", "Check the disk. Nothing was changed.")


def _finish(intent: Path, run: Path) -> None:
    """The step is in both files: its intent becomes an entry of the undo log. Failing here only delays that."""
    try:
        if run.is_dir():
            intent.replace(run / f"{intent.stem.rsplit('-', 1)[1]}.json")
            schema.sync(run)
            schema.sync(intent.parent)
        else:
            _remove(intent)
    except (OSError, AccessDenied, ToolFailed):
        return


def _remove(path: Path) -> None:
    with translated(path):
        path.unlink(missing_ok=True)
    schema.sync(path.parent)


def _prune(own: Path) -> None:
    """Old backups go, so that a profile does not grow with every move; the newest ten stay."""
    runs = sorted(path for path in own.iterdir() if path.is_dir() and not path.is_symlink())
    for path in runs[:-_KEPT_RUNS]:
        shutil.rmtree(path, ignore_errors=True)

