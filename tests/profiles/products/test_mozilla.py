"""Mozilla profiles are found where each packaging puts them, and nothing leads out of bounds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.products import mozilla
from profiles.products.catalogue import PRODUCTS
from profiles.products.home import LINUX, MACOS, WINDOWS, Candidate, Home
from tests.profiles.products.trees import firefox, profile, used, write_ini

FIREFOX, SEAMONKEY = (next(one for one in PRODUCTS if one.kind == kind) for kind in ("firefox", "seamonkey"))


def found(root: Path, product=FIREFOX, **env: str) -> tuple[dict[str, Candidate], list[str]]:
    candidates, problems = mozilla.profiles(root, Home(root.parent, LINUX, env), product)
    return {one.name: one for one in candidates}, [problem.message for problem in problems]


@pytest.mark.parametrize(
    ("system", "place", "kind"),
    [
        (LINUX, ".mozilla/firefox", "firefox"),
        (LINUX, ".config/mozilla/firefox", "firefox"),
        (LINUX, "snap/firefox/common/.mozilla/firefox", "firefox"),
        (LINUX, ".var/app/org.mozilla.firefox/.mozilla/firefox", "firefox"),
        (LINUX, ".var/app/org.mozilla.firefox/config/mozilla/firefox", "firefox"),
        (LINUX, ".thunderbird", "thunderbird"),
        (LINUX, "snap/thunderbird/common/.thunderbird", "thunderbird"),
        (LINUX, ".var/app/org.mozilla.Thunderbird/.thunderbird", "thunderbird"),
        (LINUX, ".var/app/eu.betterbird.Betterbird/.thunderbird", "betterbird"),
        (LINUX, ".librewolf", "librewolf"),
        (LINUX, ".config/zen", "zen"),
        (LINUX, ".moonchild productions/pale moon", "palemoon"),
        (WINDOWS, "AppData/Roaming/Mozilla/Firefox", "firefox"),
        (WINDOWS, "AppData/Local/Packages/Mozilla.Firefox_n80bbvh6b1yt2/LocalCache/Roaming/Mozilla/Firefox", "firefox"),
        (WINDOWS, "AppData/Roaming/Thunderbird", "thunderbird"),
        (MACOS, "Library/Application Support/Firefox", "firefox"),
        (MACOS, "Library/Thunderbird", "thunderbird"),
    ],
)
def test_packaging(tmp_path: Path, system: str, place: str, kind: str) -> None:
    """Each packaging's root is searched on its system, and the profile that was used is found ready."""
    firefox(tmp_path / place)
    candidates, problems = mozilla.find(Home(tmp_path, system))
    ready = {one.kind for one in candidates if one.state == "ready"}
    assert kind in ready
    assert not problems


def test_every_product_has_its_own_word() -> None:
    """Kinds are unique, and every root starts at a base that is known."""
    assert len({product.kind for product in PRODUCTS}) == len(PRODUCTS)
    for product in PRODUCTS:
        for installation in product.installations:
            for root in installation.roots:
                Home(Path("/h"), installation.system).at(root)


def test_live_profile_is_the_one_of_the_install(tmp_path: Path) -> None:
    """A profile marked Default=1 is not live where an installed copy has another."""
    live = firefox(tmp_path / "root")
    profiles, problems = found(tmp_path / "root")
    assert profiles["default-release"].live
    assert profiles["default-release"].path == live
    assert not profiles["default"].live
    assert profiles["default"].state == "empty"
    assert not problems


def test_installs_ini_counts_where_profiles_ini_says_nothing(tmp_path: Path) -> None:
    """The backup of the install sections is used, and profiles.ini goes before it."""
    for name in ("a", "b"):
        used(tmp_path / name)
    write_ini(tmp_path, ("a", "a"), ("b", "b"), installs="b", marked="a")
    assert [name for name, one in found(tmp_path)[0].items() if one.live] == ["b"]
    write_ini(tmp_path, ("a", "a"), ("b", "b"), install="a", installs="b")
    assert [name for name, one in found(tmp_path)[0].items() if one.live] == ["a"]


def test_marked_profile_without_install(tmp_path: Path) -> None:
    """Firefox adopts a marked profile only if it has used it before; SeaMonkey always does."""
    profile(tmp_path / "a", "times.json")
    write_ini(tmp_path, ("a", "a"), marked="a")
    assert not found(tmp_path)[0]["a"].live
    assert found(tmp_path, SEAMONKEY)[0]["a"].live
    used(tmp_path / "a")
    assert found(tmp_path)[0]["a"].live


