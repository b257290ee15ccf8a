"""Memory stores that break one promise each: the contract must see every one of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self

from profiles.errors import PasswordNeeded
from profiles.pkcs12.contents import Item
from profiles.pkcs12.keys import PrivateKey
from tests import keys
from tests.profiles.memory import MemoryCheckpoint, MemoryStore, Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from profiles.certificate import Certificate
    from profiles.model import Listing, Trust
    from profiles.store import Asker


class KeepsNothing(MemoryCheckpoint):
    """Says done."""

    def commit(self) -> None:
        """Not at all."""


class LosesTheKey(MemoryCheckpoint):
    """Keeps the certificate alone."""

    def add_key(self, key: PrivateKey, nickname: str) -> None:
        """Not at all."""


class PairsAnotherKey(MemoryCheckpoint):
    """Keeps some key under the name of the right one."""

    def add_key(self, key: PrivateKey, nickname: str) -> None:
        """The wrong one."""
        other = PrivateKey.parse(keys.pkcs8(keys.pooled("ec-p256", 99)))
        self.draft.keys[key.id] = Item(None, other, nickname)


class ForgetsTrust(MemoryCheckpoint):
    """Takes trust in and drops it."""

    def set_trust(self, certificate: Certificate, trust: Trust) -> None:
        """Not at all."""


class MergesNicknames(MemoryCheckpoint):
    """Lets a new certificate take the place of the one with its nickname."""

    def free(self, nickname: str) -> str:
        """Free by force."""
        older = [name for name, item in self.draft.certificates.items() if item.nickname == nickname]
        for name in older:
            del self.draft.certificates[name]
        return nickname


class DropsTwins(MemoryCheckpoint):
    """Keeps one certificate for each subject."""

    def add_certificate(self, certificate: Certificate, nickname: str) -> None:
        """Instead of the older one."""
        for name, item in self.before.certificates.items():
            if item.certificate and item.certificate.subject == certificate.subject and item.certificate != certificate:
                self.draft.certificates.pop(name, None)
        super().add_certificate(certificate, nickname)


class NeverRollsBack(MemoryCheckpoint):
    """What is committed stays, whatever comes after."""

    def __exit__(self, *_: object) -> None:
        pass


class WritesTooEarly(MemoryCheckpoint):
    """Puts everything straight on the shelf."""

    def __enter__(self) -> Self:
        super().__enter__()
        self.shelf.kept = self.draft
        return self


class AsksToList(MemoryStore):
    """Wants its password before it shows anything."""

    asker: Asker | None = None

    def unlock(self, ask: Asker) -> None:
        """Remembers whom to bother."""
        super().unlock(ask)
        self.asker = ask

    def list(self, subjects: Collection[bytes] | None = None) -> Listing:
        """Not without a question."""
        if self.asker is None:
            raise PasswordNeeded("nobody is there to be asked")
        self.asker("the password of the memory")
        return super().list(subjects)


class HandsOutBarredKeys(MemoryStore):
    """Does not care which keys must stay."""

    def handed_out(self, key_id: str) -> Item:
        """Any of them."""
        return self.shelf.kept.keys[key_id]


BROKEN: dict[str, Callable[[Shelf], MemoryStore]] = {
    step.__name__: partial(MemoryStore, step=step)
    for step in (KeepsNothing, LosesTheKey, PairsAnotherKey, ForgetsTrust, MergesNicknames, DropsTwins, NeverRollsBack,
                 WritesTooEarly)
} | {"AsksToList": AsksToList, "HandsOutBarredKeys": HandsOutBarredKeys}
"""Each broken store by the name of what is wrong with it."""
