"""A power cut: what the record of a step says is on the disk, as far as that is for a program to see to."""

from __future__ import annotations

import pytest

from profiles.errors import ToolFailed
from profiles.windows.registry import Hive, Key
from profiles.windows.store import MACHINE, USER, WindowsStore
from tests.profiles.place import identity, person, put
from tests.profiles.windows.memory_registry import MemoryRegistry


class Watching(MemoryRegistry):
    """Notes which records there are whenever it is flushed; ``broken`` it cannot be."""

    def __init__(self, records):
        super().__init__()
        self.records, self.seen, self.broken = records, [], False

    def flush(self, key):
        super().flush(key)
        self.seen.append({"begun" if "intent" in path.name else "done" for path in self.records.rglob("*.json")})
        if self.broken:
            raise ToolFailed("the registry could not be written")


@pytest.fixture
def registry(tmp_path):
    return Watching(tmp_path)


@pytest.mark.parametrize("location", [USER, MACHINE])
def test_certificates_are_on_the_disk_before_their_step_is_done(windows, registry, tmp_path, location):
    """And are gone from it before its record is."""
    store = WindowsStore(location, windows.native(), tmp_path, registry=registry)
    put(store, *identity(person("Alice")))
    assert registry.seen == [{"begun"}]
    store.undo(store.undo_point)
    assert registry.seen == [{"begun"}, {"done"}]
    hive = Hive.USER if location == USER else Hive.MACHINE
    assert set(registry.flushed) == {Key(hive, "Software\\Microsoft\\SystemCertificates")}


def test_a_registry_that_cannot_be_written(windows, registry, tmp_path):
    """Ends the step, which the next start takes back."""
    registry.broken = True
    with pytest.raises(ToolFailed, match="could not be written"):
        put(WindowsStore(USER, windows.native(), tmp_path, registry=registry), *identity(person("Alice")))
    registry.broken = False
    assert not WindowsStore(USER, windows.native(), tmp_path, registry=registry).list().entries
    assert not windows.keys and not list(tmp_path.rglob("intent-*"))
