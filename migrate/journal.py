"""What was migrated where, so that ``undo`` finds it: a line a migration, no secrets, in the user's state directory."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Move:
    """One migration that changed its target."""

    when: str
    source: str
    target: str
    """The target's location, resolved, so that it opens again from anywhere."""
    point: str
    """What the store takes back its part by; empty where only mail accounts changed."""
    undone: bool = False
    mail: tuple[str, ...] = ()
    """What the mail program's settings are put back by, in the order in which they were made."""

    run: str = ""
    """Names the migration, which is written down again whenever there is more of it to undo."""

    @property
    def name(self) -> tuple[str, str]:
        """What it is known by."""
        return self.target, self.run or self.point


def _path() -> Path:
    from platformdirs import user_state_path

    return user_state_path("certferry", appauthor=False) / "journal.jsonl"


def record(move: Move) -> None:
    """Add a line, durably."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(handle, "ab") as file:
        file.write(json.dumps(asdict(move)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def last(target: str | None = None) -> Move | None:
    """The latest move that was not undone, of all or of one target."""
    try:
        lines = _path().read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    moves: dict[tuple[str, str], Move] = {}
    for line in lines:
        try:
            found_here = json.loads(line)
            move = Move(**found_here | {"mail": tuple(found_here.get("mail", ()))})
        except (ValueError, TypeError, AttributeError):
            continue
        moves.pop(move.name, None)
        if not move.undone:
            moves[move.name] = move
    found = [move for move in moves.values() if target in (None, move.target)]
    return found[-1] if found else None
