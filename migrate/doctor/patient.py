"""One application's store with everything about it that can be seen without a password."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from migrate.elsewhere import Seen, look
from profiles.errors import Error
from profiles.nss.signs import Signs, signs
from profiles.products import software
from profiles.products.locations import FILES

if TYPE_CHECKING:
    from profiles.discover import Found
    from profiles.model import Listing


class Patient(NamedTuple):
    """A store where an application keeps its certificates, or would."""

    seen: Seen
    signs: Signs = Signs()
    platform: Path | None = None
    """Where the application's libraries lie, where that can be told."""

    @property
    def place(self) -> str:
        """The location as it is typed."""
        return str(self.found.location)

    @property
    def kind(self) -> str:
        """The word for the application."""
        return self.found.location.kind

    @property
    def identities(self) -> int:
        """How many certificates with keys it holds, as far as can be seen."""
        return self.seen.identities or 0

    @property
    def found(self) -> Found:
        """Where it was found."""
        return self.seen.found

    @property
    def listing(self) -> Listing | None:
        """What it holds."""
        return self.seen.listing

    @property
    def error(self) -> Error | None:
        """Why it could not be read."""
        return self.seen.error


def look_at(found: Found) -> Patient:
    """Read one store as far as that goes; that it cannot be read is a finding and no failure."""
    directory, seen = Path(found.path), look(found)
    if seen.listing is None:
        return Patient(seen)
    try:
        shown = Signs() if found.location.kind in FILES else signs(directory)
    except Error as error:
        return Patient(Seen(found, error=error))
    return Patient(seen, shown, software.platform(found.location.kind, directory))
