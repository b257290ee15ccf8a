"""Signatures as proof that a key works: made with the private half, checked with the public half.

RSA signs PKCS#1 v1.5 with SHA-256 (RFC 8017, 8.2), EC and DSA sign with SHA-256, the Edwards curves as they are.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import Malformed, Unsupported
from profiles.pkcs12 import key_numbers as kn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.public_key import PublicKey

_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def _refused(name: str) -> Unsupported:
    return Unsupported(f"keys of the kind {name} cannot sign here, so that one cannot be proved to work")


def _padded(message: bytes, size: int, name: str) -> int:
    """EMSA-PKCS1-v1_5 (RFC 8017, 9.2)."""
    digest = _SHA256_INFO + hashlib.sha256(message).digest()
    if size < len(digest) + 11:
        raise _refused(name)
    return int.from_bytes(b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest, "big")


def sign(info: kn.PrivateKeyInfo, name: str, message: bytes) -> bytes:
    """A signature over ``message``; ``Unsupported`` by name for keys that sign nothing."""
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    if info.algorithm in kn.RSA_FAMILY:
        return _sign_rsa(info, name, message)
    if info.algorithm not in (kn.DSA, kn.EC, kn.ED25519, kn.ED448):
        raise _refused(name)
    try:
        with kn.quietly():
            key = load_der_private_key(info.bare, None)
    except (ValueError, UnsupportedAlgorithm, InternalError):
        raise _refused(name) from None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(hashes.SHA256()))
    if isinstance(key, dsa.DSAPrivateKey):
        return key.sign(message, hashes.SHA256())
    if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return key.sign(message)
    raise _refused(name)


def _sign_rsa(info: kn.PrivateKeyInfo, name: str, message: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key, more = kn.rsa_body_primes(info)
    size = (key.n.bit_length() + 7) // 8
    if key.n.bit_length() < 1024 or more:  # cryptography refuses them; as a proof they are as good as any
        return pow(_padded(message, size, name), key.d, key.n).to_bytes(size, "big")
    numbers = rsa.RSAPrivateNumbers(
        key.p, key.q, key.d, key.dp, key.dq, key.qinv, rsa.RSAPublicNumbers(key.e, key.n))
    try:
        private = numbers.private_key(unsafe_skip_rsa_key_validation=True)
        return private.sign(message, padding.PKCS1v15(), hashes.SHA256())
    except ValueError:
        raise Malformed(f"the private key ({name}) cannot sign: its numbers do not belong together") from None


def verify(public: PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether the private half of ``public`` made that signature; ``Unsupported`` by name where none can be checked."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if public.algorithm in kn.RSA_FAMILY:
        return _verify_rsa(public, message, signature)
    if public.algorithm == kn.DSA and public.parameters[:1] == bytes((asn1.SEQUENCE,)):
        return _verify_dsa(public, message, signature)
    try:
        _check(public, message, signature)
    except InvalidSignature:
        return False
    except (ValueError, UnsupportedAlgorithm):
        raise _refused(public.name) from None
    return True


def _verify_rsa(public: PublicKey, message: bytes, signature: bytes) -> bool:
    n, e = (node.integer() for node in asn1.parse(public.value).sequence(2)[:2])
    size = (n.bit_length() + 7) // 8
    if not 0 < n.bit_length() <= kn.MAX_RSA_BITS or not 0 < e < n or len(signature) != size:
        return False
    return pow(int.from_bytes(signature, "big"), e, n) == _padded(message, size, public.name)


def _verify_dsa(public: PublicKey, message: bytes, signature: bytes) -> bool:
    """FIPS 186-4, 4.7, by its numbers: cryptography refuses the short keys of old keystores."""
    (p, q, g), y = _integers(public.parameters), asn1.parse(public.value).integer()
    if not 1 < q < p or p.bit_length() > kn.MAX_DSA_BITS or not (1 < g < p and 0 < y < p):
        raise _refused(public.name)
    r, s = (node.integer() for node in asn1.parse(signature).sequence(2)[:2])
    if not (0 < r < q and 0 < s < q) or math.gcd(s, q) != 1:
        return False
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big") >> max(0, 256 - q.bit_length())
    inverse = pow(s, -1, q)
    return pow(g, digest * inverse % q, p) * pow(y, r * inverse % q, p) % p % q == r


def _check(public: PublicKey, message: bytes, signature: bytes) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519

    if public.algorithm == kn.EC and (curve := kn.named_curve(public.parameters)) is not None:
        point = ec.EllipticCurvePublicKey.from_encoded_point(curve, public.value)
        point.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    elif public.algorithm == kn.ED25519:
        ed25519.Ed25519PublicKey.from_public_bytes(public.value).verify(signature, message)
    elif public.algorithm == kn.ED448:
        ed448.Ed448PublicKey.from_public_bytes(public.value).verify(signature, message)
    else:
        raise _refused(public.name)


def _integers(sequence: bytes) -> Iterator[int]:
    return (node.integer() for node in asn1.parse(sequence).sequence(3)[:3])
