"""What every campaign of mutated files shares: each input through a reader, with its outcome, its time and its memory.

A reader must answer with contents or an ``Error``, within a second of CPU and 256 MiB, or the campaign fails.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from profiles import asn1
from profiles.errors import Error
from profiles.pkcs12.contents import Contents
from tests.campaigns.mutation import Tree, change_bytes, change_tree

DEADLINE = 1.0
MEMORY = 256 << 20
Reader = Callable[[], Contents]


class Peak:
    """The most memory that one input took, above what the process held before it.

    Linux lets a process forget its own peak; elsewhere the peak of the whole campaign stands for every input.
    """

    _status, _forget = Path("/proc/self/status"), Path("/proc/self/clear_refs")

    def __init__(self) -> None:
        self.exact = sys.platform == "linux"
        self.base = 0

    def begin(self) -> None:
        """Forget what was before."""
        if self.exact:
            self._forget.write_text("5")
        self.base = self._highest()

    def end(self) -> int:
        """Octets since."""
        return max(0, self._highest() - self.base)

    def _highest(self) -> int:
        if self.exact:
            line = next(line for line in self._status.read_text().splitlines() if line.startswith("VmHWM"))
            return int(line.split()[1]) << 10
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@dataclass
class Found:
    """What a campaign saw."""

    outcomes: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    largest: int = 0
    """In octets, for one input."""
    seconds: float = 0.0


def run(inputs: Iterable[tuple[list[str], bytes, Reader]]) -> Found:
    """Every input, given as the names of its changes, its bytes, and what reads it."""
    found, peak = Found(), Peak()
    begun = time.monotonic()
    for number, (names, data, read) in enumerate(inputs):
        found.changes.update(names)
        peak.begin()
        started = time.process_time()
        try:
            outcome = "opened" if read().items else "opened, empty"
        except Error as error:
            outcome = error.code
        except Exception as error:  # noqa: BLE001 - finding them is what this is for
            outcome = f"FAILED {type(error).__name__}"
            where = traceback.extract_tb(error.__traceback__)[-1]
            found.failures.append(f"{number} {names}: {error!r} at {where.name}:{where.lineno} {data.hex()[:200]}")
        spent, held = time.process_time() - started, peak.end()
        found.outcomes[outcome] += 1
        found.slowest, found.largest = max(found.slowest, spent), max(found.largest, held)
        if spent > DEADLINE:
            found.failures.append(f"{number} {names}: {spent:.1f} s")
        if held > MEMORY:
            found.failures.append(f"{number} {names}: {held >> 20} MiB")
    found.seconds = time.monotonic() - begun
    return found


def mutated(chance: random.Random, data: bytes, other: bytes, names: list[str]) -> bytes:
    """One to three changes, to the ASN.1 where there is any; ``names`` gets what they were."""
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


def main(description: str | None, campaign: Callable[[int, int, bool], Found]) -> int:
    """1 if anything but an ``Error`` came out; with ``--control``, if nothing did."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    found = campaign(asked.count, asked.seed, asked.control)
    for line in found.failures[:20]:
        print(line)
    print(f"{'control ' if asked.control else ''}count {asked.count} seed {asked.seed}: {dict(found.outcomes)}")
    print(f"changes: {dict(found.changes)}")
    print(f"{found.seconds:.0f} s, {asked.count / found.seconds:.0f}/s, slowest {found.slowest * 1000:.0f} ms, "
          f"largest {found.largest >> 10} KiB, failures {len(found.failures)}")
    return int(not found.failures) if asked.control else int(bool(found.failures))
