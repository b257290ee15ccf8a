"""People with certificates for mail, a mail profile, and a migration between them."""

from __future__ import annotations

from migrate.engine import Migration
from migrate.mailing import Wish
from migrate.plan import Options
from profiles.model import Trust
from tests import pki
from tests.askers import Given
from tests.profiles.mail.accounts import FOR_EMAIL, client, opened
from tests.profiles.memory import MemoryStore, Shelf
from tests.profiles.place import identity, middle, put

ALICE = "alice@example.test"


def leaf(cn: str = "Alice", email: object = ALICE, **more: object) -> pki.Leaf:
    """Somebody with a certificate for mail."""
    return middle().leaf(cn, email=email, **more)


def holding(*leaves: pki.Leaf, trust: Trust = FOR_EMAIL) -> MemoryStore:
    """A source with these people, their root trusted."""
    store = MemoryStore(Shelf())
    for one in leaves:
        put(store, *identity(one), trust={one.chain[-1]: trust})
    return store


def migration(source: MemoryStore, place, wish: Wish | None = None, **options: object) -> Migration:
    """From that source into a mail profile."""
    return Migration(source, opened(place), Options(**options), Given(""), Given(""), client=client(place),
                     wish=wish or Wish())


def run(source: MemoryStore, place, wish: Wish | None = None, **options: object):
    """Carried out."""
    moving = migration(source, place, wish, **options)
    return moving.run(moving.plan())


def used(place) -> dict[str, tuple[str | None, str | None]]:
    """What each account signs and encrypts with, read afresh."""
    return {one.id: (one.signing.sha256 if one.signing else None, one.encryption.sha256 if one.encryption else None)
            for one in client(place).accounts()}


def outcomes(report) -> dict[str, tuple[str, str]]:
    """By account."""
    return {use.account.id: (use.outcome, use.code) for use in report.uses}
