"""Keys and certificates that stand loose in a file: PEM, DER, PKCS#7 (RFC 5652), PVK."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from profiles import asn1
from profiles.certificate import Certificate
from profiles.errors import Error, Malformed, PasswordNeeded, Truncated, Unsupported, WrongPassword, within_whole
from profiles.files import armour, pvk, traditional
from profiles.files.shapes import pieces, shape_of
from profiles.files.trusted import split
from profiles.model import Problem, Secret, Trust
from profiles.pkcs12.algorithms import Unhandled
from profiles.pkcs12.bags import NO_LABELS, Labels
from profiles.pkcs12.encryption import Scheme, parse_scheme, unseal
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.limits import Allowance
from profiles.pkcs12.pairing import FoundCertificate, FoundKey, paired
from profiles.pkcs12.passwords import Spelling, spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from profiles.files.armour import Block
    from profiles.pkcs12.contents import Contents

SIGNED_DATA = "1.2.840.113549.1.7.2"
_NETSCAPE_SEQUENCE = "2.16.840.1.113730.2.5"
_BY_CONTENT = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "CERTIFICATE CHAIN", "PKCS7",
               "PKCS #7 SIGNED DATA", "CMS", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
"""Labels that programs take one for the other, a certificate and a bundle above all: what is inside counts."""
_SILENT = ("EC PARAMETERS", "DSA PARAMETERS", "PUBLIC KEY")
"""Said again by the key or the certificate beside them."""
_ELSEWHERE = {
    "OPENSSH PRIVATE KEY": "an OpenSSH private key",
    "SSH2 ENCRYPTED PRIVATE KEY": "an SSH private key",
    "PGP PRIVATE KEY BLOCK": "an OpenPGP key",
    "PGP PUBLIC KEY BLOCK": "an OpenPGP key",
    "CERTIFICATE REQUEST": "a certificate request",
    "NEW CERTIFICATE REQUEST": "a certificate request",
    "X509 CRL": "a revocation list",
    "DH PARAMETERS": "Diffie-Hellman parameters",
    "PKCS12": "a PKCS#12 beside other things",
    "PFX": "a PKCS#12 beside other things",
}


class SealedKey(Protocol):
    """A private key that a password opens."""

    def open(self, spellings: Iterable[Spelling], allowance: Allowance, /) -> PrivateKey:
        """The key; ``WrongPassword``."""


@dataclass(frozen=True, slots=True)
class _Pkcs8Sealed:
    """EncryptedPrivateKeyInfo (RFC 5958, section 3)."""

    scheme: Scheme
    data: bytes = field(repr=False)

    def open(self, spellings: Iterable[Spelling], allowance: Allowance) -> PrivateKey:
        node, _ = unseal(self.scheme, self.data, spellings, allowance)
        return PrivateKey.sound(asn1.der(node))


@dataclass(frozen=True, slots=True)
class _PvkSealed:
    pvk: pvk.Pvk

    def open(self, spellings: Iterable[Spelling], _allowance: Allowance) -> PrivateKey:
        for secret in dict.fromkeys(spelling.octets for spelling in spellings):
            try:
                return self.pvk.open(Secret(secret))
            except WrongPassword:
                continue
        raise WrongPassword("the password is wrong")


@dataclass(slots=True)
class Loose:
    """What stands in one file or in several that belong together; sealed keys still sealed."""

    keys: list[FoundKey] = field(default_factory=list)
    sealed: list[tuple[SealedKey, Labels]] = field(default_factory=list)
    certificates: list[FoundCertificate] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    damage: list[Error] = field(default_factory=list)
    allowance: Allowance = field(default_factory=Allowance)
    unlike_pem: bool = False
    """At least one of the files is not PEM."""

    @classmethod
    def parse(cls, files: Sequence[bytes]) -> Loose:
        """Read every file; ``Malformed``, or ``Unsupported`` where one holds nothing but what is not handled."""
        loose = cls()
        for data in files:
            if armour.armoured(data):
                for block in armour.blocks(data):
                    with loose._apart(f"a piece of it ({block.label[:40]})"):
                        loose._take_block(block)
            elif data.strip():
                loose.unlike_pem = True
                loose._take_der(armour.unwrapped(data))
        if not (loose.keys or loose.sealed or loose.certificates):
            if loose.damage:
                raise loose.damage[0]
            if loose.problems:
                raise Unsupported(loose.problems[0].message.removesuffix("; it was left behind"))
        return loose

    @contextmanager
    def _apart(self, what: str) -> Iterator[None]:
        """What is wrong with one piece is a problem, as long as anything else is sound."""
        try:
            yield
        except (Malformed, Unhandled) as error:
            self.damage.append(error)
            self.problems.append(_damaged(what, error))

    def without_password(self) -> Contents:
        """What can be seen with every sealed key left sealed."""
        return paired(self.keys, self.certificates, self.problems)

    def opened(self, password: Secret | None) -> Contents:
        """Everything; ``WrongPassword`` where no key opens, a problem where only some do not.

        Without a password, ``PasswordNeeded`` unless an empty one opens it.
        """
        keys, problems, ways = list(self.keys), list(self.problems), spellings(password)
        opened = 0
        for sealed, labels in self.sealed:
            try:
                with within_whole():
                    keys.append(FoundKey(sealed.open(ways, self.allowance), labels))
            except WrongPassword:
                problems.append(Problem(
                    WrongPassword.code, "a private key is sealed with another password; it was left behind"))
                continue
            except Malformed as error:
                if not (keys or self.certificates):
                    raise
                problems.append(_damaged("a private key", error))
            opened += 1
        if self.sealed and not opened:
            if password is None:
                raise PasswordNeeded("a password is needed for the private key")
            raise WrongPassword("the password is wrong")
        return paired(keys, self.certificates, problems)

    def _take_block(self, block: Block) -> None:
        labels = Labels(block.nickname, trust=block.trust)
        label = block.label
        if label in traditional.FORMS and "DEK-Info" in block.headers:
            self.sealed.append((traditional.DekSealed.parse(label, block.headers["DEK-Info"], block.der), labels))
        elif label in _BY_CONTENT or label in traditional.FORMS:
            der = block.der
            with within_whole():
                self._take_one(der, labels)
        elif label not in _SILENT:
            self._left(_ELSEWHERE.get(label, f"a piece of the kind {label!r}"))

    def _take_der(self, data: bytes) -> None:
        if data.startswith(pvk.MAGIC):
            found = pvk.Pvk.parse(data)
            if found.sealed:
                self.sealed.append((_PvkSealed(found), NO_LABELS))
            else:
                self.keys.append(FoundKey(found.open(None)))
            return
        for piece in pieces(data):
            with self._apart("a part of it"):
                self._take_one(piece, NO_LABELS)

    def _take_one(self, data: bytes, labels: Labels) -> None:
        """One DER structure; what stands behind it and is no trust of a certificate is passed over."""
        node = asn1.parse(data, trailing=True)
        shape = shape_of(node)
        der = data[: asn1.header(data, 0)[2]] if data[1:2] != b"\x80" else asn1.der(node)
        with within_whole():
            match shape:
                case "certificate":
                    self._take_certificate(data if len(data) - len(der) > 1 else der, labels)
                case "pkcs8":
                    self.keys.append(FoundKey(PrivateKey.sound(der), labels))
                case "sealed":
                    algorithm, sealed = node.sequence(2)[:2]
                    scheme = parse_scheme(algorithm, self.allowance)
                    self.sealed.append((_Pkcs8Sealed(scheme, sealed.octets()), labels))
                case "pkcs7":
                    self._take_bundle(node)
                case "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "DSA PRIVATE KEY":
                    self.keys.append(FoundKey(traditional.FORMS[shape](der), labels))
                case _:
                    raise Malformed("it is neither a certificate nor a private key in a form that is known")

    def _take_certificate(self, der: bytes, labels: Labels) -> None:
        certificate, nickname, trust = split(der)
        labels = Labels(labels.nickname or nickname, trust=labels.trust or trust or Trust())
        self.certificates.append(FoundCertificate(Certificate.parse(certificate), labels))

    def _take_bundle(self, info: asn1.Node) -> None:
        """The certificates in a SignedData (RFC 5652, section 5.1), or in Netscape's certificate sequence."""
        kind, *content = info.sequence(1)
        if kind.oid() not in (SIGNED_DATA, _NETSCAPE_SEQUENCE) or len(content) != 1:
            self._left(f"a CMS message ({kind.oid()}) that carries no certificates")
            return
        if kind.oid() == _NETSCAPE_SEQUENCE:
            self._take_members(content[0].explicit(0).sequence())
            return
        for node in content[0].explicit(0).sequence(4)[3:]:
            if node.tag == asn1.context(0):
                self._take_members(node.children)
            elif node.tag == asn1.context(1) and node.children:
                self._left("a revocation list")

    def _take_members(self, members: Iterable[asn1.Node]) -> None:
        for certificate in members:
            if certificate.tag == asn1.SEQUENCE:
                with self._apart("a certificate"):
                    self._take_certificate(asn1.tlv(certificate.tag, certificate.content), NO_LABELS)
            else:
                self._left("a certificate that is not X.509")

    def _left(self, what: str) -> None:
        self.problems.append(Problem(Unsupported.code, f"the file holds {what}; it was left behind"))


def _damaged(what: str, error: Error) -> Problem:
    if isinstance(error, Truncated):
        return Problem(error.CUT_OFF, f"the file is cut off within {what}; it was left behind")
    return Problem(error.code, f"{what} cannot be read: {error.message}; it was left behind")
