"""GLib's key files, edited so that every byte that is not of the edited value stays (GLib, gkeyfile.c)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from profiles.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BLANK = b" \t\f\r"
_GROUP = re.compile(rb"\[([^\[\]\0-\x1f\x7f]+)\][ \t]*\Z")
_PAIR = re.compile(rb"([^\s=\[\]#][^=\[\]]*?(?:\[[^\]]*\])?)[ \t]*=[ \t\f\r]*(.*)\Z", re.DOTALL)
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_ESCAPED = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


@dataclass(frozen=True, slots=True)
class _Line:
    text: bytes
    """With its end."""
    group: bytes
    key: bytes = b""
    value: bytes = b""
    at: int = 0
    """Where the value begins in the text."""


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

    def edited(self, group: str, values: Mapping[str, str | None], *, keep: bool = False) -> bytes:
        """The file with those values (as they stand in it) of a group; None removes one.

        A group that is left empty goes too, unless it is to be kept. Setting back what was there gives the same bytes.
        """
        lines, name = list(self._lines()), group.encode()
        for key, value in values.items():
            lines = _without_key(lines, name, key.encode()) if value is None else _with(
                lines, name, key.encode(), value.encode("utf-8", "surrogateescape"))
        if not keep and None in values.values():
            lines = _without_empty(lines, name)
        return b"".join(line.text for line in lines)

    def _lines(self) -> Iterator[_Line]:
        group = b""
        for number, text in enumerate(re.findall(rb"[^\n]*\n|[^\n]+", self.data), 1):
            plain = _bare(text)
            body = plain.lstrip(_BLANK)
            if not body or body.startswith(b"#"):
                yield _Line(text, group)
            elif found := _GROUP.match(body):
                group = found[1]
                yield _Line(text, group)
            elif group and (found := _PAIR.match(body)):
                yield _Line(text, group, found[1], found[2], len(plain) - len(body) + found.start(2))
            else:
                raise Malformed(f"line {number} is neither a group nor a key with its value",
                                "The program that keeps the file does not read it either: correct that line.")


def _bare(text: bytes) -> bytes:
    """A line without its end."""
    return text.removesuffix(b"\n").removesuffix(b"\r") if text.endswith(b"\n") else text


def _with(lines: list[_Line], group: bytes, key: bytes, value: bytes) -> list[_Line]:
    places = [at for at, line in enumerate(lines) if (line.group, line.key) == (group, key)]
    if places:
        at = places[-1]
        old = lines[at]
        text = old.text[: old.at] + value + old.text[old.at + len(old.value) :]
        return [*lines[:at], replace(old, text=text, value=value), *lines[at + 1 :]]
    end = b"\r\n" if lines and lines[0].text.endswith(b"\r\n") else b"\n"
    new = _Line(key + b"=" + value + end, group, key, value, len(key) + 1)
    inside = [at for at, line in enumerate(lines) if line.group == group and line.text.strip()]
    if inside:
        return _inserted(lines, inside[-1], [new], end)
    heading = _Line(b"[" + group + b"]" + end, group)
    before = [at for at, line in enumerate(lines) if line.text.strip()]
    if not before:
        return [*lines, heading, new]
    return _inserted(lines, before[-1], [_Line(end, lines[before[-1]].group), heading, new], end)


def _inserted(lines: list[_Line], at: int, new: list[_Line], end: bytes) -> list[_Line]:
    """With these behind that line; a file whose last line has no end goes on having none."""
    last = lines[at]
    if last.text.endswith(b"\n"):
        return [*lines[: at + 1], *new, *lines[at + 1 :]]
    end = b"\r\n" if last.text.endswith(b"\r") else end  # else its last character would count to the end
    return [*lines[:at], replace(last, text=last.text + end), *new[:-1], replace(new[-1], text=_bare(new[-1].text))]


def _removed(lines: list[_Line], gone: set[int]) -> list[_Line]:
    """Without those; likewise."""
    kept = [line for at, line in enumerate(lines) if at not in gone]
    if kept and gone and not lines[-1].text.endswith(b"\n"):
        kept[-1] = replace(kept[-1], text=_bare(kept[-1].text))
    return kept


def _without_key(lines: list[_Line], group: bytes, key: bytes) -> list[_Line]:
    return _removed(lines, {at for at, line in enumerate(lines) if (line.group, line.key) == (group, key)})


def _without_empty(lines: list[_Line], group: bytes) -> list[_Line]:
    """Without the heading of a group that has nothing left, and the blank line before it."""
    ours = [at for at, line in enumerate(lines) if line.group == group and line.text.strip()]
    if len(ours) != 1 or lines[ours[0]].key or lines[ours[0]].text.lstrip(_BLANK).startswith(b"#"):
        return lines
    at = ours[0]
    return _removed(lines, {at - 1, at} if at and not lines[at - 1].text.strip() else {at})


def escaped(text: str) -> str:
    """A text as a value of a key file: blanks at its start and control characters written out."""
    inner = text.lstrip(" ")
    return "\\s" * (len(text) - len(inner)) + "".join(_ESCAPES.get(char, char) for char in inner)


def unescaped(value: str) -> str:
    """What ``escaped`` was given."""
    return re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[0]), value)
