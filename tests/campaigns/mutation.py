"""Mutations of ASN.1 that know its structure, and of bytes that do not."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from profiles import asn1
from profiles.errors import Malformed

COUNTS = (0, -1, 1, 2, 19, 20, 64, 65, 1000, 2**16, 2**31 - 1, 2**32, 2**63, 2**64, -(2**31))
"""What an integer is set to: iteration counts, key lengths, versions."""
TAGS = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x1E, 0x24, 0x30, 0x31, 0x80, 0xA0, 0xA1, 0x1F, 0xBF)


@dataclass
class Tree:
    """An element that can be changed; an octet string that holds ASN.1 has it as its child."""

    tag: int
    content: bytes = b""
    children: list[Tree] = field(default_factory=list)
    indefinite: bool = False

    @classmethod
    def of(cls, node: asn1.Node) -> Tree:
        """The tree of a decoded element."""
        if node.tag & asn1.CONSTRUCTED:
            return cls(node.tag, b"", [cls.of(child) for child in node.children])
        if node.tag == asn1.OCTET_STRING and node.content[:1] == b"\x30":
            try:
                return cls(node.tag, b"", [cls.of(asn1.parse(node.content))])
            except Malformed:
                pass
        return cls(node.tag, node.content)

    def encoded(self) -> bytes:
        """The element as bytes, BER where that was asked for."""
        content = b"".join(child.encoded() for child in self.children) or self.content
        if self.indefinite and self.tag & asn1.CONSTRUCTED:
            return bytes((self.tag, 0x80)) + content + b"\0\0"
        return asn1.tlv(self.tag, content)

    def all(self) -> list[Tree]:
        """This element and everything below it."""
        return [self, *(below for child in self.children for below in child.all())]


def change_tree(chance: random.Random, tree: Tree, other: Tree) -> str:
    """One change to one element, and its name; ``other`` is where splices come from."""
    elements = tree.all()
    parents = [one for one in elements if one.children]
    parent = chance.choice(parents)
    at = chance.randrange(len(parent.children))
    kind = chance.choice(("delete", "duplicate", "swap", "splice", "retag", "integer", "content", "indefinite", "nest"))
    match kind:
        case "delete":
            del parent.children[at]
        case "duplicate":
            parent.children[at:at] = [parent.children[at]] * chance.choice((1, 1, 2, 50))
        case "swap":
            here = chance.randrange(len(parent.children))
            parent.children[at], parent.children[here] = parent.children[here], parent.children[at]
        case "splice":
            parent.children[at] = Tree.of(asn1.parse(chance.choice(other.all()).encoded(), trailing=True))
        case "retag":
            parent.children[at].tag = chance.choice(TAGS)
        case "integer":
            numbers = [one for one in elements if one.tag == asn1.INTEGER] or [parent.children[at]]
            target = chance.choice(numbers)
            target.content, target.children = asn1.integer(chance.choice(COUNTS))[2:], []
        case "content":
            target = chance.choice(elements)
            size = chance.choice((0, 1, 2, 8, 20, 300))
            target.content, target.children = chance.randbytes(size), []
        case "indefinite":
            chance.choice(parents).indefinite = True
        case "nest":
            for _ in range(chance.choice((1, 2, 40))):
                parent.children[at] = Tree(parent.tag, b"", [parent.children[at]])
    return kind


def change_bytes(chance: random.Random, data: bytes, other: bytes) -> tuple[str, bytes]:
    """One change that knows nothing of structure, and its name."""
    changed = bytearray(data)
    at = chance.randrange(len(changed))
    kind = chance.choice(("bit", "bits", "length", "truncate", "insert", "join", "zero"))
    match kind:
        case "bit":
            changed[at] ^= 1 << chance.randrange(8)
        case "bits":
            for _ in range(chance.randrange(2, 30)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
        case "length":
            starts = [index for index, octet in enumerate(changed[:-6]) if octet in (0x30, 0x04, 0xA0, 0x31, 0x02)]
            place = (chance.choice(starts or [0]) + 1) % len(changed)
            changed[place] = chance.choice((0x00, 0x7F, 0x80, 0x81, 0x84, 0xFF))
        case "truncate":
            del changed[at:]
        case "insert":
            changed[at:at] = chance.randbytes(chance.choice((1, 2, 10)))
        case "join":
            changed[at:] = other[chance.randrange(len(other)) :]
        case "zero":
            end = at + chance.randrange(1, 40)
            changed[at:end] = bytes(len(changed[at:end]))
    return kind, bytes(changed)
