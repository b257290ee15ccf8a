"""A home directory as one system lays it out, and what may be looked at from there.

Files in a home may be written by anybody who ever had the disk: nothing they name is followed out of bounds.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from profiles.errors import AccessDenied
from profiles.model import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LINUX, WINDOWS, MACOS = "linux", "windows", "macos"
ABOVE = ("home", "Users")
"""Where homes lie on a disk."""
MAX_FILE = 1 << 20
"""No file that is read here is of any use above this size."""

_BASES = {
    "~": ("", ""),
    "$XDG_CONFIG_HOME": ("XDG_CONFIG_HOME", ".config"),
    "$XDG_DATA_HOME": ("XDG_DATA_HOME", ".local/share"),
    "%APPDATA%": ("APPDATA", "AppData/Roaming"),
    "%LOCALAPPDATA%": ("LOCALAPPDATA", "AppData/Local"),
}


def this_system() -> str:
    """The system that certferry runs on: the one place that asks."""
    return {"win32": WINDOWS, "darwin": MACOS}.get(sys.platform, LINUX)


@dataclass(frozen=True, slots=True)
class Installation:
    """One way a product is installed on one system.

    ``roots`` are in order of precedence: the application uses the first that exists, or else makes the last.
    """

    system: str
    packaging: str
    roots: tuple[str, ...]
    traces: tuple[str, ...] = ()
    """Directories that the application makes when it is used, where that is not in the roots."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A directory in which an application keeps its store, or would."""

    kind: str
    product: str
    name: str
    path: Path
    state: str
    """``ready``, ``empty`` (no database yet) or ``legacy`` (of the format before 2018)."""
    live: bool = False
    """Whether the application uses it when it is started plainly."""
    shadow: Path | None = None
    """The root that the application reads instead of the one this is in."""
    traces: tuple[Path, ...] = ()
    """Where the application shows that it is running, if not here."""


@dataclass(frozen=True, slots=True)
class Home:
    """One user's home: on the running system, or with ``disk`` on one that is mounted there."""

    path: Path
    system: str
    env: Mapping[str, str] = field(default_factory=dict)
    disk: Path | None = None

    @classmethod
    def current(cls, env: Mapping[str, str]) -> Home:
        """The home of the user who runs this."""
        system = this_system()
        named = env.get("USERPROFILE" if system == WINDOWS else "HOME", "")
        return cls(Path(named) if Path(named).is_absolute() else Path.home(), system, env)

    def at(self, place: str) -> Path:
        """The directory that ``place`` (``~/…``, ``$XDG_DATA_HOME/…``, ``%APPDATA%/…``) stands for here."""
        base, _, rest = place.partition("/")
        variable, default = _BASES[base]
        value = self.env.get(variable, "") if variable and self.disk is None else ""
        # the XDG specification and the applications ignore a relative value
        return (Path(value) if Path(value).is_absolute() else self.path / default) / rest

    def is_directory(self, path: Path) -> bool:
        """Whether there is a directory that may be entered: any here, on a mounted disk none that leads off it."""
        return self.on_disk(path) and is_directory(path)

    def state(self, directory: Path) -> str:
        """What NSS databases are in a directory: see ``Candidate.state``."""
        def holds(*names: str) -> bool:
            return any(is_file(directory / name) and self.on_disk(directory / name) for name in names)

        if holds("cert9.db", "key4.db"):
            return "ready"
        return "legacy" if holds("cert8.db", "key3.db", "cert7.db") else "empty"

    def on_disk(self, path: Path) -> bool:
        """Whether the path, its links followed, is on the disk that is looked at."""
        return self.disk is None or within(path, self.disk)

    def barred(self, directory: Path) -> Problem | None:
        """That this user cannot see what is in a directory, if there is one; None where that is not so."""
        found = barrier(directory) if self.on_disk(directory) else None
        return Problem(AccessDenied.code, f"{shown(found)} may not be entered") if found else None

    def refusal(self, directory: Path) -> str:
        """Why this must not be taken for a directory of this user, or the empty string."""
        try:
            if not self.on_disk(directory):
                return "leads off the disk"
            status = directory.stat()
            owners = {self.path.stat().st_uid} | (set() if self.disk else _me())
        except FileNotFoundError:
            return "is not there"
        except (OSError, ValueError) as error:
            return f"cannot be looked at ({getattr(error, 'strerror', None) or 'not a path'})"
        if not stat.S_ISDIR(status.st_mode):
            return "is not a directory"
        if status.st_uid not in owners:
            return "belongs to another user"
        return "" if os.access(directory, os.R_OK | os.X_OK) else "may not be entered"

    def read(self, path: Path) -> bytes | None:
        """The content of a small regular file within the home, the file's directory or the disk; None if there is none.

        Raises ``ValueError`` with the reason where there is something else.
        """
        if not os.path.lexists(path):
            return None
        if not self.on_disk(path) or not (within(path, self.path) or within(path, path.parent)):
            raise ValueError("is a link to somewhere else")
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise ValueError("is not a file")
            # by now it may be another file, which must not make this wait
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            with os.fdopen(os.open(path, flags), "rb") as file:
                content = file.read(MAX_FILE + 1) or b""
        except OSError as error:
            raise ValueError(f"cannot be read ({error.strerror})") from None
        if len(content) > MAX_FILE:
            raise ValueError("is too large")
        return content

    def absolute(self, named: str) -> Path | None:
        """Where an absolute path of this home's system is found now; None for one that must not be touched."""
        if named.startswith(("//", "\\\\")):
            return None  # asking a network share for a file hands it the user's credentials
        if self.system == WINDOWS and (self.disk or this_system() != WINDOWS):
            windows = PureWindowsPath(named)
            mapped = self.disk is not None and windows.drive.upper() == "C:" and windows.root
            return Path(self.disk or "", *windows.parts[1:]) if mapped else None
        if not Path(named).is_absolute():
            return None
        return Path(self.disk, *Path(named).parts[1:]) if self.disk else Path(named)


