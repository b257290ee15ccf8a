"""What is to be said of a Windows store beyond its certificates: who serves them, and who else may use them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migrate.checkup.finding import Finding, note, problem, warning
from migrate.checkup.hosts import covers, names, serves
from profiles.errors import Error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.certificate import Certificate
    from profiles.model import Entry, Listing
    from profiles.windows.bindings import Binding

OUTDATED = "binding-outdated"


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
        if binding.store.upper() in ("", "MY"):
            shown = entries.get(binding.thumbprint)
            yield _said(binding, shown, _wrong(shown, now), _successor(binding, shown, listing, now))


def _said(binding: Binding, shown: Entry | None, wrong: str, better: Entry | None) -> Finding:
    """Of one address: that it is as it should be, that it could show another certificate, or that it must."""
    subject = _name(shown.certificate) if shown else binding.thumbprint
    address = f"the server address {binding.address} shows"
    if better is not None:
        first, last = (f"{moment:%Y-%m-%d}" for moment in better.certificate.validity)
        remedy = (f"As administrator, show {_name(better.certificate)} of {first}, valid until {last}, there (note the "
                  "other settings of the address before: they may fall back to their defaults): "
                  + binding.rebind(better.certificate.thumbprint))
        if wrong:
            return problem(OUTDATED, subject, f"{address} a certificate that {wrong}", remedy)
        return warning(OUTDATED, subject, f"{address} it, and one for the same names that was issued later is here",
                       remedy)
    if wrong:
        return problem("binding-broken", subject, f"{address} a certificate that {wrong}",
                       "Bring its certificate with its key into windows:machine.")
    return note("bound", subject, f"{address} it")


def _wrong(shown: Entry | None, now: datetime) -> str:
    if shown is None:
        return "is not in the store"
    if not shown.has_key:
        return "has no key here"
    last = shown.certificate.validity[1]
    return f"expired on {last:%Y-%m-%d}" if last < now else ""


def _successor(binding: Binding, shown: Entry | None, listing: Listing, now: datetime) -> Entry | None:
    """The valid identity issued last for the host that the address is for, or for all names of what it shows now.

    Where that still works, only one that was issued later.
    """
    wanted = ({binding.host} if binding.by_name else names(shown.certificate) if shown else ())
    since = shown.certificate.validity if shown and not _wrong(shown, now) else None
    fit = [entry for entry in listing.entries if not _wrong(entry, now) and entry.certificate.validity[0] <= now
           and (since is None or entry.certificate.validity > since) and serves(entry.certificate)
           and wanted and all(covers(entry.certificate, host) for host in wanted)]
    return max(fit, key=lambda entry: entry.certificate.validity, default=None)


def _name(certificate: Certificate) -> str:
    return certificate.common_name or certificate.sha256[:16]
