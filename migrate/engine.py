"""Running a plan: export, decode, complete, re-encode, take in, prove; each step whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from migrate import plan as planning
from migrate.chain import Pool, complete
from migrate.plan import Kind, Options, Plan, Step
from migrate.report import Outcome, Report
from migrate.verify import verify
from profiles.errors import (
    AccessDenied,
    Error,
    KeyNotExportable,
    Malformed,
    NoMatch,
    PasswordNeeded,
    StoreInUse,
    ToolFailed,
    Unsupported,
    VerificationFailed,
    WrongPassword,
)
from profiles.model import Entry, Listing, Selection
from profiles.pkcs12.contents import Item
from profiles.pkcs12.seal import open_sealed, seal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from profiles.certificate import Certificate
    from profiles.store import Asker, Store

_HOPELESS = (StoreInUse, AccessDenied, PasswordNeeded, WrongPassword, ToolFailed)
"""What would stop every further step too."""


class Observer(Protocol):
    """Whoever wants to know how far a migration is."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """``done`` of ``total`` of ``what``."""


def silent(what: str, done: int, total: int) -> None:
    """An observer that does not look."""


@dataclass(frozen=True)
class Migration:
    """Two open stores, what is asked, and where help comes from."""

    source: Store
    target: Store
    options: Options
    ask_source: Asker
    ask_target: Asker
    others: Callable[[], Iterable[Listing]] = tuple
    """Listings of the other stores on this computer, asked for only when a chain is incomplete."""
    observe: Observer = silent
    committed: Callable[[], None] = lambda: None
    """Called after the first step that arrived, so that it can be undone."""

    def plan(self) -> Plan:
        """What would be done; asks for no password but that of a file that cannot be looked into without."""
        listing = self._listing(self.source, self.ask_source)
        everything = self.source.file
        entries, keys = planning.select(listing, self.options.only, everything=everything)
        pool = Pool(entry.certificate for entry in listing.entries)
        whole = self.target.file or bool(keys)
        target = self._listing(self.target, self.ask_target) if whole else self._relevant(entries, pool)
        pool.add(entry.certificate for entry in target.entries)
        if self._search(entries, pool) and not whole:
            target = self._relevant(entries, pool)
        return planning.make(listing, target, pool, self.options, everything=everything,
                             keeps_trust=self.target.keeps_trust)

    @staticmethod
    def _listing(store: Store, ask: Asker) -> Listing:
        listing = store.list()
        if listing.state == "locked":
            store.unlock(ask)
            listing = store.list()
        return listing

    def _relevant(self, entries: Sequence[Entry], pool: Pool) -> Listing:
        """As much of the target as decides the plan, its size notwithstanding; issuers it has join the pool."""
        names: set[bytes] = set()
        while True:
            needed = planning.names_needed(entries, pool)
            if needed <= names:
                break
            names |= needed
            listing = self.target.list(names)
            pool.add(entry.certificate for entry in listing.entries)
        return self.target.list(names)

    def _search(self, entries: Sequence[Entry], pool: Pool) -> bool:
        """Look into the other stores on this computer for missing issuers; whether there was anything to look for."""
        if all(complete(entry.certificate, pool).complete for entry in entries):
            return False
        for listing in self.others():
            pool.add(entry.certificate for entry in listing.entries if entry.certificate.is_ca)
        return True

    def run(self, plan: Plan) -> Report:
        """Carry a plan out; every step of it is in the report with its outcome."""
        if not any(step.skip is None for step in plan.steps):
            return Report(plan, tuple(map(_skipped, plan.steps)))
        self.target.checkpoint()  # a target that cannot be written says so before anybody is asked for a password
        if any(step.moves_key for step in plan.steps):
            self.source.unlock(self.ask_source)
        if any(step.moves_key or step.trust for step in plan.steps):
            self.target.unlock(self.ask_target)
        if any(step.trust for step in plan.steps):
            plan = self.plan()  # once more: what an unlocked store says of trust is authenticated
        items, refused = self._export(plan.steps)
        outcomes: list[Outcome] = []
        for number, step in enumerate(plan.steps):
            self.observe("moved", number, len(plan.steps))
            outcomes.append(self._outcome(step, items, refused, outcomes))
            if outcomes[-1].outcome == "done" and sum(one.outcome == "done" for one in outcomes) == 1:
                self.committed()
        self.observe("moved", len(plan.steps), len(plan.steps))
        return Report(plan, tuple(outcomes))

    def _export(self, steps: Iterable[Step]) -> tuple[dict[str, Item], dict[str, Error]]:
        """The keys of all steps by fingerprint or key id; those that do not come out, with the reason."""
        wanted = [step for step in steps if step.moves_key and not step.skip]
        try:
            return self._decoded(wanted), {}
        except (KeyNotExportable, Malformed, NoMatch, Unsupported):
            items: dict[str, Item] = {}
            refused: dict[str, Error] = {}
        for step in wanted:
            try:
                items |= self._decoded([step])
            except (KeyNotExportable, Malformed, NoMatch, Unsupported) as error:
                refused[_name(step)] = error
        return items, refused

    def _decoded(self, steps: Sequence[Step]) -> dict[str, Item]:
        selection = Selection.of(
            (step.certificate.sha256 for step in steps if step.certificate),
            (step.key.id for step in steps if step.key))
        found = open_sealed(self.source.export(selection))
        items = {}
        for item in found.items:
            name = item.certificate.sha256 if item.certificate else item.key.id if item.key else ""
            items[name] = item
        return items

    def _outcome(
        self, step: Step, items: dict[str, Item], refused: dict[str, Error], before: Sequence[Outcome]
    ) -> Outcome:
        if step.skip:
            return _skipped(step)
        stopped = next((one for one in before if one.code in {kind.code for kind in _HOPELESS}), None)
        if stopped is not None:
            return Outcome(step, "failed", stopped.code, f"not tried after: {stopped.reason}", stopped.hint)
        try:
            if _name(step) in refused:
                raise refused[_name(step)]
            self._take_in(step, items)
        except _HOPELESS as error:
            if not any(one.outcome == "done" for one in before):
                raise
            return Outcome(step, "failed", error.code, error.message, error.hint)
        except Error as error:
            return Outcome(step, "failed", error.code, error.message, error.hint)
        return Outcome(step, "done", verified=True)

    def _take_in(self, step: Step, items: dict[str, Item]) -> None:
        with self.target.checkpoint() as checkpoint:
            for entry in step.additions:
                checkpoint.add_certificate(entry.certificate, entry.nickname)
            for certificate, trust in step.trust:
                checkpoint.set_trust(certificate, trust)
            if step.moves_key:
                checkpoint.add_keys(seal([_checked(step, items)]))
            checkpoint.commit()
            verify(self.target, step)


def _checked(step: Step, items: dict[str, Item]) -> Item:
    """The exported item of a step, its key proved to be the certificate's before it is written anywhere."""
    item = items.get(_name(step))
    if item is None or item.key is None:
        raise VerificationFailed(f"the source did not hand out the key of {step.title}", "List the source again.")
    nickname = item.nickname or step.nickname or step.title
    if item.certificate is not None and not item.key.public.same_key(item.certificate.public_key):
        raise VerificationFailed(f"the key in the source is not the one of the certificate {step.title}",
                                 "The source's database is damaged; nothing was changed.")
    return Item(item.certificate, item.key, nickname)


def _name(step: Step) -> str:
    return step.certificate.sha256 if step.certificate else step.key.id if step.key else ""


def _skipped(step: Step) -> Outcome:
    code, reason = step.skip or ("", "")
    return Outcome(step, "skipped", code, reason)


def chains(listing: Listing, pool: Pool) -> dict[str, bool]:
    """For each certificate of a listing, whether its chain is complete among the pool."""
    found: dict[str, bool] = {}
    certificates: list[Certificate] = [entry.certificate for entry in listing.entries]
    for certificate in certificates:
        found[certificate.sha256] = complete(certificate, pool).complete
    return found


__all__ = ["Kind", "Migration", "Observer", "chains", "silent"]
