"""What a reader must not lose, must not believe, and must name."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from profiles import asn1
from profiles.errors import Malformed, PasswordNeeded, Unsupported, WrongPassword
from profiles.model import Level, Secret, Trust
from profiles.pkcs12 import bags, trial, trust_text
from profiles.pkcs12.anatomy import anatomy
from profiles.pkcs12.bags import Labels
from profiles.pkcs12.contents import Item
from profiles.pkcs12.dialects import LEGACY, SEALED
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.reader import decode
from profiles.pkcs12.seal import open_sealed, seal
from profiles.pkcs12.writer import encode
from tests.profiles.pkcs12 import material as m

if TYPE_CHECKING:
    from tests.pki import Authority, Leaf

PASSWORD = Secret("secret")


def test_a_sealed_pfx_holds_everything(alice: Leaf, bob: Leaf, intermediate: Authority, root: Authority) -> None:
    """Identities, chain, nicknames, trust and a key without certificate come back as they went in."""
    items = (
        m.item(alice, "Alice’s  Näme"),
        m.item(bob, "Bob"),
        m.bare(intermediate),
        m.bare(root, "", trust=Trust(Level.TRUSTED, Level.TRUSTED, Level.TRUSTED, Level.PEER)),
        Item(None, m.generated("ec-p384"), "pending"),
    )
    pfx = seal(items)
    assert open_sealed(pfx).items == items
    assert open_sealed(pfx).problems == ()
    assert "PRIVATE" not in repr(pfx)
    assert pfx.passphrase.reveal().decode() not in repr(pfx)


def test_every_trust_survives(root: Authority) -> None:
    """Also where the letters of NSS would not tell it from another; Dogtag's letters where they do."""
    for levels in itertools.product(Level, repeat=4):
        assert trust_text.read(trust_text.written(Trust(*levels))) == Trust(*levels)
    anchor = Trust(Level.TRUSTED, Level.TRUSTED, Level.TRUSTED, Level.TRUSTED)
    assert trust_text.written(anchor) == "CT,C,C"
    assert trust_text.read("CTu,Cu,Cu") == anchor
    for trust in (anchor, Trust(email=Level.MUST_VERIFY)):
        assert open_sealed(seal([m.bare(root, trust=trust)])).items == (m.bare(root, trust=trust),)


def test_two_identities_of_one_name_stay_two(intermediate: Authority) -> None:
    """Old and renewed certificate with one subject: two keys, each with its own certificate."""
    old = intermediate.leaf("Renewed")
    new = intermediate.renewed(old)
    found = decode(encode([m.item(old, "same"), m.item(new, "same")], PASSWORD, LEGACY), PASSWORD).items
    assert {item.certificate.der for item in found if item.certificate} == {old.der, new.der}
    for item in found:
        assert item.key is not None
        assert item.certificate is not None
        assert item.key.public.same_key(item.certificate.public_key)


def test_one_key_with_two_certificates_gives_two_items(intermediate: Authority) -> None:
    """A certificate that was renewed with its key: both certificates have it."""
    old = intermediate.leaf("Same Key")
    new = intermediate.renewed(old, same_key=True)
    found = open_sealed(seal([m.item(old), m.item(new)])).items
    assert [item.certificate for item in found] == [m.certificate(old), m.certificate(new)]
    assert all(item.key == m.key(old) for item in found)


def test_duplicates_are_one_item(alice: Leaf) -> None:
    """The same certificate and key twice in a file is one identity, with the name that one of them has."""
    keys = [m.key_bag(m.key(alice)), m.key_bag(m.key(alice))]
    certificates = [bags.certificate_bag(alice.der, Labels()), bags.certificate_bag(alice.der, Labels("Alice"))]
    found = decode(m.pfx(m.data(asn1.sequence(*keys)), m.data(asn1.sequence(*certificates))), None)
    assert found.items == (m.item(alice, "Alice"),)


