"""What a PFX says of itself without its password, as values."""

from __future__ import annotations

from typing import NamedTuple


class Sealing(NamedTuple):
    """How one piece of a PFX is sealed, as the file says it."""

    what: str
    """``key`` or ``certificates`` (an encrypted SafeContents)."""
    scheme: str
    """``pbes2``, ``pkcs12`` (PBES1 of RFC 7292), ``pkcs5`` (PBES1 of RFC 8018), ``none`` for what lies open."""
    cipher: str
    """``aes-256-cbc``, ``3des``, ``3des-2key``, ``rc2-40``, ``rc4-128`` …, or the OID; empty for none."""
    derivation: str
    """``pbkdf2``, ``scrypt``, ``pkcs12``, ``pbkdf1``, or the OID; empty for none."""
    prf: str
    """``sha1``, ``sha256`` …; empty where there is none."""
    iterations: int
    salt: int
    """In bytes."""


class Integrity(NamedTuple):
    """How a PFX is protected against change."""

    kind: str
    """``hmac`` or ``pbmac1``."""
    digest: str
    iterations: int
    salt: int
    """In bytes."""


class Anatomy(NamedTuple):
    """What a PFX says of itself without its password."""

    sealings: tuple[Sealing, ...]
    integrity: Integrity | None
    der: bool
    """Whether it is DER; otherwise BER with indefinite lengths, as NSS writes."""
    keys: int | None
    """How many keys stand outside encrypted parts; None where everything is inside one."""
