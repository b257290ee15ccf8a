"""Where mail programs without a profile of their own keep S/MIME keys: GnuPG's directory, mutt's, Evolution's database.

Sources: GnuPG's manual (GNUPGHOME), mutt's smime.rc, Evolution's libcamel (camel_init in src/camel/camel.c).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.commands import typed
from profiles.errors import AccessDenied, StoreNotFound, Unsupported
from profiles.model import Location
from profiles.products.home import LINUX, WINDOWS, Home, is_directory, is_file
from profiles.products.naming import Found
from profiles.products.places import LOOK, enter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.model import Problem

GPGSM, MUTT, EVOLUTION = "gpgsm", "mutt", "evolution"
KINDS = (GPGSM, MUTT, EVOLUTION)
DIRECTORIES = (GPGSM, MUTT)
PRODUCTS = {GPGSM: "GnuPG for S/MIME (gpgsm)", MUTT: "mutt and neomutt (smime_keys)", EVOLUTION: "Evolution"}
_MARKS = {GPGSM: ("pubring.kbx", "public-keys.d/pubring.db"), MUTT: ("certificates/.index", "keys/.index")}

# 3.46 knows the first alone. The package of later versions is let into the second too, so it is taken where it is
# there; where neither is, the first is made. The database of the whole system comes before both.
_EVOLUTION = ("~/.pki/nssdb", "$XDG_CONFIG_HOME/pki/nssdb")
_EVOLUTION_SYSTEM = Path("/etc/pki/nssdb")
_CHROMIUM = "$XDG_DATA_HOME/pki/nssdb"
SOURCES = ("$XDG_CONFIG_HOME/evolution/sources", "~/.var/app/org.gnome.Evolution/config/evolution/sources")
"""Where Evolution keeps its accounts."""


def find(home: Home) -> Iterator[Found]:
    """Those of one home that are there."""
    for kind in DIRECTORIES:
        place = _standard(home, kind)
        if any(is_file(place / mark) for mark in _MARKS[kind]) and not home.refusal(place):
            yield _found(home, kind, place)
    place = evolution(home)
    if home.system == LINUX and sources(home) and home.state(place) == "ready" and not home.refusal(place):
        yield _found(home, EVOLUTION, place)


def barred(home: Home) -> Iterator[Problem]:
    """What keeps this user from seeing whether there are any."""
    places = (*(_standard(home, kind) for kind in DIRECTORIES), *map(home.at, _EVOLUTION))
    return filter(None, map(home.barred, places))


def resolve(home: Home, kind: str, where: str, path: Path) -> Found:
    """The store that ``kind`` or ``kind:where`` stands for; ``path`` is ``where`` as a path."""
    if kind == EVOLUTION:
        if where:
            raise StoreNotFound(f"Evolution has one database, and no {where!r}", "Say evolution, or nss:DIRECTORY.")
        return _evolution(home)
    place = path if where else _standard(home, kind)
    enter(place)
    if os.path.lexists(place) and not is_directory(place):
        raise StoreNotFound(f"{place} is not a directory", "Check the path.")
    if not where and os.path.lexists(place) and (reason := home.refusal(place)):
        raise AccessDenied(f"{place} {reason}", LOOK)
    return _found(home, kind, place)


def recognised(home: Home, directory: Path) -> Found | None:
    """What a directory is by its content, or None."""
    kind = next((kind for kind in DIRECTORIES if any(is_file(directory / mark) for mark in _MARKS[kind])), None)
    return _found(home, kind, directory) if kind else None


def sources(home: Home) -> list[Path]:
    """The directories with Evolution's accounts that are there."""
    return [place for place in map(home.at, SOURCES) if home.is_directory(place)]


def evolution(home: Home) -> Path:
    """The database that Evolution uses."""
    if home.disk is None and is_file(_EVOLUTION_SYSTEM / "pkcs11.txt"):
        return _EVOLUTION_SYSTEM
    places = [home.at(place) for place in _EVOLUTION]
    return next((place for place in places if home.is_directory(place)), places[0])


def _evolution(home: Home) -> Found:
    if home.system != LINUX:
        raise Unsupported("Evolution is a program of Linux", "Name a store of this system.")
    place, other = evolution(home), home.at(_CHROMIUM)
    enter(place)
    if not os.path.lexists(place) and home.state(other) == "ready":
        raise StoreNotFound(f"Evolution has no database yet, and making {place} would hide {other} from Chromium",
                            f"Make it knowingly: {typed(f'nss:{place}')}. Evolution does so itself when it is "
                            "started first.")
    return _found(home, EVOLUTION, place)


def _standard(home: Home, kind: str) -> Path:
    if kind == MUTT:
        return home.at("~/.smime")
    named = home.env.get("GNUPGHOME", "") if home.disk is None else ""
    if named:
        return Path(named).absolute()
    return home.at("%APPDATA%/gnupg" if home.system == WINDOWS else "~/.gnupg")


def _found(home: Home, kind: str, place: Path) -> Found:
    alone = home.disk is None and (kind == EVOLUTION or place == _standard(home, kind))
    if kind == EVOLUTION:
        state = home.state(place)
        where = Location(kind) if alone else Location("nss", str(place))
    else:
        state = "ready" if any(is_file(place / mark) for mark in _MARKS[kind]) else "empty"
        where = Location(kind, "" if alone else str(place))
    return Found(where, PRODUCTS[kind], str(place), state, default=alone, alias=kind if alone else "")
