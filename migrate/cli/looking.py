"""The commands that look and change nothing: ``stores`` and ``list``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from migrate import inventory, render, report
from migrate.chain import Pool, complete
from migrate.elsewhere import look
from profiles.errors import Error
from profiles.files.reading import explained
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
    for one in map(look, discovery.found):
        problems = [Problem(one.error.code, one.error.message)] if one.error else []
        found.append({"location": str(one.found.location), "product": one.found.product, "path": one.found.path,
                      "state": one.state, "identities": one.identities, "problems": report.problems_json(problems),
                      **used_by(one.found, root)})
    if to_json:
        render.as_json({"schema": report.SCHEMA, "stores": found,
                        "problems": report.problems_json(discovery.problems)})
    else:
        inventory.stores(found, discovery.problems)


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
    """One store as it is shown: an object for JSON or lines, and whether it could not be read."""

    shown: dict[str, Any] | str
    broken: bool


def listings(locations: tuple[str, ...], file_password: str | None, *, to_json: bool) -> int:
    """Print what the named stores hold, or all stores; 1 if one of several could not be read."""
    looked, problems = _listings(locations, file_password, to_json=to_json)
    if to_json:
        render.as_json({"schema": report.SCHEMA, "stores": [one.shown for one in looked],
                        "problems": report.problems_json(problems)})
    else:
        render.say("\n\n".join(str(one.shown) for one in looked) or "no store was found")
        inventory.unseen(problems)
    return int(any(one.broken for one in looked))


def _listings(
    locations: tuple[str, ...], file_password: str | None, *, to_json: bool
) -> tuple[list[Looked], tuple[Problem, ...]]:
    """Each store, and what kept others from being found."""
    if not locations:
        from profiles.discover import discover

        discovery = discover()
        return [_look(partial(open_found, found), found, to_json=to_json) for found in discovery.found
                ], discovery.problems
    if file_password is not None:
        return [_shown(one, to_json=to_json) for one in _unlocked(locations, file_password)], ()
    if len(locations) == 1:
        return [_shown(open_store(locations[0]).list(), to_json=to_json)], ()
    from migrate.parallel import spread

    return spread(partial(_look_at, to_json=to_json), locations), ()


def _look_at(text: str, *, to_json: bool) -> Looked:
    kind, _, where = text.partition(":")
    return _look(partial(open_store, text), Listing(Location(kind, where), "", where), to_json=to_json)


def _look(opener: Callable[[], Store], place: Listing | Found, *, to_json: bool) -> Looked:
    """One of several stores: that it cannot be read is said beside the others."""
    try:
        with explained(Path(place.path)):
            return _shown(opener().list(), to_json=to_json)
    except Error as error:
        problems = (Problem(error.code, error.message),)
        broken = Listing(place.location, place.product, place.path, "broken", problems=problems)
        return Looked(_shown(broken, to_json=to_json).shown, broken=True)


def _unlocked(locations: Iterable[str], file_password: str) -> list[Listing]:
    """What they hold, files opened with the password."""
    from migrate import passwords

    stores = [open_store(location) for location in locations]
    if not any(store.file for store in stores):
        raise passwords.BadSource("--file-password is for files, and here is none", "Leave it out.")
    for store in stores:
        if store.list().state == "locked":
            store.unlock(passwords.parse(file_password))
    return [store.list() for store in stores]


def _shown(listing: Listing, *, to_json: bool) -> Looked:
    pool = Pool(entry.certificate for entry in listing.entries)
    chains = {entry.certificate.sha256: complete(entry.certificate, pool).complete for entry in listing.entries}
    return Looked(report.store_json(listing, chains) if to_json else inventory.listing(listing, chains), broken=False)