def test_keys_are_paired_by_what_they_are_not_by_labels(alice: Leaf, bob: Leaf) -> None:
    """Swapped local ids do not give Alice Bob's key."""
    swapped = asn1.sequence(
        m.key_bag(m.key(alice), Labels(local_id=b"2")), bags.certificate_bag(alice.der, Labels(local_id=b"1")),
        m.key_bag(m.key(bob), Labels(local_id=b"1")), bags.certificate_bag(bob.der, Labels(local_id=b"2")),
    )
    found = decode(m.pfx(m.data(swapped)), None)
    assert set(found.items) == {m.item(alice), m.item(bob)}


def test_bags_in_bags_are_found(alice: Leaf) -> None:
    """A SafeContents inside a SafeContents holds identities like any other."""
    inner = m.nested_bag(m.nested_bag(m.key_bag(m.key(alice))), bags.certificate_bag(alice.der, Labels("Alice")))
    assert decode(m.pfx(m.data(asn1.sequence(inner))), None).items == (m.item(alice, "Alice"),)


def test_ber_is_read(alice: Leaf, intermediate: Authority) -> None:
    """Indefinite lengths and strings in pieces, as NSS and Windows write, change nothing."""
    items = (m.item(alice, "Alice"), m.bare(intermediate))
    node = asn1.parse(encode(items, PASSWORD, LEGACY))
    assert decode(m.as_ber(node), PASSWORD).items == items


def test_bytes_behind_the_end_are_passed_over(alice: Leaf) -> None:
    """As by OpenSSL, Java and NSS; blank ones are padding, and others are told of."""
    data = encode([m.item(alice)], PASSWORD, LEGACY)
    padded = decode(data + bytes(8) + b"\r\n", PASSWORD)
    assert (padded.items, padded.problems) == ((m.item(alice),), ())
    longer = decode(data + b"garbage", PASSWORD)
    assert longer.items == (m.item(alice),)
    assert ["7 bytes" in problem.message for problem in longer.problems] == [True]
    assert anatomy(data + b"garbage") == anatomy(data)
    assert trial.integrity_holds(data + b"garbage", PASSWORD)
    assert trial.altered(data + b"garbage", PASSWORD) is trial.altered(data, PASSWORD)


def test_a_file_without_integrity_check_is_read_and_reported(alice: Leaf) -> None:
    """It opens, and says that nothing protects it."""
    contents = asn1.sequence(m.key_bag(m.key(alice)), bags.certificate_bag(alice.der, Labels()))
    found = decode(m.pfx(m.data(contents)), None)
    assert found.items == (m.item(alice),)
    assert [problem.code for problem in found.problems] == ["no-integrity"]


def test_what_cannot_be_carried_is_named(alice: Leaf) -> None:
    """Secrets, revocation lists, strange certificates and unknown keys are each a problem, and nothing else is lost."""
    strange = PrivateKey.parse(
        asn1.sequence(asn1.integer(0), asn1.sequence(asn1.oid("1.2.643.7.1.1.1.1")), asn1.octets(b"\4\0")))
    sdsi = asn1.sequence(asn1.oid("1.2.840.113549.1.9.22.2"), asn1.tlv(0xA0, asn1.octets(b"(sdsi)")))
    contents = asn1.sequence(
        bags.bag(bags.SECRET, asn1.sequence(asn1.oid("1.2.3"), asn1.tlv(0xA0, asn1.octets(b"x"))), Labels("a secret")),
        bags.bag(bags.CRL, asn1.sequence(asn1.oid("1.2.3"), asn1.tlv(0xA0, asn1.octets(b"x"))), Labels()),
        bags.bag(bags.CERTIFICATE, sdsi, Labels()),
        bags.bag("1.2.3.4", asn1.null(), Labels()),
        m.key_bag(strange),
        m.key_bag(m.key(alice)),
        bags.certificate_bag(alice.der, Labels()),
    )
    found = decode(m.pfx(m.data(contents)), None)
    assert found.items == (m.item(alice),)
    said = " ".join(problem.message for problem in found.problems)
    for word in ("a secret", "revocation list", "not X.509", "1.2.3.4", "gost-2012-256"):
        assert word in said


