"""What the stores on this computer hold: where missing issuers and keys are looked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from profiles.disk import same
from profiles.errors import Error
from profiles.files.reading import explained
from profiles.opening import open_found

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from profiles.discover import Found
    from profiles.model import Listing


class Seen(NamedTuple):
    """A store that was found, with what it holds or why that cannot be seen."""

    found: Found
    listing: Listing | None = None
    error: Error | None = None

    @property
    def state(self) -> str:
        """How it is found to be: that of ``Found``, and ``broken`` where it cannot be read."""
        return self.found.state if self.error is None or self.found.state == "legacy" else "broken"

    @property
    def identities(self) -> int | None:
        """How many certificates with keys it holds, where that can be seen."""
        return sum(entry.has_key for entry in self.listing.entries) if self.listing else None


def look(found: Found) -> Seen:
    """Read one store as far as that goes; no password is asked for."""
    try:
        with explained(Path(found.path)):
            return Seen(found, open_found(found).list())
    except Error as error:
        return Seen(found, error=error)


def listings(known: Collection[str]) -> Iterator[Listing]:
    """Every store that can be read, except those at the paths that are known; no password is asked for."""
    from profiles.discover import discover

    for found in discover().found:
        listing = None if any(same(found.path, one) for one in known) else look(found).listing
        if listing is not None:  # a broken store elsewhere is no reason not to go on with this one
            yield listing
