"""When two e-mail addresses are one: case, Unicode forms, and both ways to write an international domain."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_DOTS = re.compile("[.\u3002\uff0e\uff61]")
"""What separates labels in a domain that a person typed (RFC 3490, 3.1)."""


def normal(address: str) -> str:
    """The form in which equal addresses are equal texts; empty for what is no address.

    The local part is compared without case, as every mail program does it (RFC 5321 leaves that to its host). Labels
    are compared as Unicode: ``xn--bcher-kva`` and ``Bücher`` agree (RFC 5891), and ``ß`` stays apart from ``ss``.
    """
    local, at, domain = address.strip().rpartition("@")
    if not at or not local or not domain:
        return ""
    if len(local) > 2 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    labels = [_label(label) for label in _DOTS.split(domain.rstrip("."))]
    return f"{_folded(local)}@{'.'.join(labels)}" if all(labels) else ""


def same(one: str, other: str) -> bool:
    """Whether both are one address."""
    return bool(normal(one)) and normal(one) == normal(other)


def among(address: str, addresses: Iterable[str]) -> bool:
    """Whether it is one of them."""
    return any(same(address, other) for other in addresses)


def _label(label: str) -> str:
    folded = unicodedata.normalize("NFKC", _folded(unicodedata.normalize("NFKC", label)))
    if folded.startswith("xn--"):
        with suppress(UnicodeError):
            return _folded(folded[4:].encode("ascii").decode("punycode"))
    return folded


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
