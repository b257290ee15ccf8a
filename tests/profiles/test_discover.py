"""Discovery and locations: everything there is, under names that lead back to it, and nothing is changed."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profiles.discover import Discovery, Found, discover, resolve
from profiles.errors import AccessDenied, Error, Malformed, NoMatch, StoreNotFound, Unsupported
from profiles.model import Location
from tests.profiles.products.test_running import LOCK, holder
from tests.profiles.products.trees import (
    FIREFOX,
    OF_SYSTEM,
    THUNDERBIRD,
    WINDOWS,
    fingerprint,
    firefox,
    profile,
    used,
    write_ini,
)

if TYPE_CHECKING:
    from tests.pki import Leaf

OLD, XDG = ".mozilla/firefox", ".config/mozilla/firefox"
packaged = pytest.mark.linux("snap, the XDG directories")
chromium = pytest.mark.linux("the database of Chromium")


def places(discovery: Discovery) -> dict[str, Found]:
    """What was found by its location, but for what every computer of the system has."""
    found = {str(one.location): one for one in discovery.found}
    assert set(found) >= OF_SYSTEM
    return {location: one for location, one in found.items() if location not in OF_SYSTEM}


def test_empty_home(home: Path) -> None:
    """Nothing is found, nothing is wrong, nothing is made."""
    before = fingerprint(home)
    discovery = discover()
    assert (places(discovery), discovery.problems) == ({}, ())
    assert fingerprint(home) == before


def test_nothing_is_changed(home: Path) -> None:
    """Discovery and every resolution leave each byte, mode and time as it was."""
    firefox(home / FIREFOX)
    firefox(home / THUNDERBIRD)
    if not WINDOWS:
        firefox(home / XDG)
        profile(home / ".local/share/pki/nssdb", "cert9.db", "key4.db")
    before = fingerprint(home)
    discovery = discover()
    made = ("nss:~/new", "p12:~/new.p12", "~/x.pem")
    for text in (*places(discovery), "firefox", "thunderbird", *(() if WINDOWS else ("chromium", "brave")), *made):
        resolve(text)
    assert fingerprint(home) == before


def test_locations_lead_back(home: Path) -> None:
    """What discovery names, resolution finds; the live default also by its kind alone."""
    firefox(home / FIREFOX)
    firefox(home / THUNDERBIRD)
    found = places(discover()).values()
    assert sorted((one.location.kind, one.alias) for one in found) == [
        ("firefox", ""), ("firefox", "firefox"), ("thunderbird", ""), ("thunderbird", "thunderbird")]
    for one in found:
        assert resolve(str(one.location)).path == one.path
        if one.alias:
            assert resolve(one.alias).location == one.location


@packaged
def test_every_location_leads_back(home: Path) -> None:
    """Of every package, of hidden profiles, and of Chromium's databases too."""
    firefox(home / OLD)
    firefox(home / "snap/firefox/common" / OLD, "default-release-1")
    firefox(home / XDG, "hidden")
    firefox(home / ".thunderbird")
    profile(home / ".pki/nssdb", "cert9.db")
    profile(home / ".local/share/pki/nssdb", "cert9.db")
    discovery = discover()
    assert len(discovery.found) == 10
    for one in discovery.found:
        assert resolve(str(one.location)).path == one.path
        if one.alias:
            assert resolve(one.alias).location == one.location
    assert {one.alias for one in discovery.found} == {"", "thunderbird", "chromium"}
    assert places(discovery)["firefox:hidden"].state == "hidden"


def test_live_default(home: Path) -> None:
    """``firefox`` is the profile that Firefox uses, under its own name."""
    live = firefox(home / FIREFOX)
    found = resolve("firefox")
    assert (str(found.location), found.path, found.product) == ("firefox:default-release", str(live), "Firefox")
    assert (found.state, found.default, found.alias) == ("ready", True, "firefox")
    for text in ("firefox:default-release", f"firefox:{live.name}", f"firefox:{live}", "Firefox"):
        assert resolve(text) == found


