"""One application's store with everything about it that can be seen without a password."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from profiles.errors import AccessDenied, Error, Malformed, StoreInUse, ToolFailed, Unsupported
from profiles.nss.signs import Signs, signs
from profiles.opening import open_found
from profiles.products import software
from profiles.products.locations import FILES

if TYPE_CHECKING:
    from profiles.discover import Found
    from profiles.model import Listing


class Patient(NamedTuple):
    """A store where an application keeps its certificates, or would."""

    found: Found
    listing: Listing | None = None
    error: Error | None = None
    """Why it could not be read."""
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
        """How many certificates with keys it holds."""
        return sum(entry.has_key for entry in self.listing.entries) if self.listing else 0


def look_at(found: Found) -> Patient:
    """Read one store as far as that goes; that it cannot be read is a finding and no failure."""
    directory = Path(found.path)
    try:
        listing = open_found(found).list()
        seen = Signs() if found.location.kind in FILES else signs(directory)
    except (AccessDenied, Malformed, StoreInUse, ToolFailed, Unsupported) as error:
        return Patient(found, error=error)
    return Patient(found, listing, signs=seen, platform=software.platform(found.location.kind, directory))
