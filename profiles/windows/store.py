"""The certificate stores of Windows as one: the user's (``windows``) or the computer's (``windows:machine``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.errors import AccessDenied, LeftToUser, NoMatch, StoreInUse, Unsupported
from profiles.model import Listing, Location, Problem, SealedPfx, Selection, Trust
from profiles.store import unheard
from profiles.windows import native as natives
from profiles.windows import registry as registries
from profiles.windows import reversal
from profiles.windows import run as runs
from profiles.windows.contents import MY, REQUEST, read
from profiles.windows.crypt32 import system_store
from profiles.windows.failures import translated
from profiles.windows.keys import Keys
from profiles.windows.usages import expressible

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from profiles.certificate import Certificate
    from profiles.pkcs12.dialects import Dialect
    from profiles.store import Asker, Checkpoint
    from profiles.windows.contents import Contents
    from profiles.windows.native import Native
    from profiles.windows.registry import Registry

USER, MACHINE = Location("windows"), Location("windows", "machine")
PRODUCT = "Windows certificate store"
_PATHS = {USER: "Cert:\\CurrentUser", MACHINE: "Cert:\\LocalMachine"}


class WindowsStore:
    """A ``Store``; opening it takes back what a crash left behind, as far as that asks nobody.

    What it writes down goes below ``records``.
    """

    file = False
    keeps_trust = True
    seals_trust = False

    def __init__(
        self, location: Location = USER, native: Native | None = None, records: Path | None = None, *,
        announce: Callable[[str], None] = unheard, registry: Registry | None = None,
    ) -> None:
        self.location, self.path = location, _PATHS[location]
        self._native = native or natives.system()
        self._keys = Keys(self._native, machine=location == MACHINE, announce=announce,
                          registry=registry or registries.here())
        self._own = (records or _records()) / ("machine" if self._keys.machine else "user")
        self._run: runs.Run | None = None
        self._interrupted = tuple(self._recovered())

    @property
    def dialect(self) -> Dialect:
        """See ``Store``."""
        from profiles.pkcs12.dialects import SEALED

        return SEALED

    def protect(self, *, exportable: bool, strong: bool, announce: Callable[[str], None]) -> None:
        """How keys that come in are kept, and who is told before Windows shows a window; see ``ProtectsKeys``."""
        self._keys.exportable, self._keys.protected, self._keys.announce = exportable, strong, announce

    def narrowed(self, certificate: Certificate, trust: Trust) -> Trust:  # noqa: ARG002 - the same for every one
        """See ``NarrowTrust``."""
        return expressible(trust)

    def _recovered(self) -> Iterator[Problem]:
        """Take back what a crash left behind; what stays of it is no reason not to look."""
        if self._redirected():
            return
        try:
            for left in reversal.recover(self._keys, self._own, ask=False):
                yield Problem(LeftToUser.code, f"a step that was interrupted is not taken back yet: {left}. Windows "
                              "asks about it in a window, at the next move into this store")
        except StoreInUse as error:
            yield Problem(error.code, "another certferry is writing to it")
        except AccessDenied as error:
            yield Problem(error.code, "a step that was interrupted is not taken back yet: run certferry once as "
                          f"administrator ({error.message})")

    # -- reading

    def _read(self, subjects: Collection[bytes] | None = None) -> Contents:
        return read(self._native, machine=self._keys.machine, subjects=subjects)

    def list(self, subjects: Collection[bytes] | None = None) -> Listing:
        """See ``Store``; of what is lent it shows what stands above the own certificates."""
        contents = self._read(subjects)
        problems = (*contents.problems, *self._interrupted)
        pending = contents.pending() if subjects is None else ()
        return Listing(self.location, PRODUCT, self.path, "ready", contents.entries(subjects), pending, problems)

    def unlock(self, ask: Asker) -> None:
        """See ``Store``: Windows unlocked it when the user signed in."""

    def export(self, wanted: Selection) -> SealedPfx:
        """See ``Store``."""
        from profiles.pkcs12.contents import Item
        from profiles.pkcs12.seal import seal
        from profiles.windows import usages

        contents = self._read()
        chosen = {one.certificate.sha256: one for one in contents.stored.values()
                  if one.certificate.sha256 in wanted.certificates}
        loose = {key.id: key for key in contents.pending() if key.id in wanted.keys}
        wanted.require(chosen, loose)
        items = []
        for one in chosen.values():
            key = self._keys.hand_out(one.link, one.certificate) if one.link and contents.has_key(one) else None
            items.append(Item(one.certificate, key, one.name, usages.read(one.held)))
        for key_id, pending in loose.items():
            waiting = contents.waiting[key_id]
            link = waiting.held[REQUEST].link
            if link is not None:
                items.append(Item(None, self._keys.hand_out(link, waiting.certificate), pending.nickname))
        return seal(items)

    def sign(self, key_id: str, message: bytes) -> bytes:
        """See ``Store``."""
        contents = self._read(())
        if key_id not in contents.links:
            raise NoMatch(f"the key {key_id} is not in {self.location}")
        link, der = contents.links[key_id]
        holder = contents.stored.get(der) or contents.waiting[key_id]
        return self._keys.sign(link, holder.certificate, message)

    # -- writing

    def _redirected(self) -> bool:
        """Whether what this process writes for the user would be seen by itself alone."""
        return not self._keys.machine and natives.packaged(self._native)

    def _require_seen(self) -> None:
        if self._redirected():
            raise Unsupported(
                "this Python is an app of the Microsoft Store: Windows would keep what it writes into the user's "
                "certificate store apart, where no other program sees it",
                "Install Python from python.org, and certferry into that.")

    def checkpoint(self) -> Checkpoint:
        """See ``Store``."""
        from profiles.windows.checkpoint import WindowsCheckpoint

        self._require_seen()
        with translated(f"the certificates of {'the computer' if self._keys.machine else 'the user'}"), system_store(
                self._native, MY, machine=self._keys.machine, write=True):
            self._run = self._run or runs.Run(self._keys, self._own)
        self._run.require_settled()
        return WindowsCheckpoint(self._keys, self._run)

    @property
    def undo_point(self) -> str | None:
        """See ``Store``."""
        return self._run.point if self._run else None

    def undo(self, point: str) -> int:
        """See ``Store``."""
        self._require_seen()
        return reversal.undo(self._keys, self._own, point)


def _records() -> Path:
    from platformdirs import user_state_path

    return user_state_path("certferry", appauthor=False) / "windows"
