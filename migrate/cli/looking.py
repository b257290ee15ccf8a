"""The commands that look and change nothing: ``stores`` and ``list``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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
                      "problems": [{"code": problem.code, "message": problem.message} for problem in problems],
                      **used_by(one, root)})
    if to_json:
        from migrate import report

        render.as_json({"schema": report.SCHEMA, "stores": found, "problems": [
            {"code": problem.code, "message": problem.message} for problem in discovery.problems]})
    else:
        render.stores(found, (problem.message for problem in discovery.problems))


def used_by(found: Found, root: Path | None = None) -> dict[str, Any]:
    """The applications whose certificates are those of a Windows store; for the store of one application nothing."""
    if found.location.kind != "windows" or root is not None:
        return {}
    from profiles.products.windows import applications
    from profiles.windows.registry import here

    registry = here()
    return {"applications": [{"name": one.name, "kind": one.kind, "version": one.version}
                             for one in (applications(registry) if registry else ())
                             if one.store == str(found.location)]}


class Looked(NamedTuple):
    """One store as it is shown: JSON or lines, and whether it could not be read."""

    text: str
    broken: bool


def listings(locations: tuple[str, ...], file_password: str | None, *, to_json: bool) -> int:
    """Print what the named stores hold, or all stores; 1 if one of several could not be read."""
    looked = _listings(locations, file_password, to_json=to_json)
    if to_json:
        render.say(f'{{"schema": 1, "stores": [{", ".join(one.text for one in looked)}]}}')
    else:
        render.say("\n\n".join(one.text for one in looked))
    return int(any(one.broken for one in looked))


def _listings(locations: tuple[str, ...], file_password: str | None, *, to_json: bool) -> list[Looked]:
    if not locations:
        from profiles.discover import discover

        return [_look(partial(open_found, found), found, to_json=to_json) for found in discover().found]
    if len(locations) == 1 or file_password is not None:
        return [_shown(_listing(location, file_password), to_json=to_json) for location in locations]
    from migrate.parallel import spread

    return spread(partial(_look_at, to_json=to_json), locations)


def _look_at(text: str, *, to_json: bool) -> Looked:
    kind, _, where = text.partition(":")
    return _look(partial(open_store, text), Listing(Location(kind, where), "", where), to_json=to_json)


def _look(opener: Callable[[], Store], place: Listing | Found, *, to_json: bool) -> Looked:
    """One of several stores: that it cannot be read is said beside the others."""
    try:
        return _shown(opener().list(), to_json=to_json)
    except Error as error:
        problems = (Problem(error.code, error.message),)
        broken = Listing(place.location, place.product, place.path, "broken", problems=problems)
        return Looked(_shown(broken, to_json=to_json).text, broken=True)


def _listing(location: str, file_password: str | None) -> Listing:
    store = open_store(location)
    listing = store.list()
    if listing.state == "locked" and file_password is not None:
        from migrate import passwords

        store.unlock(passwords.parse(file_password))
        listing = store.list()
    return listing


def _shown(listing: Listing, *, to_json: bool) -> Looked:
    pool = Pool(entry.certificate for entry in listing.entries)
    chains = {entry.certificate.sha256: complete(entry.certificate, pool).complete for entry in listing.entries}
    if not to_json:
        return Looked(render.listing(listing, chains), broken=False)
    import json

    from migrate.report import store_json

    return Looked(json.dumps(store_json(listing, chains)), broken=False)
