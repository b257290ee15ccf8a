"""One application as a session of processes, ended by process id and within a time limit."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NOT_INHERITED = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "SSLKEYLOGFILE")
_NOT_INHERITED_PREFIXES = ("XDG_", "NSS_", "MOZ_", "LD_", "CHROM", "DBUS_")
_STATE, _SESSION = 0, 3
"""Places in /proc/PID/stat, counted after the command's name."""


def environment(home: Path, runtime: Path, **more: str) -> dict[str, str]:
    """An environment in which an application finds nothing but `home`, no screen and no session bus."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _NOT_INHERITED and not name.startswith(_NOT_INHERITED_PREFIXES)
    }
    return kept | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "LC_ALL": "C.UTF-8",
        "NO_AT_BRIDGE": "1",
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent",  # so that no bus is started
        **more,
    }


class Application:
    """A running application; leaving the context ends every process of its session and no other."""

    def __init__(self, argv: Sequence[str | Path], env: Mapping[str, str], output: Path, limit: float) -> None:
        self.output = output
        self.expired = False
        self.limit = limit
        with output.open("wb") as sink:
            self._process = subprocess.Popen(
                list(map(str, argv)),
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._timer = threading.Timer(limit, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the first process still runs."""
        return self._process.poll() is None

    @property
    def said(self) -> str:
        """What it has written so far."""
        return self.output.read_text(errors="replace")

    def close(self, grace: float = 0) -> None:
        """Wait for its own end up to `grace` seconds, then end what is left of the session."""
        self._timer.cancel()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        for number in (signal.SIGTERM, signal.SIGKILL):
            end = time.monotonic() + 3
            while (pids := self._session()) and time.monotonic() < end:
                for pid in pids:
                    with suppress(ProcessLookupError):
                        os.kill(pid, number)
                self._process.poll()
                time.sleep(0.05)
        self._process.wait()

    def _expire(self) -> None:
        self.expired = True
        for pid in self._session():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _session(self) -> list[int]:
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                stat = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                if int(stat[_SESSION]) == self._process.pid and stat[_STATE] not in "ZX":
                    found.append(int(entry.name))
        return found
