"""Java keystores as stores: read, never written, for Java reads PKCS#12 since version 8."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from profiles.errors import Unsupported
from profiles.files.form import Data, ReadOnly, required
from profiles.files.java import bks, jks
from profiles.files.java.keystore import Keystore, gathered
from profiles.files.pkcs12 import Pkcs12File
from profiles.files.reading import read_if_there
from profiles.files.store import FileStore
from profiles.model import Location, Secret
from profiles.pkcs12.limits import MAX_ITERATIONS, Allowance
from profiles.pkcs12.passwords import spellings

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.pkcs12.contents import Contents


_PKCS12 = b"0"
"""The SEQUENCE that a PFX is: what the JDK makes since version 9, often still named .jks."""


def is_keystore(data: bytes) -> bool:
    """Whether a file begins as a Java keystore does that is no PKCS#12."""
    return data.startswith((jks.JKS, jks.JCEKS)) or bks.resembles(data)


def parse(data: bytes, *, iterations: int = MAX_ITERATIONS) -> Keystore:
    """A keystore of whichever kind; at most ``iterations`` are done for it. ``Malformed``, ``Unsupported``."""
    read = jks.parse if data.startswith((jks.JKS, jks.JCEKS)) else bks.parse
    return read(data, Allowance(iterations))


@dataclass(frozen=True)
class KeystoreFormat(ReadOnly):
    """A JKS, JCEKS, BKS or UBER."""

    paths: tuple[Path, ...]
    keys: tuple[Secret, ...] = ()
    """Passwords of keys that have another than the keystore."""
    product: str = "Java keystore"
    always_sealed: bool = True

    def visible(self, data: Data) -> tuple[Contents, bool]:
        """See ``Format``: the certificates, and which of them have a key; an UBER shows nothing."""
        keystore = self._parsed(data)
        return gathered(keystore, keystore.entries or (), None), keystore.sealed

    def opened(self, data: Data, password: Secret) -> Contents:
        """See ``Format``."""
        keystore, ways = self._parsed(data), spellings(password)
        return gathered(keystore, keystore.opened_by(ways), [ways, *map(spellings, self.keys)])

    def with_key_password(self, password: Secret) -> KeystoreFormat:
        """The same, trying that password on keys too."""
        return replace(self, keys=(*self.keys, password))

    def refused(self) -> Unsupported:
        """See ``ReadOnly``."""
        return read_only(self.paths[0])

    def _parsed(self, data: Data) -> Keystore:
        content = required(data, self.paths[0])
        return parse(content)


def read_only(path: Path | str) -> Unsupported:
    """The refusal to write one."""
    return Unsupported(f"{path} would be a Java keystore, and those are read and not written",
                       "Java reads PKCS#12: name a file that ends in .p12 as the target, with --for java.")


def KeystoreFile(path: Path, *, new: bool = False) -> FileStore:  # noqa: N802 - named as what it makes
    """The store that a Java keystore is, PKCS#12 too; ``Unsupported`` with ``new``, for it is never written here."""
    if new:
        raise read_only(path)
    if (read_if_there(path) or b"")[:1] == _PKCS12:
        return Pkcs12File(path, new=False)
    return FileStore(Location("jks", str(path)), KeystoreFormat((path,)), new=False)
