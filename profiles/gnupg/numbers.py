"""Private keys between PKCS#8 and the S-expressions of Libgcrypt (its manual, "RSA key parameters" and "ECC")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles import asn1
from profiles.curves import CURVES, curve_of
from profiles.errors import Malformed, Unsupported
from profiles.gnupg import sexp
from profiles.gnupg.grip import RSA
from profiles.pkcs12.keys import PrivateKey, ec_parts, ec_pkcs8, rsa_numbers, rsa_pkcs8

if TYPE_CHECKING:
    from profiles.gnupg.sexp import Sexp

_OTHER_NAMES = {b"nistp256": b"NIST P-256", b"nistp384": b"NIST P-384", b"nistp521": b"NIST P-521",
                b"secp256r1": b"NIST P-256", b"secp384r1": b"NIST P-384", b"secp521r1": b"NIST P-521",
                b"prime256v1": b"NIST P-256"}
_OIDS = {curve.name: oid for oid, curve in CURVES.items()}


def expressions(key: PrivateKey) -> tuple[tuple[Sexp, ...], tuple[Sexp, ...]]:
    """The algorithm's list as far as it is public, and its secret members."""
    if key.public.algorithm == RSA:
        found = rsa_numbers(key.pkcs8)
        small, large = sorted((found.p, found.q))  # Libgcrypt wants p below q, and u = 1/p mod q
        return ((b"rsa", (b"n", _bytes(found.n)), (b"e", _bytes(found.e))),
                ((b"d", _bytes(found.d)), (b"p", _bytes(small)), (b"q", _bytes(large)),
                 (b"u", _bytes(pow(small, -1, large)))))
    curve = curve_of(key.public)
    if curve is None:
        raise Unsupported(f"gpgsm has no use for private keys of the kind {key.name}",
                          "It takes RSA keys, and EC keys on the NIST and Brainpool curves.")
    _, scalar, point = ec_parts(key.pkcs8)
    secret: tuple[Sexp, ...] = ((b"d", _bytes(int.from_bytes(scalar, "big"))),)
    return (b"ecc", (b"curve", curve.name), (b"q", point)), secret


def private_key(algorithm: tuple[Sexp, ...]) -> PrivateKey:
    """The key of an algorithm's list with its secret members; ``Unsupported``, ``Malformed``."""
    kind = sexp.name(algorithm)
    if kind == b"rsa":
        n, e, d, p, q = (_number(algorithm, name) for name in (b"n", b"e", b"d", b"p", b"q"))
        if min(n, e, d, p, q) < 1 or p < 2 or q < 2:
            raise Malformed("the numbers of an RSA private key do not belong together: the key is damaged")
        large, small = max(p, q), min(p, q)
        try:
            inverse = pow(small, -1, large)
        except ValueError:
            raise Malformed("the numbers of an RSA private key do not belong together: the key is damaged") from None
        pkcs8 = rsa_pkcs8(n, e, d, large, small, d % (large - 1), d % (small - 1), inverse)
        rsa_numbers(pkcs8)
        return PrivateKey.parse(pkcs8)
    if kind in (b"ecc", b"ecdsa", b"ecdh"):
        name = _value(algorithm, b"curve")
        oid = _OIDS.get(_OTHER_NAMES.get(name.lower(), name))
        if oid is not None:
            scalar, size = _number(algorithm, b"d"), CURVES[oid].size
            if not 0 < scalar < CURVES[oid].order:
                raise Malformed("the secret number of an EC private key does not fit its curve")
            return PrivateKey.parse(_whole(ec_pkcs8(asn1.oid(oid), scalar.to_bytes(size, "big"))))
        kind = name or kind
    raise Unsupported(f"the private key is of the kind {kind.decode('ascii', 'replace')[:40]}, which gpgsm does not "
                      "use for S/MIME")


def _whole(pkcs8: bytes) -> bytes:
    """With its public point, as other stores hand it out."""
    return ec_pkcs8(*ec_parts(pkcs8))


def _bytes(number: int) -> bytes:
    """As Libgcrypt prints numbers: big endian, a zero before a high bit."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _value(algorithm: tuple[Sexp, ...], name: bytes) -> bytes:
    found = sexp.member(algorithm, name) or ()
    return sexp.text(found[1]) if len(found) > 1 else b""


def _number(algorithm: tuple[Sexp, ...], name: bytes) -> int:
    value = _value(algorithm, name)
    if len(value) > 2048 + 1:
        raise Malformed("a number of a private key is absurdly long")
    return int.from_bytes(value, "big")
