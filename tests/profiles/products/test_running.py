"""Who has a profile open is told by the lock, not by the files that lie about."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from profiles.products.running import Running, browser_user, profile_user
from tests.profiles.products.trees import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

posix = pytest.mark.linux("POSIX locks and symbolic links")
HOLD = """import fcntl, sys
held = open(sys.argv[1], 'r+')
fcntl.lockf(held, fcntl.LOCK_EX)
print('held', flush=True)
input()
"""
UNSHARED = """import _winapi, sys
_winapi.CreateFile(sys.argv[1], 0xC0000000, 0, 0, 4, 0, 0)
print('held', flush=True)
input()
"""
LOCK = "parent.lock" if WINDOWS else ".parentlock"


@contextmanager
def holder(path: Path) -> Iterator[int]:
    """A process that holds the lock as Firefox does: a POSIX lock, on Windows opened without sharing."""
    path.touch()
    command = [sys.executable, "-c", UNSHARED if WINDOWS else HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.communicate("\n")


def ended() -> int:
    """The id of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def test_no_profile(tmp_path: Path) -> None:
    """Where there is no lock nobody is."""
    assert profile_user(tmp_path) is None
    assert profile_user(tmp_path / "gone") is None
    assert browser_user(tmp_path) is None


def test_open_profile(tmp_path: Path) -> None:
    """It is in use as long as its lock is held, and not because the lock's file lies there."""
    with holder(tmp_path / LOCK):
        assert profile_user(tmp_path, "Firefox") is not None
    assert (tmp_path / LOCK).exists()
    assert profile_user(tmp_path) is None


@posix
def test_held_lock(tmp_path: Path) -> None:
    """The process that holds the lock is named, and not disturbed; afterwards the left files mean nothing."""
    with holder(tmp_path / ".parentlock") as pid:
        (tmp_path / "lock").symlink_to(f"127.0.0.1:+{pid}")
        for _ in range(2):
            user = profile_user(tmp_path, "Firefox")
            assert user is not None
            assert user.pid == pid
            assert user.name.startswith("python")
            assert str(user) == f"{user.name} (process {pid})"
        with pytest.raises(subprocess.CalledProcessError):
            subprocess.run([sys.executable, "-c", HOLD.replace("LOCK_EX", "LOCK_EX | fcntl.LOCK_NB"),
                            str(tmp_path / ".parentlock")], check=True, capture_output=True, input=b"\n")
    assert (tmp_path / ".parentlock").exists()
    assert profile_user(tmp_path) is None


def test_asking_takes_no_lock(tmp_path: Path) -> None:
    """An application can take its lock while and after it was asked for."""
    (tmp_path / LOCK).touch()
    assert profile_user(tmp_path) is None
    with holder(tmp_path / LOCK):
        pass


@posix
def test_stale_link(tmp_path: Path) -> None:
    """A link of a process that ended, or of one that got the same id later, means nothing."""
    link = tmp_path / "lock"
    for target in (f"127.0.0.1:{ended()}", "127.0.0.1:", "nonsense", "127.0.0.1:99999999999999", "127.0.0.1:-1", ":+"):
        link.symlink_to(target)
        assert profile_user(tmp_path) is None
        link.unlink()
    link.symlink_to(f"127.0.0.1:{os.getpid()}")
    os.utime(link, (1, 1), follow_symlinks=False)
    assert profile_user(tmp_path) is None


@posix
def test_link_without_lock(tmp_path: Path) -> None:
    """Where only the link was made, as on file systems without locks, a living process counts."""
    (tmp_path / "lock").symlink_to(f"127.0.0.1:{os.getpid()}")
    user = profile_user(tmp_path)
    assert user is not None
    assert user.pid == os.getpid()


@posix
def test_link_where_the_lock_cannot_be_asked(tmp_path: Path) -> None:
    """A lock file that cannot be opened leaves the word to the link."""
    (tmp_path / ".parentlock").symlink_to("nowhere")
    (tmp_path / "lock").symlink_to(f"127.0.0.1:+{os.getpid()}")
    assert profile_user(tmp_path) is not None
    (tmp_path / ".parentlock").unlink()
    os.mkfifo(tmp_path / ".parentlock")
    assert profile_user(tmp_path) is not None


@posix
def test_other_computer(tmp_path: Path) -> None:
    """On a shared home the other computer is named where only the link can tell; a lock that is free decides."""
    (tmp_path / "lock").symlink_to("192.0.2.7:4711")
    assert profile_user(tmp_path, "Firefox") == Running("Firefox on 192.0.2.7")
    (tmp_path / "lock").unlink()
    (tmp_path / "lock").symlink_to("192.0.2.7:+4711")
    assert profile_user(tmp_path, "Firefox") is None


@posix
def test_browser(tmp_path: Path) -> None:
    """Chromium's link names host and process; one that ended means nothing, another host is told."""
    link, host = tmp_path / "SingletonLock", socket.gethostname()
    link.symlink_to(f"{host}-{os.getpid()}")
    user = browser_user(tmp_path)
    assert user is not None
    assert user.pid == os.getpid()
    link.unlink()
    for target in (f"{host}-{ended()}", f"{host}-", "-", "x", f"{host}-1x"):
        link.symlink_to(target)
        assert browser_user(tmp_path) is None
        link.unlink()
    link.symlink_to("else-where-12")
    assert browser_user(tmp_path, "Chromium") == Running("Chromium on else-where")


@posix
def test_it_is_quick(tmp_path: Path) -> None:
    """Asking costs next to nothing."""
    (tmp_path / ".parentlock").touch()
    begun = time.perf_counter()
    for _ in range(100):
        profile_user(tmp_path)
    assert time.perf_counter() - begun < 1
