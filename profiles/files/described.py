"""What a file is, in a few words, by its content: for people who know only its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from profiles import asn1
from profiles.errors import Error
from profiles.files import armour, pvk
from profiles.files.shapes import shape_of

if TYPE_CHECKING:
    from pathlib import Path

_SHAPES = {
    "pfx": "PKCS#12",
    "certificate": "a single certificate without its key (DER)",
    "pkcs7": "a bundle of certificates without keys (PKCS#7)",
    "pkcs8": "a private key alone (PKCS#8)",
    "sealed": "a private key alone (PKCS#8, with a password)",
    "RSA PRIVATE KEY": "a private key alone (RSA)",
    "EC PRIVATE KEY": "a private key alone (EC)",
    "DSA PRIVATE KEY": "a private key alone (DSA)",
}
_PKCS12_NAMES = (".p12", ".pfx")


class Form(NamedTuple):
    """What kind of file it is."""

    what: str
    pkcs12: bool


def form(data: bytes) -> Form:
    """The form of a file that was recognised; what it is called where it is none of those is up to others."""
    bare, armoured = armour.unwrapped(data), armour.armoured(data)
    if bare is data and armoured:
        return Form("PEM", pkcs12=False)
    if data.startswith(pvk.MAGIC):
        return Form("a private key alone (PVK)", pkcs12=False)
    try:
        shape = shape_of(asn1.parse(bare, trailing=True))
    except Error:
        return Form("", pkcs12=False)
    wrapped = "" if bare is data else ", in armour" if armoured else ", in base64"
    return Form(_SHAPES[shape] + wrapped if shape in _SHAPES else "", shape == "pfx")


def misnamed(path: Path, found: Form) -> bool:
    """Whether programs that go by the name of a file would take it for something else."""
    return bool(found.what) and (path.suffix.lower() in _PKCS12_NAMES) is not found.pkcs12 and (
        not found.pkcs12 or path.suffix.lower() in (".pem", ".crt", ".cer", ".key", ".der", ".p7b"))


def missing_bytes(data: bytes) -> tuple[int, int] | None:
    """How many bytes a DER file has and how many it should have, where it is cut off."""
    bare = armour.unwrapped(data)
    if len(bare) < 2 or bare[0] != asn1.SEQUENCE or bare[1] == 0x80:
        return None
    count = bare[1] & 0x7F if bare[1] & 0x80 else 0
    length = int.from_bytes(bare[2 : 2 + count], "big") if count else bare[1]
    whole = 2 + count + length
    return (len(bare), whole) if count <= 4 and len(bare) < whole else None
