"""Chromium's databases: which directory is used, which is hidden, and that looking changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.products import chromium
from profiles.products.home import LINUX, MACOS, Home
from tests.profiles.products.trees import profile

if TYPE_CHECKING:
    from pathlib import Path

OLD, XDG = ".pki/nssdb", ".local/share/pki/nssdb"
SNAP, FLATPAK = "snap/chromium/current/.pki/nssdb", ".var/app/org.chromium.Chromium/data/pki/nssdb"


def used(home: Home) -> Path:
    places = chromium.place(home, "chromium")
    assert len(places) == 1
    return places[0].path


def test_nothing_there(tmp_path: Path) -> None:
    """With neither directory, the XDG one is what Chromium would make, and it is not made by asking."""
    assert used(Home(tmp_path, LINUX)) == tmp_path / XDG
    assert not list(tmp_path.iterdir())
    assert chromium.find(Home(tmp_path, LINUX)) == ([], [])


def test_old_directory_wins_even_if_empty(tmp_path: Path) -> None:
    """An empty ~/.pki/nssdb hides a full XDG database; a bare ~/.pki does not."""
    profile(tmp_path / XDG, "cert9.db", "key4.db")
    (tmp_path / ".pki").mkdir()
    assert used(Home(tmp_path, LINUX)) == tmp_path / XDG
    (tmp_path / OLD).mkdir()
    home = Home(tmp_path, LINUX)
    assert used(home) == tmp_path / OLD
    candidates, problems = chromium.find(home)
    assert [(one.path, one.state, one.live) for one in candidates] == [
        (tmp_path / OLD, "empty", True), (tmp_path / XDG, "ready", False)]
    assert candidates[1].shadow == tmp_path / OLD
    assert [problem.code for problem in problems] == ["hidden"]


def test_a_file_at_the_old_place_is_no_directory(tmp_path: Path) -> None:
    """Only a directory takes precedence."""
    (tmp_path / ".pki").mkdir()
    (tmp_path / OLD).write_text("")
    assert used(Home(tmp_path, LINUX)) == tmp_path / XDG


def test_xdg_data_home(tmp_path: Path) -> None:
    """The variable is followed if it is absolute."""
    assert used(Home(tmp_path, LINUX, {"XDG_DATA_HOME": str(tmp_path / "d")})) == tmp_path / "d/pki/nssdb"
    assert used(Home(tmp_path, LINUX, {"XDG_DATA_HOME": "d"})) == tmp_path / XDG


def test_sandboxed_packages(tmp_path: Path) -> None:
    """Snap and flatpak have their own databases; the package that was used is the one that is meant."""
    profile(tmp_path / SNAP, "cert9.db")
    profile(tmp_path / FLATPAK, "cert9.db")
    home = Home(tmp_path, LINUX)
    assert {(one.path, one.name) for one in chromium.find(home)[0]} == {
        (tmp_path / SNAP, "snap"), (tmp_path / FLATPAK, "flatpak")}
    profile(tmp_path / "snap/chromium/common/chromium")
    assert used(home) == tmp_path / SNAP
    profile(tmp_path / ".config/chromium")
    assert {one.name for one in chromium.place(home, "chromium")} == {"native", "snap"}
    assert [one.path for one in chromium.place(home, "chromium", "flatpak")] == [tmp_path / FLATPAK]


def test_one_database_for_all_browsers(tmp_path: Path) -> None:
    """Chrome, Brave, Edge and Vivaldi share Chromium's database."""
    for kind in ("chrome", "brave", "edge", "vivaldi"):
        assert chromium.place(Home(tmp_path, LINUX), kind)[0].path == tmp_path / XDG
        assert chromium.place(Home(tmp_path, LINUX), kind)[0].kind == "chromium"
    assert "Edge" in chromium.SHARED_PRODUCT


def test_other_systems_have_none(tmp_path: Path) -> None:
    """Elsewhere Chromium uses the system's store."""
    profile(tmp_path / OLD, "cert9.db")
    assert chromium.find(Home(tmp_path, MACOS)) == ([], [])
