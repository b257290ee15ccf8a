"""What a DER structure is, by its outline: files do not say it, and their names and labels are wrong at times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import Malformed, Unsupported
from profiles.pkcs12 import limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SHAPES = (
    ("i{o", "pkcs8"), ("i{", "pfx"), ("{{b", "certificate"), ("{o", "sealed"), ("io", "EC PRIVATE KEY"),
    ("iiiiiiiii", "RSA PRIVATE KEY"), ("iiiiii", "DSA PRIVATE KEY"), (".", "pkcs7"),
)
_LETTERS = {
    asn1.INTEGER: "i", asn1.SEQUENCE: "{", asn1.OID: ".", asn1.BIT_STRING: "b",
    asn1.OCTET_STRING: "o", asn1.OCTET_STRING | asn1.CONSTRUCTED: "o",
}


def shape_of(node: asn1.Node) -> str:
    """What a DER structure is, by the types of its first members; empty if nothing known."""
    if node.tag != asn1.SEQUENCE:
        return ""
    members = _members(node)
    shape = next((shape for start, shape in _SHAPES if members.startswith(start)), "")
    if not shape and members == "{{" and _members(node.children[0]) == "{o" and _members(node.children[1]) == "{{o":
        return "bcfks"
    if shape == "pfx" and [child.tag for child in node.children[1].children][:1] != [asn1.OID]:
        return ""
    return shape


def _members(node: asn1.Node) -> str:
    return "".join(_LETTERS.get(member.tag, "?") for member in node.children)


def bcfks(path: Path | str) -> Unsupported:
    """The refusal of Bouncy Castle's keystore for FIPS 140 (``ObjectStore`` in bc-java)."""
    return Unsupported(f"{path} is a keystore of Bouncy Castle's kind for FIPS (BCFKS), which is not handled here",
                       "Export it as PKCS12 with keytool: -importkeystore -srcstoretype BCFKS -deststoretype PKCS12.")


def pieces(data: bytes) -> Iterator[bytes]:
    """The structures of a file that was put together from several, each with what stands behind it and is none."""
    start = 0
    for _ in range(limits.MAX_BAGS):
        end = start
        try:
            _, _, end = asn1.header(data, start)
            following = asn1.parse(data[end : asn1.header(data, end)[2]])
        except Malformed:
            break
        if not shape_of(following):
            break
        yield data[start:end]
        start = end
    yield data[start:]
