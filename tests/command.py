"""certferry as a user runs it: a process with arguments, passwords by file, output and exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.nss_tools import secret_file

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """What came of one run."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        found = json.loads(self.out)
        assert found["schema"] == 1
        return found


def argv(*arguments: str | Path) -> list[str]:
    """The command line of a run."""
    return [sys.executable, "-m", "migrate", *map(str, arguments)]


def certferry(
    *arguments: str | Path, source: str | None = None, target: str | None = None, file: str | None = None,
    timeout: float = 120,
) -> Ran:
    """Run with the passwords of source, target and file, each from a file of its own; no terminal, no input."""
    with ExitStack() as stack:
        line = argv(*arguments)
        for option, secret in (("--from-password", source), ("--to-password", target), ("--file-password", file)):
            if secret is not None:
                line += [option, f"file:{stack.enter_context(secret_file(secret))}"]
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False,
                              start_new_session=True, env=os.environ | {"PYTHONUTF8": "1"}, cwd=tempfile.gettempdir())
    out, err = (written.decode().replace(os.linesep, "\n") for written in (done.stdout, done.stderr))
    ran = Ran(done.returncode, out, err)
    assert "Traceback" not in ran.err + ran.out, ran.err
    return ran
