"""The programs of the system: run as ever on Linux, and from a Windows Python in Wine on the Linux around it.

So certutil, pk12util and openssl judge what certferry wrote on either. Wine starts a Linux program when it is asked to
start one (dlls/ntdll/unix/process.c) but gives no handle to wait for it, so a shell leaves its status in a file.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path, PurePath, PureWindowsPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DRIVE = re.compile(r"(?<![A-Za-z])[A-Za-z]:[\\/].*")
_TICK = 0.005


def around_wine() -> Path | None:
    """The root of the Linux that this Windows Python runs on by the grace of Wine; None anywhere else."""
    return Path("Z:/") if sys.platform == "win32" and "WINEPREFIX" in os.environ else None


def run(
    argv: Sequence[str | PurePath], *, stdin: bytes = b"", env: Mapping[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[bytes]:
    """Run a program with that input, and nothing but that input, to its end."""
    if around_wine():
        return _run_around_wine([_translated(str(word)) for word in argv], stdin, env or {}, timeout)
    return subprocess.run(list(map(str, argv)), input=stdin, env=env, capture_output=True, timeout=timeout, check=False)


def mode(path: Path) -> int:
    """The permissions of a file as POSIX has them; Wine shows an access list of Windows as those."""
    if around_wine():
        return amounts_to(int(run(["Z:/usr/bin/stat", "-c", "%a", path]).stdout, 8), directory=path.is_dir())
    return stat.S_IMODE(path.stat().st_mode)


def amounts_to(shown: int, *, directory: bool) -> int:
    """What Wine's mode for an access list stands for: it shows the owner's rights as the group's too, and execution."""
    return shown & (0o707 if directory else 0o606)


def set_mode(path: Path, permissions: int) -> None:
    """Give a file those permissions, or the access list that they are in Wine."""
    if around_wine():
        run(["Z:/usr/bin/chmod", f"{permissions:o}", path])
    else:
        path.chmod(permissions)


def linux_path(path: str) -> str:
    """A path of Windows as Linux names it; this is what Wine's ``dosdevices`` say of its drives."""
    found = PureWindowsPath(path)
    drive = "" if found.drive.lower() == "z:" else f"{os.environ['WINEPREFIX']}/dosdevices/{found.drive.lower()}"
    return "/".join([drive, *found.parts[1:]])


def _translated(word: str) -> str:
    """A word of a command line with the path that may be its end: ``sql:C:\\profile``."""
    return _DRIVE.sub(lambda match: linux_path(match[0]), word)


def _run_around_wine(
    argv: Sequence[str], stdin: bytes, env: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[bytes]:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "in").write_bytes(stdin)
        exports = " ".join(shlex.quote(f"{key}={env[key]}") for key in ("LC_ALL", "LD_LIBRARY_PATH") if key in env)
        script = (f"cd {shlex.quote(linux_path(name))}\n"
                  f"env -i PATH=/usr/bin:/bin {exports} {shlex.join(argv)} <in >out 2>err\n"
                  "echo $? >status.part; mv status.part status\n")
        (directory / "script").write_text(script, encoding="utf-8", newline="\n")
        _start_shell(linux_path(str(directory / "script")))
        end = time.monotonic() + timeout
        while not (directory / "status").exists():
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(list(argv), timeout)
            time.sleep(_TICK)
        return subprocess.CompletedProcess(list(argv), int((directory / "status").read_text()),
                                           (directory / "out").read_bytes(), (directory / "err").read_bytes())


def _start_shell(script: str) -> None:
    import _winapi

    _winapi.CreateProcess("Z:\\bin\\sh", f"sh {script}", None, None, False, 0, None, None, subprocess.STARTUPINFO())
