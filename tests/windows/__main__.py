"""Runs the Windows Python on a machine of its own: ``python -m tests.windows -m pytest …``, from this directory."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO

from tests.cases.manifest import FOLDER
from tests.windows.wine import PLACE, PYTHON, Machine


def main() -> int:
    """The status of what was run; its output goes through pipes, which Wine needs."""
    if not PYTHON.exists():
        sys.exit(f"there is no Windows Python in {PLACE}: run tests/setup/winpython.sh")
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="certferry-windows-") as directory:
        machine = Machine(Path(directory) / "prefix")
        try:
            env = {"CERTFERRY_CASES": machine.path(FOLDER)}
            with machine.start(PYTHON, "-u", *sys.argv[1:], env=env, cwd=Path.cwd()) as process:
                return _passed_on(process)
        finally:
            machine.stop()


def _passed_on(process: subprocess.Popen[bytes]) -> int:
    threads = [threading.Thread(target=_copy, args=pair) for pair in (
        (process.stdout, sys.stdout.buffer), (process.stderr, sys.stderr.buffer))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return process.wait()


def _copy(source: IO[bytes], target: BinaryIO) -> None:
    while data := source.read1(1 << 16):  # type: ignore[attr-defined]
        with suppress(OSError):
            target.write(data.replace(b"\r\n", b"\n"))
            target.flush()


if __name__ == "__main__":
    sys.exit(main())
