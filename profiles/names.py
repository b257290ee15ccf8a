"""Distinguished names as text (RFC 4514), read leniently: a listing must show what is there."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
_ENCODINGS = {0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x14: "latin-1", 0x0C: "utf-8"}
_ESCAPED = set(',+"\\<>;=')


def _relative(name: bytes) -> Iterator[list[tuple[str, str]]]:
    _, start, end = asn1.header(name, 0)
    for _, _, first, last in asn1.elements(name, start, end):
        pairs = []
        for _, _, inner, stop in asn1.elements(name, first, last):
            parts = list(asn1.elements(name, inner, stop))
            if len(parts) != 2 or parts[0][0] != asn1.OID:
                raise Malformed("a name has an attribute without type or value")
            tag, _, begin, finish = parts[1]
            oid = asn1.dotted(name[parts[0][2] : parts[0][3]])
            pairs.append((oid, name[begin:finish].decode(_ENCODINGS.get(tag, "utf-8"), "replace")))
        yield pairs


@lru_cache(1024)
def text(name: bytes) -> str:
    """The RFC 4514 form of a DER Name, most specific part first; empty for an unreadable one."""
    try:
        parts = ["+".join(f"{_SHORT.get(oid, oid)}={_escape(value)}" for oid, value in pairs)
                 for pairs in _relative(name)]
    except Malformed:
        return ""
    return ",".join(reversed(parts))


def attribute(name: bytes, oid: str) -> str:
    """The last (most specific) value of one attribute type in a DER Name, or the empty string."""
    try:
        values = [value for pairs in _relative(name) for kind, value in pairs if kind == oid]
    except Malformed:
        return ""
    return values[-1] if values else ""


def _escape(value: str) -> str:
    out = "".join("\\" + char if char in _ESCAPED else "\\00" if char == "\0" else char for char in value)
    if out[:1] in ("#", " "):
        out = "\\" + out
    return out[:-1] + "\\ " if out.endswith(" ") and not out.endswith("\\ ") else out
