"""Names for files that hold one identity each: whose it is and until when, safe to type on every system."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from profiles.certificate import Certificate

_LONGEST = 80
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
"""Names of devices on Windows, with any ending."""


class Content(NamedTuple):
    """What one file holds: an identity, or a key without certificate."""

    certificate: Certificate | None
    id: str
    """The fingerprint of the certificate, or the id of the key."""
    nickname: str = ""


def file_names(contents: Sequence[Content], taken: Callable[[str], bool], ending: str = ".p12") -> list[str]:
    """A file name for each content, no two alike on any file system, and none that is ``taken``.

    ``alice_example.com_2027-03.p12``: the e-mail address, else the name, and the month in which the certificate
    expires. Where that is not enough, the start of the fingerprint; then a number.
    """
    stems = [_stem(content) for content in contents]
    folded = [_folded(stem) for stem in stems]
    found: list[str] = []
    used: set[str] = set()
    for content, stem, plain in zip(contents, stems, folded, strict=True):
        whole = stem if folded.count(plain) == 1 else f"{stem}_{content.id[:8]}"
        number, candidate = 2, whole
        while _folded(candidate) in used or taken(candidate + ending):
            candidate = f"{whole}_{number}"
            number += 1
        used.add(_folded(candidate))
        found.append(candidate + ending)
    return found


def _stem(content: Content) -> str:
    certificate = content.certificate
    if certificate is None:
        return f"{_safe(content.nickname) or 'key'}_{content.id[:8]}"
    who = next(filter(None, map(_safe, (*certificate.emails[:1], certificate.common_name, content.nickname))), "")
    return f"{who or f'certificate_{content.id[:8]}'}_{certificate.validity[1]:%Y-%m}"


def _safe(text: str) -> str:
    """Letters, digits, dots and dashes of it, the rest underscores; no accents, nothing hidden, no device."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    kept = "".join(char if char.isalnum() or char in ".-" else "_" for char in plain)
    kept = re.sub(r"_{2,}", "_", unicodedata.normalize("NFC", kept)).strip("._-")
    while len(kept.encode()) > _LONGEST:
        kept = kept[:-1].rstrip("._-")
    return f"_{kept}" if _RESERVED.match(kept) else kept


def _folded(text: str) -> str:
    """What two names share that some file system takes for one."""
    return unicodedata.normalize("NFKC", text).casefold()
