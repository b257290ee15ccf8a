"""The end of a log of tests is enough to see what failed and what did not run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SAMPLE = """
import pytest

@pytest.mark.parametrize("size", [1, 2, 3])
def test_odd(size):
    if size % 2:
        pytest.skip("odd ones")

class TestMore:
    def test_not_here(self):
        pytest.skip("odd ones")

    def test_wrong(self):
        raise AssertionError("the first line\\nthe second")

@pytest.fixture
def broken():
    raise OSError("no such thing")

def test_without(broken):
    pass
"""


def test_the_end_of_a_run(tmp_path: Path) -> None:
    """Skipped tests by file and reason, each failure in one line, the numbers last; the tally has both."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_sample.py").write_text(SAMPLE)
    tally = tmp_path / "tally"
    outside = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.summary", "-p", "no:cacheprovider", "--rootdir", tmp_path,
         "-c", tmp_path / "pytest.ini", tmp_path], stdin=subprocess.DEVNULL, capture_output=True, check=False,
        text=True, timeout=120, cwd=Path(__file__).parents[1], env=outside | {"CERTFERRY_TEST_TALLY": str(tally)})
    ends = done.stdout.splitlines()[-4:]
    assert ends == [
        "test_sample.py: odd ones: test_odd[1, 3], TestMore::test_not_here (3)",
        "FAILED test_sample.py::TestMore::test_wrong: AssertionError: the first line",
        "FAILED test_sample.py::test_without: OSError: no such thing",
        "1 passed, 2 failed, 3 skipped",
    ], done.stdout + done.stderr
    assert tally.read_bytes().decode().split("\n") == [*ends[1:3], "1 2 3", ""]
