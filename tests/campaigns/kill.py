"""``kill -9`` at random moments of ``migrate``: after the next start nothing is half there and nothing old is gone.

``python -m tests.campaigns.kill --count 2000 --seed 1``. ``--control`` kills ``pk12util -i`` instead, which is not
atomic: it must show half-imports, or this harness sees nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.campaigns.judge import Scene, judge


def _child(scene: Scene, place: Path) -> int:
    """Start ``certferry migrate`` in a forked process that has everything imported: kills hit work, not start-up."""
    pid = os.fork()
    if pid:
        return pid
    quiet = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(quiet, handle)
    from migrate.cli import main

    sys.argv = ["certferry", "migrate", f"nss:{scene.source}", f"nss:{place}", "--yes",
                "--from-password", f"file:{scene.secret}", "--to-password", f"file:{scene.secret}"]
    try:
        main()
    except SystemExit as done:
        os._exit(int(done.code or 0))
    except BaseException:  # noqa: BLE001 - whatever it is, the child must not return into the harness
        os._exit(99)
    os._exit(0)


def _pk12util(scene: Scene, place: Path) -> int:
    secret = scene.secret.with_name("secret")
    secret.write_text("secret\n")
    command = ["pk12util", "-i", str(scene.p12), "-d", f"sql:{place}", "-w", str(secret), "-k", str(scene.secret)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL).pid


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _duration(start: Callable[[Scene, Path], int], scene: Scene, work: Path) -> float:
    times = []
    for _ in range(5):
        place = scene.fresh(work / "timed")
        begun = time.perf_counter()
        status = _wait(start(scene, place))
        times.append(time.perf_counter() - begun)
        if status:
            raise RuntimeError(f"the undisturbed run ended with {status}")
    return sorted(times)[2]


def _next_start(place: Path) -> None:
    from profiles.model import Location
    from profiles.nss.store import NssStore

    NssStore(Location("nss", str(place)), place).list()


def campaign(count: int, seed: int, *, control: bool) -> Counter[str]:
    """Kill so many runs; how many were hit while running, and the state each left."""
    chance = random.Random(seed)
    found: Counter[str] = Counter()
    start = _pk12util if control else _child
    with tempfile.TemporaryDirectory(prefix="certferry-kill-") as name:
        work = Path(name)
        os.environ["HOME"] = os.environ["XDG_STATE_HOME"] = str(work)
        scene = Scene.build(work)
        import profiles.nss.checkpoint  # noqa: F401 - imported before the fork

        span = _duration(start, scene, work) * 1.1
        for number in range(count):
            place = scene.fresh(work / "place")
            pid = start(scene, place)
            time.sleep(chance.uniform(0, span))
            os.kill(pid, signal.SIGKILL)
            found["killed" if _wait(pid) == -signal.SIGKILL else "had ended"] += 1
            if not control:
                _next_start(place)
            verdict = judge(scene, place, with_tools=not control, with_trust=not control)
            found[verdict.state] += 1
            if verdict.state in ("half", "lost") and not control:
                print(f"round {number}: {verdict}", flush=True)
    return found


def main() -> int:
    """1 if anything was lost or half there; with ``--control``, if nothing was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    begun = time.monotonic()
    found = campaign(asked.count, asked.seed, control=asked.control)
    print(f"{'control ' if asked.control else ''}count {asked.count} seed {asked.seed}: {dict(found)} "
          f"in {time.monotonic() - begun:.0f} s")
    bad = found["half"] + found["lost"]
    return int(not bad) if asked.control else int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
