"""The files ``.index``: a line for each address of each certificate (mutt's smime_keys.pl, cm_add_entry; smime.c)."""

from __future__ import annotations

from typing import NamedTuple

INDEX = ".index"


class Line(NamedTuple):
    """``mailbox hash label issuer-hash trust purpose``."""

    mailbox: str
    name: str
    """The name of the certificate's file."""
    label: str = "-"
    issuer: str = "?"
    """The file with the certificates above it."""
    trust: str = "?"
    """``t`` trusted, ``v`` valid, ``u`` not verified, ``e`` expired, ``i`` invalid, ``r`` revoked."""
    purpose: str = "-"
    """``s`` signs, ``e`` encrypts."""

    def encode(self) -> bytes:
        """The line, with its end."""
        return " ".join(self).encode() + b"\n"


def lines(data: bytes) -> list[Line]:
    """Every line that names a file; old indexes have fewer words in a line."""
    split = (line.decode("utf-8", "replace").split() for line in data.splitlines())
    return [Line(*words[:6]) for words in split if len(words) >= 2]


def with_lines(data: bytes | None, added: list[Line]) -> bytes:
    """The index with those lines after what it has, as far as it has none of that file for that address."""
    before = data or b""
    known = {(line.mailbox, line.name) for line in lines(before)}
    new = b"".join(line.encode() for line in added if (line.mailbox, line.name) not in known)
    gap = b"" if not new or not before or before.endswith(b"\n") else b"\n"
    return before + gap + new


def without(data: bytes, gone: set[tuple[str, str]]) -> bytes:
    """The index without the lines of those addresses and files; every other byte stays."""
    return b"".join(line for line in data.splitlines(keepends=True)
                    if not any((found.mailbox, found.name) in gone for found in lines(line)))
