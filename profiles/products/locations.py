"""From the text of a location to the one store that it stands for."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from profiles.commands import typed
from profiles.errors import AccessDenied, Malformed, NoMatch, StoreNotFound, Unsupported
from profiles.model import Location, Problem
from profiles.products import chromium, mail_directories, mozilla
from profiles.products.catalogue import PRODUCTS, Product
from profiles.products.guided import GUIDED
from profiles.products.home import LINUX, WINDOWS, Candidate, Home, is_directory, is_file
from profiles.products.naming import BROWSERS, Found, named, state
from profiles.products.places import LOOK, enter, named_path, require_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILES = {"p12": "PKCS#12 file", "pem": "PEM file", "jks": "Java keystore", "iis": "IIS 4 key backup"}
LATER = ("keychain", "token")
KINDS = (*(product.kind for product in PRODUCTS), *BROWSERS, *mail_directories.KINDS, "nss", "windows", *FILES, *GUIDED)
_SUFFIXES = {".p12": "p12", ".pfx": "p12", ".pem": "pem", ".crt": "pem", ".key": "pem",
             ".jks": "jks", ".jceks": "jks", ".bks": "jks"}
_DATABASES = ("cert9.db", "key4.db", "cert8.db", "key3.db", "cert7.db")


def resolve(text: str, home: Home) -> Found:
    """The store that a location's text stands for, or the place of one that can be made.

    Raises ``StoreNotFound`` with a hint what there is, ``NoMatch`` where several are meant, ``AccessDenied``,
    ``Malformed`` for a file of no known kind, and ``Unsupported`` for kinds of later versions.
    """
    require_text(text)
    kind, colon, where = text.partition(":")
    kind = kind.lower()
    product = next((product for product in PRODUCTS if product.kind == kind), None)
    if product is not None:
        return _profile(home, product, where)
    if kind in BROWSERS:
        return _browser(home, kind, where)
    if kind in mail_directories.KINDS:
        return mail_directories.resolve(home, kind, where, _path(home, where or "~"))
    if colon and where and kind == "nss":
        return _directory(_path(home, where), home)
    if kind in GUIDED or (colon and where and kind in FILES):
        return _file(home, kind, where)
    return _other(text, home)


def _other(text: str, home: Home) -> Found:
    """What is no place of an application: the system's own stores, or a path."""
    kind, _, where = text.partition(":")
    kind = kind.lower()
    if kind == "windows":
        return _windows(home, where)
    if kind in LATER:
        raise Unsupported(f"this version of certferry does not handle stores of the kind {kind!r} yet",
                          f"It handles {', '.join(KINDS)}.")
    return _bare(home, text)


def _windows(home: Home, where: str) -> Found:
    if home.system != WINDOWS:
        raise Unsupported("the certificate stores of Windows are on a Windows computer, and this is none",
                          "Run certferry there; or `certferry backup` to a file here and `restore` it there.")
    if where not in ("", "machine"):
        raise StoreNotFound(f"Windows has no certificate store {where!r}",
                            "Name `windows` for your own, or `windows:machine` for that of the computer.")
    return next(found for found in windows_stores() if found.location.where == where)


def windows_stores() -> tuple[Found, Found]:
    """The certificate stores that every Windows has: the user's and the computer's."""
    product = "Windows certificate store"
    return (Found(Location("windows"), product, "Cert:\\CurrentUser", "ready", default=True),
            Found(Location("windows", "machine"), f"{product} of the computer", "Cert:\\LocalMachine", "ready"))


def _profile(home: Home, product: Product, where: str) -> Found:
    candidates, problems = mozilla.find(home, (product,))
    found = named(home, candidates)
    if not where:
        live = [made for one, made in found if one.live]
        if not live:
            _admitted(problems)
        hint = _choices((made for _, made in found), problems) or f"Start {product.name} once, then try again."
        return _only(live, f"profile that {product.name} uses when it is started", hint)
    path = _path(home, where)
    for match in ([made for one, made in found if one.name == where],
                  [made for one, made in found if one.path.name == where],
                  [made for one, made in found if one.path == path]):
        if match:
            return _only(match, f"profile {where!r} of {product.name}", _choices(match, ()))
    if _is_path(where) and is_directory(path):
        enter(path)
        return _portable(home, product, path)
    _admitted(problems)
    raise StoreNotFound(f"{product.name} has no profile {where!r}", _choices((made for _, made in found), problems))


def _admitted(problems: Iterable[Problem]) -> None:
    """Raise ``AccessDenied`` where what is looked for may be in a place that could not be looked into."""
    for problem in problems:
        if problem.code == AccessDenied.code:
            raise AccessDenied(problem.message, LOOK)


def _portable(home: Home, product: Product, path: Path) -> Found:
    """A profile directory named by its path, or the default profile of the directory of profiles that it is."""
    if is_file(path / "profiles.ini"):
        candidates, problems = mozilla.profiles(path, home, product)
        places = [_placed(home, one) for one in candidates]
        return _only([one for one in places if one.default], f"default profile in {path}", _choices(places, problems))
    return _placed(home, mozilla.candidate(product, home, path.name, path))


