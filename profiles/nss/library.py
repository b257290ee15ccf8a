"""The library engine: the same verbs through python-nss, run in a Python that has it, one process for each question.

A step goes into a private copy of the profile by way of NSS; what NSS changed there is then committed to the profile by
the native engine's protocol, so that it arrives whole or not at all, which NSS by itself does not promise.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import cache
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from profiles.certificate import Certificate
from profiles.errors import NoMatch, PasswordNeeded, ToolFailed, Unsupported, WrongPassword
from profiles.model import Entry, Level, Listing, Location, SealedPfx, Secret, Selection, Trust
from profiles.nss import attributes as at
from profiles.nss import commit
from profiles.nss.change import Change, Overwrite
from profiles.nss.sql import CERT_DB, KEY_DB, reading
from profiles.nss.store import NssStore
from profiles.trust import letters

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from types import TracebackType

    from profiles.pkcs12.dialects import Dialect
    from profiles.store import Asker, Checkpoint

_WORKER = Path(__file__).with_name("library_worker.py")
_SECONDS = 120


@cache
def interpreter() -> str:
    """A Python that has python-nss; ``Unsupported`` with what to install where there is none."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        if Path(candidate).is_file() and _run(candidate, {"verb": "hello"}) == {}:
            return candidate
    raise Unsupported("--engine python-nss needs python-nss, and no Python here has it",
                      "On Debian: apt install python3-nss. Or leave --engine away: the native engine needs nothing.")


def _run(python: str, question: dict[str, Any], keep: Sequence[int] = ()) -> dict[str, Any] | None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LD_", "NSS_", "PYTHON"))}
    try:
        done = subprocess.run([python, "-I", str(_WORKER)], input=json.dumps(question).encode(), timeout=_SECONDS,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, env=environment,
                              pass_fds=keep)
        answer = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return answer if isinstance(answer, dict) else None


def _ask(
    verb: str, directory: Path, password: Secret | None, keep: Sequence[int] = (), **more: Any
) -> dict[str, Any]:
    text = None if password is None else password.reveal().decode("utf-8", "surrogateescape")
    answer = _run(interpreter(), {"verb": verb, "directory": str(directory), "password": text, **more}, keep)
    if answer is None:
        raise ToolFailed("python-nss did not answer", "Try again without --engine python-nss.")
    if "error" in answer:
        raise ToolFailed(f"NSS says: {answer['error']}", "Try again without --engine python-nss.")
    return answer


