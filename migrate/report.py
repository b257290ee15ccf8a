"""What came of a plan: one outcome for every step, and the JSON that others build on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from profiles.commands import certferry
from profiles.errors import Malformed, Truncated, Unsupported, WrongPassword

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrate.mailing import Use
    from migrate.plan import Plan, Step
    from profiles.mail.client import Association
    from profiles.model import Entry, Listing, Problem, Trust

SCHEMA = 1
_LOSSES = (WrongPassword.code, Unsupported.code, Malformed.code, Truncated.CUT_OFF)
"""Codes of problems in a source that say of something that it could not be read or carried."""


class Outcome(NamedTuple):
    """How one step ended: ``done``, ``skipped``, ``referred`` or ``failed``, with a code and a reason."""

    step: Step
    outcome: str
    code: str = ""
    reason: str = ""
    hint: str = ""
    verified: bool = False
    associated: tuple[Association, ...] = ()
    """What mail accounts use now."""


class Report(NamedTuple):
    """All outcomes of one migration."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    dry_run: bool = False
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """``done``, ``partial``, ``failed`` or ``nothing`` (to do)."""
        if not self.outcomes:
            return "nothing"
        done = sum(outcome.outcome == "done" for outcome in self.outcomes)
        if done == len(self.outcomes):
            lacking = self.lossy or any(use.falls_short for use in self.uses)
            return "partial" if lacking else "done"
        return "partial" if done or any(outcome.outcome == "referred" for outcome in self.outcomes) else "failed"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What of the source never became a step, and why; then the notes."""
        source = self.plan.source
        return (*(f"{source.location}: {problem.message}" for problem in source.problems), *self.notes)

    @property
    def lossy(self) -> bool:
        """Whether something in the source stayed behind without a step of its own."""
        moved = self.plan.source.location != self.plan.target.location
        return moved and any(problem.code in _LOSSES for problem in self.plan.source.problems)

    @property
    def uses(self) -> tuple[Use, ...]:
        """What became of each mail account in question."""
        if self.dry_run:
            return self.plan.uses
        arrived = {one for outcome in self.outcomes for one in outcome.associated}
        alone = {one for outcome in self.outcomes if outcome.outcome == "done" for one in outcome.step.associations}
        absent = ("not-arrived", "what it needs did not all arrive")
        undone = ("store-in-use", "what it needs arrived, but another certferry took this back meanwhile: try again")
        return tuple(_failed(use, *(undone if use.association in alone else absent))
                     if use.outcome == "set" and use.association not in arrived else use for use in self.plan.uses)


def _failed(use: Use, code: str, reason: str) -> Use:
    return use._replace(outcome="failed", code=code, reason=reason)


def planned(plan: Plan) -> Report:
    """What a dry run says."""
    return Report(plan, tuple(Outcome(step, "skipped" if step.skip else "planned", *(step.skip or ()))
                              for step in plan.steps), dry_run=True)


def referred(report: Report, product: str, topic: str, file: str) -> Report:
    """The same where what was made is a file for a person to hand on: nothing of it has arrived yet."""
    reason = f"{product} takes certificates only from your hands: {file} is made for it"
    hint = f"`{certferry('guide', topic, '--file', file)}` says how."
    return report._replace(outcomes=tuple(
        outcome._replace(outcome="referred", code="by-hand", reason=reason, hint=hint)
        if outcome.outcome == "done" else outcome for outcome in report.outcomes))


def trust_json(trust: Trust) -> dict[str, str]:
    """A trust as it stands in JSON."""
    return {"server": trust.server.value, "email": trust.email.value, "code": trust.code.value}


def problems_json(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """What is wrong with a store, as it stands in JSON."""
    return [{"code": problem.code, "message": problem.message} for problem in problems]


def migration_json(report: Report) -> dict[str, Any]:
    """The object ``migrate --json`` prints."""
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "from": str(report.plan.source.location),
        "to": str(report.plan.target.location),
        "status": "planned" if report.dry_run and report.outcomes else report.status,
        "steps": [_step_json(outcome) for outcome in report.outcomes],
        "already_there": list(report.plan.already_there),
        "notes": list(report.remarks),
    }
    if report.plan.uses:
        found["associations"] = [use_json(use) for use in report.uses]
    if report.dry_run:
        found["dry_run"] = True
    return found


def _step_json(outcome: Outcome) -> dict[str, Any]:
    step = outcome.step
    sha256 = step.certificate.sha256 if step.certificate else None
    return {
        "kind": step.kind.value,
        "sha256": sha256,
        "id": step.key.id if step.key else None,
        "subject": step.certificate.subject_text() if step.certificate else "",
        "nickname": step.nickname,
        "outcome": outcome.outcome,
        "code": outcome.code,
        "reason": outcome.reason,
        "chain": [one.sha256 for one in step.chain.above],
        "chain_complete": step.chain.complete,
        "adds": [entry.certificate.sha256 for entry in step.additions],
        "trust": {certificate.sha256: trust_json(trust) for certificate, trust in step.trust},
        "trust_beyond_source": [certificate.sha256 for certificate in step.widened],
        "notes": list(step.notes),
        "associated": list(dict.fromkeys(one.email for one in outcome.associated)) or None,
        "verified": outcome.verified,
    }


def use_json(use: Use) -> dict[str, Any]:
    """What became of one mail account, as it stands in JSON."""
    set_now = use.association
    return {
        "account": use.account.id,
        "email": use.account.email,
        "outcome": use.outcome,
        "code": use.code,
        "reason": use.reason,
        "signing": set_now.signing.sha256 if set_now and set_now.signing else None,
        "encryption": set_now.encryption.sha256 if set_now and set_now.encryption else None,
    }


def store_json(listing: Listing, chains: dict[str, bool]) -> dict[str, Any]:
    """One store in the object ``list --json`` prints; ``chains`` says of fingerprints whether theirs is complete."""
    return {
        "location": str(listing.location),
        "product": listing.product,
        "path": listing.path,
        "state": listing.state,
        "certificates": [_entry_json(entry, complete=chains.get(entry.certificate.sha256, False))
                         for entry in listing.entries],
        "pending_keys": [{"id": key.id, "key": key.key, "nickname": key.nickname} for key in listing.pending_keys],
        "problems": problems_json(listing.problems),
    }


def _entry_json(entry: Entry, *, complete: bool) -> dict[str, Any]:
    certificate = entry.certificate
    first, last = certificate.validity
    return {
        "sha256": certificate.sha256,
        "subject": certificate.subject_text(),
        "issuer": certificate.issuer_text(),
        "serial": certificate.serial.hex(),
        "emails": list(certificate.emails),
        "not_before": first.isoformat().replace("+00:00", "Z"),
        "not_after": last.isoformat().replace("+00:00", "Z"),
        "nickname": entry.nickname,
        "has_key": entry.has_key,
        "is_ca": certificate.is_ca,
        "usages": list(certificate.usages),
        "key": certificate.public_key.name,
        "trust": trust_json(entry.trust),
        "chain": "complete" if complete else "incomplete",
    }
