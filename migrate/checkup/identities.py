"""What is wrong with certificates and keys, wherever they lie: validity, chain, strength, use, and who lacks what."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from migrate.chain import Pool, complete
from migrate.checkup.finding import Finding, note, problem, warning
from migrate.checkup.strength import weaknesses
from profiles.errors import PasswordNeeded, WrongPassword

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from profiles.certificate import Certificate
    from profiles.model import Entry, Listing


@dataclass
class Circumstances:
    """One listing, and what may help from elsewhere, looked at only where something is missing."""

    listing: Listing
    file: bool
    others: Callable[[], Iterable[Listing]] = tuple
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def pool(self) -> Pool:
        """Everything in this store."""
        return Pool(entry.certificate for entry in self.listing.entries)

    @cached_property
    def elsewhere(self) -> tuple[Listing, ...]:
        """The listings of the other stores."""
        return tuple(self.others())

    @cached_property
    def identities(self) -> tuple[Entry, ...]:
        """Every certificate with its key, once."""
        found = {entry.certificate.der: entry for entry in self.listing.entries if entry.has_key}
        return tuple(found.values())

    @property
    def place(self) -> str:
        """The location as it is typed."""
        return str(self.listing.location)

    def successor(self, old: Certificate) -> Certificate | None:
        """Another identity here that is valid now and serves the same person for the same."""
        def serves(new: Certificate) -> bool:
            same = new.subject == old.subject or bool(set(new.emails) & set(old.emails))
            return same and set(old.usages) <= {*new.usages, *(old.usages if "any" in new.usages else ())}

        return next((entry.certificate for entry in self.identities if entry.certificate != old
                     and _valid(entry.certificate, self.now) and serves(entry.certificate)), None)


def examine(here: Circumstances) -> Iterator[Finding]:
    """What is wrong with every identity, and with what lacks its other half."""
    for entry in here.identities:
        yield from validity(entry.certificate, here)
        yield from chain(entry.certificate, here)
        yield from weaknesses(entry.certificate, here.pool)
    if here.file:
        yield from _halves(here)


def _valid(certificate: Certificate, now: datetime) -> bool:
    first, last = certificate.validity
    return first <= now <= last


def validity(certificate: Certificate, here: Circumstances) -> Iterator[Finding]:
    """Expired, not yet valid, or soon to expire."""
    first, last = certificate.validity
    name = certificate.common_name
    if last < here.now:
        new = here.successor(certificate)
        if new is not None:
            yield note("expired", name, f"it expired on {last:%Y-%m-%d}; {new.common_name}, valid until "
                       f"{new.validity[1]:%Y-%m-%d}, is here too", "Keep it: mail that was encrypted for it needs it.")
        else:
            yield problem("expired", name, f"it expired on {last:%Y-%m-%d}: it opens old mail, but nobody accepts it "
                          "for signing or logging in", "Ask its authority for a new one; keep this one for old mail.")
    elif first > here.now:
        yield problem("not-yet-valid", name, f"it is not valid before {first:%Y-%m-%d}",
                      "Wait for that day; if it has come, set the clock of this computer.")
    elif (last - here.now).days < 30:
        yield warning("expires-soon", name, f"it expires on {last:%Y-%m-%d}, in {(last - here.now).days} days",
                      "Ask its authority for a new one in time.")


def chain(certificate: Certificate, here: Circumstances) -> Iterator[Finding]:
    """What is missing above a certificate, and where it is."""
    found = complete(certificate, here.pool)
    if found.complete or found.missing is None:
        return
    top = found.above[-1] if found.above else certificate
    from profiles.names import attribute, text

    wanted = attribute(found.missing, "2.5.4.3") or text(found.missing)
    name = certificate.common_name
    if (located := _issuer(top, here)) is not None:
        where, issuer = located
        what = "root" if issuer.self_issued else "intermediate"
        level = warning if issuer.self_issued and found.above else problem
        yield level("chain-incomplete", name, f"its chain is incomplete: the {what} certificate {wanted} is missing; "
                    f"{where} has it", *_completing(here, where, issuer))
    elif found.above:
        yield warning("chain-incomplete", name, f"its chain ends below {wanted}, which is in no store on this "
                      "computer; if that is a well-known root, programs have it already",
                      "Where it is refused, ask its authority for the certificates above it.")
    else:
        yield problem("chain-incomplete", name, "its chain is incomplete: the certificate of its issuer, "
                      f"{wanted}, is in no store on this computer", _offered(certificate))


def _issuer(certificate: Certificate, here: Circumstances) -> tuple[str, Certificate] | None:
    """The issuer of a certificate in another store, and where."""
    for listing in here.elsewhere:
        for entry in listing.entries:
            if entry.certificate.issued(certificate):
                return str(listing.location), entry.certificate
    return None


def _completing(here: Circumstances, where: str, issuer: Certificate) -> tuple[str, tuple[str, ...]]:
    if here.file:
        return "Make a new file; what is missing is added to it.", ("convert", here.place, "NEW.p12")
    return "Bring it over.", ("migrate", where, here.place, "--only", issuer.sha256[:16])


def _offered(certificate: Certificate) -> str:
    """Where the authority says that it offers its certificate (RFC 5280, 4.2.2.1); never fetched."""
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    ask = "Ask the authority for its intermediate certificates"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd about a certificate is said in findings
            found = certificate.x509.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value \
                if certificate.x509 else ()
    except (x509.ExtensionNotFound, ValueError):
        found = ()
    urls = [one.access_location.value for one in found
            if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS
            and isinstance(one.access_location, x509.UniformResourceIdentifier)]
    return f"{ask}; it says that it offers them at {urls[0]}" if urls else f"{ask}, and put them into the store."


def _halves(here: Circumstances) -> Iterator[Finding]:
    """Certificates of people without their keys, and keys without their certificates, in a file."""
    listing = here.listing
    bare = [entry.certificate for entry in listing.entries if not entry.has_key and not entry.certificate.is_ca]
    if any(one.code in (PasswordNeeded.code, WrongPassword.code) for one in listing.problems):
        return  # they may be inside, sealed
    if not (listing.entries or listing.pending_keys):
        yield problem("empty", "", "there is no certificate and no private key in the file",
                      "Export what should be in it once more, with its private key, where it works.")
    if not listing.pending_keys:
        yield from _keyless(bare, here)
    for key in listing.pending_keys:
        if bare:
            yield problem("key-of-another", bare[0].common_name, f"the private key in the file ({key.key}"
                          f"{', ' + key.nickname if key.nickname else ''}) is not the one of this certificate",
                          "Find the file or the store that the certificate was requested with: its key is there.")
        else:
            yield problem("certificate-missing", key.nickname or key.id[:16],
                          f"the file has a private key ({key.key}) without its certificate",
                          "Add the certificate that was issued for it: move both into one store.")


def _keyless(bare: Sequence[Certificate], here: Circumstances) -> Iterator[Finding]:
    """Certificates in a file without any key of their own."""
    for certificate in bare:
        yield _without_key(certificate, here) if not here.identities else note(
            "key-missing", certificate.common_name, "its private key is not in the file")
    if here.listing.entries and not bare and not here.identities:
        level = problem if here.place.lower().endswith((".p12", ".pfx")) else note
        yield level("key-missing", "", "there is no private key in the file, only certificates of authorities",
                    "If it should be somebody's own certificate, export it again, with its private key.")


def _without_key(certificate: Certificate, here: Circumstances) -> Finding:
    message = "the private key is missing: with the certificate alone nobody can sign, log in or read mail"
    for listing in here.elsewhere:
        own = listing.entry(certificate.sha256)
        if own is not None and own.has_key:
            return problem("key-missing", certificate.common_name, f"{message}; {listing.location} has it",
                           "Make the file again from there.",
                           ("backup", str(listing.location), "NEW.p12", "--only", certificate.sha256[:16]))
    return problem("key-missing", certificate.common_name, message,
                   "Export it again where it works, and have the private key exported too (in Windows: "
                   '"Yes, export the private key"). If it was just issued, the key is where it was requested.')
