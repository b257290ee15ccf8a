"""The plan with its mail accounts: every association in the step after which all that it needs is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from migrate.mailing import Use, Wish, needed, settled
from profiles.mail.address import among
from profiles.mail.client import Account
from profiles.model import NO_TRUST, Level, Trust
from profiles.trust import join

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrate.plan import Options, Plan, Step
    from profiles.certificate import Certificate
    from profiles.mail.client import MailClient


def attach(plan: Plan, uses: Sequence[Use], wish: Wish, client: MailClient, options: Options) -> Plan:
    """The plan with every association and the trust that it needs, and the outcome of every account."""
    steps = {step.certificate.sha256: step for step in plan.steps if step.certificate is not None}
    order = list(steps)
    ways = _Trusting(plan, wish, client.name, options)
    done: list[Use] = []
    for use in _foreseen(uses, client):
        if use.association is None:
            done.append(use)
            continue
        involved = [steps[one.sha256] for one in use.association.needs]
        wanted = client.requirements(use.association)
        trusted = [ways.trusted(step) if wanted.email_trust else step for step in involved]
        refused = next((step for step in trusted if isinstance(step, Use)), None)
        if refused is not None:
            done.append(refused._replace(account=use.account))
            continue
        for step in trusted:
            if not isinstance(step, Use) and step.certificate is not None:
                steps[step.certificate.sha256] = step
        last = max((one.sha256 for one in use.needs), key=order.index)
        notes = tuple(f"{use.account.email}: {note}" for note in use.account.notes)
        steps[last] = replace(steps[last], associations=(*steps[last].associations, use.association),
                              notes=(*steps[last].notes, *notes))
        done.append(use)
    return _planned(plan, steps, done, client.name)


def _foreseen(uses: Sequence[Use], client: MailClient) -> list[Use]:
    """The same without what the mail program cannot be given, which is said."""
    wanted = [use.association for use in uses if use.association is not None]
    foreseen = dict(zip(wanted, client.foresee(wanted), strict=True))
    found = []
    for use in uses:
        if use.association is None:
            found.append(use)
            continue
        association, code, reason = foreseen[use.association]
        if association is None:
            found.append(Use(use.account, "skipped", code, reason))
        else:
            found.append(settled(use._replace(association=association, code=use.code or code,
                                              reason="; ".join(filter(None, (use.reason, reason))))))
    return found


def _planned(plan: Plan, steps: Mapping[str, Step], uses: Sequence[Use], program: str) -> Plan:
    """The plan with those steps; what of it is empty is there already, and a root is trusted alike in all of them."""
    trusts = {root.der: dict(step.trust)[root] for step in steps.values() for root in step.widened}
    kept, there = [], list(plan.already_there)
    only = needed(uses) if plan.source.location == plan.target.location else None
    for step in plan.steps:
        if only is not None and (step.certificate is None or step.certificate.sha256 not in only):
            continue  # within one store, nothing but what the accounts need
        new = steps[step.certificate.sha256] if step.certificate is not None else step
        if new.empty and new.certificate is not None:
            there.append(new.certificate.sha256)
            continue
        trust = tuple((one, trusts.get(one.der, level)) for one, level in new.trust)
        kept.append(_noted(replace(new, trust=trust), uses, program))
    return replace(plan, steps=tuple(kept), already_there=tuple(there), uses=tuple(uses))


def _noted(step: Step, uses: Sequence[Use], program: str) -> Step:
    """The step with a word on why no account gets its certificate, where one could have."""
    certificate = step.certificate
    if certificate is None or step.kind.value != "identity" or not certificate.emails:
        return step
    if any(among(use.account.email, certificate.emails) for use in uses):
        return step
    text = f"no account of {program} in question has its address ({', '.join(certificate.emails[:2])})"
    return replace(step, notes=(*step.notes, text))


class _Trusting(NamedTuple):
    """How an authority comes to be trusted for e-mail, where a mail program demands it."""

    plan: Plan
    wish: Wish
    program: str
    options: Options

    def trusted(self, step: Step) -> Step | Use:
        """The step with an authority above its certificate trusted for e-mail, or why that is not to be had."""
        program = self.program
        planned = {one.der: trust for one, trust in step.trust}
        path = [one for one in (step.certificate, *step.chain.above) if one is not None]
        trusts = []
        for one in path:
            entry = self.plan.target.entry(one.sha256)
            trusts.append(planned.get(one.der, entry.trust if entry else NO_TRUST))
        levels = [trust.email for trust in trusts]
        if Level.DISTRUSTED in levels:
            refused = path[levels.index(Level.DISTRUSTED)].common_name
            return _skip("distrusted", f"{program} there distrusts {refused}, and that stays")
        if step.chain.complete and len(path) == 1:
            return _skip("self-signed", f"{path[0].common_name} is signed by itself, and {program} signs with no such "
                         "certificate, whatever is trusted")
        if Level.TRUSTED in levels:
            return step
        if not step.chain.complete:
            text = f"its root is in no store here: {program} must know it by itself, or it refuses to sign"
            return replace(step, notes=(*step.notes, text))
        return self._widened(step, path, join(trusts[-1], Trust(email=Level.TRUSTED)))

    def _widened(self, step: Step, path: Sequence[Certificate], trust: Trust) -> Step | Use:
        """The step with its root trusted beyond the source, where that is agreed to and the root is there."""
        root, program = path[-1], self.program
        needs = f"{program} signs only below an authority that it trusts for e-mail, and"
        believed = next((one.common_name for one in path if self.plan.source_trusts(one)), None)
        nobody = f"neither the source nor {program} trusts {root.common_name}"
        if self.plan.target.entry(root.sha256) is None and root not in [one.certificate for one in step.additions]:
            return _skip("trust-needed", f"{needs} --no-roots leaves {root.common_name} behind")
        if not self.options.trust:
            return _skip("trust-needed", f"{needs} --trust none leaves the source's trust in {believed} behind"
                         if believed else f"{needs} {nobody}, which --trust none does not change")
        if self.wish.widen is not None and root.sha256 not in self.wish.widen:
            why = f"--no-roots leaves the source's trust in {believed} behind" if believed else nobody
            return _skip("trust-needed", f"{needs} {why}; agree to it on a terminal, or with --yes")
        others = tuple((one, kept) for one, kept in step.trust if one != root)
        return replace(step, trust=(*others, (root, trust)), widened=(*step.widened, root))


def _skip(code: str, reason: str) -> Use:
    return Use(Account("", ""), "skipped", code, reason)
