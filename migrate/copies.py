"""Where else a private key is: what ``undo`` looks for before it takes one away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate import elsewhere
from profiles.disk import same
from profiles.errors import Error
from profiles.opening import open_store
from profiles.store import Fingerprinted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrate.journal import Key, Move
    from profiles.model import Listing
    from profiles.store import Store


def key_ids(listing: Listing) -> set[str]:
    """The private keys that a listing shows."""
    return ({entry.certificate.key_id for entry in listing.entries if entry.has_key}
            | {key.id for key in listing.pending_keys})


def leaving(store: Store, move: Move) -> list[Key]:
    """The keys that a move brought and that are still in its target, as far as that can be seen."""
    from migrate.journal import Key

    listing = store.list()
    if move.keys is None:
        titles = [(entry.certificate.key_id, entry.certificate.common_name) for entry in listing.entries
                  if entry.has_key] + [(key.id, key.nickname or f"key {key.id}") for key in listing.pending_keys]
        unseen = [("", f"whatever is in {move.target}")] if listing.state == "locked" else []
        return [Key(*one, move.source) for one in titles + unseen]
    there = key_ids(listing)
    return [key for key in move.keys if listing.state == "locked" or key.id in there]


def places(keys: Sequence[Key], target: Store, moves: Sequence[Move]) -> dict[str, str]:
    """For each of the keys a place outside the target that has it too, by the key's id; no password is asked for."""
    found: dict[str, str] = {}
    for key in keys:
        for location, content in dict.fromkeys(_noted(key, moves)):
            if _holds(location, content, key.id, target):
                found[key.id] = location
                break
    if all(key.id in found for key in keys):
        return found
    for listing in elsewhere.listings({target.path}):
        for key_id in key_ids(listing):
            found.setdefault(key_id, str(listing.location))
    return found


def _noted(key: Key, moves: Sequence[Move]) -> Iterator[tuple[str, str]]:
    """Where the key has been, newest last: locations with the fingerprint that files had then."""
    yield key.source, key.content
    for move in moves:
        for one in move.keys or ():
            if one.id == key.id:
                yield one.source, one.content
                yield move.target, move.content


def _holds(location: str, content: str, key_id: str, target: Store) -> bool:
    """Whether a key is there: a listing shows it, or it is a sealed file that is as it was when it had the key."""
    try:
        store = open_store(location)
        if same(store.path, target.path):
            return False
        listing = store.list()
        return key_id in key_ids(listing) or (
            listing.state == "locked" and bool(content) and isinstance(store, Fingerprinted)
            and store.fingerprint() == content)
    except (Error, OSError):
        return False
