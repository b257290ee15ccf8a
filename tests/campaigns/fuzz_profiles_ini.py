"""Hostile profiles.ini and installs.ini: no exception, no profile and no opened file out of bounds.

``python -m tests.campaigns.fuzz_profiles_ini --count 20000 --seed 1``. ``--control`` reads the same files with
``configparser`` and follows what they say, as other tools do: it must leave the bounds, or this harness sees nothing.
"""

from __future__ import annotations

import argparse
import configparser
import os
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.profiles.products.trees import profile, used

if TYPE_CHECKING:
    from collections.abc import Callable

ROOTS = (".mozilla/firefox", ".thunderbird", ".mozilla/seamonkey")
_SECTIONS = [
    "[Profile0]", "[Profile1]", "[Profile9]", "[Profile00]", "[profile0]", "[Install]", "[InstallAA]", "[General]",
    "[AA]", "[Profile0", "[Profile0]x", "[]", "[Profile-1]", "[BackgroundTasksProfiles]",
]
_PATHS = [
    "good", "Profiles/other", "../../outside", "../../../..", "..", ".", "./good", "good/../good", "good/..", "/",
    "/etc", "/root", "//server/share", r"\\server\share", r"\\?\C:\x", r"C:\x", "C:x", "good:stream", "link", "up",
    "loop", "file", "fifo", "foreign", "sealed", "good/../../../outside", "link/inner", "nested/nested/up", "~",
    "$HOME", "%APPDATA%", "%(home)s", "{here}", "{plain}", "{home}", "{foreign}", "{allowed}", "{alias}",
]
_PATHS += ["", "a\0b", "caf\udce9", "\u202e\u2066evil", "good\x1b[2J", " good", "good "]
_PATHS += ["a" * 300, "/" + "a" * 300, "a/" * 3000, "/" + "a/" * 3000]
_VALUES = ["1", "1", "1", "1", "1", "0", "0", "0", "0", "", "2", "-1", "true", "1 ", "\uff11"]


@dataclass
class Scene:
    """A home with profiles in and out of bounds, and what was opened while it was looked at."""

    home: Path
    outside: Path
    opened: set[str] = field(default_factory=set)
    watching: bool = False

    @classmethod
    def build(cls, work: Path) -> Scene:
        """Real profiles, and beside them everything a path may lead to."""
        scene = cls(work / "home", work / "outside")
        used(scene.outside)
        used(scene.outside / "inner")
        foreign = used(scene.home / "foreign")
        used(scene.home / "allowed")
        profile(scene.home / "plain", "x")
        (scene.home / "alias").symlink_to("allowed")
        for root in (scene.home / root for root in ROOTS):
            used(root / "good")
            used(root / "Profiles/other")
            (root / "file").write_text("")
            (root / "link").symlink_to(scene.outside)
            (root / "up").symlink_to("..")
            (root / "loop").symlink_to("loop")
            (profile(root / "nested/nested") / "up").symlink_to("../../..")
            profile(root / "sealed").chmod(0)
            os.mkfifo(root / "fifo")
            used(root / "foreign")
            if os.geteuid() == 0:
                os.chown(root / "foreign", 12345, 12345)
        if os.geteuid() == 0:
            os.chown(foreign, 12345, 12345)
        sys.addaudithook(scene.audit)
        return scene

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        """Note every file and directory that is opened by name."""
        if self.watching and event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], (str, bytes)):
            self.opened.add(os.path.realpath(os.fsdecode(arguments[0])))

    def allows(self, path: str) -> bool:
        """Whether a path, its links followed, is a root of the home or the one absolute profile that may be listed."""
        bounds = [self.home / root for root in (*ROOTS, "allowed")]
        return any(Path(os.path.realpath(path)).is_relative_to(bound) for bound in bounds)

    def mine(self, path: str) -> bool:
        """Whether a found profile is within bounds and this user's."""
        return self.allows(path) and Path(path).stat().st_uid == os.geteuid() and not Path(path).is_symlink()


