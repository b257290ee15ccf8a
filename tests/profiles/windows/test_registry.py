"""What the registry seam promises: of the real registry under Windows, of its stand-in everywhere."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING

import pytest

from profiles.errors import Unsupported
from profiles.windows import registry as seam
from profiles.windows.registry import Hive, Key, Value, View, WindowsRegistry
from tests.profiles.windows.memory_registry import MemoryRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.windows.registry import Registry

REAL = [WindowsRegistry] if sys.platform == "win32" else []
SAMPLES = {
    "text": Value(seam.REG_SZ, "Ärger 中"),
    "expand": Value(seam.REG_EXPAND_SZ, "%APPDATA%\\x"),
    "bytes": Value(seam.REG_BINARY, bytes(range(256))),
    "none": Value(seam.REG_BINARY, b""),
    "number": Value(seam.REG_DWORD, 0xFFFFFFFF),
    "long": Value(seam.REG_QWORD, 1 << 60),
    "several": Value(seam.REG_MULTI_SZ, ("a", "中")),
}


@pytest.fixture(params=[MemoryRegistry, *REAL])
def registry(request: pytest.FixtureRequest) -> Registry:
    made: Registry = request.param()
    return made


@pytest.fixture
def key(registry: Registry) -> Iterator[Key]:
    """A key of this test's own, which is not there yet."""
    found = Key(Hive.USER, f"Software\\certferry-test-{uuid.uuid4().hex}")
    yield found
    _remove(registry, found)


def _remove(registry: Registry, key: Key) -> None:
    for below in registry.keys(key):
        _remove(registry, key / below)
    for name in registry.values(key):
        registry.delete(key, name)
    registry.delete_key(key)


def test_what_is_not_there(registry: Registry, key: Key) -> None:
    """Nothing is found, nothing can be removed, and looking makes nothing."""
    assert not registry.exists(key)
    assert registry.keys(key) == ()
    assert registry.values(key) == {}
    assert registry.value(key, "x") is None
    registry.delete(key, "x")
    registry.delete_key(key)
    assert not registry.exists(key)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_value_comes_back_as_it_was(registry: Registry, key: Key, name: str) -> None:
    """Every type, byte for byte."""
    registry.write(key, name, SAMPLES[name])
    assert registry.value(key, name) == SAMPLES[name]
    assert registry.values(key) == {name: SAMPLES[name]}


def test_names_have_no_case(registry: Registry, key: Key) -> None:
    """A value is replaced under another spelling, and keeps its first one."""
    registry.write(key / "Below", "Name", SAMPLES["text"])
    registry.write(key / "BELOW", "NAME", SAMPLES["number"])
    assert registry.values(key / "below") == {"Name": SAMPLES["number"]}
    assert registry.keys(key) == ("Below",)


def test_flushing(registry: Registry, key: Key) -> None:
    """Changes nothing, makes nothing, and what is not there is no failure."""
    registry.flush(key)
    assert not registry.exists(key)
    registry.write(key, "x", SAMPLES["text"])
    registry.flush(key)
    assert registry.values(key) == {"x": SAMPLES["text"]}


def test_removing(registry: Registry, key: Key) -> None:
    """A value goes alone; a key goes only when it holds nothing."""
    registry.write(key / "a", "x", SAMPLES["text"])
    registry.write(key / "a", "y", SAMPLES["text"])
    registry.delete(key / "a", "x")
    registry.delete_key(key / "a")
    assert registry.values(key / "a") == {"y": SAMPLES["text"]}
    registry.delete_key(key)
    assert registry.exists(key)
    registry.delete(key / "a", "y")
    registry.delete_key(key / "a")
    assert registry.exists(key)
    assert not registry.exists(key / "a")


def test_the_views_of_64_bit_windows(registry: Registry) -> None:
    """Programs of 32 and 64 bits see different keys of the machine, and the same ones of the user."""
    name = f"certferry-test-{uuid.uuid4().hex}"
    for hive in Hive:
        wide, narrow = (Key(hive, f"Software\\{name}", view) for view in (View.BITS_64, View.BITS_32))
        try:
            registry.write(narrow, "x", SAMPLES["text"])
            assert (registry.value(wide, "x") is None) == (hive is Hive.MACHINE)
            if hive is Hive.MACHINE:
                assert registry.value(Key(hive, f"Software\\WOW6432Node\\{name}", View.BITS_64), "x")
        finally:
            _remove(registry, narrow)


def test_text_of_a_name(registry: Registry, key: Key) -> None:
    """Outlook keeps names as text, or as UTF-16 in binary."""
    registry.write(key, "a", Value(seam.REG_SZ, "alice@example.test"))
    registry.write(key, "b", Value(seam.REG_BINARY, "alice@example.test\0".encode("utf-16-le")))
    registry.write(key, "c", Value(seam.REG_DWORD, 5))
    assert [value.text for value in registry.values(key).values()] == ["alice@example.test"] * 2 + [""]
    assert [value.blob is None for value in registry.values(key).values()] == [True, False, True]


def test_the_registry_of_this_computer() -> None:
    """Windows has one; elsewhere it is refused with a sentence, and the computer simply has none."""
    if sys.platform == "win32":
        assert isinstance(seam.here(), WindowsRegistry)
        return
    assert seam.here() is None
    with pytest.raises(Unsupported):
        WindowsRegistry()