class LibraryStore:
    """A ``Store`` whose reading and writing is NSS's own."""

    file = False
    keeps_trust = True
    seals_trust = True

    def __init__(
        self, location: Location, directory: Path, product: str = "NSS database", *, new: bool = False
    ) -> None:
        interpreter()
        self._native = NssStore(location, directory, product, new=new)
        self.location, self.directory, self.product, self.path = location, directory, product, str(directory)
        self._password: Secret | None = None
        self._run = commit.Run(directory)

    @property
    def dialect(self) -> Dialect:
        """See ``Store``."""
        return self._native.dialect

    def list(self, subjects: Collection[bytes] | None = None) -> Listing:
        """See ``Store``; keys without certificates are not among what python-nss can list."""
        if not (self.directory / CERT_DB).exists():
            return self._native.list(subjects)
        entries = []
        for one in _ask("listing", self.directory, self._password)["certificates"]:
            certificate = Certificate.parse(base64.b64decode(one["der"]))
            if subjects is None or certificate.subject in subjects:
                entries.append(Entry(certificate, one["nickname"], one["has_key"], _trust(one["trust"])))
        return Listing(self.location, self.product, str(self.directory), "ready", tuple(entries))

    def unlock(self, ask: Asker) -> None:
        """See ``Store``."""
        if self._password is not None:
            return
        if not _ask("locked", self.directory, None)["locked"]:
            self._password = Secret("")
            return
        for _ in range(ask.tries):
            password = ask(f"the primary password of {self.location}")
            if _ask("locked", self.directory, password)["right"]:
                self._password = password
                return
        raise WrongPassword(f"that is not the primary password of {self.location}",
                            "It is the one that the application asks for when it starts or first uses a certificate.")

    def export(self, wanted: Selection) -> SealedPfx:
        """See ``Store``."""
        from profiles.pkcs12.contents import Item
        from profiles.pkcs12.reader import decode
        from profiles.pkcs12.seal import seal

        found = {entry.certificate.sha256: entry for entry in self.list().entries}
        wanted.require(found, ())
        entries = [found[sha256] for sha256 in sorted(wanted.certificates)]
        items = {one.certificate.sha256: Item(one.certificate, None, one.nickname, one.trust) for one in entries}
        nicknames = sorted({entry.nickname for entry in entries if entry.has_key})
        if nicknames:
            self._require_handed_out(wanted)
            passphrase = Secret.random()
            answer = _ask("export", self.directory, self._password, passphrase=passphrase.reveal().decode(),
                          nicknames=nicknames)
            items |= {item.certificate.sha256: item for file in answer["files"]
                      for item in decode(base64.b64decode(file), passphrase).items
                      if item.certificate is not None and item.key is not None}
        return seal([items[entry.certificate.sha256] for entry in entries])

    def _require_handed_out(self, wanted: Selection) -> None:
        """What NSS itself does not say or heed: that a password is missing, and that a key is not to be exported."""
        from profiles.nss.keys import require_exportable
        from profiles.nss.reading import read

        if self._password is None and _ask("locked", self.directory, None)["locked"]:
            raise PasswordNeeded(f"{self.location} is locked", "Give its primary password.")
        contents = read(self.directory)
        for stored in contents.certificates:
            key = contents.key_of(stored) if stored.certificate.sha256 in wanted.certificates else None
            if key is not None:
                require_exportable(key)

    def sign(self, key_id: str, message: bytes) -> bytes:
        """See ``Store``: with the key as NSS hands it out, since python-nss signs nothing itself."""
        from profiles.pkcs12.seal import open_sealed

        for entry in self.list().entries:
            if entry.has_key and entry.certificate.public_key.id == key_id:
                for item in open_sealed(self.export(Selection.of([entry.certificate.sha256]))).items:
                    if item.key is not None:
                        return item.key.sign(message)
        raise NoMatch(f"the key {key_id} is not in {self.location}")

    def checkpoint(self) -> Checkpoint:
        """See ``Store``."""
        if not all((self.directory / name).exists() for name in (CERT_DB, KEY_DB)):
            raise Unsupported("the python-nss engine writes only into a database that is there already",
                              "Leave --engine away: the native engine makes new ones.")
        return LibraryCheckpoint(self.directory, self._run, self._password)

    @property
    def undo_point(self) -> str | None:
        """See ``Store``."""
        return self._run.point

    def undo(self, point: str) -> int:
        """See ``Store``."""
        return self._native.undo(point)


def _trust(flags: Sequence[int]) -> Trust:
    """NSS's trust flags (certdb.h) as levels, decided in NSS's order (pki3hack.c)."""
    server, email, code = (_level(one, 0x10) for one in flags)
    return Trust(server, _level(flags[0], 0x80), email, code)


def _level(flags: int, anchor: int) -> Level:
    for bit, level in ((anchor, Level.TRUSTED), (0x02, Level.PEER), (0x08, Level.VALID_CA), (0x01, Level.DISTRUSTED)):
        if flags & bit:
            return level
    return Level.UNKNOWN


