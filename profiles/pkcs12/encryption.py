"""Password-based encryption: PBES1 of PKCS#12 (RFC 7292, appendix C) and of PKCS#5, and PBES2 (RFC 8018)."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import Malformed, Unsupported, WrongPassword
from profiles.pkcs12 import ciphers, kdf, limits
from profiles.pkcs12.algorithms import HMACS, require_digest, unhandled
from profiles.pkcs12.ciphers import Cipher, rc2_cbc
from profiles.pkcs12.passwords import Spelling, octet_spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from profiles.asn1 import Node
    from profiles.pkcs12.limits import Allowance

PBES2, PBKDF2, SCRYPT = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12", "1.3.6.1.4.1.11591.4.11"
RC2_CBC = "1.2.840.113549.3.2"

_RC2_VERSIONS = {160: 40, 120: 64, 58: 128}


class Encryption(Enum):
    """What a writer can seal with; the value is the OID of its PBES1 scheme, or of its PBES2 cipher."""

    AES_256 = "2.16.840.1.101.3.4.1.42"
    AES_128 = "2.16.840.1.101.3.4.1.2"
    PBE_3DES = ciphers.PBE_3DES
    PBE_RC2_40 = ciphers.PBE_RC2_40


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """PBKDF2 and its parameters (RFC 8018, A.2)."""

    salt: bytes
    iterations: int
    digest: str
    key_length: int | None = None

    def derive(self, password: bytes, length: int) -> bytes:
        """A key of that length."""
        return kdf.pbkdf2(self.digest, password, self.salt, self.iterations, length)


@dataclass(frozen=True, slots=True)
class Scrypt:
    """Scrypt and its parameters N, r, p (RFC 7914, section 7)."""

    salt: bytes
    cost: tuple[int, int, int]
    key_length: int | None = None

    @property
    def iterations(self) -> int:
        """What one derivation takes from the allowance."""
        n, r, p = self.cost
        return n * r * p

    def derive(self, password: bytes, length: int) -> bytes:
        """A key of that length."""
        return kdf.scrypt(password, self.salt, self.cost, length)


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one piece is sealed; ``digest`` is empty for PBES2, and the IV of PBES1 comes from the password."""

    cipher: Cipher
    derivation: Pbkdf2 | Scrypt
    iv: bytes = b""
    digest: str = ""
    pkcs12: bool = False

    def secrets(self, spelling: Spelling) -> tuple[bytes, ...]:
        """What of a spelled password goes into the derivation, in the order to try."""
        if self.pkcs12:
            return (spelling.bmp,)
        return (spelling.octets,) if self.digest else octet_spellings(spelling)

    def keyed(self, secret: bytes) -> tuple[bytes, bytes]:
        """Key and IV."""
        cipher, source = self.cipher, self.derivation
        if not self.digest:
            return source.derive(secret, cipher.key_length), self.iv
        if self.pkcs12:
            made = partial(kdf.pkcs12, self.digest, secret, source.salt, source.iterations)
            return made(kdf.KEY, cipher.key_length), made(kdf.IV, cipher.iv_length) if cipher.iv_length else b""
        derived = kdf.pbkdf1(self.digest, secret, source.salt, source.iterations)
        return derived[:8], derived[8:16]


def known(oid: str) -> tuple[str, str, Cipher | None]:
    """What an OID stands for: ``pkcs12`` or ``pkcs5`` with its digest and cipher, or a cipher of PBES2; else None."""
    if oid in ciphers.OF_PKCS12:
        return "pkcs12", "sha1", ciphers.OF_PKCS12[oid]
    if oid in ciphers.OF_PKCS5:
        return "pkcs5", *ciphers.OF_PKCS5[oid]
    return "pbes2", "", ciphers.OF_PBES2.get(oid)


