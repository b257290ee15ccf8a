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
    pid = quietly_forked()
    if pid:
        return pid
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


def quietly_forked() -> int:
    """As ``os.fork``; the child neither reads nor prints."""
    pid = os.fork()
    if not pid:
        quiet = os.open(os.devnull, os.O_RDWR)
        for handle in (0, 1, 2):
            os.dup2(quiet, handle)
    return pid


def _pk12util(scene: Scene, place: Path) -> int:
    secret = scene.secret.with_name("secret")
    secret.write_text("secret\n")
    command = ["pk12util", "-i", str(scene.p12), "-d", f"sql:{place}", "-w", str(secret), "-k", str(scene.secret)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL).pid


def wait(pid: int) -> int:
    """The exit code of a process, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Clock:
    """When to kill: anywhere in a run, as long as runs take at the moment on this machine."""

    def __init__(self, start: Callable[[Scene, Path], int], scene: Scene, work: Path, seed: int) -> None:
        self._start, self._scene, self._work = start, scene, work
        self._chance = random.Random(seed)
        self._times: list[float] = []
        self._rounds = 0

    def moment(self) -> float:
        """Seconds after the start; every so often an undisturbed run tells how long one takes."""
        if self._rounds % 25 == 0:
            place = self._scene.fresh(self._work / "timed")
            begun = time.perf_counter()
            pid = self._start(self._scene, place)
            if wait(pid):
                raise RuntimeError("the undisturbed run failed")
            self._times = [*self._times[-4:], time.perf_counter() - begun]
        self._rounds += 1
        return self._chance.uniform(0.2, 1.2) * sorted(self._times)[len(self._times) // 2]

    def disturb_recovery(self) -> float | None:
        """Now and then, seconds after which the recovery is killed too."""
        return self._chance.uniform(0, 0.01) if self._chance.random() < 0.25 else None


def _next_start(place: Path, kill_after: float | None = None) -> None:
    """What every command does first; with ``kill_after``, a first attempt is killed and a second one made."""
    from profiles.model import Location
    from profiles.nss.store import NssStore

    if kill_after is not None:
        pid = os.fork()
        if not pid:
            NssStore(Location("nss", str(place)), place)
            os._exit(0)
        time.sleep(kill_after)
        os.kill(pid, signal.SIGKILL)
        wait(pid)
    NssStore(Location("nss", str(place)), place).list()


def campaign(count: int, seed: int, *, control: bool) -> Counter[str]:
    """Kill so many runs; how many were hit while running, what the kill left, and the state after the next start."""
    found: Counter[str] = Counter()
    start = _pk12util if control else _child
    with tempfile.TemporaryDirectory(prefix="certferry-kill-") as name:
        work = Path(name)
        os.environ["HOME"] = os.environ["XDG_STATE_HOME"] = str(work)
        scene = Scene.build(work)
        import profiles.nss.checkpoint  # noqa: F401 - imported before the fork

        clock = Clock(start, scene, work, seed)
        for number in range(count):
            moment = clock.moment()
            place = scene.fresh(work / "place")
            pid = start(scene, place)
            time.sleep(moment)
            os.kill(pid, signal.SIGKILL)
            found["killed" if wait(pid) == -signal.SIGKILL else "had ended"] += 1
            if not control:
                found["inside a step"] += any((place / ".certferry").glob("intent-*.json"))
                _next_start(place, clock.disturb_recovery())
            verdict = judge(scene, place, with_tools=not control, with_trust=not control)
            found[verdict.state] += 1
            if verdict.state in ("half", "lost") and not control:
                print(f"round {number}: {verdict}", flush=True)
    return found


def main() -> int:
    """1 if anything was lost or half there; with ``--control``, if nothing was."""
    return carried_out(campaign, __doc__, 2000)


def carried_out(campaign: Callable[..., Counter[str]], description: str | None, count: int) -> int:
    """Run a campaign as its command line says; 1 where it found harm and should not, or should and did not."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    begun = time.monotonic()
    found = campaign(asked.count, asked.seed, control=asked.control)
    print(f"{'control ' if asked.control else ''}count {asked.count} seed {asked.seed}: {dict(found)} "
          f"in {time.monotonic() - begun:.0f} s")
    bad = sum(number for state, number in found.items() if state.startswith(("half", "lost")))
    return int(not bad) if asked.control else int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
