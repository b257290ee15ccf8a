"""A key file of mutt's: PEM as openssl makes it, sealed or open, with text of any kind before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profiles.errors import Malformed, PasswordNeeded
from profiles.files.loose import Loose
from profiles.pkcs12.passwords import spellings

if TYPE_CHECKING:
    from profiles.model import Secret
    from profiles.pkcs12.keys import PrivateKey


@dataclass(frozen=True, slots=True)
class KeyFile:
    """See ``HeldKey``."""

    data: bytes = field(repr=False)
    sealed: bool
    """Whether it takes a passphrase."""

    @classmethod
    def parse(cls, data: bytes) -> KeyFile:
        """Read one; ``Malformed``, ``Unsupported``."""
        loose = Loose.parse([data])
        if not loose.keys and not loose.sealed:
            raise Malformed("it has no private key in it")
        return cls(data, sealed=not loose.keys)

    def open(self, password: Secret | None) -> PrivateKey:
        """See ``HeldKey``."""
        loose = Loose.parse([self.data])
        if loose.keys:
            return loose.keys[0].key
        if password is None:
            raise PasswordNeeded("the key is sealed with a passphrase", "Give its passphrase.")
        return loose.sealed[0][0].open(spellings(password), loose.allowance)
