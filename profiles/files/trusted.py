"""OpenSSL's ``TRUSTED CERTIFICATE``: a certificate with what it is trusted for behind it (X509_CERT_AUX)."""

from __future__ import annotations

from profiles import asn1
from profiles.model import NO_TRUST, Level, Trust

_SERVER, _CLIENT, _CODE, _EMAIL = (f"1.3.6.1.5.5.7.3.{number}" for number in (1, 2, 3, 4))
_ANY = "2.5.29.37.0"


def split(data: bytes) -> tuple[bytes, str, Trust]:
    """The certificate itself, its alias, and its trust; the latter two empty where nothing follows it."""
    end = asn1.header(data, 0)[2]
    rest = data[end:].strip(b"\0\t\n\r\x1a ")
    if rest[:1] != bytes((asn1.SEQUENCE,)):
        return data[:end], "", NO_TRUST
    trusted: set[str] = set()
    rejected: set[str] = set()
    alias = ""
    for node in asn1.parse(data[end:], padded=True).sequence():
        if node.tag == asn1.SEQUENCE:
            trusted = {child.oid() for child in node.children}
        elif node.tag == asn1.context(0):
            rejected = {child.oid() for child in node.children}
        elif node.tag == asn1.UTF8_STRING:
            alias = node.content.decode("utf-8", "replace")

    def level(purpose: str) -> Level:
        if {purpose, _ANY} & rejected:
            return Level.DISTRUSTED
        return Level.TRUSTED if {purpose, _ANY} & trusted else Level.UNKNOWN

    return data[:end], alias, Trust(level(_SERVER), level(_CLIENT), level(_EMAIL), level(_CODE))
