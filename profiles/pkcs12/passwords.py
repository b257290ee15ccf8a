"""How writers turn a password into bytes (RFC 7292, B.1; RFC 8018), and in which order the ways are tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def spellings(password: Secret | None) -> tuple[Spelling, ...]:
    """Every spelling that writers are known to use, the proper one first.

    An empty password may mean an empty string or none at all. OpenSSL before 1.1 widened each byte of a UTF-8 password
    instead of each character; systems differ in whether accents are composed.
    """
    raw = password.reveal() if password is not None else b""
    if not raw:
        return (Spelling(b"\0\0", b""), Spelling(b"", b""))
    text = _text(raw)
    found = [Spelling(bmp(text), raw)]
    if not raw.isascii():
        from unicodedata import normalize

        found += [Spelling(bmp(other), other.encode()) for form in ("NFC", "NFD") if (other := normalize(form, text))]
        found.append(Spelling(bmp(raw.decode("latin-1")), raw))
    return tuple(dict.fromkeys(found))


def octet_spellings(spelling: Spelling) -> tuple[bytes, ...]:
    """What PBKDF2 may have been keyed with.

    UTF-8 is right; NSS until 3.30 took the BMPString, RSA BSAFE takes ISO 8859-1.
    """
    found = [spelling.octets, spelling.bmp]
    text = _text(spelling.octets)
    if not text.isascii() and all(ord(char) < 256 for char in text):
        found.insert(1, text.encode("latin-1"))
    return tuple(dict.fromkeys(found))


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