def test_profile_that_was_never_started(home: Path) -> None:
    """It has no database yet, and is a place for one."""
    firefox(home / FIREFOX)
    assert resolve("firefox:default").state == "empty"


@packaged
def test_two_packages(home: Path) -> None:
    """Where two packages have a live profile, the kind alone does not choose, and the hint names both."""
    firefox(home / OLD)
    firefox(home / "snap/firefox/common" / OLD, "other")
    with pytest.raises(NoMatch) as caught:
        resolve("firefox")
    assert "firefox:default-release" in caught.value.hint
    assert "firefox:other" in caught.value.hint


@packaged
def test_equal_names(home: Path) -> None:
    """Two profiles of one name are told apart by directory, or by path if that is equal too."""
    firefox(home / OLD)
    copied = firefox(home / "snap/firefox/common" / OLD)
    with pytest.raises(NoMatch) as caught:
        resolve("firefox:default-release")
    assert str(copied) in caught.value.hint
    renamed = copied.rename(copied.with_name("unlike"))
    write_ini(copied.parent, ("default-release", "unlike"), install="unlike")
    assert resolve("firefox:unlike").path == str(renamed)


def test_unknown_profile(home: Path) -> None:
    """The hint names what there is, or says to start the application."""
    firefox(home / FIREFOX)
    with pytest.raises(StoreNotFound, match="has no profile 'nobody'") as caught:
        resolve("firefox:nobody")
    assert "firefox:default-release" in caught.value.hint
    with pytest.raises(StoreNotFound) as caught:
        resolve("thunderbird")
    assert "Start Thunderbird once" in caught.value.hint


@packaged
def test_hidden_profile_is_not_the_default(home: Path) -> None:
    """An empty ~/.mozilla/firefox hides the XDG profile: the error says so, and its name still finds it."""
    live = firefox(home / XDG)
    (home / OLD).mkdir(parents=True)
    with pytest.raises(StoreNotFound) as caught:
        resolve("firefox")
    assert str(home / OLD) in caught.value.hint
    assert resolve("firefox:default-release").path == str(live)
    assert resolve("firefox:default-release").state == "hidden"
    assert [problem.code for problem in discover().problems] == ["hidden"]


def test_refused_default_is_explained(home: Path) -> None:
    """A default profile that leads elsewhere is not used, and the error says why."""
    used(home / "elsewhere")
    out = "../" * len(Path(FIREFOX).parts) + "elsewhere"
    write_ini(home / FIREFOX, ("evil", out), install=out)
    with pytest.raises(StoreNotFound) as caught:
        resolve("firefox")
    assert "leads out of its place" in caught.value.hint
    assert not places(discover())


def test_portable(home: Path) -> None:
    """A profile directory, or a directory of profiles, can be given by path."""
    live = firefox(home / "stick/Data")
    assert resolve(f"firefox:{live}").path == str(live)
    assert resolve("firefox:~/stick/Data").path == str(live)


def test_shared_root(home: Path) -> None:
    """Betterbird uses Thunderbird's profiles: they are found once, and under both names."""
    live = firefox(home / THUNDERBIRD)
    assert [one.path for one in discover().found].count(str(live)) == 1
    assert resolve("betterbird").path == resolve("thunderbird").path == str(live)


def test_in_use(home: Path) -> None:
    """A profile that is open says by whom, as far as the system tells."""
    live = firefox(home / FIREFOX)
    with holder(live / LOCK) as pid:
        state = resolve("firefox").state
        assert state.startswith("in use by Firefox" if WINDOWS else "in use by python")
        assert WINDOWS or str(pid) in state
    assert resolve("firefox").state == "ready"


@chromium
def test_chromium_is_not_made(home: Path) -> None:
    """The database that does not exist yet is at the place Chromium would choose."""
    found = resolve("chromium")
    assert (str(found.location), found.path) == ("chromium", str(home / ".local/share/pki/nssdb"))
    assert found.state == "empty"
    assert not list(home.iterdir())


