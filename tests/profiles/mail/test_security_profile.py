"""Outlook's security settings: the bytes that Microsoft and others document, and nothing lost of what others wrote."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.errors import Malformed, Unsupported
from profiles.mail.security_profile import Defaults, Setting, Tag, parse, serialise

SIGNING, ENCRYPTION = bytes(range(20)), bytes(range(100, 120))
CAPABILITIES = bytes.fromhex(
    "305a"
    "300b060960864801650304012a"  # AES-256-CBC
    "300b0609608648016503040116"  # AES-192-CBC
    "300a06082a864886f70d0307"    # 3DES
    "300b0609608648016503040102"  # AES-128-CBC
    "300b0609608648016503040203"  # SHA-512
    "300b0609608648016503040202"  # SHA-384
    "300b0609608648016503040201"  # SHA-256
)
NAME = "S/MIME a@b.test"
BODY = (
    bytes.fromhex("0100080001000000" "0600080001000000" "2000080007000000")
    + b"\x0b\x00" + (4 + 16).to_bytes(2, "little") + NAME.encode() + b"\0"
    + b"\x51\x00" + (4 + 32).to_bytes(2, "little") + NAME.encode("utf-16-le") + b"\0\0"
    + b"\x09\x00\x18\x00" + SIGNING
    + b"\x22\x00\x18\x00" + ENCRYPTION
    + b"\x02\x00\x60\x00" + CAPABILITIES
)
"""An entry as KB 312900 describes it, written out by hand."""
EVERYTHING = Defaults.FORMAT | Defaults.ALL | Defaults.SEND_CERTIFICATES


def entry() -> Setting:
    """The same entry as it is made here."""
    return Setting.new(NAME, EVERYTHING).put(Tag.ENCRYPTION, ENCRYPTION).put(Tag.SIGNING, SIGNING)


def padded(whole: bytes) -> bytes:
    return whole + bytes(16 - len(whole) % 16)


def test_the_bytes_of_32_bit_outlook() -> None:
    """Count, length, offset 12, the body, zeros up to a multiple of sixteen."""
    expected = padded(bytes.fromhex("01000000") + struct.pack("<II", len(BODY), 12) + BODY)
    assert serialise((entry(),), 32) == expected
    assert parse(expected) == ((entry(),), 32)


def test_the_bytes_of_64_bit_outlook() -> None:
    """The same with lengths and offsets of eight bytes: offset 20."""
    expected = padded(bytes.fromhex("01000000") + struct.pack("<QQ", len(BODY), 20) + BODY)
    assert serialise((entry(),), 64) == expected
    assert parse(expected) == ((entry(),), 64)


def test_padding_is_never_empty() -> None:
    """A value that fills its last block gets a block of zeros more, as ActivateSignatures.ps1 has it."""
    bare = Setting(((1, b"\1\0\0\0"), (0x99, b"")))
    for size in range(64):
        data = serialise((bare.put(Tag.NAME_ANSI, bytes(size)),), 32)
        assert len(data) % 16 == 0
        _, length, offset = struct.unpack_from("<III", data)
        assert 1 <= len(data) - offset - length <= 16


def test_what_an_entry_says() -> None:
    """Name, defaults and both certificates can be read."""
    one = entry()
    assert (one.name, one.defaults) == (NAME, EVERYTHING)
    assert (one.thumbprint(Tag.SIGNING), one.thumbprint(Tag.ENCRYPTION)) == (SIGNING.hex(), ENCRYPTION.hex())
    assert Setting(((Tag.NAME_ANSI, b"Gr\xfc\xdfe\0"),)).name == "Grüße"


def test_only_what_changes_changes() -> None:
    """Unknown properties, their order, and bytes behind the last one stay."""
    name = (0x51, "mine\0".encode("utf-16-le"))
    foreign = Setting((name, (0x7777, b"x"), (9, b"o" * 20), (2, CAPABILITIES)), b"\0" * 3)
    changed = foreign.put(Tag.SIGNING, SIGNING)
    assert changed.properties == (name, (0x7777, b"x"), (9, SIGNING), (2, CAPABILITIES))
    assert changed.put(Tag.SIGNING, b"o" * 20) == foreign
    again, bits = parse(serialise((foreign, changed), 64))
    assert (again, bits) == ((foreign, changed), 64)


properties = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=60)), max_size=8)
settings = st.lists(properties, min_size=1, max_size=6)


@given(settings, st.sampled_from([32, 64]))
def test_whatever_stands_there_comes_back(found: list[list[tuple[int, bytes]]], bits: int) -> None:
    """Several entries with any properties, in both layouts; the layout is told from the bytes alone."""
    ours = tuple(Setting(tuple(one)) for one in found)
    assert parse(serialise(ours, bits)) == (ours, bits)


@given(st.binary(max_size=200))
def test_anything_else_is_refused_or_read_whole(data: bytes) -> None:
    """No bytes make the reader fail otherwise, and what it reads it can write again."""
    try:
        found, bits = parse(data)
    except Malformed:
        return
    assert parse(serialise(found, bits))[0] == found


@pytest.mark.parametrize("cut", [1, 4, 11, 40, 100])
def test_a_cut_value_is_refused(cut: int) -> None:
    """And so is one whose last property reaches past its end."""
    with pytest.raises(Malformed):
        parse(serialise((entry(),), 32)[:cut])


@pytest.mark.parametrize("bits", [32, 64])
def test_what_would_be_lost_is_refused(bits: int) -> None:
    """Bytes behind the bodies or between them, and bodies that lie over each other."""
    data = serialise((entry(), entry()), bits)
    with pytest.raises(Malformed):
        parse(data + b"JUNKJUNK")
    with pytest.raises(Malformed):
        parse(data[:-1] + b"J")
    assert parse(data + bytes(32)) == ((entry(), entry()), bits)
    table = "<III" if bits == 32 else "<IQQ"
    count, length, start = struct.unpack_from(table, data)
    second = struct.calcsize(table) + (4 if bits == 32 else 8)
    over = bytearray(data)
    struct.pack_into("<I", over, second, start)
    with pytest.raises(Malformed):
        parse(bytes(over))
    assert (count, length) == (2, len(BODY))


def test_the_padding_in_a_64_bit_length_means_nothing() -> None:
    """Its upper half is the hole in a structure, which Outlook leaves as it finds it."""
    data = bytearray(serialise((entry(),), 64))
    data[8:12] = b"\xde\xad\xbe\xef"
    assert parse(bytes(data)) == ((entry(),), 64)


def test_too_long_a_property() -> None:
    """A length of sixteen bits does not wrap around."""
    with pytest.raises(Unsupported):
        serialise((entry().put(Tag.SIGNING_CERTIFICATE, bytes(0x10000)),), 32)
