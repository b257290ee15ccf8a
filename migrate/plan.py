"""What would be done, as data: made from two listings by a pure function, shown by ``--dry-run``, run as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

from migrate.chain import Chain, Pool, complete
from profiles.commands import certferry
from profiles.errors import NoMatch
from profiles.model import NO_TRUST, Entry, Level, Listing, PendingKey, Trust
from profiles.public_key import AGREEING
from profiles.trust import covers, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from migrate.mailing import Use
    from profiles.certificate import Certificate
    from profiles.mail.client import Association


class Kind(Enum):
    """What a step moves."""

    IDENTITY = "identity"
    CERTIFICATE = "certificate"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    only: tuple[str, ...] = ()
    skip_expired: bool = False
    trust: bool = True
    roots: bool = True
    contacts: bool = False
    """Certificates of correspondents come along: those for e-mail that have no key."""


@dataclass(frozen=True, slots=True)
class Step:
    """One identity's (or bare certificate's, or bare key's) part of a plan."""

    kind: Kind
    certificate: Certificate | None
    key: PendingKey | None
    nickname: str
    chain: Chain
    additions: tuple[Entry, ...] = ()
    """Certificates the target lacks, in the order they go in: intermediates, then roots."""
    trust: tuple[tuple[Certificate, Trust], ...] = ()
    """What the target will trust, where that differs from what it trusts now."""
    moves_key: bool = False
    """The key itself goes over; otherwise it is there already and only its surroundings are completed."""
    skip: tuple[str, str] | None = None
    """Code and reason why it is not done."""
    notes: tuple[str, ...] = ()
    associations: tuple[Association, ...] = ()
    """What mail accounts use from then on."""
    widened: tuple[Certificate, ...] = ()
    """Of ``trust``, what goes beyond the source, because the mail program demands it."""

    @property
    def empty(self) -> bool:
        """Whether nothing of it is left to do."""
        return not (self.moves_key or self.additions or self.trust or self.skip or self.associations)

    @property
    def key_signs(self) -> bool:
        """Whether its key is of a kind that signs; others only agree on secrets."""
        public = self.certificate.public_key.family if self.certificate else self.key.key if self.key else ""
        return public not in AGREEING

    @property
    def title(self) -> str:
        """What a person calls it."""
        if self.certificate is not None:
            return self.certificate.common_name
        return (self.key.nickname or f"key {self.key.id}") if self.key else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps from one store to another."""

    source: Listing
    target: Listing
    steps: tuple[Step, ...]
    already_there: tuple[str, ...] = ()
    """Fingerprints (ids of bare keys) of what was selected and needs nothing."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    uses: tuple[Use, ...] = ()
    """What becomes of each mail account in question."""

    def source_trusts(self, certificate: Certificate) -> bool:
        """Whether the source trusts it for e-mail, brought along or not."""
        entry = self.source.entry(certificate.sha256)
        return entry is not None and entry.trust.email is Level.TRUSTED


def select(
    listing: Listing, only: Sequence[str], *, everything: bool, contacts: bool = False
) -> tuple[list[Entry], list[PendingKey]]:
    """What of a listing is meant: all identities and bare keys, also bare certificates with ``everything``.

    With ``only``, whatever any of the texts names; ``NoMatch`` where one of them names nothing. With ``contacts``,
    the e-mail certificates of other people besides.
    """
    entries, seen = [], set()
    for entry in listing.entries:
        chosen = listing.entry(entry.certificate.sha256)
        if chosen is not None and chosen.certificate.der not in seen:
            seen.add(chosen.certificate.der)
            entries.append(chosen)
    if not only:
        return [entry for entry in entries if entry.has_key or everything or (contacts and _of_contact(entry))], list(
            listing.pending_keys)
    picked: set[bytes] = set()
    keys: list[PendingKey] = []
    for text in only:
        hits = {entry.certificate.der for entry in entries if _names(text, entry)}
        more = [key for key in listing.pending_keys if text.lower() in (key.id, key.nickname.lower())]
        if not hits and not more:
            raise NoMatch(f"nothing in {listing.location} matches {text!r}",
                          f"`{certferry('list', listing.location)}` shows what is there.")
        picked |= hits
        keys += [key for key in more if key not in keys]
    return [entry for entry in entries
            if entry.certificate.der in picked or (contacts and _of_contact(entry))], keys


def _of_contact(entry: Entry) -> bool:
    certificate = entry.certificate
    for_mail = not certificate.usages or "email" in certificate.usages
    return bool(certificate.emails) and for_mail and not entry.has_key and not certificate.is_ca


def _names(text: str, entry: Entry) -> bool:
    certificate, plain = entry.certificate, text.casefold().strip()
    digits = plain.replace(":", "").replace(" ", "")
    if len(digits) >= 8 and certificate.sha256.startswith(digits):
        return True
    if plain in (entry.nickname.casefold(), *(email.casefold() for email in certificate.emails)):
        return True
    serial = int.from_bytes(certificate.serial, "big", signed=True)
    if digits.removeprefix("0x").lstrip("0") == f"{serial:x}".lstrip("0") or digits == str(serial):
        return True
    return len(plain) >= 3 and plain in certificate.subject_text().casefold()


