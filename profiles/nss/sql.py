"""The two SQLite files of an NSS database: opening, reading and writing rows, and SQLite's errors in our words."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from profiles.errors import AccessDenied, Error, Malformed, StoreInUse, ToolFailed, Unsupported
from profiles.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from profiles.nss.attributes import Row

CERT_DB, KEY_DB = "cert9.db", "key4.db"
PUBLIC, PRIVATE, META = "nssPublic", "nssPrivate", "metaData"

BUSY_SECONDS = 5.0
"""How long another program's lock is waited for."""

CHUNK = 500
"""Values in one statement; old builds of SQLite allow 999."""

_ID_BITS = 30
_PLAIN = re.compile(r"[\w/.-]*", re.ASCII)


_SAID: tuple[tuple[tuple[str, ...], type[Error], str, str], ...] = (
    (("SQLITE_BUSY", "SQLITE_LOCKED"), StoreInUse,
     "{path} is being used by another program, which did not let go of it in time",
     "Close the application that uses it and try again."),
    (("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH", "SQLITE_CANTOPEN"), AccessDenied,
     "{path} cannot be opened for this", "Check who owns the file and its directory, and whether they may be written."),
    (("SQLITE_IOERR",), ToolFailed,  # SQLite does not say which of them
     "{path} could not be read or written: the disk failed, or no file may be that large here",
     "Check the disk and the limit of the system (ulimit -f); then try again."),
    (("SQLITE_NOTADB", "SQLITE_CORRUPT"), Malformed, "{path} is not a sound database file",
     "It may be cut off or damaged; restore it from a backup of the profile."),
    (("",), Malformed, "{path} is not an NSS database that can be read ({error})", ""),
)
"""SQLite's names for what went wrong, and what they mean to a user; the last row is for all others."""


def _sentence(error: sqlite3.Error, path: Path) -> Error:
    name = getattr(error, "sqlite_errorname", "") or ""
    code = errno.ENOSPC if name.startswith("SQLITE_FULL") else errno.EISDIR if path.is_dir() else 0
    if code:
        return refusal(OSError(code, os.strerror(code)), path)
    _, kind, sentence, hint = next(row for row in _SAID if name.startswith(row[0]))
    return kind(sentence.format(path=path, error=error), hint)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise SQLite's and the system's errors about ``path`` as ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _sentence(error, path) from error
    except OSError as error:
        raise refusal(error, path) from error


def _connect(path: Path, mode: str, timeout: float) -> sqlite3.Connection:
    name = os.path.abspath(path)  # noqa: PTH100 - links stay as they are
    uri = f"file:{name if _PLAIN.fullmatch(name) else quote(name)}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None)
    connection.text_factory = bytes
    return connection


