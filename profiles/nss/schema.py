"""A new, empty pair of databases, as softoken creates them (sdb.c) with the attributes that NSS 3.87 knows."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from profiles import disk
from profiles.errors import AccessDenied
from profiles.nss.sql import CERT_DB, KEY_DB, PRIVATE, PUBLIC, translated

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.nss.envelope import PasswordEntry

_ATTRIBUTES = """
0 1 2 3 10 11 12 80 81 82 83 84 85 86 87 88 89 8a 8b 90 100 101 102 103 104 105 106 107 108 109 10a 10b 10c 110 111
120 121 122 123 124 125 126 127 128 129 130 131 132 133 134 160 161 162 163 164 165 166 170 180 181 200 201 202 210
300 301 302 400 401 402 403 404 405 406 480 481 482 500 501 502 503 40000211 40000212 80000001 ce534351 ce534352
ce534353 ce534354 ce534355 ce534356 ce534357 ce534358 ce534364 ce534365 ce534366 ce534367 ce534368 ce534369 ce534373
ce534374 ce536351 ce536352 ce536353 ce536354 ce536355 ce536356 ce536357 ce536358 ce536359 ce53635a ce53635b ce53635c
ce53635d ce53635e ce53635f ce536360 ce5363b4 ce5363b5 d5a0db00
"""
_INDEXES = {"issuer": "a81", "subject": "a101", "label": "a3", "ckaid": "a102"}


def create(directory: Path, entry: PasswordEntry) -> list[str]:
    """Make those of cert9.db and key4.db that are missing, 0600; a new key4.db gets that password entry.

    Returns the names of the files made. Each appears under its name complete, or not at all.
    """
    made = []
    for name in (KEY_DB, CERT_DB):
        target = directory / name
        if target.exists():
            continue
        draft = directory / f".{name}.{os.getpid()}.new"
        with translated(target):
            os.close(disk.create(draft))
            try:
                _fill(draft, name, entry)
                disk.publish(draft, target)
                made.append(name)
            except FileExistsError:
                pass  # another program made it meanwhile: theirs is as good
            finally:
                draft.unlink(missing_ok=True)
    if made:
        sync(directory)
    return made


def _fill(draft: Path, name: str, entry: PasswordEntry) -> None:
    table = PRIVATE if name == KEY_DB else PUBLIC
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("BEGIN IMMEDIATE")
        columns = ", ".join(f"a{attribute}" for attribute in _ATTRIBUTES.split())
        connection.execute(f"CREATE TABLE {table} (id PRIMARY KEY UNIQUE ON CONFLICT ABORT, {columns})")
        for index, column in _INDEXES.items():
            connection.execute(f"CREATE INDEX {index} ON {table} ({column})")
        if name == KEY_DB:
            connection.execute("CREATE TABLE metaData (id PRIMARY KEY UNIQUE ON CONFLICT REPLACE, item1, item2)")
            connection.execute("INSERT INTO metaData VALUES ('password', ?, ?)", (entry.salt, entry.check))
        connection.execute("COMMIT")


def sync(directory: Path) -> None:
    """Make the names in a directory durable, where the system can."""
    with translated(directory):
        disk.sync(directory)


def private_directory(path: Path) -> Path:
    """A directory that only its owner can look into, made if it is not there; never through a link."""
    with translated(path):
        if path.is_symlink():
            raise AccessDenied(f"{path} is a link, and certferry does not write through links", "Remove the link.")
        if not path.is_dir():
            disk.make_private_directory(path)
            sync(path.parent)
    return path