def names_needed(entries: Iterable[Entry], source: Pool) -> set[bytes]:
    """The subjects that decide the plan: of the selected certificates and of everything above them, found or not."""
    names = set()
    for entry in entries:
        chain = complete(entry.certificate, source)
        names |= {entry.certificate.subject, *(one.subject for one in chain.above)}
        names |= {chain.missing} if chain.missing else set()
    return names


def make(
    source: Listing, target: Listing, pool: Pool, options: Options, *, everything: bool,
    keeps: Callable[[Certificate, Trust], Trust] | None, wanted: frozenset[str] = frozenset(),
) -> Plan:
    """The plan; ``pool`` holds every certificate that may stand in a chain, the target listing at least their names.

    ``keeps`` gives as much of a trust as the target can keep; None where it keeps none. What is ``wanted``
    (fingerprints) gets a step even where nothing of it is left to do.
    """
    now = datetime.now(UTC)
    entries, keys = select(source, options.only, everything=everything, contacts=options.contacts)
    nicknames = {entry.certificate.der: entry.nickname for entry in source.entries}
    steps, there = [], []
    in_chains: set[bytes] = set()
    made = [_step(entry, source, target, complete(entry.certificate, pool), options, nicknames,
                  keeps=keeps, now=now) for entry in entries]
    for step in made:
        if step.kind is Kind.IDENTITY and not step.skip:
            in_chains |= {one.certificate.der for one in step.additions}
    for step in made:
        if step.certificate is None or (step.kind is Kind.CERTIFICATE and step.certificate.der in in_chains):
            continue  # arrives with the identity it stands above
        if not step.empty or step.certificate.sha256 in wanted:
            steps.append(step)
        else:
            there.append(step.certificate.sha256)
    known = {key.id for key in target.pending_keys} | {
        entry.certificate.public_key.id for entry in target.entries if entry.has_key}
    for key in keys:
        if key.id in known:
            there.append(key.id)
        else:
            steps.append(Step(Kind.KEY, None, key, key.nickname, Chain((), complete=False, missing=None),
                              moves_key=True, notes=("a private key without a certificate",)))
    return Plan(source, target, tuple(steps), tuple(there), now)


def whole_trust(certificate: Certificate, trust: Trust) -> Trust:  # noqa: ARG001 - one for every certificate
    """As much of a trust as a target keeps that can keep every one: all of it."""
    return trust


def _step(  # noqa: PLR0913 - all of it decides the step
    entry: Entry, source: Listing, target: Listing, chain: Chain, options: Options, nicknames: dict[bytes, str],
    *, keeps: Callable[[Certificate, Trust], Trust] | None, now: datetime,
) -> Step:
    certificate = entry.certificate
    kind = Kind.IDENTITY if entry.has_key else Kind.CERTIFICATE
    first, last = certificate.validity
    expired = last < now
    if expired and options.skip_expired:
        reason = f"expired on {last:%Y-%m-%d}, and --skip-expired was given"
        return Step(kind, certificate, None, entry.nickname, chain, skip=("expired", reason))
    carried = [one for one in chain.above if options.roots or not (one.self_issued and one == chain.above[-1])]
    missing = [one for one in carried if target.entry(one.sha256) is None]
    additions = [Entry(one, nicknames.get(one.der, "")) for one in missing]
    present = target.entry(certificate.sha256)
    if kind is Kind.CERTIFICATE and present is None:
        additions.insert(0, entry)
    notes = []
    trust: list[tuple[Certificate, Trust]] = []
    if options.trust:
        trust, note = _trust([*carried, *([certificate] if entry.trust else [])], source, target, keeps or whole_trust)
        if trust and keeps is None:
            trust, note = [], "the target keeps no trust settings: they stay behind"
        notes += [note] if note else []
    if not chain.complete:
        notes.append("its chain is incomplete: the issuer is in no store on this computer")
    if expired:
        notes.append(f"expired on {last:%Y-%m-%d}: good for reading old mail, not for signing in")
    if first > now:
        notes.append(f"not valid before {first:%Y-%m-%d}")
    ordered = sorted(additions, key=lambda one: one.certificate.self_issued)
    return Step(kind, certificate, None, entry.nickname, chain, tuple(ordered), tuple(trust),
                moves_key=entry.has_key and not (present and present.has_key), notes=tuple(notes))


def _trust(
    certificates: Iterable[Certificate], source: Listing, target: Listing,
    keeps: Callable[[Certificate, Trust], Trust],
) -> tuple[list[tuple[Certificate, Trust]], str]:
    changes, note = [], ""
    for certificate in certificates:
        whole, now = source.trust(certificate), target.trust(certificate)
        wanted = keeps(certificate, whole)
        if not covers(wanted, whole):
            note = f"some of the trust in {certificate.common_name} stays behind: the target cannot express it"
        if not wanted:
            continue
        if not covers(now, wanted):
            changes.append((certificate, join(now, wanted)))
        elif join(NO_TRUST, wanted) != now and now and join(now, wanted) == now and "distrusted" in (
            level.value for level in (now.server, now.email, now.code)
        ):
            note = f"the target distrusts {certificate.common_name}: that stays"
    return changes, note
