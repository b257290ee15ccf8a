"""PKCS#12 files as stores."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import Malformed, PasswordNeeded, Unsupported
from profiles.files import armour
from profiles.files.form import Data, required
from profiles.files.shapes import bcfks, shape_of
from profiles.files.store import FileStore
from profiles.model import Location, Secret
from profiles.pkcs12.contents import Contents, Item
from profiles.pkcs12.dialects import STRONG, Dialect
from profiles.pkcs12.reader import decode
from profiles.pkcs12.writer import encode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Pkcs12Format:
    """One PFX (RFC 7292) in one file."""

    paths: tuple[Path, ...]
    dialect: Dialect
    product: str = "PKCS#12 file"
    always_sealed: bool = True
    keys: tuple[Secret, ...] = ()
    """Passwords of keys that have another than the file, as Java gives them."""

    def visible(self, data: Data) -> tuple[Contents, bool]:
        """See ``Format``: all of it or nothing."""
        try:
            return decode(self._pfx(data), None), False
        except PasswordNeeded:
            return Contents(()), True

    def opened(self, data: Data, password: Secret) -> Contents:
        """See ``Format``."""
        return decode(self._pfx(data), password, own=self.keys)

    def with_key_password(self, password: Secret) -> Pkcs12Format:
        """See ``KeyPasswords``."""
        return replace(self, keys=(*self.keys, password))

    def encoded(self, items: Sequence[Item], password: Secret) -> Data:
        """See ``Format``."""
        return (encode(items, password, self.dialect),)

    def require_mergeable(self, data: Data) -> None:
        """See ``Format``."""
        if self._pfx(data) != data[0]:
            raise Unsupported(f"{self.paths[0]} is PKCS#12 as text, which is read but not written",
                              "Name a new file as the target.")

    def private(self, _path: Path) -> bool:
        """See ``Format``."""
        return True

    def _pfx(self, data: Data) -> bytes:
        content = required(data, self.paths[0])
        bare = armour.unwrapped(content)
        if bare is content and armour.armoured(content):
            raise Malformed(f"{self.paths[0]} is no PKCS#12 but PEM", "Name it as pem:PATH.")
        if bare is content and content[:1] != bytes([asn1.SEQUENCE]):
            from profiles.files.strangers import stranger

            if found := stranger(content):
                raise Malformed(f"{self.paths[0]} is no PKCS#12 but {found.what}", found.advice)
        with suppress(Malformed):
            if shape_of(asn1.parse(bare, trailing=True)) == "bcfks":
                raise bcfks(self.paths[0])
        return bare


def Pkcs12File(  # noqa: N802 - named as what it makes
    path: Path, dialect: Dialect = STRONG, *, new: bool = True, afresh: bool = False
) -> FileStore:
    """The store that a PKCS#12 file is, written in ``dialect``.

    With ``new``, also where there is none yet; with ``afresh``, as if what is there now were not: a write replaces it,
    and ``undo`` brings it back.
    """
    return FileStore(Location("p12", str(path)), Pkcs12Format((path,), dialect), new=new, afresh=afresh)
