"""Files appear whole, private, and never in place of something else."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from profiles.errors import AccessDenied, StoreInUse, StoreNotFound, ToolFailed
from profiles.files import writing
from profiles.files.reading import read

resource = pytest.importorskip("resource", reason="Linux only: modes, links and file size limits")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def open_umask() -> Iterator[None]:
    """The least careful of umasks."""
    old = os.umask(0)
    yield
    os.umask(old)


@contextmanager
def small_files() -> Iterator[None]:
    """A system that lets no file grow beyond a few bytes, as a full disk does; nor what pytest itself writes to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("open_umask")
def test_a_new_file_is_private(tmp_path: Path) -> None:
    """Whatever the umask says; nothing else is left in the directory."""
    path = tmp_path / "new"
    writing.write_new(path, b"content")
    assert path.read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_nlink == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("plant", ["file", "link", "dangling", "directory", "fifo"])
def test_a_new_file_takes_no_place(plant: str, tmp_path: Path) -> None:
    """Whatever stands there stays, and so does what it points to."""
    path, victim = tmp_path / "new", tmp_path / "victim"
    victim.write_bytes(b"victim")
    match plant:
        case "file":
            path.write_bytes(b"mine")
        case "link":
            path.symlink_to(victim)
        case "dangling":
            path.symlink_to(tmp_path / "absent")
        case "directory":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
    before = path.lstat()
    with pytest.raises(AccessDenied):
        writing.write_new(path, b"content")
    assert path.lstat() == before
    assert victim.read_bytes() == b"victim"
    assert not (tmp_path / "absent").exists()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """Neither half a file nor a draft; the old content stays."""
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_bytes(b"old")
    with small_files(), pytest.raises(ToolFailed, match="full"):
        writing.write_new(new, bytes(1000))
    with small_files(), pytest.raises(ToolFailed, match="full"):
        writing.replace(old, bytes(1000), b"old")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert old.read_bytes() == b"old"


def test_replacing_needs_the_expected_content(tmp_path: Path) -> None:
    """A file that changed meanwhile is not overwritten, one that is gone is not made."""
    path = tmp_path / "file"
    path.write_bytes(b"theirs")
    with pytest.raises(StoreInUse):
        writing.replace(path, b"mine", b"what I read")
    assert path.read_bytes() == b"theirs"
    writing.replace(path, b"mine", b"theirs", 0o640)
    assert path.read_bytes() == b"mine"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.unlink()
    with pytest.raises(StoreNotFound):
        writing.replace(path, b"mine", b"mine")


@pytest.mark.slow
def test_a_race_for_links_changes_no_victim(tmp_path: Path) -> None:
    """Somebody plants and removes links as fast as possible; nothing is ever written through one."""
    directory, victim = tmp_path / "shared", tmp_path / "victim"
    directory.mkdir()
    victim.write_bytes(b"victim")
    path, stop = directory / "file", threading.Event()

    def plant() -> None:
        while not stop.is_set():
            try:
                path.symlink_to(victim)
                path.unlink()
            except OSError:
                continue

    planter = threading.Thread(target=plant)
    planter.start()
    try:
        for number in range(500):
            data = b"%d" % number
            try:
                writing.write_new(path, data)
                writing.replace(path, data + b"!", data)
            except (AccessDenied, StoreInUse, StoreNotFound):
                pass
            if not path.is_symlink():
                path.unlink(missing_ok=True)
    finally:
        stop.set()
        planter.join()
    assert victim.read_bytes() == b"victim"


def test_backups_never_replace_each_other(tmp_path: Path) -> None:
    """Two in one second are two."""
    path = tmp_path / "file.p12"
    names = {writing.back_up(path, b"one").name, writing.back_up(path, b"two").name}
    assert len(names) == 2
    assert {read(tmp_path / name) for name in names} == {b"one", b"two"}
    assert all(name.startswith("file.p12.certferry-backup-") for name in names)
