"""What NSS's own library makes of a database, held against what certferry's engine reads in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.checkup.finding import Finding, note, problem
from profiles.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.model import Listing


def compare(location: str, theirs: Listing) -> Iterator[Finding]:
    """Every certificate or key that only one of the two engines sees."""
    ours = open_store(location).list()
    mine, other = ({entry.certificate.sha256: entry for entry in listing.entries} for listing in (ours, theirs))
    agreed = True
    for sha256 in mine.keys() | other.keys():
        here, there = mine.get(sha256), other.get(sha256)
        entry = here or there
        if entry is None or (here and there and here.has_key == there.has_key):
            continue
        agreed = False
        what = ("only certferry's engine sees it" if there is None else "only NSS sees it" if here is None
                else f"{'certferry' if here.has_key else 'NSS'} sees its key and the other does not")
        yield problem("engines-disagree", entry.certificate.common_name, f"the two engines disagree: {what}",
                      "Make a backup before anything else is done with this database.")
    if agreed:
        yield note("engines-agree", "", f"NSS's own library sees the same {len(mine)} certificates and their keys")
