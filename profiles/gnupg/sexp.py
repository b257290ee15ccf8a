"""S-expressions as Libgcrypt writes them: canonical and advanced forms in, canonical form out, bounded.

Source: the Libgcrypt manual, "S-expressions"; src/sexp.c of Libgcrypt for the escapes of the advanced form.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TypeAlias

from profiles.errors import Malformed

Sexp: TypeAlias = bytes | tuple["Sexp", ...]

_MAX_DEPTH, _MAX_ITEMS = 16, 2_000
_BLANK = re.compile(rb"[ \t\r\n\v\f]+")
_TOKEN = re.compile(rb"[A-Za-z0-9*+./:=_-]+")
_LENGTH = re.compile(rb"(0|[1-9][0-9]{0,7}):")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_HEX = re.compile(rb"#([0-9A-Fa-f\s]*)#")
_BASE64 = re.compile(rb"\|([A-Za-z0-9+/=\s]*)\|")
_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|[0-7]{3}|\r\n|\n\r|.)", re.DOTALL)
_ESCAPES = {b"b": b"\b", b"t": b"\t", b"v": b"\v", b"n": b"\n", b"f": b"\f", b"r": b"\r"}


def parse(data: bytes, *, trailing: bool = False) -> Sexp:
    """One S-expression; ``Malformed``. With ``trailing``, anything may follow it."""
    found, end = _Reader(data).one(0, 0)
    if not trailing and data[end:].strip(b" \t\r\n\0"):
        raise Malformed("there is something after the end of an S-expression")
    return found


def canonical(value: Sexp) -> bytes:
    """The canonical form, over which GnuPG computes what protects a key."""
    if isinstance(value, bytes):
        return b"%d:%b" % (len(value), value)
    return b"(" + b"".join(map(canonical, value)) + b")"


def advanced(value: Sexp) -> bytes:
    """The form for people: names as they are, everything else in hex."""
    if isinstance(value, tuple):
        return b"(" + b" ".join(map(advanced, value)) + b")"
    if _TOKEN.fullmatch(value) and not value[:1].isdigit():
        return value
    if value and all(32 <= octet < 127 and octet not in b'"\\' for octet in value):
        return b'"' + value + b'"'
    return b"#" + value.hex().upper().encode() + b"#"


def items(value: Sexp) -> tuple[Sexp, ...]:
    """The members of a list."""
    if isinstance(value, bytes):
        raise Malformed("an S-expression has a string where a list belongs")
    return value


def text(value: Sexp) -> bytes:
    """The bytes of a string."""
    if isinstance(value, tuple):
        raise Malformed("an S-expression has a list where a string belongs")
    return value


def name(value: Sexp) -> bytes:
    """What a list begins with; nothing for a string or an empty list."""
    return value[0] if isinstance(value, tuple) and value and isinstance(value[0], bytes) else b""


def member(value: Sexp, wanted: bytes) -> tuple[Sexp, ...] | None:
    """The list within a list that begins with that name."""
    return next((one for one in items(value) if isinstance(one, tuple) and name(one) == wanted), None)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.count = 0

    def one(self, at: int, depth: int) -> tuple[Sexp, int]:
        self.count += 1
        if depth > _MAX_DEPTH or self.count > _MAX_ITEMS:
            raise Malformed("an S-expression is nested too deeply or has too many items")
        at = self.blank(at)
        if self.data[at : at + 1] != b"(":
            return self.string(at)
        found: list[Sexp] = []
        at = self.blank(at + 1)
        while self.data[at : at + 1] != b")":
            one, at = self.one(at, depth + 1)
            found.append(one)
            at = self.blank(at)
        return tuple(found), at + 1

    def blank(self, at: int) -> int:
        found = _BLANK.match(self.data, at)
        return found.end() if found else at

    def string(self, at: int) -> tuple[bytes, int]:
        if found := _LENGTH.match(self.data, at):
            end = found.end() + int(found[1])
            if end > len(self.data):
                raise Malformed("an S-expression ends inside a string")
            return self.data[found.end() : end], end
        try:
            for pattern, decode in ((_TOKEN, bytes), (_QUOTED, _unquoted), (_HEX, _unhexed), (_BASE64, _decoded)):
                if found := pattern.match(self.data, at):
                    return decode(found[found.re.groups]), found.end()
        except (binascii.Error, ValueError):
            pass
        raise Malformed("an S-expression is cut off or has something in it that it cannot have")


def _unhexed(value: bytes) -> bytes:
    return bytes.fromhex(b"".join(value.split()).decode())


def _decoded(value: bytes) -> bytes:
    return base64.b64decode(b"".join(value.split()), validate=True)


def _unquoted(value: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        code = found[1]
        if code[:1] == b"x" and len(code) == 3:
            return bytes((int(code[1:], 16),))
        if len(code) == 3:
            return bytes((int(code, 8) & 0xFF,))
        return b"" if code.strip(b"\r\n") == b"" else _ESCAPES.get(code, code)

    return _ESCAPE.sub(one, value)
