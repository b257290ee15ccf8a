"""One step's change to the stores as data: what goes in, what is altered, what goes; and its public record."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from profiles.errors import Malformed
from profiles.windows.crypt32 import KeyLink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from profiles.certificate import Certificate
    from profiles.pkcs12.keys import PrivateKey

_VERSION = 2
Value = bytes | KeyLink
"""A property: its bytes, or where a key is."""


@dataclass
class Addition:
    """A certificate to be put into a store, linked to the new key of an id, or to one that is there."""

    store: str
    certificate: Certificate
    name: str
    usages: bytes = b""
    key: str = ""
    link: KeyLink | None = None

    @property
    def with_key(self) -> bool:
        """Whether it gets a key."""
        return bool(self.key) or self.link is not None


@dataclass
class Alteration:
    """Other properties for a certificate that is there, and what they replace; None is none."""

    store: str
    der: bytes
    old: dict[int, Value | None]
    new: dict[int, Value | None] = field(default_factory=dict)
    key: str = ""


@dataclass
class Removal:
    """A certificate to be taken out of a store, with all that brings it back."""

    store: str
    der: bytes
    element: bytes


@dataclass
class Change:
    """Everything of one step."""

    keys: dict[str, tuple[PrivateKey, Certificate, KeyLink]] = field(default_factory=dict)
    """New keys by id, each with a certificate that it belongs to and where it is to be."""
    additions: list[Addition] = field(default_factory=list)
    alterations: list[Alteration] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.keys or self.additions or self.alterations or self.removals)

    def record(self) -> Record:
        """What taking it back needs; no key is in it, only where keys are."""
        return Record(
            [link for _, _, link in self.keys.values()],
            [(one.store, one.certificate.der) for one in self.additions],
            [(one.store, one.der, one.old) for one in self.alterations],
            [(one.store, one.der, one.element) for one in self.removals],
        )


@dataclass
class Record:
    """The public part of a change, as it is written down before the change is made."""

    keys: list[KeyLink] = field(default_factory=list)
    added: list[tuple[str, bytes]] = field(default_factory=list)
    altered: list[tuple[str, bytes, dict[int, Value | None]]] = field(default_factory=list)
    removed: list[tuple[str, bytes, bytes]] = field(default_factory=list)

    def apart(self, asked: Callable[[str], bool]) -> tuple[list[Record], Record]:
        """What came into or went from the stores that are asked for, each certificate for itself; and the rest."""
        alone = [Record(removed=[one]) for one in self.removed if asked(one[0])]
        alone += [Record(added=[one]) for one in self.added if asked(one[0])]
        return alone, Record(self.keys, [one for one in self.added if not asked(one[0])], self.altered,
                             [one for one in self.removed if not asked(one[0])])

    @classmethod
    def together(cls, records: Iterable[Record]) -> Record:
        """Several as one."""
        whole = cls()
        for one in records:
            whole.keys += one.keys
            whole.added += one.added
            whole.altered += one.altered
            whole.removed += one.removed
        return whole

    def encode(self) -> bytes:
        """As JSON."""
        return json.dumps({
            "version": _VERSION,
            "keys": [list(link) for link in self.keys],
            "added": [[store, _text(der)] for store, der in self.added],
            "altered": [[store, _text(der), {str(number): _value(value) for number, value in old.items()}]
                        for store, der, old in self.altered],
            "removed": [[store, _text(der), _text(element)] for store, der, element in self.removed],
        }).encode()

    @classmethod
    def decode(cls, data: bytes) -> Record:
        """From JSON; ``Malformed``."""
        try:
            found = json.loads(data)
            if found["version"] != _VERSION:
                raise Malformed("the record of a step in the Windows stores is of another version of certferry",
                                "Use the version that made it.")
            return cls(
                [KeyLink(*link) for link in found["keys"]],
                [(store, b64decode(der)) for store, der in found["added"]],
                [(store, b64decode(der), {int(number): _unvalue(value) for number, value in old.items()})
                 for store, der, old in found["altered"]],
                [(store, b64decode(der), b64decode(element)) for store, der, element in found["removed"]],
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Malformed("the record of a step in the Windows stores is damaged") from None


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _value(value: Value | None) -> Any:
    return list(value) if isinstance(value, KeyLink) else None if value is None else _text(value)


def _unvalue(value: Any) -> Value | None:
    return KeyLink(*value) if isinstance(value, list) else None if value is None else b64decode(value)
