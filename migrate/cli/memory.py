"""Writing down what a command changed, so that ``undo`` finds it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migrate import journal, render

if TYPE_CHECKING:
    from profiles.store import Store


@dataclass
class Memory:
    """One run from a source into a target; called whenever something of it has arrived."""

    source: Store
    target: Store
    points: list[str] = field(default_factory=list)
    """What undoes the settings of mail accounts that went along."""
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    run: str = field(default_factory=lambda: secrets.token_hex(8))

    def __call__(self) -> None:
        """Write down how far the run is."""
        point = self.target.undo_point or ""
        if not point and not self.points:
            return
        try:
            journal.record(journal.Move(self.started, str(self.source.location), str(self.target.location), point,
                                        mail=tuple(self.points), run=self.run))
        except OSError as error:
            render.note(f"this move could not be written down, so `undo` will not find it: {error.strerror}")
