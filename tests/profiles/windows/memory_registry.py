"""A stand-in for the Windows registry, in memory, for systems that have none.

It shows what Microsoft documents and ``test_registry`` checks of the real one: names without regard to case but kept as
written, one registry for each view below HKLM\\Software and a shared one for users (WOW64 "Registry Redirector"), keys
that are made with what is above them, and keys that may be forbidden.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from profiles.errors import AccessDenied
from profiles.windows.registry import Hive, Key, Value, View

_REDIRECTED = "software\\"


@dataclass
class _Node:
    name: str
    values: dict[str, tuple[str, Value]] = field(default_factory=dict)
    below: dict[str, _Node] = field(default_factory=dict)


class MemoryRegistry:
    """See ``Registry``. ``own`` is the view of a process that names none; ``forbidden`` are paths nobody may write."""

    def __init__(self, own: View = View.BITS_64) -> None:
        self._own = own
        self._roots = {hive: _Node(hive.value) for hive in Hive}
        self.forbidden: set[str] = set()
        self.writes = 0
        self.fail_at = 0
        """Which write (counted from 1) fails, as one does on a full disk."""
        self.flushed: list[Key] = []

    def exists(self, key: Key) -> bool:
        return self._find(key) is not None

    def keys(self, key: Key) -> tuple[str, ...]:
        node = self._find(key)
        return tuple(below.name for below in node.below.values()) if node else ()

    def values(self, key: Key) -> dict[str, Value]:
        node = self._find(key)
        return dict(node.values.values()) if node else {}

    def value(self, key: Key, name: str) -> Value | None:
        node = self._find(key)
        return node.values.get(name.casefold(), ("", None))[1] if node else None

    def write(self, key: Key, name: str, value: Value) -> None:
        self._changing(key)
        node = self._roots[key.hive]
        for part in self._parts(key):
            node = node.below.setdefault(part.casefold(), _Node(part))
        kept = node.values.get(name.casefold(), (name, value))[0]
        node.values[name.casefold()] = (kept, value)

    def delete(self, key: Key, name: str) -> None:
        node = self._find(key)
        if node is not None:
            self._changing(key)
            node.values.pop(name.casefold(), None)

    def delete_key(self, key: Key) -> None:
        node = self._find(key)
        if node is not None and not node.values and not node.below:
            self._changing(key)
            *above, last = self._parts(key)
            parent = self._roots[key.hive]
            for part in above:
                parent = parent.below[part.casefold()]
            del parent.below[last.casefold()]

    def flush(self, key: Key) -> None:
        self.flushed.append(key)

    def _changing(self, key: Key) -> None:
        if key.path in self.forbidden:
            raise AccessDenied(f"the registry key {key} may not be read or written by this user")
        self.writes += 1
        if self.writes == self.fail_at:
            raise AccessDenied("the registry cannot grow")

    def _find(self, key: Key) -> _Node | None:
        node: _Node | None = self._roots[key.hive]
        for part in self._parts(key):
            node = node.below.get(part.casefold()) if node else None
        return node

    def _parts(self, key: Key) -> list[str]:
        path = key.path
        view = self._own if key.view is View.OWN else key.view
        if key.hive is Hive.MACHINE and view is View.BITS_32 and path.casefold().startswith(_REDIRECTED):
            path = f"{path[: len(_REDIRECTED)]}WOW6432Node\\{path[len(_REDIRECTED) :]}"
        return path.split("\\")
