"""profiles.ini and installs.ini, read as Firefox reads them (xpcom/ds/nsINIParser), whatever they hold."""

from __future__ import annotations

import codecs
import re

Sections = dict[str, dict[str, str]]


def parse(data: bytes) -> Sections:
    """The sections of an INI file: the last of two equal keys wins, equal sections are one, garbage is passed over.

    Bytes that are not UTF-8 come back as lone surrogates, for the caller to refuse where they matter.
    """
    if data.startswith(codecs.BOM_UTF16_LE):
        text = data[2:].decode("utf-16-le", "replace")
    else:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    sections: Sections = {}
    current: dict[str, str] | None = None
    for raw in re.split(r"[\r\n]+", text):
        line = raw.lstrip(" \t")
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            name, closed, rest = line[1:].partition("]")
            current = sections.setdefault(name, {}) if closed and not rest.strip(" \t") else None
            continue
        key, equals, value = line.partition("=")
        if current is not None and equals and key:
            current[key] = value
    return sections


def printable(text: str) -> bool:
    """Whether every byte was UTF-8 and none of it NUL."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
