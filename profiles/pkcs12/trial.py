"""Whether a password is a PFX's own, told apart from everything else that can be wrong; for diagnosis, not for opening.

Readers say "wrong password" for a cipher they do not know, for an altered file, and for letters that another program
spelled in another way. Each of these is asked for by itself here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from profiles import asn1
from profiles.errors import Error, Malformed
from profiles.model import Secret
from profiles.pkcs12.limits import Allowance
from profiles.pkcs12.mac import parse_mac
from profiles.pkcs12.passwords import proper, seven_bits, spelled_ways, spellings
from profiles.pkcs12.reader import decode, outer, sealed_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.pkcs12.encryption import Scheme
    from profiles.pkcs12.passwords import Spelling

_FOREIGN = ("cp850", "cp437", "mac_roman")
_Y_AND_Z = str.maketrans("yzYZ", "zyZY")


class Slip(NamedTuple):
    """A password as it may have been meant."""

    secret: Secret
    how: str
    """Ends the sentence "it would be right if …"."""


def slips(password: Secret) -> Iterator[Slip]:
    """What a person may have meant who typed that password, or whose password file is of another system; each once."""
    seen = {password.reveal()}
    for slip in _slips(password.reveal()):
        if slip.secret.reveal() not in seen:
            seen.add(slip.secret.reveal())
            yield slip


def _slips(raw: bytes) -> Iterator[Slip]:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        for page in _FOREIGN:
            yield Slip(Secret(raw.decode(page, "replace")), f"what was given were read as {page} and not as UTF-8")
        return
    if text.strip():
        yield Slip(Secret(text.strip()), "the blanks before or after it were left away")
    yield Slip(Secret(text.swapcase()), "small and capital letters were exchanged: Caps Lock was on once")
    yield Slip(Secret(text.translate(_Y_AND_Z)), "y and z were exchanged: another keyboard layout was in use once")


def integrity_holds(data: bytes, password: Secret) -> bool | None:
    """Whether the integrity check accepts the password; None where there is none, or one of an unknown kind."""
    return None if (found := _accepted(data, spellings(password))) is None else bool(found)


def _accepted(data: bytes, tried: tuple[Spelling, ...]) -> tuple[Spelling, ...] | None:
    """The one spelling of several that the integrity check accepts, or none of them; None where there is no check."""
    try:
        content, node = outer(data)
        if node is None:
            return None
        allowance = Allowance()
        found = parse_mac(node, allowance).opened_by(content, tried, allowance)
    except Error:
        return None
    return () if found is None else (found,)


def altered(data: bytes, password: Secret) -> bool:
    """Whether the password opens what is inside although the integrity check refuses it: the file is not as it was."""
    if integrity_holds(data, password) is not False:
        return False
    try:
        version, safe, *_ = asn1.parse(data, trailing=True).sequence(2)
        bare = asn1.sequence(asn1.der(version), asn1.der(safe))
        return bool(sealed_pieces(bare)) and bool(decode(bare, password).items)
    except Error:
        return False


def spelled(data: bytes, password: Secret) -> str:
    """What the program that made the file did with its password, where that is not what RFC 7292 and 8018 say.

    Ends the sentence "the program that made the file …"; ``EMPTY`` or ``ABSENT`` where there is no password; empty
    where it is spelled properly, where the password is not the file's, or where nothing tells.
    """
    found = _accepted(data, spellings(password))
    how = spelled_ways(password)[found[0]] if found else ""
    return how or _oddly_sealed(data, password)


def _oddly_sealed(data: bytes, password: Secret) -> str:
    """Which bytes went into PBKDF2, where they are not UTF-8."""
    try:
        scheme, sealed = next((one for one in sealed_pieces(data) if not one[0].digest), (None, b""))
    except Error:
        return ""
    if scheme is None:
        return ""
    ways = scheme.secrets(proper(password))
    opened = next((way for way in ways if _opens(scheme, sealed, way)), b"")
    if opened == proper(password).bmp:
        return "spelled it in UTF-16 where UTF-8 belongs, as NSS before 3.31 did"
    if opened == seven_bits(proper(password)) != password.reveal():
        return "kept seven bits of each of its letters, as Java does with Bouncy Castle"
    try:
        opened.decode()
    except UnicodeDecodeError:
        return "spelled it in Latin-1 where UTF-8 belongs"
    return ""


def _opens(scheme: Scheme, sealed: bytes, secret: bytes) -> bool:
    try:
        asn1.parse(scheme.cipher.decrypt(*scheme.keyed(secret), sealed))
    except Malformed:
        return False
    return True
