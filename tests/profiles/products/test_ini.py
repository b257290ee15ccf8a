"""profiles.ini is read as Firefox reads it, and nothing in it raises."""

from __future__ import annotations

import codecs

from hypothesis import given
from hypothesis import strategies as st

from profiles.products.ini import parse, printable


def test_sections_keys_and_comments() -> None:
    """Comments and blank lines are nothing, leading blanks are dropped, values keep theirs."""
    assert parse(b"; x\n# y\n[A]\n  k=v w \n\n[B]\nk==v\n") == {"A": {"k": "v w "}, "B": {"k": "=v"}}


def test_line_ends_and_byte_order_marks() -> None:
    """CRLF, lone CR, a UTF-8 mark and UTF-16 are all read."""
    expected = {"Profile0": {"Name": "é", "Path": "x"}}
    for text in ("[Profile0]\r\nName=é\r\nPath=x\r\n", "[Profile0]\rName=é\rPath=x"):
        assert parse(text.encode()) == expected
        assert parse(codecs.BOM_UTF8 + text.encode()) == expected
        assert parse(codecs.BOM_UTF16_LE + text.encode("utf-16-le")) == expected


def test_duplicates() -> None:
    """The last of two equal keys wins, and equal sections are one, as in Firefox."""
    assert parse(b"[A]\nk=1\nk=2\n[B]\n[A]\nk=3\nj=4\n") == {"A": {"k": "3", "j": "4"}, "B": {}}


def test_garbage_is_passed_over() -> None:
    """Keys outside of sections, sections that do not close, and lines without = are nothing."""
    assert parse(b"k=v\n[A\nk=v\n[B] x\nk=v\n[C]\nnothing\n=v\nk=v") == {"C": {"k": "v"}}


def test_interpolation_is_off() -> None:
    """A percent sign means nothing."""
    assert parse(b"[A]\nPath=%(home)s/%s\n") == {"A": {"Path": "%(home)s/%s"}}


def test_bytes_that_are_not_text_are_told_apart() -> None:
    """What was not UTF-8 is not printable, and neither is NUL."""
    value = parse(b"[A]\nk=caf\xe9\nn=a\0b\n")["A"]
    assert not printable(value["k"])
    assert not printable(value["n"])
    assert printable("café")


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    """No content raises."""
    parse(data)
    parse(codecs.BOM_UTF16_LE + data)
