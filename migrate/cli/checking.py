"""The commands that say what is wrong: ``check`` and ``doctor``."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from migrate import elsewhere, passwords, render
from migrate.checkup.examination import Examination
from migrate.checkup.finding import Severity
from migrate.cli import EXIT_STATUS, findings, sealing
from migrate.cli.looking import used_by
from migrate.doctor.diagnosis import diagnosis
from migrate.doctor.patient import look_at
from migrate.report import SCHEMA
from profiles.commands import certferry
from profiles.errors import Malformed, StoreNotFound, Unsupported
from profiles.products.guided import GUIDED
from profiles.products.locations import FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrate.checkup.checkup import Checkup
    from migrate.checkup.finding import Finding
    from migrate.doctor.patient import Patient



def check(location: str, password: str | None, target: str | None, engine: str, *, to_json: bool) -> int:
    """Look at one store or file and print what there is to say: the exit status."""
    if target is not None:
        sealing.chosen(target)
        _require_pkcs12(location)
    asker = passwords.parse(password, "--from-password or --file-password")
    found = Examination(location, asker, given=password not in (None, "tty"), engine=engine, target=target or "",
                        others=elsewhere.listings, announce=render.announcement).run()
    if to_json:
        render.as_json(found.as_json())
    else:
        findings.checkup(found)
    return status(found)


def _require_pkcs12(location: str) -> None:
    """A usage error where it is certainly something else; a file that cannot be told is looked at all the same."""
    from profiles.discover import resolve

    with suppress(Malformed, Unsupported):
        found = resolve(location)
        if found.location.kind not in ("p12", *GUIDED):
            raise passwords.BadSource(f"--for is for PKCS#12 files, and {location} is none", "Leave --for out.")


def status(found: Checkup) -> int:
    """0 where nothing keeps it from working, 1 where something does; 3 and 7 where it does not open."""
    return {"sound": 0, "flawed": 1}.get(found.status, EXIT_STATUS.get(found.status, 1))


def doctor(wanted: str | None, *, to_json: bool) -> int:
    """Look at every store on this computer, or at those of one application, and print what stands in the way."""
    from profiles.discover import discover

    discovery = discover()
    patients = [look_at(found) for found in discovery.found]
    chosen = _chosen(wanted, patients)
    others = [*patients, *(one for one in chosen if one not in patients)]
    diagnosed = [(one, diagnosis(one, others)) for one in chosen]
    if to_json:
        from migrate import render

        render.as_json({"schema": SCHEMA, "status": "flawed" if _flawed(diagnosed) else "sound", "stores": [
            {"location": one.place, "product": one.found.product, "path": one.found.path, "state": one.seen.state,
             "identities": one.seen.identities, **used_by(one.found), "findings": [each.as_json() for each in found]}
            for one, found in diagnosed]})
    else:
        findings.diagnosed(diagnosed, discovery.problems if wanted is None else ())
    return int(_flawed(diagnosed))


def _flawed(diagnosed: Iterable[tuple[Patient, tuple[Finding, ...]]]) -> bool:
    return any(each.severity is Severity.PROBLEM for _, found in diagnosed for each in found)


def _chosen(wanted: str | None, patients: Sequence[Patient]) -> list[Patient]:
    """All of them, those of an application, or the one at a location."""
    if wanted is None:
        return list(patients)
    ours = [one for one in patients if wanted.lower() in (one.kind, one.found.alias)]
    if ours:
        return ours
    from profiles.discover import resolve

    found = resolve(wanted)
    if found.location.kind in FILES:
        raise Unsupported(f"{found.path} is a file, and doctor looks at what applications use",
                          f"`{certferry('check', found.location)}` says what is wrong with a file.")
    patient = next((one for one in patients if one.found.path == found.path), None) or look_at(found)
    if isinstance(patient.error, StoreNotFound):
        raise patient.error
    return [patient]
