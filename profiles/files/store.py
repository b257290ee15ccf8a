"""A file as a store: what PKCS#12 and PEM files have in common."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from profiles.disk import OWNER_ONLY, access_of
from profiles.errors import NoMatch, PasswordNeeded, StoreNotFound, WrongPassword
from profiles.files import writing
from profiles.files.reading import explained, named, read_if_there
from profiles.files.record import Record, Written, fingerprint, put_back
from profiles.model import Entry, Listing, Location, PendingKey, Problem, SealedPfx, Secret, Selection

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from profiles.files.form import Data, Format
    from profiles.pkcs12.contents import Contents
    from profiles.store import Asker, Checkpoint

class FileStore:
    """A ``Store`` over one file, or over two that belong together; every read is a fresh one."""

    file = True
    keeps_trust = True
    seals_trust = True

    def __init__(self, location: Location, form: Format, *, new: bool = True, afresh: bool = False) -> None:
        from profiles.pkcs12.dialects import SEALED

        self.dialect = SEALED
        self.location, self.form, self.path = location, form, str(form.paths[0])
        self.record = Record()
        self._password: Secret | None = None
        self._ask: Asker | None = None
        self._seen: tuple[Data, Contents] | None = None
        self._recorded = False
        self._disregarded = self.data() if afresh else None
        if not new and self.data()[0] is None:
            raise StoreNotFound(f"there is no file {form.paths[0]}", "Check the path.")

    def data(self) -> Data:
        """What the files hold now."""
        return tuple(read_if_there(path) for path in self.form.paths)

    def counts(self, data: Data) -> bool:
        """Whether that is content of the store: not nothing, and not what is to be replaced unseen."""
        return any(data) and data != self._disregarded

    # -- reading

    def list(self, subjects: Collection[bytes] | None = None) -> Listing:
        """See ``Store``."""
        data, where = self.data(), self.path
        if not self.counts(data):
            what = "does not exist" if data[0] is None else "is replaced" if any(data) else "is empty"
            problem = Problem(StoreNotFound.code, f"{where} {what}")
            return Listing(self.location, self.form.product, where, "empty", problems=(problem,))
        contents, sealed = self._seeable(data)
        problems = contents.problems
        if sealed:
            problems += (Problem(PasswordNeeded.code, "a password is needed to see all that is inside"),)
        problems += tuple(Problem(StoreNotFound.code, f"{path} does not exist")
                          for path, content in zip(self.form.paths, data, strict=True) if content is None)
        entries = tuple(
            Entry(item.certificate, item.nickname,
                  item.key is not None or item.certificate.sha256 in contents.keyed, item.trust)
            for item in contents.items
            if item.certificate is not None and (subjects is None or item.certificate.subject in subjects))
        pending = tuple(PendingKey(item.key.id, item.key.name, item.nickname) for item in contents.items
                        if item.key is not None and item.certificate is None) if subjects is None else ()
        return Listing(self.location, self.form.product, where, "locked" if sealed else "ready",
                       entries, pending, problems)

    def _seeable(self, data: Data) -> tuple[Contents, bool]:
        if self._password is not None:
            with suppress(WrongPassword):  # the file was replaced by another meanwhile
                return self._opened(data, self._password), False
        elif self._seen is not None and self._seen[0] == data:
            return self._seen[1], False
        with named(self.path):
            contents, sealed = self.form.visible(data)
        if not sealed:
            self._seen = (data, contents)
        return contents, sealed

    def _opened(self, data: Data, password: Secret) -> Contents:
        if self._seen is None or self._seen[0] != data:
            with named(self.path):
                self._seen = (data, self.form.opened(data, password))
        return self._seen[1]

    def unlock(self, ask: Asker) -> None:
        """See ``Store``."""
        data = self.data()
        if self._password is not None:
            return
        if not self.counts(data):
            if self.form.always_sealed:
                self._password = ask(f"the new password of {self.location}", new=True)
            self._ask = ask
            return
        contents, sealed = self._seeable(data)
        if not sealed:
            if self.form.always_sealed or any(item.key for item in contents.items):
                self._password = Secret("")
            self._ask = ask
            return
        for _ in range(max(ask.tries, 1)):
            password = ask(f"the password of {self.location}")
            try:
                contents = self._opened(data, password)
            except WrongPassword:
                continue
            if contents.locked:
                self._unlock_keys(data, password, ask)
            self._password = password
            return
        raise WrongPassword(f"wrong password for {self.location}",
                            "It is the one that was set when the file was made; case and layout of the keyboard count.")

    def _unlock_keys(self, data: Data, password: Secret, ask: Asker) -> None:
        """Keys whose password is another than that of the file."""
        from profiles.files.entries import unlocked

        self.form, contents = unlocked(self.location, self.form, ask, lambda form: form.opened(data, password))
        self._seen = (data, contents)

    def contents(self, data: Data) -> Contents:
        """Everything in the files; ``PasswordNeeded`` while it is locked."""
        if not self.counts(data):
            from profiles.pkcs12.contents import Contents

            return Contents(())
        contents, sealed = self._seeable(data)
        if sealed:
            raise PasswordNeeded(f"{self.location} is locked", "Give its password.")
        return contents

    def export(self, wanted: Selection) -> SealedPfx:
        """See ``Store``."""
        from profiles.pkcs12.seal import seal

        data = self.data()
        if not any(data):
            raise StoreNotFound(f"there is no file {self.form.paths[0]}", "Check the path.")
        items = self.contents(data).items
        chosen = {item.certificate.sha256: item for item in items
                  if item.certificate is not None and item.certificate.sha256 in wanted.certificates}
        loose = {item.key.id: item for item in items
                 if item.key is not None and item.certificate is None and item.key.id in wanted.keys}
        wanted.require(chosen, loose)
        return seal([*chosen.values(), *loose.values()])

    def sign(self, key_id: str, message: bytes) -> bytes:
        """See ``Store``."""
        for item in self.contents(self.data()).items:
            if item.key is not None and item.key.id == key_id:
                return item.key.sign(message)
        raise NoMatch(f"the key {key_id} is not in {self.location}")

    # -- writing

    def checkpoint(self) -> Checkpoint:
        """See ``Store``."""
        from profiles.files.checkpoint import FileCheckpoint

        for path in self.form.paths:
            writing.writable(path)
            writing.sweep(path)
        return FileCheckpoint(self)

    def new_password(self, *, for_keys: bool) -> Secret:
        """The password to seal with; asked for now where a file of open certificates is to get its first key."""
        if self._password is None and for_keys and self._ask is not None:
            self._password = self._ask(f"the new password of {self.location} (none to leave the key open)", new=True)
        return self._password or Secret("")

    def write(self, before: Data, after: Data, added: int) -> None:
        """Give every file its new content, or leave all as they were."""
        changes = [(path, old, new) for path, old, new in zip(self.form.paths, before, after, strict=True)
                   if new is not None and new != old]
        changes.reverse()
        self._note(changes, added)
        done: list[tuple[Path, bytes | None, bytes]] = []
        try:
            for path, old, new in changes:
                file = self.record.of(path)
                access = OWNER_ONLY if file is None or self.form.private(path) else file.mode
                done.append((path, old, new))
                if old is None:
                    writing.write_new(path, new)
                else:
                    writing.replace(path, new, old, access)
        except BaseException:
            self._restore(done)
            raise

    def _note(self, changes: Sequence[tuple[Path, bytes | None, bytes]], added: int) -> None:
        """Back up what is about to be replaced, and record what is about to be written."""
        for path, old, new in changes:
            file = self.record.of(path)
            if file is None:
                file = Written(str(path))
                if old is not None:
                    with explained(path):
                        file.mode = access_of(path)
                    file.backup = writing.back_up(path, old).name
                self.record.files.append(file)
            file.contents.append(fingerprint(new))
        self.record.added += added
        self._recorded = self.record.save()

    def take_back(self, before: Data, after: Data, added: int) -> None:
        """Undo one ``write``, as far as the files still are what it made of them."""
        self._restore([(path, old, new) for path, old, new in zip(self.form.paths, before, after, strict=True)
                       if new is not None and new != old])
        self.record.added -= added

    def _restore(self, done: Sequence[tuple[Path, bytes | None, bytes]]) -> None:
        for path, old, new in reversed(done):
            file = self.record.of(path)
            if file is None:
                continue
            now = read_if_there(path)
            if now == new:
                put_back(path, new, old, file.mode)
            file.contents.pop()
            if not file.contents:
                self.record.files.remove(file)
                if file.backup and now in (new, old):  # otherwise only the backup has what was there
                    with suppress(OSError):
                        path.with_name(file.backup).unlink()
        self._recorded = bool(self.record.files) and self.record.save()
        if not self.record.files:
            self.record.forget()

    @property
    def undo_point(self) -> str | None:
        """See ``Store``."""
        return self.record.name if self._recorded else None

    def fingerprint(self) -> str:
        """See ``Fingerprinted``."""
        return fingerprint(b"".join(fingerprint(one or b"").encode() for one in self.data()))

    def foresee(self, point: str) -> tuple[str, ...]:
        """See ``Keeping``."""
        return Record.load(point, self.form.paths).foreseen()

    def keep(self, point: str) -> tuple[str, ...]:
        """See ``Keeping``: beside it, under a backup's name."""
        return Record.load(point, self.form.paths).keep()

    def undo(self, point: str) -> int:
        """See ``Store``."""
        removed = Record.load(point, self.form.paths).undo()
        self._seen = None
        return removed
