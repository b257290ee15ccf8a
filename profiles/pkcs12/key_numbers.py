"""The numbers of a private key, in and out of PKCS#8 (RFC 5208, RFC 8017 A.1.2, RFC 5915, RFC 8410)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from profiles import asn1, curves
from profiles.errors import Malformed, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric import ec

RSA, RSA_PSS, RSA_OAEP = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.7"
RSA_FAMILY = (RSA, RSA_PSS, RSA_OAEP)
DSA, EC, ED25519, ED448 = "1.2.840.10040.4.1", "1.2.840.10045.2.1", "1.3.101.112", "1.3.101.113"
X25519, X448 = "1.3.101.110", "1.3.101.111"

MAX_RSA_BITS = 16384
MAX_DSA_BITS = 8192
_MAX_PRIMES = 16


class RsaNumbers(NamedTuple):
    """The eight numbers of a two-prime RSA key, in the order of RSAPrivateKey."""

    n: int
    e: int
    d: int
    p: int
    q: int
    dp: int
    dq: int
    qinv: int


@dataclass(frozen=True, slots=True)
class PrivateKeyInfo:
    """A PKCS#8 PrivateKeyInfo, taken apart: parameters and algorithm are DER, ``body`` is the secret part."""

    algorithm: str
    parameters: bytes
    algorithm_der: bytes
    body: bytes
    attributes: bytes = b""

    @classmethod
    def parse(cls, pkcs8: bytes) -> PrivateKeyInfo:
        """Read a PrivateKeyInfo; attributes and a public key after it are allowed and passed over."""
        version, algorithm, body, *rest = asn1.parse(pkcs8).sequence(3)
        if version.integer() not in (0, 1) or any(node.tag & 0xC0 != 0x80 for node in rest):
            raise Malformed("this is not a PKCS#8 private key")
        oid, *parameters = algorithm.sequence(1)
        attributes = b"".join(asn1.der(node) for node in rest if node.tag == asn1.context(0))
        return cls(oid.oid(), b"".join(map(asn1.der, parameters)), asn1.der(algorithm), body.octets(), attributes)

    @property
    def bare(self) -> bytes:
        """The same key as DER of version 0, without attributes."""
        return asn1.sequence(asn1.integer(0), self.algorithm_der, asn1.octets(self.body))

    @property
    def der(self) -> bytes:
        """The same key as DER of version 0, which alone every program reads; its attributes stay."""
        return asn1.sequence(asn1.integer(0), self.algorithm_der, asn1.octets(self.body), self.attributes)


def _pkcs8(oid: str, parameters: bytes, body: bytes) -> bytes:
    return asn1.sequence(asn1.integer(0), asn1.sequence(asn1.oid(oid), parameters), asn1.octets(body))


def rsa_pkcs8(n: int, e: int, d: int, p: int, q: int, dp: int, dq: int, qinv: int) -> bytes:  # noqa: PLR0913
    """The PKCS#8 of an RSA key from its numbers."""
    numbers = (0, n, e, d, p, q, dp, dq, qinv)
    return _pkcs8(RSA, asn1.null(), asn1.sequence(*map(asn1.integer, numbers)))


def rsa_numbers(pkcs8: bytes) -> RsaNumbers:
    """The numbers of an RSA key, checked to belong together as far as n = p·q shows."""
    return rsa_body_numbers(PrivateKeyInfo.parse(pkcs8))


def rsa_body_numbers(info: PrivateKeyInfo) -> RsaNumbers:
    """As ``rsa_numbers``, from a key that is taken apart already."""
    found, more = rsa_body_primes(info)
    if more:
        raise Unsupported("this RSA key has more than two primes (multi-prime RSA, RFC 8017)")
    return found


def rsa_body_primes(info: PrivateKeyInfo) -> tuple[RsaNumbers, tuple[int, ...]]:
    """The numbers of an RSA key, and its further primes where it has more than two (RFC 8017, A.1.2)."""
    if info.algorithm not in RSA_FAMILY:
        raise Malformed("this is not an RSA key")
    parts = asn1.parse(info.body).sequence(9)
    version, *numbers = (node.integer() for node in parts[:9])
    found = RsaNumbers(*numbers)
    if found.n.bit_length() > MAX_RSA_BITS:
        raise Unsupported(f"this RSA key has {found.n.bit_length()} bits; at most {MAX_RSA_BITS} are handled")
    others = parts[9].sequence(1) if version == 1 and len(parts) > 9 else ()
    primes = (found.p, found.q, *(other.sequence(3)[0].integer() for other in others[:_MAX_PRIMES]))
    if min(primes) < 2 or found.n != prod(primes) or not (0 < found.e < found.n and 0 < found.d < found.n):
        raise Malformed("the numbers of an RSA private key do not belong together: the key is damaged")
    return found, primes[2:]


def ec_pkcs8(parameters: bytes, scalar: bytes, point: bytes | None = None) -> bytes:
    """The PKCS#8 of an EC key from its curve (ECParameters as DER), its secret scalar and its public point."""
    public = asn1.tlv(asn1.context(1), asn1.bits(point)) if point else b""
    return _pkcs8(EC, parameters, asn1.sequence(asn1.integer(1), asn1.octets(scalar), public))


