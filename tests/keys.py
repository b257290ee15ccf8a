"""Test keys by name (``rsa-2048``, ``ec-p256``, ``ed25519``), slow ones shared by the processes of a test run."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

if TYPE_CHECKING:
    from pathlib import Path

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

CURVES: dict[str, ec.EllipticCurve] = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
SLOW_BITS = 4096
"""RSA keys from this size on are worth keeping on disk for the other processes."""

_shared: list[Path] = []


def share(directory: Path) -> None:
    """Keep slow keys in a directory that all processes of this test run see."""
    _shared[:] = [directory]


def generate(kind: str) -> PrivateKey:
    """A new key, never handed out before."""
    algorithm, _, size = kind.partition("-")
    if algorithm == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=int(size))
    if algorithm == "ec":
        return ec.generate_private_key(CURVES[size])
    if algorithm == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    raise ValueError(kind)


@cache
def pooled(kind: str, number: int = 0) -> PrivateKey:
    """The key of that kind and number: the same one in the whole test run."""
    algorithm, _, size = kind.partition("-")
    if algorithm != "rsa" or int(size) < SLOW_BITS or not _shared:
        return generate(kind)
    path = _shared[0] / f"test-key-{kind}-{number}.der"
    if not path.exists():
        mine = path.with_suffix(f".{os.getpid()}")
        mine.write_bytes(pkcs8(generate(kind)))
        with suppress(FileExistsError):  # another process was first: its key counts
            os.link(mine, path)
        mine.unlink()
    key = load_der_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def pkcs8(key: PrivateKey) -> bytes:
    """The key as unencrypted PKCS#8."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
