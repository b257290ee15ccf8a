"""SafeContents (RFC 7292, section 4.2): bags and their attributes, read and written."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import Malformed, Unsupported
from profiles.model import NO_TRUST, Level, Trust
from profiles.pkcs12 import limits, trust_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.asn1 import Node

_BAG = "1.2.840.113549.1.12.10.1."
KEY, SHROUDED_KEY, CERTIFICATE, CRL, SECRET, NESTED = (_BAG + str(number) for number in range(1, 7))
X509_CERTIFICATE = "1.2.840.113549.1.9.22.1"
_FRIENDLY_NAME, _LOCAL_KEY_ID = "1.2.840.113549.1.9.20", "1.2.840.113549.1.9.21"
_TRUST_LETTERS = "2.16.840.1.113730.5.1.1.1"  # Dogtag's
_TRUSTED_USAGES = "2.16.840.1.113894.746875.1.1"  # the JDK's: extended usages, as in a certificate
_SERVER, _CLIENT, _CODE, _EMAIL = (f"1.3.6.1.5.5.7.3.{number}" for number in (1, 2, 3, 4))
_ANY = "2.5.29.37.0"
_STRINGS = {asn1.BMP_STRING: "utf-16-be", asn1.UTF8_STRING: "utf-8"}


@dataclass(frozen=True, slots=True)
class Labels:
    """The attributes of a bag that mean something here; all others are passed over."""

    nickname: str = ""
    local_id: bytes = b""
    trust: Trust = NO_TRUST


NO_LABELS = Labels()


@dataclass(frozen=True, slots=True)
class Bag:
    """One SafeBag: its type, what is inside ``[0]``, and its labels."""

    kind: str
    value: Node
    labels: Labels


class BagCount:
    """Counts the bags of one file against the limit."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = limits.MAX_BAGS

    def one(self) -> None:
        """One bag more."""
        self._left -= 1
        if self._left < 0:
            raise Unsupported(f"the file holds more than {limits.MAX_BAGS} entries")


def parse_bags(contents: Node, count: BagCount, depth: int = 0) -> Iterator[Bag]:
    """Every bag of a SafeContents, those of nested ones in place."""
    if depth > limits.MAX_BAG_DEPTH:
        raise Malformed("the entries of the file are nested too deeply")
    for node in contents.sequence():
        count.one()
        kind, value, *attributes = node.sequence(2)
        if kind.oid() == NESTED:
            yield from parse_bags(value.explicit(0), count, depth + 1)
        else:
            yield Bag(kind.oid(), value.explicit(0), _labels(attributes))


def _labels(attributes: list[Node]) -> Labels:
    found: dict[str, Node] = {}
    usages: set[str] = set()
    for attribute in attributes[0].children if attributes else ():
        with suppress(Malformed):  # a label of another make is none, and what it stands on is as good without it
            kind, values = attribute.sequence(2)[:2]
            if values.children:
                found.setdefault(kind.oid(), values.children[0])
            if kind.oid() == _TRUSTED_USAGES:
                usages = {node.oid() for node in values.children if node.tag == asn1.OID}
    local_id, trust = found.get(_LOCAL_KEY_ID), found.get(_TRUST_LETTERS)
    return Labels(
        nickname=_text(found.get(_FRIENDLY_NAME)),
        local_id=_octets(local_id),
        trust=trust_text.read(_text(trust)) if trust is not None else _trusted_for(usages),
    )


def _trusted_for(usages: set[str]) -> Trust:
    """What Java's list of usages means; it writes *any* for every trusted certificate (PKCS12KeyStore.java)."""
    server, client, email, code = (
        Level.TRUSTED if {usage, _ANY} & usages else Level.UNKNOWN for usage in (_SERVER, _CLIENT, _EMAIL, _CODE))
    return Trust(server, client, email, code)


def _octets(node: Node | None) -> bytes:
    with suppress(Malformed):
        return node.octets() if node is not None else b""
    return b""


def _text(node: Node | None) -> str:
    if node is None or node.tag & asn1.CONSTRUCTED:
        return ""
    return node.content.decode(_STRINGS.get(node.tag, "latin-1"), "replace").rstrip("\0")


def bag(kind: str, value: bytes, labels: Labels) -> bytes:
    """A SafeBag as DER."""
    attributes = []
    if labels.nickname:
        attributes.append(_attribute(_FRIENDLY_NAME, _bmp(labels.nickname)))
    if labels.local_id:
        attributes.append(_attribute(_LOCAL_KEY_ID, asn1.octets(labels.local_id)))
    if labels.trust:
        attributes.append(_attribute(_TRUST_LETTERS, _bmp(trust_text.written(labels.trust))))
    rest = asn1.set_of(*attributes) if attributes else b""
    return asn1.sequence(asn1.oid(kind), asn1.tlv(asn1.context(0), value), rest)


def _attribute(kind: str, value: bytes) -> bytes:
    return asn1.sequence(asn1.oid(kind), asn1.set_of(value))


def _bmp(text: str) -> bytes:
    return asn1.tlv(asn1.BMP_STRING, text.encode("utf-16-be", "replace"))


def certificate_bag(der: bytes, labels: Labels) -> bytes:
    """A CertBag of an X.509 certificate as DER (RFC 7292, 4.2.3)."""
    value = asn1.sequence(asn1.oid(X509_CERTIFICATE), asn1.tlv(asn1.context(0), asn1.octets(der)))
    return bag(CERTIFICATE, value, labels)
