"""Symmetric ciphers by name, the broken ones included that old files are sealed with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles.errors import Malformed, Unsupported
from profiles.pkcs12 import rc2

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, CipherContext
    from cryptography.hazmat.primitives.ciphers import Cipher as Engine
    from cryptography.hazmat.primitives.ciphers.modes import CBC

@dataclass(frozen=True, slots=True)
class Cipher:
    """One cipher in CBC mode, or the stream cipher RC4, with its key length."""

    name: str
    family: str
    key_length: int
    block: int
    """In bytes; 0 for a stream cipher."""
    effective_bits: int = 0
    """RC2 only."""

    @property
    def iv_length(self) -> int:
        """As long as a block."""
        return self.block

    def decrypt(self, key: bytes, iv: bytes, data: bytes) -> bytes:
        """The plain text; ``Malformed`` where the padding is wrong, which is how a wrong key shows."""
        if not self.block:
            return _run(_stream(self, key).decryptor(), data)
        if not data or len(data) % self.block:
            raise Malformed("encrypted data is not a whole number of blocks")
        if self.family == "rc2":
            plain = rc2.decrypt_cbc(key, self.effective_bits, iv, data)
        else:
            plain = _run(_cbc(self, key, iv).decryptor(), data)
        count = plain[-1]
        if not 1 <= count <= self.block or plain[-count:] != bytes((count,)) * count:
            raise Malformed("the padding of decrypted data is wrong")
        return plain[:-count]

    def encrypt(self, key: bytes, iv: bytes, data: bytes) -> bytes:
        """The cipher text, padded (RFC 8018, 6.1.1)."""
        if not self.block:
            return _run(_stream(self, key).encryptor(), data)
        count = self.block - len(data) % self.block
        padded = data + bytes((count,)) * count
        if self.family == "rc2":
            return rc2.encrypt_cbc(key, self.effective_bits, iv, padded)
        return _run(_cbc(self, key, iv).encryptor(), padded)


def _run(context: CipherContext, data: bytes) -> bytes:
    return context.update(data) + context.finalize()


def _stream(cipher: Cipher, key: bytes) -> Engine[None]:
    from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
    from cryptography.hazmat.primitives.ciphers import Cipher as Engine

    if cipher.family != "rc4":
        raise Unsupported(f"the cipher {cipher.name} is not handled here")
    return Engine(ARC4(key), mode=None)


def _cbc(cipher: Cipher, key: bytes, iv: bytes) -> Engine[CBC]:
    from cryptography.hazmat.primitives.ciphers import Cipher as Engine
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    return Engine(_algorithm(cipher.family, key), CBC(iv))


def _algorithm(family: str, key: bytes) -> BlockCipherAlgorithm:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers.algorithms import AES

    match family:
        case "aes":
            return AES(key)
        case "des":  # one, two or three keys, in the form of three
            return TripleDES((key * 3 if len(key) == 8 else key + key[:8])[:24])
        case _:
            return _camellia(key)


def _camellia(key: bytes) -> BlockCipherAlgorithm:
    try:
        from cryptography.hazmat.decrepit.ciphers.algorithms import Camellia
    except ImportError:  # cryptography before it moved
        from cryptography.hazmat.primitives.ciphers.algorithms import Camellia
    return Camellia(key)


AES_128 = Cipher("AES-128-CBC", "aes", 16, 16)
AES_192 = Cipher("AES-192-CBC", "aes", 24, 16)
AES_256 = Cipher("AES-256-CBC", "aes", 32, 16)
DES = Cipher("DES-CBC", "des", 8, 8)
DES_EDE2 = Cipher("two-key 3DES-CBC", "des", 16, 8)
DES_EDE3 = Cipher("3DES-CBC", "des", 24, 8)
CAMELLIA_128 = Cipher("Camellia-128-CBC", "camellia", 16, 16)
CAMELLIA_192 = Cipher("Camellia-192-CBC", "camellia", 24, 16)
CAMELLIA_256 = Cipher("Camellia-256-CBC", "camellia", 32, 16)
RC4_40 = Cipher("RC4-40", "rc4", 5, 0)
RC4_128 = Cipher("RC4-128", "rc4", 16, 0)


def rc2_cbc(bits: int, key_length: int | None = None) -> Cipher:
    """RC2 of that many effective bits, its key as long as they need unless said otherwise."""
    return Cipher(f"RC2-{bits}-CBC", "rc2", key_length or (bits + 7) // 8, 8, bits)
