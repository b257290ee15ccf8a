"""Registry values as the settings of ``profiles.mail.record``: each a text of its type and data, by hive and path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from profiles.windows.registry import Hive, Key, Value

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from profiles.windows.registry import Registry

_SEPARATOR = "|"
_KEY, _VALUE = "key", "registry"
THERE = "there"
"""The text of a key."""


def setting(key: Key, name: str) -> str:
    """What a value is called."""
    return _SEPARATOR.join((_VALUE, key.hive.name, key.path, name))


def presence(key: Key) -> str:
    """What it is called that a key is there, for a key that has to be made."""
    return _SEPARATOR.join((_KEY, key.hive.name, key.path, ""))


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
        return {name: self._text(name) for name in names}

    def _text(self, name: str) -> str | None:
        what, key, one = _place(name)
        if what == _KEY:
            return THERE if self._registry.exists(key) else None
        return text(self._registry.value(key, one))

    def write(self, values: Mapping[str, str | None]) -> None:
        """See ``Settings``: what was written before one is refused is put back."""
        before = self.values(values)
        keys_last = sorted(values, key=lambda name: name.startswith(_KEY))
        try:
            for name in keys_last:
                self._put(name, values[name])
        except BaseException:
            for name in keys_last:
                if self._text(name) != before[name]:
                    self._put(name, before[name])
            raise

    def _put(self, name: str, value: str | None) -> None:
        what, key, one = _place(name)
        if what == _KEY:
            if value is None:
                self._registry.delete_key(key)
        elif value is None:
            self._registry.delete(key, one)
        else:
            self._registry.write(key, one, _value(value))


def _place(name: str) -> tuple[str, Key, str]:
    what, hive, rest = name.split(_SEPARATOR, 2)
    path, _, one = rest.rpartition(_SEPARATOR)  # a key may have the separator in its name, no value here has
    return what, Key(Hive[hive], path), one


def _value(packed: str) -> Value:
    kind, data = json.loads(packed)
    if isinstance(data, dict):
        return Value(kind, bytes.fromhex(data["hex"]))
    return Value(kind, tuple(data) if isinstance(data, list) else data)
