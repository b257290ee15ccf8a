"""Single certificates out of their parts: names, extensions, validity, signature."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tests.keys import PrivateKey

NASTY_NAMES = {
    "quotes": 'O\'Brien, "Alice"; <b>&amp; \\ % $HOME `id`',
    "accents": "Žofie Ångström Müller-Łukaszewicz",
    "cjk": "証明書 个人证书 인증서",
    "rtl": "\u0634\u0647\u0627\u062f\u0629 \u05ea\u05e2\u05d5\u05d3\u05d4",
    "rtl-override": "Alice \u202egnp.exe\u202c",
    "combining": "e\u0301\u0301\u0301 \u200d\u200b",
    "astral": "Alice \U0001f511\U0001f512",
    "control": "Alice\x1b[31m\r\n\t\x07\x7f\x9b2J",
    "nul": "alice@example.test\x00.attacker.test",
    "blank": "   ",
    "long": "x" * 65536,
}


class Validity(NamedTuple):
    """From when until when a certificate is valid."""

    start: datetime
    end: datetime


def key_usage(bits: Sequence[str]) -> x509.KeyUsage:
    """A KeyUsage extension with exactly these bits, named as `cryptography` names them."""
    every = "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
    every += "key_cert_sign crl_sign encipher_only decipher_only"
    return x509.KeyUsage(**{bit: bit in bits for bit in every.split()})


def name_of(cn: str) -> x509.Name:
    """The name of somebody at one organisation, however long or odd."""
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Certferry Tests")
    with any_length():
        return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, cn, _validate=False)])


@contextmanager
def any_length() -> Iterator[None]:
    """Let `cryptography` read and write names beyond the 64 characters of the standard."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Attribute's length must be", UserWarning)
        yield


def ca_extensions() -> list[tuple[x509.ExtensionType, bool]]:
    """What makes a certificate one of an authority."""
    return [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (key_usage(("key_cert_sign", "crl_sign", "digital_signature")), True),
    ]


def issue(
    above: tuple[x509.Name, PrivateKey] | None,
    name: x509.Name,
    key: PrivateKey,
    valid: Validity,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    serial: int | None = None,
) -> x509.Certificate:
    """A certificate signed by `above` (its subject and key), or by its own key."""
    issuer, signer = above or (name, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number() if serial is None else serial)
        .not_valid_before(valid.start)
        .not_valid_after(valid.end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256())
