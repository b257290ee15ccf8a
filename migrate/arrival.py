"""Taking steps into a target: several in one commit where the target allows it, each proved, none half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from migrate.report import Outcome
from migrate.verify import require_kept, verify
from profiles.errors import (
    AccessDenied,
    Error,
    LeftToUser,
    PasswordNeeded,
    StoreInUse,
    ToolFailed,
    VerificationFailed,
    WrongPassword,
)
from profiles.pkcs12.contents import Item
from profiles.pkcs12.seal import seal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from migrate.plan import Step
    from profiles.store import Store

_HOPELESS = (StoreInUse, AccessDenied, PasswordNeeded, WrongPassword, ToolFailed)
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
    committed: Callable[[], None] = lambda: None
    """Called after the first steps arrived."""

    def of(self, steps: Sequence[Step]) -> Iterator[Outcome]:
        """The outcome of every step, in their order; raises what stops all of them before the first arrived."""
        stopped: Error | None = None
        arrived = False
        for start in range(0, len(steps), _TOGETHER):
            self.observe("moved", start, len(steps))
            part = steps[start : start + _TOGETHER]
            together = self._together(part) if stopped is None else False
            for step in part:
                outcome = Outcome(step, "done", verified=True) if together else self._one(step, stopped)
                if isinstance(outcome, Error):
                    if not arrived:
                        raise outcome
                    stopped = outcome
                    outcome = failed(step, stopped)
                if outcome.outcome == "done" and not arrived:
                    arrived = True
                    self.committed()
                yield outcome
        self.observe("moved", len(steps), len(steps))

    def _together(self, steps: Sequence[Step]) -> bool:
        """Whether all of them arrived in one commit; otherwise nothing of them is there."""
        if len(steps) < 2 or any(step.skip or name(step) in self.refused for step in steps):
            return False
        try:
            self._take_in(steps)
        except Error:
            return False  # each is tried alone now, so that only those fail that must
        return True

    def _one(self, step: Step, stopped: Error | None) -> Outcome | Error:
        if step.skip:
            return skipped(step)
        if stopped is not None:
            return failed(step, stopped, f"not tried after: {stopped.message}")
        try:
            if name(step) in self.refused:
                raise self.refused[name(step)]
            self._take_in([step])
        except _HOPELESS as error:
            return error
        except LeftToUser as error:
            return Outcome(step, "referred", error.code, error.message, error.hint)
        except Error as error:
            return failed(step, error)
        return Outcome(step, "done", verified=True)

    def _take_in(self, steps: Sequence[Step]) -> None:
        """Chains before trust before keys; everything read back and every key proved before the next steps."""
        subjects = {step.certificate.subject for step in steps if step.certificate}
        before = self.target.list(subjects).entries
        with self.target.checkpoint() as checkpoint:
            for entry in {entry.certificate.der: entry for step in steps for entry in step.additions}.values():
                checkpoint.add_certificate(entry.certificate, entry.nickname)
            for certificate, trust in {one.der: (one, trust) for step in steps for one, trust in step.trust}.values():
                checkpoint.set_trust(certificate, trust)
            keys = [self._checked(step) for step in steps if step.moves_key]
            if keys:
                checkpoint.add_keys(seal(keys))
            checkpoint.commit()
            for step in steps:
                verify(self.target, step)
            require_kept(before, self.target.list(subjects))

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


def skipped(step: Step) -> Outcome:
    """The outcome of a step that the plan leaves out."""
    code, reason = step.skip or ("", "")
    return Outcome(step, "skipped", code, reason)


def failed(step: Step, error: Error, reason: str = "") -> Outcome:
    """The outcome of a step that an error ended."""
    return Outcome(step, "failed", error.code, reason or error.message, error.hint)
