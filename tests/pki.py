"""Certificates for tests: root, intermediate and leaf in one line each, with every oddity a store may meet.

ca = pki.root().intermediate("Some Intermediate")
alice = ca.leaf("Alice", email="alice@example.test", key="rsa-2048")
alice.p12("secret")            # certificate, key and the whole chain
ca.renewed(alice)              # same subject, new key and serial number
ca.leaf("Old", valid=pki.EXPIRED)
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID as Eku
from cryptography.x509.oid import NameOID

from tests import issuing, keys
from tests.issuing import Validity, any_length, ca_extensions, issue, key_usage, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.keys import PrivateKey

NASTY_NAMES = issuing.NASTY_NAMES
NOW = datetime.now(UTC).replace(microsecond=0)

CURRENT = Validity(NOW - timedelta(days=1), NOW + timedelta(days=365))
LONG = Validity(NOW - timedelta(days=1), NOW + timedelta(days=3650))
EXPIRED = Validity(NOW - timedelta(days=730), NOW - timedelta(days=365))
FUTURE = Validity(NOW + timedelta(days=365), NOW + timedelta(days=730))

CLIENT_AND_EMAIL = (Eku.CLIENT_AUTH, Eku.EMAIL_PROTECTION)
SIGN = ("digital_signature", "content_commitment")
ENCRYPT_RSA = ("key_encipherment",)
ENCRYPT_EC = ("key_agreement",)
BOTH = "both"
"""A key usage for signing and for encrypting, worded as the key's algorithm wants it."""


