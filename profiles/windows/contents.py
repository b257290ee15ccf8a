"""What the system stores of a user or of the computer hold, read in one go."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from profiles.certificate import Certificate
from profiles.errors import Malformed
from profiles.model import Entry, PendingKey, Problem
from profiles.windows import capi, cng, usages
from profiles.windows.crypt32 import collection, system_store
from profiles.windows.failures import translated
from profiles.windows.native import FILE_NOT_FOUND, NativeError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

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
            link = _link(one)
            if link is not None and self.there(link) is not False:
                found[one.certificate.key_id] = (link, one.certificate.der)
        return found

    @cached_property
    def _there(self) -> dict[KeyLink, bool | None]:
        return {}

    def there(self, link: KeyLink | None) -> bool | None:
        """Whether the key that a certificate names exists, as far as that can be told without asking anybody.

        None where only an administrator can see it.
        """
        if link is None:
            return False
        if link not in self._there:
            keeper = next((one for one in (capi, cng) if one.software(link)), None)
            self._there[link] = keeper is None or keeper.exists(self.native, link)
        return self._there[link]

    def has_key(self, one: Stored) -> bool:
        """Whether a certificate has its key here, as far as this user can see."""
        return self.there(one.link) is not False

    def entries(self, subjects: Collection[bytes] | None = None) -> tuple[Entry, ...]:
        """The certificates, or those of some subjects."""
        return tuple(Entry(one.certificate, one.name, self.has_key(one), usages.read(one.held))
                     for one in self.stored.values() if subjects is None or one.certificate.subject in subjects)

    def pending(self) -> tuple[PendingKey, ...]:
        """Keys whose certificate is not here yet."""
        owned = {one.certificate.key_id for one in self.stored.values() if self.has_key(one)}
        return tuple(PendingKey(key_id, one.certificate.public_key.name,
                                one.held[REQUEST].name or one.certificate.common_name)
                     for key_id, one in self.waiting.items()
                     if key_id not in owned and self.there(_link(one)) is not False)

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
    contents.problems += _keyless(contents)
    return contents


def _link(one: Stored) -> KeyLink | None:
    """The key of a certificate, or of a stand-in for one."""
    return one.held[REQUEST].link if REQUEST in one.held else one.link


def _keyless(contents: Contents) -> Iterator[Problem]:
    """The certificates whose key is gone, or may not be seen."""
    unseen = []
    for one in (*contents.stored.values(), *contents.waiting.values()):
        link, name = _link(one), one.certificate.common_name
        if link is None or contents.there(link):
            continue
        if contents.there(link) is None:
            unseen.append(name)
        elif REQUEST in one.held:
            yield Problem("no-match", f"the key that waits for the certificate of {name} is not on this computer any "
                          f"more ({link.container})")
        else:
            yield Problem("no-match", f"the key of {name} is not on this computer any more: only its certificate is "
                          f"({link.container})")
    if unseen:
        yield Problem("access-denied", f"this user may not look at the key of {', '.join(unseen)}: start the terminal "
                      "with `Run as administrator`")


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
        key_id, link = one.certificate.key_id, _link(one)
        if link is not None and (key_id not in contents.waiting or contents.there(link)):
            contents.waiting[key_id] = one


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