def _placed(home: Home, one: Candidate) -> Found:
    """A profile by its path, wherever it is."""
    return Found(Location(one.kind, str(one.path)), one.product, str(one.path), state(home, one), one.live)


def _only(match: list[Found], what: str, hint: str) -> Found:
    if not match:
        raise StoreNotFound(f"there is no {what}", hint)
    if len({made.path for made in match}) > 1:
        raise NoMatch(f"there is more than one {what}", hint)
    return match[0]


def _choices(found: Iterable[Found], problems: Iterable[Problem]) -> str:
    names = [typed(one.location) for one in found]
    hint = f"Name one of these: {', '.join(names[:12])}{' …' if len(names) > 12 else ''}." if names else ""
    return " ".join([hint, *(f"{problem.message}." for problem in list(problems)[:3])]).strip()


def _browser(home: Home, kind: str, packaging: str) -> Found:
    if home.system != LINUX:
        raise Unsupported(f"{kind} keeps no certificates of its own on this system: it uses those of the system",
                          "Name the system's store: windows or keychain.")
    places = chromium.place(home, kind, packaging)
    if len(places) != 1:
        ways = ", ".join(f"{kind}:{one.name}" for one in places or chromium.place(home, kind))
        problem = StoreNotFound if not places else NoMatch
        raise problem(f"{kind} is used from more than one package here" if places
                      else f"there is no package {packaging!r} of {kind}", f"Name one of these: {ways}.")
    one = places[0]
    enter(one.path)
    if os.path.lexists(one.path) and (reason := home.refusal(one.path)):
        raise AccessDenied(f"{one.path} {reason}", LOOK)
    alone = chromium.place(home, one.kind) == [one]
    return Found(Location(one.kind, "" if alone else one.name), one.product, str(one.path), state(home, one),
                 default=True, alias=kind if alone else "")


def _directory(path: Path, home: Home) -> Found:
    enter(path)
    if path.name in _DATABASES and is_file(path):
        path = path.parent
    if os.path.lexists(path) and not is_directory(path):
        raise StoreNotFound(f"{path} is not a directory", "Name the directory that holds cert9.db and key4.db.")
    return Found(Location("nss", str(path)), "NSS database", str(path), home.state(path))


def _file(home: Home, kind: str, where: str) -> Found:
    paths: tuple[Path, ...]
    if kind == "pem":
        from profiles.files.places import pem_paths

        paths = pem_paths(where, lambda part: _path(home, part))
    else:
        paths = (_path(home, where or GUIDED[kind].file),)
    joined = ",".join(map(str, paths))
    ready = all(is_file(path) for path in paths)
    product = GUIDED[kind].product if kind in GUIDED else FILES[kind]
    return Found(Location(kind, joined), product, joined, "ready" if ready else "empty")


def _bare(home: Home, text: str) -> Found:
    path = _path(home, text)
    enter(path)
    if is_directory(path):
        return _bare_directory(home, path)
    if is_file(path):
        if path.name in _DATABASES:
            return _directory(path, home)
        from profiles.files.recognition import recognise

        location = recognise(path)
        if location is None:
            raise _unknown(path)
        return Found(location, FILES[location.kind], str(path), "ready")
    kind = text.partition(":")[0]
    if re.fullmatch("[A-Za-z][A-Za-z0-9+-]+", kind) and (":" in text or path.suffix.lower() not in _SUFFIXES):
        raise StoreNotFound(f"there is no kind of store {kind!r}, and no such file or directory",
                            f"The kinds are {', '.join(KINDS)}; or give a path.")
    if not os.path.lexists(path) and path.suffix.lower() in _SUFFIXES:
        return _file(home, _SUFFIXES[path.suffix.lower()], str(path))
    raise StoreNotFound(f"there is no store at {path}", "Check the path; `certferry stores` lists what there is.")


def _unknown(path: Path) -> Malformed:
    from profiles.files.reading import READ, read
    from profiles.files.strangers import stranger

    found = stranger(read(path))
    if found is not None:
        return Malformed(f"{path} holds no certificate and no key: it is {found.what}", found.advice)
    return Malformed(f"{path} is not a file of certificates or keys that certferry knows",
                     f"It takes {READ}.")


def _bare_directory(home: Home, path: Path) -> Found:
    if home.state(path) != "empty" or mozilla.is_profile(path):
        return _directory(path, home)
    if mail := mail_directories.recognised(home, path):
        return mail
    if is_file(path / "profiles.ini"):
        raise StoreNotFound(f"{path} holds profiles, it is not one itself", "Name one of the directories in it.")
    empty = not os.listdir(path)  # noqa: PTH208 - the whole answer, closed at once
    hint = (f"To have a new NSS database made there, say {typed(f'nss:{path}')}." if empty
            else "Name a directory with cert9.db and key4.db, or a file.")
    raise StoreNotFound(f"there is no store in {path}", hint)


def _is_path(text: str) -> bool:
    return "/" in text or "\\" in text or text.startswith("~")


def _path(home: Home, text: str) -> Path:
    """An absolute path; only a ``~`` that stands for this user's home is expanded by the home that is looked at."""
    if text == "~" or text.startswith(("~/", "~\\")):
        return home.path / text[2:]
    return named_path(text)
