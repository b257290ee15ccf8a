"""Taking steps back: what a failure or a crash left of one, and what ``undo`` is asked for.

The record of a step that was begun is an intent; whoever finds one takes the step back. The roots of the user are the
exception: Windows asks before one goes or comes back, and that is for a person who writes or undoes something, not for
one who only looks. What waits for them stays in the intent.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from profiles.errors import Error, LeftToUser, Malformed, StoreInUse, StoreNotFound
from profiles.files import writing
from profiles.files.reading import explained
from profiles.nss.lock import locked
from profiles.windows import contents as stored
from profiles.windows.change import Record
from profiles.windows.native import has_desktop
from profiles.windows.stores import Stores, asks, require_person, title

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from profiles.windows.keys import Keys

INTENT = "intent-"
_BY_HAND = "certmgr.msc shows it under `Trusted Root Certification Authorities`."


def waiting(own: Path) -> bool:
    """Whether a step was interrupted."""
    return any(own.glob(f"{INTENT}*.json"))


def recover(keys: Keys, own: Path, *, ask: bool) -> list[str]:
    """Take back what was interrupted, with ``ask`` also what needs a person: what is left, a sentence each."""
    if not waiting(own):  # costs one look into the directory where there is none
        return []
    with locked(own):
        return _recover(keys, own, ask=ask)


def require_settled(keys: Keys, own: Path) -> None:
    """Have nothing left of an interrupted step before another is made, under the lock of ``own``.

    Raises ``StoreInUse`` where something was, as the stores were read before that changed.
    """
    if not waiting(own):
        return
    left = _recover(keys, own, ask=True)
    if waiting(own):
        raise LeftToUser(f"a step that was interrupted is not taken back yet: {'; '.join(left)}, which only a person "
                         "at the desktop can change", "Run the same command in a terminal on the desktop.")
    raise StoreInUse("a step that was interrupted has been taken back just now, and what was to be done was planned "
                     "before that", "Run the same command again.")


def _recover(keys: Keys, own: Path, *, ask: bool) -> list[str]:
    return [left for intent in sorted(own.glob(f"{INTENT}*.json")) for left in settle(keys, intent, ask=ask)]


def settle(keys: Keys, intent: Path, *, ask: bool) -> list[str]:
    """Take a step back and forget it, but for roots that wait for a person: what is left, a sentence each.

    A root that its user, when asked, keeps is theirs from then on.
    """
    try:
        with explained(intent):
            before = intent.read_bytes()
        record = Record.decode(before)
    except Malformed:
        intent.rename(intent.with_suffix(".damaged"))
        raise
    roots, rest = record.apart(partial(asks, keys))
    revert(keys, rest)
    left, later = [], []
    ask = ask and has_desktop(keys.native)
    with Stores(keys) as stores:
        roots = [root for root in roots if stores.made(root)]
    for root in roots:
        try:
            if ask:
                revert(keys, root)
                continue
            later.append(root)
        except LeftToUser:
            pass
        left.append(_left(root))
    if later:
        writing.replace(intent, Record.together(later).encode(), before)
    else:
        forget(intent)
    return left


def _left(root: Record) -> str:
    trusted = [f"the root {title(der)} is still trusted" for _, der in root.added]
    return "; ".join(trusted + [f"the root {title(der)} is no longer trusted" for _, der, _ in root.removed])


def attempted(take_back: Callable[[], list[str]]) -> Error | None:
    """What is left after a step that failed was taken back as far as possible; None where nothing is."""
    try:
        left = take_back()
    except Error as error:
        return type(error)(f"what was begun could not be taken back ({error.message})",
                           "The next start of certferry tries again.")
    return LeftToUser("; ".join(left), _BY_HAND) if left else None


def require_nothing(left: Error | None, keys: Keys, error: BaseException) -> None:
    """Raise what ended a step once more with what is left of it, if anything is."""
    if left is None:
        return
    if isinstance(error, Error):
        raise type(error)(f"{error.message}; {left.message}", left.hint) from error
    keys.announce(left.message)


def undo(keys: Keys, own: Path, run: str) -> int:
    """Take back every step of a run, newest first: how many certificates and keys went."""
    path = own / run
    if not run or path.parent != own or not path.is_dir():
        raise StoreNotFound("there is no record of that migration into the Windows stores",
                            "It may have been undone already.")
    with locked(own):
        _recover(keys, own, ask=True)
        steps = {entry: Record.decode(entry.read_bytes()) for entry in sorted(path.glob("[0-9]*.json"), reverse=True)}
        for record in steps.values():
            _require_person(keys, record)
        gone = 0
        for entry, record in steps.items():
            gone += revert(keys, record)
            forget(entry)
        path.rmdir()
    return gone


def _require_person(keys: Keys, record: Record) -> None:
    """``LeftToUser`` before anything is changed where a root of the step is the user's and nobody is there."""
    with Stores(keys) as stores:
        for root in record.apart(partial(asks, keys))[0]:
            if stores.made(root):
                for der in (*(der for _, der in root.added), *(der for _, der, _ in root.removed)):
                    require_person(keys, der, "delete" if root.added else "trust")


def revert(keys: Keys, record: Record) -> int:
    """Take a step back as far as it was made: how many certificates and keys went.

    What its user is asked about goes first: a no leaves the step whole. Certificates go before keys, so that an
    interruption leaves a key without its certificate, never the reverse; a key that a certificate still names stays.
    """
    gone: set[bytes] = set()
    roots, rest = record.apart(partial(asks, keys))
    with Stores(keys) as stores:
        for part in (*roots, rest):
            for store, der, element in part.removed:
                stores.put_back(store, der, element)
            for store, der, old in part.altered:
                if stores.has(store, der):
                    stores.change(store, der, old)
            for store, der in reversed(part.added):
                if stores.remove(store, der) and store != stored.REQUEST:
                    gone.add(der)
        gone = {der for der in gone if not any(stores.has(store, der) for store in stored.STORES)}
        named = {one.link for store in (stored.MY, stored.REQUEST) for one in stores.held(store) if one.link}
    containers = {(link.container, link.machine) for link in named}
    removed = [link for link in record.keys if (link.container, link.machine) not in containers and keys.remove(link)]
    return len(gone) + len(removed)


def forget(path: Path) -> None:
    """Remove the record of a step."""
    with explained(path):
        path.unlink(missing_ok=True)
