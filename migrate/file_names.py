"""Names for files that carry one identity each: who, and until when (``alice_example.com_2027-03.p12``)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from profiles.certificate import Certificate
    from profiles.model import PendingKey

_LONGEST = 60


def identity_name(certificate: Certificate, taken: Collection[str], suffix: str = ".p12") -> str:
    """The name for a file with that identity: safe on every system, and none of those that are taken."""
    who = (certificate.emails or (certificate.common_name,))[0]
    return _free(f"{_safe(who) or 'certificate'}_{certificate.validity[1]:%Y-%m}", taken, suffix)


def key_name(key: PendingKey, taken: Collection[str], suffix: str = ".p12") -> str:
    """The name for a file with a key that has no certificate."""
    return _free(f"{_safe(key.nickname) or 'key'}_{key.id[:8]}", taken, suffix)


def _safe(text: str) -> str:
    from unicodedata import normalize

    plain = normalize("NFKD", text.replace("@", "_")).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-._")[:_LONGEST]


def _free(stem: str, taken: Collection[str], suffix: str) -> str:
    """File systems that know no case are heeded."""
    used = {name.casefold() for name in taken}
    names = (f"{stem}{suffix}", *(f"{stem}_{number}{suffix}" for number in range(2, len(used) + 3)))
    return next(name for name in names if name.casefold() not in used)
