"""What the ``mail`` command shows: the accounts of a mail program, and what is wrong with their certificates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migrate import accounts, passwords, render
from migrate.accounts import Judged, Verdict
from profiles.errors import Unsupported
from profiles.mail import client_of
from profiles.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profiles.mail.client import MailClient
    from profiles.store import Store


def required_client(store: Store) -> MailClient:
    """The mail program of a store; ``Unsupported`` for one that none uses."""
    client = client_of(store)
    if client is None:
        raise Unsupported(f"{store.location} has no mail accounts that certferry can see",
                          "Name a mail program's store, such as thunderbird; `certferry stores` lists them.")
    return client


def show(location: str, *, to_json: bool, only_with_set: Mapping[str, object]) -> None:
    """Print every account, the certificates it uses, and what is wrong with them.

    Options that change something are a mistake here, and not passed over.
    """
    given = [name for name, value in only_with_set.items() if value is not None]
    if given:
        belong = "belongs" if len(given) == 1 else "belong"
        raise passwords.BadSource(f"{' and '.join(given)} {belong} to --set", "Say whose account: --set EMAIL|auto.")
    store = open_store(location)
    client = required_client(store)
    listing = store.list()
    found = accounts.judge(client, listing, datetime.now(UTC))
    if to_json:
        render.as_json(accounts.accounts_json(client, listing, found))
        return
    if not found:
        render.say(f"{client.name} has no mail account in {store.path}")
    for one in found:
        for line in _lines(one):
            render.say(line)


def _lines(one: Judged) -> list[str]:
    account = one.account
    name = f"  {render.visible(account.name)}" if account.name else ""
    lines = [f"{render.visible(account.email) or 'no address'}{name}  ({render.visible(account.id)})"]
    lines += _verdict_lines("signs with", one.signing)
    if (one.signing.choice, one.signing.code) != (one.encryption.choice, one.encryption.code) or one.signing.choice:
        lines += _verdict_lines("encrypted with", one.encryption)
    defaults = [word for word, on in (("signed", account.signs), ("encrypted", account.encrypts)) if on]
    lines += [f"  new mail is {' and '.join(defaults)} unless you say otherwise"] if defaults else []
    lines += [f"  note: {render.visible_sentence(text)}" for text in account.notes]
    return lines


def _verdict_lines(what: str, verdict: Verdict) -> list[str]:
    if verdict.choice is None:
        return [f"  {what}  nothing: {verdict.reason}"]
    entry = verdict.choice.entry
    until = f", until {entry.certificate.validity[1]:%Y-%m-%d}, {entry.certificate.sha256[:16]}" if entry else ""
    state = "ok" if verdict.code == "ok" else f"! {render.visible_sentence(verdict.reason)}"
    return [f"  {what}  {render.visible(verdict.choice.label)}{until}  {state}"]
