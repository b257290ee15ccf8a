"""NSS databases of Chromium and browsers made from it, on Linux (docs/linux/cert_management.md, crypto/nss_util.cc).

All browsers of one user share one database; each sandboxed package has its own. Elsewhere they use the system's store.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles.model import Problem
from profiles.products.home import LINUX, Candidate, Home, Installation, shown

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser, the word that names it in a location, and every way it is installed."""

    name: str
    kind: str
    installations: tuple[Installation, ...]


# An existing directory at the old place wins, even an empty one; otherwise Chromium 146 and later use the XDG place.
_SHARED = ("~/.pki/nssdb", "$XDG_DATA_HOME/pki/nssdb")


def _native(*traces: str) -> Installation:
    return Installation(LINUX, "native", _SHARED, tuple(f"$XDG_CONFIG_HOME/{trace}" for trace in traces))


def _snap(name: str, trace: str) -> Installation:
    place = f"~/snap/{name}/current"
    return Installation(LINUX, "snap", (f"{place}/.pki/nssdb", f"{place}/.local/share/pki/nssdb"),
                        (f"~/snap/{name}/{trace}",))


def _flatpak(name: str, trace: str) -> Installation:
    place = f"~/.var/app/{name}"
    return Installation(LINUX, "flatpak", (f"{place}/.pki/nssdb", f"{place}/data/pki/nssdb"),
                        (f"{place}/config/{trace}",))


BROWSERS = (
    Browser("Chromium", "chromium", (
        _native("chromium"), _snap("chromium", "common/chromium"), _flatpak("org.chromium.Chromium", "chromium"))),
    Browser("Chrome", "chrome", (_native("google-chrome"), _flatpak("com.google.Chrome", "google-chrome"))),
    Browser("Brave", "brave", (
        _native("BraveSoftware/Brave-Browser"), _snap("brave", "current/.config/BraveSoftware/Brave-Browser"),
        _flatpak("com.brave.Browser", "BraveSoftware/Brave-Browser"))),
    Browser("Edge", "edge", (_native("microsoft-edge"), _flatpak("com.microsoft.Edge", "microsoft-edge"))),
    Browser("Vivaldi", "vivaldi", (_native("vivaldi"), _flatpak("com.vivaldi.Vivaldi", "vivaldi"))),
)
SHARED_PRODUCT = "Chromium, Chrome, Brave, Edge, Vivaldi"


def find(home: Home) -> tuple[list[Candidate], list[Problem]]:
    """Every database directory of these browsers in one home, hidden ones too."""
    found: dict[Path, Candidate] = {}
    problems: list[Problem] = []
    for browser in BROWSERS if home.system == LINUX else ():
        for installation in browser.installations:
            used = root_in_use(home, installation)
            for root in map(home.at, installation.roots):
                if barred := home.barred(root):
                    problems.append(barred)
                    continue
                if root in found or not os.path.lexists(root):
                    continue
                reason = home.refusal(root)
                if reason:
                    problems.append(Problem("access-denied", f"{shown(root)} {reason}"))
                    continue
                found[root] = _candidate(home, browser, installation, root, used)
                if root != used and found[root].state != "empty":
                    problems.append(Problem("hidden", f"{found[root].product}: the certificates in {shown(root)} "
                                                      f"are not seen, because {shown(used)} is there"))
    return list(found.values()), list(dict.fromkeys(problems))


def place(home: Home, kind: str, packaging: str = "") -> list[Candidate]:
    """The database that one browser uses, one for each packaging it seems to be used from, made or not yet made.

    Nothing is created: which directory exists decides which one the browser uses.
    """
    browser = next(browser for browser in BROWSERS if browser.kind == kind)
    chosen = [one for one in browser.installations if packaging in ("", one.packaging)]
    if not packaging:
        chosen = [one for one in chosen if any(home.is_directory(home.at(trace)) for trace in one.traces)] or chosen[:1]
    return [_candidate(home, browser, one, root_in_use(home, one), root_in_use(home, one)) for one in chosen]


def root_in_use(home: Home, installation: Installation) -> Path:
    """The directory that the browser uses: the first that exists, or the one it would make."""
    roots = [home.at(root) for root in installation.roots]
    return next((root for root in roots if home.is_directory(root)), roots[-1])


def _candidate(home: Home, browser: Browser, installation: Installation, root: Path, used: Path) -> Candidate:
    native = installation.packaging == "native"
    sharing = [one for other in BROWSERS for one in other.installations if one.packaging == "native"] if native else [
        installation]
    return Candidate(
        "chromium" if native else browser.kind, SHARED_PRODUCT if native else browser.name, installation.packaging,
        root, home.state(root), live=root == used, shadow=None if root == used else used,
        traces=tuple(home.at(trace) for one in sharing for trace in one.traces))
