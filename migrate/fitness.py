"""Whether a certificate does for new mail: what it is made for, and whether it is valid now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from profiles.certificate import Certificate
    from profiles.mail.client import MailClient

_MADE_FOR = {"client": "signing in to web sites", "server": "web servers", "code": "signing programs"}
_TELLING = ("not-yet-valid", "expired", "self-signed", "wrong-usage")
"""Codes, and what a person would rather know of several before the rest."""
_MOST = 3


def unfit(certificate: Certificate, client: MailClient, now: datetime) -> tuple[str, str] | None:
    """Why new mail cannot be signed or encrypted with it, as a code and a reason; None if it can."""
    name = certificate.common_name
    wrong = _wrong_kind(certificate, client)
    if wrong is not None:
        return wrong
    first, last = certificate.validity
    if last < now:
        return "expired", f"{name} expired on {last:%Y-%m-%d}: it opens old mail, and is never set for new mail"
    if first > now:
        return "not-yet-valid", f"{name} is not valid before {first:%Y-%m-%d}"
    return None


def _wrong_kind(certificate: Certificate, client: MailClient) -> tuple[str, str] | None:
    name = certificate.common_name
    if certificate.is_ca and certificate.self_issued:
        return "self-signed", f"{name} is signed by itself and may issue others (CA:TRUE): such a one is not for mail"
    why = _use_elsewhere(certificate, client)
    if certificate.is_ca:
        why = "is the certificate of an authority (CA:TRUE), not of a person"
    elif not certificate.public_key.name.startswith(("rsa", "ec")):
        why = "has a key that mail programs do not use"
    elif not (certificate.extensions.signs or certificate.extensions.encrypts):
        why = "is for neither signing nor encrypting"
    return ("wrong-usage", f"{name} {why}") if why else None


def _use_elsewhere(certificate: Certificate, client: MailClient) -> str:
    """What it is for instead of e-mail; empty where it is for that."""
    usages = certificate.usages
    if not usages or "email" in usages:
        return ""
    if "any" in usages:
        return "" if client.any_use else f"is for any use, and {client.name} takes only what names e-mail"
    return f"is for {', '.join(_MADE_FOR.get(one, f'the use {one}') for one in usages)}, not for e-mail"


def told(faults: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """One code and reason for several certificates: each is named, what tells most first."""
    ordered = sorted(dict.fromkeys(faults), key=lambda fault: _TELLING.index(fault[0]))
    more = f"; and {len(ordered) - _MOST} more" if len(ordered) > _MOST else ""
    return ordered[0][0], "; ".join(reason for _, reason in ordered[:_MOST]) + more
