"""ASN.1: a bounded BER reader and a DER writer (X.690), the only ones in the project.

Every length, nesting and count is checked before anything is built from it, so that hostile input costs no more than
its own size.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from profiles.errors import Malformed, Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, BMP_STRING, SEQUENCE, SET = 0x0C, 0x1E, 0x30, 0x31
CONSTRUCTED = 0x20

MAX_DEPTH = 32
MAX_NODES = 200_000


def context(number: int, *, constructed: bool = True) -> int:
    """The identifier octet of the context-specific tag ``[number]``."""
    return 0x80 | number | (CONSTRUCTED if constructed else 0)


def header(data: bytes, offset: int) -> tuple[int, int, int]:
    """Read one definite-length identifier and length at ``offset``: (tag, start of content, end of content)."""
    try:
        tag, length = data[offset], data[offset + 1]
        start = offset + 2
        if tag & 0x1F == 0x1F:
            raise Malformed("an ASN.1 tag above 30 stands where none is defined")
        if length & 0x80:
            count = length & 0x7F
            if count == 0 or count > 4:
                raise Malformed("an ASN.1 length is indefinite or absurdly large")
            length = int.from_bytes(data[start : start + count], "big")
            start += count
    except IndexError:
        raise Truncated("the data ends inside an ASN.1 header") from None
    if start + length > len(data):
        raise Truncated("the data ends before its ASN.1 length says")
    return tag, start, start + length


def elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Walk the definite-length elements between ``start`` and ``end``: (tag, offset, content start, content end)."""
    while start < end:
        tag, content, stop = header(data, start)
        if stop > end:
            raise Malformed("an ASN.1 element reaches past the one that holds it")
        yield tag, start, content, stop
        start = stop


def exactly(data: bytes, start: int, end: int, count: int) -> list[tuple[int, int, int, int]]:
    """The elements between ``start`` and ``end``, which must be so many; as ``elements`` gives them."""
    found = list(elements(data, start, end))
    if len(found) != count:
        raise Malformed("an ASN.1 sequence has the wrong number of elements")
    return found


class Node(NamedTuple):
    """One decoded element: its identifier octet, primitive content, and children where it is constructed."""

    tag: int
    content: bytes
    children: tuple[Node, ...] = ()

    def expect(self, tag: int) -> Node:
        """This node, or ``Malformed`` if it is not of ``tag``."""
        if self.tag != tag:
            raise Malformed(f"ASN.1 tag 0x{tag:02x} expected, 0x{self.tag:02x} found")
        return self

    def sequence(self, least: int = 0) -> tuple[Node, ...]:
        """The children of a SEQUENCE that has at least ``least`` of them."""
        self.expect(SEQUENCE)
        if len(self.children) < least:
            raise Malformed("an ASN.1 sequence is shorter than its type allows")
        return self.children

    def integer(self) -> int:
        """The value of an INTEGER."""
        self.expect(INTEGER)
        if not self.content:
            raise Malformed("an ASN.1 integer is empty")
        return int.from_bytes(self.content, "big", signed=True)

    def octets(self) -> bytes:
        """The bytes of an OCTET STRING, also of the constructed (BER) form."""
        return self._joined(OCTET_STRING)

    def implicit_octets(self, number: int) -> bytes:
        """The bytes of ``[number] IMPLICIT OCTET STRING``."""
        return self._joined(context(number, constructed=False))

    def _joined(self, tag: int) -> bytes:
        if self.tag == tag:
            return self.content
        self.expect(tag | CONSTRUCTED)
        return b"".join(child.octets() for child in self.children)

    def oid(self) -> str:
        """The dotted form of an OBJECT IDENTIFIER."""
        self.expect(OID)
        return dotted(self.content)

    def explicit(self, number: int) -> Node:
        """The one element inside ``[number] EXPLICIT``."""
        self.expect(context(number))
        if len(self.children) != 1:
            raise Malformed("an explicit ASN.1 tag does not hold exactly one element")
        return self.children[0]


