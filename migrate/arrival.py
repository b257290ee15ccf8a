"""Taking steps into a target: several in one commit where the target allows it, each proved, none half."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from migrate.report import Outcome, Report
from migrate.verify import require_kept, verify, verify_associations
from profiles.errors import (
    AccessDenied,
    ChangedMeanwhile,
    Error,
    Interrupted,
    LeftToUser,
    PasswordNeeded,
    StoreInUse,
    StoreNotFound,
    ToolFailed,
    VerificationFailed,
    WrongPassword,
)
from profiles.pkcs12.contents import Item
from profiles.pkcs12.seal import seal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from migrate.plan import Plan, Step
    from profiles.mail.client import Association, MailClient
    from profiles.store import Store

_HOPELESS = (Interrupted, StoreInUse, AccessDenied, PasswordNeeded, WrongPassword, ToolFailed)
"""What would stop every further step too."""
_TOGETHER = 32
"""Steps in one commit: its syncs to disk cost as much as a dozen steps, and a failure makes all of them again."""


class Observer(Protocol):
    """Whoever wants to know how far a migration is."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """``done`` of ``total`` of ``what``."""


def silent(what: str, done: int, total: int) -> None:
    """An observer that does not look."""


@dataclass(frozen=True)
class Arrival:
    """A target, and what is to arrive in it."""

    target: Store
    items: Mapping[str, Item]
    """What the source handed out, by fingerprint or id of a bare key."""
    refused: Mapping[str, Error]
    """Why it did not hand out the rest."""
    observe: Observer = silent
    committed: Callable[[Sequence[Step]], None] = lambda _steps: None
    """Called with the steps that arrived, after each commit."""
    client: MailClient | None = None
    points: list[str] = field(default_factory=list)
    """What the settings of the mail program are put back by."""
    interrupts: list[Interrupted] = field(default_factory=list)
    """Ctrl-C that came when a step had just arrived: no further one is begun."""

    def of(self, steps: Sequence[Step]) -> Iterator[Outcome]:
        """The outcome of every step, in their order; raises what stops all of them before the first arrived."""
        stopped: Error | None = None
        arrived = False
        lost: set[str] = set()
        for start in range(0, len(steps), _TOGETHER):
            self.observe("moved", start, len(steps))
            part = steps[start : start + _TOGETHER]
            together = self._together(part) if stopped is None else None
            if isinstance(together, Interrupted):
                if not arrived:
                    raise KeyboardInterrupt from together
                stopped, together = together, None
            for step in part:
                outcome = self._one(_without(step, lost), stopped) if together is None else _done(step, together)
                if isinstance(outcome, Error):
                    if not arrived:
                        raise KeyboardInterrupt if isinstance(outcome, Interrupted) else outcome
                    stopped = outcome
                    outcome = failed(step, stopped)
                if outcome.outcome == "done":
                    arrived = True
                else:
                    lost.add(name(step))
                stopped = stopped or next(iter(self.interrupts), None)
                yield outcome
        self.observe("moved", len(steps), len(steps))

    def _together(self, steps: Sequence[Step]) -> Collection[Association] | Interrupted | None:
        """As ``_take_in`` if all of them arrived in one commit; None, and nothing of them is there, otherwise."""
        if len(steps) < 2 or any(step.skip or name(step) in self.refused for step in steps):
            return None
        try:
            return self._take_in(steps)
        except Interrupted as error:
            return error
        except Error:
            return None  # each is tried alone now, so that only those fail that must

    def _one(self, step: Step, stopped: Error | None) -> Outcome | Error:
        if step.skip:
            return skipped(step)
        if stopped is not None:
            return failed(step, stopped, f"not tried after: {stopped.message}")
        if name(step) in self.refused:
            return _ended(step, self.refused[name(step)])  # by its source: that stops no other
        try:
            return _done(step, self._take_in([step]))
        except _HOPELESS as error:
            return error
        except Error as error:
            return _ended(step, error)

    def _take_in(self, steps: Sequence[Step]) -> Collection[Association]:
        """Have them arrive, and say so to whoever writes it down; ``Interrupted`` where Ctrl-C came before that.

        What the accounts use from then on: less than was wanted only where somebody else took it back at once.
        """
        try:
            used = self._with_accounts(steps)
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None
        try:
            self.committed(steps)
        except KeyboardInterrupt:
            self.committed(steps)
            self.interrupts.append(Interrupted("interrupted"))
        return used

    def _with_accounts(self, steps: Sequence[Step]) -> Collection[Association]:
        """The keys with what surrounds them, and the accounts that use them: all of it, or nothing."""
        associations = [one for step in steps for one in step.associations]
        if self.client is None or not associations:
            self._into_store(steps)
            return ()
        with self.client.alone():
            point = self.client.prepare(associations)
            try:
                self._into_store(steps, point, associations)
            except BaseException:
                with suppress(Error):  # what cannot be put back now is at the next start: the point is still pending
                    self.client.restore(point)
                raise
            try:
                self.client.finish(point)
            except StoreNotFound:
                return ()
            except Error:
                pass  # it arrived; the next start says so too
        self.points.append(point)
        return associations

    def _into_store(self, steps: Sequence[Step], point: str = "", associations: Sequence[Association] = ()) -> None:
        """As the target is now; once more where another program wrote to it at the same moment."""
        try:
            self._as_it_is(steps, point, associations)
        except ChangedMeanwhile:
            self._as_it_is(steps, point, associations)

    def _as_it_is(self, steps: Sequence[Step], point: str, associations: Sequence[Association]) -> None:
        """Chains before trust before keys; everything read back and every key proved before the accounts use it."""
        subjects = {step.certificate.subject for step in steps if step.certificate}
        before = self.target.list(subjects).entries
        with self.target.checkpoint() as checkpoint:
            for entry in {entry.certificate.der: entry for step in steps for entry in step.additions}.values():
                checkpoint.add_certificate(entry.certificate, entry.nickname)
            trusted = {one.der: (one, trust) for step in steps for one, trust in step.trust}
            own = {step.certificate.der for step in steps if step.moves_key and step.certificate}
            for certificate, trust in (found for der, found in trusted.items() if der not in own):
                checkpoint.set_trust(certificate, trust)
            keys = [self._checked(step) for step in steps if step.moves_key]
            if keys:
                checkpoint.add_keys(seal(keys, self.target.dialect))
            for certificate, trust in (found for der, found in trusted.items() if der in own):
                checkpoint.set_trust(certificate, trust)  # it came with its key
            checkpoint.commit()
            for step in steps:
                verify(self.target, step)
            require_kept(before, self.target.list(subjects))
            if self.client is not None and point:
                self.client.associate(point)
                verify_associations(self.client, associations)

    def _checked(self, step: Step) -> Item:
        """The exported item of a step, its key proved to be the certificate's before it is written anywhere."""
        item = self.items.get(name(step))
        if item is None or item.key is None:
            raise VerificationFailed(f"the source did not hand out the key of {step.title}", "List the source again.")
        nickname = item.nickname or step.nickname or step.title
        if item.certificate is not None and not item.key.public.same_key(item.certificate.public_key):
            raise VerificationFailed(f"the key in the source is not the one of the certificate {step.title}",
                                     "The source's database is damaged; nothing was changed.")
        return Item(item.certificate, item.key, nickname)


