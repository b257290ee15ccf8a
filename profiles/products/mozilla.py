"""Profiles of Firefox, Thunderbird, SeaMonkey and their forks (toolkit/profile/nsToolkitProfileService.cpp)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.model import Problem
from profiles.products import ini
from profiles.products.catalogue import PRODUCTS, Product
from profiles.products.home import Candidate, Home, Installation, is_file, is_link, shown, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_PROFILES = 500
_MARKS = ("prefs.js", "times.json", "compatibility.ini", "pkcs11.txt", "secmod.db")


@dataclass(frozen=True, slots=True)
class _Listed:
    """What profiles.ini says of one profile, and the directory that may be taken for it."""

    name: str
    path: Path
    marked: bool


def find(home: Home, products: Iterable[Product] = PRODUCTS) -> tuple[list[Candidate], list[Problem]]:
    """The profiles of every product in one home, hidden ones too, and what is wrong with others."""
    found: list[Candidate] = []
    problems: list[Problem] = []
    for product in products:
        for installation in product.installations:
            if installation.system == home.system:
                for candidates, wrong in _trees(home, product, installation):
                    found += candidates
                    problems += wrong
    return found, problems


def _trees(home: Home, product: Product, installation: Installation) -> Iterator[tuple[list[Candidate], list[Problem]]]:
    roots = [home.at(root) for root in installation.roots]
    used = root_in_use(home, installation)
    for root in roots:
        if barred := home.barred(root):
            yield [], [barred]
            continue
        if not home.is_directory(root):
            continue
        candidates, problems = profiles(root, home, product)
        if root == used:
            yield candidates, problems
        elif candidates:
            hidden = Problem("hidden", f"{product.name} reads {shown(used)} and not {shown(root)}: "
                                       "it does not see the profiles there")
            yield [replace(one, live=False, shadow=used) for one in candidates], [*problems, hidden]


def root_in_use(home: Home, installation: Installation) -> Path:
    """The root that the application reads: the first that exists, or the one it would make."""
    roots = [home.at(root) for root in installation.roots]
    if home.env.get("MOZ_LEGACY_HOME") == "1" and installation.packaging == "native":
        return roots[0]
    return next((root for root in roots if home.is_directory(root)), roots[-1])


def profiles(root: Path, home: Home, product: Product) -> tuple[list[Candidate], list[Problem]]:
    """The profiles below one root: those listed in profiles.ini, and others that hold databases."""
    problems: list[Problem] = []
    sections = _sections(root / "profiles.ini", home, problems)
    listed = _listed(root, home, sections, problems)
    known = {os.path.realpath(one.path) for one in listed}
    others = [path for path in _unlisted(root, home) if os.path.realpath(path) not in known]
    live = _live(root, home, product, listed, _installs(root, home, sections, problems), problems)
    found = [candidate(product, home, one.name, one.path, live=one in live) for one in listed]
    found += [candidate(product, home, path.name, path) for path in others]
    return sorted(found, key=lambda one: not one.live), problems


def candidate(product: Product, home: Home, name: str, path: Path, *, live: bool = False) -> Candidate:
    """A profile directory of a product, with what databases are in it."""
    return Candidate(product.kind, product.name, name, path, home.state(path), live)


def _sections(path: Path, home: Home, problems: list[Problem]) -> ini.Sections:
    try:
        content = home.read(path)
    except ValueError as reason:
        problems.append(Problem("malformed", f"{shown(path)} {reason}"))
        return {}
    return ini.parse(content) if content else {}


def _listed(root: Path, home: Home, sections: ini.Sections, problems: list[Problem]) -> list[_Listed]:
    found: list[_Listed] = []
    ours = [section for section in sections if re.fullmatch("Profile[0-9]{1,9}", section)]
    if len(ours) > MAX_PROFILES:
        problems.append(Problem("malformed", f"{shown(root / 'profiles.ini')} lists {len(ours)} profiles: "
                                             f"only the first {MAX_PROFILES} are looked at"))
    for section in ours[:MAX_PROFILES]:
        entry = sections[section]
        try:
            path = locate(root, home, entry.get("Path", ""), entry.get("IsRelative", ""))
        except ValueError as reason:
            label = shown(entry.get("Name") or section)[:100]
            problems.append(Problem("malformed", f"profile {label} in {shown(root / 'profiles.ini')} {reason}"))
            continue
        name = entry.get("Name", "")
        found.append(_Listed(name if name and ini.printable(name) else path.name, path, entry.get("Default") == "1"))
    return found


def locate(root: Path, home: Home, named: str, relative: str) -> Path:
    """The directory that ``Path`` and ``IsRelative`` of a profile stand for; ``ValueError`` says why it is refused."""
    if not named or not ini.printable(named):
        raise ValueError("has no path, or one that is not text")
    if relative == "1":
        return _inside(root, home, named)
    path = home.absolute(named) if relative == "0" else None
    if path is None:
        raise ValueError(f"has a path that is not followed: {shown(named)[:200]}")
    reason = "is a link" if is_link(path) else home.refusal(path)
    if not reason and home.state(path) == "empty" and not is_profile(path):
        reason = "is not a profile"
    if reason:
        raise ValueError(f"has the directory {shown(path)[:200]}, which {reason}")
    return path


def is_profile(path: Path) -> bool:
    """Whether a directory without databases shows that it is a profile by what an application left in it."""
    return any(is_file(path / mark) for mark in _MARKS)


def _inside(root: Path, home: Home, named: str) -> Path:
    plain = named.replace("\\", "/") if home.system == "windows" else named
    path = Path(os.path.normpath(root / plain))
    if plain.startswith("/") or (home.system == "windows" and ":" in plain):
        raise ValueError(f"says that the path {shown(named)[:200]} is relative")
    if path == root or not path.is_relative_to(root) or not within(path, root) or within(root, path):
        raise ValueError(f"leads out of its place: {shown(named)[:200]}")
    if reason := home.refusal(path):
        raise ValueError(f"has the directory {shown(named)[:200]}, which {reason}")
    return path


def _unlisted(root: Path, home: Home) -> Iterator[Path]:
    """Directories with databases that profiles.ini does not list: it was lost, or they belong to a profile group."""
    for place in (root, root / "Profiles"):
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name) if within(place, root) else []
        except OSError:
            continue
        for entry in entries[: 4 * MAX_PROFILES]:
            path = Path(entry.path)
            if (ini.printable(entry.name) and not is_link(path)
                    and home.state(path) != "empty" and not home.refusal(path)):
                yield path


def _installs(root: Path, home: Home, sections: ini.Sections, problems: list[Problem]) -> list[str]:
    """What each installed copy has for its default profile; profiles.ini goes before its backup installs.ini."""
    copies = {section: entry for section, entry in _sections(root / "installs.ini", home, problems).items() if section}
    copies |= {section.removeprefix("Install"): entry for section, entry in sections.items()
               if section.startswith("Install") and section != "Install"}
    return sorted({entry["Default"] for entry in copies.values() if entry.get("Default")})


def _live(
    root: Path, home: Home, product: Product, listed: list[_Listed], installs: list[str], problems: list[Problem]
) -> list[_Listed]:
    """The profiles that the application uses when it is started plainly: one for each copy that is installed."""
    marked = [one for one in listed if one.marked][-1:]
    if not product.dedicated:
        return marked or (listed if len(listed) == 1 else [])
    if not installs:
        # without an entry of its own the application adopts the marked profile only if it has used it before
        return [one for one in marked if is_file(one.path / "compatibility.ini")]
    chosen: list[_Listed] = []
    for default in installs[:MAX_PROFILES]:
        places = (Path(os.path.normpath(root / default)), home.absolute(default))
        match = [one for one in listed if one.path in places]
        chosen += [one for one in match if one not in chosen]
        if not match:
            place = f"{shown(default)[:200]} in {shown(root)}"
            problems.append(Problem("store-not-found", f"{product.name} is set to use {place}, which cannot be used"))
    kept = [one for one in chosen if home.disk or _still_installed(one.path, home)]
    return kept or chosen


def _still_installed(profile: Path, home: Home) -> bool:
    """Whether the copy of the application that used the profile last is still there, as far as can be told."""
    try:
        content = home.read(profile / "compatibility.ini")
    except ValueError:
        return True
    used_by = ini.parse(content or b"").get("Compatibility", {}).get("LastPlatformDir", "")
    return not used_by or not ini.printable(used_by) or not Path(used_by).is_absolute() or os.path.lexists(used_by)
