"""Which certificate each account of a mail program uses.

A client is a module here with ``client(store) -> MailClient | None``: the accounts that use this very store, or None
where no mail program does. Where several programs share one store (Outlook and Windows Mail), they are one client whose
account ids and names say which program each belongs to.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from profiles.errors import Error, StoreInUse

if TYPE_CHECKING:
    from profiles.mail.client import MailClient, Unfinished
    from profiles.store import Store

_MOZILLA = "profiles.mail.thunderbird"
CLIENTS = {
    "thunderbird": _MOZILLA,
    "betterbird": _MOZILLA,
    "seamonkey": _MOZILLA,
    "windows": "profiles.mail.windows",
    "keychain": "profiles.mail.apple",
    "evolution": "profiles.mail.evolution",
    "nss": _MOZILLA,  # where the directory is a profile with mail accounts
}
"""The module that knows the mail program of a store, by the kind of the store's location."""


def client_of(store: Store) -> MailClient | None:
    """The mail program that uses a store, what an interrupted run left in its settings recovered; None without one."""
    found = _client(store)
    if found is not None:
        _recover(store, found)
    return found


def recover(store: Store) -> None:
    """Finish or take back what an interrupted run left in the settings of the mail program that uses a store."""
    client_of(store)


def _client(store: Store) -> MailClient | None:
    module = CLIENTS.get(store.location.kind)
    if module is None:
        return None
    found: MailClient | None = import_module(module).client(store)
    return found


def _recover(store: Store, client: MailClient) -> None:
    """Forward where the keys arrived, else back; what cannot be settled now waits: its run, or the program, runs."""
    if not client.unfinished():
        return
    with suppress(Error), client.alone(patience=0):
        for one in client.unfinished():
            client.require_writable()
            _settle(store, client, one)


def _settle(store: Store, client: MailClient, one: Unfinished) -> None:
    listing = store.list()
    entries = [listing.entry(sha256) for sha256 in one.needs]
    if not all(entry is not None and entry.has_key for entry in entries):
        client.restore(one.point)
        return
    try:
        client.associate(one.point)
    except StoreInUse:  # somebody has chosen for himself meanwhile
        client.restore(one.point)
    else:
        client.finish(one.point)
