"""Private keys between key4.db rows and PKCS#8."""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import KeyNotExportable, Malformed, Unsupported
from profiles.nss import attributes as at
from profiles.pkcs12.keys import PrivateKey, ec_parts, ec_pkcs8, ed25519_pkcs8, rsa_numbers, rsa_pkcs8

if TYPE_CHECKING:
    from profiles.nss.contents import StoredKey
    from profiles.nss.envelope import Keyring

RSA_BITS = range(1024, 8193)
CURVES = {"1.2.840.10045.3.1.7": "p256", "1.3.132.0.34": "p384", "1.3.132.0.35": "p521"}


def sealed_values(key: StoredKey) -> list[bytes]:
    """The sealed columns that ``private_key`` will open."""
    wanted = (at.PRIVATE_EXPONENT, at.PRIME_1) if key.type == at.RSA else (at.VALUE,)
    return [value for column in wanted if (value := key.row.get(column))]


def require_exportable(key: StoredKey) -> None:
    """Raise ``KeyNotExportable`` where the database marks a key so."""
    if not key.exportable:
        raise KeyNotExportable(
            f"the key of {key.nickname or key.id} is marked as not exportable in its database",
            "Use it where it is, ask its issuer for a new certificate, or ask for key recovery if they offer it.",
        )


def private_key(key: StoredKey, ring: Keyring) -> PrivateKey:
    """The open key of a row; ``KeyNotExportable`` where the database marks it so."""
    require_exportable(key)
    if key.type == at.RSA:
        return _rsa(key, ring)
    if key.type in (at.EC, at.EC_EDWARDS):
        scalar = ring.unseal(_column(key, at.VALUE))
        if key.type == at.EC_EDWARDS:
            return PrivateKey.parse(ed25519_pkcs8(scalar))
        return PrivateKey.parse(ec_pkcs8(_column(key, at.EC_PARAMS), scalar, key.public_value or None))
    if key.type == at.DSA:
        return _dsa(key, ring)
    raise Unsupported(f"the database holds a key of the kind {key.name}, which certferry does not move")


def _column(key: StoredKey, column: str) -> bytes:
    value = at.plain(key.row.get(column))
    if not value:
        raise Malformed(f"the key {key.nickname or key.id} lacks a part ({column}) in key4.db")
    return value


def _rsa(key: StoredKey, ring: Keyring) -> PrivateKey:
    """Opens two of the six sealed numbers: each costs a derivation, and the modulus proves the rest."""
    n, e = (int.from_bytes(_column(key, column), "big") for column in (at.MODULUS, at.PUBLIC_EXPONENT))
    d, p = (int.from_bytes(ring.unseal(_column(key, column)), "big") for column in (at.PRIVATE_EXPONENT, at.PRIME_1))
    if not 1 < p < n or n % p or d * e % lcm(p - 1, n // p - 1) != 1:
        raise Malformed(f"the private key {key.nickname or key.id} does not fit its public key",
                        "The database is damaged; restore it from a backup of the profile.")
    q = n // p
    return PrivateKey.parse(rsa_pkcs8(n, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)))


def _dsa(key: StoredKey, ring: Keyring) -> PrivateKey:
    numbers = [int.from_bytes(_column(key, column), "big") for column in (at.PRIME, at.SUBPRIME, at.BASE)]
    secret = int.from_bytes(ring.unseal(_column(key, at.VALUE)), "big")
    parameters = asn1.sequence(*(asn1.integer(number) for number in numbers))
    algorithm = asn1.sequence(asn1.oid("1.2.840.10040.4.1"), parameters)
    return PrivateKey.parse(asn1.sequence(asn1.integer(0), algorithm, asn1.octets(asn1.integer(secret))))


def _unsigned(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def plain_row(key: PrivateKey, *, knows_edwards: bool) -> tuple[at.Row, at.Row]:
    """The attributes of a key as (public ones, ones to be sealed); ``Unsupported`` by name for other kinds."""
    public = key.public
    if public.algorithm == "1.2.840.113549.1.1.1":
        bits = int.from_bytes(public.modulus, "big").bit_length()
        if bits not in RSA_BITS:
            raise Unsupported(f"an RSA key of {bits} bits ({key.name}) is not taken by NSS databases")
        numbers = rsa_numbers(key.pkcs8)
        values = [_unsigned(number) for number in (
            numbers.n, numbers.e, numbers.d, numbers.p, numbers.q, numbers.dp, numbers.dq, numbers.qinv)]
        sealed = dict(zip(at.ENCRYPTED[1:], values[2:], strict=True))
        return {at.KEY_TYPE: at.ulong(at.RSA), at.MODULUS: values[0], at.PUBLIC_EXPONENT: values[1],
                at.NSS_DB: values[0]}, dict(sealed)
    if public.algorithm == "1.2.840.10045.2.1":
        parameters, scalar, point = ec_parts(key.pkcs8)
        if parameters[:1] != bytes((asn1.OID,)) or asn1.dotted(parameters[2:]) not in CURVES:
            raise Unsupported(f"an EC key on the curve of {key.name} is not taken by NSS databases",
                              "NSS knows P-256, P-384 and P-521.")
        return {at.KEY_TYPE: at.ulong(at.EC), at.EC_PARAMS: parameters, at.NSS_DB: point}, {at.VALUE: scalar}
    if public.algorithm == "1.3.101.112" and knows_edwards:
        seed = asn1.parse(asn1.parse(key.pkcs8).sequence(3)[2].octets()).octets()
        return {at.KEY_TYPE: at.ulong(at.EC_EDWARDS), at.EC_PARAMS: asn1.oid("1.3.101.112"),
                at.NSS_DB: public.value}, {at.VALUE: seed}
    raise Unsupported(f"a key of the kind {key.name} is not taken by this NSS database",
                      "NSS takes RSA keys of 1024 to 8192 bits and EC keys on P-256, P-384 and P-521.")