def _me() -> set[int]:
    return {os.geteuid()} if hasattr(os, "geteuid") else set()


def within(path: Path, bound: Path) -> bool:
    """Whether ``path`` is ``bound`` or below it once every link is followed."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(bound))
    except (OSError, ValueError):
        return False


def is_directory(path: Path) -> bool:
    """Whether there is a directory that this user can see."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Whether there is a regular file that this user can see."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_link(path: Path) -> bool:
    """Whether the last part of a path is a symbolic link."""
    try:
        return path.is_symlink()
    except (OSError, ValueError):
        return False


def barrier(path: Path) -> Path | None:
    """The directory, itself or on the way to it, that this user may not look into; None where there is none."""
    for directory in (path, *path.parents):
        try:
            status = directory.stat()
        except PermissionError:
            continue  # which is said of something above
        except (OSError, ValueError):
            return None
        barred = stat.S_ISDIR(status.st_mode) and not os.access(directory, os.R_OK | os.X_OK)
        return directory if barred else None
    return None


def shown(path: object) -> str:
    """A path as text that can be printed, whatever bytes are in it."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def on_disk(root: Path) -> Iterator[Home]:
    """Every home on a disk at ``root``, or in a copy of one or more homes there; links off it are passed over."""
    above = [place for name in ABOVE if _is_real(place := root / name, root)]
    homes = [root / "root"] if _is_real(root / "root", root) else []
    if not above and not homes:
        above, homes = [root], [root]
    homes += [entry for place in above for entry in sorted(_entries(place)) if _is_real(entry, root)]
    for home in homes:
        # a home shows what it is by what is found in it, and may have been carried from one system to another
        for system in (LINUX, WINDOWS, MACOS):
            yield Home(home, system, {}, root)


def above_barred(root: Path) -> Iterator[Problem]:
    """What keeps this user from seeing which homes are on a disk."""
    return filter(None, (Home(root, LINUX, {}, root).barred(root / name) for name in ABOVE))


def _is_real(path: Path, root: Path) -> bool:
    return within(path, root) and is_directory(path)


def _entries(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except OSError:
        return []
