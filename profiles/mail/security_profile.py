"""Outlook's S/MIME settings as the registry keeps them: PR_SECURITY_PROFILES of a MAPI profile, read and written.

A multi-valued binary (PT_MV_BINARY) laid out as Outlook's own bitness has it in memory: a count, then for every entry
its length and its offset (32-bit: two u32; 64-bit: two u64), then the bodies; at the end 1 to 16 zeros up to a multiple
of 16. A body is a row of properties: u16 tag, u16 length with this header, data; all little-endian. Source: Microsoft
KB 312900 "How To Assign an S/MIME Certificate to a MAPI Profile"; PKI-Configuration-Tools, ActivateSignatures.ps1.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from typing import NamedTuple

from profiles import asn1
from profiles.errors import Malformed, Unsupported

_MAX_ENTRIES = 1000
_MAX_SIZE = 1 << 20
_BLOCK = 16
_ENTRY = {32: "<II", 64: "<QQ"}
_LOW = 0xFFFFFFFF


class Tag(IntEnum):
    """The properties of an entry that mean something here; every other is kept as it is."""

    VERSION = 0x0001
    CAPABILITIES = 0x0002
    """SMIMECapabilities (RFC 8551, 2.5.2), in order of preference; Outlook takes no entry without them."""
    ENCRYPTION_CERTIFICATE = 0x0003
    ENCODING = 0x0006
    SIGNING_CERTIFICATE = 0x0008
    SIGNING = 0x0009
    """The SHA-1 of the certificate that signs."""
    NAME_ANSI = 0x000B
    DEFAULTS = 0x0020
    ENCRYPTION = 0x0022
    """The SHA-1 of the certificate that others encrypt with."""
    NAME = 0x0051


class Defaults(IntFlag):
    """What an entry is used for without being chosen (``Tag.DEFAULTS``)."""

    FORMAT = 1
    """The one for S/MIME."""
    ALL = 2
    """The one for all secure messages."""
    SEND_CERTIFICATES = 4
    """Its certificates go with signed messages."""


_ORDER = (Tag.VERSION, Tag.ENCODING, Tag.DEFAULTS, Tag.NAME_ANSI, Tag.NAME, Tag.SIGNING, Tag.ENCRYPTION,
          Tag.CAPABILITIES)
_CAPABILITIES = (
    "2.16.840.1.101.3.4.1.42",  # AES-256-CBC
    "2.16.840.1.101.3.4.1.22",  # AES-192-CBC
    "1.2.840.113549.3.7",       # 3DES, for those who know no AES
    "2.16.840.1.101.3.4.1.2",   # AES-128-CBC
    "2.16.840.1.101.3.4.2.3",   # SHA-512
    "2.16.840.1.101.3.4.2.2",   # SHA-384
    "2.16.840.1.101.3.4.2.1",   # SHA-256
)


class Setting(NamedTuple):
    """One entry: its properties in their order, and whatever stands behind them."""

    properties: tuple[tuple[int, bytes], ...]
    tail: bytes = b""

    def get(self, tag: Tag) -> bytes | None:
        """The data of the first property with that tag."""
        return next((data for number, data in self.properties if number == tag), None)

    def put(self, tag: Tag, data: bytes) -> Setting:
        """With that property, in place of the one of its tag, or where an entry made anew has it."""
        found = list(self.properties)
        for index, (number, _) in enumerate(found):
            if number == tag:
                found[index] = (int(tag), data)
                return self._replace(properties=tuple(found))
        later = _ORDER[_ORDER.index(tag) + 1 :] if tag in _ORDER else ()
        at = next((index for index, (number, _) in enumerate(found) if number in later), len(found))
        found.insert(at, (int(tag), data))
        return self._replace(properties=tuple(found))

    @property
    def name(self) -> str:
        """What Outlook's list of settings calls it."""
        wide = self.get(Tag.NAME)
        if wide is not None:
            return wide.decode("utf-16-le", "replace").partition("\0")[0]
        return (self.get(Tag.NAME_ANSI) or b"").partition(b"\0")[0].decode("cp1252", "replace")

    @property
    def defaults(self) -> Defaults:
        """What it is used for without being chosen."""
        return Defaults(int.from_bytes((self.get(Tag.DEFAULTS) or b"")[:4], "little") & 7)

    def thumbprint(self, tag: Tag) -> str:
        """The SHA-1 that ``Tag.SIGNING`` or ``Tag.ENCRYPTION`` names, in lower-case hex; empty without one."""
        return (self.get(tag) or b"").hex()

    @classmethod
    def new(cls, name: str, defaults: Defaults) -> Setting:
        """An entry without certificates, as ``put`` then completes it."""
        made = cls(())
        for tag, data in (
            (Tag.VERSION, struct.pack("<I", 1)),
            (Tag.ENCODING, struct.pack("<I", 1)),
            (Tag.DEFAULTS, struct.pack("<I", defaults)),
            (Tag.NAME_ANSI, name.encode("cp1252", "replace") + b"\0"),
            (Tag.NAME, name.encode("utf-16-le") + b"\0\0"),
        ):
            made = made.put(tag, data)
        return made.complete()

    def complete(self) -> Setting:
        """With the capabilities without which Outlook does not take it."""
        if self.get(Tag.CAPABILITIES) is not None:
            return self
        return self.put(Tag.CAPABILITIES, asn1.sequence(*(asn1.sequence(asn1.oid(one)) for one in _CAPABILITIES)))


