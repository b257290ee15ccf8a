"""The NSS that an application brings: its version, and the authorities built into it; read from files, never run."""

from __future__ import annotations

import mmap
import re
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.products import ini
from profiles.products.catalogue import PRODUCTS
from profiles.products.home import is_file

if TYPE_CHECKING:
    from profiles.certificate import Certificate

_MOZILLA = tuple(product.kind for product in PRODUCTS)
_SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu")
_VERSION = re.compile(rb"Version: NSS (\d+)\.(\d+)")
_ANCHORS = ("libnssckbi.so", "libxul.so")
"""Where the built-in authorities lie: a library of their own, or since NSS became part of it, the engine's."""


def platform(kind: str, directory: Path) -> Path | None:
    """Where the libraries lie that the application uses on this profile; None where that cannot be told."""
    if kind in _MOZILLA:
        try:
            content = (directory / "compatibility.ini").read_bytes()[: 1 << 16]
        except OSError:
            return None
        used = ini.parse(content).get("Compatibility", {}).get("LastPlatformDir", "")
        return Path(used) if used and is_file(Path(used) / "libnss3.so") else None
    if kind in ("chromium", "chrome", "evolution"):
        return next((Path(place) for place in _SYSTEM if is_file(Path(place) / "libnss3.so")), None)
    return None


def nss_version(place: Path) -> tuple[int, int] | None:
    """Major and minor version of the NSS in a directory of libraries."""
    found = _find(place / "libnss3.so", _VERSION)
    return (int(found[1]), int(found[2])) if found else None


def built_in(place: Path, certificate: Certificate) -> bool | None:
    """Whether a certificate is among the authorities an application brings; None where that cannot be told."""
    libraries = [place / name for name in _ANCHORS if is_file(place / name)]
    if not libraries:
        return None
    return any(_find(one, re.compile(re.escape(certificate.der))) for one in libraries)


def _find(path: Path, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = pattern.search(data)
            return pattern.search(found[0]) if found else None
    except (OSError, ValueError):
        return None
