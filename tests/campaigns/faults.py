"""ENOSPC and EIO at every write of one import: no false success, no traceback, nothing changed or everything there.

``python -m tests.campaigns.faults [--every N]``: strace makes the n-th call of one kind fail, once or from there on,
for every n (every N-th with ``--every``). ``--control`` does it to ``pk12util -i``, which must leave half-imports.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.campaigns.judge import Scene, judge
from tests.campaigns.kill import _next_start
from tests.command import argv
from tests.system import require

CALLS = {"pwrite64": ("ENOSPC", "EIO"), "write": ("ENOSPC", "EIO"), "fsync": ("EIO",), "fdatasync": ("EIO",),
         "unlink": ("EIO",), "rename": ("ENOSPC", "EIO"), "link": ("ENOSPC", "EIO"), "mkdir": ("ENOSPC",),
         "ftruncate": ("EIO",)}


@dataclass(frozen=True)
class Fault:
    """One call that fails."""

    call: str
    error: str
    number: int
    lasting: bool

    @property
    def option(self) -> str:
        """As strace wants it."""
        return f"inject={self.call}:error={self.error}:when={self.number}{'+' if self.lasting else ''}"


def _command(scene: Scene, place: Path, *, control: bool) -> list[str]:
    if control:
        secret = scene.secret.with_name("secret")
        secret.write_text("secret\n")
        return ["pk12util", "-i", str(scene.p12), "-d", f"sql:{place}", "-w", str(secret), "-k", str(scene.secret)]
    secrets = ["--from-password", f"file:{scene.secret}", "--to-password", f"file:{scene.secret}"]
    return argv("migrate", f"nss:{scene.source}", f"nss:{place}", "--yes", *secrets)


def _calls(scene: Scene, work: Path, *, control: bool) -> dict[str, int]:
    """How often an undisturbed import makes each call."""
    log = work / "calls"
    command = [require("strace"), "-f", "-qq", "-e", f"trace={','.join(CALLS)}", "-o", str(log)]
    place = scene.fresh(work / "counted")
    subprocess.run(command + _command(scene, place, control=control), check=True, capture_output=True, timeout=120)
    return Counter(re.findall(r"^\d+\s+(\w+)\(", log.read_text(), re.MULTILINE))


def _one(scene: Scene, place: Path, fault: Fault, *, control: bool) -> tuple[str, str]:
    scene.fresh(place)
    command = [require("strace"), "-f", "-qq", "-o", "/dev/null", "-e", f"trace={fault.call}", "-e", fault.option]
    done = subprocess.run(command + _command(scene, place, control=control), capture_output=True, timeout=120,
                          stdin=subprocess.DEVNULL, check=False)
    said = (done.stdout + done.stderr).decode(errors="replace")
    before = judge(scene, place, with_tools=False, with_trust=not control).state
    if not control:
        _next_start(place)
    verdict = judge(scene, place, with_tools=not control, with_trust=not control)
    if "Traceback" in said or "unexpected" in said:
        return "traceback", said[-400:]
    if done.returncode == 0 and verdict.state != "all":
        return "false success", verdict.detail
    if verdict.state in ("half", "lost"):
        return verdict.state, verdict.detail
    return f"{verdict.state}, exit {done.returncode}{', recovered' if before == 'half' else ''}", ""


def campaign(every: int, *, control: bool) -> Counter[str]:
    """Every fault point, two at a time; how each ended."""
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="certferry-faults-") as name:
        work = Path(name)
        os.environ["HOME"] = os.environ["XDG_STATE_HOME"] = str(work)
        scene = Scene.build(work)
        totals = _calls(scene, work, control=control)
        faults = [Fault(call, error, number, lasting) for call, errors in CALLS.items() for error in errors
                  for number in range(1, totals.get(call, 0) + 1) for lasting in (False, True)][::every]
        places = count()
        print(f"{len(faults)} faults in {dict(totals)}", flush=True)
        with ThreadPoolExecutor(2) as pool:
            jobs = [(fault, pool.submit(_one, scene, work / f"place-{next(places)}", fault, control=control))
                    for fault in faults]
            for fault, job in jobs:
                state, detail = job.result()
                found[state] += 1
                if state in ("half", "lost", "traceback", "false success") and not control:
                    print(f"{fault.option}: {state} {detail}", flush=True)
    return found


def main() -> int:
    """1 if a promise was broken; with ``--control``, if nothing was left half."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    begun = time.monotonic()
    found = campaign(asked.every, control=asked.control)
    what = "control " if asked.control else ""
    print(f"{what}every {asked.every}: {dict(found)} in {time.monotonic() - begun:.0f} s")
    bad = sum(found[state] for state in ("half", "lost", "traceback", "false success"))
    return int(not bad) if asked.control else int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
