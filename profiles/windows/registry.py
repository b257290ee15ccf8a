"""The Windows registry: the seam through which everything here reads and writes it; the module imports everywhere.

A value is read and put back exactly: its type with its data, and that it was not there.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from profiles.errors import AccessDenied, ToolFailed, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

# winnt.h
REG_SZ, REG_EXPAND_SZ, REG_BINARY, REG_DWORD, REG_MULTI_SZ, REG_QWORD = 1, 2, 3, 4, 7, 11
_MAX_NAMES = 10_000
"""No key that is read here has more subkeys or values."""


class Hive(Enum):
    """A root of the registry; the value is winreg's name for it."""

    USER = "HKEY_CURRENT_USER"
    MACHINE = "HKEY_LOCAL_MACHINE"


class View(Enum):
    """Which of the two registries of a 64-bit Windows is meant; the value is winreg's name of the flag."""

    OWN = ""
    """That of this process."""
    BITS_64 = "KEY_WOW64_64KEY"
    BITS_32 = "KEY_WOW64_32KEY"


class Key(NamedTuple):
    """The address of a registry key; ``key / "sub"`` is one below."""

    hive: Hive
    path: str
    view: View = View.OWN

    def __truediv__(self, below: str) -> Key:
        return self._replace(path=f"{self.path}\\{below}" if self.path else below)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("\\")[2]

    def __str__(self) -> str:
        return f"{self.hive.value}\\{self.path}"


class Value(NamedTuple):
    """A value: its type as winnt.h numbers them, and its data as winreg has it (REG_BINARY always bytes)."""

    kind: int
    data: bytes | str | int | tuple[str, ...]

    @property
    def text(self) -> str:
        """The string that it is; binary data as UTF-16 with its NUL (Outlook writes names so); otherwise nothing."""
        if isinstance(self.data, bytes):
            return self.data.decode("utf-16-le", "replace").partition("\0")[0] if len(self.data) % 2 == 0 else ""
        return self.data if isinstance(self.data, str) else ""

    @property
    def blob(self) -> bytes | None:
        """The data of a REG_BINARY, None for any other type."""
        return self.data if isinstance(self.data, bytes) else None


class Registry(Protocol):
    """The verbs; every failure but that something is not there is an ``Error``."""

    def exists(self, key: Key) -> bool:
        """Whether the key is there."""

    def keys(self, key: Key) -> tuple[str, ...]:
        """The names of the keys below; none where the key is not there."""

    def values(self, key: Key) -> dict[str, Value]:
        """All values by name; none where the key is not there."""

    def value(self, key: Key, name: str) -> Value | None:
        """One value, or None."""

    def write(self, key: Key, name: str, value: Value) -> None:
        """Set a value durably, and make the key where it is not there; ``AccessDenied``."""

    def delete(self, key: Key, name: str) -> None:
        """Remove a value, if it is there; ``AccessDenied``."""

    def delete_key(self, key: Key) -> None:
        """Remove a key that holds nothing, if it is there; ``AccessDenied``."""

    def flush(self, key: Key) -> None:
        """Have on the disk what was written below a key, by whomever; nothing where the key is not there."""


class WindowsRegistry:
    """The registry of the Windows that this runs on, through winreg; ``Unsupported`` on other systems."""

    def __init__(self) -> None:
        if sys.platform != "win32":
            raise Unsupported("this system has no registry", "This works on Windows.")
        import winreg

        self._api: ModuleType = winreg

    def exists(self, key: Key) -> bool:
        """See ``Registry``."""
        with self._reading(key) as handle:
            return handle is not None

    def keys(self, key: Key) -> tuple[str, ...]:
        """See ``Registry``."""
        with self._reading(key) as handle:
            count = self._api.QueryInfoKey(handle)[0] if handle else 0
            return tuple(self._api.EnumKey(handle, index) for index in range(min(count, _MAX_NAMES)))

    def values(self, key: Key) -> dict[str, Value]:
        """See ``Registry``."""
        with self._reading(key) as handle:
            count = self._api.QueryInfoKey(handle)[1] if handle else 0
            found = (self._api.EnumValue(handle, index) for index in range(min(count, _MAX_NAMES)))
            return {name: _value(data, kind) for name, data, kind in found}

    def value(self, key: Key, name: str) -> Value | None:
        """See ``Registry``."""
        with self._reading(key) as handle:
            if handle is None:
                return None
            try:
                return _value(*self._api.QueryValueEx(handle, name))
            except FileNotFoundError:
                return None

    def write(self, key: Key, name: str, value: Value) -> None:
        """See ``Registry``."""
        data = list(value.data) if isinstance(value.data, tuple) else value.data
        access = self._api.KEY_SET_VALUE | self._flag(key)
        with _explained(key), self._api.CreateKeyEx(self._hive(key), key.path, 0, access) as handle:
            self._api.SetValueEx(handle, name, 0, value.kind, data)
            self._api.FlushKey(handle)

    def delete(self, key: Key, name: str) -> None:
        """See ``Registry``."""
        access = self._api.KEY_SET_VALUE | self._flag(key)
        try:
            with _explained(key), self._api.OpenKey(self._hive(key), key.path, 0, access) as handle:
                self._api.DeleteValue(handle, name)
                self._api.FlushKey(handle)
        except FileNotFoundError:
            return

    def delete_key(self, key: Key) -> None:
        """See ``Registry``."""
        if self.keys(key) or self.values(key):
            return
        try:
            with _explained(key):
                self._api.DeleteKeyEx(self._hive(key), key.path, self._flag(key))
        except FileNotFoundError:
            return

    def flush(self, key: Key) -> None:
        """See ``Registry``."""
        with self._reading(key) as handle:
            if handle is not None:
                self._api.FlushKey(handle)

    def _hive(self, key: Key) -> int:
        return cast("int", getattr(self._api, key.hive.value))

    def _flag(self, key: Key) -> int:
        return cast("int", getattr(self._api, key.view.value)) if key.view.value else 0

    @contextmanager
    def _reading(self, key: Key) -> Iterator[object | None]:
        try:
            with _explained(key):
                handle = self._api.OpenKey(self._hive(key), key.path, 0, self._api.KEY_READ | self._flag(key))
        except FileNotFoundError:
            yield None
            return
        with _explained(key), handle:
            yield handle


def here() -> Registry | None:
    """The registry of this computer, or None where the system has none."""
    return WindowsRegistry() if sys.platform == "win32" else None


def _value(data: object, kind: int) -> Value:
    """What winreg gave: an empty REG_BINARY comes as None."""
    if isinstance(data, list):
        return Value(kind, tuple(data))
    return Value(kind, cast("bytes | str | int", b"" if data is None else data))


@contextmanager
def _explained(key: Key) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except PermissionError:
        raise AccessDenied(f"the registry key {key} may not be read or written by this user",
                           "A policy may forbid it; ask who looks after this computer.") from None
    except OSError as error:
        raise ToolFailed(f"the registry key {key} could not be read or written: {error.strerror}",
                         "Start again; if it stays so, the registry is damaged.") from None
