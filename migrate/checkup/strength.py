"""Keys and signatures that programs of today refuse, or will."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.chain import complete
from migrate.checkup.finding import Finding, problem, warning
from profiles import asn1
from profiles.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrate.chain import Pool
    from profiles.certificate import Certificate

_BROKEN = {
    "1.2.840.113549.1.1.2": "MD2",
    "1.2.840.113549.1.1.3": "MD4",
    "1.2.840.113549.1.1.4": "MD5",
    "1.3.14.3.2.3": "MD5",
}
_OLD = {
    "1.2.840.113549.1.1.5": "SHA-1",
    "1.3.14.3.2.29": "SHA-1",
    "1.2.840.10040.4.3": "SHA-1",
    "1.3.14.3.2.27": "SHA-1",
    "1.2.840.10045.4.1": "SHA-1",
}
_RENEW = "Ask its authority for a new certificate with a new key (RSA of 2048 bits or more, or EC)."


def weaknesses(certificate: Certificate, pool: Pool) -> Iterator[Finding]:
    """What is weak about a certificate's key, its signature, and the signatures above it but that of the root."""
    yield from _key(certificate)
    yield from _signature(certificate, certificate)
    for above in complete(certificate, pool).above:
        if not above.self_issued:
            yield from _signature(above, certificate)


def _key(certificate: Certificate) -> Iterator[Finding]:
    public, name = certificate.public_key, certificate.common_name
    if public.family in ("rsa", "rsa-pss"):
        bits = int.from_bytes(public.modulus, "big").bit_length()
        if bits < 1023:
            yield problem("weak-key", name, f"its RSA key has only {bits} bits: programs refuse it", _RENEW)
        elif bits < 2048:
            yield warning("weak-key", name, f"its RSA key has only {bits} bits: many servers and mail programs refuse "
                          "it", _RENEW)
    elif public.family == "dsa" or public.name in ("ec-p192", "ec-p224"):
        yield warning("weak-key", name, f"its key ({public.name}) is of a kind that programs no longer accept", _RENEW)


def _signature(certificate: Certificate, leaf: Certificate) -> Iterator[Finding]:
    oid = signature_algorithm(certificate)
    if certificate.self_issued or oid not in {**_BROKEN, **_OLD}:
        return
    what = "it" if certificate is leaf else f"the certificate above it, {certificate.common_name},"
    if oid in _BROKEN:
        yield problem("weak-signature", leaf.common_name, f"{what} is signed with {_BROKEN[oid]}, which can be forged: "
                      "programs refuse it", _RENEW)
    else:
        yield warning("weak-signature", leaf.common_name, f"{what} is signed with SHA-1: many programs refuse it",
                      _RENEW)


def signature_algorithm(certificate: Certificate) -> str:
    """The OID of the algorithm a certificate is signed with (RFC 5280, 4.1.1.2); empty where it cannot be read."""
    try:
        _, start, end = asn1.header(certificate.der, 0)
        _, (_, _, algorithm, stop), _ = asn1.exactly(certificate.der, start, end, 3)
        tag, _, first, last = next(asn1.elements(certificate.der, algorithm, stop))
        return asn1.dotted(certificate.der[first:last]) if tag == asn1.OID else ""
    except (Malformed, StopIteration):
        return ""
