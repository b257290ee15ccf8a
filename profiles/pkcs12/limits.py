"""What a hostile file may cost: every count is checked before any key is derived from a password."""

from __future__ import annotations

from profiles.errors import Malformed, Unsupported

MAX_FILE = 8 << 20
MAX_ITERATIONS = 40_000_000
"""Over all places of one file: more than sixty keys as NSS seals them, each with 600,000.

Some twenty seconds of PBKDF2, or a minute of the derivation of RFC 7292, is the most that a hostile file takes.
"""
MAX_PLACE_ITERATIONS = 5_000_000
"""In one place; the largest count of a real writer is 1,000,000, and Java takes no more than this."""
MAX_SALT = 1024
MAX_KEY_LENGTH = 64
MAX_BAGS = 10_000
MAX_BAG_DEPTH = 8
MAX_SCRYPT_MEMORY = 64 << 20

MAX_SLOW_OCTETS = 5_000_000 // 4
"""Over all places, under ciphers that are done in Python; an octet takes four iterations."""

_HINT = "The file was made wrongly, or to make programs hang. Ask for it to be made anew."


def file_size(size: int) -> None:
    """Refuse a file that is larger than any real key file."""
    if size > MAX_FILE:
        raise Unsupported(f"the file has {size} bytes; at most {MAX_FILE} are read")


def salt(value: bytes) -> bytes:
    """The salt, if it is no longer than allowed."""
    if len(value) > MAX_SALT:
        raise Unsupported(f"a salt has {len(value)} bytes; at most {MAX_SALT} are handled", _HINT)
    return value


class Allowance:
    """How many iterations one file may still ask for."""

    __slots__ = ("_left", "_slow", "_total")

    def __init__(self, total: int = MAX_ITERATIONS) -> None:
        self._left = self._total = total
        self._slow = min(total, MAX_SLOW_OCTETS)

    def affords(self, iterations: int) -> bool:
        """Whether that many are left."""
        return iterations <= self._left

    def reserve(self, iterations: int) -> int:
        """The iteration count of one place, if it is sound and the file stays within its allowance."""
        if iterations <= 0:
            raise Malformed(f"an iteration count is {_shown(iterations)}", _HINT)
        if iterations > MAX_PLACE_ITERATIONS:
            raise Unsupported(f"the file asks for {_shown(iterations)} iterations of a password check; at most "
                              f"{MAX_PLACE_ITERATIONS} in one place are done", _HINT)
        if not self.affords(iterations):
            raise Unsupported(f"the file asks for {_shown(iterations)} iterations of its password check; "
                              f"at most {self._total} in all are done", _HINT)
        self._left -= iterations
        return iterations

    def reserve_slow(self, octets: int, cipher: str = "RC2") -> None:
        """Refuse more than about a megabyte, over all places, under a cipher that is done in Python."""
        if octets > self._slow:
            raise Unsupported(f"the file has {octets} bytes sealed with {cipher}, which is more than is read", _HINT)
        self._slow -= octets

    def reserve_scrypt(self, cost: int, block: int, parallel: int) -> None:
        """Refuse scrypt parameters (RFC 7914) that are unsound, or want too much memory or time."""
        if cost < 2 or cost & (cost - 1) or block < 1 or parallel < 1:
            raise Malformed("the parameters of scrypt are not valid", _HINT)
        if 128 * cost * block * parallel > MAX_SCRYPT_MEMORY:
            raise Unsupported("the file asks scrypt for more memory than is allowed", _HINT)
        self.reserve(cost * block * parallel)


def _shown(number: int) -> str:
    return str(number) if number.bit_length() <= 64 else "absurdly large"
