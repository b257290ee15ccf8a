"""A Mozilla profile's preference file, read as the applications read it and edited without touching another byte.

The grammar is that of modules/libpref/parser/src/lib.rs (Firefox 68 and later) for user preferences. Where the
applications would guess their way past a mistake, this refuses: what is not understood is not rewritten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from profiles.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Value = str | int | bool

_BOM = b"\xef\xbb\xbf"
_SPACE = rb"(?:[ \t\v\f\r\n]++|//[^\r\n\0]*+|\#[^\r\n\0]*+|/\*(?:[^*\0]|\*(?!/))*+\*/)*+"
_PAIR = rb"u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}"
_ESCAPE = rb"\\(?:[\"'\\nr]|x(?!00)[0-9A-Fa-f]{2}|" + _PAIR + rb"|u(?!0000|[Dd][89A-Fa-f])[0-9A-Fa-f]{4})"
_TEXT = rb'"(?:[^"\\\0]|' + _ESCAPE + rb')*+"|' + rb"'(?:[^'\\\0]|" + _ESCAPE + rb")*+'"
_NUMBER = rb"[+-]?" + _SPACE + rb"[0-9]++(?![A-Za-z_])"
_STATEMENT = re.compile(
    rb"user_pref" + _SPACE + rb"\(" + _SPACE + rb"(?P<name>" + _TEXT + rb")" + _SPACE + rb"," + _SPACE
    + rb"(?P<value>" + _TEXT + rb"|true(?![A-Za-z_])|false(?![A-Za-z_])|" + _NUMBER + rb")"
    + _SPACE + rb"\)" + _SPACE + rb";")
_BETWEEN = re.compile(_SPACE)
_REST_OF_LINE = re.compile(rb"[ \t\v\f]*+(?:(?://|\#)[^\r\n]*+)?(?=[\r\n]|\Z)")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_PIECE = re.compile(_ESCAPE)
_PLAIN = {b"n": b"\n", b"r": b"\r"}


class Statement(NamedTuple):
    """Where one preference stands in the file: from its first byte to behind its semicolon, and its value."""

    name: str
    start: int
    end: int
    value_start: int
    value_end: int


@dataclass(frozen=True)
class Prefs:
    """The bytes of a preference file that is sound."""

    data: bytes

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Every preference in the order of the file; ``Malformed`` with the line that is not one."""
        return tuple(_statements(self.data))

    @cached_property
    def _last(self) -> dict[str, Statement]:
        return {one.name: one for one in self.statements}

    @property
    def names(self) -> tuple[str, ...]:
        """Every name once."""
        return tuple(self._last)

    def literal(self, name: str) -> str | None:
        """The value of a preference as it is written (the last one counts); None where it is not set."""
        one = self._last.get(name)
        return None if one is None else _text(self.data[one.value_start : one.value_end])

    def value(self, name: str) -> Value | None:
        """The value of a preference, or None."""
        literal = self.literal(name)
        return None if literal is None else value_of(literal)

    def edited(self, changes: Mapping[str, str | None]) -> bytes:
        """The file with these literals set, None meaning removed; setting back gives the same bytes again."""
        pieces: list[tuple[int, int, bytes]] = []
        added: dict[int, list[bytes]] = {}
        for name, literal in changes.items():
            one = self._last.get(name)
            if literal is None:
                pieces += [(*self._whole_line(each), b"") for each in self.statements if each.name == name]
            elif one is not None:
                pieces.append((one.value_start, one.value_end, _bytes(literal)))
            else:
                line = b"user_pref(" + _bytes(literal_of(name)) + b", " + _bytes(literal) + b");"
                added.setdefault(self._place(name), []).append(line)
        for place, lines in added.items():
            end_of_line = self._line_end(place)
            text = end_of_line + end_of_line.join(lines)
            pieces.append((place, place, text if self.statements or place else text.removeprefix(end_of_line)))
        data = self.data
        for start, end, text in sorted(pieces, key=lambda piece: piece[:2], reverse=True):
            data = data[:start] + text + data[end:]
        self._require_nothing_else(Prefs(data), changes)
        return data

    def _place(self, name: str) -> int:
        """Where a new preference goes: the end of the last line of its own family."""
        family = name.rpartition(".")[0] + "."
        nearest = [one for one in self.statements if one.name.startswith(family)] or list(self.statements)
        if not nearest:
            return len(self.data)
        end = nearest[-1].end
        rest = _REST_OF_LINE.match(self.data, end)
        return rest.end() if rest else end

    def _line_end(self, place: int) -> bytes:
        found = _LINE_END.search(self.data, place) or _LINE_END.search(self.data)
        return found.group() if found else b"\n"

    def _whole_line(self, one: Statement) -> tuple[int, int]:
        """A statement with the line break before it, where nothing else would slip into another line."""
        before = next((mark for mark in (b"\r\n", b"\n", b"\r") if self.data.endswith(mark, 0, one.start)), b"")
        after = self.data[one.end : one.end + 1]
        start = one.start - len(before)
        if after in (b"", b"\r", b"\n") or any(other.end == start for other in self.statements):
            return start, one.end
        return one.start, one.end

    def _require_nothing_else(self, new: Prefs, changes: Mapping[str, str | None]) -> None:
        def others(prefs: Prefs) -> list[tuple[str, bytes]]:
            return [(one.name, prefs.data[one.value_start : one.value_end]) for one in prefs.statements
                    if one.name not in changes]

        if others(new) != others(self) or any(new.literal(name) != literal for name, literal in changes.items()):
            raise Malformed("the settings cannot be edited without changing others", "Set them in the program itself.")


def _statements(data: bytes) -> Iterator[Statement]:
    at = _skip(data, len(_BOM) if data.startswith(_BOM) else 0)
    while at < len(data):
        found = _STATEMENT.match(data, at)
        if found is None:
            line = len(_LINE_END.findall(data, 0, at)) + 1
            raise Malformed(f"line {line} of the settings is not a preference",
                            "Start the program once and close it: it then writes the file anew.")
        value = found.group("value")
        if value[:1] not in b"\"'" and value not in (b"true", b"false") and not -1 << 31 <= _number(value) < 1 << 31:
            raise Malformed("a number in the settings is too large")
        name = value_of(_text(found.group("name")))
        yield Statement(str(name), *found.span(), *found.span("value"))
        at = _skip(data, found.end())


def _skip(data: bytes, at: int) -> int:
    found = _BETWEEN.match(data, at)
    return found.end() if found else at


def _number(literal: bytes) -> int:
    digits = re.search(rb"[0-9]+\Z", literal)
    number = int(digits.group()[-11:]) if digits and len(digits.group().lstrip(b"0")) < 11 else 1 << 40
    return -number if literal.startswith(b"-") else number


def value_of(literal: str) -> Value:
    """What a literal stands for."""
    data = _bytes(literal)
    if data in (b"true", b"false"):
        return data == b"true"
    if data[:1] not in b"\"'":
        return _number(data)
    return _text(_PIECE.sub(_unescaped, data[1:-1]))


def _unescaped(found: re.Match[bytes]) -> bytes:
    escape = found.group()[1:]
    if escape[:1] == b"x":
        return bytes([int(escape[1:], 16)])
    if escape[:1] == b"u":
        units = b"".join(bytes.fromhex(unit.decode()) for unit in escape[1:].split(rb"\u"))
        return units.decode("utf-16-be").encode()
    return _PLAIN.get(escape, escape)


def literal_of(value: Value) -> str:
    """A value as the applications write it (``StrEscape`` in modules/libpref/Preferences.cpp)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
