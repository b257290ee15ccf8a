"""What a person and certferry do with the mail programs of one Windows machine; run there, it prints one JSON object.

    python -m tests.windows.outlook_user seed EMAIL...
    python -m tests.windows.outlook_user chosen 64BIT 32BIT FLAGS SHA1   what a person has there already, in hex
    python -m tests.windows.outlook_user accounts DER...
    python -m tests.windows.outlook_user associate EMAIL DER...    the last certificate, as the engine does it
    python -m tests.windows.outlook_user restore POINT
    python -m tests.windows.outlook_user interrupted EMAIL OTHER DER
    python -m tests.windows.outlook_user applications
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import profiles.mail
from profiles.certificate import Certificate
from profiles.errors import Error
from profiles.mail.client import Association
from profiles.mail.outlook import Outlook
from profiles.mail.windows import client
from profiles.model import Entry, Listing, Location
from profiles.products import windows as products
from profiles.windows.registry import REG_BINARY, Hive, Key, Value, WindowsRegistry
from tests.profiles.mail import windows_accounts

IDENTITY = "{11111111-2222-3333-4444-555555555555}"


class _Store:
    """As much of the Windows store as the clients ask for, so that this is about the registry alone."""

    location = Location("windows")

    def __init__(self, *files: str) -> None:
        self.certificates = [Certificate.parse(Path(file).read_bytes()) for file in files]

    def list(self) -> Listing:
        entries = tuple(Entry(one, has_key=True) for one in self.certificates)
        return Listing(self.location, "Windows", "", entries=entries)


def seed(*emails: str) -> object:
    registry = WindowsRegistry()
    windows_accounts.outlook(registry, *emails, version="16.0", bits="x64")
    windows_accounts.outlook(registry, *emails, version="15.0", bits="x86")
    windows_accounts.outlook(registry, *emails, version="", bits=None)
    windows_accounts.outlook_express(registry, *emails)
    windows_accounts.outlook_express(registry, *emails, identity=IDENTITY)
    path = windows_accounts.account_file(Path(os.environ["LOCALAPPDATA"]), emails[0])
    return {"file": str(path)}


def chosen(wide: str, narrow: str, flags: str, thumbprint: str) -> object:
    registry = WindowsRegistry()
    for profile in Outlook(registry).profiles():
        value = wide if profile.version == "16.0" else narrow
        for name, data in (("11020355", value), ("00030354", flags)):
            registry.write(profile.security, name, Value(REG_BINARY, bytes.fromhex(data)))
    manager = f"{windows_accounts.MANAGER}\\00000001"
    for path in (manager, f"Identities\\{IDENTITY}\\{manager}"):
        for name in ("SMTP Certificate", "SMTP Encryption Certificate"):
            registry.write(Key(Hive.USER, path), name, Value(REG_BINARY, bytes.fromhex(thumbprint)))
    return {}


def accounts(*files: str) -> object:
    found = _client(_Store(*files))
    return {one.id: [one.email, one.signing and one.signing.sha256, one.encryption and one.encryption.sha256]
            for one in found.accounts()}


def associate(email: str, *files: str) -> object:
    point = _prepared(email, *files)
    found = _client(_Store(*files))
    found.associate(point)
    found.finish(point)
    return {"point": point}


def restore(point: str) -> object:
    _client(_Store()).restore(point)
    return {}


def interrupted(email: str, other: str, file: str) -> object:
    """The accounts before; after a run that set nothing and left no certificate; after one that left it."""
    said = [accounts(file)]
    for there in (other, file):
        _prepared(email, file)
        store: Any = _Store(there)
        found = _client(store)
        profiles.mail._recover(store, found)
        assert found.unfinished() == ()
        said.append(accounts(file))
    return said


def applications() -> object:
    return [list(one) for one in products.applications(WindowsRegistry())]


def _client(store: Any) -> Any:
    found = client(store)
    assert found is not None
    return found


def _prepared(email: str, *files: str) -> str:
    store = _Store(*files)
    found = _client(store)
    found.require_writable()
    certificate = store.certificates[-1]
    point: str = found.prepare([Association(one.id, email, certificate, certificate)
                                for one in found.accounts() if one.email == email])
    return point


if __name__ == "__main__":
    try:
        said = globals()[sys.argv[1]](*sys.argv[2:])
    except Error as error:
        said = {"error": error.code, "message": error.message}
    print(json.dumps(said))
