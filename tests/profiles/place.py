"""A place for one store, people to put into it, and what a behaviour of the contract does with them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from profiles.model import Level, Selection, Trust
from profiles.pkcs12.contents import Item
from profiles.pkcs12.keys import verify
from profiles.pkcs12.seal import open_sealed, seal
from tests import keys, pki
from tests.askers import Given
from tests.profiles.pkcs12.material import bare, certificate, item

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from profiles.model import Listing
    from profiles.store import Checkpoint, Store
    from tests.pki import Authority, Leaf

KIND = "ec-p256"
"""The keys of people, unless said otherwise; a new one for each."""
ANCHOR = Trust(Level.TRUSTED, Level.TRUSTED, Level.TRUSTED, Level.TRUSTED)


class Place:
    """A fresh and empty place for one store, which opens it as often as wanted."""

    def __init__(
        self, locked: Callable[[], Store], password: str = "", directory: Path | None = None,
        bar: Callable[[str], object] | None = None,
    ) -> None:
        self.locked = locked
        """Opens the store and unlocks nothing."""
        self.password = password
        self.directory = directory
        """All that the store keeps lies in it; None for one that keeps nothing on disk."""
        self.bar = bar
        """Marks the key of an id as never to be handed out; None where a store knows no such mark."""

    def open(self) -> Store:
        """The store opened afresh and unlocked."""
        store = self.locked()
        store.unlock(Given(self.password))
        return store

    def list(self) -> Listing:
        """What a store that was opened afresh lists."""
        return self.open().list()

    def files(self) -> dict[str, bytes]:
        """Every file of it with its content."""
        if self.directory is None:
            return {}
        found = (path for path in sorted(self.directory.rglob("*")) if path.is_file())
        return {str(path.relative_to(self.directory)): path.read_bytes() for path in found}


@cache
def middle() -> Authority:
    """The authority that everybody here has a certificate of."""
    return pki.root("Contract Root").intermediate("Contract Intermediate")


@cache
def person(name: str, kind: str = "") -> Leaf:
    """The same person all through a test run."""
    made = keys.pooled(kind) if kind not in ("", KIND) else KIND
    return middle().leaf(name, email="person@example.test", key=made)


@cache
def neighbour(kind: str = "") -> Leaf:
    """Another person, with a key of their own also where those of persons come from a pool."""
    made = keys.pooled(kind, 1) if kind not in ("", KIND) else KIND
    return middle().leaf("Neil", email="neighbour@example.test", key=made)


def identity(leaf: Leaf, nickname: str = "") -> tuple[Item, ...]:
    """What one step brings: the chain, and the certificate with its key."""
    return (*(bare(above, above.cn) for above in leaf.chain), item(leaf, nickname or leaf.cn))


def fill(step: Checkpoint, *items: Item, trust: dict[Leaf, Trust] | None = None) -> None:
    """Put into a step as the engine does: certificates, trust, keys."""
    for one in items:
        if one.certificate is not None and one.key is None:
            step.add_certificate(one.certificate, one.nickname)
    for leaf, level in (trust or {}).items():
        step.set_trust(certificate(leaf), level)
    for one in items:
        if one.key is not None:
            step.add_keys(seal([one]))


def put(store: Store, *items: Item, trust: dict[Leaf, Trust] | None = None) -> None:
    """One step that arrives."""
    with store.checkpoint() as step:
        fill(step, *items, trust=trust)
        step.commit()


def seen(listing: Listing) -> tuple[object, ...]:
    """All that a listing says, in no order."""
    return set(listing.entries), len(listing.entries), set(listing.pending_keys), len(listing.pending_keys)


def exported(store: Store, *leaves: Leaf) -> dict[str, bytes]:
    """The keys that come out, by certificate."""
    found = open_sealed(store.export(Selection.of(leaf.sha256 for leaf in leaves))).items
    assert len(found) == len(leaves)
    return {one.certificate.sha256: one.key.pkcs8 for one in found if one.certificate and one.key}


def require(store: Store, *leaves: Leaf) -> None:
    """Each is listed once with its key, which comes out as it went in, and signs."""
    listed = [entry.certificate.sha256 for entry in store.list().entries if entry.has_key]
    assert sorted(listed) == sorted(leaf.sha256 for leaf in leaves)
    assert exported(store, *leaves) == {leaf.sha256: leaf.pkcs8 for leaf in leaves}
    for leaf in leaves:
        public = certificate(leaf).public_key
        assert verify(public, b"a message", store.sign(public.id, b"a message"))