@dataclass(frozen=True)
class Leaf:
    """A certificate with its private key and the authority that issued it."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)
    issuer: Authority | None = field(default=None, repr=False)

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def sha256(self) -> str:
        """The fingerprint of the certificate, in lower-case hex."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def pkcs8(self) -> bytes:
        """The private key as unencrypted PKCS#8."""
        return keys.pkcs8(self.key)

    @property
    def cn(self) -> str:
        """The common name in the subject."""
        return str(self.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    @property
    def subject(self) -> x509.Name:
        """The subject of the certificate."""
        with any_length():
            return self.certificate.subject

    @property
    def chain(self) -> tuple[Authority, ...]:
        """The authorities above, the nearest first, the root last."""
        if self.issuer is None:
            return ()
        return (self.issuer, *self.issuer.chain)

    def key_pem(self, password: str | None = None) -> bytes:
        """The private key as PKCS#8 PEM, encrypted when there is a password."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption(),
        )

    def p12(
        self,
        password: str = "secret",
        *,
        chain: Sequence[Authority | x509.Certificate] | None = None,
        name: str | None = None,
        legacy: bool = False,
    ) -> bytes:
        """A PKCS#12 with the key, the certificate and its chain (all of it, unless `chain` says which).

        `name` is the friendly name (default: the common name); `legacy` means 3DES and SHA-1 instead of AES.
        """
        above = self.chain if chain is None else chain
        certificates = [one.certificate if isinstance(one, Leaf) else one for one in above]
        sealed = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2048)
        if legacy:
            sealed = sealed.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
        else:
            sealed = sealed.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256())
        return pkcs12.serialize_key_and_certificates(
            (self.cn if name is None else name).encode(),
            self.key,
            self.certificate,
            certificates,
            sealed.build(password.encode()) if password else serialization.NoEncryption(),
        )


@dataclass(frozen=True)
class Authority(Leaf):
    """A certificate authority: issues leaves and further authorities."""

    @property
    def above(self) -> tuple[x509.Name, PrivateKey]:
        """What a certificate below it is signed with."""
        return self.subject, self.key

    def intermediate(self, cn: str = "Test Intermediate", *, key: str | PrivateKey = "ec-p256") -> Authority:
        """An authority below this one."""
        secret = _key(key)
        return Authority(issue(self.above, name_of(cn), secret, LONG, ca_extensions()), secret, self)

    def leaf(
        self,
        cn: str | x509.Name,
        *,
        email: str | Sequence[str] = (),
        key: str | PrivateKey = "ec-p256",
        usage: str | Sequence[str] = BOTH,
        eku: Sequence[x509.ObjectIdentifier] = CLIENT_AND_EMAIL,
        valid: Validity = CURRENT,
        serial: int | None = None,
    ) -> Leaf:
        """An end-entity certificate; an empty `usage` or `eku` leaves that extension out."""
        secret = _key(key)
        extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(ca=False, path_length=None), True)]
        if usage:
            extensions.append((key_usage(_both(secret) if usage == BOTH else usage), True))
        if eku:
            extensions.append((x509.ExtendedKeyUsage(list(eku)), False))
        addresses = [email] if isinstance(email, str) else list(email)
        if addresses:
            extensions.append((x509.SubjectAlternativeName([x509.RFC822Name(one) for one in addresses]), False))
        subject = cn if isinstance(cn, x509.Name) else name_of(cn)
        return Leaf(issue(self.above, subject, secret, valid, extensions, serial), secret, self)

    def renewed(self, old: Leaf, *, same_key: bool = False, valid: Validity = CURRENT) -> Leaf:
        """A certificate like `old` with a new serial number, and a new key unless `same_key`."""
        secret = old.key if same_key else keys.generate(kind_of(old.key))
        extensions = [
            (one.value, one.critical)
            for one in old.certificate.extensions
            if not isinstance(one.value, x509.SubjectKeyIdentifier | x509.AuthorityKeyIdentifier)
        ]
        return Leaf(issue(self.above, old.subject, secret, valid, extensions), secret, self)

    def pair(self, cn: str, *, email: str, key: str = "rsa-2048") -> tuple[Leaf, Leaf]:
        """A dual-key person: one certificate for signing and logging in, one for encryption, same subject."""
        encrypt = ENCRYPT_RSA if key.startswith("rsa") else ENCRYPT_EC
        return (
            self.leaf(cn, email=email, key=keys.generate(key), usage=SIGN),
            self.leaf(cn, email=email, key=keys.generate(key), usage=encrypt, eku=(Eku.EMAIL_PROTECTION,)),
        )

    def reissued(self) -> Authority:
        """The same authority (subject and key) with another certificate, as cross-signing and renewal leave it."""
        above = self.issuer or self
        return replace(self, certificate=issue(above.above, self.subject, self.key, LONG, ca_extensions()))


def root(cn: str = "Test Root", *, key: str | PrivateKey = "ec-p256", valid: Validity = LONG) -> Authority:
    """A new self-signed authority."""
    secret = _key(key)
    return Authority(issue(None, name_of(cn), secret, valid, ca_extensions()), secret)


def server(authority: Authority, host: str = "localhost") -> Leaf:
    """A TLS server certificate for `host` and 127.0.0.1."""
    from ipaddress import IPv4Address

    secret = keys.generate("ec-p256")
    names = x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(IPv4Address("127.0.0.1"))])
    extensions = [(names, False), (x509.ExtendedKeyUsage([Eku.SERVER_AUTH]), False)]
    return Leaf(issue(authority.above, name_of(host), secret, CURRENT, extensions), secret, authority)


def kind_of(key: PrivateKey) -> str:
    """The name of a key's algorithm and size, as `tests.keys` takes it."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, keys.ec.EllipticCurvePrivateKey):
        return next(f"ec-{name}" for name, curve in keys.CURVES.items() if curve.name == key.curve.name)
    return f"rsa-{key.key_size}"


def _both(key: PrivateKey) -> tuple[str, ...]:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return SIGN
    return (*SIGN, *(ENCRYPT_EC if isinstance(key, keys.ec.EllipticCurvePrivateKey) else ENCRYPT_RSA))


def _key(key: str | PrivateKey) -> PrivateKey:
    return keys.generate(key) if isinstance(key, str) else key
