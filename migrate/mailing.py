"""Which account of a mail program gets which certificate: pure choices, made before anything is asked or written.

New mail is signed and encrypted with the certificate for the account's address that was issued last and is valid now,
one for each use where the key usages say so (dual-key pairs). What an account uses already and is as good stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from migrate.fitness import told, unfit
from profiles.errors import NoMatch
from profiles.mail.address import among, normal, same
from profiles.mail.client import Account, Association, Choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from profiles.certificate import Certificate
    from profiles.mail.client import MailClient
    from profiles.model import Entry

AUTO = "auto"


class Wish(NamedTuple):
    """What the user wants of the mail program."""

    associate: str = AUTO
    """An address, or ``auto`` for every account that a certificate fits."""
    picked: bool = False
    """The certificates were named one by one: they are used even where the account has a later one."""
    sign: bool | None = None
    encrypt: bool | None = None
    widen: frozenset[str] | None = None
    """Authorities (fingerprints) that may be trusted for e-mail though the source does not; None: whatever it takes."""


class Use(NamedTuple):
    """What becomes of one account."""

    account: Account
    outcome: str
    """``set``, ``kept`` (it uses that already, or a later one), ``left`` (nothing fits it), ``skipped``, ``failed``."""
    code: str = ""
    reason: str = ""
    association: Association | None = None
    after: Certificate | None = None
    """In whose step it is set, where the association needs no certificate."""

    @property
    def falls_short(self) -> bool:
        """Whether something that was asked for it is not so."""
        return self.outcome in ("skipped", "failed") or (self.outcome in ("set", "kept") and bool(self.code))

    @property
    def needs(self) -> tuple[Certificate, ...]:
        """The certificates in whose steps it may be set: the last of them."""
        if self.association is None:
            return ()
        return self.association.needs or ((self.after,) if self.after else ())


def choose(client: MailClient, entries: Iterable[Entry], wish: Wish, now: datetime) -> list[Use]:
    """One outcome for every account in question; ``NoMatch`` where an address was named and nothing is for it."""
    accounts, program = client.accounts(), client.name
    owned = [entry.certificate for entry in entries if entry.has_key]
    if wish.associate.casefold() == AUTO:
        return [_use(account, owned, wish, client, now) for account in accounts]
    named = [account for account in accounts if same(account.email, wish.associate)]
    if not named:
        known = ", ".join(dict.fromkeys(account.email for account in accounts if account.email))
        raise NoMatch(f"no account of {program} has the address {wish.associate}",
                      f"Its addresses are {known}." if known else f"Set up a mail account in {program} first.")
    if not any(among(wish.associate, certificate.emails) for certificate in owned):
        raise NoMatch(f"no certificate with a key that would be used is for {wish.associate}",
                      "`certferry list` shows the addresses in each certificate.")
    return [_use(account, owned, wish, client, now) for account in named]


def _use(account: Account, owned: Sequence[Certificate], wish: Wish, client: MailClient, now: datetime) -> Use:
    if account.fault is not None:
        return Use(account, "skipped", account.fault.code, account.fault.message)
    if not normal(account.email):
        return Use(account, "left", "no-address", f"the account {account.name or account.id} has no address")
    fitting = [one for one in owned if among(account.email, one.emails)]
    faults = [fault for one in fitting if (fault := unfit(one, client, now))]
    usable = [one for one in fitting if not unfit(one, client, now)]
    if not usable and faults:
        return Use(account, "skipped", *told(faults))
    if not usable:
        return Use(account, "left", "no-match", f"no certificate that would be used is for {account.email}")
    signing, sign, no_sign = _part(
        "sign", [one for one in usable if one.extensions.signs],
        _current(account, account.signing, client, now, signs=True), wish, on=wish.sign)
    encryption, encrypt, no_encrypt = _part(
        "encrypt", [one for one in usable if one.extensions.encrypts],
        _current(account, account.encryption, client, now, signs=False), wish, on=wish.encrypt)
    code = "cannot-sign" if no_sign else "cannot-encrypt" if no_encrypt else ""
    association = Association(account.id, account.email, signing, encryption, sign, encrypt)
    return settled(Use(account, "set", code, "; ".join(filter(None, (no_sign, no_encrypt))), association,
                       max(usable, key=_age)))


def _part(
    what: str, usable: Sequence[Certificate], current: Certificate | None, wish: Wish, *, on: bool | None
) -> tuple[Certificate | None, bool | None, str]:
    """What an account is to sign or encrypt with, whether it is to do so by default, and why that cannot be."""
    keep = wish.associate.casefold() == AUTO and not wish.picked
    best = max(usable, key=_age, default=None)
    stays = best is None or (keep and current is not None and _age(current) > _age(best))
    if on and best is None and current is None:
        return None, None, f"--{what} is not set: the account has no certificate that {what}s"
    return None if stays else best, on, ""


def settled(use: Use) -> Use:
    """The same, ``kept`` where its association would change nothing."""
    if use.association is None or _changes(use.account, use.association):
        return use
    later = "" if use.association.needs else "it uses a certificate that was issued later"
    return Use(use.account, "kept", use.code, "; ".join(filter(None, (later, use.reason))))


def _current(
    account: Account, present: Choice | None, client: MailClient, now: datetime, *, signs: bool
) -> Certificate | None:
    """What the account signs (or encrypts) with, where that does for new mail."""
    if present is None or present.entry is None or not present.entry.has_key:
        return None
    certificate = present.entry.certificate
    suits = certificate.extensions.signs if signs else certificate.extensions.encrypts
    works = suits and among(account.email, certificate.emails) and unfit(certificate, client, now) is None
    return certificate if works else None


def _age(certificate: Certificate) -> tuple[datetime, datetime, str]:
    first, last = certificate.validity
    return first, last, certificate.sha256


def _changes(account: Account, new: Association) -> bool:
    def differs(present: Choice | None, wanted: Certificate | None) -> bool:
        return wanted is not None and (present is None or present.sha256 != wanted.sha256)

    return (differs(account.signing, new.signing) or differs(account.encryption, new.encryption)
            or new.sign not in (None, bool(account.signs)) or new.encrypt not in (None, bool(account.encrypts)))


def needed(uses: Iterable[Use]) -> frozenset[str]:
    """Fingerprints of the certificates that must be in the plan for their associations."""
    return frozenset(one.sha256 for use in uses for one in use.needs)
