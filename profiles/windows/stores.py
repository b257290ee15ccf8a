"""The system stores of one location while a step is made or taken back: the one way in which they are written.

Windows asks its user in a window about every root of theirs that comes or goes. Nobody meets that window unannounced,
and it is not shown where nobody could see it: there the program would wait for ever.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from profiles.certificate import Certificate
from profiles.errors import LeftToUser
from profiles.windows.crypt32 import system_store
from profiles.windows.failures import translated
from profiles.windows.native import has_desktop
from profiles.windows.registry import Hive, Key
from profiles.windows.usages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from profiles.windows.change import Record, Value
    from profiles.windows.crypt32 import Held, SystemStore
    from profiles.windows.keys import Keys

_KEPT = "Software\\Microsoft\\SystemCertificates"
_OTHERWISE = {
    "trust": "Run the same command in a terminal on the desktop; or with --trust none, which leaves the trust out; or "
             "name windows:machine as administrator, which trusts it for everybody on this computer.",
    "delete": "Run the same command in a terminal on the desktop.",
}


def asks(keys: Keys, store: str) -> bool:
    """Whether Windows asks its user about what comes into a store and goes from it."""
    return store == ROOT and not keys.machine


def require_person(keys: Keys, der: bytes, deed: str) -> None:
    """``LeftToUser`` where nobody could be asked whether to ``trust`` or to ``delete`` a root."""
    if not has_desktop(keys.native):
        raise LeftToUser(f"Windows lets only a person at its desktop {deed} a root such as {title(der)}, and nobody is "
                         "there", _OTHERWISE[deed])


def title(der: bytes) -> str:
    """What a certificate is called."""
    return Certificate.parse(der).common_name


class Stores:
    """The system stores of the user or the computer, each opened for writing when it is first needed.

    What was written is on the disk when they are closed: Windows writes its registry some time later, and the record
    of the step must not be there without the step.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._open: dict[str, SystemStore] = {}
        self._stack = ExitStack()
        self._written = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stack.close()
        if self._written and kind is None and self._keys.registry is not None:
            hive = Hive.MACHINE if self._keys.machine else Hive.USER
            self._keys.registry.flush(Key(hive, _KEPT))

    def _store(self, name: str) -> SystemStore:
        if name not in self._open:
            self._open[name] = self._stack.enter_context(
                system_store(self._keys.native, name, machine=self._keys.machine, write=True))
        return self._open[name]

    def has(self, store: str, der: bytes) -> bool:
        """Whether a certificate is there."""
        with translated(f"the certificate store {store}"):
            return self._store(store).find(der) is not None

    def held(self, store: str) -> Iterator[Held]:
        """Every certificate that is there."""
        with translated(f"the certificate store {store}"):
            yield from self._store(store).held()

    def made(self, root: Record) -> bool:
        """Whether the one root of a record came or went as it says."""
        return any(self.has(store, der) for store, der in root.added) or any(
            not self.has(store, der) for store, der, _ in root.removed)

    def add(self, store: str, der: bytes, properties: Mapping[int, Value]) -> bool:
        """Put a certificate in; False where it is already."""
        self._ask(store, der, "trust")
        with translated(f"{title(der)} in the certificate store {store}"):
            self._written = True
            return self._store(store).add(der, properties)

    def change(self, store: str, der: bytes, properties: Mapping[int, Value | None]) -> None:
        """Give a certificate that is there other properties."""
        with translated(f"{title(der)} in the certificate store {store}"):
            self._written = True
            self._store(store).change(der, properties)

    def remove(self, store: str, der: bytes) -> bool:
        """Take a certificate out; False where it is not."""
        self._ask(store, der, "delete")
        with translated(f"{title(der)} in the certificate store {store}"):
            self._written = True
            return self._store(store).remove(der)

    def put_back(self, store: str, der: bytes, element: bytes) -> None:
        """Restore what was taken out, with all its properties."""
        self._ask(store, der, "trust")
        with translated(f"{title(der)} in the certificate store {store}"):
            self._written = True
            self._store(store).put_back(element)

    def _ask(self, store: str, der: bytes, deed: str) -> None:
        if asks(self._keys, store) and self.has(store, der) == (deed == "delete"):
            require_person(self._keys, der, deed)
            self._keys.announce(f"Windows now asks in a window whether to {deed} the root {title(der)}: compare the "
                                f"fingerprint it shows with {hashlib.sha1(der).hexdigest().upper()}")
