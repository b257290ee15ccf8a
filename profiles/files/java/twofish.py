"""Twofish (Schneier and others, 1998), decryption only: UBER is sealed with it and no library here has it."""

from __future__ import annotations

from functools import cache

_NIBBLES = (
    ("817D6F320B59ECA4", "ECB81235F4A6709D", "BA5E6D90C8F32471", "D7F4126E9B3085CA"),
    ("28BDF76E31940AC5", "1E2B4C376DA5F908", "4C75169A0ED82B3F", "B951C3DE647F208A"),
)
_MDS = ((0x01, 0xEF, 0x5B, 0x5B), (0x5B, 0xEF, 0xEF, 0x01), (0xEF, 0x5B, 0x01, 0xEF), (0xEF, 0x01, 0xEF, 0x5B))
_RS = (
    (0x01, 0xA4, 0x55, 0x87, 0x5A, 0x58, 0xDB, 0x9E), (0xA4, 0x56, 0x82, 0xF3, 0x1E, 0xC6, 0x68, 0xE5),
    (0x02, 0xA1, 0xFC, 0xC1, 0x47, 0xAE, 0x3D, 0x19), (0xA4, 0x55, 0x87, 0x5A, 0x58, 0xDB, 0x9E, 0x03),
)
_MDS_POLYNOMIAL, _RS_POLYNOMIAL = 0x169, 0x14D
_PATHS = ((1, 1, 0, 0, 1), (0, 1, 1, 0, 0), (0, 0, 0, 1, 1), (1, 0, 1, 1, 0))
"""Which permutation each octet of a word goes through, from the last key word to the end (section 4.3.5)."""
_WORD = 0xFFFFFFFF

BLOCK = 16


def _times(a: int, b: int, polynomial: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= polynomial
        b >>= 1
    return product


@cache
def _permutations() -> tuple[bytes, bytes]:
    """The fixed permutations q0 and q1 (section 4.3.5)."""
    made = []
    for rows in _NIBBLES:
        first, second, third, fourth = (bytes(int(digit, 16) for digit in row) for row in rows)
        table = bytearray()
        for octet in range(256):
            a, b = octet >> 4, octet & 15
            a, b = first[a ^ b], second[a ^ (b >> 1 | b << 3 & 15) ^ (8 * a & 15)]
            a, b = third[a ^ b], fourth[a ^ (b >> 1 | b << 3 & 15) ^ (8 * a & 15)]
            table.append(16 * b + a)
        made.append(bytes(table))
    return made[0], made[1]


@cache
def _columns() -> tuple[tuple[int, ...], ...]:
    """Every octet multiplied by each column of the MDS matrix, as a little-endian word."""
    return tuple(
        tuple(sum(_times(octet, _MDS[row][column], _MDS_POLYNOMIAL) << 8 * row for row in range(4))
              for octet in range(256))
        for column in range(4))


def _substituted(column: int, octet: int, key: list[bytes]) -> int:
    """One octet through the permutations of its column, keyed between them, and into the MDS matrix."""
    tables, path = _permutations(), _PATHS[column]
    step = 4 - len(key)
    for word in reversed(key):
        octet = tables[path[step]][octet] ^ word[column]
        step += 1
    return _columns()[column][tables[path[4]][octet]]


def _h(octet: int, key: list[bytes]) -> int:
    """The function h of a word of four equal octets (section 4.3.2)."""
    found = 0
    for column in range(4):
        found ^= _substituted(column, octet, key)
    return found


def _rotated(word: int, count: int) -> int:
    return (word << count | word >> 32 - count) & _WORD


class Twofish:
    """The cipher under one key of 16, 24 or 32 octets."""

    def __init__(self, key: bytes) -> None:
        words = [key[at : at + 4] for at in range(0, len(key), 4)]
        even, odd = words[::2], words[1::2]
        self._keys: list[int] = []
        for number in range(20):
            a, b = _h(2 * number, even), _rotated(_h(2 * number + 1, odd), 8)
            self._keys += [a + b & _WORD, _rotated(a + 2 * b & _WORD, 9)]
        reduced = [_reduced(key[at : at + 8]) for at in range(0, len(key), 8)][::-1]
        self._boxes = tuple(
            tuple(_substituted(column, octet, reduced) for octet in range(256)) for column in range(4))

    def decrypt(self, block: bytes) -> bytes:
        """One block (section 4, read backwards)."""
        keys, (s0, s1, s2, s3) = self._keys, self._boxes
        c, d, a, b = (int.from_bytes(block[4 * i : 4 * i + 4], "little") ^ keys[4 + i] for i in range(4))
        for at in range(38, 6, -2):
            t0 = s0[c & 255] ^ s1[c >> 8 & 255] ^ s2[c >> 16 & 255] ^ s3[c >> 24]
            t1 = s1[d & 255] ^ s2[d >> 8 & 255] ^ s3[d >> 16 & 255] ^ s0[d >> 24]
            a = (a << 1 | a >> 31) & _WORD ^ (t0 + t1 + keys[at] & _WORD)
            b ^= t0 + 2 * t1 + keys[at + 1] & _WORD
            b = b >> 1 | (b & 1) << 31
            a, b, c, d = c, d, a, b
        return b"".join((word ^ keys[i]).to_bytes(4, "little") for i, word in enumerate((a, b, c, d)))


def _reduced(octets: bytes) -> bytes:
    """Eight octets of the key through the RS matrix (section 4.3)."""
    out = bytearray()
    for row in _RS:
        value = 0
        for factor, octet in zip(row, octets, strict=True):
            value ^= _times(octet, factor, _RS_POLYNOMIAL)
        out.append(value)
    return bytes(out)


def decrypt_cbc(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Whole blocks, padding and all."""
    cipher, before, out = Twofish(key), int.from_bytes(iv, "big"), bytearray()
    for at in range(0, len(data), BLOCK):
        block = data[at : at + BLOCK]
        out += (int.from_bytes(cipher.decrypt(block), "big") ^ before).to_bytes(BLOCK, "big")
        before = int.from_bytes(block, "big")
    return bytes(out)
