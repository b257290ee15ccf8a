"""trustlist.txt: the root certificates that gpgsm believes, one a line, read as gpg-agent reads it.

Source: GnuPG, agent/trustlist.c. The first line that speaks of a certificate counts, whatever it is for; the list of
the whole system stands where ``include-default`` is; one line that is not of the format, and nothing is trusted.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING

from profiles.model import NO_TRUST, Level, Trust

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from profiles.certificate import Certificate

_LINE = re.compile(rb"[ \t]*(!?)[ \t]*([0-9A-Fa-f]{40}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){19})"
                   rb"(?:[ \t]+[SsPp*](?:[ \t][^=]*)?)?[ \t]*\r?\n")
_INCLUDE = re.compile(rb"[ \t]*include-default(?:[ \t].*)?\r?\n")
_NOTHING = re.compile(rb"[ \t]*(?:#.*)?\r?\n")
_LONGEST = 254
NEW = b"# Root certificates that gpgsm trusts.\ninclude-default\n"
"""How a file begins that was not there: without the second line it would hide the list of the whole system."""


def fingerprint(certificate: Certificate) -> bytes:
    """How the list names a certificate: SHA-1 in capital hex with colons."""
    return _name(certificate.thumbprint.encode())


def trusts(data: bytes, default: bytes = b"") -> dict[bytes, Trust]:
    """What the list says of each fingerprint, with the list of the whole system that it includes."""
    found: dict[bytes, Level] = {}
    for _, name, level in _said(_lines(data), default):
        found.setdefault(name, level)
    void = wrong_line(data) or wrong_line(default)
    return {name: Trust(email=level) for name, level in found.items() if level is Level.DISTRUSTED or not void}


def includes_default(data: bytes) -> bool:
    """Whether the list of the whole system counts too."""
    return any(_INCLUDE.fullmatch(line) for line in _lines(data))


def wrong_line(data: bytes) -> int:
    """The number of the first line that gpg-agent cannot read, for which it trusts nothing; 0 where there is none."""
    known = (_LINE, _INCLUDE, _NOTHING)
    return next((number for number, line in enumerate(_lines(data), 1)
                 if len(line) > _LONGEST or not any(form.fullmatch(line) for form in known)), 0)


def ended(data: bytes) -> bytes:
    """The list with its last line at an end."""
    return data if not data or data.endswith(b"\n") else data + b"\n"


def changed(data: bytes, certificate: Certificate, trust: Trust, default: bytes = b"") -> bytes:
    """The list in which that trust of one certificate counts; no line goes, but to say nothing of it."""
    name, lines = fingerprint(certificate), _lines(ended(data))
    if trust == NO_TRUST:
        return b"".join(line for line in lines if _speaks_of(line) != name)
    if trusts(ended(data), default).get(name) != trust:
        before = next((at for at, found, _ in _said(lines, default) if found == name), len(lines))
        mark, more = (b"!", b"") if trust.email is Level.DISTRUSTED else (b"", b" relax")
        lines.insert(before, mark + name + b" S" + more + b"\n")
    return b"".join(lines)


def added(before: bytes, after: bytes) -> list[str]:
    """The lines that came into a list."""
    there = set(_lines(ended(before)))
    return [line.decode().strip() for line in _lines(after) if line not in there]


def without(data: bytes, gone: Sequence[str]) -> bytes:
    """The list without lines that were added; every other byte stays."""
    lines = {line.encode() + b"\n" for line in gone}
    return b"".join(line for line in _lines(data) if line not in lines)


def _said(lines: list[bytes], default: bytes) -> Iterator[tuple[int, bytes, Level]]:
    """Everything in the order in which it counts: at which line of the user's own list, of whom, and what."""
    for at, line in enumerate(lines):
        for one in _lines(default) if _INCLUDE.fullmatch(line) else [line]:
            if name := _speaks_of(one):
                yield at, name, Level.DISTRUSTED if one.lstrip().startswith(b"!") else Level.TRUSTED


def _speaks_of(line: bytes) -> bytes:
    match = _LINE.fullmatch(ended(line))
    return _name(match[2]) if match else b""


def _name(digits: bytes) -> bytes:
    plain = digits.replace(b":", b"").upper()
    return b":".join(plain[at : at + 2] for at in range(0, 40, 2))


def _lines(data: bytes) -> list[bytes]:
    return BytesIO(data).readlines()
