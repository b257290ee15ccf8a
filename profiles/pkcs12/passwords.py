"""How writers turn a password into bytes (RFC 7292, B.1; RFC 8018), and in which order the ways are tried."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.model import Secret


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write one password as bytes."""

    bmp: bytes
    """For RFC 7292 key derivation: UTF-16, big endian, with a terminating zero; absent passwords are empty."""
    octets: bytes
    """For PBKDF2 and scrypt."""


def bmp(text: str) -> bytes:
    """The BMPString of RFC 7292, B.1, with its terminating zero."""
    return text.encode("utf-16-be", "surrogatepass") + b"\0\0"


def proper(password: Secret) -> Spelling:
    """The spelling a writer must use."""
    return Spelling(bmp(_text(password.reveal())), password.reveal())


EMPTY, ABSENT = "empty", "absent"
"""What ``spelled_ways`` calls the two ways to have no password."""

_PAGES = (
    ("cp1252", "Windows-1252 (Latin-1)"),
    ("cp850", "code page 850, as in a console of Windows"),
    ("cp437", "code page 437, as in a console of an American Windows"),
    ("mac_roman", "Mac Roman, as on an old Macintosh"),
)


def spelled_ways(password: Secret | None) -> dict[Spelling, str]:
    """Every spelling that writers are known to use, the proper one first, each with what such a writer did.

    An empty password may mean an empty string or none at all. OpenSSL before 1.1 widened each byte of a UTF-8 password
    instead of each character; systems differ in whether accents are composed; consoles and old programs hand over the
    bytes of their own code page, and programs that expect such bytes take UTF-8 for them.
    """
    raw = password.reveal() if password is not None else b""
    if not raw:
        return {Spelling(b"\0\0", b""): EMPTY, Spelling(b"", b""): ABSENT}
    text = _text(raw)
    found = {Spelling(bmp(text), raw): ""}
    if not raw.isascii():
        for spelling, how in _beyond_ascii(raw, text):
            found.setdefault(spelling, how)
    return found


def spellings(password: Secret | None) -> tuple[Spelling, ...]:
    """The spellings of ``spelled_ways``, in their order."""
    return tuple(spelled_ways(password))


def _beyond_ascii(raw: bytes, text: str) -> Iterator[tuple[Spelling, str]]:
    from unicodedata import normalize

    forms: tuple[tuple[Literal["NFC", "NFD"], str], ...] = (
        ("NFC", "wrote accents and their letters as one character each"),
        ("NFD", "wrote accents apart from their letters, as macOS does"),
    )
    for form, how in forms:
        if other := normalize(form, text):
            yield Spelling(bmp(other), other.encode()), how
    yield (Spelling(bmp(raw.decode("latin-1")), raw),
           "took every byte of its letters beyond ASCII for a letter, as OpenSSL before 1.1 did")
    for page, name in _PAGES:
        with suppress(UnicodeEncodeError):
            octets = normalize("NFC", text).encode(page)
            yield Spelling(bmp(octets.decode("latin-1")), octets), f"spelled its letters beyond ASCII in {name}"
    with suppress(UnicodeDecodeError):
        garbled = raw.decode("cp1252")
        yield Spelling(bmp(garbled), garbled.encode()), "took its UTF-8 for Windows-1252"


def octet_spellings(spelling: Spelling) -> tuple[bytes, ...]:
    """What PBKDF2 may have been keyed with.

    UTF-8 is right; NSS until 3.30 took the BMPString, RSA BSAFE takes ISO 8859-1, Java seven bits of each letter where
    Bouncy Castle derives the key. What was given may be no UTF-8.
    """
    text = _text(spelling.octets)
    found = [spelling.octets, text.encode()]
    if not text.isascii() and all(ord(char) < 256 for char in text):
        found.append(text.encode("latin-1"))
    return tuple(dict.fromkeys([*found, spelling.bmp, seven_bits(spelling)] if spelling.bmp else found))


def seven_bits(spelling: Spelling) -> bytes:
    """What the JDK's own key specification leaves of a password (PBEKey.java)."""
    return bytes(octet & 0x7F for octet in spelling.bmp[1:-2:2])


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
