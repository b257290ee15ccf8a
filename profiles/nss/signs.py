"""What a profile's databases show of themselves without a password: of which NSS it is, what is proved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from profiles.model import NO_TRUST
from profiles.nss.reading import read
from profiles.nss.store import LEGACY, present

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.certificate import Certificate


class Signs(NamedTuple):
    """What can be seen from outside."""

    sealed: bool = False
    """There is a primary password."""
    long_salt: bool = False
    """It was set by NSS 3.118 or later, with a salt of 48 bytes, which older ones cannot use (sftkpwd.c)."""
    legacy_beside: tuple[str, ...] = ()
    """Databases of the format before 2018 in the same directory."""
    unproved: tuple[Certificate, ...] = ()
    """Certificates whose trust counts for nothing, because its signatures are not this database's."""


def signs(directory: Path) -> Signs:
    """Look at the databases in a profile directory; raises as reading them does."""
    beside = tuple(name for name in LEGACY if (directory / name).is_file())
    if not present(directory):
        return Signs(legacy_beside=beside)
    contents = read(directory)
    sealed = contents.password is not None and contents.unlocked() is None
    unproved = [] if sealed else [
        stored.certificate for stored in contents.certificates
        if any(one.is_for(stored.certificate) and one.trust()
               for one in contents.trusts.get(stored.certificate.issuer_and_serial, []))
        and contents.trust_of(stored.certificate, None) == NO_TRUST]
    salt = contents.password_row[0] if contents.password_row else b""
    return Signs(sealed, sealed and len(salt) == 48, beside, tuple(unproved))
