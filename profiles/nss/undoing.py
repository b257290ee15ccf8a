"""Taking a whole run back: the databases are kept as they were until then, and what could not go is named."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.errors import StoreNotFound
from profiles.nss import attributes as at
from profiles.nss import schema
from profiles.nss.change import Logged, unchanged
from profiles.nss.commit import copy, created, discard_empty, settle, take_back
from profiles.nss.intent import OWN
from profiles.nss.lock import locked
from profiles.nss.sql import CERT_DB, KEY_DB, reading, translated, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEPT = "kept"
"""In the record of a run: the databases as they were until it was undone."""


def recorded(directory: Path, run: str) -> Path:
    """Where the steps of a run are written down; ``StoreNotFound`` if they are not, or were undone."""
    path = directory / OWN / run
    if not run or Path(run).name != run or not path.is_dir():
        raise StoreNotFound(f"there is no record of that migration in {directory}", "It may have been undone already.")
    return path


def keep(directory: Path, run: str) -> Path:
    """Copy the databases as they are now into the record of a run: where ``undo`` will leave them.

    Those of an earlier try that came to no end are the fuller ones, and stay.
    """
    path = recorded(directory, run)
    with locked(path.parent):
        if not (path / _KEPT).exists():
            draft = schema.private_directory(path / f"{_KEPT}.new")
            with ExitStack() as stack:
                there = [name for name in (CERT_DB, KEY_DB) if (directory / name).exists()]
                for name in there:
                    stack.enter_context(writing(directory / name))
                for name in there:
                    (draft / name).unlink(missing_ok=True)
                    copy(directory / name, draft / name)
            with translated(path):
                draft.rename(path / _KEPT)
            schema.sync(path)
    return _undone(path) / _KEPT


def undo(directory: Path, run: str) -> tuple[int, int]:
    """Take back every step of a run, newest first: how many certificates and keys went."""
    path = recorded(directory, run)
    own = path.parent
    with locked(own):
        settle(directory, own)
        certificates = keys = 0
        for entry in sorted(path.glob("[0-9]*.json"), reverse=True):
            gone = take_back(directory, Logged.decode(entry.read_bytes()), path / CERT_DB)
            certificates, keys = certificates + gone[0], keys + gone[1]
        discard_empty(directory, created(path))
        with translated(path):
            path.rename(_undone(path))
    return certificates, keys


def left(directory: Path, run: str) -> tuple[str, ...]:
    """What is still there of a run that was undone, and why, a sentence each."""
    steps = [Logged.decode(entry.read_bytes())
             for entry in sorted(_undone(directory / OWN / run).glob("[0-9]*.json"))]
    return tuple(dict.fromkeys(_left(directory, steps)))


def _left(directory: Path, steps: list[Logged]) -> Iterator[str]:
    if (directory / CERT_DB).exists():
        with reading(directory / CERT_DB) as certs:
            for object_id, row in ((one, row) for step in steps for one, row in step.cert_inserts.items()):
                if at.number(row.get(at.CLASS)) != at.PUBLIC_KEY and certs.taken(object_id):
                    yield f"{_title(row)} stays: it was changed since"
            first: set[int] = set()
            for object_id, overwrite in ((one, two) for step in steps for one, two in step.cert_updates.items()):
                if object_id not in first and not unchanged(certs, object_id, overwrite.old):
                    yield "a trust setting stays as it was set since"
                first.add(object_id)
    if (directory / KEY_DB).exists():
        with reading(directory / KEY_DB) as keys:
            for object_id in (one for step in steps for one in step.key_ids):
                if keys.taken(object_id):
                    yield "a key stays: a certificate that is there needs it"


def _title(row: at.Row) -> str:
    if at.number(row.get(at.CLASS)) == at.CERTIFICATE:
        return f"the certificate {at.plain(row.get(at.LABEL)).decode('utf-8', 'replace')}"
    return "a trust setting"


def _undone(run: Path) -> Path:
    return run.with_name(f"{run.name}.undone")
