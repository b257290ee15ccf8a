"""The applications on Windows that use its certificate stores, as data, and which of them are on this computer.

Firefox and Thunderbird are not among them: they have stores of their own (and can use this one besides, where their
setting ``security.osclientcerts.autoload`` is on).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from profiles.windows.registry import Hive, Key, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.windows.registry import Registry

USER, MACHINE = "windows", "windows:machine"
"""The locations of the user's store and of the computer's."""
_APP_PATHS = "Software\\Microsoft\\Windows\\CurrentVersion\\App Paths"
_MAIL_CLIENTS = "Software\\Clients\\Mail"


class Application(NamedTuple):
    """An application that is there, and the store it takes certificates from."""

    name: str
    kind: str
    """``browser``, ``mail`` or ``server``."""
    store: str
    """A location: whatever is in that store is the application's."""
    version: str = ""
    path: str = ""
    """Its program, where the registry names it."""


class _Trace(NamedTuple):
    """A value that an installed application leaves; the empty name is the key's own value."""

    path: str
    value: str = ""


class _Known(NamedTuple):
    name: str
    kind: str
    signs: tuple[_Trace, ...]
    """Any of them says that it is installed."""
    versions: tuple[_Trace, ...] = ()
    store: str = USER
    executable: str = ""


def _browser(name: str, executable: str, beacon: str) -> _Known:
    """A browser of Chromium's family, which writes its version when it starts."""
    signs, versions = _Trace(f"{_APP_PATHS}\\{executable}"), _Trace(f"{beacon}\\BLBeacon", "version")
    return _Known(name, "browser", (signs,), (versions,), executable=executable)


_KNOWN = (
    _Known("Internet Explorer", "browser", (_Trace(f"{_APP_PATHS}\\IEXPLORE.EXE"),),
           (_Trace("Software\\Microsoft\\Internet Explorer", "svcVersion"),
            _Trace("Software\\Microsoft\\Internet Explorer", "Version")), executable="IEXPLORE.EXE"),
    _browser("Edge", "msedge.exe", "Software\\Microsoft\\Edge"),
    _browser("Chrome", "chrome.exe", "Software\\Google\\Chrome"),
    _browser("Brave", "brave.exe", "Software\\BraveSoftware\\Brave-Browser"),
    _browser("Vivaldi", "vivaldi.exe", "Software\\Vivaldi"),
    _Known("Outlook", "mail", (_Trace(f"{_APP_PATHS}\\OUTLOOK.EXE"), _Trace(f"{_MAIL_CLIENTS}\\Microsoft Outlook")),
           (_Trace("Software\\Microsoft\\Office\\ClickToRun\\Configuration", "VersionToReport"),),
           executable="OUTLOOK.EXE"),
    _Known("Windows Live Mail", "mail", (_Trace(f"{_MAIL_CLIENTS}\\Windows Live Mail"),)),
    _Known("Windows Mail", "mail", (_Trace(f"{_MAIL_CLIENTS}\\Windows Mail"),)),
    _Known("Outlook Express", "mail", (_Trace(f"{_MAIL_CLIENTS}\\Outlook Express"),),
           (_Trace("Software\\Microsoft\\Outlook Express\\Version Info", "Current"),)),
    _Known("IIS", "server", (_Trace("Software\\Microsoft\\InetStp", "MajorVersion"),),
           (_Trace("Software\\Microsoft\\InetStp", "VersionString"),), store=MACHINE),
)


def applications(registry: Registry) -> tuple[Application, ...]:
    """The applications that are installed for this user or for all, whatever their bitness."""
    found = []
    for known in _KNOWN:
        if any(True for trace in known.signs for _ in _present(registry, trace)):
            paths = (_Trace(f"{_APP_PATHS}\\{known.executable}"),) if known.executable else ()
            path, version = (next(_texts(registry, traces), "") for traces in (paths, known.versions))
            found.append(Application(known.name, known.kind, known.store, version, path.strip('"')))
    return tuple(found)


def _present(registry: Registry, trace: _Trace) -> Iterator[Key]:
    for key in _keys(trace.path):
        if registry.exists(key) and (not trace.value or registry.value(key, trace.value) is not None):
            yield key


def _texts(registry: Registry, traces: tuple[_Trace, ...]) -> Iterator[str]:
    for trace in traces:
        for key in _keys(trace.path):
            value = registry.value(key, trace.value)
            if value is not None and value.text.strip():
                yield value.text.strip()


def _keys(path: str) -> tuple[Key, ...]:
    """Where an installer may have written: for this user, for all in 64 bits, for all in 32."""
    return Key(Hive.USER, path), Key(Hive.MACHINE, path, View.BITS_64), Key(Hive.MACHINE, path, View.BITS_32)