def test_an_unknown_key_stays_with_its_certificate_by_local_id(alice: Leaf) -> None:
    """Where the public half cannot be computed the local id decides, if the algorithms agree."""
    algorithm = asn1.sequence(asn1.oid("1.2.643.7.1.1.1.1"))
    strange = PrivateKey.parse(asn1.sequence(asn1.integer(0), algorithm, asn1.octets(b"\4\0")))
    spki = asn1.sequence(algorithm, asn1.bits(b"public"))
    tbs, *rest = asn1.parse(alice.der).children
    parts = [spki if number == 6 else asn1.der(node) for number, node in enumerate(tbs.children)]
    certificate = asn1.sequence(asn1.sequence(*parts), *map(asn1.der, rest))
    contents = asn1.sequence(
        m.key_bag(strange, Labels(local_id=b"1")), bags.certificate_bag(certificate, Labels(local_id=b"1")))
    (item,) = decode(m.pfx(m.data(contents)), None).items
    assert item.key is not None
    assert item.key.name == "gost-2012-256"
    assert item.certificate is not None
    assert item.key.public == item.certificate.public_key
    with pytest.raises(Unsupported, match="gost-2012-256"):
        item.key.sign(b"message")
    assert open_sealed(seal([item])).items == (item,)


def test_wrong_password_altered_and_sealed_files_are_told_apart(alice: Leaf) -> None:
    """A wrong password is not a broken file, a broken file is no wrong password, a locked one asks for one."""
    data = encode([m.item(alice)], PASSWORD, LEGACY)
    with pytest.raises(WrongPassword):
        decode(data, Secret("Secret"))
    with pytest.raises(WrongPassword):
        decode(data, Secret(""))
    with pytest.raises(PasswordNeeded):
        decode(data, None)
    with pytest.raises(Malformed):
        decode(data[:-20], PASSWORD)
    with pytest.raises(Malformed):
        decode(b"", PASSWORD)
    assert decode(encode([m.item(alice)], Secret(""), LEGACY), None).items == (m.item(alice),)


def test_two_integrity_checks_are_no_crash(alice: Leaf) -> None:
    """One member too many inside the MacData, as the fuzzing campaign found."""
    outer = asn1.parse(encode([m.item(alice)], PASSWORD, LEGACY)).children
    info, *rest = outer[2].children
    longer = asn1.sequence(asn1.sequence(*map(asn1.der, (*info.children, info.children[1]))), *map(asn1.der, rest))
    assert decode(asn1.sequence(asn1.der(outer[0]), asn1.der(outer[1]), longer), PASSWORD).items == (m.item(alice),)


@pytest.mark.parametrize("kind", ["1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1"])
def test_null_inside_is_malformed(kind: str) -> None:
    """A ContentInfo without content (CVE-2024-0727) is refused wherever it stands."""
    empty = asn1.sequence(asn1.oid(kind), asn1.null())
    for data in (asn1.sequence(asn1.integer(3), empty), asn1.sequence(asn1.integer(3), asn1.sequence(asn1.oid(kind))),
                 m.pfx(empty), m.pfx(asn1.sequence(asn1.oid(m.ENCRYPTED), asn1.null()))):
        with pytest.raises((Malformed, Unsupported)):
            decode(data, None)


def test_unknown_algorithms_are_refused_by_name() -> None:
    """Cipher, derivation and integrity check each: never called a wrong password."""
    gost = "1.2.643.7.1.1.5.2.2"
    cipher = asn1.sequence(asn1.oid(m.PBES2), asn1.sequence(
        m.pbkdf2(asn1.octets(bytes(8)), asn1.integer(1)), asn1.sequence(asn1.oid(gost), asn1.octets(bytes(16)))))
    with pytest.raises(Unsupported, match=r"Kuznyechik.*cipher"):
        decode(m.pfx(m.encrypted(cipher)), PASSWORD)
    with pytest.raises(Unsupported, match=r"1\.2\.3.*encryption"):
        decode(m.pfx(m.encrypted(asn1.sequence(asn1.oid("1.2.3")))), PASSWORD)
    with pytest.raises(Unsupported, match="version 1"):
        decode(asn1.sequence(asn1.integer(1), m.data(asn1.sequence())), PASSWORD)
    info = asn1.sequence(asn1.sequence(asn1.oid("1.2.643.2.2.9")), asn1.octets(bytes(32)))
    with pytest.raises(Unsupported, match=r"GOST R 34\.11-94.*integrity"):
        decode(m.pfx(mac=asn1.sequence(info, asn1.octets(bytes(8)))), PASSWORD)


