"""Mutated PEM, DER, PKCS#7, PVK, Java and IIS files into their readers: nothing but ``Error``, in a second, in 256 MiB.

``python -m tests.campaigns.fuzz_files --count 200000 --seed 1``. Files of every kind are made at the start with fresh
keys, then changed: their ASN.1 by its structure and armoured or sealed anew, keystores in their entries with a digest
that fits again, everything else in its bytes. Each goes through the listing without a password and through opening with
one. ``--control`` runs a reader that believes the lengths in a keystore: it must be caught.
"""

from __future__ import annotations

import random
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
)

from profiles import asn1
from profiles.errors import Error, PasswordNeeded
from profiles.files import iis
from profiles.files.armour import armour
from profiles.files.java import keystore
from profiles.files.java.store import is_keystore, parse
from profiles.files.loose import Loose
from profiles.model import Secret
from profiles.pkcs12 import passwords
from profiles.pkcs12.contents import Contents
from profiles.pkcs12.encryption import Encryption, seal
from profiles.pkcs12.limits import Allowance
from tests import pki
from tests.campaigns import fuzzing
from tests.campaigns.fuzz_pkcs12 import carried
from tests.campaigns.fuzzing import Found, Reader, mutated
from tests.campaigns.mutation import change_bytes
from tests.profiles.files.java import making
from tests.profiles.files.test_iis import JUNK, rc4, sealed, wrapped

PASSWORD, ITERATIONS = "campaign", 20_000
"""Fewer than the readers allow: deriving takes the time it takes, here the parsers are measured."""
Opener = Callable[[bytes, Secret], Contents]


class Seed(NamedTuple):
    """One piece that is changed, how a file is made of it, and what reads the file."""

    kind: str
    piece: bytes
    file: Callable[[bytes], bytes]
    read: Opener


@cache
def person(kind: str) -> pki.Leaf:
    """Somebody below an intermediate and a root."""
    return pki.root("Fuzz Root").intermediate("Fuzz Intermediate").leaf("Fuzz", email="fuzz@example.test", key=kind)


def loose(data: bytes, password: Secret) -> Contents:
    """PEM and its relatives."""
    found = Loose.parse([data])
    found.allowance = Allowance(ITERATIONS)
    found.without_password()
    try:
        return carried(found.opened(password))
    except PasswordNeeded:
        return Contents(())


def java(data: bytes, password: Secret) -> Contents:
    """A keystore by its content, as recognition goes; looked at without its password and with it."""
    is_keystore(data)
    found = parse(data, iterations=ITERATIONS)
    keystore.gathered(found, found.entries or (), None)
    ways = passwords.spellings(password)
    return carried(keystore.gathered(found, found.opened_by(ways), [ways]))


def backup(data: bytes, password: Secret) -> Contents:
    """A key backup of IIS."""
    iis.is_backup(data)
    found = iis.KeyBackup.parse(data)
    found.seen()
    return carried(found.opened(password))


def pem_seeds() -> Iterator[Seed]:
    """Keys and certificates in every armour and none."""
    for kind in ("rsa-1024", "ec-p256", "ed25519"):
        leaf = person(kind)
        whole = partial(bytes)
        algorithm, cipher = seal(leaf.pkcs8, Encryption.AES_256, passwords.proper(Secret(PASSWORD)), "sha256", (2, 8))
        shut = asn1.sequence(algorithm, asn1.octets(cipher))
        chain = pkcs7.serialize_certificates([leaf.certificate, leaf.chain[0].certificate], Encoding.DER)
        for name, der in (("PRIVATE KEY", leaf.pkcs8), ("ENCRYPTED PRIVATE KEY", shut), ("CERTIFICATE", leaf.der),
                          ("PKCS7", chain)):
            yield Seed(f"PEM {name}", der, partial(armour, name), loose)
            yield Seed(f"DER {name}", der, whole, loose)
        if kind != "ed25519":
            form = "RSA PRIVATE KEY" if kind.startswith("rsa") else "EC PRIVATE KEY"
            old = leaf.key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
            yield Seed(f"PEM {form}", old, partial(armour, form), loose)
            dek = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL,
                                         BestAvailableEncryption(PASSWORD.encode()))
            yield Seed("PEM DEK-Info", dek, whole, loose)
        yield Seed("PEM text", leaf.pem + leaf.key_pem(), whole, loose)
    yield from (Seed("PVK", data, partial(bytes), loose) for data in _pvk())


def _pvk() -> Iterator[bytes]:
    key = person("rsa-1024").key.private_numbers()  # type: ignore[union-attr]
    half, whole = 64, 128
    numbers = ((key.public_numbers.n, whole), (key.p, half), (key.q, half), (key.dmp1, half), (key.dmq1, half),
               (key.iqmp, half), (key.d, whole))
    blob = struct.pack("<BBHI", 7, 2, 0, 0xA400) + b"RSA2" + struct.pack("<II", 1024, 65537) + b"".join(
        number.to_bytes(size, "little") for number, size in numbers)
    yield bytes.fromhex("1ef1b5b0") + struct.pack("<IIIII", 0, 1, 0, 0, len(blob)) + blob
    yield bytes.fromhex("1ef1b5b0") + struct.pack("<IIIII", 0, 1, 1, 16, len(blob)) + bytes(16) + blob


