"""Mutated PKCS#12 files into the decoder: nothing but ``Error`` comes out, in a second and in bounded memory.

``python -m tests.campaigns.fuzz_pkcs12 --count 100000 --seed 1``. Files are made at the start with fresh keys and
changed at one of four depths, sealed again around the change so that the integrity check does not hide what is behind
it. ``--control`` runs a decoder that believes the outer length: it must be caught, or this harness sees nothing.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from profiles import asn1
from profiles.errors import Error
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
from tests.campaigns.mutation import Tree, change_bytes, change_tree
from tests.profiles.pkcs12 import material as m

PASSWORD = Secret("campaign")
DEADLINE = 1.0
MEMORY = 512 << 20
ITERATIONS = 50_000
"""Lower than what decode allows by itself: deriving takes the time it takes, here the parser's is measured."""
DIALECTS = (
    SEALED,
    replace(LEGACY, iterations=1, mac_iterations=1),
    replace(LEGACY, iterations=3, mac_iterations=1, certificates=Encryption.PBE_RC2_40),
    replace(SEALED, pbmac1=True, prf="sha1"),
)
Decoder = Callable[[bytes, Secret | None], Contents]


@dataclass
class Found:
    """What a campaign saw."""

    outcomes: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    seconds: float = 0.0

    @property
    def memory(self) -> int:
        """The most that this process ever held, in bytes."""
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


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


def _mutated(chance: random.Random, data: bytes, other: bytes, names: list[str]) -> bytes:
    """One to three changes."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if chance.random() < 0.7:
            try:
                tree = Tree.of(asn1.parse(data, trailing=True))
                if tree.children:
                    names.append(change_tree(chance, tree, Tree.of(asn1.parse(other))))
                    data = tree.encoded()
                    continue
            except Error:
                pass
        if data:
            name, data = change_bytes(chance, data, other)
            names.append(name)
    return data


def mutant(
    chance: random.Random, values: Sequence[tuple[Item, ...]], files: Sequence[bytes]
) -> tuple[list[str], bytes]:
    """A changed file and what was changed."""
    items, dialect, other = chance.choice(values), chance.choice(DIALECTS), chance.choice(files)
    depth = chance.choice(("file", "safe", "bags", "piece"))
    names = [depth]
    if depth == "file":
        return names, _mutated(chance, chance.choice(files), other, names)
    contents = _bags(items, open_keys=True)
    if depth == "piece":
        number = chance.randrange(len(contents))
        contents[number] = _mutated(chance, contents[number], other, names)
    plain = asn1.sequence(*contents)
    if depth == "bags":
        plain = _mutated(chance, plain, other, names)
    if chance.random() < 0.5:
        parts = [m.data(plain)]
    else:
        parts = [m.encrypted(*seal(plain, dialect.certificates, proper(PASSWORD), dialect.prf, (1, 8)))]
    safe = asn1.sequence(*parts)
    if depth == "safe":
        safe = _mutated(chance, safe, other, names)
    mac = mac_data(safe, dialect.mac, proper(PASSWORD), (1, 8), pbmac1=dialect.pbmac1) if chance.random() < 0.7 else b""
    return names, asn1.sequence(asn1.integer(3), m.data(safe), mac)


def decode(data: bytes, password: Secret | None) -> Contents:
    """The decoder, and what comes out of it through a sealed PFX and back."""
    found = reader.decode(data, password, iterations=ITERATIONS)
    for item in found.items:
        if item.key is not None:
            _ = item.key.id, item.key.name
    open_sealed(seal_items(found.items))
    return found


def careless(data: bytes, password: Secret | None) -> Contents:
    """A decoder that believes the outer length, for the control."""
    if data[:2] == b"\x30\x82":
        _ = data[3 + int.from_bytes(data[2:4], "big")]
    return decode(data, password)


def campaign(count: int, seed: int, decoder: Decoder = decode) -> Found:
    """So many mutants through a decoder."""
    chance, found, values = random.Random(seed), Found(), samples()
    files = [good(value, dialect) for value in values for dialect in DIALECTS]
    for number, file in enumerate(files):
        assert set(decode(file, PASSWORD).items) == set(values[number // len(DIALECTS)])
    begun = time.monotonic()
    for number in range(count):
        names, data = mutant(chance, values, files)
        password = chance.choice((PASSWORD,) * 8 + (None, Secret("wrong")))
        found.changes.update(names)
        started = time.process_time()
        try:
            outcome = "opened" if decoder(data, password).items else "opened, empty"
        except Error as error:
            outcome = error.code
        except Exception as error:  # noqa: BLE001 - finding them is what this is for
            outcome = f"FAILED {type(error).__name__}"
            where = traceback.extract_tb(error.__traceback__)[-1]
            found.failures.append(f"{number} {names}: {error!r} at {where.name}:{where.lineno} {data.hex()[:200]}")
        spent = time.process_time() - started
        found.outcomes[outcome] += 1
        found.slowest = max(found.slowest, spent)
        if spent > DEADLINE:
            found.failures.append(f"{number} {names}: {spent:.1f} s")
    found.seconds = time.monotonic() - begun
    if found.memory > MEMORY:
        found.failures.append(f"{found.memory >> 20} MiB of memory")
    return found


def main() -> int:
    """1 if anything but an ``Error`` came out; with ``--control``, if nothing did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    found = campaign(asked.count, asked.seed, careless if asked.control else decode)
    for line in found.failures[:20]:
        print(line)
    print(f"{'control ' if asked.control else ''}count {asked.count} seed {asked.seed}: {dict(found.outcomes)}")
    print(f"changes: {dict(found.changes)}")
    print(f"{found.seconds:.0f} s, {asked.count / found.seconds:.0f}/s, slowest {found.slowest * 1000:.0f} ms, "
          f"{found.memory >> 20} MiB, failures {len(found.failures)}")
    return int(not found.failures) if asked.control else int(bool(found.failures))


if __name__ == "__main__":
    sys.exit(main())
