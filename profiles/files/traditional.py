"""Private keys in the forms older than PKCS#8: RFC 8017 A.1.2, RFC 5915, OpenSSL's DSA, and DEK-Info (RFC 1421)."""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import Malformed, WrongPassword
from profiles.pkcs12 import ciphers, kdf
from profiles.pkcs12 import key_numbers as kn
from profiles.pkcs12.algorithms import unhandled
from profiles.pkcs12.keys import PrivateKey, dsa_pkcs8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from profiles.pkcs12.ciphers import Cipher
    from profiles.pkcs12.limits import Allowance
    from profiles.pkcs12.passwords import Spelling

_LONGEST = 1 << 16

_DEK_CIPHERS = {
    "DES-CBC": ciphers.DES,
    "DES-EDE3-CBC": ciphers.DES_EDE3,
    "AES-128-CBC": ciphers.AES_128,
    "AES-192-CBC": ciphers.AES_192,
    "AES-256-CBC": ciphers.AES_256,
    "RC2-CBC": ciphers.rc2_cbc(128),
    "RC2-64-CBC": ciphers.rc2_cbc(64),
    "RC2-40-CBC": ciphers.rc2_cbc(40),
    "CAMELLIA-128-CBC": ciphers.CAMELLIA_128,
    "CAMELLIA-192-CBC": ciphers.CAMELLIA_192,
    "CAMELLIA-256-CBC": ciphers.CAMELLIA_256,
    "DES-EDE-CBC": ciphers.DES_EDE2,
    "SEED-CBC": ciphers.SEED,
    "SM4-CBC": ciphers.SM4,
    "BF-CBC": ciphers.BLOWFISH,
    "CAST5-CBC": ciphers.CAST5,
    "IDEA-CBC": ciphers.IDEA,
} | {
    f"AES-{8 * cipher.key_length}-{mode}": ciphers.feedback(cipher, mode)
    for cipher in (ciphers.AES_128, ciphers.AES_192, ciphers.AES_256) for mode in ("CFB", "OFB")
}


def rsa(der: bytes) -> PrivateKey:
    """The key of an RSAPrivateKey."""
    algorithm = asn1.sequence(asn1.oid(kn.RSA), asn1.null())
    return PrivateKey.sound(asn1.sequence(asn1.integer(0), algorithm, asn1.octets(der)))


def ec(der: bytes) -> PrivateKey:
    """The key of an ECPrivateKey, which must name its curve."""
    parameters, scalar, point = kn.ec_body_parts(kn.PrivateKeyInfo(kn.EC, b"", b"", der))
    return PrivateKey.sound(kn.ec_pkcs8(parameters, scalar, point))


def dsa(der: bytes) -> PrivateKey:
    """The key of OpenSSL's DSA form: version, p, q, g, the public and the private number."""
    _, p, q, g, _, x = (node.integer() for node in asn1.parse(der, padded=True).sequence(6)[:6])
    return PrivateKey.sound(dsa_pkcs8(p, q, g, x))


FORMS: dict[str, Callable[[bytes], PrivateKey]] = {
    "RSA PRIVATE KEY": rsa,
    "EC PRIVATE KEY": ec,
    "DSA PRIVATE KEY": dsa,
}


@dataclass(frozen=True, slots=True)
class DekSealed:
    """A traditional key sealed as RFC 1421 has it: key and salt by MD5 from password and initial vector."""

    form: str
    cipher: Cipher
    iv: bytes
    data: bytes = field(repr=False)

    @classmethod
    def parse(cls, form: str, info: str, data: bytes) -> DekSealed:
        """Read a ``DEK-Info`` header."""
        name, _, hexadecimal = info.partition(",")
        cipher = _DEK_CIPHERS.get(name.strip().upper())
        if cipher is None:
            raise unhandled("the cipher of the private key", name.strip()[:40])
        try:
            iv = binascii.unhexlify(hexadecimal.strip())
        except (binascii.Error, ValueError):
            iv = b""
        if len(iv) != cipher.iv_length or not 0 < len(data) <= _LONGEST or len(data) % (cipher.block or 1):
            raise Malformed("the DEK-Info line does not fit the private key below it")
        return cls(form, cipher, iv, data)

    def open(self, spellings: Iterable[Spelling], _allowance: Allowance) -> PrivateKey:
        """The key; ``WrongPassword``."""
        for secret in dict.fromkeys(spelling.octets for spelling in spellings):
            key = b""
            while len(key) < self.cipher.key_length:
                key += kdf.pbkdf1("md5", key[-16:] + secret, self.iv[:8], 1)
            try:
                return FORMS[self.form](self.cipher.decrypt(key[: self.cipher.key_length], self.iv, self.data))
            except Malformed:
                continue
        raise WrongPassword("the password is wrong")
