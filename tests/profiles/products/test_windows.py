"""Which applications on a Windows use its stores: told from what their installers leave in the registry."""

from __future__ import annotations

import pytest

from profiles.products.windows import MACHINE, USER, applications
from profiles.windows.registry import REG_DWORD, REG_SZ, Hive, Key, Value, View
from tests.profiles.windows.memory_registry import MemoryRegistry

PATHS = "Software\\Microsoft\\Windows\\CurrentVersion\\App Paths"


def put(registry: MemoryRegistry, hive: Hive, path: str, name: str, data: str, view: View = View.BITS_64) -> None:
    registry.write(Key(hive, path, view), name, Value(REG_SZ, data))


def test_an_empty_registry() -> None:
    """Nothing is installed, and looking makes nothing."""
    registry = MemoryRegistry()
    assert applications(registry) == ()
    assert registry.writes == 0


def test_browsers_of_all_and_of_one_user() -> None:
    """Chrome may be installed for one user, Internet Explorer and Edge for all; versions come along."""
    registry = MemoryRegistry()
    put(registry, Hive.USER, f"{PATHS}\\chrome.exe", "", '"C:\\Users\\a\\chrome.exe"')
    put(registry, Hive.USER, "Software\\Google\\Chrome\\BLBeacon", "version", "131.0.1")
    put(registry, Hive.MACHINE, f"{PATHS}\\msedge.exe", "", "C:\\edge.exe", View.BITS_32)
    put(registry, Hive.MACHINE, f"{PATHS}\\IEXPLORE.EXE", "", "C:\\ie.exe")
    put(registry, Hive.MACHINE, "Software\\Microsoft\\Internet Explorer", "Version", "9.11.1")
    put(registry, Hive.MACHINE, "Software\\Microsoft\\Internet Explorer", "svcVersion", "11.0.1")
    assert [(one.name, one.kind, one.store, one.version, one.path) for one in applications(registry)] == [
        ("Internet Explorer", "browser", USER, "11.0.1", "C:\\ie.exe"),
        ("Edge", "browser", USER, "", "C:\\edge.exe"),
        ("Chrome", "browser", USER, "131.0.1", "C:\\Users\\a\\chrome.exe")]


@pytest.mark.parametrize("name", ["Microsoft Outlook", "Windows Mail", "Windows Live Mail", "Outlook Express"])
def test_mail_programs(name: str) -> None:
    """As they register for Windows' choice of mail programs."""
    registry = MemoryRegistry()
    put(registry, Hive.MACHINE, f"Software\\Clients\\Mail\\{name}", "", name)
    assert [(one.name, one.kind) for one in applications(registry)] == [(name.removeprefix("Microsoft "), "mail")]


def test_iis_uses_the_store_of_the_computer() -> None:
    """The one application here whose certificates are not the user's."""
    registry = MemoryRegistry()
    key = Key(Hive.MACHINE, "Software\\Microsoft\\InetStp", View.BITS_64)
    registry.write(key, "PathWWWRoot", Value(REG_SZ, "C:\\inetpub"))
    assert applications(registry) == ()
    registry.write(key, "MajorVersion", Value(REG_DWORD, 10))
    registry.write(key, "VersionString", Value(REG_SZ, "Version 10.0"))
    assert [(one.name, one.store, one.version) for one in applications(registry)] == [("IIS", MACHINE, "Version 10.0")]
