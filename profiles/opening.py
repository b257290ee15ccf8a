"""From the text of a location, or from what discovery found, to an open store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from profiles.errors import Unsupported
from profiles.products.guided import GUIDED
from profiles.products.locations import FILES
from profiles.store import unheard

if TYPE_CHECKING:
    from collections.abc import Callable

    from profiles.discover import Found
    from profiles.files.store import FileStore
    from profiles.model import Location
    from profiles.pkcs12.dialects import Dialect
    from profiles.store import Store

ENGINES = ("native", "python-nss")


def open_store(
    text: str, *, engine: str = "native", new: bool = False, dialect: Dialect | None = None,
    announce: Callable[[str], None] = unheard,
) -> Store:
    """The store at a location; with ``new``, also a file or a directory that is yet to be made there.

    ``text`` is ``kind``, ``kind:where`` or a bare path; ``dialect`` is what a PKCS#12 file is written in; ``announce``
    is told before the system asks its user something. Raises ``StoreNotFound``, ``Malformed``, ``Unsupported``.
    """
    from profiles.discover import resolve

    return open_found(resolve(text), engine=engine, new=new, dialect=dialect, announce=announce)


def open_found(
    found: Found, *, engine: str = "native", new: bool = False, dialect: Dialect | None = None,
    announce: Callable[[str], None] = unheard,
) -> Store:
    """The store that discovery found, also where the application has not made it yet."""
    if new and found.state == "empty" and found.location.kind in (*FILES, *GUIDED):
        _expect_directories(found)
    if found.location.kind in FILES:
        return open_file(found.location.kind, found.location.where, new=new, dialect=dialect)
    if found.location.kind in GUIDED:
        return _by_hand(found, new=new)
    if found.location.kind == "windows":
        return _windows(found.location, announce)
    if found.location.kind in ("gpgsm", "mutt"):
        return _directory(found.location, Path(found.path), new=new)
    return _nss(found.location, Path(found.path), found.product, engine, new=new)


def _expect_directories(found: Found) -> None:
    """A file that is to be made needs a directory that it can be made in; better said before the work."""
    from profiles.files.writing import writable

    for path in map(Path, found.path.split(",") if found.location.kind == "pem" else [found.path]):
        if not path.exists():
            writable(path)


def _by_hand(found: Found, *, new: bool) -> Store:
    """The file that a person will hand to a program which takes it from nobody else."""
    from profiles.files.pkcs12 import Pkcs12Format
    from profiles.files.store import FileStore
    from profiles.pkcs12.dialects import LEGACY

    form = Pkcs12Format((Path(found.path),), LEGACY, f"file for {found.product}")
    return FileStore(found.location, form, new=new)


def _nss(location: Location, directory: Path, product: str, engine: str, *, new: bool) -> Store:
    if engine not in ENGINES:
        raise Unsupported(f"there is no engine {engine!r}", f"--engine takes {' or '.join(ENGINES)}.")
    if engine == "python-nss":
        from profiles.nss.library import LibraryStore

        return LibraryStore(location, directory, product, new=new)
    from profiles.nss.intent import OWN
    from profiles.nss.store import NssStore

    return _settled(NssStore(location, directory, product, new=new), directory / OWN)


def _windows(location: Location, announce: Callable[[str], None]) -> Store:
    from profiles.mail.windows import records
    from profiles.windows.store import WindowsStore

    return _settled(WindowsStore(location, announce=announce), records())


def _settled(store: Store, own: Path) -> Store:
    """The store, after what an interrupted run left in the settings of its mail program was finished or taken back."""
    if own.is_dir() and any(own.glob("mail-*.pending.json")):  # looked for here: the package is not loaded for nothing
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


def open_file(kind: str, where: str, *, new: bool, dialect: Dialect | None = None) -> FileStore:
    """The store that a file of one of the kinds in ``FILES`` is, or two of PEM; keys are sealed in ``dialect``."""
    from profiles.pkcs12.dialects import STRONG

    if kind == "jks":
        from profiles.files.java.store import KeystoreFile

        return KeystoreFile(Path(where), new=new)
    if kind == "iis":
        from profiles.files.iis import KeyBackupFile

        return KeyBackupFile(Path(where), new=new)
    if kind == "p12":
        from profiles.files.pkcs12 import Pkcs12File

        return Pkcs12File(Path(where), dialect or STRONG, new=new)
    from profiles.files.pem import PemFile
    from profiles.files.places import pem_paths

    certificate, *key = pem_paths(where, Path)
    return PemFile(certificate, key[0] if key else None, dialect or STRONG, new=new)
