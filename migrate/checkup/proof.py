"""Proof that the keys of a store work: each signs, and its certificate verifies the signature."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from migrate.checkup.finding import Finding, note, problem
from profiles.errors import AccessDenied, Error, LeftToUser, Unsupported

if TYPE_CHECKING:
    from profiles.model import Listing
    from profiles.public_key import PublicKey
    from profiles.store import Store


def prove(store: Store, listing: Listing) -> tuple[dict[str, bool | None], list[Finding]]:
    """Whether each key in an unlocked store signs, by fingerprint or key id, and what is wrong with the others."""
    proved: dict[str, bool | None] = {}
    found: list[Finding] = []
    for entry in listing.entries:
        certificate = entry.certificate
        if entry.has_key and certificate.sha256 not in proved:
            proved[certificate.sha256], wrong = _signs(store, certificate.key_id, certificate.public_key)
            found += [one._replace(subject=certificate.common_name) for one in wrong]
    for key in listing.pending_keys:
        proved[key.id], wrong = _signs(store, key.id, None)
        found += [one._replace(subject=key.nickname or key.id[:16]) for one in wrong]
    return proved, found


def _signs(store: Store, key_id: str, public: PublicKey | None) -> tuple[bool | None, list[Finding]]:
    from profiles.pkcs12.keys import verify

    challenge = b"certferry proves this key " + secrets.token_bytes(32)
    try:
        signature = store.sign(key_id, challenge)
        if public is None or verify(public, challenge, signature):
            return True, []
    except (AccessDenied, LeftToUser, Unsupported) as error:
        return None, [note("unproved-key", "", f"{error.message}: whether it works was not proved")]
    except Error as error:
        return False, [problem("broken-key", "", f"the key that is there does not sign: {error.message}", error.hint)]
    return False, [problem("key-of-another", "", "the private key that is filed under this certificate is another's: "
                           "what it signs does not verify", "Bring the certificate in again from a backup.")]
