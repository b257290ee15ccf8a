"""Which account of a mail program gets which certificate: pure choices, made before anything is asked or written.

New mail is signed and encrypted with the certificate for the account's address that was issued last and is valid now,
one for each use where the key usages say so (dual-key pairs). What an account uses already and is as good stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from profiles.errors import NoMatch
from profiles.mail.address import among, normal, same
from profiles.mail.client import Account, Association, Choice
from profiles.model import NO_TRUST, Entry, Level, Listing, Trust
from profiles.trust import join

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from migrate.plan import Plan, Step
    from profiles.certificate import Certificate
    from profiles.mail.client import MailClient

AUTO = "auto"


class Wish(NamedTuple):
    """What the user wants of the mail program."""

    associate: str = AUTO
    """An address, or ``auto`` for every account that a certificate fits."""
    picked: bool = False
    """The certificates were named one by one: they are used even where the account has a later one."""
    sign: bool | None = None
    encrypt: bool | None = None
    widen: frozenset[str] | None = None
    """Authorities (fingerprints) that may be trusted for e-mail though the source does not; None: whatever it takes."""


class Use(NamedTuple):
    """What becomes of one account."""

    account: Account
    outcome: str
    """``set``, ``kept`` (it uses that already, or a later one), ``left`` (nothing fits it), ``skipped``, ``failed``."""
    code: str = ""
    reason: str = ""
    association: Association | None = None


def choose(accounts: Sequence[Account], entries: Iterable[Entry], wish: Wish, program: str, now: datetime) -> list[Use]:
    """One outcome for every account in question; ``NoMatch`` where an address was named and nothing is for it."""
    owned = [entry.certificate for entry in entries if entry.has_key and not entry.certificate.is_ca]
    if wish.associate.casefold() == AUTO:
        return [_use(account, owned, wish, now) for account in accounts]
    named = [account for account in accounts if same(account.email, wish.associate)]
    if not named:
        known = ", ".join(dict.fromkeys(account.email for account in accounts if account.email))
        raise NoMatch(f"no account of {program} has the address {wish.associate}",
                      f"Its addresses are {known}." if known else f"Set up a mail account in {program} first.")
    if not any(among(wish.associate, certificate.emails) for certificate in owned):
        raise NoMatch(f"no certificate with a key that would be used is for {wish.associate}",
                      "`certferry list` shows the addresses in each certificate.")
    return [_use(account, owned, wish, now) for account in named]


def _use(account: Account, owned: Sequence[Certificate], wish: Wish, now: datetime) -> Use:
    if not normal(account.email):
        return Use(account, "left", "no-address", f"the account {account.name or account.id} has no address")
    fitting = [one for one in owned if among(account.email, one.emails)]
    unfit = [reason for one in fitting if (reason := unusable(one, now))]
    usable = [one for one in fitting if not unusable(one, now)]
    if not usable:
        if unfit:
            return Use(account, "skipped", *unfit[0])
        return Use(account, "left", "no-match", f"no certificate that would be used is for {account.email}")
    keep_later = wish.associate.casefold() == AUTO and not wish.picked
    signing = _chosen([one for one in usable if one.extensions.signs], account, account.signing, now, keep=keep_later)
    encryption = _chosen([one for one in usable if one.extensions.encrypts], account, account.encryption, now,
                         keep=keep_later)
    association = Association(
        account.id, account.email, signing, encryption,
        wish.sign if wish.sign is not None and (signing or account.signing) else None,
        wish.encrypt if wish.encrypt is not None and (encryption or account.encryption) else None)
    if association.needs and _changes(account, association):
        return Use(account, "set", association=association)
    return Use(account, "kept", reason="" if association.needs else "it uses a certificate that was issued later")


def unusable(certificate: Certificate, now: datetime) -> tuple[str, str] | None:
    """Why new mail cannot be signed or encrypted with it, as a code and a reason; None if it can."""
    first, last = certificate.validity
    usages = certificate.usages
    if last < now:
        return "expired", (f"{certificate.common_name} expired on {last:%Y-%m-%d}: it opens old mail, "
                           "and is never set for new mail")
    if first > now:
        return "not-yet-valid", f"{certificate.common_name} is not valid before {first:%Y-%m-%d}"
    if usages and "email" not in usages:
        return "wrong-usage", f"{certificate.common_name} is not for e-mail but for {', '.join(usages)}"
    if not certificate.public_key.name.startswith(("rsa", "ec")):
        return "wrong-usage", f"{certificate.common_name} has a key that mail programs do not use"
    return None


def _chosen(
    usable: Sequence[Certificate], account: Account, present: Choice | None, now: datetime, *, keep: bool
) -> Certificate | None:
    """The one issued last; None where there is none, or where what the account uses was issued later."""
    if not usable:
        return None
    best = max(usable, key=_age)
    if keep and present is not None and present.entry is not None and present.entry.has_key:
        current = present.entry.certificate
        works = among(account.email, current.emails) and unusable(current, now) is None
        if works and _age(current) > _age(best):
            return None
    return best


def _age(certificate: Certificate) -> tuple[datetime, datetime, str]:
    first, last = certificate.validity
    return first, last, certificate.sha256


def _changes(account: Account, new: Association) -> bool:
    def differs(present: Choice | None, wanted: Certificate | None) -> bool:
        return wanted is not None and (present is None or present.sha256 != wanted.sha256)

    return (differs(account.signing, new.signing) or differs(account.encryption, new.encryption)
            or new.sign not in (None, account.signs) or new.encrypt not in (None, account.encrypts))


def needed(uses: Iterable[Use]) -> frozenset[str]:
    """Fingerprints of the certificates that must be in the plan for their associations."""
    return frozenset(one.sha256 for use in uses if use.association for one in use.association.needs)


def attach(plan: Plan, uses: Sequence[Use], wish: Wish, client: MailClient) -> Plan:
    """The plan with every association in the step after which all that it needs is there, and the trust it needs."""
    program = client.name
    steps = {step.certificate.sha256: step for step in plan.steps if step.certificate is not None}
    order = list(steps)
    done: list[Use] = []
    for use in uses:
        if use.association is None:
            done.append(use)
            continue
        involved = [steps[one.sha256] for one in use.association.needs]
        wanted = client.requirements(use.association)
        trusted = [_trusted(step, plan.target, wish, program) if wanted.email_trust else step for step in involved]
        refused = next((step for step in trusted if isinstance(step, Use)), None)
        if refused is not None:
            done.append(refused._replace(account=use.account))
            continue
        for step in trusted:
            if not isinstance(step, Use) and step.certificate is not None:
                steps[step.certificate.sha256] = step
        last = max((one.sha256 for one in use.association.needs), key=order.index)
        notes = tuple(f"{use.account.email}: {note}" for note in use.account.notes)
        steps[last] = replace(steps[last], associations=(*steps[last].associations, use.association),
                              notes=(*steps[last].notes, *notes))
        done.append(use)
    return _planned(plan, steps, done, program)


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


def _trusted(step: Step, target: Listing, wish: Wish, program: str) -> Step | Use:
    """The step with an authority above its certificate trusted for e-mail, or why that is not to be had."""
    planned = {one.der: trust for one, trust in step.trust}
    path = [one for one in (step.certificate, *step.chain.above) if one is not None]
    trusts = []
    for one in path:
        entry = target.entry(one.sha256)
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
    return _widened(step, path[-1], join(trusts[-1], Trust(email=Level.TRUSTED)), target, wish, program)


def _widened(
    step: Step, root: Certificate, trust: Trust, target: Listing, wish: Wish, program: str
) -> Step | Use:
    """The step with its root trusted beyond the source, where that is agreed to and the root is there."""
    needs = f"{program} signs only below an authority that it trusts for e-mail, and"
    if wish.widen is not None and root.sha256 not in wish.widen:
        return _skip("trust-needed", f"{needs} neither the source nor {program} trusts {root.common_name}; agree to "
                     "that on a terminal, or with --yes (and without --trust none)")
    if target.entry(root.sha256) is None and root not in [entry.certificate for entry in step.additions]:
        return _skip("trust-needed", f"{needs} {root.common_name} was left behind")
    others = tuple((one, kept) for one, kept in step.trust if one != root)
    return replace(step, trust=(*others, (root, trust)), widened=(*step.widened, root))


def _skip(code: str, reason: str) -> Use:
    return Use(Account("", ""), "skipped", code, reason)
