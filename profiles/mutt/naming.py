"""Names of files and words of the index, as ``smime_keys`` of mutt and neomutt and ``openssl x509 -hash`` make them.

Source: OpenSSL, crypto/x509/x_name.c (the canonical encoding of a name) and X509_NAME_hash_ex; mutt, smime_keys.pl.
"""

from __future__ import annotations

import hashlib

from profiles import asn1

_ENCODINGS = {0x0C: "utf-8", 0x13: "latin-1", 0x14: "latin-1", 0x16: "latin-1", 0x1A: "latin-1",
              0x1C: "utf-32-be", 0x1E: "utf-16-be"}
_BLANKS = b" \t\n\v\f\r"


def subject_hash(name: bytes) -> str:
    """What a certificate's file is called before its dot: eight hex digits from its subject (a DER Name)."""
    _, start, end = asn1.header(name, 0)
    canonical = b"".join(_relative(name, first, last) for _, _, first, last in asn1.elements(name, start, end))
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return digest[3::-1].hex()


def _relative(name: bytes, first: int, last: int) -> bytes:
    parts = []
    for _, _, inner, stop in asn1.elements(name, first, last):
        (_, oid, _, oid_end), (tag, value, begin, finish) = asn1.exactly(name, inner, stop, 2)
        written = name[value:finish]
        if tag in _ENCODINGS:
            written = asn1.tlv(asn1.UTF8_STRING, _plain(name[begin:finish], _ENCODINGS[tag]))
        parts.append(asn1.sequence(name[oid:oid_end], written))
    return asn1.set_of(*parts)


def _plain(value: bytes, encoding: str) -> bytes:
    """In UTF-8, capital ASCII letters small, blanks at the ends gone and between words single."""
    text = value.decode(encoding, "surrogatepass" if encoding != "utf-8" else "surrogateescape")
    octets = text.encode("utf-8", "surrogatepass" if encoding != "utf-8" else "surrogateescape").strip(_BLANKS)
    return b" ".join(part for part in octets.translate(bytes.maketrans(_BLANKS, b" " * 6)).split(b" ") if part).lower()


def word(nickname: str) -> str:
    """A nickname as the one word that the index has place for; ``-`` for none."""
    shown = "".join(char if char.isprintable() and not char.isspace() else "_" for char in nickname)[:64]
    return shown.strip("_") or "-"


def mailbox(email: str) -> str:
    """An address that can stand in the index, or nothing."""
    plain = email.strip()
    return plain if plain.isprintable() and not any(char.isspace() for char in plain) else ""
