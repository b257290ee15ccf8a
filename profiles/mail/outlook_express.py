"""Outlook Express: mail accounts in the registry, of the main user and of every identity.

An account's ``SMTP Certificate`` signs, its ``SMTP Encryption Certificate`` is what others encrypt to: the SHA-1 of
a certificate in the user's store MY (AP_SMTP_CERTIFICATE and AP_SMTP_ENCRYPT_CERT of Windows' imnact.h).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.errors import NoMatch
from profiles.mail.client import Account, Association
from profiles.mail.program import choice, decides_for_all, require_no_defaults
from profiles.mail.registry_settings import setting, text
from profiles.windows.registry import REG_BINARY, Hive, Key, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from profiles.model import Entry
    from profiles.windows.registry import Registry

SIGNING, ENCRYPTION = "SMTP Certificate", "SMTP Encryption Certificate"
_ACCOUNTS = "Software\\Microsoft\\Internet Account Manager\\Accounts"
_IDENTITIES = Key(Hive.USER, "Identities")


class OutlookExpress:
    """See ``Program``."""

    name = "Outlook Express"
    executables: tuple[str, ...] = ("msimn.exe",)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def _roots(self) -> Iterator[tuple[str, str, Key]]:
        """Where accounts are: a name for ids, whose they are, and the key."""
        yield "main", "", Key(Hive.USER, _ACCOUNTS)
        for guid in self._registry.keys(_IDENTITIES):
            key = _IDENTITIES / guid
            name = self._registry.value(key, "Username")
            yield guid, name.text if name else "", key / _ACCOUNTS

    def _keys(self) -> Iterator[tuple[str, str, Key]]:
        """Every account that sends mail: its id, whose it is, and its key."""
        for root, owner, key in self._roots():
            for number in self._registry.keys(key):
                if self._registry.value(key / number, "SMTP Email Address") is not None:
                    yield f"outlook-express/{root}/{number}", owner, key / number

    def accounts(self, held: Mapping[str, Entry]) -> tuple[Account, ...]:
        """See ``Program``."""
        return tuple(self._account(*one, held) for one in self._keys())

    def _account(self, name: str, owner: str, key: Key, held: Mapping[str, Entry]) -> Account:
        values = self._registry.values(key)
        texts = {one: value.text for one, value in values.items()}
        hashes = [(value.blob or b"").hex() if value else "" for value in map(values.get, (SIGNING, ENCRYPTION))]
        title = ", ".join(filter(None, (self.name, owner, texts.get("Account Name", ""))))
        return Account(name, texts.get("SMTP Email Address", "").strip(), title,
                       choice(hashes[0], held), choice(hashes[1], held))

    def shares_defaults(self, one: Association, together: Sequence[Association]) -> str:
        """See ``Program``."""
        del together  # they are in the options, and not where the accounts are
        return decides_for_all(self.name, one)

    def wanted(self, associations: Sequence[Association], held: Mapping[str, Entry]) -> dict[str, str | None]:
        """See ``Program``."""
        del held  # an account says what it uses by itself
        keys = {name: key for name, _, key in self._keys()}
        wanted: dict[str, str | None] = {}
        for one in associations:
            key = keys.get(one.account)
            if key is None:
                raise NoMatch(f"Outlook Express has no account {one.email} any more", "List the accounts again.")
            require_no_defaults(self.name, one)
            for name, certificate in ((SIGNING, one.signing), (ENCRYPTION, one.encryption)):
                if certificate is not None:
                    wanted[setting(key, name)] = text(Value(REG_BINARY, bytes.fromhex(certificate.thumbprint)))
        return wanted
