"""How gpg-agent seals the secret half of a key with a passphrase.

Source: GnuPG, agent/protect.c and agent/keyformat.txt; the passphrase is stretched as RFC 4880, 3.7.1.3 has it, though
with counts that need not be of its coded form.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import TYPE_CHECKING, NamedTuple

from profiles.errors import Malformed, Unsupported, WrongPassword
from profiles.gnupg import sexp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from profiles.gnupg.sexp import Sexp
    from profiles.model import Secret

OCTETS = 65_011_712
"""What a new key costs: the largest count that RFC 4880 can code, about a twentieth of a second."""
MAX_OCTETS = 1 << 31
"""gpg-agent aims at a tenth of a second, which the fastest computers reach at a sixth of this."""
_OCB, _CBC = b"openpgp-s2k3-ocb-aes", b"openpgp-s2k3-sha1-aes-cbc"
_CBC_256 = b"openpgp-s2k3-sha1-aes256-cbc"
_KEY = 16
_KINDS = (b"protected", b"protected-at")


class _Sealing(NamedTuple):
    mode: bytes
    salt: bytes
    octets: int
    nonce: bytes
    data: bytes


def stretched(password: bytes, salt: bytes, octets: int, length: int = _KEY) -> bytes:
    """The iterated and salted S2K with SHA-1 (RFC 4880, 3.7.1.3)."""
    unit = salt + password
    octets = max(octets, len(unit))
    block = unit * (-(-65_536 // len(unit)))
    key = b""
    while len(key) < length:
        digest = hashlib.sha1(b"\0" * (len(key) // 20), usedforsecurity=False)
        for _ in range(octets // len(block)):
            digest.update(block)
        digest.update(block[: octets % len(block)])
        key += digest.digest()
    return key[:length]


def sealed(public: tuple[Sexp, ...], secret: tuple[Sexp, ...], password: Secret, octets: int) -> tuple[Sexp, ...]:
    """The algorithm's list with its secret members sealed in AES-128-OCB, as gpg-agent writes it since 2.2.22."""
    from cryptography.hazmat.primitives.ciphers.aead import AESOCB3

    at: Sexp = (b"protected-at", time.strftime("%Y%m%dT%H%M%S", time.gmtime()).encode())
    salt, nonce = secrets.token_bytes(8), secrets.token_bytes(12)
    key = stretched(password.reveal(), salt, octets)
    data = AESOCB3(key).encrypt(nonce, sexp.canonical((secret,)), sexp.canonical((*public, at)))
    parameters: Sexp = ((b"sha1", salt, str(octets).encode()), nonce)
    return *public, (b"protected", _OCB, parameters, data), at


def unsealed(algorithm: tuple[Sexp, ...], password: Secret) -> tuple[Sexp, ...]:
    """The algorithm's list with its secret members open; ``WrongPassword``, ``Unsupported``, ``Malformed``."""
    sealing = _sealing(algorithm)
    length = 32 if sealing.mode == _CBC_256 else _KEY
    key = stretched(password.reveal(), sealing.salt, sealing.octets, length)
    public = tuple(one for one in algorithm if sexp.name(one) != b"protected")
    opened = _opened(sealing, key, sexp.canonical(public))
    try:
        secret, *rest = sexp.items(sexp.parse(opened, trailing=True))
        members = sexp.items(secret)
    except (Malformed, ValueError):
        raise WrongPassword("the passphrase is wrong") from None
    if sealing.mode != _OCB:
        _require_whole(algorithm, members, rest)
    return (*(one for one in public if sexp.name(one) not in _KINDS), *members)


def _opened(sealing: _Sealing, key: bytes, public: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESOCB3

    if sealing.mode == _OCB:
        try:
            return AESOCB3(key).decrypt(sealing.nonce, sealing.data, public)
        except InvalidTag:
            raise WrongPassword("the passphrase is wrong") from None
    decryptor = Cipher(algorithms.AES(key), modes.CBC(sealing.nonce)).decryptor()
    return decryptor.update(sealing.data) + decryptor.finalize()


def _require_whole(algorithm: tuple[Sexp, ...], members: tuple[Sexp, ...], rest: Iterable[Sexp]) -> None:
    """The older mode has a hash over public and secret members beside the latter."""
    wanted = next((sexp.items(one) for one in rest if sexp.name(one) == b"hash"), ())
    inside = [list(members) if sexp.name(one) == b"protected" else [one] for one in algorithm]
    found = sexp.canonical(tuple(one for part in inside for one in part))
    digest = hashlib.sha1(found, usedforsecurity=False).digest()
    if len(wanted) != 3 or wanted[1] != b"sha1" or wanted[2] != digest:
        raise WrongPassword("the passphrase is wrong")


def _sealing(algorithm: tuple[Sexp, ...]) -> _Sealing:
    found = sexp.member(algorithm, b"protected") or ()
    if len(found) < 4:
        raise Malformed("a sealed private key does not say how it is sealed")
    mode = sexp.text(found[1])
    if mode not in (_OCB, _CBC, _CBC_256):
        raise Unsupported(f"the private key is sealed with {mode.decode('ascii', 'replace')[:60]}, which is not "
                          "handled here", "Change its passphrase once with gpgsm, and it is sealed anew.")
    derivation, nonce = (*sexp.items(found[2]), b"", b"")[:2]
    digest, salt, octets = (sexp.text(one) for one in (*sexp.items(derivation), b"", b"", b"")[:3])
    if digest != b"sha1" or len(salt) != 8 or not octets.isdigit() or len(octets) > 12:
        raise Malformed("a sealed private key does not say how its passphrase is stretched")
    data = sexp.text(found[3])
    if int(octets) > MAX_OCTETS:
        raise Unsupported(f"the private key asks for {int(octets)} octets of passphrase stretching; at most "
                          f"{MAX_OCTETS} are done")
    right = len(sexp.text(nonce)) == 12 and len(data) > 16 if mode == _OCB else (
        len(sexp.text(nonce)) == 16 and data and not len(data) % 16)
    if not right:
        raise Malformed("the sealed part of a private key has the wrong length")
    return _Sealing(mode, salt, int(octets), sexp.text(nonce), data)
