"""The values both packages speak: locations, secrets, trust, listings, sealed PFX.

Named tuples and not data classes: every start pays for making their classes, and these cost a sixth.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from profiles.errors import NoMatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from profiles.certificate import Certificate


class Location(NamedTuple):
    """The address of a store: ``kind`` or ``kind:where``."""

    kind: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.where}" if self.where else self.kind


class Secret:
    """A password, kept out of ``repr``, messages and comparisons by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes | str) -> None:
        self._value = value.encode() if isinstance(value, str) else bytes(value)

    @classmethod
    def random(cls) -> Secret:
        """A one-time passphrase of 256 bits, printable, for a PFX that never leaves memory."""
        return cls(secrets.token_hex(32))

    def reveal(self) -> bytes:
        """The password as UTF-8 bytes."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"


class Level(Enum):
    """How far one usage of one certificate is trusted; the value is the name in JSON."""

    UNKNOWN = "unknown"
    TRUSTED = "trusted"
    """A CA whose certificates are believed: an anchor (NSS ``C`` and ``T``)."""
    VALID_CA = "valid-ca"
    """Accepted as a CA, but not as an anchor (NSS ``c``)."""
    PEER = "trusted-peer"
    """This very certificate is believed (NSS ``P``)."""
    MUST_VERIFY = "must-verify"
    DISTRUSTED = "distrusted"
    """Explicitly refused (NSS ``p``)."""


class Trust(NamedTuple):
    """What a store trusts one certificate for."""

    server: Level = Level.UNKNOWN
    client: Level = Level.UNKNOWN
    """As an issuer of client certificates, which a server asks (NSS ``T``)."""
    email: Level = Level.UNKNOWN
    code: Level = Level.UNKNOWN

    def __bool__(self) -> bool:
        return self != NO_TRUST


NO_TRUST = Trust()


class Problem(NamedTuple):
    """Something wrong with a store or an item in it that does not stop the rest."""

    code: str
    message: str


class Entry(NamedTuple):
    """A certificate as one store holds it."""

    certificate: Certificate
    nickname: str = ""
    has_key: bool = False
    trust: Trust = NO_TRUST


class PendingKey(NamedTuple):
    """A private key that has no certificate in its store.

    ``id`` is the SHA-1 of its public value in hex, as NSS computes CKA_ID; ``key`` its algorithm (``rsa-2048``).
    """

    id: str
    key: str
    nickname: str = ""


class Listing(NamedTuple):
    """What a store holds, as far as it can be seen without a password."""

    location: Location
    product: str
    path: str
    state: str = "ready"
    """``ready``, ``in use by …``, ``locked`` (contents are sealed), ``empty`` or ``broken``."""
    entries: tuple[Entry, ...] = ()
    pending_keys: tuple[PendingKey, ...] = ()
    problems: tuple[Problem, ...] = ()
    said: Mapping[str, Trust] = MappingProxyType({})
    """The trust that stands in the store also for certificates that it does not hold, by their thumbprints (SHA-1)."""

    def entry(self, sha256: str) -> Entry | None:
        """The entry of the certificate with that fingerprint, one with a key before one without."""
        found = [entry for entry in self.entries if entry.certificate.sha256 == sha256]
        return next((entry for entry in found if entry.has_key), found[0] if found else None)

    def trust(self, certificate: Certificate) -> Trust:
        """What the store says of a certificate, there or not."""
        entry = self.entry(certificate.sha256)
        return entry.trust if entry else self.said.get(certificate.thumbprint, NO_TRUST)


class Selection(NamedTuple):
    """What is to be handed out: fingerprints of certificates (keys come along where there are) and ids of keys."""

    certificates: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()

    @classmethod
    def of(cls, certificates: Iterable[str] = (), keys: Iterable[str] = ()) -> Selection:
        """A selection from any iterables."""
        return cls(frozenset(certificates), frozenset(keys))

    def require(self, certificates: Iterable[str], keys: Iterable[str]) -> None:
        """Raise ``NoMatch`` unless everything selected is among what was found."""
        if self.certificates - set(certificates) or self.keys - set(keys):
            raise NoMatch("what was selected is no longer in the store", "List the store again.")


@dataclass(frozen=True, slots=True)
class SealedPfx:
    """A PKCS#12 in memory and the one-time passphrase that opens it."""

    data: bytes = field(repr=False)
    passphrase: Secret
