"""Which key belongs to which certificate: said by the public key, not by labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from profiles.errors import Unsupported
from profiles.model import Problem
from profiles.pkcs12.bags import NO_LABELS, Labels
from profiles.pkcs12.contents import Contents, Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from profiles.certificate import Certificate
    from profiles.pkcs12.keys import PrivateKey
    from profiles.public_key import PublicKey

_EC = "1.2.840.10045.2.1"


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key as it stood in a file."""

    key: PrivateKey
    labels: Labels = NO_LABELS


@dataclass(frozen=True, slots=True)
class FoundCertificate:
    """A certificate as it stood in a file."""

    certificate: Certificate
    labels: Labels = NO_LABELS


def paired(
    keys: Iterable[FoundKey], certificates: Iterable[FoundCertificate], problems: Sequence[Problem] = ()
) -> Contents:
    """Items with keys first, then the other certificates, then keys that have none; every one once."""
    wanted, troubles = list(problems), []
    certs = _once(certificates)
    by_value: dict[bytes, list[FoundCertificate]] = {}
    for cert in certs:
        by_value.setdefault(_shape(cert.certificate.public_key), []).append(cert)
    whole: list[Item] = []
    alone: list[Item] = []
    used: set[bytes] = set()
    seen: set[bytes] = set()
    for found in keys:
        located = _located(found, certs)
        if isinstance(located, Problem):
            troubles.append(located)
            continue
        public = located.key.public
        if public.value in seen:
            continue
        seen.add(public.value)
        mates = by_value.get(_shape(public), [])
        used.update(mate.certificate.der for mate in mates)
        whole += [_item(mate, located) for mate in mates]
        if not mates:
            alone.append(Item(None, located.key, located.labels.nickname))
    bare = [_item(cert, None) for cert in certs if cert.certificate.der not in used]
    return Contents((*whole, *bare, *alone), (*wanted, *troubles))


def _once(certificates: Iterable[FoundCertificate]) -> list[FoundCertificate]:
    """Each certificate once, with the first nickname, local id and trust that any of its copies has."""
    merged: dict[bytes, FoundCertificate] = {}
    for cert in certificates:
        known = merged.setdefault(cert.certificate.der, cert)
        if known is not cert:
            labels = Labels(
                known.labels.nickname or cert.labels.nickname,
                known.labels.local_id or cert.labels.local_id,
                known.labels.trust or cert.labels.trust,
            )
            merged[cert.certificate.der] = replace(known, labels=labels)
    return list(merged.values())


def _located(found: FoundKey, certificates: list[FoundCertificate]) -> FoundKey | Problem:
    """The key with its public half known; from the certificate of its local id if it cannot be computed."""
    try:
        _ = found.key.public
    except Unsupported as error:
        mate = next((cert.certificate.public_key for cert in certificates
                     if found.labels.local_id and cert.labels.local_id == found.labels.local_id
                     and cert.certificate.public_key.algorithm == found.key.info.algorithm), None)
        if mate is None:
            return Problem(error.code, f"{error.message}; it was left behind")
        return replace(found, key=replace(found.key, certified=mate))
    return found


def _shape(public: PublicKey) -> bytes:
    """What two encodings of one public key share: EC points may be compressed (SEC 1, 2.3.3)."""
    value = public.value
    if public.algorithm == _EC and value[:1] == b"\x04" and len(value) % 2:
        half = len(value) // 2
        return bytes((2 + (value[-1] & 1),)) + value[1 : half + 1]
    return value


def _item(cert: FoundCertificate, found: FoundKey | None) -> Item:
    nickname = cert.labels.nickname or (found.labels.nickname if found else "")
    return Item(cert.certificate, found.key if found else None, nickname, cert.labels.trust)
