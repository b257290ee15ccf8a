"""One of the mail programs that share the Windows store, and the certificates that they name by SHA-1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from profiles.errors import Unsupported
from profiles.mail.client import Association, Choice, Foreseen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from profiles.mail.client import Account
    from profiles.model import Entry


class Program(Protocol):
    """A mail program: where its accounts are, and what to set so that they use a certificate."""

    name: str
    executables: tuple[str, ...]
    """The file names under which it runs."""

    def accounts(self, held: Mapping[str, Entry]) -> tuple[Account, ...]:
        """Every account, read afresh."""

    def shares_defaults(self, one: Association, together: Sequence[Association]) -> str:
        """Why its defaults cannot be set, for accounts that are not among ``together`` would share them; or nothing."""

    def wanted(self, associations: Sequence[Association], held: Mapping[str, Entry]) -> dict[str, str | None]:
        """The settings (``profiles.mail.record``) as they should become; ``NoMatch`` where an account is gone."""


def by_thumbprint(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Entries by the hex of their thumbprint, one with a key before one without."""
    found: dict[str, Entry] = {}
    for entry in entries:
        name = entry.certificate.thumbprint
        if name not in found or entry.has_key:
            found[name] = entry
    return found


def choice(name: str, held: Mapping[str, Entry]) -> Choice | None:
    """The certificate of a thumbprint; None where there is no thumbprint."""
    if not name:
        return None
    entry = held.get(name)
    return Choice(name, entry.certificate.sha256 if entry else "", entry)


def decides_for_all(program: str, association: Association) -> str:
    """Why defaults cannot be set for one account of a program that has them for all together; empty where none are."""
    if (association.sign, association.encrypt) == (None, None):
        return ""
    return f"{program} signs and encrypts new mail for all its accounts or for none: set that in its options"


def require_no_defaults(program: str, association: Association) -> None:
    """``Unsupported`` where a program that decides for all accounts together shall sign or encrypt for one."""
    if decides_for_all(program, association):
        raise Unsupported(f"{program} signs and encrypts new mail for all its accounts or for none",
                          "Leave --sign and --encrypt out, and set it in the options of the program.")


def without_defaults(association: Association, why: str) -> Foreseen:
    """As much of an association as can be set where its defaults cannot."""
    return Foreseen(association._replace(sign=None, encrypt=None), "defaults-shared", why)
