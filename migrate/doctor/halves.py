"""Certificates whose keys, and keys whose certificates, lie in another store of this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.checkup.finding import Finding, note, problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrate.checkup.identities import Circumstances
    from profiles.certificate import Certificate
    from profiles.model import PendingKey


def apart(here: Circumstances) -> Iterator[Finding]:
    """What could be an identity if its halves were brought together; other people's certificates are passed over."""
    for entry in here.listing.entries:
        if not entry.has_key and not entry.certificate.is_ca:
            yield from _keyless(entry.certificate, here)
    for key in here.listing.pending_keys:
        yield _pending(key, here)


def _keyless(certificate: Certificate, here: Circumstances) -> Iterator[Finding]:
    own = here.listing.entry(certificate.sha256)
    if own is not None and own.has_key:
        return
    message = "the certificate is here, but not its private key: it is offered nowhere"
    for listing in here.elsewhere:
        entry = listing.entry(certificate.sha256)
        if entry is not None and entry.has_key:
            yield problem("key-missing", certificate.common_name, f"{message}; {listing.location} has both",
                          "Bring it over.", _bring(str(listing.location), here, certificate.sha256[:16]))
            return
        if certificate.key_id in (key.id for key in listing.pending_keys):
            yield problem("key-missing", certificate.common_name, f"{message}; the key is in {listing.location}",
                          "Bring the key over.", _bring(str(listing.location), here, certificate.key_id))
            return


def _pending(key: PendingKey, here: Circumstances) -> Finding:
    name = key.nickname or f"key {key.id[:16]}"
    for listing in here.elsewhere:
        for entry in listing.entries:
            if entry.certificate.key_id == key.id:
                return problem("certificate-missing", name, f"a private key ({key.key}) waits here for its "
                               f"certificate; {listing.location} has it ({entry.certificate.common_name})",
                               "Bring it over.", _bring(str(listing.location), here, entry.certificate.sha256[:16]))
    return note("certificate-missing", name, f"a private key ({key.key}) waits here for its certificate",
                "Fetch the certificate with this application when it is issued. Until then keep a backup of the key.",
                ("backup", here.place, "NEW.p12", "--only", key.id))


def _bring(source: str, here: Circumstances, only: str) -> tuple[str, ...]:
    return "migrate", source, here.place, "--only", only
