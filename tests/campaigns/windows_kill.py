"""Kills of an importing process on Windows: no certificate without its key, and nothing left after the next start.

``python -m tests.campaigns.windows_kill --count 200 --seed 1``, over the real crypt32 in Wine; the C witness judges.
``--control`` kills a process that adds the certificate before its key: it must show certificates without one.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests import keys, pki
from tests.source import REPOSITORY
from tests.windows.wine import PYTHON, Machine

WORKER = REPOSITORY / "tests/campaigns/windows_worker.py"


def _rows(machine: Machine, *words: str) -> list[list[str]]:
    ran = machine.witness(*words)
    assert ran.status == 0, ran
    return [line.split("\t") for line in ran.out.splitlines() if line.strip()]


def _state(machine: Machine) -> tuple[set[str], set[str]]:
    """The containers that certificates in MY name, and those that there are."""
    named = {row[3] for row in _rows(machine, "list", "MY") if len(row) > 3 and row[3]}
    return named, {row[0] for row in _rows(machine, "containers")}


def _left(machine: Machine) -> bool:
    """Whether anything of a step is still there."""
    return any(_rows(machine, "list", store) for store in ("MY", "CA", "ROOT", "AddressBook")) or any(_state(machine))


class Moment:
    """Chooses when to kill: at random within a step, which the record of it shows, or (``control``) at random."""

    def __init__(self, chance: random.Random, records: Path, *, control: bool) -> None:
        self.chance, self.records, self.control = chance, records, control
        self.length = 0.5
        """Of the last step that was seen to end, in seconds."""

    def _inside(self) -> bool:
        return any(self.records.glob("intent-*.json"))

    def wait(self) -> None:
        """Return when it has come."""
        if self.control:
            time.sleep(self.chance.uniform(0, 0.4))
            return
        while True:
            while not self._inside():
                time.sleep(0.0005)
            began = time.monotonic()
            end = began + self.chance.uniform(0, self.length)
            while time.monotonic() < end and self._inside():
                time.sleep(0.0005)
            if self._inside():
                return
            self.length = time.monotonic() - began


def campaign(count: int, seed: int, *, control: bool) -> Counter[str]:
    """Kill so many runs; what each kill left, and what was left after the next start."""
    found: Counter[str] = Counter()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="certferry-kill-") as name:
        machine = Machine(Path(name) / "prefix")
        leaf = pki.root(key="rsa-2048").intermediate(key="rsa-2048").leaf("Alice", key=keys.generate("rsa-2048"))
        file = machine.disk / "alice.p12"
        file.write_bytes(leaf.p12("secret"))
        options = ["--control"] if control else []
        records = machine.local / "certferry/windows/user"
        moment = Moment(chance, records, control=control)
        try:
            for number in range(count):
                process = machine.start(PYTHON, WORKER, file, records, *options)
                assert process.stdout is not None
                assert process.stdout.readline().strip() == b"ready", process.communicate()
                moment.wait()
                process.kill()
                process.communicate()
                found["killed"] += 1
                found["inside a step"] += any(records.glob("intent-*.json"))
                named, there = _state(machine)
                found["certificate without key"] += bool(named - there)
                if not control and (number % 10 == 0 or number + 1 == count):
                    ran = machine.python(WORKER, file, records, "--finish")
                    assert ran.status == 0, ran
                    found["looked at after recovery"] += 1
                    found["left after recovery"] += _left(machine)
        finally:
            machine.stop()
    return found


def main() -> int:
    """1 if a certificate lacked its key, anything was left, or few kills hit a step; ``--control``: if nothing was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    begun = time.monotonic()
    found = campaign(asked.count, asked.seed, control=asked.control)
    print(f"{'control ' if asked.control else ''}count {asked.count} seed {asked.seed}: {dict(found)} "
          f"in {time.monotonic() - begun:.0f} s")
    bad = found["certificate without key"] + found["left after recovery"]
    bad += not asked.control and 2 * found["inside a step"] < found["killed"]
    return int(not bad) if asked.control else int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
