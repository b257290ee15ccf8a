"""Writing down what a command changed, so that ``undo`` finds it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migrate import journal, render
from profiles.store import Fingerprinted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrate.plan import Step
    from profiles.store import Store


@dataclass
class Memory:
    """One run into a target, from one source or from several under one name."""

    origin: str
    target: Store
    points: list[str] = field(default_factory=list)
    """What undoes the settings of mail accounts that went along."""
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    run: str = field(default_factory=lambda: secrets.token_hex(8))
    keys: dict[str, journal.Key] = field(default_factory=dict)

    def arrived(self, source: Store, steps: Iterable[Step]) -> None:
        """Write down how far the run is: these steps more."""
        content = _fingerprint(source)
        for step in steps:
            key = step.certificate.key_id if step.certificate else step.key.id if step.key else ""
            if step.moves_key:
                self.keys[key] = journal.Key(key, step.title, str(source.location), content)
        point = self.target.undo_point or ""
        if not point and not self.points:
            if self.target.file:  # which has one wherever there is a place to write it down
                render.note("this could not be written down, so `undo` will not find it")
            return
        try:
            journal.record(journal.Move(
                self.started, self.origin, str(self.target.location), point, mail=tuple(self.points), run=self.run,
                keys=tuple(self.keys.values()), path=self.target.path, content=_fingerprint(self.target)))
        except OSError as error:
            render.note(f"this move could not be written down, so `undo` will not find it: {error.strerror}")


def _fingerprint(store: Store) -> str:
    return store.fingerprint() if isinstance(store, Fingerprinted) else ""
