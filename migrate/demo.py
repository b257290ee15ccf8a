"""Two sample profiles with a three-level chain, made on the spot, for people who want to see it work first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from migrate.passwords import Source
from profiles.certificate import Certificate
from profiles.model import Level, Location, Secret, Trust
from profiles.nss.store import NssStore
from profiles.pkcs12.contents import Item
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.seal import seal

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

EMAIL = "alice@example.com"


@dataclass(frozen=True)
class Sample:
    """A store and the password that opens it."""

    store: NssStore
    password: Source


def _given(secret: Secret) -> Source:
    return Source(lambda _what, _new: secret, 1, explicit=True)


def build(directory: Path) -> tuple[Sample, Sample]:
    """A source profile with Alice's identity behind a primary password, and an empty target profile with another."""
    certificates, key = _identity()
    samples = []
    for name in ("old-computer", "new-computer"):
        place = directory / name
        place.mkdir(mode=0o700)
        password = _given(Secret.random())
        samples.append(Sample(NssStore(Location("nss", str(place)), place, "sample profile", new=True), password))
    leaf, intermediate, root = (Certificate.parse(der) for der in certificates)
    source = samples[0]
    source.store.unlock(source.password)
    with source.store.checkpoint() as checkpoint:
        checkpoint.add_certificate(intermediate, "")
        checkpoint.add_certificate(root, "")
        checkpoint.set_trust(root, Trust(Level.TRUSTED, Level.TRUSTED, Level.TRUSTED, Level.UNKNOWN))
        checkpoint.add_keys(seal([Item(leaf, PrivateKey.parse(key), "Alice Example")]))
        checkpoint.commit()
    return samples[0], samples[1]


def _identity() -> tuple[list[bytes], bytes]:
    """DER of leaf, intermediate and root, and the leaf's key as PKCS#8."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    keys = [rsa.generate_private_key(65537, 2048) for _ in range(3)]
    names = [_name(text) for text in ("Alice Example", "Sample Intermediate CA", "Sample Root CA")]
    made = []
    for level in range(3):
        issuer = min(level + 1, 2)
        made.append(_certificate(names[level], keys[level], names[issuer], keys[issuer], ca=level > 0))
    pkcs8 = keys[0].private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return [one.public_bytes(serialization.Encoding.DER) for one in made], pkcs8


def _name(common: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "certferry demo"),
                      x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name, key: RSAPrivateKey, issuer: x509.Name, signer: RSAPrivateKey, *, ca: bool
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=365))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if not ca:
        alternative = x509.SubjectAlternativeName([x509.RFC822Name(EMAIL)])
        usage = x509.ExtendedKeyUsage([Usage.CLIENT_AUTH, Usage.EMAIL_PROTECTION])
        builder = builder.add_extension(alternative, critical=False).add_extension(usage, critical=False)
    return builder.sign(signer, hashes.SHA256())
