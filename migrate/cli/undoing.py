"""The command that takes back: ``undo``; never the only copy of a key without a word."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from migrate import copies, journal, render, report
from migrate.cli import asking
from migrate.cli.interrupts import once
from profiles.disk import same
from profiles.errors import Error, Interrupted, LastCopy, StoreNotFound, Unsupported
from profiles.opening import open_store
from profiles.products.guided import GUIDED
from profiles.products.locations import FILES
from profiles.store import Keeping, Leaving, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def undo(location: str | None, *, yes: bool, to_json: bool) -> None:
    """Take the last migration back, of all or into one store."""
    moves = journal.moves()
    *older, move = _of(location, moves) or (None,)
    if move is None:
        raise StoreNotFound("there is no migration to take back",
                            "Only what certferry did on this account can be undone.")
    before = older[-1] if older else None
    store = _target(move, before)
    foreseen = _foreseen(store, move, before)
    keys = copies.leaving(store, move) if move.point else []
    others = copies.places(keys, store, moves)
    if not yes and not _agreed(move, _sentences(keys, others, foreseen),
                               [key for key in keys if key.id not in others], to_json=to_json):
        render.note("nothing was changed")
        return
    try:
        with once():
            removed, kept, left = _take_back(store, move, before)
    except KeyboardInterrupt:
        raise Interrupted("interrupted: it is taken back in part, or not at all",
                          "Say `certferry undo` again to finish it.") from None
    if isinstance(store, Leaving):
        left += store.left
    _write_down(replace(move, undone=True))
    _tell(move, removed, kept, left, keys, to_json=to_json)


def _of(location: str | None, moves: Sequence[journal.Move]) -> list[journal.Move]:
    """What can be undone, of all or of one store, oldest first; one that was passed over only when it is named."""
    standing = [move for move in moves if not move.undone]
    if location is None:
        return [move for move in standing if not move.gone]
    store = open_store(location, new=True)
    return [move for move in standing if move.target == str(store.location) or same(_path(move), store.path)]


def _path(move: journal.Move) -> str:
    if move.path:
        return move.path
    try:
        return open_store(move.target).path
    except Error:
        return move.target.partition(":")[2]


def _target(move: journal.Move, before: journal.Move | None) -> Store:
    kind = move.target.partition(":")[0]
    try:
        return open_store(move.target, new=kind in FILES or kind in GUIDED, announce=render.announcement)
    except StoreNotFound as error:
        raise _passed_over(replace(move, gone=True), before, error) from None


def _foreseen(store: Store, move: journal.Move, before: journal.Move | None) -> tuple[str, ...]:
    """What becomes of files; raises where that move cannot be taken back, now or ever."""
    if not isinstance(store, Keeping) or not move.point:
        return ()
    try:
        return store.foresee(move.point)
    except StoreNotFound as error:
        if move.mail:
            return ()  # the accounts can be put back all the same
        there = os.path.lexists(store.path)
        raise _passed_over(replace(move, undone=there, gone=not there), before, error) from None


def _passed_over(move: journal.Move, before: journal.Move | None, why: Error) -> StoreNotFound:
    """What is said of a move that cannot be taken back, once it no longer stands before the older ones."""
    hint = "It is passed over from now on. No other is left to take back."
    if not _write_down(move):
        hint = "Name the store of an older one to take that back."
    elif before is not None:
        hint = (f"It is passed over from now on. Next would be what went from {before.source} to {before.target} at "
                f"{before.when}: say `certferry undo` again for that.")
    return StoreNotFound(
        f"what went from {move.source} to {move.target} at {move.when} cannot be taken back: {why.message}", hint)


def _sentences(keys: Sequence[journal.Key], others: Mapping[str, str], foreseen: Sequence[str]) -> list[str]:
    said = [f"the key of {key.title} goes; " + (f"it is also in {others[key.id]}" if key.id in others else
                                                "no other copy of it was found on this computer") for key in keys]
    return [*said, *foreseen]


def _agreed(move: journal.Move, lines: Sequence[str], last: Sequence[journal.Key], *, to_json: bool) -> bool:
    """Ask, by name; where nobody can be asked, the command is the agreement, but not to the loss of a key."""
    names = " and ".join(dict.fromkeys(key.title for key in last))
    asked = asking.possible() and not to_json
    if last and not asked:
        raise LastCopy(
            f"taking this back would remove the only copy of the key of {names} that certferry finds on this computer",
            f"Save it first: certferry backup {move.target} DIR/ (then certferry undo {move.target}), or say --yes.")
    if not to_json:
        render.note(f"taking back what went from {move.source} to {move.target} at {move.when}:")
        for line in lines:
            render.note(f"  {render.visible_sentence(line)}")
    if last:
        return asking.yes(f"Remove what may be the only copy of the key of {render.visible_sentence(names)}?",
                          default=False)
    return not asked or asking.agreed()


def _take_back(
    store: Store, move: journal.Move, before: journal.Move | None
) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Mail accounts first, then keys: how much went, where a copy of it is, and what could not be put back."""
    left = _restore_mail(store, move)
    if not move.point:
        return 0, (), left
    try:
        kept = store.keep(move.point) if isinstance(store, Keeping) else ()
        return store.undo(move.point), kept, left
    except StoreNotFound as error:
        if move.mail:
            return 0, (), (*left, error.message)
        raise _passed_over(replace(move, undone=True), before, error) from None


def _restore_mail(store: Store, move: journal.Move) -> tuple[str, ...]:
    """In between, an account shows nothing that is not there; why accounts could not be put back."""
    if not move.mail:
        return ()
    from migrate.cli.mail import required_client

    try:
        client = required_client(store)
        with client.alone():
            left = dict.fromkeys(one for point in reversed(move.mail) for one in client.restore(point))
    except (StoreNotFound, Unsupported) as error:
        return (f"its mail accounts are left as they are: {error.message}",)
    return tuple(f"the account {address} was changed since: what it uses stays" for address in left)


def _write_down(move: journal.Move) -> bool:
    """Whether the next ``undo`` will know."""
    try:
        journal.record(move)
    except OSError as error:
        render.note(f"that could not be written down ({error.strerror}), so the next undo comes upon the same again")
        return False
    return True


def _tell(move: journal.Move, removed: int, kept: Sequence[str], left: Sequence[str], keys: Sequence[journal.Key],
          *, to_json: bool) -> None:
    if to_json:
        render.as_json({"schema": report.SCHEMA, "status": "done", "from": move.source, "to": move.target,
                        "removed": removed, "keys": [{"id": key.id, "title": key.title} for key in keys],
                        "kept": list(kept), "notes": list(left)})
        return
    mail = ", its mail accounts use what they used" if move.mail else ""
    but = ", but for what is told below" if left else ""
    render.say(f"undone  {render.visible_sentence(move.target)} is as it was before{but} ({removed} certificates and "
               f"keys taken back{'' if left else mail})")
    for text in left:
        render.note(f"  {render.visible_sentence(text)}")
    for place in kept:
        render.note(f"  what was there until now is kept in {render.visible_sentence(place)}")
