"""Every cipher, check and derivation that OpenSSL 3.0 writes is opened, or refused by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profiles.errors import Unsupported, WrongPassword
from profiles.files.armour import armour
from profiles.files.loose import Loose
from profiles.model import Secret
from profiles.pkcs12.anatomy import anatomy
from profiles.pkcs12.reader import decode
from tests import keys
from tests.profiles.pkcs12 import material as m
from tests.profiles.pkcs12.test_programs import openssl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Leaf

BOTH = ("-provider", "legacy", "-provider", "default")
WORD = "secret"


def made(leaf: Leaf, directory: Path, *options: str) -> bytes:
    """A PKCS#12 by OpenSSL."""
    (directory / "all.pem").write_bytes(leaf.pem + leaf.key_pem())
    return openssl("pkcs12", "-export", "-in", str(directory / "all.pem"), "-passout", "stdin", *options, *BOTH,
                   stdin=f"{WORD}\n".encode())


@pytest.mark.parametrize(("cipher", "name"), [
    ("AES-256-CFB", "aes-256-cfb"), ("AES-128-OFB", "aes-128-ofb"), ("RC4", "rc4-128"), ("SEED-CBC", "seed-128"),
    ("SM4-CBC", "sm4-128"), ("BF-CBC", "blowfish-128"), ("CAST5-CBC", "cast5-128"), ("RC2-CBC", "rc2-128"),
    ("DES-CBC", "des"), ("CAMELLIA-256-CBC", "camellia-256"),
])
def test_a_pkcs12_under_any_cipher(cipher: str, name: str, alice: Leaf, tmp_path: Path) -> None:
    """Key and certificates; the anatomy names it, and a wrong password is one."""
    data = made(alice, tmp_path, "-keypbe", cipher, "-certpbe", cipher)
    assert decode(data, Secret(WORD)).items == (m.item(alice),)
    assert {one.cipher for one in anatomy(data).sealings} == {name}
    with pytest.raises(WrongPassword):
        decode(made(alice, tmp_path, "-keypbe", cipher, "-certpbe", cipher, "-nomac"), Secret("another"))


@pytest.mark.parametrize("digest", [
    "md5", "sha512-224", "sha512-256", "ripemd160", "sm3", "sha3-256", "blake2b512", "blake2s256",
])
def test_any_integrity_check(digest: str, alice: Leaf, tmp_path: Path) -> None:
    """Right with the password, and with no other."""
    data = made(alice, tmp_path, "-macalg", digest)
    assert decode(data, Secret(WORD)).items == (m.item(alice),)
    with pytest.raises(WrongPassword):
        decode(data, Secret("another"))


@pytest.mark.parametrize("prf", ["hmacWithMD5", "hmacWithSHA512-224", "hmacWithSHA512-256", "hmacWithSHA384"])
def test_any_function_of_the_derivation(prf: str, tmp_path: Path) -> None:
    """Of a sealed key."""
    source = tmp_path / "source.pem"
    source.write_bytes(armour("PRIVATE KEY", keys.pkcs8(keys.pooled("ec-p256"))))
    sealed = openssl("pkcs8", "-topk8", "-in", str(source), "-v2", "aes-256-cbc", "-v2prf", prf, "-passout", "stdin",
                     stdin=f"{WORD}\n".encode())
    assert [item.key for item in Loose.parse([sealed]).opened(Secret(WORD)).items] == [m.generated("ec-p256")]


@pytest.mark.parametrize("cipher", [
    "seed", "bf", "cast5-cbc", "des-ede-cbc", "sm4-cbc", "rc2", "rc2-64-cbc", "aes-128-cfb", "aes-256-ofb",
])
def test_any_cipher_before_pkcs8(cipher: str, tmp_path: Path) -> None:
    """As DEK-Info names it."""
    source = tmp_path / "source.pem"
    source.write_bytes(armour("PRIVATE KEY", keys.pkcs8(keys.pooled("rsa-2048"))))
    sealed = openssl("rsa", "-in", str(source), f"-{cipher}", "-traditional", *BOTH, "-passout", "stdin",
                     stdin=f"{WORD}\n".encode())
    assert b"DEK-Info" in sealed
    assert [item.key for item in Loose.parse([sealed]).opened(Secret(WORD)).items] == [m.generated("rsa-2048")]
    with pytest.raises(WrongPassword):
        Loose.parse([sealed]).opened(Secret("another"))


def test_what_is_not_handled_is_named(alice: Leaf, tmp_path: Path) -> None:
    """By a name and not by numbers alone."""
    with pytest.raises(Unsupported, match="ARIA-256-CBC"):
        decode(made(alice, tmp_path, "-keypbe", "ARIA-256-CBC", "-certpbe", "ARIA-256-CBC"), Secret(WORD))
    with pytest.raises(Unsupported, match="MD4"):
        decode(made(alice, tmp_path, "-macalg", "md4"), Secret(WORD))
    source = tmp_path / "source.pem"
    source.write_bytes(armour("PRIVATE KEY", keys.pkcs8(keys.pooled("rsa-2048"))))
    sealed = openssl("rsa", "-in", str(source), "-aria256", "-traditional", "-passout", "stdin", stdin=b"secret\n")
    with pytest.raises(Unsupported, match="ARIA-256-CBC"):
        Loose.parse([sealed])
