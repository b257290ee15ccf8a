"""The account files of Windows Mail and Windows Live Mail (``.oeaccount``): read, and one element changed in its place.

XML in UTF-16, one flat ``MessageAccount`` whose elements stand once each and have a type: ``SZ``, ``DWORD``, or
``BINARY`` in hex; what has its default is left out. Source: Microsoft, "New Handling for Account Data".
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, NamedTuple
from xml.parsers import expat

from profiles.errors import Malformed, Unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = "MessageAccount"
_MOST = 5000
"""An account has about eighty elements."""


class Element(NamedTuple):
    """One element: its text, and where its whole markup lies in the file."""

    text: str
    start: int
    end: int


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.depth = 0
        self.elements: dict[str, Element] = {}
        self._width = len(_encoded(data, " "))
        self._start = 0
        self._text = ""
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.begin
        self.parser.EndElementHandler = self.finish
        self.parser.CharacterDataHandler = self.collect
        self.parser.StartDoctypeDeclHandler = self.refuse

    def begin(self, name: str, _attributes: dict[str, str]) -> None:
        self.depth += 1
        if (self.depth == 1) != (name == _ROOT) or self.depth > 2 or len(self.elements) > _MOST:
            raise _malformed()
        if self.depth == 2:
            self._start, self._text = self.parser.CurrentByteIndex, ""

    def collect(self, text: str) -> None:
        self._text += text

    def finish(self, name: str) -> None:
        if self.depth == 2:
            if name in self.elements:
                raise _malformed()
            opened = self._tag(self._start)
            empty = self.data[opened - 2 * self._width : opened] == _encoded(self.data, "/>")
            end = opened if empty else self._tag(self.parser.CurrentByteIndex)
            self.elements[name] = Element(self._text.strip(), self._start, end)
        self.depth -= 1

    def _tag(self, at: int) -> int:
        """Where the tag that begins there ends: a ``>`` within quotes does not count."""
        quote = ""
        while at < len(self.data):
            char = _decoded(self.data, self.data[at : at + self._width])
            at += self._width
            if quote or char in ("'", '"'):
                quote = "" if char == quote else quote or char
            elif char == ">":
                return at
        raise _malformed()

    def refuse(self, *_: object) -> None:
        raise _malformed()


def read_account(data: bytes) -> dict[str, Element]:
    """The elements of an account by name; ``Malformed`` for anything else."""
    reader = _Reader(data)
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise _malformed() from None
    return reader.elements


def markup(data: bytes, name: str) -> str | None:
    """The whole markup of an element as it stands in the file; None where the account has none of that name."""
    element = read_account(data).get(name)
    return None if element is None else _decoded(data, data[element.start : element.end])


def with_markup(data: bytes, name: str, wanted: str | None) -> bytes:
    """The file with that element in place of the one of its name, behind the last one, or (None) without it.

    Every other byte stays, and taking away what was added gives back the file as it was. ``Unsupported`` for a file
    without elements, ``Malformed`` where the result would not be the same account with that element.
    """
    elements = read_account(data)
    new = _with_markup(data, elements, name, wanted)
    if markup(new, name) != wanted or _texts(read_account(new), name) != _texts(elements, name):
        raise _malformed()
    return new


def _texts(elements: Mapping[str, Element], name: str) -> dict[str, str]:
    """All but that one."""
    return {other: one.text for other, one in elements.items() if other != name}


def _with_markup(data: bytes, elements: Mapping[str, Element], name: str, wanted: str | None) -> bytes:
    present = elements.get(name)
    new = b"" if wanted is None else _encoded(data, wanted)
    if present is not None:
        start = present.start if wanted is not None else _before_blank(data, present.start)
        return data[:start] + new + data[present.end :]
    if wanted is None:
        return data
    if not elements:
        raise Unsupported("this account file holds nothing", "Set the account up in the program first.")
    last = max(elements.values(), key=lambda one: one.end)
    blank = data[_before_blank(data, last.start) : last.start]
    return data[: last.end] + blank + new + data[last.end :]


def _before_blank(data: bytes, at: int) -> int:
    """Where the white space before a place begins."""
    width = len(_encoded(data, " "))
    blanks = {_encoded(data, char) for char in " \t\r\n"}
    while at >= width and data[at - width : at] in blanks:
        at -= width
    return at


def binary(name: str, value: bytes) -> str:
    """The markup of a binary element."""
    return f'<{name} type="BINARY">{value.hex()}</{name}>'


def _encoding(data: bytes) -> str:
    """What the parser takes it for: without a byte order mark, by where the zero of its first character is."""
    if data.startswith(codecs.BOM_UTF16_LE) or data[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if data.startswith(codecs.BOM_UTF16_BE) or data[:1] == b"\0" else "utf-8"


def _encoded(data: bytes, text: str) -> bytes:
    return text.encode(*_lossless(data))


def _decoded(data: bytes, part: bytes) -> str:
    return part.decode(*_lossless(data))


def _lossless(data: bytes) -> tuple[str, str]:
    """Its encoding, and how to keep what is not of it: an eight-bit one is told from UTF-8 by its declaration only."""
    encoding = _encoding(data)
    return encoding, "surrogateescape" if encoding == "utf-8" else "surrogatepass"


def _malformed() -> Malformed:
    return Malformed("a mail account file is not in the form that Windows Mail writes",
                     "Nothing was changed. Choose the certificate in the program: `certferry guide windows-mail`.")
