"""What was found, and the shortest location that stands for it alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles.model import Location, Problem
from profiles.products import chromium, mozilla
from profiles.products.home import Candidate, Home, shown
from profiles.products.ini import printable
from profiles.products.running import Running, browser_user, profile_user

if TYPE_CHECKING:
    from collections.abc import Iterable

BROWSERS = tuple(browser.kind for browser in chromium.BROWSERS)


@dataclass(frozen=True, slots=True)
class Found:
    """A store that is there, or the place where an application would make its store."""

    location: Location
    product: str
    path: str
    state: str
    """``ready``, ``in use by …``, ``hidden`` (the application reads another place), ``empty`` or ``legacy``."""
    default: bool = False
    """Whether the application uses it when it is started plainly."""
    alias: str = ""
    """A shorter location that stands for it: ``firefox``."""


def search(home: Home) -> tuple[list[Candidate], list[Problem]]:
    """Every application's stores in one home, and what is wrong with others."""
    profiles, problems = mozilla.find(home)
    databases, wrong = chromium.find(home)
    found = []
    for one in (*profiles, *databases):
        if printable(str(one.path)):
            found.append(one)
        else:
            problems.append(Problem("unsupported", f"{shown(one.path)} has a name that is not text"))
    return found, problems + wrong


def named(home: Home, candidates: Iterable[Candidate]) -> list[tuple[Candidate, Found]]:
    """Each candidate with what it is called; all candidates of a kind must be there."""
    kinds: dict[str, list[Candidate]] = {}
    for one in candidates:
        kinds.setdefault(one.kind, []).append(one)
    made = []
    for kind, ours in kinds.items():
        plain = _plain(home, kind, ours)
        names = Counter(one.name for one in ours)
        folders = Counter(one.path.name for one in ours)
        for one in ours:
            alias = kind if one in plain and len(plain) == 1 else ""
            if home.disk is not None or (one.shadow is not None and kind in BROWSERS):
                where, alias = Location("nss", str(one.path)), ""
            elif kind in BROWSERS:
                where = Location(kind, "" if alias else one.name)
            elif names[one.name] == 1:
                where = Location(kind, one.name)
            else:
                alone = folders[one.path.name] == 1 and one.path.name not in names
                where = Location(kind, one.path.name if alone else str(one.path))
            made.append((one, Found(where, one.product, str(one.path), state(home, one), one.live, alias)))
    return made


def _plain(home: Home, kind: str, ours: list[Candidate]) -> list[Candidate]:
    """What the bare kind stands for."""
    return chromium.place(home, kind) if kind in BROWSERS else [one for one in ours if one.live]


def state(home: Home, one: Candidate) -> str:
    """The state of a candidate: who uses it, whether its application reads another place, or what is in it."""
    user = _user(one) if home.disk is None else None
    if user is not None:
        return f"in use by {user}"
    return "hidden" if one.shadow is not None and one.state == "ready" else one.state


def _user(one: Candidate) -> Running | None:
    if one.kind not in BROWSERS:
        return profile_user(one.path, one.product)
    users = (browser_user(trace) for trace in one.traces) if one.shadow is None else ()
    return next((user for user in users if user is not None), None)
