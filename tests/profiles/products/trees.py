"""Directory trees as applications leave them."""

from __future__ import annotations

import hashlib
import stat
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WINDOWS = sys.platform == "win32"
FIREFOX, THUNDERBIRD = (("AppData/Roaming/Mozilla/Firefox", "AppData/Roaming/Thunderbird") if WINDOWS
                        else (".mozilla/firefox", ".thunderbird"))
"""Where the applications keep their profiles in a home of this system."""
ANOTHER = f"{FIREFOX}/Profiles/another" if WINDOWS else ".pki/nssdb"
"""A database that is found on this computer without being named."""
OF_SYSTEM = {"windows", "windows:machine"} if WINDOWS else set[str]()
"""The stores that every computer of this system has."""


def profile(path: Path, *files: str) -> Path:
    """A profile directory with files of these names."""
    path.mkdir(parents=True, exist_ok=True)
    for name in files:
        (path / name).write_bytes(b"")
    return path


def used(path: Path) -> Path:
    """A profile that the application has started with."""
    return profile(path, "cert9.db", "key4.db", "compatibility.ini", "times.json", "prefs.js")


def write_ini(root: Path, *profiles: tuple[str, str], install: str = "", marked: str = "", installs: str = "") -> None:
    """A profiles.ini of (name, relative path) pairs as Firefox writes it."""
    lines = []
    for number, (name, path) in enumerate(profiles):
        lines += [f"[Profile{number}]", f"Name={name}", "IsRelative=1", f"Path={path}"]
        lines += ["Default=1", ""] if path == marked else [""]
    lines += ["[General]", "StartWithLastProfile=1", "Version=2", ""]
    if install:
        lines += ["[Install3B6073811A6ABF12]", f"Default={install}", "Locked=1", ""]
    root.mkdir(parents=True, exist_ok=True)
    (root / "profiles.ini").write_text("\n".join(lines))
    if installs:
        (root / "installs.ini").write_text(f"[3B6073811A6ABF12]\nDefault={installs}\nLocked=1\n")


def firefox(root: Path, name: str = "default-release") -> Path:
    """A root of Firefox as a first start leaves it: the profile in use, and the marked one that is not."""
    live = used(root / f"abcd1234.{name}")
    profile(root / "wxyz9876.default", "times.json")
    write_ini(root, (name, live.name), ("default", "wxyz9876.default"), install=live.name, marked="wxyz9876.default")
    return live


def fingerprint(root: Path) -> dict[str, tuple[str, int, int]]:
    """Every path below with its content, mode and time, to see whether anything changed."""
    found = {}
    for path in (root, *root.rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else ""
        found[str(path)] = (content, status.st_mode, status.st_mtime_ns)
    return found
