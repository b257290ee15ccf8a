"""Key derivation and ciphers against published vectors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.errors import Malformed
from profiles.model import Secret
from profiles.pkcs12 import ciphers, kdf, passwords, rc2

# Widely published vectors for RFC 7292, appendix B, with SHA-1 (Bouncy Castle, OpenSSL and Go test them too).
PKCS12 = [
    ("smeg", "0a58cf64530d823f", 1, kdf.KEY, "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"),
    ("smeg", "0a58cf64530d823f", 1, kdf.IV, "79993dfe048d3b76"),
    ("smeg", "3d83c0e4546ac140", 1, kdf.MAC, "8d967d88f6caa9d714800ab3d48051d63f73a312"),
    ("queeg", "05dec959acff72f7", 1000, kdf.KEY, "ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4"),
    ("queeg", "05dec959acff72f7", 1000, kdf.IV, "11dedad7758d4860"),
    ("queeg", "263216fcc2fab31c", 1000, kdf.MAC, "5ec4c7a80df652294c3925b6489a7ab857c83476"),
]
# RFC 2268, section 5.
RC2 = [
    ("0000000000000000", 63, "0000000000000000", "ebb773f993278eff"),
    ("ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"),
    ("3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"),
    ("88", 64, "0000000000000000", "61a8a244adacccf0"),
    ("88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"),
    ("88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"),
    ("88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"),
    ("88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e", 129, "0000000000000000",
     "5b78d3a43dfff1f1"),
]
# RFC 6070 and its SHA-256 counterpart in RFC 7914, section 11.
PBKDF2 = [
    ("sha1", b"password", b"salt", 2, "ea6c014dc72d6f8c"),
    ("sha256", b"passwd", b"salt", 1, "55ac046e56e3089f"),
]
EVERY_CIPHER = (
    ciphers.AES_128, ciphers.AES_192, ciphers.AES_256, ciphers.DES, ciphers.DES_EDE2, ciphers.DES_EDE3,
    ciphers.RC4_40, ciphers.RC4_128, ciphers.rc2_cbc(40), ciphers.rc2_cbc(64), ciphers.rc2_cbc(128),
)


@pytest.mark.parametrize(("password", "salt", "iterations", "purpose", "expected"), PKCS12)
def test_pkcs12_derivation(password: str, salt: str, iterations: int, purpose: int, expected: str) -> None:
    """Keys, initial vectors and MAC keys come out as published."""
    found = kdf.pkcs12("sha1", passwords.bmp(password), bytes.fromhex(salt), iterations, purpose, len(expected) // 2)
    assert found.hex() == expected


@pytest.mark.parametrize(("digest", "password", "salt", "iterations", "expected"), PBKDF2)
def test_pbkdf2(digest: str, password: bytes, salt: bytes, iterations: int, expected: str) -> None:
    """PBKDF2 is the RFC's."""
    assert kdf.pbkdf2(digest, password, salt, iterations, 8).hex() == expected


def test_scrypt() -> None:
    """scrypt is the RFC's (RFC 7914, section 12)."""
    assert kdf.scrypt(b"password", b"NaCl", (1024, 8, 16), 8).hex() == "fdbabe1c9d347200"


@pytest.mark.parametrize(("key", "bits", "plain", "sealed"), RC2)
def test_rc2(key: str, bits: int, plain: str, sealed: str) -> None:
    """RC2 is the RFC's, with every effective key length."""
    key_bytes, zero = bytes.fromhex(key), bytes(8)
    assert rc2.encrypt_cbc(key_bytes, bits, zero, bytes.fromhex(plain)).hex() == sealed
    assert rc2.decrypt_cbc(key_bytes, bits, zero, bytes.fromhex(sealed)).hex() == plain


@pytest.mark.parametrize("cipher", EVERY_CIPHER, ids=lambda cipher: cipher.name)
def test_ciphers_undo_themselves(cipher: ciphers.Cipher) -> None:
    """What one call seals the other opens, at every length around a block."""
    key, iv = bytes(range(1, cipher.key_length + 1)), bytes(range(cipher.iv_length))
    for size in (0, 1, 7, 8, 15, 16, 17, 100):
        assert cipher.decrypt(key, iv, cipher.encrypt(key, iv, b"x" * size)) == b"x" * size


def test_a_wrong_key_shows_by_the_padding() -> None:
    """Wrong padding and broken lengths are told, never returned as text."""
    sealed = ciphers.AES_256.encrypt(bytes(32), bytes(16), b"x" * 100)
    with pytest.raises(Malformed):
        ciphers.AES_256.decrypt(b"\1" * 32, bytes(16), sealed)
    with pytest.raises(Malformed):
        ciphers.AES_256.decrypt(bytes(32), bytes(16), sealed[:-1])


def test_an_empty_password_has_two_spellings() -> None:
    """Two zero bytes, and nothing at all."""
    assert [spelling.bmp for spelling in passwords.spellings(Secret(""))] == [b"\0\0", b""]
    assert passwords.spellings(None) == passwords.spellings(Secret(""))


@given(st.text(min_size=1))
def test_the_proper_spelling_comes_first(text: str) -> None:
    """UTF-16 with a terminator for PKCS#12, UTF-8 for PBES2, each other way after it and once."""
    raw = text.encode("utf-8", "surrogatepass")
    found = passwords.spellings(Secret(raw))
    assert found[0].octets == raw
    assert found[0] == passwords.proper(Secret(raw))
    assert len(set(found)) == len(found)
    assert passwords.octet_spellings(found[0])[0] == raw
