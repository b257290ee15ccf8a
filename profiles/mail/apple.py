"""Apple Mail: it takes the certificate in the keychain that has the sender's address; an identity preference decides.

The preference is named like the address and holds for signing and encrypting alike. Addresses come from Mail's settings
where macOS lets them be read (before 10.11, and com.apple.mail.plist), and from the certificates with keys.
"""

from __future__ import annotations

import plistlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from profiles.errors import Error, NoMatch
from profiles.files.reading import read
from profiles.macos.identity_preference import IdentityPreferences
from profiles.mail.address import among, normal, same
from profiles.mail.client import Account, Foreseen, Requirements
from profiles.mail.program import by_thumbprint, choice, decides_for_all, require_no_defaults, without_defaults
from profiles.mail.record import Recorded, Records

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from profiles.mail.client import Association
    from profiles.model import Entry
    from profiles.store import Store

_SETTINGS = ("Library/Mail/V*/MailData/Accounts.plist", "Library/Preferences/com.apple.mail.plist",
             "Library/Containers/com.apple.mail/Data/Library/Preferences/com.apple.mail.plist")
_MOST = 500


def client(store: Store) -> AppleMail | None:
    """Apple Mail over the user's keychain; None on other systems."""
    if sys.platform != "darwin":
        return None
    from platformdirs import user_state_path

    state = user_state_path("certferry", appauthor=False) / "mail" / "apple"
    return AppleMail(Path.home(), state, lambda: store.list().entries)


class _Preferences:
    """See ``Settings``: thumbprints by address."""

    def __init__(self, preferences: IdentityPreferences) -> None:
        self._preferences = preferences

    def values(self, names: Collection[str]) -> dict[str, str | None]:
        """See ``Settings``."""
        return {name: self._preferences.get(name) for name in names}

    def write(self, values: Mapping[str, str | None]) -> None:
        """See ``Settings``: what was set before one is refused is put back."""
        before = self.values(values)
        done: list[str] = []
        try:
            for name, value in values.items():
                self._put(name, value)
                done.append(name)
        except BaseException:
            for name in reversed(done):
                self._put(name, before[name])
            raise

    def _put(self, name: str, value: str | None) -> None:
        if value is None:
            self._preferences.clear(name)
        else:
            self._preferences.put(name, value)


class AppleMail(Recorded):
    """See ``MailClient``: an account is an address."""

    name = "Apple Mail"
    any_use = True

    def __init__(
        self, home: Path, state: Path, entries: Callable[[], Iterable[Entry]],
        preferences: IdentityPreferences | None = None,
    ) -> None:
        self._home, self._entries = home, entries
        self._preferences = preferences or IdentityPreferences()
        self._records = Records(state, _Preferences(self._preferences))

    def accounts(self) -> tuple[Account, ...]:
        """See ``MailClient``."""
        entries = tuple(self._entries())
        held = by_thumbprint(entries)
        known = dict.fromkeys(self._configured())
        owned = (email for entry in entries if entry.has_key for email in entry.certificate.emails)
        for email in owned:
            if normal(email) and not among(email, known):
                known[email] = None
        return tuple(self._account(email, entries, held) for email in known)

    def _account(self, email: str, entries: Sequence[Entry], held: Mapping[str, Entry]) -> Account:
        preferred = self._preferences.get(email)
        if preferred is not None:
            chosen = choice(preferred, held)
            return Account(email, email, "Apple Mail", chosen, chosen)
        fitting = [entry for entry in entries if entry.has_key and among(email, entry.certificate.emails)]
        if len(fitting) != 1:
            note = ("several certificates have this address, and no identity preference says which",) if fitting else ()
            return Account(email, email, "Apple Mail", notes=note)
        only = choice(fitting[0].certificate.thumbprint, held)
        return Account(email, email, "Apple Mail", only, only)

    def _configured(self) -> Iterator[str]:
        """The addresses in Mail's settings, each once."""
        seen: list[str] = []
        for pattern in _SETTINGS:
            for path in sorted(self._home.glob(pattern)):
                for email in _addresses(path):
                    if not among(email, seen):
                        seen.append(email)
                        yield email

    def requirements(self, association: Association) -> Requirements:
        """See ``MailClient``."""
        del association
        return Requirements(email_trust=True, chain=True)

    def foresee(self, associations: Sequence[Association]) -> list[Foreseen]:
        """See ``MailClient``."""
        reasons = [decides_for_all(self.name, one) for one in associations]
        return [without_defaults(one, why) if why else Foreseen(one)
                for one, why in zip(associations, reasons, strict=True)]

    def require_writable(self) -> None:
        """See ``MailClient``: Mail asks the keychain whenever it needs a certificate."""

    def prepare(self, associations: Sequence[Association]) -> str:
        """See ``MailClient``."""
        known = [account.id for account in self.accounts()]
        wanted: dict[str, str | None] = {}
        for one in associations:
            require_no_defaults(self.name, one)
            arriving = [email for certificate in one.needs for email in certificate.emails]
            if one.account not in known and not among(one.email, arriving):
                raise NoMatch(f"Apple Mail has no account {one.email}", "List the accounts again.")
            certificate = one.signing or one.encryption
            if certificate is not None and not (one.signing is None and self._signs_already(one.email)):
                wanted[one.email] = certificate.thumbprint
        needs = {need.sha256 for one in associations for need in one.needs}
        return self._records.prepare(wanted, needs, {email: email for email in wanted})

    def _signs_already(self, email: str) -> bool:
        """There is one preference for both: what signs keeps it from what only encrypts."""
        return any(same(account.email, email) and account.signing is not None for account in self.accounts())


def _addresses(path: Path) -> Iterator[str]:
    """``EmailAddresses`` of every account in a property list; none where it cannot be read."""
    try:
        found: Any = plistlib.loads(read(path))
    except (Error, ValueError, TypeError, ExpatError, plistlib.InvalidFileException):
        return
    accounts = found.get("MailAccounts") if isinstance(found, dict) else None
    for account in accounts[:_MOST] if isinstance(accounts, list) else ():
        emails = account.get("EmailAddresses") if isinstance(account, dict) else None
        for email in emails if isinstance(emails, list) else ():
            if isinstance(email, str) and normal(email):
                yield email.strip()