def test_only_profile_of_seamonkey_is_live(tmp_path: Path) -> None:
    """A single profile needs no mark in a product without dedicated profiles."""
    used(tmp_path / "a")
    write_ini(tmp_path, ("a", "a"))
    assert found(tmp_path, SEAMONKEY)[0]["a"].live


def test_copies_that_are_gone_do_not_count(tmp_path: Path) -> None:
    """The default of an uninstalled Firefox gives way to that of one that is there."""
    for name, place in (("old", tmp_path / "gone"), ("new", tmp_path)):
        (used(tmp_path / name) / "compatibility.ini").write_text(f"[Compatibility]\nLastPlatformDir={place}\n")
    write_ini(tmp_path, ("old", "old"), ("new", "new"))
    with (tmp_path / "profiles.ini").open("a") as file:
        file.write("[InstallAAAA]\nDefault=old\n[InstallBBBB]\nDefault=new\n")
    assert [name for name, one in found(tmp_path)[0].items() if one.live] == ["new"]


def test_default_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    """An install whose profile is not there is reported, and nothing else is taken for it."""
    used(tmp_path / "a")
    write_ini(tmp_path, ("a", "a"), install="gone", marked="a")
    profiles, problems = found(tmp_path)
    assert not profiles["a"].live
    assert len(problems) == 1
    assert "gone" in problems[0]


@pytest.mark.linux("Wine makes no symbolic links")
def test_absolute_path(tmp_path: Path) -> None:
    """A listed absolute path counts if it is a real directory of this user that looks like a profile."""
    root, elsewhere = tmp_path / "root", used(tmp_path / "else where")
    root.mkdir()
    text = f"[Profile0]\nName=a\nIsRelative=0\nPath={elsewhere}\n[InstallAA]\nDefault={elsewhere}\n"
    (root / "profiles.ini").write_text(text)
    assert found(root)[0]["a"].live
    (elsewhere.rename(tmp_path / "moved"))
    elsewhere.symlink_to(tmp_path / "moved")
    profiles, problems = found(root)
    assert not profiles
    assert "is a link" in problems[0]


def test_state(tmp_path: Path) -> None:
    """Databases of today, of old, and none."""
    held = {"now": ["cert9.db"], "old": ["cert8.db", "key3.db"], "both": ["cert8.db", "key4.db"], "no": []}
    for name, files in held.items():
        profile(tmp_path / name, *files)
    write_ini(tmp_path, *((name, name) for name in held))
    states = {name: one.state for name, one in found(tmp_path)[0].items()}
    assert states == {"now": "ready", "old": "legacy", "both": "ready", "no": "empty"}


def test_profiles_that_are_not_listed(tmp_path: Path) -> None:
    """A directory with databases is found without profiles.ini; one without is not taken for a profile."""
    used(tmp_path / "lost")
    used(tmp_path / "Profiles" / "group")
    profile(tmp_path / "Crash Reports", "x")
    profiles, _ = found(tmp_path)
    assert set(profiles) == {"lost", "group"}
    assert not any(one.live for one in profiles.values())


HOSTILE = [
    "../../outside", "..", ".", "", "./", "/etc", "//server/share", r"\\server\share", "a\0b", "a/../../outside",
    "link", "inner/up", "file", "x" * 5000, "missing", "loop", "fifo", "caf\udce9", "~", "$HOME", "a" * 255 + "/b",
    "/" + "a" * 300, "/" + "a/" * 3000,
]


@pytest.mark.parametrize("path", HOSTILE)
@pytest.mark.parametrize("relative", ["1", "0", "", "2"])
def test_hostile_paths(tmp_path: Path, path: str, relative: str) -> None:
    """None is followed, each is a problem, and the good profile beside it is found."""
    root = tmp_path / "root"
    used(tmp_path / "outside")
    firefox(root)
    (root / "link").symlink_to(tmp_path / "outside")
    profile(root / "inner")
    (root / "inner" / "up").symlink_to("../..")
    (root / "file").write_text("")
    (root / "loop").symlink_to("loop")
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "fifo")
    with (root / "profiles.ini").open("ab") as file:
        text = f"[Profile7]\nName=evil\nIsRelative={relative}\nPath={path}\n"
        file.write(text.encode("utf-8", "surrogateescape"))
    profiles, problems = found(root)
    assert set(profiles) == {"default-release", "default"}
    assert profiles["default-release"].live
    assert len(problems) == 1
    assert "evil" in problems[0]
    problems[0].encode()


@pytest.mark.linux("root gives a directory away")
def test_directory_of_another_user(tmp_path: Path) -> None:
    """What another user owns is not this user's profile."""
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    firefox(tmp_path)
    os.chown(tmp_path / "abcd1234.default-release", 12345, 12345)
    profiles, problems = found(tmp_path)
    assert set(profiles) == {"default"}
    assert "belongs to another user" in problems[0]


