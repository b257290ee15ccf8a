"""The commands that look and change nothing: ``stores`` and ``list``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from profiles.opening import open_found, open_store

from migrate import passwords, render, report
from migrate.chain import Pool, complete
from profiles.errors import Error
from profiles.model import Listing, Problem


def stores(root: Path | None, *, to_json: bool) -> None:
    """Print every store there is."""
    from profiles.discover import discover

    discovery = discover(root)
    found: list[dict[str, Any]] = []
    for one in discovery.found:
        identities: int | None
        problems: list[Problem] = []
        try:
            listing = open_found(one).list()
            identities = sum(entry.has_key for entry in listing.entries)
        except Error as error:
            identities, problems = None, [Problem(error.code, error.message)]
        state = one.state if not problems else "broken"
        found.append({"location": str(one.location), "product": one.product, "path": one.path, "state": state,
                      "identities": identities,
                      "problems": [{"code": problem.code, "message": problem.message} for problem in problems]})
    if to_json:
        render.as_json({"schema": report.SCHEMA, "stores": found, "problems": [
            {"code": problem.code, "message": problem.message} for problem in discovery.problems]})
    else:
        render.stores(found, (problem.message for problem in discovery.problems))


def listings(locations: tuple[str, ...], file_password: str | None, *, to_json: bool) -> int:
    """Print what the named stores hold, or all stores; 1 if one of several could not be read."""
    found = [(listing, _chains(listing)) for listing in _listings(locations, file_password)]
    if to_json:
        render.as_json(report.listing_json(found))
    else:
        render.listings(found)
    return int(any(listing.state == "broken" for listing, _ in found))


def _listings(locations: tuple[str, ...], file_password: str | None) -> Iterator[Listing]:
    if not locations:
        from profiles.discover import discover

        for found in discover().found:
            try:
                yield open_found(found).list()
            except Error as error:
                yield Listing(found.location, found.product, found.path, "broken",
                              problems=(Problem(error.code, error.message),))
        return
    for location in locations:
        try:
            yield _listing(location, file_password)
        except Error as error:
            if len(locations) == 1:
                raise
            from profiles.model import Location

            kind, _, where = location.partition(":")
            yield Listing(Location(kind, where), "", where, "broken", problems=(Problem(error.code, error.message),))


def _listing(location: str, file_password: str | None) -> Listing:
    store = open_store(location)
    listing = store.list()
    if listing.state == "locked" and file_password is not None:
        store.unlock(passwords.parse(file_password))
        listing = store.list()
    return listing


def _chains(listing: Listing) -> dict[str, bool]:
    pool = Pool(entry.certificate for entry in listing.entries)
    return {entry.certificate.sha256: complete(entry.certificate, pool).complete for entry in listing.entries}