class Table:
    """One table of one file, open."""

    def __init__(self, path: Path, name: str, connection: sqlite3.Connection) -> None:
        self.path, self.name, self.connection = path, name, connection
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            raise _sentence(error, path) from error
        if version:
            raise Unsupported(f"{path} is of a newer format (version {version}) than this program knows",
                              "Look for a newer certferry.")

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The attributes that the writer of this file knew; ``Malformed`` for a file that is no NSS database."""
        with translated(self.path):
            found = self.connection.execute(f"PRAGMA table_info({self.name})").fetchall()
        columns = tuple(row[1].decode() for row in found if row[1] != b"id")
        if not {"a0", "a102"} <= set(columns):
            raise Malformed(f"{self.path} is an SQLite file, but not an NSS database")
        return columns

    def rows(self, where: str, values: Iterable[object] = (), columns: Iterable[str] = ()) -> list[tuple[int, Row]]:
        """The objects that match, with those of the columns that this file has (all when none are named)."""
        names = list(columns) or list(self.columns)
        try:
            found = self._select(names, where, values)
        except sqlite3.OperationalError as error:
            # Which columns there are is looked up only where one is missing: it costs as much as the query.
            if "no such" not in str(error):
                raise _sentence(error, self.path) from error
            names = [name for name in names if name in self.columns]
            with translated(self.path):
                found = self._select(names, where, values)
        except sqlite3.Error as error:
            raise _sentence(error, self.path) from error
        return [(row[0], {n: v if v.__class__ is bytes else _octets(v)
                          for n, v in zip(names, row[1:], strict=True) if v is not None}) for row in found]

    def _select(self, names: list[str], where: str, values: Iterable[object]) -> list[tuple[Any, ...]]:
        query = f"SELECT id, {', '.join(names)} FROM {self.name} WHERE {where}"  # noqa: S608 - names are our constants
        return self.connection.execute(query, tuple(values)).fetchall()

    def has(self, column: str) -> bool:
        """Whether the writer of this file knew that attribute."""
        return column in self.columns

    def taken(self, object_id: int) -> bool:
        """Whether an object has that id."""
        with translated(self.path):
            query = f"SELECT 1 FROM {self.name} WHERE id = ?"  # noqa: S608 - our constant
            return self.connection.execute(query, (object_id,)).fetchone() is not None

    def insert(self, object_id: int, row: Row) -> None:
        """A new object; attributes that this file has no column for are left out, as its writer would."""
        known = {name: value for name, value in row.items() if value is not None and name in self.columns}
        marks = ", ".join("?" * (len(known) + 1))
        query = f"INSERT INTO {self.name} (id, {', '.join(known)}) VALUES ({marks})"  # noqa: S608 - our constants
        self.connection.execute(query, (object_id, *known.values()))

    def update(self, object_id: int, row: Row) -> None:
        """New values for some attributes of an object."""
        sets = ", ".join(f"{name} = ?" for name in row)
        query = f"UPDATE {self.name} SET {sets} WHERE id = ?"  # noqa: S608 - our constants
        self.connection.execute(query, (*row.values(), object_id))

    def delete(self, object_id: int) -> None:
        """Take an object out."""
        self.connection.execute(f"DELETE FROM {self.name} WHERE id = ?", (object_id,))  # noqa: S608 - our constant

    def meta(self, pattern: str = "%") -> dict[str, tuple[bytes, bytes | None]]:
        """Rows of metaData by name (LIKE pattern)."""
        with translated(self.path):
            found = self.connection.execute("SELECT id, item1, item2 FROM metaData WHERE id LIKE ?", (pattern,))
            return {_text(name): (_octets(one), two) for name, one, two in found.fetchall()}

    def named(self, names: Iterable[str]) -> dict[str, tuple[bytes, bytes | None]]:
        """Those of the named rows of metaData that there are: ``password``, and ``sig_…`` for signatures."""
        wanted = list(names)
        found: dict[str, tuple[bytes, bytes | None]] = {}
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            query = f"SELECT id, item1, item2 FROM metaData WHERE id IN ({', '.join('?' * len(part))})"  # noqa: S608
            try:
                rows = self.connection.execute(query, part).fetchall()
            except sqlite3.Error as error:
                raise _sentence(error, self.path) from error
            found |= {_text(row[0]): (_octets(row[1]), row[2]) for row in rows}
        return found

    def signature(self, name: str) -> bytes | None:
        """One ``sig_…`` row of metaData."""
        with translated(self.path):
            row = self.connection.execute("SELECT item1 FROM metaData WHERE id = ?", (name,)).fetchone()
        return row[0] if row else None

    def put_meta(self, name: str, one: bytes, two: bytes | None = None) -> None:
        """A row of metaData, in place of one of that name."""
        self.connection.execute("INSERT OR REPLACE INTO metaData (id, item1, item2) VALUES (?, ?, ?)", (name, one, two))

    def delete_meta(self, name: str) -> None:
        """Take a row of metaData out."""
        self.connection.execute("DELETE FROM metaData WHERE id = ?", (name,))


def _octets(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def table_of(path: Path) -> str:
    """The table of objects in that file."""
    return PRIVATE if path.name == KEY_DB else PUBLIC


def open_for_reading(path: Path) -> Table:
    """The objects of a file, for reading, to be closed; a transaction that a crash left behind is rolled back first."""
    connection = None
    try:
        hot = os.path.exists(f"{path}-journal")  # noqa: PTH110 - asked for every profile of a fleet
        connection = _connect(path, "rw" if hot else "ro", BUSY_SECONDS)
        return Table(path, table_of(path), connection)
    except sqlite3.Error as error:
        raise _sentence(error, path) from error
    except BaseException:
        if connection is not None:
            connection.close()
        raise


@contextmanager
def reading(path: Path) -> Iterator[Table]:
    """The objects of a file, for reading; closed at the end."""
    with closing(open_for_reading(path)) as table:
        yield table


@contextmanager
def writing(path: Path) -> Iterator[Table]:
    """The objects of a file with its write lock held; what is not committed by the end is rolled back."""
    with translated(path):
        connection = _connect(path, "rw", BUSY_SECONDS)
    with closing(connection):
        with translated(path):
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.execute("BEGIN IMMEDIATE")
        try:
            yield Table(path, table_of(path), connection)
        finally:
            if connection.in_transaction:
                connection.rollback()


def commit(table: Table) -> None:
    """End the transaction of ``writing`` durably."""
    with translated(table.path):
        table.connection.execute("COMMIT")


def fresh_id(table: Table, avoid: Iterable[int]) -> int:
    """A random object id (30 bits, as softoken draws them) that neither the table nor ``avoid`` has."""
    import secrets

    avoided = set(avoid)
    while True:
        candidate = secrets.randbits(_ID_BITS)
        if candidate and candidate not in avoided and not table.taken(candidate):
            return candidate
