"""``kill -9`` in the middle of ``migrate --associate``: after the next start the account uses the key, or has none.

``python -m tests.campaigns.kill_mail --count 1000 --seed 1``. Every other kill comes at a moment, the rest at one of
the run's own touches of the profile (opening, renaming, removing a file), which is where the windows are; every fourth
recovery is killed too. ``--control`` moves first and sets the account afterwards, by two commands: that must leave keys
that no account uses.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.applications import thunderbird_profile
from tests.campaigns.judge import Scene, judge
from tests.campaigns.kill import Clock, carried_out, quietly_forked, wait

ADDRESS = "New@Example.Test"
TOUCHING = ("open", "os.rename", "os.remove", "os.link", "os.mkdir", "sqlite3.connect")


def _child(scene: Scene, place: Path, *, control: bool = False, at: int | None = None) -> int:
    """Start the command in a forked process, which kills itself at its ``at``-th touch of the profile."""
    pid = quietly_forked()
    if pid:
        return pid
    if at is not None:
        _die_at(place, at)
    secret = f"file:{scene.secret}"
    move = ["migrate", f"nss:{scene.source}", f"nss:{place}", "--yes", "--from-password", secret,
            "--to-password", secret]
    commands = [move, ["mail", f"nss:{place}", "--set", ADDRESS, "--yes"]] if control else [
        [*move, "--associate", ADDRESS]]
    status = 99
    try:
        for command in commands:
            status = _run(command)
    finally:
        os._exit(status)


def _run(command: list[str]) -> int:
    from migrate.cli import main

    sys.argv = ["certferry", *command]
    try:
        main()
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def _die_at(place: Path, at: int) -> None:
    touched = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal touched
        if event in TOUCHING and str(place) in str(arguments[0]):
            touched += 1
            if touched == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _touches(scene: Scene, work: Path, *, control: bool) -> int:
    """How many touches an undisturbed run makes: the first number that it survives, and no earlier one."""
    low, high = 1, 4096
    while low < high:
        middle = (low + high) // 2
        survived = wait(_child(scene, scene.fresh(work / "place"), control=control, at=middle)) == 0
        low, high = (low, middle) if survived else (middle + 1, high)
    return low - 1


def _next_start(place: Path, kill_at: int | None = None) -> None:
    """What every command does first; with ``kill_at``, a first attempt is killed at that touch."""
    from profiles.opening import open_store

    if kill_at is not None:
        pid = os.fork()
        if not pid:
            _die_at(place, kill_at)
            open_store(f"nss:{place}")
            os._exit(0)
        wait(pid)
    open_store(f"nss:{place}").list()


def _state(scene: Scene, place: Path, old: bytes, new: bytes) -> str:
    """``neither``, ``both``, or what is half there."""
    arrived = judge(scene, place, with_tools=False).state
    settings = (place / "prefs.js").read_bytes()
    uses = {old: "as it was", new: "set"}.get(settings, "damaged")
    return {("nothing", "as it was"): "neither", ("all", "set"): "both"}.get(
        (arrived, uses), f"half: keys {arrived}, account {uses}")


def campaign(count: int, seed: int, *, control: bool) -> Counter[str]:
    """Kill so many runs; what the kills left after the next start."""
    found: Counter[str] = Counter()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="certferry-kill-") as name:
        work = Path(name)
        os.environ["HOME"] = os.environ["XDG_STATE_HOME"] = str(work)
        scene = Scene.build(work)
        thunderbird_profile.with_account(scene.target, ADDRESS)
        old = (scene.target / "prefs.js").read_bytes()
        if wait(_child(scene, scene.fresh(work / "place"))):
            raise RuntimeError("the undisturbed run failed")
        new = (work / "place" / "prefs.js").read_bytes()
        clock = Clock(lambda scene, place: _child(scene, place, control=control), scene, work, seed)
        touches = _touches(scene, work, control=control)
        for number in range(count):
            at = chance.randint(1, touches) if number % 2 else None
            moment = clock.moment() if at is None else 0
            place = scene.fresh(work / "place")
            pid = _child(scene, place, control=control, at=at)
            if at is None:
                time.sleep(moment)
                os.kill(pid, signal.SIGKILL)
            found["killed" if wait(pid) == -signal.SIGKILL else "had ended"] += 1
            own = place / ".certferry"
            found["inside a step"] += any(own.glob("intent-*.json")) or any(own.glob("mail-*.pending.json"))
            _next_start(place, chance.randint(1, 40) if chance.random() < 0.25 else None)
            state = _state(scene, place, old, new)
            found[state] += 1
            if state.startswith("half") and not control:
                print(f"round {number}, touch {at}: {state}", flush=True)
    return found


def main() -> int:
    """1 if anything was half there; with ``--control``, if nothing was."""
    return carried_out(campaign, __doc__, 1000)


if __name__ == "__main__":
    sys.exit(main())