class LibraryCheckpoint:
    """A ``Checkpoint`` that NSS fills in a private copy."""

    def __init__(self, directory: Path, run: commit.Run, password: Secret | None) -> None:
        self._directory, self._run, self._password = directory, run, password
        self._certificates: list[tuple[Certificate, str]] = []
        self._trust: list[dict[str, str]] = []
        self._pfxs: list[SealedPfx] = []
        self._step: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._step is not None:
            self._run.revert(self._step)

    def add_certificate(self, certificate: Certificate, nickname: str) -> None:
        """See ``Checkpoint``."""
        self._certificates.append((certificate, nickname or certificate.common_name))

    def set_trust(self, certificate: Certificate, trust: Trust) -> None:
        """See ``Checkpoint``."""
        self._trust.append({"der": base64.b64encode(certificate.der).decode(), "letters": letters(trust)})

    def add_keys(self, pfx: SealedPfx) -> None:
        """See ``Checkpoint``; NSS takes in no key without its certificate."""
        from profiles.pkcs12.seal import open_sealed

        if any(item.certificate is None for item in open_sealed(pfx).items):
            raise Unsupported("the python-nss engine takes in no key without its certificate",
                              "Leave --engine away: the native engine does.")
        self._pfxs.append(pfx)

    def commit(self) -> None:
        """See ``Checkpoint``."""
        with tempfile.TemporaryDirectory(prefix=".certferry-", dir=self._directory) as shadow:
            copy = Path(shadow)
            for name in (CERT_DB, KEY_DB):
                shutil.copyfile(self._directory / name, copy / name)
                (copy / name).chmod(0o600)
            self._take_in(copy)
            change = _difference(self._directory, copy)
        if change:
            self._step = self._run.commit(change, None)

    def _take_in(self, copy: Path) -> None:
        files = []
        with ExitStack() as stack:
            for pfx in self._pfxs:
                handle = os.memfd_create("pfx", 0)
                stack.callback(os.close, handle)
                os.write(handle, pfx.data)
                files.append((handle, pfx.passphrase.reveal().decode()))
            _ask("take_in", copy, self._password, [handle for handle, _ in files],
                 certificates=self._named(copy), trust=self._trust,
                 pfxs=[(f"/proc/self/fd/{handle}", passphrase) for handle, passphrase in files])

    def _named(self, copy: Path) -> list[dict[str, str]]:
        """Each certificate with a nickname that is free: NSS drops one whose nickname is another subject's, unasked."""
        from profiles.nss.reading import read

        taken = {stored.nickname: stored.certificate.subject for stored in read(copy).certificates}
        named = []
        for certificate, wanted in self._certificates:
            names = chain([wanted], (f"{wanted} #{number}" for number in count(2)))
            subject = certificate.subject
            nickname = next(name for name in names if taken.setdefault(name, subject) == subject)
            named.append({"der": base64.b64encode(certificate.der).decode(), "nickname": nickname})
        return named


def _difference(before: Path, after: Path) -> Change:
    """What NSS did to the copy, row by row."""
    from profiles.nss.envelope import PasswordEntry

    change = Change()
    with reading(before / CERT_DB) as old, reading(after / CERT_DB) as new:
        present = dict(old.rows("1"))
        for object_id, row in new.rows("1", (), old.columns):
            if object_id not in present:
                change.cert_inserts[object_id] = dict(row)
                continue
            was = present[object_id]
            if differing := {name for name in {*row, *was} if row.get(name) != was.get(name)}:
                change.cert_updates[object_id] = Overwrite(_part(was, differing), _part(row, differing))
    with reading(before / KEY_DB) as old, reading(after / KEY_DB) as new:
        salt, check = new.named(("password",)).get("password", (b"", None))
        change.entry = PasswordEntry(salt, check) if check is not None else None
        known = {object_id for object_id, _ in old.rows("1", (), (at.CLASS,))}
        change.key_inserts = {object_id: row for object_id, row in new.rows("1", (), old.columns)
                              if object_id not in known}
        signed = {name: one for name, (one, _) in old.meta("sig_%").items()}
        for name, (one, _) in new.meta("sig_%").items():
            if name not in signed:
                change.meta_inserts[name] = one
            elif signed[name] != one:
                change.meta_updates[name] = (signed[name], one)
    return change


def _part(row: at.Row, names: Collection[str]) -> at.Row:
    return {name: row.get(name) for name in names}
