"""Registry values as the settings of ``profiles.mail.record``: each a text that says type and data, by hive and path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from profiles.windows.registry import Hive, Key, Value

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from profiles.windows.registry import Registry

_SEPARATOR = "|"
"""Stands in no path of a registry key."""


def setting(key: Key, name: str) -> str:
    """What a value is called."""
    return _SEPARATOR.join(("registry", key.hive.name, key.path, name))


def text(value: Value | None) -> str | None:
    """A value as text."""
    if value is None:
        return None
    data = {"hex": value.data.hex()} if isinstance(value.data, bytes) else value.data
    return json.dumps([value.kind, data])


class RegistrySettings:
    """See ``Settings``: values of the user's part of the registry, which has one view only."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def values(self, names: Collection[str]) -> dict[str, str | None]:
        """See ``Settings``."""
        return {name: text(self._registry.value(*_place(name))) for name in names}

    def write(self, values: Mapping[str, str | None]) -> None:
        """See ``Settings``: what was written before one is refused is put back."""
        before = self.values(values)
        done: list[str] = []
        try:
            for name, value in values.items():
                done.append(name)
                self._put(name, value)
        except BaseException:
            for name in reversed(done):
                self._put(name, before[name])
            raise

    def _put(self, name: str, value: str | None) -> None:
        key, one = _place(name)
        if value is not None:
            self._registry.write(key, one, _value(value))
        elif self._registry.value(key, one) is not None:
            self._registry.delete(key, one)
            self._registry.delete_key(key)


def _place(name: str) -> tuple[Key, str]:
    _, hive, path, one = name.split(_SEPARATOR, 3)
    return Key(Hive[hive], path), one


def _value(packed: str) -> Value:
    kind, data = json.loads(packed)
    if isinstance(data, dict):
        return Value(kind, bytes.fromhex(data["hex"]))
    return Value(kind, tuple(data) if isinstance(data, list) else data)