class _Parser:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.nodes = 0

    def one(self, offset: int, end: int, depth: int) -> tuple[Node, int]:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise Malformed("the ASN.1 data is nested too deeply or has too many elements")
        if self.data[offset : offset + 2][1:] == b"\x80":
            return self.indefinite(offset, end, depth)
        tag, start, stop = header(self.data, offset)
        if stop > end:
            raise Malformed("an ASN.1 element reaches past the one that holds it")
        if not tag & CONSTRUCTED:
            return Node(tag, self.data[start:stop]), stop
        children = []
        position = start
        try:
            while position < stop:
                child, position = self.one(position, stop, depth + 1)
                children.append(child)
        except Truncated as error:  # all of this element is there
            raise Malformed(error.message) from None
        return Node(tag, self.data[start:stop], tuple(children)), stop

    def indefinite(self, offset: int, end: int, depth: int) -> tuple[Node, int]:
        tag = self.data[offset]
        if not tag & CONSTRUCTED or tag & 0x1F == 0x1F:
            raise Malformed("an ASN.1 primitive has an indefinite length")
        children = []
        position = offset + 2
        while self.data[position : position + 2] != b"\0\0":
            if position + 2 > end:
                raise Truncated("an indefinite ASN.1 length never ends")
            child, position = self.one(position, end, depth + 1)
            children.append(child)
        if position + 2 > end:
            raise Malformed("an indefinite ASN.1 length reaches past the element that holds it")
        return Node(tag, self.data[offset + 2 : position], tuple(children)), position + 2


def leading(data: bytes) -> tuple[Node, bytes]:
    """Decode the BER or DER element that data begin with, and give what stands behind it."""
    if len(data) < 2:
        raise Truncated("the data is empty or ends inside an ASN.1 header")
    node, stop = _Parser(data).one(0, len(data), 0)
    return node, data[stop:]


def blank(data: bytes) -> bool:
    """Whether it is nothing but padding."""
    return not data.strip(b"\0\t\n\r\x1a ")


def parse(data: bytes, *, trailing: bool = False, padded: bool = False) -> Node:
    """Decode one BER or DER element.

    Bytes after it are ``Malformed`` unless ``trailing`` allows them, or ``padded`` does and they are blank.
    """
    node, rest = leading(data)
    if rest and not trailing and not (padded and blank(rest)):
        raise Malformed("there are bytes after the end of the ASN.1 data")
    return node


def der(node: Node) -> bytes:
    """A decoded element as DER: lengths definite, constructed strings joined."""
    if not node.tag & CONSTRUCTED:
        return tlv(node.tag, node.content)
    if node.tag == OCTET_STRING | CONSTRUCTED:
        return octets(node.octets())
    return tlv(node.tag, *map(der, node.children))


@lru_cache(512)
def dotted(content: bytes) -> str:
    """The dotted form of the content octets of an OBJECT IDENTIFIER."""
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise Malformed("an object identifier is cut off")
    arcs: list[int] = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, (top, arcs[0] - 40 * top, *arcs[1:])))


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER element of ``tag`` around the concatenated ``parts``."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """A DER SEQUENCE."""
    return tlv(SEQUENCE, *parts)


def set_of(*parts: bytes) -> bytes:
    """A DER SET OF, its members in DER order."""
    return tlv(SET, *sorted(parts))


def integer(value: int) -> bytes:
    """A DER INTEGER."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes) -> bytes:
    """A DER OCTET STRING."""
    return tlv(OCTET_STRING, value)


def bits(value: bytes) -> bytes:
    """A DER BIT STRING of whole octets."""
    return tlv(BIT_STRING, b"\0", value)


def null() -> bytes:
    """A DER NULL."""
    return tlv(NULL)


@lru_cache(512)
def oid(name: str) -> bytes:
    """A DER OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in name.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        chunk = [arc & 0x7F]
        while arc := arc >> 7:
            chunk.append(arc & 0x7F | 0x80)
        content += bytes(reversed(chunk))
    return tlv(OID, bytes(content))