def parse_scheme(algorithm: Node, allowance: Allowance) -> Scheme:
    """Read the AlgorithmIdentifier of something sealed, and take its iterations from the allowance."""
    name, *parameters = algorithm.sequence(1)
    oid = name.oid()
    if oid == PBES2:
        return _parse_pbes2(_only(parameters), allowance)
    pkcs12 = ciphers.OF_PKCS12.get(oid)
    digest, cipher = ("sha1", pkcs12) if pkcs12 else ciphers.OF_PKCS5.get(oid, ("", None))
    if cipher is None:
        raise unhandled("its encryption", oid)
    salt, iterations, *_ = _only(parameters).sequence(2)
    source = Pbkdf2(limits.salt(salt.octets()), allowance.reserve(iterations.integer()), digest)
    return Scheme(cipher, source, digest=digest, pkcs12=bool(pkcs12))


def _only(parameters: list[Node]) -> Node:
    if len(parameters) != 1:
        raise Malformed("an algorithm lacks its parameters")
    return parameters[0]


def _parse_pbes2(parameters: Node, allowance: Allowance) -> Scheme:
    derivation, encryption = parameters.sequence(2)[:2]
    source = parse_derivation(derivation, allowance)
    name, *rest = encryption.sequence(1)
    oid = name.oid()
    if oid == RC2_CBC:
        cipher, iv = rc2(_only(rest), source.key_length)
    elif oid in ciphers.OF_PBES2:
        cipher, iv = ciphers.OF_PBES2[oid], _vector(rest)
        if cipher.family in ciphers.ANY_LENGTH and source.key_length is not None:
            cipher = replace(cipher, key_length=source.key_length)
    else:
        raise unhandled("its cipher", oid)
    if len(iv) != cipher.iv_length or source.key_length not in (None, cipher.key_length):
        raise Malformed(f"the key or initial vector of {cipher.name} has the wrong length")
    return Scheme(cipher, source, iv)


def _vector(parameters: list[Node]) -> bytes:
    """The initial vector: alone, or before the length of the key (CAST5, RFC 2144); RC4 has none."""
    node = _only(parameters)
    if node.tag == asn1.SEQUENCE:
        return node.sequence(1)[0].octets()
    return b"" if node.tag == asn1.NULL else node.octets()


def rc2(parameters: Node, key_length: int | None) -> tuple[Cipher, bytes]:
    """RC2-CBC-Parameter (RFC 8018, B.2.3)."""
    if parameters.tag == asn1.OCTET_STRING:
        return rc2_cbc(32, key_length), parameters.octets()
    *version, iv = parameters.sequence(1)
    number = version[0].integer() if version else 0
    bits = _RC2_VERSIONS.get(number, number) if version else 32
    if not 0 < bits <= 1024 or (number not in _RC2_VERSIONS and 32 != bits < 256):
        raise Malformed("the parameters of RC2 are not valid")
    return rc2_cbc(bits, key_length), iv.octets()


def parse_derivation(algorithm: Node, allowance: Allowance) -> Pbkdf2 | Scrypt:
    """Read the AlgorithmIdentifier of a PBKDF2 or scrypt, and take its cost from the allowance."""
    name, *rest = algorithm.sequence(1)
    oid = name.oid()
    if oid not in (PBKDF2, SCRYPT):
        raise unhandled("its key derivation", oid)
    salt, *numbers = _only(rest).sequence(2)
    if salt.tag not in (asn1.OCTET_STRING, asn1.OCTET_STRING | asn1.CONSTRUCTED):
        raise Malformed("the salt of a key derivation is missing or of another type than bytes")
    if oid == SCRYPT:
        n, r, p, length = ([node.integer() for node in numbers] + [None])[:4] if len(numbers) > 2 else [0, 0, 0, None]
        allowance.reserve_scrypt(n or 0, r or 0, p or 0)
        return Scrypt(limits.salt(salt.octets()), (n or 0, r or 0, p or 0), _length(length))
    iterations = allowance.reserve(numbers[0].integer())
    digest, given = "sha1", None
    for node in numbers[1:]:
        if node.tag == asn1.INTEGER:
            given = node.integer()
        else:
            digest = _prf(node)
    return Pbkdf2(limits.salt(salt.octets()), iterations, digest, _length(given))


