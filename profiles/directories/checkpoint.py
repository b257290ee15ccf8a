"""One step into a directory: gathered in memory, written together, noted so that it can be taken back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self

from profiles.directories import traces
from profiles.directories.held import Additions
from profiles.directories.together import OWN, Edit, stamp, write
from profiles.errors import NoMatch, PasswordNeeded, Unsupported
from profiles.model import NO_TRUST, Secret
from profiles.pkcs12.contents import Item
from profiles.pkcs12.seal import open_sealed

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from profiles.certificate import Certificate
    from profiles.directories.held import Form, Note
    from profiles.model import SealedPfx, Trust


class Run:
    """Everything one opened store commits, one note for each step that stayed."""

    def __init__(self, directory: Path, form: Form, name: str = "", notes: list[Note] | None = None) -> None:
        self.directory, self.form, self.name = directory, form, name or stamp()
        self.notes: list[Note] = notes or []
        self.left: list[str] = []
        """What ``undo`` had to leave, and why."""

    @property
    def point(self) -> str | None:
        """The name by which ``undo`` finds this run, once something was committed."""
        return self.name if self.notes else None

    def commit(self, additions: Additions) -> None:
        """Write a step whole or not at all."""
        with self.form.guarded(self.directory):
            edits, note = self.form.added(self.directory, additions)
            if not edits:
                return
            note[traces.TRACES] = traces.noted(edits)
            write(self.directory, [*edits, self._noted([*self.notes, note])])
            self.notes.append(note)
        self.form.settle(self.directory)

    def revert(self) -> None:
        """Take the last step back: to the very bytes of before, where nothing else happened since."""
        written = traces.of_note(self.notes[-1])
        with self.form.guarded(self.directory):
            edits, left = self.form.removed(self.directory, self.notes[-1])
            edits = [written[edit.name].undone(edit) if edit.name in written else edit for edit in edits]
            write(self.directory, [*edits, self._noted(self.notes[:-1])], keep=False)
            self.notes.pop()
            self.left += left
        self.form.settle(self.directory)

    def undo(self) -> int:
        """Take every step back, newest first: how many certificates and keys went."""
        gone = 0
        while self.notes:
            gone += sum(len(self.notes[-1].get(kind, ())) for kind in ("certificates", "keys"))
            self.revert()
        return gone - len(self.left)

    def _noted(self, notes: list[Note]) -> Edit:
        return Edit.of(self.directory, f"{OWN}/run-{self.name}.json", json.dumps(notes).encode() if notes else None)


class DirectoryCheckpoint:
    """A ``Checkpoint`` of a directory."""

    def __init__(self, directory: Path, form: Form, run: Run, password: Secret | None) -> None:
        self._directory, self._form, self._run, self._password = directory, form, run, password
        self._certificates: dict[bytes, tuple[Certificate, str]] = {}
        self._trust: dict[bytes, tuple[Certificate, Trust]] = {}
        self._keys: dict[bytes, Item] = {}
        self._steps = len(run.notes)

    def __enter__(self) -> Self:
        contents = self._form.read(self._directory)
        self._before, self._said = {one.certificate.der: one for one in contents.held}, contents.said
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and len(self._run.notes) > self._steps:
            self._run.revert()

    def add_certificate(self, certificate: Certificate, nickname: str) -> None:
        """See ``Checkpoint``."""
        if certificate.der not in self._before and certificate.der not in self._certificates:
            self._certificates[certificate.der] = certificate, self._free(nickname)

    def set_trust(self, certificate: Certificate, trust: Trust) -> None:
        """See ``Checkpoint``."""
        before = self._before.get(certificate.der)
        if before is None and certificate.der not in self._certificates:
            raise NoMatch(f"{certificate.common_name} is not there to be trusted")
        trust = self._form.narrowed(certificate, trust)
        if trust != (before.trust if before else self._said.get(certificate.thumbprint, NO_TRUST)):
            self._trust[certificate.der] = certificate, trust

    def add_keys(self, pfx: SealedPfx) -> None:
        """See ``Checkpoint``."""
        for item in open_sealed(pfx).items:
            if item.certificate is not None:
                self.add_certificate(item.certificate, item.nickname)
            if item.key is not None:
                self._add_key(item)

    def _add_key(self, item: Item) -> None:
        if self._password is None:
            raise PasswordNeeded(f"no passphrase is known for new keys in {self._directory}", "Unlock the store first.")
        known = [(one.certificate, one.nickname, one.key is not None) for one in self._before.values()]
        known += [(*one, False) for one in self._certificates.values()]
        mates = [(certificate, nickname) for certificate, nickname, has_key in known if not has_key
                 and item.key is not None and certificate.public_key.same_key(item.key.public)]
        if not mates and item.certificate is None:
            raise Unsupported(f"{self._form.product} has no use for a private key without its certificate",
                              "Move it when the certificate has been issued.")
        for certificate, nickname in mates:
            self._keys.setdefault(certificate.der, Item(certificate, item.key, nickname or item.nickname))

    def _free(self, nickname: str) -> str:
        taken = {one.nickname for one in self._before.values()} | {name for _, name in self._certificates.values()}
        if not nickname or nickname not in taken:
            return nickname
        return next(name for number in range(2, len(taken) + 3) if (name := f"{nickname} #{number}") not in taken)

    def commit(self) -> None:
        """See ``Checkpoint``."""
        if self._certificates or self._trust or self._keys:
            self._run.commit(Additions(tuple(self._certificates.values()), tuple(self._trust.values()),
                                       tuple(self._keys.values()), self._password or Secret("")))
