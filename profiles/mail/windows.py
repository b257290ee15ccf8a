"""The mail programs that use the Windows store: Outlook, Outlook Express, Windows Mail and Windows Live Mail as one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.errors import NoMatch, StoreInUse
from profiles.mail.client import Foreseen, Requirements, foreseen
from profiles.mail.outlook import Outlook
from profiles.mail.outlook_express import OutlookExpress
from profiles.mail.program import by_thumbprint, without_defaults
from profiles.mail.record import Recorded, Records
from profiles.mail.registry_settings import RegistrySettings
from profiles.mail.windows_mail import PRODUCTS, AccountFiles, WindowsMail
from profiles.windows import registry as seam
from profiles.windows.processes import running

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from profiles.mail.client import Account, Association
    from profiles.mail.program import Program
    from profiles.model import Entry
    from profiles.store import Store
    from profiles.windows.processes import Program as Process
    from profiles.windows.registry import Registry


def client(store: Store) -> WindowsClients | None:
    """The mail programs of the user whose store this is; None for the computer's own store, and on other systems."""
    registry = seam.here()
    if registry is None or store.location.where:
        return None
    local = Path(os.environ.get("LOCALAPPDATA", "") or Path.home() / "AppData" / "Local")
    return WindowsClients(registry, local, records(), lambda: store.list().entries)


def records() -> Path:
    """Where certferry keeps what it set, and what was there before."""
    from platformdirs import user_state_path

    return user_state_path("certferry", appauthor=False) / "mail" / "windows"


@dataclass(frozen=True)
class _Settings:
    """See ``Settings``: values of the registry and elements of files; the kind stands in their names."""

    registry: RegistrySettings
    files: AccountFiles

    def values(self, names: Collection[str]) -> dict[str, str | None]:
        """See ``Settings``."""
        ours = [name for name in names if self.files.knows(name)]
        return {**self.registry.values([name for name in names if name not in ours]), **self.files.values(ours)}

    def write(self, values: Mapping[str, str | None]) -> None:
        """See ``Settings``."""
        ours = {name: value for name, value in values.items() if self.files.knows(name)}
        rest = {name: value for name, value in values.items() if name not in ours}
        before = self.registry.values(rest)
        self.registry.write(rest)
        try:
            self.files.write(ours)
        except BaseException:
            self.registry.write(before)
            raise


class WindowsClients(Recorded):
    """See ``MailClient``: the id and the name of an account say which program it belongs to."""

    name = "the mail programs on this computer"
    any_use = True

    def __init__(
        self, registry: Registry, local: Path, state: Path, entries: Callable[[], Iterable[Entry]],
        running: Callable[[Iterable[str]], Sequence[Process]] = running,
    ) -> None:
        self._entries, self._running = entries, running
        self._programs: dict[str, Program] = {
            "outlook": Outlook(registry), "outlook-express": OutlookExpress(registry),
            **{product[1]: WindowsMail(local, product) for product in PRODUCTS}}
        self._records = Records(state, _Settings(RegistrySettings(registry), AccountFiles()))

    def accounts(self) -> tuple[Account, ...]:
        """See ``MailClient``."""
        held = by_thumbprint(self._entries())
        return tuple(account for program in self._programs.values() for account in program.accounts(held))

    def requirements(self, association: Association) -> Requirements:
        """See ``MailClient``: Windows builds the chain when a message is sent, from its store."""
        del association
        return Requirements(chain=True)

    def foresee(self, associations: Sequence[Association]) -> list[Foreseen]:
        """See ``MailClient``."""
        held = by_thumbprint(self._entries())
        found = []
        for one in associations:
            program = self._program(one)
            why = program.shares_defaults(one, associations)
            plain = without_defaults(one, why)
            whole = foreseen(one, partial(program.wanted, [one._replace(sign=None, encrypt=None)], held))
            found.append(plain if why and whole.association else whole)
        return found

    def _program(self, one: Association) -> Program:
        name = one.account.partition("/")[0]
        if name not in self._programs:
            raise NoMatch(f"there is no account {one.account}", "List the accounts again.")
        return self._programs[name]

    def require_writable(self) -> None:
        """See ``MailClient``: each program keeps its settings in memory, and writes them when it ends."""
        names = {name: program.name for program in self._programs.values() for name in program.executables}
        for process in self._running(names):
            raise StoreInUse(f"{names[process.name.casefold()]} is running (process {process.pid}) and would undo it",
                             "Close it, then try again.")

    def prepare(self, associations: Sequence[Association]) -> str:
        """See ``MailClient``."""
        held = by_thumbprint(self._entries())
        wanted: dict[str, str | None] = {}
        programs = [self._program(one) for one in associations]
        for program in dict.fromkeys(programs):
            theirs = [one for one, its in zip(associations, programs, strict=True) if its is program]
            wanted |= program.wanted(theirs, held)
        owners: dict[str, str] = {}
        for one, program in zip(associations, programs, strict=True):
            for name in program.wanted([one._replace(sign=None, encrypt=None)], held):
                owners[name] = f"{owners[name]}, {one.email}" if name in owners else one.email
        return self._records.prepare(wanted, {need.sha256 for one in associations for need in one.needs}, owners)
