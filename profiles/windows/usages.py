"""Trust as Windows keeps it: which store a certificate is in, and for which extended usages it counts there.

A certificate in ROOT is an anchor, in TrustedPeople believed itself, in Disallowed refused.
CERT_ENHKEY_USAGE_PROP_ID narrows the first two (CertGetEnhancedKeyUsage: no property is every usage, an empty one none
at all).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from profiles import asn1
from profiles.errors import Malformed
from profiles.model import Level, Trust

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profiles.windows.crypt32 import Held

ROOT, PEOPLE, DISALLOWED = "ROOT", "TrustedPeople", "Disallowed"
_OIDS = {
    "server": "1.3.6.1.5.5.7.3.1",
    "client": "1.3.6.1.5.5.7.3.2",
    "email": "1.3.6.1.5.5.7.3.4",
    "code": "1.3.6.1.5.5.7.3.3",
}
_ANY = "2.5.29.37.0"
_WHOLE = frozenset(("server", "email", "code"))
"""What NSS trusts a root for that it trusts for everything."""
_REFUSED = Trust(Level.DISTRUSTED, Level.DISTRUSTED, Level.DISTRUSTED, Level.DISTRUSTED)


class Placing(NamedTuple):
    """Where a certificate has to be: None is not there, empty bytes without limit, else the DER of its usages."""

    root: bytes | None
    people: bytes | None
    disallowed: bool

    @property
    def stores(self) -> dict[str, bytes]:
        """The usages by store."""
        found = {ROOT: self.root, PEOPLE: self.people, DISALLOWED: b"" if self.disallowed else None}
        return {name: usages for name, usages in found.items() if usages is not None}


def read(held: Mapping[str, Held]) -> Trust:
    """The trust of one certificate, by what the stores that have it hold."""
    if DISALLOWED in held:
        return _REFUSED
    root, people = held.get(ROOT), held.get(PEOPLE)
    if root is not None and root.usages is not None and not _fields(root.usages):
        if not _oids(root.usages):
            return _REFUSED  # "disable all purposes"
        root = None
    anchor = _fields(root.usages) if root else frozenset()
    peer = _fields(people.usages) if people else frozenset()
    refused = frozenset().union(*(_fields(one.refused) for one in held.values() if one.refused))
    return Trust(**{field: Level.DISTRUSTED if field in refused else Level.TRUSTED if field in anchor
                    else Level.PEER if field in peer else Level.UNKNOWN for field in _OIDS})


def placed(trust: Trust) -> Placing:
    """Where a certificate of that trust belongs."""
    if expressible(trust) == _REFUSED:
        return Placing(None, None, disallowed=True)
    return Placing(_limited(trust, Level.TRUSTED), _limited(trust, Level.PEER), disallowed=False)


def expressible(trust: Trust) -> Trust:
    """As much of a trust as Windows can keep: anchors, believed certificates, and refusal of everything.

    What is lost: "a CA but no anchor" and "must be verified", and refusal for some usages only.
    """
    if {trust.server, trust.email, trust.code} == {Level.DISTRUSTED}:
        return _REFUSED
    kept = (Level.TRUSTED, Level.PEER)
    return Trust(*(level if level in kept else Level.UNKNOWN for level in trust))


def _limited(trust: Trust, level: Level) -> bytes | None:
    fields = {field for field in _OIDS if getattr(trust, field) is level}
    if not fields:
        return None
    if fields >= _WHOLE:
        return b""
    if "server" in fields:
        fields.add("client")  # or Windows would no longer offer the user's own certificates below it to servers
    return asn1.sequence(*(asn1.oid(oid) for field, oid in _OIDS.items() if field in fields))


def _fields(usages: bytes | None) -> frozenset[str]:
    if usages is None:
        return frozenset(_OIDS)
    oids = _oids(usages)
    return frozenset(field for field, oid in _OIDS.items() if oid in oids or _ANY in oids)


def _oids(usages: bytes) -> frozenset[str]:
    try:
        return frozenset(node.oid() for node in asn1.parse(usages).sequence())
    except Malformed:
        return frozenset()
