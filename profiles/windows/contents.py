"""What the system stores of a user or of the computer hold, read in one go."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from profiles.certificate import Certificate
from profiles.errors import Malformed
from profiles.model import Entry, PendingKey, Problem
from profiles.windows import capi, usages
from profiles.windows.crypt32 import collection, system_store
from profiles.windows.failures import translated
from profiles.windows.native import FILE_NOT_FOUND, NativeError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from profiles.windows.crypt32 import Held, KeyLink
    from profiles.windows.native import Native

MY, CA, REQUEST, PEOPLE_KNOWN = "MY", "CA", "REQUEST", "AddressBook"
STORES = (MY, CA, usages.ROOT, usages.PEOPLE, PEOPLE_KNOWN, usages.DISALLOWED)
"""Where certificates are, those with keys first; REQUEST holds stand-ins for certificates that are yet to be issued."""
_LENT = (CA, usages.ROOT, usages.DISALLOWED)
"""What a user has from the computer, and the computer from policies and from Windows, without an own copy."""


@dataclass
class Stored:
    """One certificate in all stores that have it."""

    certificate: Certificate
    held: dict[str, Held] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its friendly name in the first store that has one."""
        return next((one.name for one in self.held.values() if one.name), "")

    @property
    def link(self) -> KeyLink | None:
        """Its key, where it has one: only MY counts."""
        return self.held[MY].link if MY in self.held else None


@dataclass
class Contents:
    """Certificates by DER, and keys that wait for theirs, by the id of the key."""

    native: Native
    stored: dict[bytes, Stored] = field(default_factory=dict)
    waiting: dict[str, Stored] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @cached_property
    def links(self) -> dict[str, tuple[KeyLink, bytes]]:
        """Every key that is there by its id, with the DER of a certificate it belongs to."""
        found = {}
        for one in (*self.waiting.values(), *self.stored.values()):
            link = one.held[REQUEST].link if REQUEST in one.held else one.link
            if link is not None and self.there(link):
                found[one.certificate.key_id] = (link, one.certificate.der)
        return found

    @cached_property
    def _there(self) -> dict[KeyLink, bool]:
        return {}

    def there(self, link: KeyLink) -> bool:
        """Whether the key that a certificate names exists, as far as that can be told without asking anybody."""
        if link not in self._there:
            self._there[link] = not capi.software(link) or capi.exists(self.native, link)
        return self._there[link]

    def has_key(self, one: Stored) -> bool:
        """Whether a certificate has its key here."""
        return one.link is not None and self.there(one.link)

    def entries(self, subjects: Collection[bytes] | None = None) -> tuple[Entry, ...]:
        """The certificates, or those of some subjects."""
        return tuple(Entry(one.certificate, one.name, self.has_key(one), usages.read(one.held))
                     for one in self.stored.values() if subjects is None or one.certificate.subject in subjects)

    def pending(self) -> tuple[PendingKey, ...]:
        """Keys whose certificate is not here yet."""
        owned = {one.certificate.key_id for one in self.stored.values() if self.has_key(one)}
        return tuple(PendingKey(key_id, one.certificate.public_key.name,
                                one.held[REQUEST].name or one.certificate.common_name)
                     for key_id, one in self.waiting.items() if key_id not in owned)

    def of_key(self, key_id: str) -> Iterable[Stored]:
        """The certificates of a key."""
        return (one for one in self.stored.values() if one.certificate.key_id == key_id)


def read(native: Native, *, machine: bool, subjects: Collection[bytes] | None = None) -> Contents:
    """Everything a user (or the computer) has, and of what is lent to them what stands above that.

    With ``subjects`` also whatever else of those is lent.
    """
    contents = Contents(native)
    with translated("the certificate stores"):
        for store in STORES:
            _read(contents, contents.stored, store, machine=machine)
        _read_requests(contents, machine=machine)
        _lend(contents, subjects, machine=machine)
    for one in contents.stored.values():
        if one.link is not None and not contents.there(one.link):
            contents.problems.append(Problem(
                "no-match", f"the key of {one.certificate.common_name} is not on this computer any more: "
                            f"only its certificate is ({one.link.container})"))
    return contents


def _read(contents: Contents, into: dict[bytes, Stored], store: str, *, machine: bool) -> None:
    try:
        with system_store(contents.native, store, machine=machine) as opened:
            for held in opened.held():
                known = into.get(held.der) or _parsed(contents, held, store)
                if known is not None:
                    into.setdefault(held.der, known).held.setdefault(store, held)
    except NativeError as error:
        if error.code != FILE_NOT_FOUND:
            raise


def _parsed(contents: Contents, held: Held, store: str) -> Stored | None:
    try:
        return Stored(Certificate.parse(held.der))
    except Malformed as error:
        contents.problems.append(Problem(error.code, f"a certificate in {store} cannot be read: {error.message}"))
        return None


def _read_requests(contents: Contents, *, machine: bool) -> None:
    found: dict[bytes, Stored] = {}
    _read(contents, found, REQUEST, machine=machine)
    for one in found.values():
        if one.held[REQUEST].link is not None:
            contents.waiting.setdefault(one.certificate.key_id, one)


def _lend(contents: Contents, subjects: Collection[bytes] | None, *, machine: bool) -> None:
    with ExitStack() as stack:
        opened = {store: stack.enter_context(collection(contents.native, store, machine=machine))
                  for store in _LENT}
        lent = {one for store in opened.values() for der in store.ders() if (one := _sound(der)) is not None}
        wanted = set(subjects or ())
        current = {one.certificate for one in contents.stored.values()}
        while current:
            names = {one.issuer for one in current} - wanted
            current = {one for one in lent if one.subject in names}
            wanted |= names
        for one in lent:
            if one.subject not in wanted:
                continue
            own = contents.stored.setdefault(one.der, Stored(one))
            for name, store in opened.items():
                if name not in own.held and (held := store.find(one.der)) is not None:
                    own.held[name] = held._replace(lent=True)


def _sound(der: bytes) -> Certificate | None:
    """A certificate that is lent; one that cannot be read is no issuer of anything."""
    try:
        return Certificate.parse(der)
    except Malformed:
        return None
