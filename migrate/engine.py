"""Running a plan: export, decode, complete, re-encode, take in, prove; each step whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from migrate import plan as planning
from migrate.arrival import Arrival, Observer, name, silent, skipped
from migrate.chain import Pool, complete
from migrate.report import Report
from profiles.errors import (
    AccessDenied,
    Error,
    KeyNotExportable,
    LeftToUser,
    Malformed,
    NoMatch,
    ToolFailed,
    Unsupported,
)
from profiles.model import Entry, Listing, Selection
from profiles.pkcs12.seal import open_sealed
from profiles.store import NarrowTrust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from migrate.mailing import Wish
    from migrate.plan import Options, Plan, Step
    from profiles.certificate import Certificate
    from profiles.mail.client import MailClient
    from profiles.model import Trust
    from profiles.pkcs12.contents import Item
    from profiles.store import Asker, Store

_OF_ONE_KEY = (AccessDenied, KeyNotExportable, LeftToUser, Malformed, NoMatch, ToolFailed, Unsupported)
"""Why a source does not hand out one key, and may well hand out its neighbours."""


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
    committed: Callable[[Sequence[Step]], None] = lambda _steps: None
    """Called with the steps that arrived, after each commit, so that all can be undone."""
    client: MailClient | None = None
    """The mail program of the target whose accounts are to use what arrives."""
    wish: Wish | None = None
    """What the user wants of them; nothing is done to them without."""
    points: list[str] = field(default_factory=list)
    """What the mail program's settings are put back by."""

    def plan(self) -> Plan:
        """What would be done; asks for no password but that of a file that cannot be looked into without."""
        listing = self._listing(self.source, self.ask_source)
        everything = self.source.file
        entries, keys = planning.select(listing, self.options.only, everything=everything,
                                        contacts=self.options.contacts)
        pool = Pool(entry.certificate for entry in listing.entries)
        whole = self.target.file or bool(keys)
        target = self._listing(self.target, self.ask_target) if whole else self._relevant(entries, pool)
        pool.add(entry.certificate for entry in target.entries)
        if self._search(entries, pool) and not whole:
            target = self._relevant(entries, pool)
        make = partial(planning.make, listing, target, pool, self.options, everything=everything,
                       keeps=self._keeps())
        if self.client is None or self.wish is None:
            return make()
        from migrate.attaching import attach
        from migrate.mailing import choose, needed

        uses = choose(self.client, entries, self.wish, datetime.now(UTC))
        return attach(make(wanted=needed(uses)), uses, self.wish, self.client, self.options)

    def _keeps(self) -> Callable[[Certificate, Trust], Trust] | None:
        """As much of a trust as the target can keep; None where it keeps none."""
        if not self.target.keeps_trust:
            return None
        return self.target.narrowed if isinstance(self.target, NarrowTrust) else planning.whole_trust

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
            return Report(plan, tuple(map(skipped, plan.steps)))
        self.target.checkpoint()  # a target that cannot be written says so before anybody is asked for a password
        if self.client is not None and any(step.associations for step in plan.steps):
            self.client.require_writable()
        if any(step.moves_key for step in plan.steps):
            self.source.unlock(self.ask_source)
        if any(step.moves_key or (step.trust and self.target.seals_trust) for step in plan.steps) or (
                self.target.file and self.ask_target.explicit):
            self.target.unlock(self.ask_target)  # a file of certificates alone gets the password that was named for it
        if any(step.trust for step in plan.steps):
            plan = self._agreed(plan).plan()  # once more: what an unlocked store says of trust is authenticated
        items, refused = self._export(plan.steps)
        arrival = Arrival(self.target, items, refused, self.observe, self.committed, self.client, self.points)
        return Report(plan, tuple(arrival.of(plan.steps)))

    def _agreed(self, plan: Plan) -> Migration:
        """The same, bound to the trust beyond the source that the plan shows: nobody agreed to more."""
        if self.wish is None:
            return self
        roots = frozenset(root.sha256 for step in plan.steps for root in step.widened)
        return replace(self, wish=self.wish._replace(widen=roots))

    def _export(self, steps: Iterable[Step]) -> tuple[dict[str, Item], dict[str, Error]]:
        """The keys of all steps by fingerprint or key id; those that do not come out, with the reason."""
        wanted = [step for step in steps if step.moves_key and not step.skip]
        try:
            return self._decoded(wanted), {}
        except _OF_ONE_KEY:
            items: dict[str, Item] = {}
            refused: dict[str, Error] = {}
        for step in wanted:
            try:
                items |= self._decoded([step])
            except _OF_ONE_KEY as error:
                refused[name(step)] = error
        return items, refused

    def _decoded(self, steps: Sequence[Step]) -> dict[str, Item]:
        selection = Selection.of(
            (step.certificate.sha256 for step in steps if step.certificate),
            (step.key.id for step in steps if step.key))
        found = open_sealed(self.source.export(selection))
        items = {}
        for item in found.items:
            items[item.certificate.sha256 if item.certificate else item.key.id if item.key else ""] = item
        return items
