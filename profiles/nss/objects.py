"""New objects as the rows softoken would write: certificate, public key, private key, trust, and their signatures."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.nss import attributes as at
from profiles.nss.contents import signature_name

if TYPE_CHECKING:
    from profiles.certificate import Certificate
    from profiles.model import Level, Trust
    from profiles.nss.envelope import Keyring

_AUTHENTICATED = frozenset((
    at.MODULUS, at.PUBLIC_EXPONENT, at.CERT_SHA1, at.CERT_MD5, at.TRUST_SERVER, at.TRUST_CLIENT, at.TRUST_CODE,
    at.TRUST_EMAIL, at.STEP_UP, at.NEW_SERVER, at.NEW_CLIENT, at.NEW_CODE, at.NEW_EMAIL, at.CERT_HASH,
    at.HASH_MECHANISM,
))
_SHA256_MECHANISM = 0x250


def certificate(item: Certificate, nickname: str) -> at.Row:
    """A CKO_CERTIFICATE object."""
    email = item.emails[0].lower().encode() if item.emails and not item.is_ca else b""
    return {
        at.CLASS: at.ulong(at.CERTIFICATE), at.TOKEN: at.TRUE, at.PRIVATE: at.FALSE,
        at.LABEL: at.stored(nickname.encode()), at.VALUE: item.der, at.CERTIFICATE_TYPE: at.ulong(0),
        at.ISSUER: item.issuer, at.SERIAL_NUMBER: item.issuer_and_serial[1], at.SUBJECT: at.stored(item.subject),
        at.ID: bytes.fromhex(item.public_key.id), at.MODIFIABLE: at.TRUE, at.NSS_EMAIL: email or None,
    }


def public_key(plain: at.Row, cka_id: bytes) -> at.Row:
    """The CKO_PUBLIC_KEY beside a private key: without it a locked database does not show that the key is there."""
    rsa = at.number(plain[at.KEY_TYPE]) == at.RSA
    row: at.Row = {
        at.CLASS: at.ulong(at.PUBLIC_KEY), at.TOKEN: at.TRUE, at.PRIVATE: at.FALSE, at.LABEL: at.EMPTY,
        at.KEY_TYPE: plain[at.KEY_TYPE], at.SUBJECT: at.EMPTY, at.ID: cka_id, "a104": _flag(rsa), "a106": _flag(rsa),
        "a10a": at.TRUE, "a10b": _flag(rsa), "a10c": _flag(not rsa), "a110": at.EMPTY, "a111": at.EMPTY,
        "a163": at.FALSE, at.MODIFIABLE: at.TRUE, "a633": at.FALSE,
    }
    if rsa:
        row |= {at.MODULUS: plain[at.MODULUS], at.PUBLIC_EXPONENT: plain[at.PUBLIC_EXPONENT]}
    else:
        point = at.plain(plain[at.NSS_DB])
        row |= {at.EC_PARAMS: plain[at.EC_PARAMS], at.EC_POINT: asn1.octets(point)}
    return row


def private_key(plain: at.Row, cka_id: bytes, nickname: str, subject: bytes) -> at.Row:
    """A CKO_PRIVATE_KEY object without its sealed values."""
    rsa = at.number(plain[at.KEY_TYPE]) == at.RSA
    return {
        at.CLASS: at.ulong(at.PRIVATE_KEY), at.TOKEN: at.TRUE, at.PRIVATE: at.TRUE,
        at.LABEL: at.stored(nickname.encode()), at.SUBJECT: at.stored(subject), at.ID: cka_id, at.SENSITIVE: at.TRUE,
        "a105": _flag(rsa), "a107": _flag(rsa), "a108": at.TRUE, "a109": at.TRUE, "a10c": _flag(not rsa),
        "a110": at.EMPTY, "a111": at.EMPTY, at.EXTRACTABLE: at.TRUE, "a163": at.FALSE, "a164": at.FALSE,
        "a165": at.FALSE, at.MODIFIABLE: at.TRUE, "a634": at.FALSE, **plain,
    }


def trust_values(trust: Trust, *, new_class: bool) -> at.Row:
    """The four levels as the columns of a trust object."""
    if new_class:
        # CKO_TRUST has no word for a CA that is valid but no anchor; NSS reads "unknown" as the same.
        return {column: at.ulong(at.NEW_LEVELS.get(level, 0)) for column, level in (
            (at.NEW_SERVER, trust.server), (at.NEW_CLIENT, trust.client), (at.NEW_CODE, trust.code),
            (at.NEW_EMAIL, trust.email))}
    return {column: at.ulong(at.OLD_LEVELS[level]) for column, level in (
        (at.TRUST_SERVER, trust.server), (at.TRUST_CLIENT, trust.client), (at.TRUST_CODE, trust.code),
        (at.TRUST_EMAIL, trust.email))}


def trust_object(item: Certificate, trust: Trust) -> at.Row:
    """A CKO_NSS_TRUST object: every NSS reads this class, also those that now write CKO_TRUST."""
    return {
        at.CLASS: at.ulong(at.NSS_TRUST), at.TOKEN: at.TRUE, at.PRIVATE: at.FALSE, at.LABEL: at.EMPTY,
        at.ISSUER: item.issuer, at.SERIAL_NUMBER: item.issuer_and_serial[1], at.MODIFIABLE: at.TRUE,
        **trust_values(trust, new_class=False), at.STEP_UP: at.FALSE,
        at.CERT_SHA1: hashlib.sha1(item.der, usedforsecurity=False).digest(),
        at.CERT_MD5: hashlib.md5(item.der, usedforsecurity=False).digest(),
    }


def signatures(kind: str, object_id: int, row: at.Row, ring: Keyring) -> dict[str, bytes]:
    """The metaData rows that authenticate the plain attributes of an object; kind is ``cert`` or ``key``."""
    return {
        signature_name(kind, object_id, column): ring.sign(object_id, at.code(column), at.plain(value))
        for column, value in row.items() if column in _AUTHENTICATED and value is not None
    }


def seal(object_id: int, secret: at.Row, ring: Keyring) -> tuple[at.Row, dict[str, bytes]]:
    """The sealed columns of a private key and the metaData rows that authenticate them."""
    row: at.Row = {}
    signed = {}
    for column, value in secret.items():
        row[column] = ring.seal(at.plain(value))
        signed[signature_name("key", object_id, column)] = ring.sign(0, at.code(column), at.plain(value))
    return row, signed


def levels(trust: Trust) -> tuple[Level, ...]:
    """The four levels of a trust."""
    return (trust.server, trust.client, trust.email, trust.code)


def _flag(value: bool) -> bytes:
    return at.TRUE if value else at.FALSE
