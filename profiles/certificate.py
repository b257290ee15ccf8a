"""X.509 certificates as values: identified by SHA-256, read no deeper than asked for (RFC 5280)."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from profiles import asn1
from profiles.errors import Malformed
from profiles.public_key import PublicKey

if TYPE_CHECKING:
    from cryptography import x509

_USAGES = {
    "1.3.6.1.5.5.7.3.1": "server",
    "1.3.6.1.5.5.7.3.2": "client",
    "1.3.6.1.5.5.7.3.3": "code",
    "1.3.6.1.5.5.7.3.4": "email",
    "2.5.29.37.0": "any",
}
_SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9"
"""An address whose local part is not ASCII (RFC 9598), which rfc822Name cannot hold."""


@dataclass(frozen=True)
class Certificate:
    """One X.509 certificate; equal to another exactly when their DER is."""

    der: bytes

    @classmethod
    def parse(cls, der: bytes, *, trailing: bool = False) -> Certificate:
        """A certificate whose outer structure is known to be sound; ``Malformed`` otherwise.

        ``trailing`` allows bytes after it, which are no part of it.
        """
        return _parsed(bytes(der[: asn1.header(der, 0)[2]] if trailing else der))

    def __hash__(self) -> int:
        return hash(self.der)

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "x509"}

    def __repr__(self) -> str:
        return f"Certificate({self.sha256[:16]}…)"

    @cached_property
    def sha256(self) -> str:
        """The fingerprint: lower-case hex of the SHA-256 of the DER."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def _fields(self) -> tuple[bytes, bytes, bytes, bytes, bytes]:
        """Serial number (content octets), issuer, validity, subject and SPKI as DER (RFC 5280, 4.1)."""
        _, start, end = asn1.header(self.der, 0)
        if end != len(self.der):
            raise Malformed("there are bytes after the end of a certificate")
        (_, _, tbs, tbs_end), *_ = asn1.exactly(self.der, start, end, 3)
        parts = list(asn1.elements(self.der, tbs, tbs_end))
        if parts and parts[0][0] == asn1.context(0):
            parts = parts[1:]
        if len(parts) < 6 or parts[0][0] != asn1.INTEGER or any(part[0] != asn1.SEQUENCE for part in parts[1:6]):
            raise Malformed("a certificate lacks one of its fields")
        serial = self.der[parts[0][2] : parts[0][3]]
        issuer, validity, subject, spki = (self.der[part[1] : part[3]] for part in parts[2:6])
        return serial, issuer, validity, subject, spki

    @property
    def serial(self) -> bytes:
        """The content octets of the serial number."""
        return self._fields[0]

    @property
    def issuer(self) -> bytes:
        """The issuer's Name as DER."""
        return self._fields[1]

    @property
    def subject(self) -> bytes:
        """The subject's Name as DER."""
        return self._fields[3]

    @cached_property
    def public_key(self) -> PublicKey:
        """The subject's public key."""
        return PublicKey.parse(self._fields[4])

    @cached_property
    def key_id(self) -> str:
        """The id of its public key (see ``PublicKey.id``)."""
        return self.public_key.id

    @cached_property
    def issuer_and_serial(self) -> tuple[bytes, bytes]:
        """What CMS and PKCS#11 name a certificate by: the issuer's Name and the serial number, both as DER."""
        return self.issuer, asn1.tlv(asn1.INTEGER, self.serial)

    @cached_property
    def validity(self) -> tuple[datetime, datetime]:
        """First and last moment of validity, in UTC."""
        _, start, end = asn1.header(self._fields[2], 0)
        first, last = asn1.exactly(self._fields[2], start, end, 2)
        return _time(self._fields[2], first), _time(self._fields[2], last)

    @cached_property
    def x509(self) -> x509.Certificate | None:
        """The certificate as cryptography reads it, or None where it is stricter than the certificate is correct."""
        import warnings

        from cryptography import x509

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return x509.load_der_x509_certificate(self.der)
            except (ValueError, x509.InvalidVersion):
                return None

    def subject_text(self) -> str:
        """The subject as RFC 4514 text."""
        from profiles.names import text

        return text(self.subject)

    def issuer_text(self) -> str:
        """The issuer as RFC 4514 text."""
        from profiles.names import text

        return text(self.issuer)

    @property
    def thumbprint(self) -> str:
        """The SHA-1 of it in lower-case hex, by which Windows and its programs name it (CERT_HASH_PROP_ID)."""
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest()

    @cached_property
    def common_name(self) -> str:
        """What a person calls it: the common name, else an e-mail address, else the whole subject."""
        from profiles.names import attribute

        return attribute(self.subject, "2.5.4.3") or (self.emails or (self.subject_text(),))[0]

    @cached_property
    def extensions(self) -> Extensions:
        """The extensions that decide what the certificate is for."""
        return _extensions(self)

    @property
    def emails(self) -> tuple[str, ...]:
        """E-mail addresses of the subject: SAN first, then emailAddress and mail in the name, each once."""
        return self.extensions.emails

    @property
    def is_ca(self) -> bool:
        """Whether it may issue certificates; a self-issued one without extensions (version 1) counts."""
        return self.extensions.is_ca

    @property
    def usages(self) -> tuple[str, ...]:
        """Extended usages by name (``server``, ``client``, ``email``, ``code``, ``any`` or the OID)."""
        return self.extensions.usages

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are one name."""
        return self.subject == self.issuer

    def issued(self, other: Certificate) -> bool:
        """Whether this certificate's key made the signature on ``other``."""
        return self.subject == other.issuer and _signed(self, other)


