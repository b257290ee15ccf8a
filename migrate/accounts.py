"""What is right and wrong with the certificates that mail accounts use now: judgements over one store's listing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from migrate.chain import Pool, complete
from migrate.fitness import unfit
from migrate.report import SCHEMA
from profiles.mail.address import among
from profiles.mail.client import Association
from profiles.model import Level, Listing

if TYPE_CHECKING:
    from datetime import datetime

    from profiles.mail.client import Account, Choice, MailClient


class Verdict(NamedTuple):
    """What one account does with one certificate, and whether that works."""

    choice: Choice | None
    code: str
    """``ok``, ``none`` (nothing is set), or what is wrong."""
    reason: str = ""


class Judged(NamedTuple):
    """One account with a verdict on each of its two certificates."""

    account: Account
    signing: Verdict
    encryption: Verdict


def judge(client: MailClient, listing: Listing, now: datetime) -> list[Judged]:
    """Every account of a mail program; ``listing`` is all of its store."""
    pool = Pool(entry.certificate for entry in listing.entries)

    def verdict(account: Account, choice: Choice | None, *, signs: bool) -> Verdict:
        if choice is None:
            return Verdict(None, "none", "no certificate is set")
        fault = _fault(client, account, choice, now, signs=signs) or _distrust(client, account, choice, listing, pool)
        return Verdict(choice, *(fault or ("ok", "")))

    return [Judged(account, verdict(account, account.signing, signs=True),
                   verdict(account, account.encryption, signs=False)) for account in client.accounts()]


def _fault(
    client: MailClient, account: Account, choice: Choice, now: datetime, *, signs: bool
) -> tuple[str, str] | None:
    entry = choice.entry
    if entry is None:
        return "missing", "the certificate is not in this store; it may be gone, or on a smart card"
    certificate = entry.certificate
    if not entry.has_key:
        return "no-key", "the certificate is there, but its private key is not"
    fault = unfit(certificate, client, now)
    if fault is not None:
        return fault
    if not (certificate.extensions.signs if signs else certificate.extensions.encrypts):
        return "wrong-usage", f"{certificate.common_name} is not for {'signing' if signs else 'encrypting'}"
    if not among(account.email, certificate.emails):
        return "other-address", f"it is for {', '.join(certificate.emails[:3]) or 'no address'}, not for this account"
    return None


def _distrust(
    client: MailClient, account: Account, choice: Choice, listing: Listing, pool: Pool
) -> tuple[str, str] | None:
    if choice.entry is None:
        return None
    certificate = choice.entry.certificate
    if not client.requirements(Association(account.id, account.email, certificate, None)).email_trust:
        return None
    chain = complete(certificate, pool)
    entries = [listing.entry(one.sha256) for one in (certificate, *chain.above)]
    levels = [entry.trust.email for entry in entries if entry is not None]
    if Level.DISTRUSTED in levels:
        return "distrusted", "an authority above it is distrusted here for e-mail"
    if chain.complete and not chain.above:
        return "self-signed", f"it is signed by itself, and {client.name} signs with no such certificate"
    if chain.complete and Level.TRUSTED not in levels:
        return "not-trusted", f"no authority above it is trusted here for e-mail, so {client.name} will not sign"
    return None


def accounts_json(client: MailClient, listing: Listing, found: list[Judged]) -> dict[str, Any]:
    """The object ``mail --json`` prints."""
    return {
        "schema": SCHEMA,
        "location": str(listing.location),
        "program": client.name,
        "path": listing.path,
        "accounts": [{
            "id": one.account.id,
            "email": one.account.email,
            "name": one.account.name,
            "signing": _verdict_json(one.account, one.signing),
            "encryption": _verdict_json(one.account, one.encryption),
            "sign": one.account.signs,
            "encrypt": one.account.encrypts,
            "notes": list(one.account.notes),
        } for one in found],
    }


def _verdict_json(account: Account, verdict: Verdict) -> dict[str, Any] | None:
    if verdict.choice is None:
        return None
    entry = verdict.choice.entry
    certificate = entry.certificate if entry else None
    return {
        "label": verdict.choice.label,
        "sha256": verdict.choice.sha256 or None,
        "present": entry is not None,
        "has_key": bool(entry and entry.has_key),
        "for_address": among(account.email, certificate.emails) if certificate else None,
        "not_after": certificate.validity[1].isoformat().replace("+00:00", "Z") if certificate else None,
        "code": verdict.code,
        "reason": verdict.reason,
    }
