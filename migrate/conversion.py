"""Making a file anew: for another reader, with another password, its chain completed, or one file for each identity."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from migrate.arrival import given_up
from migrate.chain import Pool, complete
from migrate.engine import Migration
from migrate.naming import Content, file_names
from migrate.plan import Options, select
from profiles.disk import same
from profiles.errors import (
    AccessDenied,
    Error,
    Interrupted,
    NoMatch,
    PasswordNeeded,
    Unsupported,
    WrongPassword,
)
from profiles.files.reading import explained
from profiles.files.writing import writable
from profiles.model import Secret
from profiles.opening import open_file
from profiles.products.locations import FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from migrate.plan import Plan
    from migrate.report import Report
    from profiles.files.store import FileStore
    from profiles.model import Listing
    from profiles.pkcs12.dialects import Dialect
    from profiles.store import Asker, Store

_OTHERS = "certificates.p12"


class Part(NamedTuple):
    """One file that is made, and what goes into it (nothing named: all of it)."""

    path: str
    target: Store
    only: tuple[str, ...] = ()


class Made(NamedTuple):
    """One file, and what came of it."""

    path: str
    report: Report


@dataclass
class Conversion:
    """An open file, what it is to become, and where its passwords come from."""

    source: Store
    dialect: Dialect
    passwords: Passwords
    only: tuple[str, ...] = ()
    others: Callable[[], Iterable[Listing]] = tuple
    """Listings of the stores on this computer, where missing issuers are looked for."""

    def whole(self, kind: str, where: str) -> list[Part]:
        """One new file, or two of PEM; ``AccessDenied`` if there is one already."""
        target = self._store(kind, where)
        for path in target.form.paths:
            refuse_present(path)
            writable(path)
        if same(self.source.path, target.path):
            raise NoMatch("the new file would be the old one", "Give it another name.")
        return [Part(target.path, target, self.only)]

    def split(self, directory: Path) -> list[Part]:
        """A file for each identity and each bare key in a directory, and one for the certificates that are left."""
        listing = self.listing()
        entries, keys = select(listing, self.only, everything=True)
        pool = Pool(entry.certificate for entry in listing.entries)
        identities = [entry for entry in entries if entry.has_key]
        above = {one.der for entry in identities for one in complete(entry.certificate, pool).above}
        pieces = [*(Content(entry.certificate, entry.certificate.sha256, entry.nickname) for entry in identities),
                  *(Content(None, key.id, key.nickname) for key in keys)]
        names = file_names(pieces, lambda name: os.path.lexists(directory / name))
        wanted = [(name, [piece.id]) for name, piece in zip(names, pieces, strict=True)]
        left = [entry.certificate.sha256 for entry in entries
                if not entry.has_key and entry.certificate.der not in above]
        if left:
            refuse_present(directory / _OTHERS)
            wanted.append((_OTHERS, left))
        return [Part(str(directory / name), self._store("p12", str(directory / name)), tuple(only))
                for name, only in wanted]

    def listing(self) -> Listing:
        """Everything in the old file, asking for its password where it is needed; ``NoMatch`` if that is nothing."""
        listing = self.source.list()
        if listing.state == "locked":
            self.source.unlock(self.passwords)
            listing = self.source.list()
        if not (listing.entries or listing.pending_keys):
            raise NoMatch(f"there is no certificate and no private key in {listing.location}, so no file is made of it",
                          " ".join(f"{problem.message[:1].upper()}{problem.message[1:]}."
                                   for problem in listing.problems))
        return listing

    def plans(self, parts: Sequence[Part]) -> list[tuple[Part, Migration, Plan]]:
        """What would be done for each file; ``NoMatch`` if there is nothing to put into it."""
        self.listing()
        made = [(part, self._migration(part)) for part in parts]
        return [(part, migration, migration.plan()) for part, migration in made]

    def run(self, planned: Sequence[tuple[Part, Migration, Plan]]) -> Iterator[Made]:
        """Make the files one by one, each whole or not at all, each read back and its keys proved.

        Of several, one that cannot be made does not stop the others, and Ctrl-C leaves those that are there.
        """
        stopped: Error | None = None
        for number, (part, migration, plan) in enumerate(planned):
            try:
                report = _made(part, migration, plan) if stopped is None else given_up(plan, stopped)
            except (PasswordNeeded, WrongPassword):
                raise
            except KeyboardInterrupt:
                if not number:
                    raise
                stopped = Interrupted("interrupted")
                report = given_up(plan, stopped)
            except Error as error:
                if len(planned) == 1:
                    raise
                report = given_up(plan, error)
            yield Made(part.path, report)

    def _migration(self, part: Part) -> Migration:
        return Migration(self.source, part.target, Options(part.only), self.passwords, self.passwords,
                         self.others)

    def _store(self, kind: str, where: str) -> FileStore:
        if kind not in FILES:
            raise not_made(f"{kind}:{where}" if where else kind)
        return open_file(kind, where, new=True, dialect=self.dialect)


def _made(part: Part, migration: Migration, plan: Plan) -> Report:
    directory = Path(part.path).parent
    with explained(directory):
        directory.mkdir(mode=0o700, exist_ok=True)
    return migration.run(plan)


def not_made(place: str) -> Unsupported:
    """The refusal to make what a place that was named would be."""
    return Unsupported(f"convert makes PKCS#12 and PEM files, and {place} would be neither",
                       "Name one that ends in .p12, .pfx or .pem.")


def refuse_present(path: Path) -> None:
    """``AccessDenied`` where there is anything at a path, a dangling link included."""
    if not os.path.lexists(path):
        return
    if path.is_symlink():
        raise AccessDenied(f"{path} is a link, and convert follows none to make a file", "Choose another name.")
    if path.is_dir():
        raise AccessDenied(f"{path} is a directory, and convert makes a file",
                           "Name a file in it; or --split makes one for each identity there.")
    raise AccessDenied(f"{path} is there already, and convert never replaces anything", "Choose another name.")


class Passwords:
    """The old file's password, which the new ones keep unless there is another for them."""

    def __init__(self, old: Asker, new: Asker | None, fresh: Asker) -> None:
        """``new`` None: the old one is kept; ``fresh`` is asked where the old file has none to keep."""
        self._old, self._new, self._fresh = old, new, fresh
        self._known: Secret | None = None
        self.tries = old.tries

    @property
    def explicit(self) -> bool:
        """Whether there is a password for the new files without asking for one."""
        return self._new is not None or bool(self._known)

    def __call__(self, what: str, *, new: bool = False) -> Secret:
        """The password of the old file, or with ``new`` of the new ones, asked for once for all of them."""
        if not new:
            self._known = self._old(what)
        elif self._new is not None or not self._known:
            self._known, self._new = (self._new or self._fresh)(what, new=True), None
        return self._known or Secret("")
