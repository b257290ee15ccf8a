"""The one file, or the two, that the location of a PEM names: the one place that says what a comma in it means."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def pem_paths(where: str, place: Callable[[str], Path]) -> tuple[Path, ...]:
    """Where ``CERTIFICATE,KEY`` or a single file lies, each part made a path by ``place``.

    A comma may be part of a name. What is there decides first: the whole as one file, then two files. Otherwise they
    are two if the key's part is as absolute as the certificate's, so that a location once written down means the same.
    """
    whole = place(where)
    if os.path.lexists(whole):
        return (whole,)
    pairs = list(_pairs(where))
    there = [pair for pair in pairs if all(os.path.lexists(place(part)) for part in pair)]
    alike = [pair for pair in pairs if _absolute(pair[1]) or not _absolute(pair[0])]
    for certificate, key in (there or alike)[:1]:
        return place(certificate), place(key)
    return (whole,)


def _pairs(where: str) -> Iterator[tuple[str, str]]:
    """Every way to read it as two, the last comma first."""
    for at in reversed(range(len(where))):
        if where[at] == "," and where[:at] and where[at + 1 :]:
            yield where[:at], where[at + 1 :]


def _absolute(part: str) -> bool:
    return part.startswith("~") or Path(part).is_absolute()
