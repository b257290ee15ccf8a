"""RC2 in CBC mode (RFC 2268): what exports of the 1990s are sealed with, and no library still takes its 40-bit keys."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PI = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)
_WORD = 0xFFFF
_ROTATIONS = (1, 2, 3, 5)


def _expanded(key: bytes, effective_bits: int) -> list[int]:
    """The 64 key words (RFC 2268, section 2)."""
    table = bytearray(key)
    for index in range(len(key), 128):
        table.append(_PI[(table[index - 1] + table[index - len(key)]) & 0xFF])
    size = (effective_bits + 7) // 8
    table[128 - size] = _PI[table[128 - size] & (0xFF >> (8 * size - effective_bits))]
    for index in range(127 - size, -1, -1):
        table[index] = _PI[table[index + 1] ^ table[index + size]]
    return list(struct.unpack("<64H", table))


def _decrypted(block: bytes, words: list[int]) -> bytes:
    """One block (RFC 2268, section 4)."""
    r = list(struct.unpack("<4H", block))
    for round_ in range(15, -1, -1):
        for i in (3, 2, 1, 0):
            rotation = _ROTATIONS[i]
            value = (r[i] >> rotation | r[i] << 16 - rotation) & _WORD
            r[i] = value - words[4 * round_ + i] - (r[i - 1] & r[i - 2]) - (~r[i - 1] & r[i - 3]) & _WORD
        if round_ in (11, 5):
            for i in (3, 2, 1, 0):
                r[i] = r[i] - words[r[i - 1] & 63] & _WORD
    return struct.pack("<4H", *r)


def _encrypted(block: bytes, words: list[int]) -> bytes:
    """One block (RFC 2268, section 3)."""
    r = list(struct.unpack("<4H", block))
    for round_ in range(16):
        for i in range(4):
            rotation = _ROTATIONS[i]
            value = r[i] + words[4 * round_ + i] + (r[i - 1] & r[i - 2]) + (~r[i - 1] & r[i - 3]) & _WORD
            r[i] = (value << rotation | value >> 16 - rotation) & _WORD
        if round_ in (4, 10):
            for i in range(4):
                r[i] = r[i] + words[r[i - 1] & 63] & _WORD
    return struct.pack("<4H", *r)


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(8, "big")


def _blocks(data: bytes) -> Iterator[bytes]:
    return (data[start : start + 8] for start in range(0, len(data), 8))


def decrypt_cbc(key: bytes, effective_bits: int, iv: bytes, data: bytes) -> bytes:
    """The plain text of whole blocks, padding included."""
    words = _expanded(key, effective_bits)
    out, last = bytearray(), iv
    for block in _blocks(data):
        out += _xor(_decrypted(block, words), last)
        last = block
    return bytes(out)


def encrypt_cbc(key: bytes, effective_bits: int, iv: bytes, data: bytes) -> bytes:
    """The cipher text of whole blocks."""
    words = _expanded(key, effective_bits)
    out, last = bytearray(), iv
    for block in _blocks(data):
        last = _encrypted(_xor(block, last), words)
        out += last
    return bytes(out)