def _prf(node: Node) -> str:
    return require_digest("the pseudo-random function of its key derivation", node.sequence(1)[0].oid(), HMACS)


def _length(given: int | None) -> int | None:
    if given is not None and given < 1:
        raise Malformed("the key length of a key derivation is not positive")
    if given is not None and given > limits.MAX_KEY_LENGTH:
        raise Unsupported(f"a key derivation asks for a key longer than {limits.MAX_KEY_LENGTH} bytes")
    return given


def unseal(scheme: Scheme, data: bytes, spellings: Iterable[Spelling], allowance: Allowance) -> tuple[Node, Spelling]:
    """What was sealed, and the spelling of the password that opened it; ``WrongPassword`` if none does.

    A wrong key shows by its padding and by what it decrypts to being no ASN.1.
    """
    if scheme.cipher.block and (not data or len(data) % scheme.cipher.block):
        raise Malformed("sealed data is not a whole number of cipher blocks")
    for number, (secret, spelling) in enumerate(_tries(scheme, spellings)):
        if number:
            if not allowance.affords(scheme.derivation.iterations):
                break
            allowance.reserve(scheme.derivation.iterations)
        if scheme.cipher.family == "rc2":
            allowance.reserve_slow(len(data))
        try:
            return asn1.parse(scheme.cipher.decrypt(*scheme.keyed(secret), data)), spelling
        except Malformed:
            continue
    raise WrongPassword("the password is wrong")


def _tries(scheme: Scheme, spellings: Iterable[Spelling]) -> Iterator[tuple[bytes, Spelling]]:
    """Each secret once, the proper one of every spelling before the odd ones of any."""
    ranked = [(rank, secret, spelling) for spelling in spellings
              for rank, secret in enumerate(scheme.secrets(spelling))]
    seen = set()
    for _, secret, spelling in sorted(ranked, key=lambda entry: entry[0]):
        if secret not in seen:
            seen.add(secret)
            yield secret, spelling


def seal(
    plain: bytes, encryption: Encryption, password: Spelling, digest: str, cost: tuple[int, int]
) -> tuple[bytes, bytes]:
    """Encrypt with a fresh salt: (AlgorithmIdentifier as DER, cipher text). ``cost`` is iterations and salt length.

    ``digest`` is PBKDF2's; PBES1 has none to choose.
    """
    iterations, salt = cost[0], os.urandom(cost[1])
    if encryption.value in ciphers.OF_PKCS12:
        while not kdf.even("sha1", password.bmp, salt, iterations):
            salt = os.urandom(cost[1])
    parameters = (asn1.octets(salt), asn1.integer(iterations))
    if encryption.value in ciphers.OF_PKCS12:
        cipher = ciphers.OF_PKCS12[encryption.value]
        scheme = Scheme(cipher, Pbkdf2(salt, iterations, "sha1"), digest="sha1", pkcs12=True)
        algorithm = asn1.sequence(asn1.oid(encryption.value), asn1.sequence(*parameters))
    else:
        cipher = ciphers.OF_PBES2[encryption.value]
        scheme = Scheme(cipher, Pbkdf2(salt, iterations, digest), os.urandom(cipher.iv_length))
        algorithm = asn1.sequence(asn1.oid(PBES2), asn1.sequence(
            pbkdf2_der(parameters, digest),
            asn1.sequence(asn1.oid(encryption.value), asn1.octets(scheme.iv)),
        ))
    key, iv = scheme.keyed(scheme.secrets(password)[0])
    return algorithm, scheme.cipher.encrypt(key, iv, plain)


def pbkdf2_der(parameters: tuple[bytes, ...], digest: str) -> bytes:
    """The AlgorithmIdentifier of PBKDF2 from its leading parameters as DER and the digest of its HMAC."""
    oid = next(oid for oid, name in HMACS.items() if name == digest)
    prf = asn1.sequence(asn1.oid(oid), asn1.null())
    return asn1.sequence(asn1.oid(PBKDF2), asn1.sequence(*parameters, prf))
