"""``kill -9`` at every change that ``migrate`` makes in the directories of gpgsm and mutt: all is there, or nothing.

``python -m tests.campaigns.kill_directories --count 400 --seed 1``. Each round kills the run just before its n-th
change to the directory (a file opened for writing, linked, renamed, removed; a directory made), for every n in turn,
then with the other store; every third recovery is killed too, at a place that the seed chooses.
``--control`` writes the same files one after the other without an intent: it must show half-steps.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from tests import nss_tools, pki
from tests.system import require

PASSWORD = "campaign password"
KINDS = ("gpgsm", "mutt")
_CHANGES = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Scene:
    """A source, and for each kind a target with somebody in it and what it looks like afterwards."""

    work: Path
    source: Path
    secret: Path
    before: dict[str, dict[str, object]]
    after: dict[str, dict[str, object]]

    @classmethod
    def build(cls, work: Path) -> Scene:
        """Made by certferry without anybody disturbing it."""
        authority = pki.root("Campaign Root").intermediate("Campaign Intermediate")
        secret = work / "password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        first, source = nss_tools.create(work / "first"), nss_tools.create(work / "source")
        first.add_p12(authority.leaf("Old", email="old@example.test").p12(chain=()))
        source.add_p12(authority.leaf("Newcomer", email="new@example.test").p12())
        source.trust("Campaign Root - Certferry Tests", "CT,C,C")
        scene = cls(work, source.path, secret, {}, {})
        for kind in KINDS:
            for origin, seen in ((first.path, scene.before), (source.path, scene.after)):
                place = work / f"{kind}-target" if seen is scene.before else scene.fresh(kind, work / "reference")
                if _ended(_run(scene, kind, place, origin, 0, control=False)):
                    raise RuntimeError("the undisturbed run failed")
                seen[kind] = look(kind, place)
        return scene

    def fresh(self, kind: str, place: Path) -> Path:
        """A new copy of the target."""
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.work / f"{kind}-target", place)
        return place


def look(kind: str, place: Path) -> dict[str, object]:
    """All files but certferry's own: keys by name, the keybox by what gpgsm lists, the others by content."""
    found: dict[str, object] = {}
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        if not path.is_file() or name.startswith(".certferry"):
            continue
        found[name] = True if path.parent.name in ("private-keys-v1.d", "keys") and path.name != ".index" else (
            path.read_bytes() if path.name != "pubring.kbx" else True)
    if kind == "gpgsm":
        done = subprocess.run([require("gpgsm"), "--homedir", str(place), "--no-autostart", "--with-colons", "-k"],
                              capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
        found["listed"] = sorted(line for line in done.stdout.splitlines() if line.startswith("fpr:"))
    return found


def _run(
    scene: Scene, kind: str, place: Path, origin: Path, at: int, *, control: bool
) -> int:
    """Start ``migrate`` in a forked process that ends before its ``at``-th change; 0: never."""
    def work() -> int:
        from migrate.cli import main

        sys.argv = ["certferry", "migrate", f"nss:{origin}", f"{kind}:{place}", "--yes",
                    "--to-password", f"file:{scene.secret}"]
        try:
            with patch("profiles.directories.checkpoint.write", _naive) if control else patch("builtins.len", len):
                main()
        except SystemExit as done:
            return int(done.code or 0)
        return 0

    return _forked(work, place, at)


def _forked(work: Callable[[], int], place: Path, at: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    quiet = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(quiet, handle)
    if at:
        sys.addaudithook(_Killer(place, at))
    try:
        os._exit(work())
    except BaseException:  # noqa: BLE001 - whatever it is, the child must not return into the harness
        os._exit(99)


class _Killer:
    """Ends the process before its n-th change below a directory."""

    def __init__(self, place: Path, at: int) -> None:
        self.place, self.left = str(place), at

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        changes = event in _CHANGES or (
            event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & _WRITES))
        if changes and any(str(one).startswith(self.place) for one in arguments[:2]):
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)


def _naive(directory: Path, edits: Sequence[object], *, keep: bool = True) -> None:
    """One file after the other."""
    for name, _, new, _ in edits:  # type: ignore[misc]
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if new is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(new)


def _ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _next_start(kind: str, place: Path, chance: random.Random) -> None:
    """What every command does first; now and then a first attempt is killed too."""
    from profiles.opening import open_store

    def work() -> int:
        open_store(f"{kind}:{place}").list()
        return 0

    if chance.random() < 1 / 3:
        _ended(_forked(work, place, chance.randint(1, 8)))
    if _ended(_forked(work, place, 0)):
        raise RuntimeError("the next start failed")


def campaign(count: int, seed: int, *, every: int, control: bool) -> Counter[str]:
    """Kill so many runs, each ``every`` changes later than the one before: what was there after the next start."""
    found: Counter[str] = Counter()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="certferry-kill-") as name:
        os.environ["HOME"] = os.environ["XDG_STATE_HOME"] = name
        scene = Scene.build(Path(name))
        kind, at = KINDS[0], seed % every
        for number in range(count):
            at += every
            place = scene.fresh(kind, scene.work / "place")
            killed = _ended(_run(scene, kind, place, scene.source, at, control=control)) == -signal.SIGKILL
            found["killed" if killed else "ran to its end"] += 1
            found["inside a step"] += any((place / ".certferry").glob("intent-*"))
            _next_start(kind, place, chance)
            seen = look(kind, place)
            state = {True: "nothing new", False: "half there"}[seen == scene.before[kind]]
            state = "all there" if seen == scene.after[kind] else state
            left = [path for path in place.rglob("*") if ".certferry-" in path.name and not control]
            found["drafts left"] += bool(left)
            found[state] += 1
            if state == "half there" and not control:
                print(f"round {number}: {kind}, killed before change {at}: {sorted(seen)}", flush=True)
            if not killed:
                kind, at = KINDS[(KINDS.index(kind) + 1) % len(KINDS)], seed % every
    return found


def main() -> int:
    """1 if anything was half there; with ``--control``, if nothing was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    begun = time.monotonic()
    found = campaign(asked.count, asked.seed, every=asked.every, control=asked.control)
    print(f"{'control ' if asked.control else ''}count {asked.count} seed {asked.seed}: {dict(found)} "
          f"in {time.monotonic() - begun:.0f} s")
    bad = found["half there"] + found["drafts left"]
    return int(not bad) if asked.control else int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
