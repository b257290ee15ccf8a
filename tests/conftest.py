"""What every test has: a home of its own, loopback only, test keys, and a summary that names what was skipped."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import keys, nss_tools, pki, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.pki import Authority, Leaf

HOME_VARIABLES = {
    "HOME": "",
    "USERPROFILE": "",
    "APPDATA": "AppData/Roaming",
    "LOCALAPPDATA": "AppData/Local",
    "WIN_PD_OVERRIDE_LOCAL_APPDATA": "AppData/Local",  # platformdirs asks the system, not the environment
    "XDG_CONFIG_HOME": ".config",
    "XDG_CACHE_HOME": ".cache",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}
DROPPED_VARIABLES = (
    "DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "MOZ_LEGACY_HOME",
    "PYTHONDONTWRITEBYTECODE",  # an installed program has its bytecode, and does not compile itself at each start
)
LOOPBACK = ("127.", "::1", "localhost")

pytest_sessionfinish = summary.pytest_sessionfinish


def isolate(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Point everything that names a home at `home`."""
    for variable, below in HOME_VARIABLES.items():
        patch.setenv(variable, str(home / below))
    for variable in DROPPED_VARIABLES:
        patch.delenv(variable, raising=False)


def pytest_configure(config: pytest.Config) -> None:
    """Leave the real home before the first import of what is tested."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOOPBACK):  # type: ignore[index]
            raise AssertionError(f"a test wanted to talk to {address}")
        real(self, address)  # type: ignore[arg-type]

    patch.setattr(socket.socket, "connect", connect)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what only Linux has, each with its reason."""
    for item in items:
        mark = item.get_closest_marker("linux")
        if mark is not None and sys.platform != "linux":
            item.add_marker(pytest.mark.skip(reason=f"Linux only: {mark.args[0]}"))


@pytest.fixture(scope="session", autouse=True)
def _session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home for what session fixtures start, and a place for slow keys that all workers share."""
    base = tmp_path_factory.getbasetemp()
    keys.share(base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base)
    with pytest.MonkeyPatch.context() as patch:
        isolate(patch, tmp_path_factory.mktemp("session-home"))
        yield


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The empty home directory of this test."""
    path = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        isolate(patch, path)
        yield path


@pytest.fixture(scope="session")
def root() -> Authority:
    """A root authority."""
    return pki.root()


@pytest.fixture(scope="session")
def intermediate(root: Authority) -> Authority:
    """An authority below the root."""
    return root.intermediate()


@pytest.fixture(scope="session")
def alice(intermediate: Authority) -> Leaf:
    """A person with one RSA certificate."""
    return intermediate.leaf("Alice RSA", email="alice@example.test", key="rsa-2048")


@pytest.fixture(scope="session")
def bob(intermediate: Authority) -> Leaf:
    """A person with one EC certificate."""
    return intermediate.leaf("Bob EC", email="bob@example.test")


@pytest.fixture
def nss_database(tmp_path: Path) -> Callable[..., nss_tools.Database]:
    """Makes databases with the NSS tools: ``nss_database(password, modern=…, kind=…)``."""
    made: list[Path] = []

    def make(password: str | None = None, **options: object) -> nss_tools.Database:
        made.append(tmp_path / f"nss-{len(made)}")
        return nss_tools.create(made[-1], password, **options)  # type: ignore[arg-type]

    return make
