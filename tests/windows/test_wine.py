"""The Windows machine that other tests rely on: what it runs is Windows, and it is theirs alone."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.windows.wine import PYTHON

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.windows.wine import Machine

pytestmark = pytest.mark.slow


def test_python_is_a_windows_python(shared_machine: Machine) -> None:
    """It calls itself one, loads the system's own libraries, and imports the code of this checkout."""
    ran = shared_machine.python("-c", "import sys, os, ctypes, profiles.errors, cryptography.x509\n"
                                      "print(sys.platform, os.name, ctypes.WinDLL('crypt32') is not None)\n"
                                      "print(profiles.errors.__file__)")
    assert ran.status == 0, ran.err
    said = ran.out.splitlines()
    assert said[0] == "win32 nt True"
    assert shared_machine.place(said[1]) == Path(__file__).parents[2] / "profiles/errors.py"


def test_status_and_streams_come_through(shared_machine: Machine) -> None:
    """What goes in comes out on the stream that it was written to, with the status."""
    ran = shared_machine.python("-c", "import sys; text = sys.stdin.read(); print(text)\n"
                                      "print(text * 2, file=sys.stderr); sys.exit(5)", stdin="é中".encode())
    assert (ran.status, ran.out, ran.err) == (5, "é中\n", "é中é中\n")


def test_paths_there_and_back(shared_machine: Machine, tmp_path: Path) -> None:
    """Files are found under either name, on drive C, on the whole disk, and on a drive that is added."""
    shared_machine.drive("d", tmp_path)
    for path in (shared_machine.home / "a b.txt", tmp_path / "中.txt"):
        path.write_text("there")
        name = shared_machine.path(path)
        assert shared_machine.place(name).samefile(path)
        assert shared_machine.python("-c", "import sys; print(open(sys.argv[1]).read())", path).out == "there\n"
    assert shared_machine.python("-c", "print(open('D:/中.txt').read())").out == "there\n"


def test_witness_sees_what_another_library_put(machine: Machine) -> None:
    """A certificate that Wine's own registry holds is listed by the C program; a store has none at first."""
    assert machine.witness("list", "MY").out == ""
    roots = machine.witness("list", "ROOT", "lm")
    assert roots.status == 0 and len(roots.out.splitlines()) > 5
    absent = machine.witness("sign", "00" * 20)
    assert (absent.status, absent.out.split()[:2]) == (2, ["FAIL", "no-certificate"])


def test_a_killed_process_is_gone(machine: Machine) -> None:
    """Killing what ``start`` returned ends the Windows program in the middle of its work."""
    seen = machine.home / "beats"
    process = machine.start(PYTHON, "-c", "import sys, time\nwhile True:\n"
                            "    open(sys.argv[1], 'a').write('.'); time.sleep(0.05)", seen)
    _until(lambda: seen.exists() and seen.stat().st_size > 2)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    size = seen.stat().st_size
    time.sleep(0.3)
    assert seen.stat().st_size == size


def test_machines_know_nothing_of_each_other(machine: Machine, shared_machine: Machine) -> None:
    """What one writes to its registry or disk the other does not see, and stopping one leaves the other running."""
    mark = "import winreg; winreg.SetValue(winreg.HKEY_CURRENT_USER, 'Mark', winreg.REG_SZ, 'x')"
    look = "import winreg; print(winreg.QueryValue(winreg.HKEY_CURRENT_USER, 'Mark'))"
    assert machine.python("-c", mark).status == 0
    assert machine.python("-c", look).out == "x\n"
    assert shared_machine.python("-c", look).status == 1
    waiting = shared_machine.start(PYTHON, "-c", "input()", stdin=subprocess.PIPE)
    machine.stop()
    assert "Mark" in (machine.prefix / "user.reg").read_text("utf-8", "replace")
    waiting.communicate(b"\n", timeout=60)
    assert waiting.returncode == 0
    assert machine.python("-c", look).out == "x\n"


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
