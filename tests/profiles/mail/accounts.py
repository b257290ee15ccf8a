"""Mail profiles to work on: identities in prefs.js, and a store with people in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from profiles.mail import client_of
from profiles.model import Level, Location, Trust
from profiles.nss.store import NssStore
from tests.askers import Given
from tests.profiles.place import identity, put

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.mail.client import MailClient
    from tests.pki import Leaf

FOR_EMAIL = Trust(email=Level.TRUSTED)


def settings(addresses: dict[str, str], **more: object) -> bytes:
    """A prefs.js in which one account has these identities; ``id1__sign_mail=True`` adds a preference of one."""
    lines = ["// Mozilla User Preferences", "", 'user_pref("mail.accountmanager.accounts", "account1");',
             f'user_pref("mail.account.account1.identities", "{",".join(addresses)}");']
    lines += [f'user_pref("mail.identity.{key}.useremail", {json.dumps(address)});'
              for key, address in addresses.items()]
    lines += [f'user_pref("mail.identity.{key.replace("__", ".")}", {json.dumps(value)});'
              for key, value in more.items()]
    return "\n".join([*lines, 'user_pref("other", 1);', ""]).encode()


def profile(path: Path, addresses: dict[str, str], *leaves: Leaf, trusted: bool = True, **more: object) -> Path:
    """A Thunderbird profile with these identities and people, the root trusted for e-mail."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "prefs.js").write_bytes(settings(addresses, **more))
    for leaf in leaves:
        store = opened(path)
        store.unlock(Given(""))
        put(store, *identity(leaf), trust={leaf.chain[-1]: FOR_EMAIL} if trusted else {})
    return path


def opened(path: Path) -> NssStore:
    """The profile's store, afresh."""
    return NssStore(Location("thunderbird", str(path)), path, "Thunderbird")


def client(path: Path) -> MailClient:
    """The profile's mail program, afresh."""
    found = client_of(opened(path))
    assert found is not None
    return found
