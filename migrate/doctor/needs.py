"""What an application asks of a certificate before it offers or uses it (measured with real ones)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.chain import complete
from migrate.checkup.finding import Finding, note, problem, warning
from profiles.model import Level
from profiles.products import software
from profiles.products.locations import FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migrate.checkup.identities import Circumstances
    from migrate.doctor.patient import Patient
    from profiles.certificate import Certificate
    from profiles.model import Entry

_MAIL = ("thunderbird", "betterbird", "seamonkey")
_NO_BROWSER = ("thunderbird", "betterbird", "evolution", "gpgsm", "mutt", "windows", "nss", *FILES)
_TRUST_BY_HAND = ("In {name}: Settings, Privacy & Security, Manage Certificates, Authorities, select {ca}, Edit Trust, "
                  '"This certificate can identify mail users".')


def browses(kind: str) -> bool:
    """Whether an application logs in with certificates."""
    return kind not in _NO_BROWSER


def needs(patient: Patient, entry: Entry, here: Circumstances) -> Iterator[Finding]:
    """What of an identity does not suit the application that has it."""
    certificate = entry.certificate
    if browses(patient.kind):
        yield from _for_login(patient, certificate, here)
    if patient.kind in _MAIL:
        yield from _for_mail(patient, certificate, here)


def _fits_login(certificate: Certificate) -> bool:
    made_for_it = not certificate.usages or bool({"client", "any"} & set(certificate.usages))
    return made_for_it and certificate.extensions.signs


def _for_login(patient: Patient, certificate: Certificate, here: Circumstances) -> Iterator[Finding]:
    if _fits_login(certificate) or patient.kind == "seamonkey":
        return
    why = "it may not be used to sign" if not certificate.extensions.signs else (
        f"it is made for {', '.join(certificate.usages)}, and not for logging in")
    mates = [one for one in here.identities if one.certificate.subject == certificate.subject]
    level = note if any(_fits_login(one.certificate) for one in mates) else problem
    yield level("usage", certificate.common_name, f"{patient.found.product} never offers it to a site: {why}",
                "Use it in the mail program; for logging in another certificate is needed.")


def _for_mail(patient: Patient, certificate: Certificate, here: Circumstances) -> Iterator[Finding]:
    name, product = certificate.common_name, patient.found.product
    if certificate.usages and "email" not in certificate.usages:  # "any" is not enough for it
        if patient.kind != "seamonkey":
            yield problem("usage", name, f"{product} does not use it for mail: it is made for "
                          f"{', '.join(certificate.usages)}", "Use it in the browser; ask for one for e-mail.")
        return
    if not certificate.emails:
        yield warning("no-email", name, f"it names no e-mail address: {product} can sign with it, but nobody can "
                      "encrypt to it", "Ask its authority for one with your address.")
    yield from _mail_trust(patient, certificate, here)


def _mail_trust(patient: Patient, certificate: Certificate, here: Circumstances) -> Iterator[Finding]:
    """Thunderbird refuses even to sign where the authority is not trusted for e-mail."""
    if patient.listing is None:
        return
    chain = complete(certificate, here.pool)
    entries = [found for one in (certificate, *chain.above) if (found := patient.listing.entry(one.sha256))]
    levels = [entry.trust.email for entry in entries]
    if Level.TRUSTED in levels or Level.PEER in levels or not chain.complete:
        return
    anchor = chain.above[-1] if chain.above else certificate
    known = software.built_in(patient.platform, anchor) if patient.platform else None
    if known and Level.DISTRUSTED not in levels:
        return
    level = warning if known is None and anchor != certificate else problem
    unless = f", unless {patient.found.product} brings it" if level is warning else ""
    by_hand = _TRUST_BY_HAND.format(name=patient.found.product, ca=anchor.common_name)
    where = _trusting(anchor, here)
    yield level("not-trusted-for-mail", certificate.common_name, f"its authority {anchor.common_name} is not trusted "
                f"for e-mail here: {patient.found.product} refuses to sign with it{unless}",
                f"{where} trusts it: bring that over, or do it by hand. {by_hand}" if where else by_hand,
                ("migrate", where, patient.place, "--only", anchor.sha256[:16]) if where else ())


def _trusting(anchor: Certificate, here: Circumstances) -> str:
    """Another store that trusts an authority for e-mail."""
    return next((str(listing.location) for listing in here.elsewhere
                 if (entry := listing.entry(anchor.sha256)) and entry.trust.email is Level.TRUSTED), "")


def unproved(patient: Patient, certificates: Iterable[Certificate]) -> Iterator[Finding]:
    """Trust that counts for nothing."""
    for certificate in certificates:
        yield problem("trust-not-proved", certificate.common_name, f"the trust in it counts for nothing: its "
                      f"signatures are not this database's, as when cert9.db was copied without its key4.db; "
                      f"{patient.found.product} ignores it", "Set its trust once more in the application.")
