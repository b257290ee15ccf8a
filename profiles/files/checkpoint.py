"""One step into a file: gathered in memory, written in one, taken back in one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

from profiles.errors import NoMatch, Unsupported
from profiles.pkcs12.bags import Labels
from profiles.pkcs12.pairing import FoundCertificate, FoundKey, paired
from profiles.pkcs12.seal import open_sealed

if TYPE_CHECKING:
    from types import TracebackType

    from profiles.certificate import Certificate
    from profiles.files.form import Data
    from profiles.files.store import FileStore
    from profiles.model import SealedPfx, Trust
    from profiles.pkcs12.keys import PrivateKey

_HARMLESS = ("no-integrity",)


class FileCheckpoint:
    """A ``Checkpoint`` of a file store."""

    def __init__(self, store: FileStore) -> None:
        self._store = store
        self._keys: dict[bytes, FoundKey] = {}
        self._certificates: dict[bytes, FoundCertificate] = {}
        self._changed = False
        self._added = 0
        self._written: Data | None = None

    def __enter__(self) -> Self:
        self._before = self._store.data()
        contents = self._store.contents(self._before)
        lost = next((problem for problem in contents.problems if problem.code not in _HARMLESS), None)
        if lost is not None:
            raise Unsupported(f"{self._store.location} cannot be added to without loss: {lost.message}",
                              "Name a new file as the target.")
        if self._store.counts(self._before):
            self._store.form.require_mergeable(self._before)
        for item in contents.items:
            labels = Labels(item.nickname, trust=item.trust)
            if item.certificate is not None:
                self._certificates[item.certificate.der] = FoundCertificate(item.certificate, labels)
            if item.key is not None:
                self._keys.setdefault(item.key.public.value, FoundKey(item.key, labels))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._written is not None:
            self._store.take_back(self._before, self._written, self._added)

    def add_certificate(self, certificate: Certificate, nickname: str) -> None:
        """See ``Checkpoint``."""
        if certificate.der not in self._certificates:
            self._certificates[certificate.der] = FoundCertificate(certificate, Labels(self._free(nickname)))
            self._added += 1
            self._changed = True

    def set_trust(self, certificate: Certificate, trust: Trust) -> None:
        """See ``Checkpoint``."""
        found = self._certificates.get(certificate.der)
        if found is None:
            raise NoMatch(f"{certificate.common_name} is not in {self._store.location}")
        if found.labels.trust != trust:
            self._certificates[certificate.der] = replace(found, labels=replace(found.labels, trust=trust))
            self._changed = True

    def add_keys(self, pfx: SealedPfx) -> None:
        """See ``Checkpoint``."""
        for item in open_sealed(pfx).items:
            if item.key is None:
                continue
            if item.certificate is not None:
                self.add_certificate(item.certificate, item.nickname)
            self._add_key(item.key, item.nickname)

    def _add_key(self, key: PrivateKey, nickname: str) -> None:
        if key.public.value not in self._keys:
            self._keys[key.public.value] = FoundKey(key, Labels(nickname, bytes.fromhex(key.id)))
            self._added += 1
            self._changed = True

    def _free(self, nickname: str) -> str:
        taken = {found.labels.nickname for found in self._certificates.values()}
        if not nickname or nickname not in taken:
            return nickname
        return next(name for number in range(2, len(taken) + 3) if (name := f"{nickname} #{number}") not in taken)

    def commit(self) -> None:
        """See ``Checkpoint``."""
        if not self._changed:
            return
        items = paired(self._keys.values(), self._certificates.values()).items
        password = self._store.new_password(for_keys=bool(self._keys))
        after = self._store.form.encoded(items, password)
        self._store.write(self._before, after, self._added)
        self._written = after
