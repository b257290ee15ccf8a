"""The names and lines of mutt's directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from profiles.certificate import Certificate
from profiles.mutt import index
from profiles.mutt.naming import mailbox, subject_hash, word
from tests import pki
from tests.system import done

if TYPE_CHECKING:
    from tests.pki import Authority

NAMES = {
    **{name: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for name, text in pki.NASTY_NAMES.items()
       if name not in ("long", "blank")},
    "blanks": x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "  Two   words\t ")]),
    "several": x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
                          x509.NameAttribute(NameOID.COMMON_NAME, "ÄLICE Example"),
                          x509.NameAttribute(NameOID.EMAIL_ADDRESS, "Alice@Example.test")]),
    "utf-16": x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Žofie KAPITAL", _ASN1Type.BMPString)]),
    "several in one": x509.Name([x509.RelativeDistinguishedName([
        x509.NameAttribute(NameOID.COMMON_NAME, "Two"), x509.NameAttribute(NameOID.SERIAL_NUMBER, "1")])]),
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_hashes_are_openssls(name: x509.Name, root: Authority) -> None:
    """Whatever is in the subject: `openssl x509 -hash` says the same."""
    leaf = root.leaf(name)
    assert subject_hash(Certificate.parse(leaf.der).subject) == done(
        "openssl", "x509", "-noout", "-hash", stdin=leaf.pem).stdout.decode().strip()


def test_words_of_the_index() -> None:
    """A label is one word; an address that could not stand there is left out."""
    assert [word(text) for text in ("Alice Example", "", "  ", "a\nb", "x" * 99)] == [
        "Alice_Example", "-", "-", "a_b", "x" * 64]
    assert [mailbox(text) for text in ("a@b.test", " a@b.test ", "a b@c", "a\0@b")] == ["a@b.test", "a@b.test", "", ""]


@pytest.mark.parametrize("before", [b"", b"a@b 1.0 label ? t se\n", b"a@b 1.0", b"\r\n#\r\na@b 1.0 l\r\n"])
def test_lines_come_and_go(before: bytes) -> None:
    """Every other byte stays; a line is never there twice; old and odd lines are understood."""
    line = index.Line("new@b.test", "ffffffff.0", "l", "?", "t", "s")
    after = index.with_lines(before, [line])
    assert after.startswith(before) and line in index.lines(after)
    assert index.with_lines(after, [line]) == after
    assert index.without(after, {("new@b.test", "ffffffff.0")}).rstrip(b"\n") == before.rstrip(b"\n")