def ec_parts(pkcs8: bytes) -> tuple[bytes, bytes, bytes]:
    """Curve (ECParameters as DER), secret scalar in the curve's full length, and uncompressed public point."""
    return ec_body_parts(PrivateKeyInfo.parse(pkcs8))


def ec_body_parts(info: PrivateKeyInfo) -> tuple[bytes, bytes, bytes]:
    """As ``ec_parts``, from a key that is taken apart already."""
    parameters, scalar, point = _ec_stored(info)
    found = _ec_computed(parameters, scalar)
    if found is not None:
        return found
    if not point:
        raise _uncomputed(parameters)
    return parameters, scalar, point


def ec_computed_parts(info: PrivateKeyInfo) -> tuple[bytes, bytes, bytes]:
    """As ``ec_body_parts``, and ``Unsupported`` where the point would have to be believed."""
    parameters, scalar, _ = _ec_stored(info)
    found = _ec_computed(parameters, scalar)
    if found is None:
        raise _uncomputed(parameters)
    return found


def ec_mended(info: PrivateKeyInfo) -> bytes | None:
    """An EC key made anew, where it stands in a form that strict readers refuse or misread; None for any other.

    A secret number of the wrong length, as Java 5 to 7 wrote it; a public point that is another's, or compressed; a
    curve that is named only inside, or spelled out in numbers (RFC 5915 and RFC 5480 allow none of it).
    """
    try:
        parameters, scalar, point = _ec_stored(info)
        found = _ec_computed(parameters, scalar)
    except Malformed:
        return None
    if found is None or (found[:2] == (info.parameters, scalar) and point in (b"", found[2])):
        return None
    return ec_pkcs8(*found)


def _ec_stored(info: PrivateKeyInfo) -> tuple[bytes, bytes, bytes]:
    """Curve, secret number and public point as they stand; the latter may be missing."""
    if info.algorithm != EC:
        raise Malformed("this is not an EC key")
    _, secret, *rest = asn1.parse(info.body).sequence(2)
    tagged = {node.tag: node for node in rest}
    parameters = info.parameters
    if parameters in (b"", asn1.null()):
        if asn1.context(0) not in tagged:
            raise Malformed("an EC private key does not name its curve")
        parameters = asn1.der(tagged[asn1.context(0)].explicit(0))
    scalar, point = secret.octets(), b""
    if asn1.context(1) in tagged:
        point = tagged[asn1.context(1)].explicit(1).expect(asn1.BIT_STRING).content[1:]
    if len(scalar) > 128:
        raise Malformed("the secret number of an EC private key is absurdly long")
    return parameters, scalar, point


def _ec_computed(parameters: bytes, scalar: bytes) -> tuple[bytes, bytes, bytes] | None:
    """The curve by its name, the secret number in full length, and the point it makes; None on an unknown curve."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    curve = named_curve(parameters)
    if curve is None:
        return None
    try:
        with quietly():
            key = ec.derive_private_key(int.from_bytes(scalar, "big"), curve)
    except UnsupportedAlgorithm:
        return None
    except ValueError:
        raise Malformed("the secret number of an EC private key does not fit its curve") from None
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    size = (curve.key_size + 7) // 8
    return asn1.oid(curves.name(parameters)), int.from_bytes(scalar, "big").to_bytes(size, "big"), point


def _uncomputed(parameters: bytes) -> Unsupported:
    name = curves.name(parameters) or "explicit parameters"
    return Unsupported(f"the public half of an EC key cannot be computed on its curve ({name})")


def named_curve(parameters: bytes) -> ec.EllipticCurve | None:
    """The curve of ECParameters as cryptography knows it, or None."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509 import ObjectIdentifier

    try:
        with quietly():
            return ec.get_curve_for_oid(ObjectIdentifier(curves.name(parameters)))()
    except (LookupError, ValueError):
        return None


@contextmanager
def quietly() -> Iterator[None]:
    """What cryptography thinks of old keys is no matter of the user, and shows source text."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def ed25519_pkcs8(seed: bytes) -> bytes:
    """The PKCS#8 of an Ed25519 key from its 32 secret bytes (RFC 8410)."""
    return _pkcs8(ED25519, b"", asn1.octets(seed))


def dsa_pkcs8(p: int, q: int, g: int, x: int) -> bytes:
    """The PKCS#8 of a DSA key from its numbers."""
    return _pkcs8(DSA, asn1.sequence(*map(asn1.integer, (p, q, g))), asn1.integer(x))


def dsa_numbers(info: PrivateKeyInfo) -> tuple[int, int, int, int]:
    """The numbers p, q, g and the secret x of a DSA key."""
    if info.algorithm != DSA or not info.parameters:
        raise Malformed("this is not a DSA key, or its parameters are missing")
    p, q, g = (node.integer() for node in asn1.parse(info.parameters).sequence(3)[:3])
    x = asn1.parse(info.body).integer()
    if p.bit_length() > MAX_DSA_BITS:
        raise Unsupported(f"this DSA key has {p.bit_length()} bits; at most {MAX_DSA_BITS} are handled")
    if not 1 < q < p or not 1 < g < p or not 0 < x < q:
        raise Malformed("the numbers of a DSA private key do not belong together: the key is damaged")
    return p, q, g, x
