"""What the other stores on this computer hold: where missing issuers and keys are looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.errors import Error

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from profiles.model import Listing


def listings(known: Collection[str]) -> Iterator[Listing]:
    """Every store that can be read, except those at the paths that are known; no password is asked for."""
    from profiles.discover import discover
    from profiles.opening import open_found

    for found in discover().found:
        if found.path in known:
            continue
        try:
            yield open_found(found).list()
        except Error:
            continue  # a broken store elsewhere is no reason not to go on with this one
