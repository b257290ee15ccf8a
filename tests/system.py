"""The programs tests need: a missing one is a failure that names its package, never a silent skip."""

from __future__ import annotations

import shutil
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.host import around_wine, run

if TYPE_CHECKING:
    import subprocess
    from pathlib import PurePath

PACKAGES = Path(__file__).parent / "setup" / "packages.txt"


@cache
def packages() -> dict[str, str]:
    """What `setup/packages.txt` lists: a program's name or a file's path, to the package that brings it."""
    lines = (line.partition("#")[0].split() for line in PACKAGES.read_text().splitlines())
    return {proof: package for package, proof in (line for line in lines if line)}


def require(program: str) -> str:
    """The path of a program or file; fails the test, naming the package, where it should be and is not."""
    around = around_wine()
    found = Path(around, "usr/bin", program) if around else Path(shutil.which(program) or program)
    if found.exists():
        return str(found)
    if sys.platform != "linux" and not around:
        pytest.skip(f"{program} is tested on Linux only, this is {sys.platform}")
    package = packages().get(program, program)
    pytest.fail(f"{program} is not installed: run tests/setup/install.sh (package {package})", pytrace=False)


def done(program: str, *arguments: str | PurePath, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a program that must be installed and must succeed; the test fails with what it says."""
    ended = run([require(program), *arguments], stdin=stdin)
    assert ended.returncode == 0, ended.stderr.decode(errors="replace")
    return ended