@chromium
def test_chromium_packages(home: Path) -> None:
    """The package that is used is meant; with two the kind alone does not choose."""
    snap = profile(home / "snap/chromium/current/.pki/nssdb", "cert9.db")
    profile(home / "snap/chromium/common/chromium")
    assert resolve("chromium").path == str(snap)
    profile(home / ".config/chromium")
    with pytest.raises(NoMatch) as caught:
        resolve("chromium")
    assert "chromium:native, chromium:snap" in caught.value.hint
    assert str(resolve("chromium:native").location) == "chromium:native"
    with pytest.raises(StoreNotFound):
        resolve("chromium:tarball")


@chromium
def test_chromium_in_use(home: Path) -> None:
    """Any browser that shares the database counts."""
    profile(home / ".pki/nssdb", "cert9.db")
    profile(home / ".config/vivaldi")
    (home / ".config/vivaldi/SingletonLock").symlink_to(f"{os.uname().nodename}-{os.getpid()}")
    assert "in use by" in resolve("chromium").state


@chromium
def test_chromium_of_another_user(home: Path) -> None:
    """A database directory that is not this user's is refused, not replaced by another."""
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(profile(home / ".pki/nssdb", "cert9.db"), 12345, 12345)
    with pytest.raises(AccessDenied, match="another user"):
        resolve("chromium")


