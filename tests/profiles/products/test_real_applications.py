"""What discovery takes for the profile in use is the one that the real application picks, and opens."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from profiles.discover import discover, resolve
from tests.applications import gecko
from tests.applications.process import Application, environment
from tests.profiles.products.trees import fingerprint, used, write_ini
from tests.system import require

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.linux("applications as Debian packs them"), pytest.mark.slow]
FIREFOX, THUNDERBIRD = "/usr/lib/firefox-esr/firefox-esr", "/usr/lib/thunderbird/thunderbird-bin"
CHROMIUM = "/usr/lib/chromium/chromium"


def picked(home: Path) -> list[str]:
    """The profiles that an application has started with: it leaves compatibility.ini there."""
    return [str(path.parent) for path in home.rglob("compatibility.ini")]


def start(binary: str, tmp_path: Path, home: Path, **env: str) -> None:
    """Start and end the application once with nothing but that home."""
    home.mkdir(exist_ok=True)
    more = {"MOZ_HEADLESS": "1", "MOZ_CRASHREPORTER_DISABLE": "1"} | env
    argv = [require(binary), "--headless", "--screenshot", tmp_path / "picture.png", "about:blank"]
    with Application(argv, environment(home, tmp_path, **more), tmp_path / "said.log", 50) as application:
        while application.alive and not application.expired:
            if binary == THUNDERBIRD and any(home.rglob("key4.db")):
                break
            time.sleep(0.1)


@pytest.mark.parametrize(("binary", "kind"), [(FIREFOX, "firefox"), (THUNDERBIRD, "thunderbird")])
def test_first_start(tmp_path: Path, binary: str, kind: str) -> None:
    """After a first start in a fresh home the default is the profile that it made and used, not the marked one."""
    home = tmp_path / "fresh"
    start(binary, tmp_path, home)
    before = fingerprint(home)
    found = resolve(kind, {"HOME": str(home)})
    assert [found.path] == picked(home)
    assert (found.state, found.default, found.alias) == ("ready", True, kind)
    assert len([one for one in discover(env={"HOME": str(home)}).found if one.default]) == 1
    assert [one.path for one in discover(tmp_path).found if one.default] == picked(home)
    assert fingerprint(home) == before


def test_legacy_home(tmp_path: Path) -> None:
    """With MOZ_LEGACY_HOME=1, and afterwards without it because the old directory exists, the old root is read."""
    home = tmp_path / "fresh"
    env = {"HOME": str(home)}
    start(FIREFOX, tmp_path, home)
    first = picked(home)
    assert [resolve("firefox", env).path] == first
    start(FIREFOX, tmp_path, home, MOZ_LEGACY_HOME="1")
    second = [path for path in picked(home) if path not in first]
    assert [resolve("firefox", env).path] == second
    assert [resolve("firefox", env | {"MOZ_LEGACY_HOME": "1"}).path] == second
    start(FIREFOX, tmp_path, home)
    assert sorted(picked(home)) == sorted(first + second)


def test_marked_profile_is_not_adopted(tmp_path: Path) -> None:
    """A profile that is only marked is not the default for us, and Firefox makes another one."""
    home = tmp_path / "fresh"
    root = home / ".mozilla/firefox"
    used(root / "mine")
    (root / "mine/compatibility.ini").unlink()
    for name in ("cert9.db", "key4.db"):
        (root / "mine" / name).unlink()
    write_ini(root, ("mine", "mine"), marked="mine")
    assert not any(one.default for one in discover(env={"HOME": str(home)}).found)
    start(FIREFOX, tmp_path, home)
    assert [resolve("firefox", {"HOME": str(home)}).path] == picked(home) != [str(root / "mine")]


@pytest.mark.parametrize(("binary", "kind"), [(FIREFOX, "firefox"), (THUNDERBIRD, "thunderbird")])
def test_running_and_ended(tmp_path: Path, binary: str, kind: str) -> None:
    """A running application is seen with its name and process; the files it leaves behind are not taken for it."""
    home = tmp_path / "fresh"
    env = {"HOME": str(home)}
    start(binary, tmp_path, home)
    with gecko.running(binary, tmp_path, home=home, limit=50) as remote:
        pid = remote.start()["moz:processID"]
        state = resolve(kind, env).state
        assert state == f"in use by {os.path.basename(os.readlink(f'/proc/{pid}/exe'))} (process {pid})"  # noqa: PTH115, PTH119
    found = resolve(kind, env)
    assert found.state == "ready"
    assert any(os.path.lexists(f"{found.path}/{name}") for name in ("lock", ".parentlock"))


@pytest.mark.parametrize("old", [False, True])
def test_chromium_running(tmp_path: Path, old: bool) -> None:
    """A running Chromium is seen through its SingletonLock, whichever directory its database is in."""
    home = tmp_path / "fresh"
    database = home / (".pki/nssdb" if old else ".local/share/pki/nssdb")
    if old:
        database.mkdir(parents=True)
    home.mkdir(exist_ok=True)
    env = {"HOME": str(home)}
    data = f"--user-data-dir={home / '.config/chromium'}"  # without a screen it would make one of its own
    argv = [require(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", data]
    with Application(argv, environment(home, tmp_path), tmp_path / "said.log", 50) as application:
        lock = home / ".config/chromium/SingletonLock"
        while application.alive and not lock.is_symlink():
            time.sleep(0.05)
        found = resolve("chromium", env)
        assert found.path == str(database)
        assert found.state == f"in use by chromium (process {os.readlink(lock).rpartition('-')[2]})"  # noqa: PTH115
    assert "in use" not in resolve("chromium", env).state