@lru_cache(1024)  # the same authorities stand in many stores
def _parsed(der: bytes) -> Certificate:
    certificate = Certificate(der)
    _ = certificate.public_key
    return certificate


@lru_cache(1024)
def _signed(issuer: Certificate, certificate: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if issuer.x509 is None or certificate.x509 is None:
        return False
    try:
        certificate.x509.verify_directly_issued_by(issuer.x509)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


class Extensions(NamedTuple):
    """What the extensions of a certificate say."""

    is_ca: bool
    emails: tuple[str, ...]
    usages: tuple[str, ...]
    signs: bool
    """keyUsage allows digitalSignature or nonRepudiation, or is absent."""
    encrypts: bool
    """keyUsage allows keyEncipherment or keyAgreement, or is absent."""
    authority_key_id: bytes | None
    subject_key_id: bytes | None


def _extensions(certificate: Certificate) -> Extensions:
    import warnings

    from cryptography import x509

    from profiles.names import attribute

    named = [value for oid in ("1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.3")
             if (value := attribute(certificate.subject, oid))]
    found: dict[type, object] = {}
    if certificate.x509 is not None:
        unreadable = (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
        with warnings.catch_warnings(), suppress(*unreadable):
            warnings.simplefilter("ignore")  # of serial numbers that are not positive, once more
            found = {type(item.value): item.value for item in certificate.x509.extensions}
    alternative = found.get(x509.SubjectAlternativeName)
    emails: list[str] = []
    if isinstance(alternative, x509.SubjectAlternativeName):
        emails = list(alternative.get_values_for_type(x509.RFC822Name))
        emails += [value for other in alternative.get_values_for_type(x509.OtherName)
                   if other.type_id.dotted_string == _SMTP_UTF8_MAILBOX and (value := _utf8(other.value))]
    constraints, usage = found.get(x509.BasicConstraints), found.get(x509.KeyUsage)
    extended, authority = found.get(x509.ExtendedKeyUsage), found.get(x509.AuthorityKeyIdentifier)
    subject_key = found.get(x509.SubjectKeyIdentifier)
    is_ca = constraints.ca if isinstance(constraints, x509.BasicConstraints) else not found and certificate.self_issued
    return Extensions(
        is_ca=is_ca,
        emails=tuple(dict.fromkeys(email for email in (*emails, *named))),
        usages=tuple(_USAGES.get(oid.dotted_string, oid.dotted_string) for oid in extended)
        if isinstance(extended, x509.ExtendedKeyUsage) else (),
        signs=not isinstance(usage, x509.KeyUsage) or usage.digital_signature or usage.content_commitment,
        encrypts=not isinstance(usage, x509.KeyUsage) or usage.key_encipherment or usage.key_agreement,
        authority_key_id=authority.key_identifier if isinstance(authority, x509.AuthorityKeyIdentifier) else None,
        subject_key_id=subject_key.digest if isinstance(subject_key, x509.SubjectKeyIdentifier) else None,
    )


def _utf8(der: bytes) -> str:
    """The text of a UTF8String, or the empty string for anything else."""
    with suppress(Malformed):
        tag, start, end = asn1.header(der, 0)
        if tag == 0x0C and end == len(der):
            return der[start:end].decode("utf-8", "replace")
    return ""


def _time(data: bytes, element: tuple[int, int, int, int]) -> datetime:
    """UTCTime or GeneralizedTime (RFC 5280, 4.1.2.5), also the forms without seconds that old CAs wrote."""
    tag, _, start, end = element
    text = data[start:end].decode("ascii", "replace").removesuffix("Z")
    if tag == 0x17:
        text = ("19" if text[:2] >= "50" else "20") + text
    digits = text.ljust(14, "0") if len(text) == 12 else text
    if len(digits) == 14 and digits.isascii() and digits.isdigit():
        month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
        with suppress(ValueError):
            return datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=UTC)
    raise Malformed("a certificate's validity is not a date")
