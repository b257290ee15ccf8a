"""What was migrated where, so that ``undo`` finds it: a line a migration, no secrets, in the user's state directory."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Key(NamedTuple):
    """A private key that arrived, as its public half shows it."""

    id: str
    title: str
    source: str = ""
    """The location that it came from."""
    content: str = ""
    """The fingerprint of that, where it is a file."""


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

    keys: tuple[Key, ...] | None = None
    """Those that arrived; None where nobody knows, in lines of older versions."""
    path: str = ""
    """Where the target lies on disk."""
    content: str = ""
    """The fingerprint of the target with all that arrived, where it is a file."""
    gone: bool = False
    """It could not be taken back, because its target was not there."""

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


def moves() -> list[Move]:
    """Every move as it was last written down, oldest first."""
    try:
        lines = _path().read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    found: dict[tuple[str, str], Move] = {}
    for line in lines:
        try:
            move = _move(json.loads(line))
        except (ValueError, TypeError, AttributeError):
            continue
        if not (move.undone or move.gone):
            found.pop(move.name, None)  # it went on
        found[move.name] = move
    return list(found.values())


def _move(line: dict[str, Any]) -> Move:
    keys = line.get("keys")
    return Move(**line | {"mail": tuple(line.get("mail", ())),
                          "keys": None if keys is None else tuple(Key(*one) for one in keys)})
