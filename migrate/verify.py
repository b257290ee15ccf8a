"""Proof of arrival: a fresh read of the target shows the same key, chain and trust, and the key signs.

A key that signs nothing is proved by its public half, computed anew from what is there.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from migrate.plan import Kind, Step
from profiles.errors import VerificationFailed
from profiles.model import Selection
from profiles.trust import covers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profiles.certificate import Certificate
    from profiles.mail.client import Account, Association, Choice, MailClient
    from profiles.model import Entry, Listing
    from profiles.store import Store


def verify(target: Store, step: Step) -> None:
    """Raise ``VerificationFailed`` with everything that does not hold, all at once."""
    certificates = [entry.certificate for entry in step.additions]
    certificates += [certificate for certificate, _ in step.trust]
    if step.certificate is not None:
        certificates.append(step.certificate)
    listing = target.list({certificate.subject for certificate in certificates})
    wrong = [f"{one.common_name} is not there" for one in certificates if listing.entry(one.sha256) is None]
    wrong += _untrusted(step, listing)
    if step.kind is not Kind.CERTIFICATE and step.moves_key:
        wrong += _unproved(target, step, listing)
    if wrong:
        raise VerificationFailed(
            f"a fresh read of {target.location} does not show {step.title} as it was written: {'; '.join(wrong)}",
            "Everything of this step was taken back; the source is as it was.",
        )


def require_kept(before: Sequence[Entry], now: Listing) -> None:
    """Raise ``VerificationFailed`` unless every certificate that was there before still is, with its key."""
    for entry in before:
        found = now.entry(entry.certificate.sha256)
        if found is None or (entry.has_key and not found.has_key):
            raise VerificationFailed(
                f"an older certificate of {entry.certificate.common_name} or its key went when the new one came",
                "Everything of this step was taken back; the source is as it was.")


def verify_associations(client: MailClient, associations: Sequence[Association]) -> None:
    """Raise ``VerificationFailed`` unless every account, read afresh, uses its certificates and defaults."""
    accounts = {account.id: account for account in client.accounts()}
    wrong = [one.email for one in associations if not _shows(accounts.get(one.account), one)]
    if wrong:
        raise VerificationFailed(
            f"a fresh look at {client.name} does not show what was set at {', '.join(wrong)}",
            "Everything of this step was taken back; the source is as it was.")


def _shows(account: Account | None, one: Association) -> bool:
    if account is None or not (_uses(account.signing, one.signing) and _uses(account.encryption, one.encryption)):
        return False
    return one.sign in (None, bool(account.signs)) and one.encrypt in (None, bool(account.encrypts))


def _uses(choice: Choice | None, wanted: Certificate | None) -> bool:
    return wanted is None or (choice is not None and choice.sha256 == wanted.sha256)


def _untrusted(step: Step, listing: Listing) -> list[str]:
    wrong = []
    for certificate, trust in step.trust:
        entry = listing.entry(certificate.sha256)
        if entry is None or not covers(entry.trust, trust):
            wrong.append(f"{certificate.common_name} is not trusted as it should be")
    return wrong


def _unproved(target: Store, step: Step, listing: Listing) -> list[str]:
    """The key of the step signs, and its certificate (or the key's own public value) verifies the signature."""
    if step.certificate is None:
        return _unproved_alone(target, step)
    entry = listing.entry(step.certificate.sha256)
    if entry is None or not entry.has_key:
        return ["its key is not there"]
    from profiles.pkcs12.keys import verify as verified

    public = step.certificate.public_key
    if not step.key_signs:
        there = _computed(target, Selection.of([step.certificate.sha256]))
        return [] if there == public.id else ["the key that is there is not the certificate's"]
    challenge = b"certferry proves this key " + secrets.token_bytes(32)
    if not verified(public, challenge, target.sign(public.id, challenge)):
        return ["the key that is there is not the certificate's"]
    return []


def _unproved_alone(target: Store, step: Step) -> list[str]:
    """As ``_unproved``, of a key without certificate."""
    if step.key is None or step.key.id not in (key.id for key in target.list().pending_keys):
        return ["the key is not there"]
    if step.key_signs:
        target.sign(step.key.id, b"certferry")
    elif _computed(target, Selection.of(keys=[step.key.id])) != step.key.id:
        return ["the key that is there is another"]
    return []


def _computed(target: Store, wanted: Selection) -> str:
    """The id of the one key that is handed out, computed from it and from nothing beside it; ``Unsupported``."""
    from profiles.pkcs12.seal import open_sealed

    return next((item.key.computed.id for item in open_sealed(target.export(wanted)).items if item.key), "")
