"""Two ways to write one address are one address, and no two addresses are."""

from __future__ import annotations

import pytest

from profiles.certificate import Certificate
from profiles.mail.address import among, normal, same
from tests import issuing, keys, pki


@pytest.mark.parametrize(("one", "other"), [
    ("alice@example.test", "Alice@EXAMPLE.test"), ("a@b\u00fccher.example", "a@xn--bcher-kva.example"),
    ("a@B\u00dcCHER.example", "A@XN--BCHER-KVA.EXAMPLE"), ("a@bu\u0308cher.example", "a@b\u00fccher.example"),
    ("a@b\u00fccher\u3002example", "a@b\u00fccher.example"), ("a@example.test.", "a@example.test"),
    (" a@example.test ", "a@example.test"), ('"alice"@example.test', "alice@example.test"),
    ("\u7528\u6237@\u4f8b\u5b50.test", "\u7528\u6237@xn--fsqu00a.test"), ("\u017dofie@x.test", "z\u030cofie@x.test"),
])
def test_same(one, other):
    """Case, Unicode forms, punycode, dots, quotes."""
    assert same(one, other)


@pytest.mark.parametrize(("one", "other"), [
    ("a@fa\u00df.example", "a@fass.example"), ("a@example.test", "a@example.test.attacker.test"),
    ("a@example.test", "a@example.test\0.attacker.test"), ("a@x.test", "b@x.test"), ("a.b@x.test", "ab@x.test"),
    ("a+b@x.test", "a@x.test"), ("", ""), ("a", "a"), ("@x.test", "@x.test"), ("a@", "a@"), ("a@..", "a@.."),
    ("a@\u0430pple.test", "a@apple.test"),
])
def test_not_the_same(one, other):
    """What is no address is not even itself."""
    assert not same(one, other)


def test_among():
    """One of several."""
    assert among("A@X.test", ["b@x.test", "a@x.test"])
    assert not among("", [""])
    assert normal("xn--99999999999@x") == "xn--99999999999@x"
    assert normal("a@xn--\u00fc") == "a@xn--\u00fc"


def test_addresses_in_a_certificate():
    """The alternative name, the one for names beyond ASCII (SmtpUTF8Mailbox), and the subject's e-mail."""
    from cryptography import x509

    mailbox = "\u7528\u6237@example.test"
    der = bytes([0x0C, len(mailbox.encode())]) + mailbox.encode()
    names = x509.SubjectAlternativeName([
        x509.RFC822Name("user@example.test"), x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9"), der),
        x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), der)])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, "old@example.test")])
    made = issuing.issue(None, subject, keys.generate("ec-p256"), pki.CURRENT, [(names, False)])
    found = Certificate.parse(made.public_bytes(pki.serialization.Encoding.DER))
    assert found.emails == ("user@example.test", mailbox, "old@example.test")
