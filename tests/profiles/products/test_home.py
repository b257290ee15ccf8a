"""What a home is made of, and the bounds of what is looked at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from profiles.products import home as homes
from profiles.products.home import LINUX, MACOS, WINDOWS, Home, on_disk
from tests.profiles.products.trees import WINDOWS as ON_WINDOWS
from tests.profiles.products.trees import profile

TOP = "C:/" if ON_WINDOWS else "/"
"""What absolute paths of this system begin with."""


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("~/a/b", "/home/x/a/b"),
        ("$XDG_CONFIG_HOME/m", f"{TOP}conf/m"),
        ("$XDG_DATA_HOME/m", "/home/x/.local/share/m"),
        ("%APPDATA%/m", "/home/x/AppData/Roaming/m"),
        ("%LOCALAPPDATA%/m", "/home/x/AppData/Local/m"),
    ],
)
def test_places(place: str, expected: str) -> None:
    """Variables stand for what the environment says, or for the place that is usual without them."""
    env = {"XDG_CONFIG_HOME": f"{TOP}conf", "XDG_DATA_HOME": "relative"}
    assert Home(Path("/home/x"), LINUX, env).at(place) == Path(expected)


def test_a_mounted_disk_ignores_the_environment() -> None:
    """Variables of the running system say nothing of another."""
    home = Home(Path("/mnt/home/x"), LINUX, {"XDG_CONFIG_HOME": "/conf"}, Path("/mnt"))
    assert home.at("$XDG_CONFIG_HOME/m") == Path("/mnt/home/x/.config/m")


def test_current_home() -> None:
    """HOME, on Windows USERPROFILE, is believed if it is absolute."""
    variable = "USERPROFILE" if ON_WINDOWS else "HOME"
    assert Home.current({variable: f"{TOP}somewhere"}).path == Path(f"{TOP}somewhere")
    assert Home.current({variable: "x"}).path.is_absolute()


def test_homes_on_a_disk(tmp_path: Path) -> None:
    """All homes of Linux, root's, and those of Windows and macOS; links off the disk and files are passed over."""
    disk = tmp_path / "disk"
    for place in ("home/a", "home/b", "root", "Users/c/AppData", "Users/d/Library"):
        profile(disk / place)
    profile(tmp_path / "outside")
    (disk / "home/evil").symlink_to(tmp_path / "outside")
    (disk / "home/absolute").symlink_to("/root")
    (disk / "home/file").write_text("")
    found = {(home.path.relative_to(disk).as_posix(), home.system) for home in on_disk(disk)}
    assert {path for path, _ in found} == {"home/a", "home/b", "root", "Users/c", "Users/d"}
    assert {system for _, system in found} == {LINUX, WINDOWS, MACOS}


def test_a_partition_of_homes_or_one_home(tmp_path: Path) -> None:
    """A mounted /home, or a copied home, is looked at itself."""
    profile(tmp_path / "bob/.mozilla/firefox")
    assert {home.path for home in on_disk(tmp_path)} == {tmp_path, tmp_path / "bob"}


@pytest.mark.linux("its absolute paths")
def test_absolute_paths() -> None:
    """On a disk they are those of the disk; drives other than its own, and network shares, are never followed."""
    here, disk = Home(Path("/h"), LINUX), Home(Path("/mnt/home/x"), LINUX, {}, Path("/mnt"))
    windows = Home(Path("/mnt/Users/x"), WINDOWS, {}, Path("/mnt"))
    assert here.absolute("/a/b") == Path("/a/b")
    assert disk.absolute("/a/b") == Path("/mnt/a/b")
    assert windows.absolute(r"C:\Users\x\p") == Path("/mnt/Users/x/p")
    for home in (here, disk, windows):
        for path in ("//server/a", r"\\server\a", r"\\?\C:\a", r"D:\a", "C:a", "a/b", ""):
            assert home.absolute(path) is None


def test_refusals(tmp_path: Path) -> None:
    """Only a directory of this user, on the disk, is none."""
    home = Home(tmp_path / "disk", LINUX, {}, tmp_path / "disk")
    profile(tmp_path / "disk/good")
    profile(tmp_path / "outside")
    (tmp_path / "disk/file").write_text("")
    (tmp_path / "disk/out").symlink_to("../outside")
    said = {name: home.refusal(tmp_path / "disk" / name) for name in ("good", "file", "out", "gone", "x\0y", "z" * 999)}
    assert not said.pop("good")
    assert all(said.values())


@pytest.mark.linux("Wine makes no symbolic links")
def test_databases_that_lead_off_the_disk(tmp_path: Path) -> None:
    """A link to a database elsewhere is followed at home, but not on a mounted disk."""
    profile(tmp_path / "elsewhere", "cert9.db")
    profile(tmp_path / "disk/p")
    (tmp_path / "disk/p/cert9.db").symlink_to(tmp_path / "elsewhere/cert9.db")
    assert Home(tmp_path, LINUX).state(tmp_path / "disk/p") == "ready"
    assert Home(tmp_path / "disk", LINUX, {}, tmp_path / "disk").state(tmp_path / "disk/p") == "empty"


@pytest.mark.linux("names of any bytes")
def test_paths_are_printable() -> None:
    """Any bytes in a name become text that encodes."""
    assert homes.shown(os.fsdecode(b"/a\xff")) == "/a\\udcff"


def test_import_is_light() -> None:
    """Discovery loads none of the slow libraries before it needs them."""
    slow = ["psutil", "platformdirs", "cryptography", "sqlite3", "ctypes", "socket"]
    code = f"import sys, profiles.discover; print([name for name in {slow} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
