"""Symmetric ciphers by name, the broken ones included that old files are sealed with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from profiles.errors import Malformed
from profiles.pkcs12 import rc2
from profiles.pkcs12.algorithms import Unhandled

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.ciphers import CipherAlgorithm
    from cryptography.hazmat.primitives.ciphers.modes import CBC, CFB, OFB


@dataclass(frozen=True, slots=True)
class Cipher:
    """One cipher in CBC mode, or one that makes a stream (RC4, CFB, OFB), with its key length."""

    name: str
    family: str
    key_length: int
    block: int
    """In bytes; 0 for a stream cipher."""
    effective_bits: int = 0
    """RC2 only."""
    feedback: str = ""
    """``CFB`` or ``OFB``, which make a stream of a block cipher, in place of CBC."""
    iv_length: int = 0
    """In bytes."""

    def decrypt(self, key: bytes, iv: bytes, data: bytes) -> bytes:
        """The plain text; ``Malformed`` where the padding is wrong, which is how a wrong key shows."""
        if not self.block:
            return _run(self, key, iv, data, back=True)
        if not data or len(data) % self.block:
            raise Malformed("encrypted data is not a whole number of blocks")
        if self.family == "rc2":
            plain = rc2.decrypt_cbc(key, self.effective_bits, iv, data)
        else:
            plain = _run(self, key, iv, data, back=True)
        count = plain[-1]
        if not 1 <= count <= self.block or plain[-count:] != bytes((count,)) * count:
            raise Malformed("the padding of decrypted data is wrong")
        return plain[:-count]

    def encrypt(self, key: bytes, iv: bytes, data: bytes) -> bytes:
        """The cipher text, padded (RFC 8018, 6.1.1)."""
        if not self.block:
            return _run(self, key, iv, data)
        count = self.block - len(data) % self.block
        padded = data + bytes((count,)) * count
        if self.family == "rc2":
            return rc2.encrypt_cbc(key, self.effective_bits, iv, padded)
        return _run(self, key, iv, padded)


def _run(cipher: Cipher, key: bytes, iv: bytes, data: bytes, *, back: bool = False) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.ciphers import Cipher as Engine

    engine = Engine(_algorithm(cipher, key), _mode(cipher, iv))
    try:
        context = engine.decryptor() if back else engine.encryptor()
    except UnsupportedAlgorithm:
        raise Unhandled(f"the file uses {cipher.name}, which the installed cryptography does not have") from None
    return context.update(data) + context.finalize()


def _mode(cipher: Cipher, iv: bytes) -> CBC | CFB | OFB | None:
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    if not cipher.feedback:
        return CBC(iv) if cipher.block else None
    try:
        from cryptography.hazmat.decrepit.ciphers.modes import CFB, OFB
    except ImportError:  # cryptography before they moved
        from cryptography.hazmat.primitives.ciphers.modes import CFB, OFB
    return CFB(iv) if cipher.feedback == "CFB" else OFB(iv)


def _algorithm(cipher: Cipher, key: bytes) -> CipherAlgorithm:
    """In whichever of two modules the installed cryptography has it."""
    from cryptography.hazmat.decrepit.ciphers import algorithms as old
    from cryptography.hazmat.primitives.ciphers import algorithms as current

    name = _CLASSES[cipher.family]
    if cipher.family == "des":  # one, two or three keys, in the form of three
        key = (key * 3 if len(key) == 8 else key + key[:8])[:24]
    made: Callable[[bytes], CipherAlgorithm] = getattr(old, name, None) or getattr(current, name)
    try:
        return made(key)
    except ValueError:
        raise Malformed(f"the length of the key is none of {cipher.name}") from None


_CLASSES = {"aes": "AES", "camellia": "Camellia", "des": "TripleDES", "rc4": "ARC4", "seed": "SEED", "sm4": "SM4",
            "blowfish": "Blowfish", "cast5": "CAST5", "idea": "IDEA"}


def _cbc(name: str, family: str, key_length: int, block: int) -> Cipher:
    return Cipher(f"{name}-CBC", family, key_length, block, iv_length=block)


def feedback(cipher: Cipher, mode: str) -> Cipher:
    """The same block cipher in the mode CFB or OFB."""
    return replace(cipher, name=cipher.name.replace("CBC", mode), block=0, feedback=mode)


AES_128 = _cbc("AES-128", "aes", 16, 16)
AES_192 = _cbc("AES-192", "aes", 24, 16)
AES_256 = _cbc("AES-256", "aes", 32, 16)
DES = _cbc("DES", "des", 8, 8)
DES_EDE2 = _cbc("two-key 3DES", "des", 16, 8)
DES_EDE3 = _cbc("3DES", "des", 24, 8)
CAMELLIA_128 = _cbc("Camellia-128", "camellia", 16, 16)
CAMELLIA_192 = _cbc("Camellia-192", "camellia", 24, 16)
CAMELLIA_256 = _cbc("Camellia-256", "camellia", 32, 16)
SEED = _cbc("SEED", "seed", 16, 16)
SM4 = _cbc("SM4", "sm4", 16, 16)
BLOWFISH = _cbc("Blowfish", "blowfish", 16, 8)
CAST5 = _cbc("CAST5", "cast5", 16, 8)
IDEA = _cbc("IDEA", "idea", 16, 8)
RC4_40 = Cipher("RC4-40", "rc4", 5, 0)
RC4_128 = Cipher("RC4-128", "rc4", 16, 0)


def rc2_cbc(bits: int, key_length: int | None = None) -> Cipher:
    """RC2 of that many effective bits, its key as long as they need unless said otherwise."""
    return Cipher(f"RC2-{bits}-CBC", "rc2", key_length or (bits + 7) // 8, 8, bits, iv_length=8)


PBE_3DES, PBE_RC2_40 = "1.2.840.113549.1.12.1.3", "1.2.840.113549.1.12.1.6"
OF_PKCS12 = {
    "1.2.840.113549.1.12.1.1": RC4_128,
    "1.2.840.113549.1.12.1.2": RC4_40,
    PBE_3DES: DES_EDE3,
    "1.2.840.113549.1.12.1.4": DES_EDE2,
    "1.2.840.113549.1.12.1.5": rc2_cbc(128),
    PBE_RC2_40: rc2_cbc(40),
}
"""By OID, of RFC 7292, appendix C."""
OF_PKCS5 = {
    "1.2.840.113549.1.5.3": ("md5", DES),
    "1.2.840.113549.1.5.6": ("md5", rc2_cbc(64)),
    "1.2.840.113549.1.5.10": ("sha1", DES),
    "1.2.840.113549.1.5.11": ("sha1", rc2_cbc(64)),
}
"""By OID, of RFC 8018, A.3, each with its digest."""
OF_PBES2 = {
    "2.16.840.1.101.3.4.1.2": AES_128,
    "2.16.840.1.101.3.4.1.22": AES_192,
    "2.16.840.1.101.3.4.1.42": AES_256,
    "1.2.840.113549.3.7": DES_EDE3,
    "1.3.14.3.2.7": DES,
    "1.2.392.200011.61.1.1.1.2": CAMELLIA_128,
    "1.2.392.200011.61.1.1.1.3": CAMELLIA_192,
    "1.2.392.200011.61.1.1.1.4": CAMELLIA_256,
    "2.16.840.1.101.3.4.1.3": feedback(AES_128, "OFB"),
    "2.16.840.1.101.3.4.1.23": feedback(AES_192, "OFB"),
    "2.16.840.1.101.3.4.1.43": feedback(AES_256, "OFB"),
    "2.16.840.1.101.3.4.1.4": feedback(AES_128, "CFB"),
    "2.16.840.1.101.3.4.1.24": feedback(AES_192, "CFB"),
    "2.16.840.1.101.3.4.1.44": feedback(AES_256, "CFB"),
    "1.2.840.113549.3.4": RC4_128,
    "1.2.410.200004.1.4": SEED,
    "1.2.156.10197.1.104.2": SM4,
    "1.3.6.1.4.1.3029.1.2": BLOWFISH,
    "1.2.840.113533.7.66.10": CAST5,
    "1.3.6.1.4.1.188.7.1.1.2": IDEA,
}
"""By OID, of the cipher alone."""
ANY_LENGTH = ("rc4", "blowfish", "cast5")
"""Families whose keys are as long as the derivation says."""
