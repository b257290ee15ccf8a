"""The keybox pubring.kbx: certificates and OpenPGP keys in one file of blobs, and keyboxd's database in its place.

Source: GnuPG, kbx/keybox-blob.c and kbx/backend-sqlite.c. Blobs are read and left out here; gpgsm itself makes them.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from profiles.certificate import Certificate
from profiles.errors import Malformed, StoreInUse
from profiles.pkcs12 import limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_FIRST, OPENPGP, _X509 = 1, 2, 3
_EPHEMERAL = 2
_MAGIC = b"KBXf"
_MAX_BLOBS = 100_000


class Blob(NamedTuple):
    """One blob: what kind it is, the whole of it, and the certificate in it, if it holds one for good."""

    kind: int
    data: bytes
    certificate: bytes = b""


def blobs(data: bytes) -> Iterator[Blob]:
    """Every blob of a keybox; ``Malformed``."""
    if data and (len(data) < 32 or data[4] != _FIRST or data[8:12] != _MAGIC):
        raise Malformed("this is not a keybox of GnuPG")
    at = 0
    for _ in range(_MAX_BLOBS):
        if at == len(data):
            return
        if at + 5 > len(data):
            break
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 5 or at + size > len(data):
            break
        blob = data[at : at + size]
        yield Blob(blob[4], blob, _certificate(blob) if blob[4] == _X509 else b"")
        at += size
    raise Malformed("the keybox is cut off or damaged")


def _certificate(blob: bytes) -> bytes:
    """The certificate of an X.509 blob; nothing for one that gpgsm only remembers from a message."""
    if len(blob) < 16:
        raise Malformed("a certificate in the keybox is cut off")
    flags, start, length = struct.unpack_from(">HII", blob, 6)
    if start < 16 or start + length > len(blob):
        raise Malformed("a certificate in the keybox is cut off")
    return b"" if flags & _EPHEMERAL else blob[start : start + length]


def certificates(data: bytes) -> list[bytes]:
    """The DER of every certificate in a keybox, each once."""
    return list(dict.fromkeys(blob.certificate for blob in blobs(data) if blob.certificate))


def without(data: bytes, fingerprints: Iterable[str]) -> bytes:
    """The keybox without the certificates of those fingerprints (SHA-256)."""
    gone = set(fingerprints)
    return b"".join(blob.data for blob in blobs(data)
                    if not blob.certificate or Certificate.parse(blob.certificate).sha256 not in gone)


def from_keyboxd(path: Path) -> list[bytes]:
    """The DER of every certificate in the database of keyboxd; ``StoreInUse`` while that runs."""
    limits.file_size(path.stat().st_size // 8)  # a database of many OpenPGP keys is larger than any key file
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            rows = connection.execute("SELECT keyblob FROM pubkey WHERE type = 2 AND ephemeral = 0 LIMIT ?",
                                      (_MAX_BLOBS,)).fetchall()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreInUse(f"keyboxd holds {path}", "End it (gpgconf --kill keyboxd), then try again.") from None
        raise Malformed(f"{path} cannot be read: {error}") from None
    except sqlite3.DatabaseError as error:
        raise Malformed(f"{path} cannot be read: {error}") from None
    return [bytes(row[0]) for row in rows if isinstance(row[0], bytes)]