def java_seeds() -> Iterator[Seed]:
    """Entries, and what is in them, in keystores whose digest fits."""
    leaf = person("ec-p256")
    ders = [leaf.der, leaf.chain[0].der]
    for kind in (making.JKS, making.JCEKS):
        shut = making.jks_sealed if kind == making.JKS else making.jceks_sealed
        whole = partial(_jks, kind)
        entries = making.jks_key("a", shut(leaf.pkcs8, PASSWORD), ders) + making.jks_certificate("b", leaf.chain[1].der)
        if kind == making.JCEKS:
            entries += making.jceks_secret("c")
            yield Seed("JCEKS secret", making.jceks_secret("c"), whole, java)
        yield Seed(f"{kind} entries", entries, whole, java)
        yield Seed(f"{kind} sealed", shut(leaf.pkcs8, PASSWORD),
                   lambda der, whole=whole: whole(making.jks_key("a", der, ders)), java)
        yield Seed(f"{kind} key", leaf.pkcs8,
                   lambda der, whole=whole, shut=shut: whole(making.jks_key("a", shut(der, PASSWORD), ders)), java)
        yield Seed(f"{kind} certificate", leaf.der,
                   lambda der, whole=whole: whole(making.jks_certificate("b", der)), java)
    entries = making.bks_certificate("b", leaf.chain[1].der) + making.bks_key("k", leaf.pkcs8, ders) + \
        making.bks_sealed("a", making.plain_key(leaf.pkcs8), ders, PASSWORD)
    yield Seed("BKS entries", entries, lambda data: making.bks([data], PASSWORD), java)
    yield Seed("BKS 1 entries", entries, lambda data: making.bks([data], PASSWORD, 1), java)
    yield Seed("UBER entries", entries, lambda data: making.uber((), PASSWORD, raw=data + b"\0"), java)
    yield Seed("BKS key", leaf.pkcs8, lambda data: making.bks(
        [making.bks_sealed("a", making.plain_key(data), ders, PASSWORD)], PASSWORD), java)
    for made in (making.bks([entries], PASSWORD), making.uber([entries], PASSWORD), making.jks((), PASSWORD)):
        yield Seed("keystore", made, partial(bytes), java)


def _jks(kind: str, entries: bytes) -> bytes:
    """As many entries as begin in those bytes; at least one."""
    count = max(1, sum(entries.count(struct.pack(">IH", tag, 1)) for tag in (1, 2, 3)))
    return making.jks([entries, *[b""] * (count - 1)], PASSWORD, kind)


def iis_seeds() -> Iterator[Seed]:
    """The pieces of a backup."""
    leaf = person("rsa-1024")
    end = wrapped(leaf.der)
    yield Seed("IIS", sealed(rc4(leaf.pkcs8, PASSWORD)), lambda data: JUNK + data + end, backup)
    yield Seed("IIS certificate", end, lambda data: sealed(rc4(leaf.pkcs8, PASSWORD)) + data, backup)
    yield Seed("IIS key", leaf.pkcs8, lambda data: sealed(rc4(data, PASSWORD, sgc=True)) + end, backup)
    yield Seed("IIS file", JUNK + sealed(rc4(leaf.pkcs8, PASSWORD)) + JUNK + end, partial(bytes), backup)


def inputs(count: int, seed: int, careless: bool) -> Iterator[tuple[list[str], bytes, Reader]]:
    """So many mutants, each with what reads it."""
    chance = random.Random(seed)
    groups: Sequence[list[Seed]] = [list(pem_seeds()), list(java_seeds()), list(iis_seeds())]
    for group in groups:
        for one in group:
            if one.kind != "PVK":  # the second one is under no password at all
                one.read(one.file(one.piece), Secret(PASSWORD))
    wrong = Secret("wrong")
    for _ in range(count):
        group = groups[chance.choices((0, 1, 2), (10, 8, 3))[0]]
        one, other = chance.choice(group), chance.choice(group)
        names = [one.kind]
        data = one.file(mutated(chance, one.piece, other.piece, names))
        if chance.random() < 0.15 and data:
            name, data = change_bytes(chance, data, other.piece)
            names.append(f"file {name}")
        password = wrong if chance.random() < 0.1 else Secret(PASSWORD)
        yield names, data, partial(believing if careless else one.read, data, password)


def believing(data: bytes, password: Secret) -> Contents:
    """A reader that takes the lengths of a keystore as they stand, for the control."""
    if data[:4] == b"\xfe\xed\xfe\xed":
        (length,) = struct.unpack_from(">H", data, 16)
        _ = data[18 + length]
    raise Error("not read")


def campaign(count: int, seed: int, careless: bool = False) -> Found:
    """So many mutants through the readers."""
    return fuzzing.run(inputs(count, seed, careless))


if __name__ == "__main__":
    sys.exit(fuzzing.main(__doc__, campaign))
