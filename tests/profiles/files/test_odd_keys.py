"""Identities whose certificate or key says the same in another way than most: they move like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profiles import asn1
from profiles.model import Secret
from profiles.pkcs12.contents import Item
from profiles.pkcs12.dialects import LEGACY
from profiles.pkcs12.keys import ec_parts
from profiles.pkcs12.reader import decode
from profiles.pkcs12.writer import encode
from profiles.public_key import PublicKey
from tests.command import certferry
from tests.profiles.pkcs12 import material as m

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Authority

PASSWORD = "secret"


def compressed(public: PublicKey) -> bytes:
    """The same EC key with a compressed point."""
    half = len(public.value) // 2
    point = bytes((2 + (public.value[-1] & 1),)) + public.value[1 : half + 1]
    return asn1.sequence(asn1.sequence(asn1.oid(public.algorithm), public.parameters), asn1.bits(point))


def moved(item: Item, tmp_path: Path, target: str) -> Item:
    """What arrives where, moved as a user would, with the key proved."""
    path = tmp_path / "source.p12"
    path.write_bytes(encode([item], Secret(PASSWORD), LEGACY))
    done = certferry("migrate", path, target, "--json", source=PASSWORD, target=PASSWORD)
    assert done.status == 0, done.err + done.out
    assert [step["verified"] for step in done.json["steps"]] == [True]
    back = tmp_path / "back.p12"
    done = certferry("migrate", target, back, source=PASSWORD, target=PASSWORD)
    assert done.status == 0, done.err + done.out
    found = [one for one in decode(back.read_bytes(), Secret(PASSWORD)).items if one.key]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("kind", ["ec-p256", "ec-p384", "ec-p521"])
def test_a_compressed_point_is_the_same_key(kind: str, intermediate: Authority) -> None:
    """One id, one key, whether a certificate holds one coordinate or both (SEC 1, 2.3.4)."""
    leaf = intermediate.leaf("Someone", key=kind)
    public = m.certificate(leaf).public_key
    other = PublicKey.parse(compressed(public))
    assert other.id == public.id == m.key(leaf).id
    assert other.same_key(public)
    assert not other.same_key(m.certificate(intermediate.leaf("Other", key=kind)).public_key)


@pytest.mark.parametrize("target", ["p12:{}/new.p12", "pem:{}/new.pem", "nss:{}/profile", "gpgsm:{}/gnupg"])
def test_a_certificate_with_a_compressed_point_moves(target: str, intermediate: Authority, tmp_path: Path) -> None:
    """It arrives with its key, which signs, and is never called damaged."""
    leaf = intermediate.leaf("Someone", key="ec-p256")
    certificate = m.certified(leaf, compressed(m.certificate(leaf).public_key))
    arrived = moved(Item(certificate, m.key(leaf)), tmp_path, target.format(tmp_path))
    assert arrived.certificate == certificate
    assert arrived.key is not None
    assert ec_parts(arrived.key.pkcs8) == ec_parts(leaf.pkcs8)
