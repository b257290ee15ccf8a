"""Every PKCS#12 that others made: opened with all that is in it, or refused for what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from profiles import asn1
from profiles.errors import Malformed, Unsupported, WrongPassword
from profiles.files.recognition import recognise
from profiles.model import Secret
from profiles.pkcs12.reader import decode
from profiles.pkcs12.seal import open_sealed, seal
from tests.cases.manifest import FOLDER, cases, content, passwords, sha1

if TYPE_CHECKING:
    from profiles.pkcs12.contents import Contents
    from profiles.public_key import PublicKey

REJECTED = "must be rejected"
NAMED = "report the unsupported algorithm by name"


def opened(case: dict[str, Any]) -> Contents:
    """The contents under the first password that opens it."""
    tries = passwords(case)
    for password in tries[:-1]:
        try:
            return decode(content(case), Secret(password))
        except WrongPassword:
            continue
    return decode(content(case), Secret(tries[-1]))


def spki_names(public: PublicKey) -> set[str]:
    """The fingerprint of a key; of an RSA-PSS key also as plain RSA, which is what some tools print."""
    plain = asn1.sequence(asn1.oid("1.2.840.113549.1.1.1"), asn1.null())
    names = {sha1(public.der)}
    return names | {sha1(asn1.sequence(plain, asn1.bits(public.value)))} if public.name.startswith("rsa-pss") else names


@pytest.mark.parametrize("case", cases("pkcs12"))
def test_a_pkcs12_that_others_made(case: dict[str, Any]) -> None:
    """Identities by key and certificate, every certificate of their chains, and the further ones."""
    if case["expect"].startswith(REJECTED):
        with pytest.raises((Malformed, Unsupported, WrongPassword)) as refusal:
            opened(case)
        assert len(refusal.value.message) > 20
        return
    try:
        found = opened(case)
    except Unsupported:
        if NAMED not in case["expect"]:
            raise
        with pytest.raises(Unsupported, match=r"(?i)gost|ml-kem"):
            opened(case)
        return
    by_key = {name: item for item in found.items if item.key for name in spki_names(item.key.public)}
    certificates = {sha1(item.certificate.der) for item in found.items if item.certificate}
    keyed = {id(item.key) for item in found.items if item.key}
    assert len(keyed) == len({one["key_spki_sha1"] for one in case["identities"]})
    for identity in case["identities"]:
        item = by_key[identity["key_spki_sha1"]]
        mates = {sha1(other.certificate.der) for other in found.items if other.key == item.key and other.certificate}
        assert identity["cert_sha1"] in (None, *mates)
        assert set(identity["chain_sha1"]) <= certificates
    further = {one["cert_sha1"] for one in case["certificates_without_key"] if one.get("cert_sha1")}
    assert further <= certificates
    assert open_sealed(seal(found.items)).items == found.items


@pytest.mark.parametrize("case", cases("pkcs12"))
def test_a_pkcs12_is_recognised_by_content(case: dict[str, Any]) -> None:
    """Whatever its name ends with."""
    found = recognise(FOLDER / case["files"][0])
    assert found is not None
    assert found.kind == "p12"


@pytest.mark.parametrize("case", cases("pkcs12"))
def test_a_wrong_password_is_never_anything_else(case: dict[str, Any]) -> None:
    """A file that opens with its password does not open with another if it is sealed, and says so."""
    if case["expect"].startswith(REJECTED):
        return
    try:
        decode(content(case), Secret("certainly not the password"))
    except WrongPassword:
        return
    except Unsupported:
        assert NAMED in case["expect"]
    else:
        assert "MAC" not in case.get("algorithms", ""), "a protected file opened with a wrong password"
