"""A registry below one key of another: on a person's Windows the tests touch nothing but a key of their own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from profiles.windows.registry import Hive, Key, View

if TYPE_CHECKING:
    from profiles.windows.registry import Registry, Value


class RootedRegistry:
    """See ``Registry``."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._root = Key(Hive.USER, f"Software\\certferry-test-{uuid.uuid4().hex}")

    def _place(self, key: Key) -> Key:
        narrow = key.hive is Hive.MACHINE and key.view is View.BITS_32
        return self._root / key.hive.name / ("32" if narrow else "64") / key.path

    def exists(self, key: Key) -> bool:
        return self._registry.exists(self._place(key))

    def keys(self, key: Key) -> tuple[str, ...]:
        return self._registry.keys(self._place(key))

    def values(self, key: Key) -> dict[str, Value]:
        return self._registry.values(self._place(key))

    def value(self, key: Key, name: str) -> Value | None:
        return self._registry.value(self._place(key), name)

    def write(self, key: Key, name: str, value: Value) -> None:
        self._registry.write(self._place(key), name, value)

    def delete(self, key: Key, name: str) -> None:
        self._registry.delete(self._place(key), name)

    def delete_key(self, key: Key) -> None:
        self._registry.delete_key(self._place(key))

    def flush(self, key: Key) -> None:
        self._registry.flush(self._place(key))

    def everything(self) -> dict[str, dict[str, Value]]:
        """All keys below the root with their values."""
        return dict(self._all(self._root))

    def _all(self, key: Key) -> list[tuple[str, dict[str, Value]]]:
        found = [(key.path, self._registry.values(key))]
        for below in self._registry.keys(key):
            found += self._all(key / below)
        return found

    def remove(self) -> None:
        """Leave nothing behind."""
        self._remove(self._root)

    def _remove(self, key: Key) -> None:
        for below in self._registry.keys(key):
            self._remove(key / below)
        for name in self._registry.values(key):
            self._registry.delete(key, name)
        self._registry.delete_key(key)
