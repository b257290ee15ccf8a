"""Evolution's account sources as settings: key files, of which the S/MIME part of mail identities is edited."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles.directories.together import Edit, write
from profiles.errors import AccessDenied, Error, Malformed, NoMatch
from profiles.files import writing
from profiles.files.reading import explained, read_if_there
from profiles.mail.key_file import KeyFile, escaped

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from profiles.model import Entry
    from profiles.store import Store

GROUP, IDENTITY = "Secure MIME (S/MIME)", "Mail Identity"
PRINT = "sha256:"
"""Before a fingerprint that stands for a nickname; no nickname begins so."""
UNSET = "\n"
"""Stands for a key that is not set where its group is there, which then stays when it is put back; else it is None."""


@dataclass(frozen=True)
class Sources:
    """The files of a directory of sources as ``Settings``: names are ``uid/Key``, values as they stand in the file."""

    store: Store
    directory: Path

    def identities(self) -> Iterator[tuple[str, KeyFile | Error]]:
        """Every source of a mail identity by its uid, or why it cannot be read."""
        for path in sorted(self.directory.glob("*.source")):
            uid = path.name.removesuffix(".source")
            try:
                data = read_if_there(path)
                if data is None or IDENTITY.encode() not in data:
                    continue  # a calendar or an address book is no business of this
                file = self._file(uid)
                if file.has(IDENTITY):
                    yield uid, file
            except AccessDenied:
                continue  # Evolution cannot read it either
            except Error as error:
                yield uid, error

    def _file(self, uid: str) -> KeyFile:
        """A source that is sound, empty where it is not there."""
        path = self._path(uid)
        file = KeyFile(read_if_there(path) or b"")
        try:
            file.has(GROUP)
        except Malformed as error:
            raise Malformed(f"{path}: {error.message}", error.hint) from error
        return file

    def values(self, names: Collection[str]) -> dict[str, str | None]:
        """See ``Settings``."""
        found = {}
        for name in names:
            uid, _, key = name.rpartition("/")
            file = self._file(uid)
            value = file.value(GROUP, key)
            found[name] = UNSET if value is None and file.has(GROUP) else value
        return found

    def write(self, values: Mapping[str, str | None]) -> None:
        """See ``Settings``: all files together, whole or not at all."""
        wanted: dict[str, dict[str, str | None]] = {}
        for name, value in values.items():
            uid, _, key = name.rpartition("/")
            wanted.setdefault(uid, {})[key] = self._spelled(value)
        edits = []
        for uid, changes in wanted.items():
            path, file = self.require_editable(uid), self._file(uid)
            with explained(path):
                mode = path.stat().st_mode & 0o777
            plain = {key: None if value == UNSET else value for key, value in changes.items()}
            new = file.edited(GROUP, plain, keep=UNSET in changes.values())
            edits.append(Edit(path.name, file.data, new, mode))
        write(self.directory, edits)

    def _spelled(self, value: str | None) -> str | None:
        if not value or not value.startswith(PRINT):
            return value
        nickname = self.nickname(value.removeprefix(PRINT))
        if not nickname:
            raise NoMatch(f"a certificate that an account of Evolution is to use is not in {self.store.location}",
                          "Migrate it first.")
        return escaped(nickname)

    def _path(self, uid: str) -> Path:
        if "/" in uid or not uid:
            raise NoMatch(f"{uid!r} is no account of Evolution")
        return self.directory / f"{uid}.source"

    def nickname(self, sha256: str) -> str:
        """What the database calls a certificate of which it has the key, or nothing."""
        return next((entry.nickname for entry in self.held() if entry.certificate.sha256 == sha256), "")

    def held(self) -> tuple[Entry, ...]:
        """The certificates in the database of which it has the keys."""
        return tuple(entry for entry in self.store.list().entries if entry.has_key)

    def require_writable(self) -> None:
        """``AccessDenied`` where the directory is not to be changed."""
        writing.writable(self.directory / "certferry.source")

    def require_editable(self, uid: str) -> Path:
        """The file of an account; ``AccessDenied`` where it is not to be changed, ``Malformed``."""
        path = self._path(uid)
        with explained(path):
            mode = path.stat().st_mode
        if not os.access(path, os.W_OK) or not mode & 0o222:
            raise AccessDenied(f"{path} may not be written", "It was meant to stay as it is; check its mode.")
        self._file(uid)
        return path
