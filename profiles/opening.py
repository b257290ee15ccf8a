"""From the text of a location, or from what discovery found, to an open store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from profiles.errors import Unsupported
from profiles.model import Location

if TYPE_CHECKING:
    from profiles.discover import Found
    from profiles.store import Store

ENGINES = ("native", "python-nss")


def open_store(text: str, *, engine: str = "native", new: bool = False) -> Store:
    """The store at a location; with ``new``, also a file or a directory that is yet to be made there.

    ``text`` is ``kind``, ``kind:where`` or a bare path. Raises ``StoreNotFound``, ``Malformed``, ``Unsupported``.
    """
    kind, colon, where = text.partition(":")
    if colon and kind == "nss":
        directory = Path(where).expanduser().absolute()
        return _nss(Location("nss", str(directory)), directory, "NSS database", engine, new=new)
    if colon and kind in ("p12", "pem"):
        return _file(kind, where, new=new)
    from profiles.discover import resolve

    found = resolve(text)
    return open_found(found, engine=engine, new=new)


def open_found(found: Found, *, engine: str = "native", new: bool = False) -> Store:
    """The store that discovery found, also where the application has not made it yet."""
    if found.location.kind in ("p12", "pem"):
        return _file(found.location.kind, found.location.where, new=new)
    if found.location.kind in ("gpgsm", "mutt"):
        return _directory(found.location, Path(found.path), new=new)
    return _nss(found.location, Path(found.path), found.product, engine, new=new)


def _nss(location: Location, directory: Path, product: str, engine: str, *, new: bool) -> Store:
    if engine not in ENGINES:
        raise Unsupported(f"there is no engine {engine!r}", f"--engine takes {' or '.join(ENGINES)}.")
    if engine == "python-nss":
        from profiles.nss.library import LibraryStore

        return LibraryStore(location, directory, product, new=new)
    from profiles.nss.intent import OWN
    from profiles.nss.store import NssStore

    store = NssStore(location, directory, product, new=new)
    own = directory / OWN
    if own.is_dir() and any(own.glob("mail-*.pending.json")):
        from profiles.mail import recover

        recover(store)
    return store


def _directory(location: Location, directory: Path, *, new: bool) -> Store:
    from profiles.directories.store import DirectoryStore

    if location.kind == "gpgsm":
        from profiles.gnupg.form import GnupgForm

        return DirectoryStore(location, directory, GnupgForm(), new=new)
    from profiles.mutt.form import MuttForm

    return DirectoryStore(location, directory, MuttForm(), new=new)


def _file(kind: str, where: str, *, new: bool) -> Store:
    if kind == "p12":
        from profiles.files.pkcs12 import Pkcs12File

        return Pkcs12File(Path(where).expanduser().absolute(), new=new)
    from profiles.files.pem import PemFile

    certificate, _, key = where.partition(",")
    keys = Path(key).expanduser().absolute() if key else None
    return PemFile(Path(certificate).expanduser().absolute(), keys, new=new)
