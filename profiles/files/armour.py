"""Textual encodings of keys and certificates (RFC 7468, RFC 1421), with labels in the text outside the armour."""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from profiles.errors import Malformed, Truncated
from profiles.model import NO_TRUST, Trust
from profiles.pkcs12 import limits, trust_text

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN = b"-----BEGIN "
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
    headers: dict[str, str] = field(default_factory=dict)
    nickname: str = ""
    trust: Trust = NO_TRUST

    @property
    def der(self) -> bytes:
        """What is armoured; ``Malformed`` where it is no base64, as in armour of other kinds (RFC 9580)."""
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
            first, *more = islice(blocks(data), 2)
            return first.der if first.label in _PFX and not more else data
        return data
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    if text[:1] == b"M" and _BASE64.match(text):
        try:
            return base64.b64decode(b"".join(text.split()), validate=True)
        except binascii.Error:
            return data
    return data


def blocks(data: bytes) -> Iterator[Block]:
    """Every armoured piece of a file in order."""
    text = _plain_text(data)
    end = 0
    for _ in range(limits.MAX_BAGS):
        start = text.find(BEGIN, end)
        if start < 0:
            return
        label, body, stop = _next(text, start)
        yield _block(label, body, text[end:start])
        end = stop
    raise Malformed(f"the file holds more than {limits.MAX_BAGS} entries")


def _plain_text(data: bytes) -> bytes:
    """UTF-8, also from the UTF-16 that Windows editors save."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace").encode()
    return data


def _next(text: bytes, start: int) -> tuple[str, bytes, int]:
    """The label, what stands between the armour lines from ``start``, and where the piece ends."""
    named = start + len(BEGIN)
    close = text.find(b"-----", named, named + 80)
    if close < 0:
        raise Malformed("a line of armour (-----BEGIN …-----) is cut off")
    label = text[named:close]
    last = b"-----END " + label + b"-----"
    stop = text.find(last, close)
    if stop < 0:
        next_line = text.find(b"-----", close + 5)
        kind = Truncated if next_line < 0 or last.startswith(text[next_line:]) else Malformed
        raise kind(f"the end of a piece of armour is missing (-----END {label.decode('ascii', 'replace')}-----)")
    return label.decode("ascii", "replace"), text[close + 5 : stop], stop + len(last)


def _block(label: str, body: bytes, before: bytes) -> Block:
    headers: dict[str, str] = {}
    lines = body.splitlines()
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
    return Block(label, b"\n".join(lines), headers, nickname, trust)


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
