"""What is to be said of a Windows store beyond its certificates: who serves them, and who else may use them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migrate.checkup.finding import Finding, note, problem
from profiles.errors import Error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.certificate import Certificate
    from profiles.model import Entry, Listing
    from profiles.windows.bindings import Binding


def findings(listing: Listing) -> Iterator[Finding]:
    """What the computer's server addresses want of its store, or that applications of the user can share his."""
    if listing.location.where != "machine":
        yield note("in-place", "", "Firefox and Thunderbird can use the identities of this store where they are "
                   "(security.osclientcerts.autoload in about:config); a copy is needed only for other profiles")
        return
    from profiles.windows.bindings import bindings

    try:
        found = bindings()
    except Error as error:
        yield note("bindings-unknown", "", error.message, error.hint)
        return
    yield from served(found, listing, datetime.now(UTC))


def served(bindings: tuple[Binding, ...], listing: Listing, now: datetime) -> Iterator[Finding]:
    """Which server addresses show which certificate of the store, and the command for those that need another."""
    entries = {entry.certificate.thumbprint: entry for entry in listing.entries}
    for binding in bindings:
        if binding.store.upper() not in ("", "MY"):
            continue
        shown = entries.get(binding.thumbprint)
        wrong = _wrong(shown, now)
        if shown is not None and not wrong:
            yield note("bound", _name(shown.certificate), f"the server address {binding.address} shows it")
            continue
        yield _unbound(binding, shown, wrong, _successor(binding, shown, listing, now))


def _unbound(binding: Binding, shown: Entry | None, wrong: str, better: Entry | None) -> Finding:
    subject = _name(shown.certificate) if shown else binding.thumbprint
    said = f"the server address {binding.address} shows a certificate that {wrong}"
    if better is None:
        return problem("binding-broken", subject, said, "Bring its certificate with its key into windows:machine.")
    return problem("binding-outdated", subject, said, f"As administrator, show {_name(better.certificate)} there: "
                   + binding.rebind(better.certificate.thumbprint))


def _wrong(shown: Entry | None, now: datetime) -> str:
    if shown is None:
        return "is not in the store"
    if not shown.has_key:
        return "has no key here"
    last = shown.certificate.validity[1]
    return f"expired on {last:%Y-%m-%d}" if last < now else ""


def _successor(binding: Binding, shown: Entry | None, listing: Listing, now: datetime) -> Entry | None:
    """The valid identity issued last for the same subject, or for the host name that the address is for."""
    host = binding.address.rpartition(":")[0].lower() if binding.by_name else ""
    fit = [entry for entry in listing.entries if not _wrong(entry, now) and entry.certificate.validity[0] <= now
           and ((shown is not None and entry.certificate.subject == shown.certificate.subject)
                or (host and host == entry.certificate.common_name.lower()))]
    return max(fit, key=lambda entry: entry.certificate.validity[0], default=None)


def _name(certificate: Certificate) -> str:
    return certificate.common_name or certificate.sha256[:16]
