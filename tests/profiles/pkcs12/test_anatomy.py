"""What a PFX says of itself, held against what openssl says of the same files."""

from __future__ import annotations

import re

import pytest

from profiles import asn1
from profiles.errors import Error, Malformed, Unsupported
from profiles.files import armour
from profiles.pkcs12.anatomy import anatomy
from tests.cases.manifest import cases, content
from tests.profiles.pkcs12 import material as m

_CIPHERS = {
    "pbeWithSHA1And3-KeyTripleDES-CBC": "3des", "pbeWithSHA1And40BitRC2-CBC": "rc2-40",
    "pbeWithSHA1And128BitRC2-CBC": "rc2-128", "pbeWithSHA1And2-KeyTripleDES-CBC": "3des-2key",
    "pbeWithSHA1And40BitRC4": "rc4-40", "pbeWithSHA1And128BitRC4": "rc4-128", "pbeWithMD5AndDES-CBC": "des",
}


@pytest.mark.parametrize("case", cases("pkcs12"))
def test_cases(case) -> None:
    """Ciphers, iterations and the integrity check are those that openssl printed."""
    told = case.get("algorithms") or ""
    try:
        found = anatomy(armour.unwrapped(content(case)))
    except Error:
        assert "reject" in case["expect"] or "refuse" in case["expect"], case["expect"]
        return
    check = re.match(r"MAC: (?:(\w+)|PBMAC1 using PBKDF2), Iteration (\d+)", told)
    if check and found.integrity is not None:
        assert found.integrity.iterations == int(check[2])
        assert found.integrity.kind == ("hmac" if check[1] and check[1] != "PBMAC1" else "pbmac1")
    if told and not told.startswith("MAC"):
        assert found.integrity is None or "MAC" not in told
    for name, cipher in _CIPHERS.items():
        if name in told:
            assert cipher in [one.cipher for one in found.sealings]
    for bits in ("128", "192", "256"):
        if f"AES-{bits}-CBC" in told:
            assert f"aes-{bits}-cbc" in [one.cipher for one in found.sealings]


def _pfx(*parts: bytes, mac: bytes = b"") -> bytes:
    return asn1.sequence(asn1.integer(3), m.data(asn1.sequence(*parts)), mac)


def _pbes2(cipher: str, iterations: int, derivation: str = m.PBKDF2) -> bytes:
    kdf = asn1.sequence(asn1.oid(derivation), asn1.sequence(asn1.octets(bytes(8)), asn1.integer(iterations)))
    return asn1.sequence(asn1.oid(m.PBES2), asn1.sequence(
        kdf, asn1.sequence(asn1.oid(cipher), asn1.octets(bytes(16)))))


def test_what_is_unknown_is_named() -> None:
    """An unknown cipher and an unknown derivation by their OIDs; where everything is sealed, nobody counts the keys."""
    found = anatomy(_pfx(m.encrypted(_pbes2("1.2.3.4", 7)), m.encrypted(_pbes2(m.AES_256, 7, "1.2.3.5"))))
    assert [one.cipher for one in found.sealings] == ["1.2.3.4", "aes-256-cbc"]
    assert [one.derivation for one in found.sealings] == ["pbkdf2", "1.2.3.5"]
    assert (found.sealings[0].prf, found.sealings[0].iterations, found.sealings[0].salt) == ("sha1", 7, 8)
    assert (found.integrity, found.keys, found.der) == (None, None, True)


@pytest.mark.parametrize("iterations", [0, -1, 2**31 - 1, 2**64])
def test_absurd_counts_are_refused(iterations: int) -> None:
    """As the reader refuses them; nothing is derived."""
    with pytest.raises((Malformed, Unsupported)):
        anatomy(_pfx(m.encrypted(_pbes2(m.AES_256, iterations))))


@pytest.mark.parametrize("data", [b"", b"0", b"\x30\x03\x02\x01\x03", b"<html>", bytes(100)])
def test_broken_bytes(data: bytes) -> None:
    """No PFX is malformed, and nothing else."""
    with pytest.raises((Malformed, Unsupported)):
        anatomy(data)
