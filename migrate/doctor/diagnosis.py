"""Everything that stands between people and their certificates, store by store; pure, from what was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.checkup import identities, windows
from migrate.checkup.finding import Finding, note, ordered, problem, warning
from migrate.checkup.identities import Circumstances
from migrate.checkup.strength import weaknesses
from migrate.doctor.halves import apart
from migrate.doctor.needs import needs, unproved
from profiles.nss.store import upgrade
from profiles.products import software

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrate.doctor.patient import Patient

_LONG_SALT_SINCE = (3, 118)


def diagnosis(patient: Patient, all_of_them: Sequence[Patient]) -> tuple[Finding, ...]:
    """What is wrong with one store, with the others on this computer at hand."""
    return ordered((*_store(patient, all_of_them), *_contents(patient, all_of_them)))


def _contents(patient: Patient, all_of_them: Sequence[Patient]) -> Iterator[Finding]:
    if patient.listing is None:
        return
    others = [one.listing for one in all_of_them
              if one.listing is not None and one.found.path != patient.found.path]
    here = Circumstances(patient.listing, file=False, others=lambda: others)
    for entry in here.identities:
        yield from identities.validity(entry.certificate, here)
        yield from identities.chain(entry.certificate, here)
        yield from weaknesses(entry.certificate, here.pool)
        yield from needs(patient, entry, here)
    yield from apart(here)
    if patient.listing.location.kind == "windows":
        yield from windows.findings(patient.listing)
    yield from unproved(patient, patient.signs.unproved)
    for one in patient.listing.problems:
        if one.code != "incomplete" or patient.listing.entries:
            yield warning(one.code, "", one.message)


def _store(patient: Patient, all_of_them: Sequence[Patient]) -> Iterator[Finding]:
    found = patient.found
    if found.state == "legacy":
        yield problem("legacy-database", "", "it has only databases of the format before 2018 (cert8.db, key3.db), "
                      f"which {found.product} no longer reads", upgrade(found.path))
        return
    if patient.error is not None:
        yield problem(patient.error.code, "", patient.error.message, patient.error.hint)
        return
    if patient.signs.legacy_beside and not patient.identities:
        yield problem("legacy-beside", "", f"beside a new database without keys lies an old one "
                      f"({', '.join(patient.signs.legacy_beside)}), which {found.product} no longer reads: the keys "
                      "may be there", upgrade(found.path))
    yield from _use(patient, all_of_them)
    yield from _password(patient)
    if patient.listing is not None and not patient.identities and found.default:
        yield from _bare(patient, all_of_them)


def _use(patient: Patient, all_of_them: Sequence[Patient]) -> Iterator[Finding]:
    """Whether the application uses this store at all, and is at it now."""
    found = patient.found
    if found.state.startswith("in use by "):
        yield note("running", "", f"{found.state.removeprefix('in use by ')} has it open: it sees new certificates, "
                   "but goes on without one at sites that it was refused by", "Close it and start it again.")
    used = next((one for one in all_of_them if one.found.default and one.found.product == found.product), None)
    if used is None or used is patient or found.default or not patient.identities:
        return
    if found.state == "hidden":
        yield problem("hidden", "", f"{found.product} reads {used.found.path} and not this: what is here is never "
                      "offered", "Bring it over.", ("migrate", patient.place, used.place))
    elif not used.identities:
        yield problem("profile-not-used", "", f"{found.product} starts with the profile {used.place}, which has no "
                      "certificate with a key; those are in this one", "Bring them over, or start the application with "
                      "this profile.", ("migrate", patient.place, used.place))
    else:
        yield note("profile-not-used", "", f"{found.product} starts with the profile {used.place} and not with this "
                   "one")


def _password(patient: Patient) -> Iterator[Finding]:
    """A primary password that the application's own NSS is too old for."""
    if not patient.signs.long_salt or patient.platform is None:
        return
    version = software.nss_version(patient.platform)
    if version is not None and version < _LONG_SALT_SINCE:
        older = f"{version[0]}.{version[1]}"
        yield problem("password-unreadable", "", "its primary password was set by a newer program: "
                      f"{patient.found.product} here has NSS {older} and calls the right password "
                      "wrong (NSS 3.118 changed how it is kept)",
                      "Update the application; or make a new database from this one, which older programs can open.",
                      ("migrate", patient.place, "nss:NEW"))


def _bare(patient: Patient, all_of_them: Sequence[Patient]) -> Iterator[Finding]:
    """The application has no certificate with a key, but another has."""
    others = [one for one in all_of_them if one.identities and one.found.path != patient.found.path]
    if others and not any(one.found.product == patient.found.product for one in others):
        rich = max(others, key=lambda one: (one.found.default, one.identities))
        yield note("nothing-here", "", f"{patient.found.product} has no certificate with a key of its own, and "
                   f"applications do not share them; {rich.found.product} has {rich.identities} ({rich.place})",
                   "Bring over what is to be used here.", ("migrate", rich.place, patient.place))