def text(chance: random.Random, scene: Scene, root: Path) -> bytes:
    """One hostile file: sections and keys at random, then bytes changed, cut or put in at random."""
    named = {f"{{{name}}}": scene.home / name for name in ("plain", "foreign", "allowed", "alias")}
    named |= {"{here}": root, "{home}": scene.home}
    lines = []
    for _ in range(chance.randrange(1, 6)):
        path = chance.choice(_PATHS)
        path = str(named.get(path, path))
        lines += [chance.choice(_SECTIONS[:3] if chance.random() < 0.7 else _SECTIONS)]
        name, relative = chance.choice(["a", "good", "", "\x1b", "x" * 2000]), chance.choice(_VALUES)
        keys = [f"Name={name}", f"Path={path}", f"Default={path}", f"IsRelative={relative}", "Default=1", "junk", "=x"]
        lines += [key for key in keys if chance.random() < 0.8]
    end = chance.choice(["\n", "\r\n", "\r", "\n\n"])
    encoding = chance.choice(["utf-8"] * 8 + ["utf-8-sig", "utf-16"])
    data = bytearray(end.join(lines).encode(encoding, "surrogateescape" if encoding == "utf-8" else "replace"))
    for _ in range(chance.choice([0, 0, 0, 1, 5, 50])):
        place = chance.randrange(len(data) + 1)
        data[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
    if chance.random() < 0.002:
        data += b"\n[Profile5]\nPath=good\nIsRelative=1\n" * 40_000
    return bytes(data)


def plant(chance: random.Random, scene: Scene, path: Path) -> None:
    """A file, or now and then something else in its place."""
    path.unlink(missing_ok=True)
    number = chance.random()
    if number < 0.01:
        target = chance.choice([scene.outside / "prefs.js", "/etc/passwd", "/dev/zero", "good/prefs.js", path.name])
        path.symlink_to(target)
    elif number < 0.015:
        os.mkfifo(path)
    elif number < 0.98:
        path.write_bytes(text(chance, scene, path.parent))


def certferry(scene: Scene) -> list[str]:
    """What discovery finds, by every verb it has."""
    from profiles.discover import discover, resolve
    from profiles.errors import Error

    env = {"HOME": str(scene.home)}
    discovery = discover(env=env)
    for problem in discovery.problems:
        problem.message.encode()
    found = [one.path for one in discovery.found]
    found += [one.path for one in discover(scene.home.parent / "home").found]
    for one in discovery.found:
        if resolve(str(one.location), env).path != one.path:
            raise RuntimeError(f"{one.location} does not lead back to {one.path}")
    for kind in ("firefox", "thunderbird", "seamonkey"):
        with suppress(Error):
            found.append(resolve(kind, env).path)
    return found


def naive(scene: Scene) -> list[str]:
    """What a reader finds that believes the file."""
    found = []
    for root in (scene.home / root for root in ROOTS):
        if (root / "profiles.ini").is_file() and (root / "profiles.ini").resolve() != Path("/dev/zero"):
            parser = configparser.ConfigParser(strict=False, interpolation=None)
            with suppress(configparser.Error):
                parser.read_string((root / "profiles.ini").read_text(errors="replace"))
            found += [str(root / parser[section]["Path"]) for section in parser.sections() if "Path" in parser[section]]
    return [path for path in found if Path(path).is_dir()]


def campaign(count: int, seed: int, look: Callable[[Scene], list[str]], *, quiet: bool = False) -> Counter[str]:
    """So many files: how many profiles were found, and what went wrong."""
    chance = random.Random(seed)
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="certferry-ini-") as name:
        scene = Scene.build(Path(name).resolve())
        "".encode("utf-16").decode("utf-16-le")
        look(scene)  # what Python opens to import is not of interest
        while seen["files"] < count:
            for root in ROOTS:
                for file in ("profiles.ini", "installs.ini"):
                    plant(chance, scene, scene.home / root / file)
                    seen["files"] += 1
            scene.opened.clear()
            scene.watching = True
            wrong = ""
            try:
                found = look(scene)
            except Exception as error:  # noqa: BLE001 - that nothing is raised is the question
                wrong, found = f"uncaught {error!r}"[:300], []
                seen["uncaught"] += 1
            scene.watching = False
            seen["profiles"] += len(found)
            outside = [path for path in found if not scene.mine(path)]
            opened = [path for path in scene.opened if not scene.allows(path) and path != str(scene.home)]
            seen["outside"] += len(outside)
            seen["opened outside"] += len(opened)
            if not quiet and (wrong or outside or opened):
                print(f"at file {seen['files']}: {wrong} {outside[:3]} {opened[:3]}", flush=True)
    return seen


def main() -> int:
    """1 if anything was raised or led out of bounds; with ``--control``, if nothing did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    begun = time.monotonic()
    seen = campaign(asked.count, asked.seed, naive if asked.control else certferry, quiet=asked.control)
    print(f"{'control ' if asked.control else ''}count {asked.count} seed {asked.seed}: {dict(seen)} "
          f"in {time.monotonic() - begun:.0f} s")
    bad = seen["uncaught"] + seen["outside"] + seen["opened outside"]
    return int(not bad) if asked.control else int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
