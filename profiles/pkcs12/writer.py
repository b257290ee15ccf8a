"""Writes a PFX (RFC 7292) as DER, in the dialect of whoever has to read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.pkcs12 import bags, passwords
from profiles.pkcs12.bags import Labels
from profiles.pkcs12.encryption import seal
from profiles.pkcs12.mac import mac_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profiles.model import Secret
    from profiles.pkcs12.contents import Item
    from profiles.pkcs12.dialects import Dialect
    from profiles.pkcs12.keys import PrivateKey
    from profiles.pkcs12.passwords import Spelling

_DATA, _ENCRYPTED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"


def encode(items: Sequence[Item], password: Secret, dialect: Dialect) -> bytes:
    """A PFX of all items: every certificate and key once, a key and its certificates under one local id.

    ``Unsupported`` where the dialect is for a reader that does not take a key's kind.
    """
    spelling = passwords.proper(password)
    keys, certificates = _keys(items), _certificates(items)
    if dialect.families:
        for key, _ in keys:
            dialect.require(key.public)
    iterations, mac_iterations = dialect.shared(len(keys) + bool(certificates) + 1)
    cost = (iterations, dialect.salt_length)
    parts = []
    if certificates:
        parts.append(_encrypted(asn1.sequence(*certificates), dialect, spelling, cost))
    if keys:
        shrouded = [_shrouded(key, labels, dialect, spelling, cost) for key, labels in keys]
        parts.append(_content_info(_DATA, asn1.octets(asn1.sequence(*shrouded))))
    safe = asn1.sequence(*parts)
    mac = mac_data(safe, dialect.mac, spelling, (mac_iterations, dialect.salt_length), pbmac1=dialect.pbmac1)
    return asn1.sequence(asn1.integer(3), _content_info(_DATA, asn1.octets(safe)), mac)


def _keys(items: Sequence[Item]) -> list[tuple[PrivateKey, Labels]]:
    found: dict[str, tuple[PrivateKey, Labels]] = {}
    for item in items:
        if item.key is not None:
            key_id = item.key.id
            found.setdefault(key_id, (item.key, Labels(item.nickname, bytes.fromhex(key_id))))
    return list(found.values())


def _certificates(items: Sequence[Item]) -> list[bytes]:
    found: dict[bytes, Labels] = {}
    for item in items:
        if item.certificate is None:
            continue
        known = found.setdefault(item.certificate.der, Labels())
        found[item.certificate.der] = replace(
            known,
            nickname=known.nickname or item.nickname,
            local_id=known.local_id or (bytes.fromhex(item.key.id) if item.key is not None else b""),
            trust=known.trust or item.trust,
        )
    return [bags.certificate_bag(der, labels) for der, labels in found.items()]


def _content_info(kind: str, content: bytes) -> bytes:
    return asn1.sequence(asn1.oid(kind), asn1.tlv(asn1.context(0), content))


def _encrypted(plain: bytes, dialect: Dialect, spelling: Spelling, cost: tuple[int, int]) -> bytes:
    """EncryptedData (RFC 5652, section 8)."""
    algorithm, data = seal(plain, dialect.certificates, spelling, dialect.prf, cost)
    info = asn1.sequence(asn1.oid(_DATA), algorithm, asn1.tlv(asn1.context(0, constructed=False), data))
    return _content_info(_ENCRYPTED, asn1.sequence(asn1.integer(0), info))


def _shrouded(key: PrivateKey, labels: Labels, dialect: Dialect, spelling: Spelling, cost: tuple[int, int]) -> bytes:
    algorithm, data = seal(key.pkcs8, dialect.keys, spelling, dialect.prf, cost)
    return bags.bag(bags.SHROUDED_KEY, asn1.sequence(algorithm, asn1.octets(data)), labels)
