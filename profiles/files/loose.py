"""Keys and certificates that stand loose in a file: PEM, DER, PKCS#7 (RFC 5652), PVK."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from profiles import asn1
from profiles.certificate import Certificate
from profiles.errors import Malformed, PasswordNeeded, Unsupported, WrongPassword, within_whole
from profiles.files import armour, pvk, traditional
from profiles.files.trusted import split
from profiles.model import Problem, Secret, Trust
from profiles.pkcs12.bags import NO_LABELS, Labels
from profiles.pkcs12.encryption import Scheme, parse_scheme, unseal
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.limits import Allowance
from profiles.pkcs12.pairing import FoundCertificate, FoundKey, paired
from profiles.pkcs12.passwords import Spelling, spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from profiles.files.armour import Block
    from profiles.pkcs12.contents import Contents

SIGNED_DATA = "1.2.840.113549.1.7.2"
_CERTIFICATES = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
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
        return PrivateKey.parse(asn1.der(node))


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
                    with within_whole():
                        loose._take_block(block)
            elif data.strip():
                loose.unlike_pem = True
                loose._take_der(armour.unwrapped(data))
        if loose.problems and not (loose.keys or loose.sealed or loose.certificates):
            raise Unsupported(loose.problems[0].message.removesuffix("; it was left behind"))
        return loose

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
                keys.append(FoundKey(sealed.open(ways, self.allowance), labels))
            except WrongPassword:
                problems.append(Problem(
                    WrongPassword.code, "a private key is sealed with another password; it was left behind"))
                continue
            opened += 1
        if self.sealed and not opened:
            if password is None:
                raise PasswordNeeded("a password is needed for the private key")
            raise WrongPassword("the password is wrong")
        return paired(keys, self.certificates, problems)

    def _take_block(self, block: Block) -> None:
        labels = Labels(block.nickname, trust=block.trust)
        label = block.label
        if label in _CERTIFICATES:
            self._take_certificate(block.der, labels)
        elif label in traditional.FORMS and "DEK-Info" in block.headers:
            self.sealed.append((traditional.DekSealed.parse(label, block.headers["DEK-Info"], block.der), labels))
        elif label in traditional.FORMS:
            self.keys.append(FoundKey(traditional.FORMS[label](block.der), labels))
        elif label == "PRIVATE KEY":
            self.keys.append(FoundKey(PrivateKey.parse(block.der), labels))
        elif label == "ENCRYPTED PRIVATE KEY":
            self._take_sealed(block.der, labels)
        elif label in ("PKCS7", "CMS"):
            self._take_signed_data(asn1.parse(block.der, padded=True))
        elif label not in _SILENT:
            self._left(_ELSEWHERE.get(label, f"a piece of the kind {label!r}"))

    def _take_certificate(self, der: bytes, labels: Labels) -> None:
        certificate, nickname, trust = split(der)
        labels = Labels(labels.nickname or nickname, trust=labels.trust or trust or Trust())
        self.certificates.append(FoundCertificate(Certificate.parse(certificate), labels))

    def _take_sealed(self, der: bytes, labels: Labels) -> None:
        algorithm, data = asn1.parse(der, padded=True).sequence(2)[:2]
        scheme, octets = parse_scheme(algorithm, self.allowance), data.octets()
        self.sealed.append((_Pkcs8Sealed(scheme, octets), labels))

    def _take_signed_data(self, info: asn1.Node) -> None:
        """The certificates in a SignedData (RFC 5652, section 5.1)."""
        kind, *content = info.sequence(1)
        if kind.oid() != SIGNED_DATA or len(content) != 1:
            raise Unsupported(f"the file holds a CMS message ({kind.oid()}) that carries no certificates")
        for node in content[0].explicit(0).sequence(4)[3:]:
            if node.tag == asn1.context(0):
                for certificate in node.children:
                    if certificate.tag == asn1.SEQUENCE:
                        self._take_certificate(asn1.tlv(certificate.tag, certificate.content), NO_LABELS)
                    else:
                        self._left("a certificate that is not X.509")
            elif node.tag == asn1.context(1) and node.children:
                self._left("a revocation list")

    def _take_der(self, data: bytes) -> None:
        if data.startswith(pvk.MAGIC):
            found = pvk.Pvk.parse(data)
            if found.sealed:
                self.sealed.append((_PvkSealed(found), NO_LABELS))
            else:
                self.keys.append(FoundKey(found.open(None)))
            return
        node = asn1.parse(data, trailing=True)
        with within_whole():
            self._take_node(node, data)

    def _take_node(self, node: asn1.Node, data: bytes) -> None:
        shape = shape_of(node)
        der = data[: asn1.header(data, 0)[2]] if data[1:2] != b"\x80" else asn1.der(node)
        match shape:
            case "certificate":
                self._take_certificate(data if len(data) - len(der) > 1 else der, NO_LABELS)
            case "pkcs8":
                self.keys.append(FoundKey(PrivateKey.parse(der)))
            case "sealed":
                self._take_sealed(der, NO_LABELS)
            case "pkcs7":
                self._take_signed_data(node)
            case "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "DSA PRIVATE KEY":
                self.keys.append(FoundKey(traditional.FORMS[shape](der)))
            case _:
                raise Malformed("the file holds neither a certificate nor a private key in a form that is known")

    def _left(self, what: str) -> None:
        self.problems.append(Problem(Unsupported.code, f"the file holds {what}; it was left behind"))


_SHAPES = (
    ("i{o", "pkcs8"), ("i{", "pfx"), ("{{b", "certificate"), ("{o", "sealed"), ("io", "EC PRIVATE KEY"),
    ("iiiiiiiii", "RSA PRIVATE KEY"), ("iiiiii", "DSA PRIVATE KEY"), (".", "pkcs7"),
)
_LETTERS = {
    asn1.INTEGER: "i", asn1.SEQUENCE: "{", asn1.OID: ".", asn1.BIT_STRING: "b",
    asn1.OCTET_STRING: "o", asn1.OCTET_STRING | asn1.CONSTRUCTED: "o",
}


def shape_of(node: asn1.Node) -> str:
    """What a DER structure is, by the types of its first members; empty if nothing known."""
    if node.tag != asn1.SEQUENCE:
        return ""
    members = "".join(_LETTERS.get(member.tag, "?") for member in node.children)
    shape = next((shape for start, shape in _SHAPES if members.startswith(start)), "")
    if shape == "pfx" and [child.tag for child in node.children[1].children][:1] != [asn1.OID]:
        return ""
    return shape