@pytest.mark.parametrize("kind", [
    "directory", "huge", *(pytest.param(kind, marks=pytest.mark.linux("a FIFO, a device, symbolic links, modes"))
                           for kind in ("fifo", "link", "device", "locked", "broken"))])
def test_profiles_ini_that_is_no_file(tmp_path: Path, kind: str) -> None:
    """Nothing hangs or raises, and databases are found without it."""
    root = tmp_path / "root"
    used(root / "kept")
    ini = root / "profiles.ini"
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.write_text("[Profile0]\nName=evil\nIsRelative=1\nPath=kept\n")
    match kind:
        case "fifo":
            os.mkfifo(ini)
        case "directory":
            ini.mkdir()
        case "link":
            ini.symlink_to(outside)
        case "device":
            ini.symlink_to("/dev/zero")
        case "broken":
            ini.symlink_to("nowhere")
        case "huge":
            ini.write_bytes(b"[Profile0]\nName=evil\nIsRelative=1\nPath=kept\n" + b"#" * (1 << 20))
        case "locked":
            ini.write_text("[Profile0]\nName=evil\nIsRelative=1\nPath=..\n")
            ini.chmod(0)
    profiles, problems = found(root)
    assert set(profiles) == {"kept"}
    assert len(problems) == 1


def test_many_profiles_are_cut_short(tmp_path: Path) -> None:
    """A list without end costs little and is reported."""
    used(tmp_path / "a")
    write_ini(tmp_path, *((f"n{number}", "a") for number in range(2000)))
    profiles, problems = found(tmp_path)
    assert len(profiles) == mozilla.MAX_PROFILES
    assert "2000 profiles" in problems[0]


def test_xdg_precedence(tmp_path: Path) -> None:
    """An existing old root hides the XDG one, even if it is empty: both are listed, and a problem tells."""
    home = Home(tmp_path, LINUX)
    firefox(tmp_path / ".config/mozilla/firefox")
    (tmp_path / ".mozilla").mkdir()
    assert [one.live for one in mozilla.find(home)[0]] == [True, False]
    (tmp_path / ".mozilla/firefox").mkdir()
    candidates, problems = mozilla.find(home)
    assert len(candidates) == 2
    assert not any(one.live for one in candidates)
    assert {one.shadow for one in candidates} == {tmp_path / ".mozilla/firefox"}
    assert [problem.code for problem in problems] == ["hidden"]


def test_xdg_config_home(tmp_path: Path) -> None:
    """The variable is followed if it is absolute and ignored if it is not."""
    firefox(tmp_path / "conf/mozilla/firefox")
    assert mozilla.find(Home(tmp_path, LINUX, {"XDG_CONFIG_HOME": str(tmp_path / "conf")}))[0]
    assert not mozilla.find(Home(tmp_path, LINUX, {"XDG_CONFIG_HOME": "conf"}))[0]


@pytest.mark.parametrize(("value", "legacy"), [("1", True), ("0", False), ("", False), ("yes", False), ("11", False)])
def test_moz_legacy_home(tmp_path: Path, value: str, legacy: bool) -> None:
    """Exactly 1 makes Firefox read the old root even where it is not there."""
    firefox(tmp_path / ".config/mozilla/firefox")
    home = Home(tmp_path, LINUX, {"MOZ_LEGACY_HOME": value})
    assert any(one.live for one in mozilla.find(home)[0]) is not legacy
    assert mozilla.root_in_use(home, FIREFOX.installations[0]).is_relative_to(tmp_path / ".mozilla") is legacy


SNIPPETS = st.sampled_from(
    b"[Profile0] [Profile1] [Profile00] [InstallAA] [Install] [General] Name=a IsRelative=1 IsRelative=0 Default=1 "
    b"Default=good Default=../evil Path=good Path=../evil Path=link Path=good/../../evil Path=/ Path=//x/y Path=. "
    b"Path=\xff Path=a\0b Path=\\\\x\\y Locked=1".split(b" "))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(SNIPPETS, st.binary(max_size=30))), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_nothing_leads_outside(tmp_path: Path, lines: list[bytes], end: bytes) -> None:
    """Whatever profiles.ini holds, every profile is below the root."""
    root = tmp_path / "root"
    if not root.exists():
        used(root / "good")
        used(tmp_path / "evil")
        (root / "link").symlink_to("../evil")
    (root / "profiles.ini").write_bytes(end.join(lines))
    for one in found(root)[0].values():
        assert one.path == root / "good"
