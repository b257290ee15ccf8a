"""GLib's key files, edited so that every byte that is not of the edited value stays (GLib, gkeyfile.c)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GROUP = re.compile(rb"\[([^\[\]\0-\x1f\x7f]+)\][ \t]*\Z")
_PAIR = re.compile(rb"[ \t]*([^\s=\[\]#][^=\[\]]*?(?:\[[^\]]*\])?)[ \t]*=[ \t\v\f\r]*(.*)\Z", re.DOTALL)
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_ESCAPED = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


@dataclass(frozen=True, slots=True)
class _Line:
    text: bytes
    """With its end."""
    group: bytes
    key: bytes = b""
    value: bytes = b""


@dataclass(frozen=True)
class KeyFile:
    """A key file; ``Malformed`` where GLib would not read it."""

    data: bytes

    def value(self, group: str, key: str) -> str | None:
        """The value as it stands in the file, not unescaped; the last one where there are several."""
        found = [line.value for line in self._lines() if (line.group, line.key) == (group.encode(), key.encode())]
        return found[-1].decode("utf-8", "surrogateescape") if found else None

    def text(self, group: str, key: str) -> str:
        """The value as text; empty where there is none."""
        return unescaped(self.value(group, key) or "")

    def has(self, group: str) -> bool:
        """Whether there is that group."""
        return group.encode() in {line.group for line in self._lines()}

    def edited(self, group: str, values: Mapping[str, str | None]) -> bytes:
        """The file with those values (as they stand in it) of a group; None removes one, and a group left empty."""
        lines = list(self._lines())
        for key, value in values.items():
            lines = _with(lines, group.encode(), key.encode(),
                          None if value is None else value.encode("utf-8", "surrogateescape"))
        return b"".join(line.text for line in lines)

    def _lines(self) -> Iterator[_Line]:
        group = b""
        for text in re.findall(rb"[^\n]*\n|[^\n]+", self.data):
            bare = text.removesuffix(b"\n")
            plain = bare.removesuffix(b"\r")
            if not plain.strip() or plain.startswith(b"#"):
                yield _Line(text, group)
            elif found := _GROUP.match(plain):
                group = found[1]
                yield _Line(text, group)
            elif group and (found := _PAIR.match(plain)):
                yield _Line(text, group, found[1], found[2])
            else:
                raise Malformed("a line is neither a group nor a key with its value")


def _with(lines: list[_Line], group: bytes, key: bytes, value: bytes | None) -> list[_Line]:
    places = [at for at, line in enumerate(lines) if (line.group, line.key) == (group, key)]
    if value is None:
        return _without_empty([line for at, line in enumerate(lines) if at not in places], group) if places else lines
    end = _line_end(lines)
    if places:
        at = places[-1]
        old = lines[at]
        start = len(old.text) - len(old.text[old.text.index(b"=") + 1 :].lstrip(b" \t\v\f")) if old.value else (
            old.text.index(b"=") + 1)
        rest = old.text[start + len(old.value) :] if old.value else old.text[start:].lstrip(b" \t\v\f")
        return [*lines[:at], _Line(old.text[:start] + value + rest, group, key, value), *lines[at + 1 :]]
    inside = [at for at, line in enumerate(lines) if line.group == group and line.text.strip()]
    if lines and not lines[-1].text.endswith(b"\n"):
        last = lines[-1]
        lines = [*lines[:-1], _Line(last.text + end, last.group, last.key, last.value)]
    new = _Line(key + b"=" + value + end, group, key, value)
    if inside:
        return [*lines[: inside[-1] + 1], new, *lines[inside[-1] + 1 :]]
    gap = [_Line(end, lines[-1].group)] if lines and lines[-1].text.strip() else []
    return [*lines, *gap, _Line(b"[" + group + b"]" + end, group), new]


def _without_empty(lines: list[_Line], group: bytes) -> list[_Line]:
    """Without the heading of a group that has nothing left, and the blank line before it."""
    ours = [at for at, line in enumerate(lines) if line.group == group and line.text.strip()]
    if len(ours) != 1 or lines[ours[0]].key or lines[ours[0]].text.startswith(b"#"):
        return lines
    at = ours[0]
    first = at - 1 if at and not lines[at - 1].text.strip() else at
    return [*lines[:first], *lines[at + 1 :]]


def _line_end(lines: list[_Line]) -> bytes:
    return b"\r\n" if lines and all(line.text.endswith(b"\r\n") for line in lines) else b"\n"


def escaped(text: str) -> str:
    """A text as a value of a key file: blanks at its start and control characters written out."""
    inner = text.lstrip(" ")
    return "\\s" * (len(text) - len(inner)) + "".join(_ESCAPES.get(char, char) for char in inner)


def unescaped(value: str) -> str:
    """What ``escaped`` was given."""
    return re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[0]), value)
