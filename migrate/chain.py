"""Completing and ordering a chain from certificates that are at hand; pure, and never the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from profiles.certificate import Certificate

_MAX_LENGTH = 16


class Chain(NamedTuple):
    """What stands above a certificate: its issuer first, the root last."""

    above: tuple[Certificate, ...]
    complete: bool
    """Whether it ends in a self-signed certificate (which may be the certificate itself)."""
    missing: bytes | None
    """The name of the issuer that was not found, where it is not complete."""


class Pool:
    """Candidates for issuers, by subject; answers to "who signed this" are kept."""

    def __init__(self, certificates: Iterable[Certificate] = ()) -> None:
        self._by_subject: dict[bytes, dict[bytes, Certificate]] = {}
        self._issuers: dict[bytes, Certificate | None] = {}
        self.add(certificates)

    def add(self, certificates: Iterable[Certificate]) -> None:
        """More candidates."""
        for certificate in certificates:
            self._by_subject.setdefault(certificate.subject, {})[certificate.der] = certificate
        self._issuers = {der: issuer for der, issuer in self._issuers.items() if issuer is not None}

    def issuer_of(self, certificate: Certificate) -> Certificate | None:
        """The certificate whose key signed this one: itself, or the candidate that is valid the longest."""
        if certificate.der not in self._issuers:
            self._issuers[certificate.der] = self._find(certificate)
        return self._issuers[certificate.der]

    def _find(self, certificate: Certificate) -> Certificate | None:
        if certificate.self_issued and certificate.issued(certificate):
            return certificate
        candidates = [one for one in self._by_subject.get(certificate.issuer, {}).values()
                      if one != certificate and _key_ids_agree(one, certificate)]
        signers = [one for one in candidates if one.issued(certificate)]
        return max(signers, key=lambda one: (one.is_ca, one.self_issued, one.validity[1]), default=None)


def _key_ids_agree(issuer: Certificate, certificate: Certificate) -> bool:
    wanted, has = certificate.extensions.authority_key_id, issuer.extensions.subject_key_id
    return wanted is None or has is None or wanted == has


def complete(certificate: Certificate, pool: Pool) -> Chain:
    """The chain above ``certificate`` as far as the pool reaches; a loop of cross-signed CAs ends it."""
    above: list[Certificate] = []
    current = certificate
    while len(above) < _MAX_LENGTH:
        issuer = pool.issuer_of(current)
        if issuer is None:
            return Chain(tuple(above), complete=False, missing=current.issuer)
        if issuer == current:
            return Chain(tuple(above), complete=True, missing=None)
        if issuer in above or issuer == certificate:
            break
        above.append(issuer)
        current = issuer
    return Chain(tuple(above), complete=False, missing=None)
