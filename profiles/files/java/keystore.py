"""A keystore taken apart, and what of it can be carried."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from profiles.certificate import Certificate
from profiles.errors import Malformed, Unsupported, WrongPassword
from profiles.model import NO_TRUST, Level, Problem, Trust
from profiles.pkcs12 import limits
from profiles.pkcs12.bags import NO_LABELS, Labels
from profiles.pkcs12.contents import Contents
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.pairing import FoundCertificate, FoundKey, paired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from profiles.files.java.stream import DataInput
    from profiles.pkcs12.limits import Allowance
    from profiles.pkcs12.passwords import Spelling

ANCHOR = Trust(Level.TRUSTED, Level.TRUSTED, Level.TRUSTED, Level.TRUSTED)
"""What an entry of a trusted CA means: the JDK writes it into a PKCS#12 as trusted for any purpose."""
_X509 = ("X.509", "X509")


class Other(NamedTuple):
    """What an entry holds that is no private key; the words follow *the entry holds*."""

    what: str


class Sealed(Protocol):
    """The key of one entry, under a password."""

    def open(self, spellings: Iterable[Spelling], allowance: Allowance, /) -> bytes | Other:
        """Its PKCS#8, or what it is instead; ``WrongPassword``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One alias."""

    alias: str
    chain: tuple[tuple[str, bytes], ...] = ()
    """Certificates, the entry's own first, each with its type."""
    key: Sealed | Other | bytes | None = field(default=None, repr=False)
    """Sealed, or open as PKCS#8, or what is no private key; None for a trusted certificate."""


class Keystore(NamedTuple):
    """What stands open in a keystore, and how it is proved to be whole."""

    entries: tuple[Entry, ...] | None
    """None where the whole of it is sealed."""
    opened_by: Callable[[Iterable[Spelling]], tuple[Entry, ...]]
    """The entries, if a password is right and nothing was altered; ``WrongPassword``."""
    allowance: Allowance

    @property
    def sealed(self) -> bool:
        """Whether a password shows more than there is to be seen without."""
        return self.entries is None or any(hasattr(entry.key, "open") for entry in self.entries)


class Count:
    """Counts entries and certificates against the limit."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = limits.MAX_BAGS

    def take(self, count: int) -> int:
        """``count`` more."""
        self._left -= count
        if self._left < 0:
            raise Unsupported(f"the keystore holds more than {limits.MAX_BAGS} entries and certificates")
        return count


def certificate(stream: DataInput, *, typed: bool = True) -> tuple[str, bytes]:
    """A certificate with its type, which version 1 of JKS leaves out."""
    kind = stream.text() if typed else _X509[0]
    return kind, stream.counted()


def shown(alias: str) -> str:
    """An alias as problems name it."""
    return f"entry {alias[:100]!r}"


def _labels(alias: str, trust: Trust = NO_TRUST) -> Labels:
    """The alias names an entry and says which key and certificate belong together."""
    return Labels(alias, alias.encode("utf-8", "replace"), trust)


def gathered(
    keystore: Keystore, entries: Sequence[Entry], passwords: Sequence[Sequence[Spelling]] | None
) -> Contents:
    """Everything that can be carried, and a problem for each entry that cannot.

    ``passwords`` are tried on each key; None leaves keys sealed and says which certificates have one.
    """
    gathering = _Gathering(keystore.allowance, passwords)
    seen: set[str] = set()
    for entry in sorted(entries, key=lambda entry: entry.key is None):  # the alias of a key names its certificate
        if entry.alias in seen:
            gathering.problems.append(Problem("duplicate-alias", (
                f"the keystore has more than one {shown(entry.alias)}: all of them are taken, where Java takes one")))
        seen.add(entry.alias)
        gathering.take(entry)
    found = paired(gathering.keys, gathering.certificates, gathering.problems)
    return Contents(found.items, found.problems, frozenset(gathering.keyed), tuple(gathering.locked))


@dataclass(slots=True)
class _Gathering:
    allowance: Allowance
    passwords: Sequence[Sequence[Spelling]] | None
    keys: list[FoundKey] = field(default_factory=list)
    certificates: list[FoundCertificate] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    keyed: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)

    def take(self, entry: Entry) -> None:
        own = self.take_chain(entry)
        key = entry.key
        if key is None:
            return
        if not isinstance(key, bytes | Other):
            if self.passwords is None:
                self.keyed += [own.sha256] if own else []
                return
            opened = self.opened(key)
            if opened is None:
                self.locked.append(entry.alias)
                self.left(WrongPassword.code, entry, "is sealed with a password of its own")
                return
            key = opened
        if isinstance(key, Other):
            self.left(Unsupported.code, entry, f"holds {key.what}")
            return
        try:
            self.keys.append(FoundKey(PrivateKey.sound(key), _labels(entry.alias)))
        except (Malformed, Unsupported):
            self.left(Malformed.code, entry, "holds something that is no private key, or a damaged one")

    def opened(self, key: Sealed) -> bytes | Other | None:
        for spellings in self.passwords or ():
            try:
                return key.open(spellings, self.allowance)
            except WrongPassword:
                continue
        return None

    def take_chain(self, entry: Entry) -> Certificate | None:
        """Its certificates; the alias is the name of the first one, and a certificate without key is trusted."""
        first = None
        for number, (kind, der) in enumerate(entry.chain):
            if kind not in _X509:
                self.left(Unsupported.code, entry, f"holds a certificate of the kind {kind[:40]!r}, which is not X.509")
                continue
            try:
                found = Certificate.parse(der, trailing=True)
            except (Malformed, Unsupported):
                self.left(Malformed.code, entry, "holds a certificate that is damaged")
                continue
            trust = ANCHOR if entry.key is None and found.is_ca else NO_TRUST
            labels = NO_LABELS if number else _labels(entry.alias, trust)
            self.certificates.append(FoundCertificate(found, labels))
            first = found if not number else first
        return first

    def left(self, code: str, entry: Entry, what: str) -> None:
        self.problems.append(Problem(code, f"{shown(entry.alias)} {what}; it was left behind"))
