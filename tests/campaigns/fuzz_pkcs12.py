"""Mutated PKCS#12 files into the decoder: nothing but ``Error`` comes out, in a second and in bounded memory.

``python -m tests.campaigns.fuzz_pkcs12 --count 100000 --seed 1``. Files are made at the start with fresh keys and
changed at one of four depths, sealed again around the change so that the integrity check does not hide what is behind
it. ``--control`` runs a decoder that believes the outer length: it must be caught, or this harness sees nothing.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from profiles import asn1
from profiles.model import Level, Secret, Trust
from profiles.pkcs12 import bags, reader
from profiles.pkcs12.bags import Labels
from profiles.pkcs12.contents import Contents, Item
from profiles.pkcs12.dialects import LEGACY, SEALED, Dialect
from profiles.pkcs12.encryption import Encryption, seal
from profiles.pkcs12.mac import mac_data
from profiles.pkcs12.passwords import proper
from profiles.pkcs12.seal import open_sealed
from profiles.pkcs12.seal import seal as seal_items
from profiles.pkcs12.writer import encode
from tests import pki
from tests.campaigns import fuzzing
from tests.campaigns.fuzzing import Found, Reader, mutated
from tests.profiles.pkcs12 import material as m

PASSWORD = Secret("campaign")
ITERATIONS = 50_000
"""Lower than what decode allows by itself: deriving takes the time it takes, here the parser's is measured."""
DIALECTS = (
    SEALED,
    replace(LEGACY, iterations=1, mac_iterations=1),
    replace(LEGACY, iterations=3, mac_iterations=1, certificates=Encryption.PBE_RC2_40),
    replace(SEALED, pbmac1=True, prf="sha1"),
)
WEIGHTS = (6, 6, 1, 6)
"""RC2 is done in Python and takes most of the time where it is not rare."""
Decoder = Callable[[bytes, Secret | None], Contents]


def samples() -> list[tuple[Item, ...]]:
    """What is put into files: identities of several kinds, chains, trust, a key alone."""
    root = pki.root("Fuzz Root")
    middle = root.intermediate("Fuzz Intermediate")
    leaves = [middle.leaf(f"Fuzz {kind}", email="fuzz@example.test", key=kind)
              for kind in ("rsa-1024", "ec-p256", "ed25519")]
    trust = Trust(Level.TRUSTED, Level.TRUSTED, Level.TRUSTED, Level.UNKNOWN)
    everything = (*(m.item(leaf, leaf.cn) for leaf in leaves), m.bare(middle), m.bare(root, "Root", trust=trust),
                  Item(None, m.generated("ec-p384"), "pending"))
    return [everything, (m.item(leaves[0], "one"), m.bare(middle)), (m.item(leaves[1], "two"),), everything[-2:]]


def good(value: tuple[Item, ...], dialect: Dialect) -> bytes:
    """An unharmed file."""
    return encode(value, PASSWORD, dialect)


def _bags(items: Sequence[Item], *, open_keys: bool) -> list[bytes]:
    found = [bags.certificate_bag(item.certificate.der, Labels(item.nickname, b"id", item.trust))
             for item in items if item.certificate]
    return found + [m.key_bag(item.key, Labels(item.nickname, b"id")) for item in items if item.key and open_keys]


def mutant(
    chance: random.Random, values: Sequence[tuple[Item, ...]], files: Sequence[bytes]
) -> tuple[list[str], bytes]:
    """A changed file and what was changed."""
    items, other = chance.choice(values), chance.choice(files)
    dialect = chance.choices(DIALECTS, WEIGHTS)[0]
    depth = chance.choice(("file", "safe", "bags", "piece"))
    names = [depth]
    if depth == "file":
        own = chance.randrange(len(values)) * len(DIALECTS) + DIALECTS.index(dialect)
        return names, mutated(chance, files[own], other, names)
    contents = _bags(items, open_keys=True)
    if depth == "piece":
        number = chance.randrange(len(contents))
        contents[number] = mutated(chance, contents[number], other, names)
    plain = asn1.sequence(*contents)
    if depth == "bags":
        plain = mutated(chance, plain, other, names)
    if chance.random() < 0.5:
        parts = [m.data(plain)]
    else:
        parts = [m.encrypted(*seal(plain, dialect.certificates, proper(PASSWORD), dialect.prf, (1, 8)))]
    safe = asn1.sequence(*parts)
    if depth == "safe":
        safe = mutated(chance, safe, other, names)
    mac = mac_data(safe, dialect.mac, proper(PASSWORD), (1, 8), pbmac1=dialect.pbmac1) if chance.random() < 0.7 else b""
    return names, asn1.sequence(asn1.integer(3), m.data(safe), mac)


def decode(data: bytes, password: Secret | None) -> Contents:
    """The decoder, and what comes out of it through a sealed PFX and back."""
    return carried(reader.decode(data, password, iterations=ITERATIONS))


def careless(data: bytes, password: Secret | None) -> Contents:
    """A decoder that believes the outer length, for the control."""
    if data[:2] == b"\x30\x82":
        _ = data[3 + int.from_bytes(data[2:4], "big")]
    return decode(data, password)


def carried(found: Contents) -> Contents:
    """What was read, through a sealed PFX and back, every key named, every certificate as a listing shows it."""
    for item in found.items:
        if item.certificate is not None:
            _ = item.certificate.common_name, item.certificate.emails, item.certificate.is_ca, item.certificate.usages
            _ = item.certificate.subject_text(), item.certificate.public_key.name
        if item.key is not None:
            _ = item.key.id, item.key.name
    open_sealed(seal_items(found.items))
    return found


def inputs(count: int, seed: int, decoder: Decoder) -> Iterator[tuple[list[str], bytes, Reader]]:
    """So many mutants, each with what reads it."""
    chance, values = random.Random(seed), samples()
    files = [good(value, dialect) for value in values for dialect in DIALECTS]
    for number, file in enumerate(files):
        assert set(decode(file, PASSWORD).items) == set(values[number // len(DIALECTS)])
    for _ in range(count):
        names, data = mutant(chance, values, files)
        password = chance.choice((PASSWORD,) * 8 + (None, Secret("wrong")))
        yield names, data, partial(decoder, data, password)


def campaign(count: int, seed: int, decoder: Decoder = decode) -> Found:
    """So many mutants through a decoder."""
    return fuzzing.run(inputs(count, seed, decoder))


if __name__ == "__main__":
    sys.exit(fuzzing.main(__doc__, lambda count, seed, control: campaign(count, seed, careless if control else decode)))
