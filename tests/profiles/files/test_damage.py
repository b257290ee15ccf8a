"""One damaged thing in a file is said and left behind; the sound identity beside it moves all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profiles import asn1
from profiles.errors import Malformed, Unsupported
from profiles.files.armour import armour
from profiles.files.java import store as keystore
from profiles.files.java.keystore import gathered
from profiles.files.loose import Loose
from profiles.model import Secret
from profiles.pkcs12 import bags
from profiles.pkcs12.bags import Labels
from profiles.pkcs12.contents import Item
from profiles.pkcs12.keys import PrivateKey, rsa_numbers, rsa_pkcs8
from profiles.pkcs12.passwords import spellings
from profiles.pkcs12.reader import decode
from tests import keys
from tests.command import certferry
from tests.profiles.files.java import making
from tests.profiles.files.test_pem import items
from tests.profiles.pkcs12 import material as m
from tests.profiles.pkcs12.test_programs import openssl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pki import Authority, Leaf

STUMP = b"\x30\x03\x02\x01\x01"
UNKNOWN = asn1.sequence(asn1.oid("1.2.3.4"), asn1.null())
LOCAL_ID = "1.2.840.113549.1.9.21"


def altered_rsa() -> bytes:
    """A key whose primes are not those of its modulus."""
    numbers = rsa_numbers(keys.pkcs8(keys.pooled("rsa-2048")))
    return rsa_pkcs8(*numbers._replace(p=numbers.p + 2))


def labelled(kind: str, value: bytes, *attributes: bytes, tag: int = asn1.SET) -> bytes:
    """A bag with whatever stands for attributes."""
    return asn1.sequence(asn1.oid(kind), asn1.tlv(asn1.context(0), value), asn1.tlv(tag, *attributes))


def inside(bag: bytes) -> bytes:
    """What a bag that was made properly holds."""
    return asn1.der(asn1.parse(bag).children[1].children[0])


DAMAGED_BAGS: dict[str, Callable[[], bytes]] = {
    "a certificate": lambda: bags.certificate_bag(STUMP, Labels("Broken")),
    "no certificate": lambda: labelled(bags.CERTIFICATE, asn1.null()),
    "a key": lambda: bags.bag(bags.KEY, STUMP, Labels("Broken")),
    "a key of numbers that do not fit": lambda: bags.bag(bags.KEY, altered_rsa(), Labels("Broken")),
    "a key under an unknown cipher": lambda: m.shrouded_bag(UNKNOWN),
    "a key of half a block": lambda: m.shrouded_bag(m.pbes1(1), bytes(7)),
}


@pytest.mark.parametrize("damage", DAMAGED_BAGS)
def test_a_damaged_entry_of_a_pkcs12(damage: str, alice: Leaf) -> None:
    """It is a problem beside an identity, and the refusal of a file that holds nothing else."""
    bad = DAMAGED_BAGS[damage]()
    sound = (m.key_bag(m.key(alice)), bags.certificate_bag(alice.der, Labels("Alice")))
    found = decode(m.pfx(m.data(asn1.sequence(bad, *sound))), Secret("x"))
    assert found.items == (m.item(alice, "Alice"),)
    (problem,) = [one for one in found.problems if one.code != "no-integrity"]
    assert "left behind" in problem.message
    with pytest.raises((Malformed, Unsupported)):
        decode(m.pfx(m.data(asn1.sequence(bad))), Secret("x"))


def test_a_part_of_an_unknown_kind_is_left_behind(alice: Leaf) -> None:
    """The parts that are known are read."""
    strange = asn1.sequence(asn1.oid("1.2.840.113549.1.7.5"), asn1.tlv(0xA0, asn1.sequence(asn1.integer(0))))
    sound = m.data(asn1.sequence(m.key_bag(m.key(alice)), bags.certificate_bag(alice.der, Labels("Alice"))))
    found = decode(m.pfx(strange, sound), None)
    assert found.items == (m.item(alice, "Alice"),)
    assert "1.2.840.113549.1.7.5" in " ".join(problem.message for problem in found.problems)
    with pytest.raises(Unsupported, match=r"1\.2\.840\.113549\.1\.7\.5"):
        decode(m.pfx(strange), None)


def test_bytes_behind_a_certificate_in_its_bag_are_no_part_of_it(alice: Leaf) -> None:
    """As OpenSSL and Java read it."""
    contents = asn1.sequence(m.key_bag(m.key(alice)), bags.certificate_bag(alice.der + b"\0\1", Labels()))
    assert decode(m.pfx(m.data(contents)), None).items == (m.item(alice),)


@pytest.mark.parametrize("value", [asn1.integer(1), asn1.tlv(asn1.BMP_STRING, b"\0a"), asn1.sequence(asn1.null())])
@pytest.mark.parametrize("tag", [asn1.SET, asn1.SEQUENCE])
def test_a_label_of_another_type_is_none(value: bytes, tag: int, alice: Leaf) -> None:
    """The local id, the name and whatever is no attribute at all: the entry is as good without."""
    attributes = [asn1.sequence(asn1.oid(kind), asn1.tlv(tag, value)) for kind in (LOCAL_ID, "1.2.840.113549.1.9.20")]
    certificate = labelled(bags.CERTIFICATE, inside(bags.certificate_bag(alice.der, Labels())), *attributes, tag=tag)
    key = labelled(bags.KEY, alice.pkcs8, attributes[0], asn1.null(), tag=tag)
    (item,) = decode(m.pfx(m.data(asn1.sequence(key, certificate))), None).items
    assert (item.certificate, item.key) == (m.certificate(alice), m.key(alice))


DAMAGED_PIECES: dict[str, Callable[[], bytes]] = {
    "no base64": lambda: armour("CERTIFICATE", b"x" * 40).replace(b"e", b"!"),
    "no certificate": lambda: armour("CERTIFICATE", STUMP),
    "no key": lambda: armour("PRIVATE KEY", STUMP),
    "a key of numbers that do not fit": lambda: armour("PRIVATE KEY", altered_rsa()),
    "no end": lambda: armour("CERTIFICATE", STUMP).rpartition(b"-----END")[0],
    "another end": lambda: armour("CERTIFICATE", STUMP).replace(b"END CERTIFICATE", b"END CERTIFICATES"),
    "a cipher of RFC 1421": lambda: armour("RSA PRIVATE KEY", bytes(64)).replace(
        b"KEY-----\n", b"KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: ROT-13-CBC," + b"00" * 16 + b"\n\n", 1),
    "a cipher of PKCS#5": lambda: armour("ENCRYPTED PRIVATE KEY", asn1.sequence(UNKNOWN, asn1.octets(bytes(16)))),
    "a message": lambda: armour("CMS", asn1.sequence(asn1.oid("1.2.840.113549.1.7.3"), asn1.tlv(0xA0, asn1.null()))),
}


@pytest.mark.parametrize("damage", DAMAGED_PIECES)
def test_a_damaged_piece_of_pem(damage: str, alice: Leaf) -> None:
    """Before or after an identity it is a problem; alone it is the refusal."""
    bad = DAMAGED_PIECES[damage]()
    for data in (bad + alice.pem + alice.key_pem(), alice.pem + alice.key_pem() + bad):
        found = Loose.parse([data]).opened(None)
        assert found.items == (m.item(alice),)
        assert ["left behind" in problem.message for problem in found.problems] == [True]
    with pytest.raises((Malformed, Unsupported)):
        Loose.parse([bad])


@pytest.mark.slow
def test_the_identity_beside_something_damaged_moves(alice: Leaf, tmp_path: Path) -> None:
    """And what is damaged is told."""
    path, out = tmp_path / "file.pem", tmp_path / "new.p12"
    path.write_bytes(DAMAGED_PIECES["no certificate"]() + alice.pem + alice.key_pem())
    moved = certferry("migrate", path, out, target="x")
    assert moved.status == 1 and "done  Alice RSA" in moved.out, moved.err
    assert "left behind" in moved.err
    assert [item.key for item in decode(out.read_bytes(), Secret("x")).items] == [m.key(alice)]


def test_words_of_armour_in_text_are_none(alice: Leaf, tmp_path: Path) -> None:
    """As somebody wrote them who explains the file; the names around them count."""
    path = tmp_path / "told.pem"
    path.write_bytes(b"friendlyName: mine\n below -----BEGIN follows what it is\n" + alice.pem + alice.key_pem())
    assert items(path) == [m.item(alice, "mine")]


def test_a_damaged_key_in_a_keystore(alice: Leaf) -> None:
    """A key whose numbers do not fit is one entry, and not the whole keystore."""
    entries = [making.bks_key("bad", altered_rsa(), []), making.bks_key("alice", alice.pkcs8, [alice.der + b"\0"])]
    parsed, ways = keystore.parse(making.bks(entries, "x")), spellings(Secret("x"))
    found = gathered(parsed, parsed.opened_by(ways), [ways])
    assert [item.certificate for item in found.items] == [m.certificate(alice)]
    assert "'bad'" in found.problems[0].message


@pytest.mark.slow
@pytest.mark.parametrize("form", ["p12", "pem"])
def test_a_key_of_three_primes_moves(form: str, intermediate: Authority, tmp_path: Path) -> None:
    """Between files, proved by its signature; where it finds its certificate by number or by label."""
    made = openssl("genrsa", "-primes", "3", "-traditional", "2048")
    (key,) = [item.key for item in Loose.parse([made]).opened(None).items]
    assert isinstance(key, PrivateKey)
    leaf = intermediate.leaf("Three")
    certificate = m.certified(leaf, key.public.der)
    path = tmp_path / f"file.{form}"
    labels = Labels("Three", b"1")
    contents = asn1.sequence(m.key_bag(key, labels), bags.certificate_bag(certificate.der, labels))
    path.write_bytes(m.pfx(m.data(contents)) if form == "p12" else made + armour("CERTIFICATE", certificate.der))
    moved = certferry("migrate", path, tmp_path / "new.p12", target="x")
    assert moved.status == 0, moved.err + moved.out
    assert Item(certificate, key) in [Item(one.certificate, one.key) for one in
                                      decode((tmp_path / "new.p12").read_bytes(), Secret("x")).items]
    refused = certferry("migrate", path, f"nss:{tmp_path / 'profile'}", target="")
    assert refused.status == 7
    assert "more than two primes" in refused.out + refused.err