def test_one_key_under_another_password_is_reported(alice: Leaf, bob: Leaf) -> None:
    """The rest of the file moves; if no key opens it is a wrong password."""
    other = asn1.parse(encode([Item(None, m.key(bob))], Secret("other"), SEALED))
    safe = asn1.parse(other.children[1].children[1].children[0].octets())
    foreign = asn1.parse(safe.children[0].children[1].children[0].octets()).children[0]
    open_key = asn1.sequence(m.key_bag(m.key(alice)), asn1.der(foreign))
    found = decode(m.pfx(m.data(open_key)), PASSWORD)
    assert found.items == (Item(None, m.key(alice)),)
    assert [problem.code for problem in found.problems] == ["no-integrity", "wrong-password"]
    with pytest.raises(WrongPassword):
        decode(m.pfx(m.data(asn1.sequence(asn1.der(foreign)))), PASSWORD)


@pytest.mark.parametrize("odd", ["bmp", "latin-1", "seven bits"])
def test_keys_of_odd_writers_open(odd: str, alice: Leaf) -> None:
    """NSS until 3.30 keyed PBES2 with the BMPString, RSA BSAFE with ISO 8859-1, Java with ASCII; the MAC is proper."""
    from profiles.pkcs12.mac import mac_data
    from profiles.pkcs12.passwords import bmp, proper

    password = "pässword"
    secret = {"bmp": bmp(password), "latin-1": password.encode("latin-1"), "seven bits": b"pdssword"}[odd]
    data = encode([m.item(alice)], Secret(secret), SEALED)
    content = asn1.parse(data).children[1].children[1].children[0].octets()
    mac = mac_data(content, "sha256", proper(Secret(password)), (1, 8))
    found = decode(asn1.sequence(asn1.integer(3), m.data(content), mac), Secret(password))
    assert found.items == (m.item(alice),)
    whole = asn1.sequence(asn1.integer(3), m.data(content), mac)
    assert {"bmp": "UTF-16", "latin-1": "Latin-1", "seven bits": "Java"}[odd] in trial.spelled(whole, Secret(password))


def test_a_certificate_that_strict_parsers_refuse_is_carried(alice: Leaf) -> None:
    """A negative serial number, a version that is no version: the bytes arrive as they were."""
    tbs, *rest = asn1.parse(alice.der).children
    parts = [asn1.tlv(2, b"\xff\x01") if number == 1 else asn1.der(node) for number, node in enumerate(tbs.children)]
    odd = asn1.sequence(asn1.sequence(*parts), *map(asn1.der, rest))
    found = decode(m.pfx(m.data(asn1.sequence(bags.certificate_bag(odd, Labels()), m.key_bag(m.key(alice))))), None)
    (item,) = found.items
    assert item.certificate is not None
    assert item.certificate.der == odd
    assert item.key == m.key(alice)


@pytest.mark.slow
def test_many_keys_as_firefox_backs_them_up_are_read(intermediate: Authority) -> None:
    """Every key, the certificates and the integrity check take 600,000 iterations each."""
    leaves = [intermediate.leaf(f"Number {number}", key="ec-p256") for number in range(9)]
    firefox = replace(SEALED, iterations=600_000, mac_iterations=600_000, total_iterations=None)
    items = tuple(m.item(leaf, leaf.cn) for leaf in leaves)
    assert decode(encode(items, PASSWORD, firefox), PASSWORD).items == items
