"""What one run wrote into files, kept in the user's state directory so that a later run can take it back.

It holds paths, fingerprints of contents and names of backups; no content and no secret.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.disk import OWNER_ONLY, Access
from profiles.errors import StoreInUse, StoreNotFound
from profiles.files import writing
from profiles.files.reading import read_if_there

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEPT = 50


def _directory() -> Path:
    from platformdirs import user_state_path

    return user_state_path("certferry", appauthor=False) / "files"


def fingerprint(data: bytes) -> str:
    """The SHA-256 of a content."""
    return hashlib.sha256(data).hexdigest()


@dataclass
class Written:
    """One file of a run: every content it was given, and what was there before."""

    path: str
    contents: list[str] = field(default_factory=list)
    backup: str | None = None
    mode: Access = OWNER_ONLY
    """Who could read it before."""


@dataclass
class Record:
    """All files of one run; ``name`` is the undo point."""

    name: str = field(default_factory=lambda: f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}")
    files: list[Written] = field(default_factory=list)
    added: int = 0
    """Certificates and keys, over all steps that stayed."""

    def of(self, path: Path) -> Written | None:
        """What this run wrote at ``path``, if anything."""
        return next((file for file in self.files if file.path == str(path)), None)

    def save(self) -> bool:
        """Write it down before the file itself is written; False where there is no place for it."""
        directory = _directory()
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = directory / f".{self.name}.{secrets.token_hex(4)}"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(asdict(self), file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(directory / f"{self.name}.json")
        except OSError:
            return False
        for old in sorted(directory.glob("*.json"))[:-_KEPT]:
            with suppress(OSError):
                old.unlink()
        return True

    def forget(self) -> None:
        """Remove it."""
        with suppress(OSError):
            (_directory() / f"{self.name}.json").unlink()

    @classmethod
    def load(cls, name: str, paths: Iterable[Path]) -> Record:
        """The record of an earlier run; ``StoreNotFound`` if there is none, or none of these files."""
        try:
            kept = json.loads((_directory() / f"{Path(name).name}.json").read_text("utf-8"))
            found = cls(kept["name"], [Written(**file) for file in kept["files"]], kept["added"])
        except (OSError, ValueError, TypeError, KeyError):
            found = cls()
        if not found.files or {file.path for file in found.files} - {str(path) for path in paths}:
            raise StoreNotFound("there is no record of that migration here", "It may have been undone already.")
        return found

    def _found(self) -> list[tuple[Written, bytes | None, bytes | None]]:
        """Every file with what it holds now and what it held before; raises where it cannot be put back so."""
        found = []
        for file in self.files:
            path, data, old = Path(file.path), read_if_there(Path(file.path)), None
            if data is not None and fingerprint(data) not in file.contents:
                raise StoreInUse(
                    f"{file.path} was changed after the migration, so taking it back would lose that change",
                    f"Its state before is in {file.backup}." if file.backup else "Remove it yourself if you want to.")
            if file.backup:
                old = read_if_there(path.with_name(file.backup))
                if old is None:
                    raise StoreNotFound(f"{file.backup}, which has what {file.path} held before, is not there any more")
            found.append((file, data, old))
        if all(data is None and old is None for _, data, old in found):
            raise StoreNotFound(f"{self.files[0].path} is not there any more")
        return found

    def foreseen(self) -> tuple[str, ...]:
        """What becomes of each file."""
        return tuple(f"the file {file.path} gets back what it held before" if file.backup else
                     f"the file {file.path} goes" for file, data, old in self._found() if data is not None or old)

    def keep(self) -> tuple[str, ...]:
        """Copies of all files beside them."""
        return tuple(str(writing.back_up(Path(file.path), data)) for file, data, _ in self._found() if data is not None)

    def undo(self) -> int:
        """Put every file back as it was, if all of them still are what the run made of them, or are gone."""
        for file, data, old in self._found():
            if data is not None:
                put_back(Path(file.path), data, old, file.mode)
            elif old is not None:
                writing.write_new(Path(file.path), old, file.mode)
            if file.backup:
                with suppress(OSError):
                    Path(file.path).with_name(file.backup).unlink()
        self.forget()
        return self.added


def put_back(path: Path, current: bytes, old: bytes | None, access: Access) -> None:
    """Make ``path`` what it was: the old content with its old access, or nothing."""
    if old is None:
        if read_if_there(path) is not None:
            writing.remove(path, current)
    else:
        writing.replace(path, old, current, access)
