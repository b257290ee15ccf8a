"""trustlist.txt: the root certificates that gpgsm believes, one a line (manual of gpg-agent; agent/trustlist.c)."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from profiles.model import NO_TRUST, Level, Trust

if TYPE_CHECKING:
    from profiles.certificate import Certificate

_LINE = re.compile(rb"^[ \t]*(!?)[ \t]*((?:[0-9A-Fa-f]{2}:?){20})(?:[ \t]+([SsPp*])(.*))?[ \t]*\r?$", re.MULTILINE)
_INCLUDE = re.compile(rb"^[ \t]*include-default[ \t]*\r?$", re.MULTILINE)
NEW = b"# Root certificates that gpgsm trusts.\ninclude-default\n"
"""How a file begins that was not there: without the second line it would hide the list of the whole system."""


def fingerprint(certificate: Certificate) -> bytes:
    """How the list names a certificate: SHA-1 in capital hex with colons."""
    digest = hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, 40, 2)).encode()


def trusts(data: bytes) -> dict[bytes, Trust]:
    """What the list says of each fingerprint, as far as S/MIME is concerned; the first line of one counts."""
    found: dict[bytes, Trust] = {}
    for match in _LINE.finditer(data):
        if (match[3] or b"*").upper() == b"P":
            continue
        plain = match[2].replace(b":", b"").upper()
        name = b":".join(plain[at : at + 2] for at in range(0, 40, 2))
        found.setdefault(name, Trust(email=Level.DISTRUSTED if match[1] else Level.TRUSTED))
    return found


def includes_default(data: bytes | None) -> bool:
    """Whether the list of the whole system counts beside it."""
    return data is None or _INCLUDE.search(data) is not None


def changed(data: bytes, certificate: Certificate, trust: Trust) -> bytes:
    """The list with that trust of one certificate; every other byte stays."""
    name = fingerprint(certificate)
    plain = name.replace(b":", b"")

    def kept(match: re.Match[bytes]) -> bytes:
        ours = match[2].replace(b":", b"").upper() == plain and (match[3] or b"*").upper() != b"P"
        return b"" if ours else match[0]

    data = re.sub(_LINE.pattern + rb"\n?", kept, data, flags=re.MULTILINE) if trusts(data).get(name) else data
    if trust == NO_TRUST:
        return data
    mark = b"!" if trust.email is Level.DISTRUSTED else b""
    gap = b"" if not data or data.endswith(b"\n") else b"\n"
    return data + gap + mark + name + b" S" + (b"" if mark else b" relax") + b"\n"
