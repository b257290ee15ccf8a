"""A Windows machine for a test: a Wine prefix of its own, with a real Windows Python and a C program as witness.

``tests/setup/winpython.sh`` makes what is run here. Only the wineserver of the test's own prefix is ever ended.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

import pytest

from tests.command import Ran
from tests.nss_tools import secret_file
from tests.source import REPOSITORY
from tests.system import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Word = str | Path

PLACE = Path(os.environ.get("CERTFERRY_WINPYTHON", "") or REPOSITORY / ".winpython")
"""What the set-up script made."""
PYTHON, WITNESS = PLACE / "python/python.exe", PLACE / "witness.exe"
WINE, SERVER = "/usr/lib/wine/wine64", "/usr/lib/wine/wineserver64"
_LINGER = 120
"""Seconds for which a wineserver waits for the next program: each start of one takes 2 s."""
_STREAMS = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
"""Pipes: Wine gives Python an invalid handle for a stream that is a regular file."""


class Machine:
    """A fresh Windows 10 with empty stores; programs that run on it share its disk, registry and home.

    Arguments that are a `Path` are paths of this system and are passed as Windows sees them.
    """

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        _clone(PLACE / "prefix", prefix)
        self.disk = prefix / "drive_c"
        """Drive C."""
        self.home = next(path for path in (self.disk / "users").iterdir() if path.name != "Public")
        self.roaming = self.home / "AppData" / "Roaming"
        self.local = self.home / "AppData" / "Local"
        self._start()

    def _start(self) -> None:
        """Start the services now, when they inherit nothing: they would keep a test's pipes open."""
        for argv in ([SERVER, f"-p{_LINGER}"], [WINE, "cmd", "/c", "exit"]):
            subprocess.run(argv, env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=120, check=True, start_new_session=True)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """What programs on this machine find in their environment, besides what Windows itself sets."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return kept | {
            "WINEPREFIX": str(self.prefix), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree=;mshtml=",
            "PYTHONPATH": self.path(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1",
        } | dict(extra or {})

    def path(self, path: Path) -> str:
        """A path of this system as Windows names it: on drive C where it lies there, else on Z."""
        path = path.absolute()
        if path.is_relative_to(self.disk):
            return str(PureWindowsPath("C:/", path.relative_to(self.disk)))
        return str(PureWindowsPath("Z:/", path.relative_to("/")))

    def place(self, windows: str) -> Path:
        """Where a path with a drive letter lies on this system."""
        found = PureWindowsPath(windows)
        return (self.prefix / "dosdevices" / found.drive.lower()).resolve().joinpath(*found.parts[1:])

    def drive(self, letter: str, directory: Path) -> None:
        """Make a directory a drive of its own."""
        (self.prefix / "dosdevices" / f"{letter.lower()}:").symlink_to(directory)

    def start(self, program: Word, *arguments: Word, env: Mapping[str, str] | None = None,
              stdin: int = subprocess.DEVNULL, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a program; killing the process that is returned kills the program as Windows' task manager would."""
        words = [self.path(word) if isinstance(word, Path) else word for word in (program, *arguments)]
        return subprocess.Popen([WINE, *words], env=self.environment(env), stdin=stdin, start_new_session=True,
                                cwd=cwd or self.disk, **_STREAMS)  # type: ignore[call-overload,no-any-return]

    def run(self, program: Word, *arguments: Word, stdin: bytes | None = None, env: Mapping[str, str] | None = None,
            timeout: float = 120) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end, however it ends."""
        process = self.start(program, *arguments, env=env,
                             stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE)
        try:
            out, err = process.communicate(stdin, timeout)
        except BaseException:
            process.kill()
            process.communicate()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def python(self, *arguments: Word, stdin: bytes | None = None, env: Mapping[str, str] | None = None,
               timeout: float = 120) -> Ran:
        """Run the Windows Python, which imports the packages under test and ``tests`` from this checkout."""
        return _ran(self.run(PYTHON, *arguments, stdin=stdin, env=env, timeout=timeout))

    def certferry(
        self, *arguments: Word, source: str | None = None, target: str | None = None, file: str | None = None,
        stdin: bytes | None = None, env: Mapping[str, str] | None = None, timeout: float = 120,
    ) -> Ran:
        """Run certferry with the passwords of source, target and file, each from a file of its own; no terminal."""
        with ExitStack() as stack:
            line: list[Word] = ["-m", "migrate", *arguments]
            for option, secret in (("--from-password", source), ("--to-password", target), ("--file-password", file)):
                if secret is not None:
                    line += [option, f"file:{self.path(stack.enter_context(secret_file(secret)))}"]
            ran = self.python(*line, stdin=stdin, env=env, timeout=timeout)
        assert "Traceback" not in ran.err + ran.out, ran.err
        return ran

    def witness(self, *arguments: str, stdin: bytes | None = None) -> Ran:
        """What the C program says, see ``witness.c``: status 2 where a call failed."""
        return _ran(self.run(WITNESS, *arguments, stdin=stdin))

    def stop(self) -> None:
        """End every program of this machine; the registry is on the disk afterwards, and the next program starts it."""
        for option in ("-k", "-w"):
            subprocess.run([SERVER, option], env=self.environment(), stdin=subprocess.DEVNULL, timeout=60, check=False,
                           capture_output=True)


def _ran(done: subprocess.CompletedProcess[bytes]) -> Ran:
    out, err = (stream.decode(errors="replace").replace("\r\n", "\n") for stream in (done.stdout, done.stderr))
    return Ran(done.returncode, out, err)


def _clone(pristine: Path, prefix: Path) -> None:
    """Copy a prefix that no program runs in; what is in ``windows`` stays shared."""
    prefix.mkdir(parents=True)
    for name in ("system.reg", "user.reg", "userdef.reg", ".update-timestamp"):
        shutil.copy2(pristine / name, prefix / name)
    disk = prefix / "drive_c"
    disk.mkdir()
    for directory in (pristine / "drive_c").iterdir():
        if directory.name == "windows":
            (disk / "windows").symlink_to(directory)
        else:
            shutil.copytree(directory, disk / directory.name, symlinks=True)
    devices = prefix / "dosdevices"
    devices.mkdir()
    (devices / "c:").symlink_to("../drive_c")
    (devices / "z:").symlink_to("/")


def require_machines() -> None:
    """Fail, and say what to run, where the set-up script has not been run."""
    if sys.platform == "win32":
        pytest.skip("starts a Windows machine, and this is one")
    require(WINE)
    if not (PLACE / ".prefix").exists():
        pytest.fail("there is no Windows Python: run tests/setup/winpython.sh", pytrace=False)


@pytest.fixture
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine for one test."""
    require_machines()
    made = Machine(tmp_path_factory.mktemp("machine") / "prefix")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shared_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine for all tests of a module, where none minds what another left."""
    require_machines()
    made = Machine(tmp_path_factory.mktemp("machine") / "prefix")
    yield made
    made.stop()