def name(step: Step) -> str:
    """What identifies a step's content: the fingerprint of its certificate, or the id of its key."""
    return step.certificate.sha256 if step.certificate else step.key.id if step.key else ""


def _done(step: Step, used: Collection[Association]) -> Outcome:
    return Outcome(step, "done", verified=True, associated=tuple(one for one in step.associations if one in used))


def _ended(step: Step, error: Error) -> Outcome:
    if isinstance(error, LeftToUser):
        return Outcome(step, "referred", error.code, error.message, error.hint)
    return failed(step, error)


def _without(step: Step, lost: set[str]) -> Step:
    """The step without the associations that need a certificate which did not arrive."""
    kept = tuple(one for one in step.associations if not any(need.sha256 in lost for need in one.needs))
    return step if kept == step.associations else replace(step, associations=kept)


def skipped(step: Step) -> Outcome:
    """The outcome of a step that the plan leaves out."""
    code, reason = step.skip or ("", "")
    return Outcome(step, "skipped", code, reason)


def failed(step: Step, error: Error, reason: str = "") -> Outcome:
    """The outcome of a step that an error ended."""
    return Outcome(step, "failed", error.code, reason or error.message, error.hint)


def given_up(plan: Plan, error: Error) -> Report:
    """The report on a plan that an error ended before anything of it arrived."""
    return Report(plan, tuple(failed(step, error) for step in plan.steps))