def parse(data: bytes) -> tuple[tuple[Setting, ...], int]:
    """All entries, and the bitness (32 or 64) of the Outlook that wrote them; ``Malformed`` if it was neither."""
    if len(data) < 4 or len(data) > _MAX_SIZE:
        raise _malformed()
    count = int.from_bytes(data[:4], "little")
    if count == 0 and not data.strip(b"\0"):
        return (), 32
    for bits in _ENTRY:
        places = _places(data, count, bits)
        if places is not None:
            return tuple(_setting(data[start:end]) for start, end in places), bits
    raise _malformed()


def _places(data: bytes, count: int, bits: int) -> list[tuple[int, int]] | None:
    """Where the bodies lie, if the table can be read with that bitness."""
    size = struct.calcsize(_ENTRY[bits])
    body = 4 + size * count
    if not 0 < count <= _MAX_ENTRIES or body > len(data):
        return None
    found = []
    for length, start in struct.iter_unpack(_ENTRY[bits], data[4:body]):
        end = start + (length & _LOW)  # the upper half is padding in a 64-bit SBinary (mapidefs.h)
        if start < body or end > len(data):
            return None
        found.append((start, end))
    return found if _nothing_else(data, body, found) else None


def _nothing_else(data: bytes, at: int, places: list[tuple[int, int]]) -> bool:
    """Whether the bodies lie apart, with nothing but zeros between and behind them."""
    for start, end in (*sorted(places), (len(data), len(data))):
        if start < at or data[at:start].strip(b"\0"):
            return False
        at = end
    return True


def _setting(body: bytes) -> Setting:
    found, at = [], 0
    while at + 4 <= len(body):
        tag, length = struct.unpack_from("<HH", body, at)
        if length < 4:
            break
        if at + length > len(body):
            raise _malformed()
        found.append((tag, body[at + 4 : at + length]))
        at += length
    if body[at:].strip(b"\0"):
        raise _malformed()
    return Setting(tuple(found), body[at:])


def serialise(settings: tuple[Setting, ...], bits: int) -> bytes:
    """The value of ``11020355`` for an Outlook of 32 or 64 bits; ``Unsupported`` where an entry cannot be that long."""
    bodies = [b"".join(_property(*one) for one in setting.properties) + setting.tail for setting in settings]
    at = 4 + struct.calcsize(_ENTRY[bits]) * len(bodies)
    table = struct.pack("<I", len(bodies))
    for body in bodies:
        table += struct.pack(_ENTRY[bits], len(body), at)
        at += len(body)
    whole = table + b"".join(bodies)
    return whole + bytes(_BLOCK - len(whole) % _BLOCK)


def _property(tag: int, data: bytes) -> bytes:
    if len(data) + 4 > 0xFFFF:
        raise Unsupported("a property of Outlook's security settings would be longer than 64 KB")
    return struct.pack("<HH", tag, len(data) + 4) + data


def _malformed() -> Malformed:
    return Malformed("Outlook's security settings are not in the form that Outlook writes",
                     "Nothing was changed. Choose the certificate in Outlook: `certferry guide outlook` says how.")
