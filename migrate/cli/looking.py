"""The commands that look and change nothing: ``stores`` and ``list``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrate import render
from migrate.chain import Pool, complete
from profiles.errors import Error
from profiles.model import Listing, Location, Problem
from profiles.opening import open_found, open_store

if TYPE_CHECKING:
    from profiles.discover import Found
    from profiles.store import Store


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
        from migrate import report

        render.as_json({"schema": report.SCHEMA, "stores": found, "problems": [
            {"code": problem.code, "message": problem.message} for problem in discovery.problems]})
    else:
        render.stores(found, (problem.message for problem in discovery.problems))


def listings(locations: tuple[str, ...], file_password: str | None, *, to_json: bool) -> int:
    """Print what the named stores hold, or all stores; 1 if one of several could not be read."""
    found = _listings(locations, file_password)
    if to_json:
        from migrate import report

        render.as_json(report.listing_json(found))
    else:
        render.listings(found)
    return int(any(listing.state == "broken" for listing, _ in found))


Looked = tuple[Listing, dict[str, bool]]
"""A listing, and for each fingerprint in it whether its chain is complete there."""


def _listings(locations: tuple[str, ...], file_password: str | None) -> list[Looked]:
    if not locations:
        from profiles.discover import discover

        return [_look_into(found) for found in discover().found]
    if len(locations) == 1 or file_password is not None:
        return [_with_chains(_listing(location, file_password)) for location in locations]
    from migrate.parallel import spread

    return spread(_look_at, locations)


def _look_into(found: Found) -> Looked:
    return _look(lambda: open_found(found), found.location, found.product, found.path)


def _look_at(text: str) -> Looked:
    kind, _, where = text.partition(":")
    return _look(lambda: open_store(text), Location(kind, where), "", where)


def _look(opener: Callable[[], Store], location: Location, product: str, path: str) -> Looked:
    """One of several stores: that it cannot be read is said beside the others."""
    try:
        return _with_chains(opener().list())
    except Error as error:
        problems = (Problem(error.code, error.message),)
        return Listing(location, product, path, "broken", problems=problems), {}


def _listing(location: str, file_password: str | None) -> Listing:
    store = open_store(location)
    listing = store.list()
    if listing.state == "locked" and file_password is not None:
        from migrate import passwords

        store.unlock(passwords.parse(file_password))
        listing = store.list()
    return listing


def _with_chains(listing: Listing) -> Looked:
    pool = Pool(entry.certificate for entry in listing.entries)
    return listing, {entry.certificate.sha256: complete(entry.certificate, pool).complete for entry in listing.entries}
