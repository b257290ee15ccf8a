"""Stand-ins: how Windows keeps a key whose certificate is yet to be issued.

An enrolment leaves a self-signed certificate with the new key in REQUEST; when the issued certificate is installed, by
Windows or by certferry, it is joined to the key of the stand-in that has the same public key (certreq -accept).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from profiles.certificate import Certificate
from profiles.errors import Unsupported
from profiles.pkcs12.key_numbers import quietly

if TYPE_CHECKING:
    from profiles.pkcs12.keys import PrivateKey

_LONGEST = 64  # ub-common-name, RFC 5280


def stand_in(key: PrivateKey, name: str) -> Certificate:
    """A self-signed certificate of that key; ``Unsupported`` for a key that cannot sign one."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key
    from cryptography.x509.oid import NameOID

    try:
        with quietly():
            signer = load_der_private_key(key.info.bare, None)
    except (ValueError, UnsupportedAlgorithm):
        signer = None
    if not isinstance(signer, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Unsupported(f"Windows keeps no key of the kind {key.kind} without its certificate",
                          "Have the certificate issued first, then move both.")
    printable = "".join(char for char in name if char.isprintable()).strip()[:_LONGEST]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, printable or f"key {key.id}")])
    now = datetime.now(UTC)
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
            .public_key(signer.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=365))
            .sign(signer, hashes.SHA256()))
    return Certificate.parse(made.public_bytes(Encoding.DER))