def test_nss_paths(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absolute, relative, ~ and the database file itself; a directory that is yet to be made is empty."""
    monkeypatch.chdir(home)
    used(home / "db")
    paths = ("db", "~/db", "./db", "./x/../db", "db/cert9.db")
    for text in (f"nss:{home}/db", *paths, *(f"nss:{path}" for path in paths)):
        assert (resolve(text).path, resolve(text).state) == (str(home / "db"), "ready")
    assert str(resolve("nss:new").location) == f"nss:{home / 'new'}"
    assert resolve("nss:new").state == "empty"


def test_bare_directories(home: Path) -> None:
    """Old databases and fresh profiles are recognised; another directory is not taken for one."""
    assert resolve(str(profile(home / "old", "cert8.db", "key3.db"))).state == "legacy"
    assert resolve(str(profile(home / "fresh", "times.json"))).state == "empty"
    with pytest.raises(StoreNotFound) as caught:
        resolve(str(profile(home / "other", "x")))
    assert "cert9.db" in caught.value.hint
    (home / "empty").mkdir()
    with pytest.raises(StoreNotFound) as caught:
        resolve(str(home / "empty"))
    assert f"nss:{home / 'empty'}" in caught.value.hint
    firefox(home / "root")
    with pytest.raises(StoreNotFound, match="holds profiles"):
        resolve(str(home / "root"))


def test_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is yet to be made is known by its kind or its ending; a PEM pair by its comma."""
    monkeypatch.chdir(home)
    assert str(resolve("p12:a.p12").location) == f"p12:{home / 'a.p12'}"
    assert str(resolve("~/a.PFX").location) == f"p12:{home / 'a.PFX'}"
    assert str(resolve("a.pem").location) == f"pem:{home / 'a.pem'}"
    assert str(resolve("pem:a.pem,b.key").location) == f"pem:{home / 'a.pem'},{home / 'b.key'}"
    (home / "a,b").write_text("")
    assert str(resolve("pem:a,b").location) == f"pem:{home / 'a,b'}"


def test_existing_file_is_recognised_by_content(home: Path, alice: Leaf) -> None:
    """The files themselves say what they are, whatever their names."""
    path = home / "a.p12"
    path.write_bytes(alice.pem)
    assert resolve("~/a.p12") == Found(Location("pem", str(path)), "PEM file", str(path), "ready")
    path.write_text("a letter")
    with pytest.raises(Malformed, match="is not a file of"):
        resolve(str(path))


def test_unknown_kinds(home: Path) -> None:
    """The hint lists the kinds; those of later work are said not to be handled yet; a drive letter is no kind."""
    for text in ("netscape", "netscape:x", "eudora", "nss", "p12:"):
        with pytest.raises(StoreNotFound) as caught:
            resolve(text)
        assert "firefox, thunderbird" in caught.value.hint
    for text in () if WINDOWS else ("windows", "windows:machine"):
        with pytest.raises(Unsupported, match="on a Windows computer"):
            resolve(text)
    for text in ("keychain", "token:x"):
        with pytest.raises(Unsupported, match="yet"):
            resolve(text)
    for text in (r"C:\x\y", "C:/x", "./firefox", "/nowhere/x.p13", "~nobody-of-that-name/x"):
        with pytest.raises(StoreNotFound, match="there is no store at"):
            resolve(text)
    for text in ("", "a\0b", "\udcff", "nss:\0"):
        with pytest.raises(StoreNotFound, match="is not a location"):
            resolve(text)


ODD = ["firefox:", ":", "::", "nss:", "~", "/", "firefox:/", "chromium:x:y", "pem:,", "x" * 9999, "nss:" + "x" * 9999]


@pytest.mark.parametrize("text", ODD)
def test_odd_texts(home: Path, text: str) -> None:
    """Whatever is typed, an answer or one of the errors comes back."""
    with suppress(Error):
        assert resolve(text).path


def test_mounted_disk(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All homes on a disk are searched, by the layout of any system, without the environment of this one."""
    firefox(home / OLD)
    monkeypatch.setenv("MOZ_LEGACY_HOME", "1")
    disk = tmp_path / "disk"
    expected = {
        firefox(disk / "home/a" / OLD),
        firefox(disk / "home/b" / XDG),
        firefox(disk / "root/.thunderbird"),
        firefox(disk / "Users/c/AppData/Roaming/Mozilla/Firefox"),
        firefox(disk / "Users/d/Library/Application Support/Firefox"),
        profile(disk / "home/a/.pki/nssdb", "cert9.db"),
    }
    before = fingerprint(disk)
    discovery = discover(disk)
    assert {one.path for one in discovery.found if one.default} == {str(path) for path in expected}
    assert all(str(one.location) == f"nss:{one.path}" for one in discovery.found)
    assert not discovery.problems
    assert fingerprint(disk) == before


@pytest.mark.linux("Wine makes no symbolic links")
def test_mounted_disk_that_leads_off(tmp_path: Path) -> None:
    """Links to this computer, absolute paths and locks of the disk are not taken for what they are not."""
    disk, outside = tmp_path / "disk", tmp_path / "outside"
    firefox(outside / OLD)
    for name in ("a", "b", "c"):
        profile(disk / "home" / name)
    (disk / "home/a/.mozilla").symlink_to(outside / ".mozilla")
    (disk / "home/b/.pki").symlink_to(outside)
    profile(outside / "nssdb", "cert9.db")
    write_ini(disk / "home/c" / OLD)
    (disk / "home/c" / OLD / "profiles.ini").write_text(
        f"[Profile0]\nName=x\nIsRelative=0\nPath={outside}\n[Profile1]\nName=y\nIsRelative=0\nPath=/kept\n")
    kept = used(disk / "kept")
    (kept / "lock").symlink_to(f"127.0.0.1:{os.getpid()}")
    discovery = discover(disk)
    assert [(one.path, one.state) for one in discovery.found] == [(str(kept), "ready")]
    assert len(discovery.problems) == 2


def test_no_disk(tmp_path: Path) -> None:
    """A root that is not there is an error, not an empty answer."""
    with pytest.raises(StoreNotFound):
        discover(tmp_path / "nothing")


@pytest.mark.linux("names of any bytes")
def test_name_that_is_not_text(home: Path) -> None:
    """A directory whose name cannot be written as text is a problem, and the rest is found."""
    firefox(home / OLD)
    used(home / OLD / os.fsdecode(b"caf\xe9"))
    assert len(discover().found) == 2
    assert not discover(env={"HOME": os.fsdecode(os.fsencode(home) + b"/\xff")}).found


def test_own_environment(tmp_path: Path) -> None:
    """A given environment is used instead of this process's."""
    live = firefox(tmp_path / FIREFOX)
    env = {"USERPROFILE" if WINDOWS else "HOME": str(tmp_path)}
    assert resolve("firefox", env).path == str(live)
    assert resolve("~/a.p12", env).path == str(tmp_path / "a.p12")
