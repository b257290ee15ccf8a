"""What java.io.DataOutputStream wrote, read within bounds."""

from __future__ import annotations

from profiles.errors import Malformed, Truncated


class DataInput:
    """A reader that never goes past the end: ``Truncated`` instead."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def octets(self, count: int) -> bytes:
        """The next so many octets."""
        start, self.at = self.at, self.at + count
        if self.at > len(self.data):
            raise Truncated("the keystore is cut off, or a length in it is wrong")
        return self.data[start : self.at]

    def number(self, size: int) -> int:
        """An unsigned number of that many octets."""
        return int.from_bytes(self.octets(size), "big")

    def signed(self) -> int:
        """An ``int``."""
        return int.from_bytes(self.octets(4), "big", signed=True)

    def counted(self) -> bytes:
        """A length as an ``int``, and so many octets."""
        return self.octets(self.number(4))

    def text(self) -> str:
        """What ``writeUTF`` wrote: a length in two octets and modified UTF-8."""
        return modified_utf8(self.octets(self.number(2)))


def modified_utf8(octets: bytes) -> str:
    """Text from UTF-8 in which NUL takes two octets and a character beyond 16 bits is a pair of surrogates."""
    try:
        text = octets.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
        return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")
    except UnicodeDecodeError:
        raise Malformed("a name in the keystore is no text") from None
