"""What a step made of each file, kept with its note so that undo can put back the very bytes that were there before.

Where a file still is what the step wrote, it needs no backup for that: what the step replaced in it is in the trace.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from profiles.files.record import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from profiles.directories.held import Note
    from profiles.directories.together import Edit

TRACES = "traces"


class Trace(NamedTuple):
    """One file as a step wrote it, and where it differs from before."""

    name: str
    new: str
    """The fingerprint of what was written."""
    old: str | None
    """That of what was there; None where nothing was."""
    start: int
    end: int
    """How many bytes at its beginning and at its end are as before."""
    was: str
    """What was between those, in hex."""

    @classmethod
    def of(cls, edit: Edit) -> Trace:
        """The trace of an edit that writes a file."""
        old, new = edit.old or b"", edit.new or b""
        start = _alike(old, new)
        end = _alike(old[start:][::-1], new[start:][::-1])
        return cls(edit.name, fingerprint(new), None if edit.old is None else fingerprint(old), start, end,
                   old[start : len(old) - end].hex())

    def holds(self, data: bytes | None) -> bool:
        """Whether the file is what the step wrote."""
        return data is not None and fingerprint(data) == self.new

    def undone(self, edit: Edit) -> Edit:
        """The edit that takes the step back: to the very bytes of before, or as it is where more happened since."""
        if edit.old is None or not self.holds(edit.old):
            return edit
        before = edit.old[: self.start] + bytes.fromhex(self.was) + edit.old[len(edit.old) - self.end :]
        if self.old is None:
            return edit._replace(new=None)
        return edit._replace(new=before) if fingerprint(before) == self.old else edit


def noted(edits: Iterable[Edit]) -> list[str]:
    """The traces of a step as its note keeps them."""
    return [json.dumps(Trace.of(edit)) for edit in edits if edit.new is not None]


def of_note(note: Note) -> dict[str, Trace]:
    """The traces of a step by the names of the files."""
    return {trace.name: trace for trace in (Trace(*json.loads(line)) for line in note.get(TRACES, ()))}


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes two contents have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low
