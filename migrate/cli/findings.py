"""Findings as people read them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from migrate.checkup import container
from migrate.checkup.checkup import Password
from migrate.checkup.finding import Severity
from migrate.cli.looking import used_by
from migrate.inventory import listing, unseen
from migrate.render import coloured, say, visible, visible_sentence
from profiles.commands import certferry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrate.checkup.checkup import Checkup
    from migrate.checkup.finding import Finding
    from migrate.doctor.patient import Patient
    from profiles.model import Problem

_COLOURS = {Severity.PROBLEM: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
_PASSWORDS = {
    Password.RIGHT: "right",
    Password.WRONG: "wrong",
    Password.NONE: "none is needed",
    Password.NOT_GIVEN: "not given: this is what can be seen from outside",
}


def checkup(found: Checkup) -> None:
    """Everything that came of looking at one store or file."""
    if found.refused:
        say(coloured(visible(str(found.listing.location)), "bold", sys.stdout))
    else:
        say(listing(found.listing._replace(problems=()), dict(found.chains)))
    rows = list(container.lines(found.anatomy)) if found.anatomy else [("format", found.form)] if found.form else []
    if found.password in _PASSWORDS:
        rows.append(("password", _PASSWORDS[found.password]))
    if found.proved:
        rows.append(("keys", _proof(found)))
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        say(f"  {name.ljust(width)}  {visible_sentence(text)}")
    _readers(found)
    findings(found.findings)
    say(_verdict(found))


def _proof(found: Checkup) -> str:
    """How many keys work, and what was seen of them."""
    works = sum(bool(one) for one in found.proved.values())
    alone = sum(key.id in found.proved for key in found.listing.pending_keys)
    where = "" if not alone else " where there is one"
    verified = "" if alone == len(found.proved) else f", and its certificate verifies{where}"
    return f"{works} of {len(found.proved)} proved: it signs{verified}"


def _readers(found: Checkup) -> None:
    """Who opens a file, and the command that makes one for whoever does not."""
    opens = [one.title for one in found.readers if not one.refusal]
    refused = [one for one in found.readers if one.refusal]
    if opens:
        say(f"  {'its ciphers are known to' if found.refused else 'opened by'}: {'; '.join(opens)}")
    right = "the password is right, but " if found.password is Password.RIGHT else ""
    for target in dict.fromkeys(one.target for one in refused):
        for one in refused:
            if one.target == target:
                say(f"  {coloured('!', 'yellow', sys.stdout)} {right}{visible_sentence(one.refusal)}")
        if target:
            say(f"      {command(('convert', str(found.listing.location), 'NEW.p12', '--for', target))}")


def findings(found: Iterable[Finding]) -> None:
    """Each finding with its remedy, and the command that does it."""
    for one in found:
        about = f"{visible(one.subject)}: " if one.subject else ""
        severity = coloured(one.severity.value, _COLOURS[one.severity], sys.stdout)
        say(f"{severity}  {about}{visible_sentence(one.message)}")
        if one.remedy:
            say(f"    {visible_sentence(one.remedy)}")
        if one.command:
            say(f"    {command(one.command)}")


def command(arguments: Iterable[str]) -> str:
    """A command of certferry as it is typed."""
    return visible_sentence(certferry(*arguments))


def _verdict(found: Checkup) -> str:
    problems = sum(one.severity is Severity.PROBLEM for one in found.findings)
    if problems:
        return f"{problems} problem{'s' if problems > 1 else ''} found"
    if found.password is Password.NOT_GIVEN:
        return "nothing wrong can be seen from outside"
    return "nothing keeps it from working"




def diagnosed(found: Sequence[tuple[Patient, tuple[Finding, ...]]], problems: Iterable[Problem]) -> None:
    """Each store with what stands in the way there."""
    for patient, wrong in found:
        count = f", {patient.identities} {'identity' if patient.identities == 1 else 'identities'}"
        say(f"{coloured(visible(patient.place), 'bold', sys.stdout)}  {patient.found.product}, "
            f"{visible(patient.seen.state)}{count if patient.listing else ''}")
        if names := [one["name"] for one in used_by(patient.found).get("applications", ())]:
            say(f"  used by {visible(', '.join(names))}")
        findings(wrong)
        if not wrong:
            say("  nothing stands in the way" if patient.identities else "  no certificate with a key is here")
    if not found:
        say("no store was found")
    unseen(problems)
