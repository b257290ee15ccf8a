"""Textual encodings of keys and certificates (RFC 7468, RFC 1421), with labels in the text outside the armour."""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from profiles.errors import Malformed, Truncated
from profiles.model import NO_TRUST, Trust
from profiles.pkcs12 import limits, trust_text

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN = b"-----BEGIN "
_DASHES = b"-----"
_BEGIN = re.compile(rb"-----BEGIN ([^\r\n-]{1,80}(?:-[^\r\n-]{1,80}){0,4})-----")
_HEADER = re.compile(rb"([A-Za-z][A-Za-z0-9-]*): ?(.*)")
_LABEL = re.compile(r"^[ \t]*(Nickname|Trust|friendlyName): ?(.*)$", re.MULTILINE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]{16,}\Z")
_ESCAPE = re.compile(r"\\u\{([0-9a-f]{1,6})\}")


_PFX = ("PKCS12", "PFX")
"""What GnuTLS and others put around a whole PKCS#12."""


@dataclass(frozen=True, slots=True)
class Block:
    """One armoured piece, its RFC 1421 headers, and the labels from the text before it."""

    label: str
    text: bytes = field(repr=False)
    """Between the lines of armour, without the headers."""
    fault: Malformed | None = None
    """Why it is none, where its end is missing."""
    headers: dict[str, str] = field(default_factory=dict)
    nickname: str = ""
    trust: Trust = NO_TRUST

    @property
    def der(self) -> bytes:
        """What is armoured; ``Malformed`` where its end is missing or it is no base64, as in OpenPGP (RFC 9580)."""
        if self.fault is not None:
            raise self.fault
        try:
            return base64.b64decode(b"".join(self.text.split()), validate=True)
        except binascii.Error:
            raise Malformed(f"what stands between the lines of armour ({self.label}) is no base64") from None


def armoured(data: bytes) -> bool:
    """Whether there is armour in a file."""
    return BEGIN in _plain_text(data)


def unwrapped(data: bytes) -> bytes:
    """DER from a file that is DER, or DER in base64 without armour, or a PKCS#12 and nothing else in armour."""
    if armoured(data):
        with suppress(Malformed):
            found = list(islice(blocks(data), 2))
            return found[0].der if len(found) == 1 and found[0].label in _PFX else data
        return data
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    if text[:1] == b"M" and _BASE64.match(text):
        try:
            return base64.b64decode(b"".join(text.split()), validate=True)
        except binascii.Error:
            return data
    return data


def blocks(data: bytes) -> Iterator[Block]:
    """Every armoured piece of a file in order, broken ones too; ``Malformed`` where there is none or far too many.

    The words alone, in text that is for people, are no armour.
    """
    text = _plain_text(data)
    end = position = 0
    for count in range(limits.MAX_BAGS):
        line = _BEGIN.search(text, position)
        if line is None:
            if not count:
                raise Truncated("a line of armour (-----BEGIN …-----) is cut off")
            return
        piece = _Piece.after(line, text)
        yield _block(piece, text[end : line.start()])
        end = position = piece.end
    raise Malformed(f"the file holds more than {limits.MAX_BAGS} entries")


def _plain_text(data: bytes) -> bytes:
    """UTF-8, also from the UTF-16 that Windows editors save."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace").encode()
    return data


class _Piece(NamedTuple):
    """What follows a line of armour, and where it ends."""

    label: str
    body: bytes
    end: int
    fault: Malformed | None = None

    @classmethod
    def after(cls, line: re.Match[bytes], text: bytes) -> _Piece:
        """Up to the line that ends it, which is missing where another comes first."""
        label, last = line[1].decode("ascii", "replace"), b"-----END " + line[1] + b"-----"
        following = text.find(_DASHES, line.end())
        if following >= 0 and text.startswith(last, following):
            return cls(label, text[line.end() : following], following + len(last))
        kind = Truncated if following < 0 or last.startswith(text[following:]) else Malformed
        fault = kind(f"the end of a piece of armour is missing (-----END {label}-----)")
        return cls(label, b"", len(text) if following < 0 else following, fault)


def _block(piece: _Piece, before: bytes) -> Block:
    headers: dict[str, str] = {}
    lines = piece.body.splitlines()
    while lines and (not lines[0].strip() or _HEADER.match(lines[0])):
        if found := _HEADER.match(lines[0]):
            headers[found[1].decode()] = found[2].decode("ascii", "replace").strip()
        elif headers:
            break
        lines.pop(0)
    nickname, trust = "", NO_TRUST
    for kind, value in _LABEL.findall(before.decode("utf-8", "replace").replace("\r", "")):
        if kind == "Trust":
            trust = trust_text.read(value)
        else:
            nickname = unescaped(value)
    return Block(piece.label, b"\n".join(lines), piece.fault, headers, nickname, trust)


def armour(label: str, der: bytes, nickname: str = "", trust: Trust = NO_TRUST) -> bytes:
    """An armoured piece with its labels as explanatory text before it (RFC 7468, sections 2 and 3)."""
    lines = [f"Nickname: {escaped(nickname)}"] if nickname else []
    lines += [f"Trust: {trust_text.written(trust)}"] if trust else []
    encoded = base64.b64encode(der).decode()
    lines += [f"-----BEGIN {label}-----", *(encoded[at : at + 64] for at in range(0, len(encoded), 64))]
    return "\n".join([*lines, f"-----END {label}-----", ""]).encode()


def escaped(text: str) -> str:
    """On one line, and nothing in it that reads as armour."""
    shown = "".join(char if char.isprintable() and char != "\\" else f"\\u{{{ord(char):x}}}" for char in text)
    return shown.replace("-----", "\\u{2d}----")


def unescaped(text: str) -> str:
    """What ``escaped`` was given."""
    def char(match: re.Match[str]) -> str:
        code = int(match[1], 16)
        return chr(code) if code <= 0x10FFFF else match[0]

    return _ESCAPE.sub(char, text)
