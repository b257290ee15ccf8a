"""ENOSPC and EIO at every write of one backup: the file is there and opens, or there is what was there before.

``python -m tests.campaigns.backup_faults [--every N] [--seed N]``: strace makes the n-th call of one kind fail, once
or from there on, for every n (every N-th with ``--every``, from an offset that the seed gives), for a new file and for
one that is replaced. ``--control`` does it to ``openssl pkcs12 -export``, which must leave broken files.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import stat
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests import pki
from tests.campaigns.faults import CALLS, Fault
from tests.command import argv
from tests.system import require

PASSWORD = "Kanne-7-Wolke-gestern"
OLD = b"what was there: sealed long ago, with a password that nobody here knows" * 20
BAD = ("broken", "lost", "open to others", "false success", "leftover", "not opened", "traceback")


@dataclass(frozen=True)
class Scene:
    """An identity to be saved."""

    work: Path

    @classmethod
    def build(cls, work: Path) -> Scene:
        """Its files."""
        leaf = pki.root().intermediate().leaf("Alice", email="alice@example.test", key="rsa-2048")
        (work / "given.p12").write_bytes(leaf.p12(PASSWORD))
        (work / "key.pem").write_bytes(leaf.key_pem())
        (work / "leaf.pem").write_bytes(leaf.pem)
        (work / "password").write_text(f"{PASSWORD}\n")
        (work / "password").chmod(0o600)
        return cls(work)

    def place(self, name: str, *, there: bool) -> Path:
        """A fresh directory, with an older file where one is to be replaced."""
        directory = self.work / name
        directory.mkdir()
        if there:
            (directory / "out.p12").write_bytes(OLD)
            (directory / "out.p12").chmod(0o600)
        return directory / "out.p12"

    def command(self, out: Path, *, control: bool) -> list[str]:
        """The backup."""
        secret = f"file:{self.work / 'password'}"
        if control:
            return [require("openssl"), "pkcs12", "-export", "-inkey", str(self.work / "key.pem"), "-in",
                    str(self.work / "leaf.pem"), "-out", str(out), "-passout", secret]
        replace = ["--replace"] if out.exists() else []
        return argv("backup", f"p12:{self.work / 'given.p12'}", out, "--for", "any", "--yes", *replace,
                    "--from-password", secret, "--file-password", secret)

    def opens(self, out: Path) -> bool:
        """Whether OpenSSL takes a sound key out of it."""
        done = subprocess.run(["openssl", "pkcs12", "-in", out, "-passin", f"file:{self.work / 'password'}", "-nodes",
                               "-nocerts"], capture_output=True, check=False)
        return not done.returncode and not subprocess.run(
            ["openssl", "pkey", "-check", "-noout"], input=done.stdout, capture_output=True, check=False).returncode


def judge(scene: Scene, out: Path, status: int, said: str, fault: Fault, *, control: bool) -> str:
    """How one run ended."""
    there = out.parent.name.startswith("there")
    content = out.read_bytes() if out.exists() else None
    if "Traceback" in said or "unexpected" in said:
        return "traceback"
    if content is None and there:
        return "lost"
    whole = content not in (None, OLD)
    if whole and not scene.opens(out):
        return "broken"
    if status == 0 and not whole:
        return "false success"
    rest = [path for path in out.parent.iterdir() if path != out]
    if any(stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (*rest, *[out] * whole)):
        return "open to others"
    expected = int(whole and there)  # the copy of what was replaced
    if len(rest) > expected and fault.call != "unlink":
        return "leftover"
    if len(rest) > expected and not control:
        return _swept(scene, out, expected, whole=whole)
    return f"{'whole' if whole else 'as before'}, exit {status}"


def _swept(scene: Scene, out: Path, expected: int, *, whole: bool) -> str:
    """What could not be removed then is removed by the next run, or is the copy of the old file."""
    subprocess.run(scene.command(out, control=False), check=False, capture_output=True, stdin=subprocess.DEVNULL)
    drafts = [path for path in out.parent.iterdir() if path.name.startswith(".")]
    return "leftover" if drafts else f"{'whole' if whole else 'as before'}, swept by the next run ({expected})"


def _one(scene: Scene, number: int, fault: Fault, *, there: bool, control: bool) -> str:
    out = scene.place(f"{'there' if there else 'new'}-{number}", there=there)
    strace = [require("strace"), "-f", "-qq", "-o", "/dev/null", "-e", f"trace={fault.call}", "-e", fault.option]
    done = subprocess.run(strace + scene.command(out, control=control), capture_output=True, timeout=120, check=False,
                          stdin=subprocess.DEVNULL)
    return judge(scene, out, done.returncode, (done.stdout + done.stderr).decode(errors="replace"), fault,
                 control=control)


def _points(scene: Scene, *, there: bool, control: bool) -> list[Fault]:
    """Every call that an undisturbed backup makes."""
    out, log = scene.place(f"there-{control}" if there else f"new-{control}", there=there), scene.work / "calls"
    strace = [require("strace"), "-f", "-qq", "-e", f"trace={','.join(CALLS)}", "-o", str(log)]
    subprocess.run(strace + scene.command(out, control=control), check=True, capture_output=True, timeout=120)
    totals = Counter(re.findall(r"^\d+\s+(\w+)\(", log.read_text(), re.MULTILINE))
    return [Fault(call, error, number, lasting) for call, errors in CALLS.items() for error in errors
            for number in range(1, totals[call] + 1) for lasting in (False, True)]


def campaign(every: int, seed: int, *, control: bool) -> Counter[str]:
    """Every fault point, two at a time; how each ended."""
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="certferry-backups-") as name:
        os.environ["HOME"] = os.environ["XDG_STATE_HOME"] = name
        scene = Scene.build(Path(name))
        points = [(fault, there) for there in (False, True) for fault in _points(scene, there=there, control=control)]
        points = points[random.Random(seed).randrange(every) :: every]
        print(f"{len(points)} faults", flush=True)
        with ThreadPoolExecutor(2) as pool:
            jobs = [(fault, there, pool.submit(_one, scene, number, fault, there=there, control=control))
                    for number, (fault, there) in enumerate(points)]
            for fault, there, job in jobs:
                state = job.result()
                found[state] += 1
                if state in BAD and not control:
                    print(f"{fault.option} {'replacing' if there else 'new'}: {state}", flush=True)
    return found


def main() -> int:
    """1 if a promise was broken; with ``--control``, if nothing was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    begun = time.monotonic()
    found = campaign(asked.every, asked.seed, control=asked.control)
    what = "control " if asked.control else ""
    print(f"{what}every {asked.every}, seed {asked.seed}: {dict(found)} in {time.monotonic() - begun:.0f} s")
    return int(bool(sum(found[state] for state in BAD)) is not asked.control)


if __name__ == "__main__":
    sys.exit(main())
